package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/plug"
)

// receive takes messages until the stream ends.
func receive[M any](next func() (M, error), take func(M)) error {
	for {
		m, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		take(m)
	}
}

// kind is one sort of read.
type kind string

const (
	readUsers  kind = "users"
	readGroups kind = "groups"
	readState  kind = "state"
)

// kindsOf are the reads of a role.
func kindsOf(role string) []kind {
	if role == roleTarget {
		return []kind{readState}
	}
	return []kind{readUsers, readGroups}
}

// reading is what a read sent.
type reading struct {
	kind        kind
	users       []*pb.User
	groups      []*pb.Group
	members     map[string][]string // user ids by group
	children    map[string][]string
	protected   map[string]string
	userPages   []*pb.UserPage
	groupPages  []*pb.GroupPage
	checkpoints []checkpoint
	waits       []string
	complete    *pb.Complete
	failure     *pb.Failure
	reset       *pb.Reset
	ends        int   // how many messages said that it is over
	after       int   // messages after the first of them
	largest     int   // bytes of the largest message
	most        int   // records of the fullest
	status      error // of the stream, nil when it ended well
}

// checkpoint is where a read could be resumed, and what had been sent by then.
type checkpoint struct {
	resume        []byte
	users, groups int
	members       map[string]int
}

// request is what a read asks for.
type request struct {
	cursor *pb.Cursor
	size   uint32
	state  *pb.ReadStateRequest // of a targeted read
}

// read makes one read, whatever its end.
func read(ctx context.Context, s *plug.Session, k kind, q request) *reading {
	r := &reading{kind: k, members: map[string][]string{}, children: map[string][]string{}, protected: map[string]string{}}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	switch k {
	case readUsers:
		stream, err := pb.NewSourceServiceClient(s.Conn).ReadUsers(ctx, &pb.ReadUsersRequest{Cursor: q.cursor, PageSize: q.size})
		if r.status = err; err == nil {
			r.status = receive(stream.Recv, r.user)
		}
	case readGroups:
		stream, err := pb.NewSourceServiceClient(s.Conn).ReadGroups(ctx, &pb.ReadGroupsRequest{Cursor: q.cursor, PageSize: q.size})
		if r.status = err; err == nil {
			r.status = receive(stream.Recv, r.group)
		}
	case readState:
		asked := q.state
		if asked == nil {
			asked = &pb.ReadStateRequest{}
		}
		asked.PageSize = q.size
		stream, err := pb.NewTargetServiceClient(s.Conn).ReadState(ctx, asked)
		if r.status = err; err == nil {
			r.status = receive(stream.Recv, r.state)
		}
	}
	return r
}

func (r *reading) took(m proto.Message, records int) {
	if r.ends > 0 {
		r.after++
	}
	r.largest, r.most = max(r.largest, proto.Size(m)), max(r.most, records)
}

func (r *reading) event(waiting *pb.Waiting, reset *pb.Reset, complete *pb.Complete, failure *pb.Failure) {
	if waiting != nil {
		r.waits = append(r.waits, waiting.GetReason())
	}
	if complete != nil {
		r.complete, r.ends = complete, r.ends+1
	}
	if failure != nil {
		r.failure, r.ends = failure, r.ends+1
	}
	if reset != nil {
		r.reset, r.ends = reset, r.ends+1
	}
}

func (r *reading) user(m *pb.ReadUsersResponse) {
	p := m.GetPage()
	r.took(m, len(p.GetUsers()))
	if p != nil {
		r.userPages = append(r.userPages, p)
		r.users = append(r.users, p.GetUsers()...)
	}
	r.checkpoint(m.GetCheckpoint())
	r.event(m.GetWaiting(), m.GetReset_(), m.GetComplete(), m.GetFailure())
}

func (r *reading) group(m *pb.ReadGroupsResponse) {
	p := m.GetPage()
	r.took(m, len(p.GetGroups()))
	if p != nil {
		r.groupPages = append(r.groupPages, p)
		r.groups = append(r.groups, p.GetGroups()...)
		r.join(p.GetMembers())
	}
	r.checkpoint(m.GetCheckpoint())
	r.event(m.GetWaiting(), m.GetReset_(), m.GetComplete(), m.GetFailure())
}

func (r *reading) state(m *pb.ReadStateResponse) {
	p := m.GetPage()
	r.took(m, len(p.GetUsers())+len(p.GetGroups()))
	r.users = append(r.users, p.GetUsers()...)
	r.groups = append(r.groups, p.GetGroups()...)
	r.join(p.GetMembers())
	for _, x := range p.GetProtectedUsers() {
		r.protected[x.GetUserId()] = x.GetReason()
	}
	r.event(m.GetWaiting(), nil, m.GetComplete(), m.GetFailure())
}

func (r *reading) join(list []*pb.Members) {
	for _, m := range list {
		r.members[m.GetGroupId()] = append(r.members[m.GetGroupId()], m.GetUserIds()...)
		r.children[m.GetGroupId()] = append(r.children[m.GetGroupId()], m.GetChildGroupIds()...)
	}
}

func (r *reading) checkpoint(c *pb.Checkpoint) {
	if c == nil {
		return
	}
	mark := checkpoint{resume: c.GetResume(), users: len(r.users), groups: len(r.groups), members: map[string]int{}}
	for id, list := range r.members {
		mark.members[id] = len(list)
	}
	r.checkpoints = append(r.checkpoints, mark)
}

// whole is an error unless the read is complete.
func (r *reading) whole() error {
	switch {
	case r.status != nil:
		return fmt.Errorf("the read of %s ended with a gRPC status, which means that the connector is broken: %w", r.kind, r.status)
	case r.failure != nil:
		return fmt.Errorf("the read of %s failed: %s (%s)", r.kind, r.failure.GetMessage(), r.failure.GetReason())
	case r.reset != nil:
		return fmt.Errorf("the read of %s was reset: %s", r.kind, r.reset.GetReason())
	case r.complete == nil:
		return fmt.Errorf("the read of %s ended without Complete", r.kind)
	}
	return nil
}

// broken is an error unless the read ended in a Failure, as one must that could not
// be whole.
func (r *reading) broken() error {
	switch {
	case r.complete != nil:
		return fmt.Errorf("the read of %s says that it is complete, with %d records", r.kind, r.complete.GetCount())
	case r.failure == nil && r.status != nil:
		return fmt.Errorf("the read of %s ended with a gRPC status instead of a Failure: %w", r.kind, r.status)
	case r.failure == nil:
		return fmt.Errorf("the read of %s ended without a Failure", r.kind)
	case r.failure.GetReason() == pb.Failure_REASON_UNSPECIFIED || r.failure.GetMessage() == "":
		return fmt.Errorf("the Failure of the read of %s has no reason or no message", r.kind)
	}
	return nil
}

// end says how the read ended.
func (r *reading) end() string {
	switch {
	case r.status != nil:
		return "the gRPC status " + r.status.Error()
	case r.failure != nil:
		return "the failure " + r.failure.GetMessage()
	case r.reset != nil:
		return "Reset"
	case r.complete != nil:
		return "Complete"
	}
	return "nothing"
}
