package wire

import (
	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

func operationFromProto(m *pb.Operation) record.Operation {
	op := record.Operation{ID: m.GetId(), Kind: record.OperationKind(m.GetKind()), Changed: m.GetChanged(),
		IfVersion: m.GetIfVersion(), After: m.GetAfter(), Member: memberFromProto(m.GetMember())}
	if m.User != nil {
		op.User = userFromProto(m.User)
	}
	if m.Group != nil {
		op.Group = groupFromProto(m.Group)
	}
	return op
}

func memberFromProto(m *pb.Member) record.Member {
	return record.Member{GroupID: m.GetGroupId(), UserID: m.GetUserId(), ChildGroupID: m.GetChildGroupId(),
		GroupOperation: m.GetGroupOperation(), UserOperation: m.GetUserOperation()}
}

func resultToProto(r record.Result) *pb.OperationResult {
	return &pb.OperationResult{
		OperationId: r.OperationID, Outcome: pb.OperationResult_Outcome(r.Outcome), RemoteId: clean(r.RemoteID),
		Version: clean(r.Version), Failure: failureToProto(r.Failure), Diagnostics: problemsToProto(r.Problems),
		RemoteStatus: shown(r.RemoteStatus),
	}
}
