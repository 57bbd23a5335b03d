package wire

import (
	"time"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

type userStream struct {
	s pb.SourceService_ReadUsersServer
}

func (x userStream) Users(p record.UserPage) error {
	return x.s.SendMsg(userPage(p))
}

func (x userStream) Checkpoint(resume []byte) error {
	return x.s.Send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Checkpoint{Checkpoint: &pb.Checkpoint{Resume: resume}}})
}

func (x userStream) Notice(n record.Notice) error {
	return x.s.Send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Notice{Notice: noticeToProto(n)}})
}

func (x userStream) Waiting(reason string, until time.Time) error {
	return x.s.Send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Waiting{Waiting: waitingToProto(reason, until)}})
}

func (x userStream) Reset(reason string) error {
	return x.s.Send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Reset_{Reset_: &pb.Reset{Reason: shown(reason)}}})
}

func (x userStream) Complete(c record.Complete) error {
	return x.s.Send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Complete{Complete: completeToProto(c)}})
}

func (x userStream) Failure(f *record.Failure) error {
	return x.s.Send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Failure{Failure: failureToProto(f)}})
}

type groupStream struct {
	s pb.SourceService_ReadGroupsServer
}

func (x groupStream) Groups(p record.GroupPage) error {
	return x.s.SendMsg(groupPage(p))
}

func (x groupStream) Checkpoint(resume []byte) error {
	return x.s.Send(&pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Checkpoint{Checkpoint: &pb.Checkpoint{Resume: resume}}})
}

func (x groupStream) Notice(n record.Notice) error {
	return x.s.Send(&pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Notice{Notice: noticeToProto(n)}})
}

func (x groupStream) Waiting(reason string, until time.Time) error {
	return x.s.Send(&pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Waiting{Waiting: waitingToProto(reason, until)}})
}

func (x groupStream) Reset(reason string) error {
	return x.s.Send(&pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Reset_{Reset_: &pb.Reset{Reason: shown(reason)}}})
}

func (x groupStream) Complete(c record.Complete) error {
	return x.s.Send(&pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Complete{Complete: completeToProto(c)}})
}

func (x groupStream) Failure(f *record.Failure) error {
	return x.s.Send(&pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Failure{Failure: failureToProto(f)}})
}

type stateStream struct {
	s pb.TargetService_ReadStateServer
}

func (x stateStream) State(p record.StatePage) error {
	return x.s.SendMsg(statePage(p))
}

func (x stateStream) Notice(n record.Notice) error {
	return x.s.Send(&pb.ReadStateResponse{Event: &pb.ReadStateResponse_Notice{Notice: noticeToProto(n)}})
}

func (x stateStream) Waiting(reason string, until time.Time) error {
	return x.s.Send(&pb.ReadStateResponse{Event: &pb.ReadStateResponse_Waiting{Waiting: waitingToProto(reason, until)}})
}

func (x stateStream) Complete(c record.Complete) error {
	return x.s.Send(&pb.ReadStateResponse{Event: &pb.ReadStateResponse_Complete{Complete: completeToProto(c)}})
}

func (x stateStream) Failure(f *record.Failure) error {
	return x.s.Send(&pb.ReadStateResponse{Event: &pb.ReadStateResponse_Failure{Failure: failureToProto(f)}})
}
