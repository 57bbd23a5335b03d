package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// host is the gateway's side of a listener: a front door that forwards to its socket,
// and a directory.
type host struct {
	*directory
	stream   grpc.BidiStreamingClient[pb.ListenRequest, pb.ListenResponse]
	requests Requests
	client   *http.Client
	socket   string
	cancel   context.CancelFunc
	ended    chan error // how the stream ended

	sending sync.Mutex
	policy  sync.Mutex
	refusal *pb.Failure   // answers every call, instead of the directory
	arrived chan struct{} // told when a write has come; nil: writes are answered at once
	release chan struct{} // and answered when it is closed
	numbers int
	written int // writes that have come
}

// readyTime is how long a listener may take until it serves.
const readyTime = 10 * time.Second

// listen has the connector serve. close ends it.
func (b *bench) listen(ctx context.Context) (*host, error) {
	s, err := b.connector(ctx)
	if err != nil {
		return nil, err
	}
	requests, err := b.remote.(Client).Requests(ctx)
	if err != nil {
		return nil, harness("tell its requests", err)
	}
	dir, err := os.MkdirTemp("", "kl") // the path of a socket must be short
	if err != nil {
		return nil, err
	}
	h := &host{directory: newDirectory(), requests: requests, socket: filepath.Join(dir, "s"), ended: make(chan error, 1)}
	h.client = &http.Client{Timeout: callTime, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", h.socket)
	}}}
	streaming, cancel := context.WithCancel(ctx)
	h.cancel = func() { cancel(); _ = os.RemoveAll(dir) }
	if h.stream, err = pb.NewListenerServiceClient(s.Conn).Listen(streaming); err == nil {
		start := &pb.ListenStart{Socket: h.socket, PublicUrl: "https://gateway.example/in/kit"}
		err = h.send(&pb.ListenRequest{Message: &pb.ListenRequest_Start{Start: start}})
	}
	if err != nil {
		h.cancel()
		return nil, fmt.Errorf("the connector does not listen: %w", err)
	}
	serving := make(chan struct{})
	go h.serve(sync.OnceFunc(func() { close(serving) }))
	timer := time.NewTimer(readyTime)
	defer timer.Stop()
	select {
	case <-serving:
		return h, nil
	case err = <-h.ended:
	case <-timer.C:
		err = fmt.Errorf("it did not say that it was ready within %s", readyTime)
	}
	h.cancel()
	return nil, fmt.Errorf("the connector does not listen: %w", err)
}

func (h *host) close() { h.cancel() }

func (h *host) send(m *pb.ListenRequest) error {
	h.sending.Lock()
	defer h.sending.Unlock()
	return h.stream.Send(m)
}

// serve answers the calls of the connector until the stream ends.
func (h *host) serve(ready func()) {
	for {
		m, err := h.stream.Recv()
		if err != nil {
			h.ended <- err
			return
		}
		if m.GetReady() != nil {
			ready()
		}
		if call := m.GetCall(); call != nil {
			go h.reply(call)
		}
	}
}

func (h *host) reply(call *pb.DirectoryCall) {
	h.policy.Lock()
	refusal, arrived, release := h.refusal, h.arrived, h.release
	if writes(call) {
		h.written++
	}
	h.policy.Unlock()
	answer := &pb.DirectoryReply{CallId: call.GetCallId(), Failure: refusal}
	if refusal == nil {
		if writes(call) && arrived != nil {
			arrived <- struct{}{}
			<-release
		}
		answer = h.answer(call)
	}
	_ = h.send(&pb.ListenRequest{Message: &pb.ListenRequest_Reply{Reply: answer}}) // the reader sees a stream that broke
}

// refuse answers every call from now on with a failure; nil is the directory again.
func (h *host) refuse(f *pb.Failure) {
	h.policy.Lock()
	defer h.policy.Unlock()
	h.refusal = f
}

// hold keeps the next write waiting. arrived is told when it has come.
func (h *host) hold() (arrived <-chan struct{}, release func()) {
	h.policy.Lock()
	defer h.policy.Unlock()
	h.arrived, h.release = make(chan struct{}, 16), make(chan struct{})
	held := h.release
	return h.arrived, sync.OnceFunc(func() { close(held) })
}

// wrote is how many writes have come.
func (h *host) wrote() int {
	h.policy.Lock()
	defer h.policy.Unlock()
	return h.written
}

// response is what a client was answered.
type response struct {
	status     int
	retryAfter string
	err        error
}

func (r response) success() bool { return r.err == nil && r.status >= 200 && r.status < 300 }

func (r response) String() string {
	if r.err != nil {
		return r.err.Error()
	}
	return fmt.Sprint(r.status)
}

// number makes a request another one than those before.
func (h *host) number() int {
	h.numbers++
	return h.numbers
}

// ask sends a request as a client would. edit may change it.
func (h *host) ask(ctx context.Context, q Request, n int, edit func(*http.Request)) response {
	fill := func(text string) string { return strings.ReplaceAll(text, "${n}", fmt.Sprint(n)) }
	req, err := http.NewRequestWithContext(ctx, q.Method, "http://listener"+fill(q.Path), strings.NewReader(fill(q.Body)))
	if err != nil {
		return response{err: err}
	}
	for name, value := range q.Header {
		req.Header.Set(name, fill(value))
	}
	if edit != nil {
		edit(req)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return response{err: err}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // what it says is not judged
	return response{status: resp.StatusCode, retryAfter: resp.Header.Get("Retry-After")}
}

// create asks for one more user.
func (h *host) create(ctx context.Context, edit func(*http.Request)) response {
	return h.ask(ctx, h.requests.Create, h.number(), edit)
}

// works is an error unless a user can be created.
func (h *host) works(ctx context.Context) error {
	before := h.users()
	if r := h.create(ctx, nil); !r.success() {
		return fmt.Errorf("a good request to create a user is answered with %s", r)
	}
	if h.users() != before+1 {
		return errors.New("a good request to create a user is answered with success, and the directory has none")
	}
	return nil
}

// drainTime is the grace that open requests are given.
const drainTime = 10 * time.Second

func (h *host) drain() error {
	return h.send(&pb.ListenRequest{Message: &pb.ListenRequest_Drain{Drain: &pb.ListenDrain{Grace: durationpb.New(drainTime)}}})
}
