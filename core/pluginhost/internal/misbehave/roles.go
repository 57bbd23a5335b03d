package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "syncgateway/proto/gateway/plugin/v1"
)

type userStream = pb.SourceService_ReadUsersServer

func page(s userStream, from, to int) error {
	p := &pb.UserPage{}
	for i := from; i < to; i++ {
		p.Users = append(p.Users, &pb.User{Id: fmt.Sprint("u", i), Username: "n", Active: i%2 == 0, Attributes: []*pb.AttributeValues{
			{Name: "z", Values: []string{"1"}}, {Name: "a", Values: []string{"2"}}, {Name: "z", Values: []string{"3"}}}})
	}
	return s.Send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Page{Page: p}})
}

// wide sends pages of users with fifteen attributes, some 600 bytes each, made once: a
// reader of it measures the transport.
func wide(s userStream, users int) error {
	p := &pb.UserPage{}
	for i := range users {
		u := &pb.User{Id: fmt.Sprintf("00u%017d", i), Username: fmt.Sprintf("person%06d@example.org", i), Email: fmt.Sprintf("person%06d@example.org", i),
			DisplayName: fmt.Sprintf("Person Number %06d", i), GivenName: "Person", FamilyName: fmt.Sprintf("Number %06d", i), Active: true}
		for a := range 15 {
			u.Attributes = append(u.Attributes, &pb.AttributeValues{Name: fmt.Sprintf("attribute%02d", a), Values: []string{fmt.Sprintf("value %06d", i)}})
		}
		p.Users = append(p.Users, u)
	}
	for range widePages {
		if err := s.Send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Page{Page: p}}); err != nil {
			return err
		}
	}
	return complete(s, widePages*users)
}

const widePages = 200

func complete(s userStream, n int) error {
	return s.Send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Complete{Complete: &pb.Complete{Count: uint64(n), Delta: []byte("next")}}})
}

func (o *odd) ReadUsers(m *pb.ReadUsersRequest, s userStream) error {
	if o.Mode == "wide" {
		return wide(s, o.Users)
	}
	if err := page(s, 0, o.Users); err != nil {
		return err
	}
	send := func(m *pb.ReadUsersResponse) error { return s.Send(m) }
	switch o.Mode {
	case "crash":
		o.awaitCue()
		crash("in the middle of a read with " + o.Secret)
	case "many":
		for range 199 {
			if err := page(s, 0, o.Users); err != nil {
				return err
			}
		}
		return complete(s, 200*o.Users)
	case "miscount":
		return complete(s, o.Users+1)
	case "after":
		return errors.Join(complete(s, o.Users), page(s, 0, 1))
	case "no-end":
		return nil
	case "no-id":
		return send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Page{Page: &pb.UserPage{Users: []*pb.User{{Username: "x"}}}}})
	case "removed":
		return send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Page{Page: &pb.UserPage{RemovedIds: []string{"u0"}}}})
	case "large":
		return send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Page{Page: &pb.UserPage{Users: []*pb.User{{Id: "x", Username: strings.Repeat("x", 40<<20)}}}}})
	case "status":
		return errors.New("with " + o.Secret)
	case "failure":
		return send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Failure{Failure: &pb.Failure{Reason: pb.Failure_REASON_RATE_LIMITED,
			Message: "slow down " + o.Secret, RetryAfter: durationpb.New(time.Minute)}}})
	case "hang":
		<-s.Context().Done()
		return nil
	case "events":
		return errors.Join(send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Checkpoint{Checkpoint: &pb.Checkpoint{Resume: []byte("r")}}}),
			send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Notice{Notice: &pb.Notice{RecordId: "u1", Diagnostic: &pb.Diagnostic{Summary: "no mail " + o.Secret}}}}),
			send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Waiting{Waiting: &pb.Waiting{Reason: "limit"}}}),
			send(&pb.ReadUsersResponse{}), complete(s, o.Users))
	}
	if len(m.GetCursor().GetDelta()) > 0 {
		return send(&pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Reset_{Reset_: &pb.Reset{Reason: "too old"}}})
	}
	return complete(s, o.Users)
}

