package wire

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

// ErrUnconfigured answers calls that came before a successful Configure.
var ErrUnconfigured = status.Error(codes.FailedPrecondition, "the plugin is not configured")

// Register makes the server answer for the plugin.
func Register(s *grpc.Server, p *Plugin) {
	pb.RegisterPluginServiceServer(s, &pluginServer{p: p})
	if p.Source != nil {
		pb.RegisterSourceServiceServer(s, &sourceServer{source: p.Source})
	}
	if p.Target != nil {
		pb.RegisterTargetServiceServer(s, &targetServer{target: p.Target})
	}
	if p.Listener != nil {
		pb.RegisterListenerServiceServer(s, &listenerServer{listener: p.Listener})
	}
}

type pluginServer struct {
	pb.UnimplementedPluginServiceServer
	p *Plugin
}

func (s *pluginServer) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	m, err := descriptionToProto(s.p.Describe)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "the schema has a default that JSON cannot hold: %v", err)
	}
	return m, nil
}

func (s *pluginServer) Configure(ctx context.Context, m *pb.ConfigureRequest) (*pb.ConfigureResponse, error) {
	req := record.ConfigureRequest{Instance: m.GetInstance(), JSON: m.GetConfigJson(), StateDir: m.GetStateDir()}
	for _, p := range m.GetSensitive() {
		req.Sensitive = append(req.Sensitive, pathFromProto(p))
	}
	return &pb.ConfigureResponse{Diagnostics: problemsToProto(s.p.Configure(ctx, req))}, nil
}

func (s *pluginServer) Check(_ *pb.CheckRequest, stream pb.PluginService_CheckServer) error {
	return s.p.Check(stream.Context(), func(step record.CheckStep) error {
		return stream.Send(&pb.CheckResponse{Step: clean(step.Name), Outcome: pb.CheckResponse_Outcome(step.Outcome),
			Diagnostics: problemsToProto(step.Problems), Detail: shown(step.Detail)})
	})
}

type sourceServer struct {
	pb.UnimplementedSourceServiceServer
	source Source
}

func (s *sourceServer) ReadUsers(m *pb.ReadUsersRequest, stream pb.SourceService_ReadUsersServer) error {
	req := record.ReadRequest{Delta: m.GetCursor().GetDelta(), Resume: m.GetCursor().GetResume(),
		Attributes: m.GetAttributes(), PageSize: int(m.GetPageSize())}
	return s.source.ReadUsers(stream.Context(), req, userStream{stream})
}

func (s *sourceServer) ReadGroups(m *pb.ReadGroupsRequest, stream pb.SourceService_ReadGroupsServer) error {
	req := record.ReadRequest{Delta: m.GetCursor().GetDelta(), Resume: m.GetCursor().GetResume(),
		Attributes: m.GetAttributes(), PageSize: int(m.GetPageSize())}
	return s.source.ReadGroups(stream.Context(), req, groupStream{stream})
}

func (s *sourceServer) Lookup(ctx context.Context, m *pb.LookupRequest) (*pb.LookupResponse, error) {
	found, err := s.source.Lookup(ctx, record.LookupRequest{ID: m.GetId(), Username: m.GetUsername(), Email: m.GetEmail(),
		GroupID: m.GetGroupId()})
	if errors.Is(err, ErrUnconfigured) {
		return nil, err
	}
	if err != nil {
		return &pb.LookupResponse{Result: &pb.LookupResponse_Failure{Failure: failureToProto(record.AsFailure(err))}}, nil
	}
	out := &pb.Found{Groups: groupsToProto(found.Groups)}
	if len(found.Groups) == 1 && m.GetGroupId() != "" && found.Groups[0].ChildIDs != nil {
		out.Children = &pb.ChildGroups{GroupIds: found.Groups[0].ChildIDs}
	}
	if found.User != nil {
		out.User = &pb.User{}
		userToProto(found.User, out.User)
	}
	return &pb.LookupResponse{Result: &pb.LookupResponse_Found{Found: out}}, nil
}

type targetServer struct {
	pb.UnimplementedTargetServiceServer
	target Target
}

func (s *targetServer) ReadState(m *pb.ReadStateRequest, stream pb.TargetService_ReadStateServer) error {
	return s.target.ReadState(stream.Context(), record.StateRequest{Kinds: m.GetKinds(), UserIDs: m.GetUserIds(),
		Emails: m.GetEmails(), GroupIDs: m.GetGroupIds(), GroupNames: m.GetGroupNames(), PageSize: int(m.GetPageSize())},
		stateStream{stream})
}

func (s *targetServer) Apply(m *pb.ApplyRequest, stream pb.TargetService_ApplyServer) error {
	ops := make([]record.Operation, len(m.GetOperations()))
	for i, op := range m.GetOperations() {
		ops[i] = operationFromProto(op)
	}
	return s.target.Apply(stream.Context(), m.GetRunId(), ops, resultStream{stream})
}

type resultStream struct{ s pb.TargetService_ApplyServer }

func (r resultStream) Result(x record.Result) error {
	return r.s.Send(&pb.ApplyResponse{Event: &pb.ApplyResponse_Result{Result: resultToProto(x)}})
}

func (r resultStream) Waiting(reason string, until time.Time) error {
	return r.s.Send(&pb.ApplyResponse{Event: &pb.ApplyResponse_Waiting{Waiting: waitingToProto(reason, until)}})
}
