package conformance

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	pb "syncgateway/proto/gateway/plugin/v1"
)

const services = "/gateway.plugin.v1."

// hostile are requests that no gateway would make. Names of methods are below the
// contract's package.
func hostile() []struct {
	method string
	m      proto.Message
} {
	long, deep := strings.Repeat("k", 1<<20), strings.Repeat("[", 20000)
	bytes := []byte("\xff\x00kit")
	type call = struct {
		method string
		m      proto.Message
	}
	config := func(text string) call {
		return call{"PluginService/Configure", &pb.ConfigureRequest{ConfigJson: []byte(text)}}
	}
	out := []call{
		config("{"), config("null"), config("[]"), config(`"kit"`), config(deep), config(`{"kit":` + deep), config(`{"` + long + `":1}`), config("\xff\xfe"),
		{"PluginService/Configure", &pb.ConfigureRequest{ConfigJson: []byte("{}"), Sensitive: []*pb.Path{nil, {}, {Steps: []*pb.Step{nil, {}}},
			{Steps: []*pb.Step{{Step: &pb.Step_Index{Index: -1}}}}}}},
		{"PluginService/Nothing", &pb.CheckRequest{}},
		{"NoService/Nothing", &pb.CheckRequest{}},
		{"PluginService/Describe", wrapperspb.Bytes(bytes)},
		{"SourceService/Lookup", &pb.LookupRequest{}},
	}
	for _, id := range []string{"", long, "../..", "a\x00b", "?x=1&y", "%", "\u202e", "' OR 1=1 --"} {
		out = append(out, call{"SourceService/Lookup", &pb.LookupRequest{By: &pb.LookupRequest_Id{Id: id}}},
			call{"SourceService/Lookup", &pb.LookupRequest{By: &pb.LookupRequest_Username{Username: id}}},
			call{"SourceService/Lookup", &pb.LookupRequest{By: &pb.LookupRequest_Email{Email: id}}},
			call{"SourceService/Lookup", &pb.LookupRequest{By: &pb.LookupRequest_GroupId{GroupId: id}}})
	}
	return out
}

// hostileStreams are those whose answer is a stream.
func hostileStreams() []struct {
	method string
	m      proto.Message
} {
	type call = struct {
		method string
		m      proto.Message
	}
	bytes := []byte("\xff\x00kit")
	long := strings.Repeat("k", 1<<20)
	ops := func(list ...*pb.Operation) call {
		return call{"TargetService/Apply", &pb.ApplyRequest{Operations: list}}
	}
	odd := &pb.Cursor{Resume: bytes, Delta: bytes}
	out := []call{
		{"SourceService/ReadUsers", &pb.ReadUsersRequest{Cursor: odd}}, {"SourceService/ReadGroups", &pb.ReadGroupsRequest{Cursor: odd}},
		{"SourceService/ReadUsers", &pb.ReadUsersRequest{Cursor: &pb.Cursor{Resume: []byte(long)}}},
		{"SourceService/ReadUsers", &pb.ReadUsersRequest{PageSize: 1<<32 - 1, Attributes: []string{"", long, "a\x00"}}},
		{"SourceService/ReadGroups", &pb.ReadGroupsRequest{PageSize: 1<<32 - 1, Attributes: []string{"", long}}},
		{"TargetService/ReadState", &pb.ReadStateRequest{PageSize: 1<<32 - 1, Kinds: []string{"", "kit"}}},
		{"TargetService/ReadState", &pb.ReadStateRequest{UserIds: []string{"", "../..", "\x00"}, Emails: []string{""}, GroupNames: []string{""}, GroupIds: []string{"", "%"}}},
		ops(), ops(nil), ops(&pb.Operation{}), ops(&pb.Operation{Id: "a", Kind: 99}), ops(&pb.Operation{Id: "a", Kind: -1}),
		ops(&pb.Operation{Id: "a", After: []string{"a"}}), ops(&pb.Operation{Id: "a"}, &pb.Operation{Id: "a"}),
	}
	for k := range pb.OperationKind_name {
		out = append(out, ops(&pb.Operation{Id: "empty", Kind: pb.OperationKind(k)}),
			ops(&pb.Operation{Id: "blank", Kind: pb.OperationKind(k), User: &pb.User{}, Group: &pb.Group{}, Member: &pb.Member{}, Changed: []string{"", "kit"}}))
	}
	return append(out, call{"ListenerService/Listen", &pb.ListenRequest{}},
		call{"ListenerService/Listen", &pb.ListenRequest{Message: &pb.ListenRequest_Start{Start: &pb.ListenStart{Socket: "/kit/does/not/exist"}}}},
		call{"ListenerService/Listen", &pb.ListenRequest{Message: &pb.ListenRequest_Drain{}}})
}

// malformed sends them before the connector is configured and after.
func malformed(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	sent := 0
	for _, configured := range []bool{false, true} {
		if configured && b.remote == nil {
			break // every answer would have to be waited for
		}
		for _, c := range hostile() {
			if configured && strings.HasSuffix(c.method, "/Configure") {
				continue
			}
			limited, cancel := context.WithTimeout(ctx, nonsenseTime)
			_ = s.Conn.Invoke(limited, services+c.method, c.m, &pb.CheckRequest{}) // it may fail as it likes
			cancel()
			sent++
			if !s.Alive(ctx) {
				return fmt.Errorf("%s ended the process: %.200v", c.method, c.m)
			}
		}
		for _, c := range hostileStreams() {
			limited, cancel := context.WithTimeout(ctx, nonsenseTime)
			stream, err := s.Conn.NewStream(limited, &grpc.StreamDesc{ServerStreams: true}, services+c.method)
			if err == nil && stream.SendMsg(c.m) == nil && stream.CloseSend() == nil {
				for stream.RecvMsg(&pb.CheckRequest{}) == nil {
				}
			}
			cancel()
			sent++
			if !s.Alive(ctx) {
				return fmt.Errorf("%s ended the process: %.200v", c.method, c.m)
			}
		}
		if ds, err := b.configure(ctx, s, b.config()); err != nil || failed(ds) {
			return fmt.Errorf("after that a good configuration is refused: %s (%w)", diagnostics(ds), err)
		}
	}
	b.world = nil
	b.sawf("%d requests", sent)
	return b.serves(ctx, s)
}