func (o *odd) ReadGroups(_ *pb.ReadGroupsRequest, s pb.SourceService_ReadGroupsServer) error {
	p := &pb.GroupPage{Groups: []*pb.Group{{Id: "g", Name: "G"}}, Members: []*pb.Members{{GroupId: "g", UserIds: []string{"u0"}, ChildGroupIds: []string{"h"}}}}
	if o.Mode == "no-group" {
		p.Members[0].GroupId = ""
	}
	return errors.Join(s.Send(&pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Page{Page: p}}),
		s.Send(&pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Complete{Complete: &pb.Complete{Count: 1}}}))
}

func (o *odd) ReadState(_ *pb.ReadStateRequest, s pb.TargetService_ReadStateServer) error {
	p := &pb.StatePage{Users: []*pb.User{{Id: "1"}}, Groups: []*pb.Group{{Id: "g"}}, Members: []*pb.Members{{GroupId: "g", UserIds: []string{"1"}}},
		ProtectedUsers: []*pb.ProtectedUser{{UserId: "1", Reason: "own"}}, Quotas: []*pb.Quota{{Name: "seats", Total: 5}}}
	return errors.Join(s.Send(&pb.ReadStateResponse{Event: &pb.ReadStateResponse_Page{Page: p}}),
		s.Send(&pb.ReadStateResponse{Event: &pb.ReadStateResponse_Complete{Complete: &pb.Complete{Count: 2}}}))
}

func (o *odd) Apply(m *pb.ApplyRequest, s pb.TargetService_ApplyServer) error {
	result := func(id string, outcome pb.OperationResult_Outcome) error {
		return s.Send(&pb.ApplyResponse{Event: &pb.ApplyResponse_Result{Result: &pb.OperationResult{OperationId: id, Outcome: outcome, RemoteId: "r-" + id}}})
	}
	for i, op := range m.GetOperations() {
		if i == 1 {
			switch o.Mode {
			case "crash":
				o.awaitCue()
				crash("in the middle of an apply")
			case "missing":
				continue
			case "twice":
				return errors.Join(result("0", 1), result("0", 1))
			case "unknown":
				return result("never asked", 1)
			case "outcome":
				if err := result(op.GetId(), 77); err != nil {
					return err
				}
				continue
			}
		}
		if err := result(op.GetId(), pb.OperationResult_OUTCOME_APPLIED); err != nil {
			return err
		}
	}
	return nil
}

// Listen puts one user and answers each connection on its socket with the version the
// host gave it.
func (o *odd) Listen(s pb.ListenerService_ListenServer) error {
	first, err := s.Recv()
	if err != nil {
		return err
	}
	l, err := net.Listen("unix", first.GetStart().GetSocket())
	if err != nil {
		return err
	}
	defer l.Close()
	if err := s.Send(&pb.ListenResponse{Message: &pb.ListenResponse_Ready{Ready: &pb.ListenReady{}}}); err != nil {
		return err
	}
	if o.Mode == "bad-call" {
		_ = s.Send(&pb.ListenResponse{Message: &pb.ListenResponse_Call{Call: &pb.DirectoryCall{}}})
		<-s.Context().Done()
		return nil
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			put := &pb.DirectoryCall{CallId: "1", Kind: "user", Op: &pb.DirectoryCall_Put{Put: &pb.Entry{
				Record: &pb.Entry_User{User: &pb.User{Id: "ada"}}, Document: []byte("{}")}}}
			_ = s.Send(&pb.ListenResponse{Message: &pb.ListenResponse_Call{Call: put}})
			reply, _ := s.Recv()
			fmt.Fprint(c, reply.GetReply().GetEntries()[0].GetVersion())
			_ = c.Close()
			_ = s.Send(&pb.ListenResponse{Message: &pb.ListenResponse_Hint{Hint: &pb.ListenHint{UserIds: []string{"ada"}}}})
			for {
				if m, err := s.Recv(); err != nil || m.GetDrain() != nil {
					_ = l.Close()
					o.drained <- struct{}{}
					return
				}
			}
		}
	}()
	<-o.drained
	return nil
}
