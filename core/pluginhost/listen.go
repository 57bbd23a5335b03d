package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// ListenOptions say how a listener plugin is to serve.
type ListenOptions struct {
	Socket    string        // the unix socket it makes; the front door forwards to it
	PublicURL string        // what clients know it by
	Grace     time.Duration // for open requests when ctx ends; 0: 10 seconds
	Ready     func()        // called when it serves; may be nil
}

// callsInFlight is how many directory calls of one listener are worked on at once.
const callsInFlight = 64

// Listen has a listener plugin serve until ctx ends, which drains it. Its calls go to
// the directory, many at a time. It returns nil when the plugin was drained, and a
// *BrokenPlugin when it stopped before that: Listen may then be called again, which
// waits for the plugin's restart.
func (p *Plugin) Listen(ctx context.Context, o ListenOptions, d Directory) error {
	s, err := p.ready(ctx)
	if err != nil {
		return err
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	// The stream outlives ctx: what is open then is finished over it.
	streamCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stream, err := pb.NewListenerServiceClient(s.conn).Listen(streamCtx)
	if err != nil {
		return p.broken(ctx, s, "listen", err)
	}
	l := &listening{stream: stream, o: o, directory: d, jobs: make(chan job)}
	defer l.workers.Wait()
	defer cancel()
	defer close(l.jobs)
	start := &pb.ListenStart{Socket: o.Socket, PublicUrl: o.PublicURL}
	if err := l.send(&pb.ListenRequest{Message: &pb.ListenRequest_Start{Start: start}}); err != nil {
		return p.broken(streamCtx, s, "listen", err)
	}
	stop := context.AfterFunc(ctx, func() {
		drain := &pb.ListenDrain{Grace: durationpb.New(o.Grace)}
		_ = l.send(&pb.ListenRequest{Message: &pb.ListenRequest_Drain{Drain: drain}}) // the receiver notices what is wrong
		time.AfterFunc(o.Grace+dying, cancel)
	})
	defer stop()
	err = l.receive(streamCtx)
	if ctx.Err() != nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("it stopped listening by itself")
	}
	return p.broken(streamCtx, s, "listen", err)
}

type listening struct {
	stream    grpc.BidiStreamingClient[pb.ListenRequest, pb.ListenResponse]
	o         ListenOptions
	directory Directory
	sending   sync.Mutex
	workers   sync.WaitGroup
	started   int // workers; the receiver's
	jobs      chan job
}

// job is a call that is to be answered.
type job struct {
	id   string
	call DirectoryCall
}

func (l *listening) send(m *pb.ListenRequest) error {
	l.sending.Lock()
	defer l.sending.Unlock()
	return l.stream.Send(m)
}

func (l *listening) receive(ctx context.Context) error {
	for {
		m, err := l.stream.Recv()
		if err != nil {
			return err
		}
		switch {
		case m.GetReady() != nil && l.o.Ready != nil:
			l.o.Ready()
		case m.GetHint() != nil:
			l.directory.Hint(m.GetHint().GetUserIds(), m.GetHint().GetGroupIds())
		case m.GetCall() != nil:
			call, err := callFromProto(m.GetCall())
			if err != nil {
				return fmt.Errorf("it made a directory call that is not well formed: %w", err)
			}
			l.hand(ctx, job{m.GetCall().GetCallId(), call})
		}
	}
}

// hand has a call answered by a goroutine that has nothing to do, by a new one, or waits
// for one. They stay: a new one for each call would have to grow its stack each time.
func (l *listening) hand(ctx context.Context, j job) {
	select {
	case l.jobs <- j:
		return
	default:
	}
	if l.started == callsInFlight {
		l.jobs <- j
		return
	}
	l.started++
	l.workers.Go(func() {
		l.answer(ctx, j.id, j.call)
		for j := range l.jobs {
			l.answer(ctx, j.id, j.call)
		}
	})
}

func (l *listening) answer(ctx context.Context, id string, call DirectoryCall) {
	reply, err := l.directory.Call(ctx, call)
	_ = l.send(&pb.ListenRequest{Message: &pb.ListenRequest_Reply{Reply: replyToProto(id, reply, err)}}) // a stream that broke is noticed by the receiver
}
