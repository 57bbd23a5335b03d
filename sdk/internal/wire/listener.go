package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

// errHostGone answers calls that were open when the host went away.
var errHostGone = record.Fail(record.ReasonUnavailable, "the gateway closed the connection before it answered")

type listenerServer struct {
	pb.UnimplementedListenerServiceServer
	listener Listener
}

// Listen serves until the host drains it or goes away. Draining ends the context the
// listener got; directory calls still pass until it returns or the grace is over.
func (s *listenerServer) Listen(stream pb.ListenerService_ListenServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	start := first.GetStart()
	if start == nil {
		return status.Error(codes.FailedPrecondition, "the first message must be start")
	}
	l, err := net.Listen("unix", start.GetSocket())
	if err != nil {
		return status.Errorf(codes.FailedPrecondition, "listen on the socket of the host: %v", err)
	}
	defer l.Close()
	link := &hostLink{stream: stream, waiting: map[string]chan *pb.DirectoryReply{}, gone: make(chan struct{})}
	if err := link.send(&pb.ListenResponse{Message: &pb.ListenResponse_Ready{Ready: &pb.ListenReady{}}}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	drained := make(chan time.Duration, 1)
	go link.receive(drained)
	ended := make(chan error, 1)
	go func() {
		ended <- guarded(func() error { return s.listener.Listen(ctx, link, l, start.GetPublicUrl()) })
	}()
	select {
	case err = <-ended:
	case grace := <-drained:
		cancel()
		err = within(grace, ended)
	case <-link.gone:
		return status.Error(codes.Canceled, "the host closed the stream")
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return status.Errorf(codes.Internal, "the listener ended: %s", shown(err.Error()))
	}
	return nil
}

func within(grace time.Duration, ended <-chan error) error {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return fmt.Errorf("requests were still open after the grace of %s", grace)
	}
}

func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Panicked(p)
		}
	}()
	return f()
}

// hostLink is the host's directory, over the stream.
type hostLink struct {
	stream  pb.ListenerService_ListenServer
	sending sync.Mutex
	mu      sync.Mutex
	last    uint64
	waiting map[string]chan *pb.DirectoryReply
	gone    chan struct{}
}

func (h *hostLink) send(m *pb.ListenResponse) error {
	h.sending.Lock()
	defer h.sending.Unlock()
	return h.stream.Send(m)
}

func (h *hostLink) receive(drained chan<- time.Duration) {
	defer close(h.gone)
	for {
		m, err := h.stream.Recv()
		if err != nil {
			return
		}
		if drain := m.GetDrain(); drain != nil {
			select {
			case drained <- drain.GetGrace().AsDuration():
			default:
			}
		}
		if reply := m.GetReply(); reply != nil {
			h.mu.Lock()
			answer := h.waiting[reply.GetCallId()]
			delete(h.waiting, reply.GetCallId())
			h.mu.Unlock()
			if answer != nil {
				answer <- reply
			}
		}
	}
}

// Call sends one call and waits for its reply.
func (h *hostLink) Call(ctx context.Context, c record.DirectoryCall) (record.DirectoryReply, error) {
	m, answer := callToProto(c), make(chan *pb.DirectoryReply, 1)
	h.mu.Lock()
	h.last++
	m.CallId = strconv.FormatUint(h.last, 36)
	h.waiting[m.CallId] = answer
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		delete(h.waiting, m.CallId)
		h.mu.Unlock()
	}()
	if err := h.send(&pb.ListenResponse{Message: &pb.ListenResponse_Call{Call: m}}); err != nil {
		return record.DirectoryReply{}, errHostGone
	}
	select {
	case reply := <-answer:
		if reply.Failure != nil {
			return record.DirectoryReply{}, failureFromProto(reply.Failure)
		}
		return replyFromProto(reply), nil
	case <-ctx.Done():
		return record.DirectoryReply{}, ctx.Err()
	case <-h.gone:
		return record.DirectoryReply{}, errHostGone
	}
}

// Hint tells the host that these changed.
func (h *hostLink) Hint(_ context.Context, userIDs, groupIDs []string) error {
	hint := &pb.ListenHint{UserIds: cleanAll(userIDs), GroupIds: cleanAll(groupIDs)}
	return h.send(&pb.ListenResponse{Message: &pb.ListenResponse_Hint{Hint: hint}})
}
