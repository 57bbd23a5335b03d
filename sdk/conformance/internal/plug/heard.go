package plug

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Heard listens to all that processes say, in their logs and in their answers, for
// secrets that must not be in it. It is safe for concurrent use.
type Heard struct {
	mu      sync.Mutex
	secrets [][]byte
	leaks   []string
}

// Listen adds secrets to listen for. Short ones would be heard by chance.
func (h *Heard) Listen(secrets ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range secrets {
		if len(s) >= 8 {
			h.secrets = append(h.secrets, []byte(s))
		}
	}
}

// Secrets is how many secrets are listened for.
func (h *Heard) Secrets() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.secrets)
}

// Leaks says where a secret was heard.
func (h *Heard) Leaks() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.leaks...)
}

// Hide takes the secrets out of a text.
func (h *Heard) Hide(text string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.secrets {
		text = strings.ReplaceAll(text, string(s), "(secret)")
	}
	return text
}

func (h *Heard) listen(where string, said []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.secrets {
		if i := bytes.Index(said, s); i >= 0 {
			from := max(0, bytes.LastIndexByte(said[:i], '\n')+1, i-80)
			before := strings.ToValidUTF8(string(said[from:i]), "?")
			for _, other := range h.secrets {
				before = strings.ReplaceAll(before, string(other), "(secret)")
			}
			h.leaks = append(h.leaks, fmt.Sprintf("%s: …%s(secret)", where, strings.Map(printable, before)))
		}
	}
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '·'
	}
	return r
}

// Writer listens to one stream of text. A secret may come in two pieces.
func (h *Heard) Writer(where string) io.Writer { return &stream{heard: h, where: where} }

type stream struct {
	heard *Heard
	where string
	mu    sync.Mutex
	line  []byte
}

// mostLine is how much of an unfinished line is kept.
const mostLine = 256 << 10

// Write listens to whole lines.
func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = append(s.line, b...)
	end := bytes.LastIndexByte(s.line, '\n') + 1
	if end == 0 && len(s.line) > mostLine {
		end = len(s.line)
	}
	if end > 0 {
		s.heard.listen(s.where, s.line[:end])
		s.line = append([]byte(nil), s.line[end:]...)
	}
	return len(b), nil
}

// message listens to an answer.
func (h *Heard) message(method string, m any) {
	if pm, ok := m.(proto.Message); ok && h.Secrets() > 0 {
		if b, err := proto.Marshal(pm); err == nil {
			h.listen("answer to "+method, b)
		}
	}
}

func (h *Heard) failed(method string, err error) {
	if err != nil {
		h.listen("status of "+method, []byte(status.Convert(err).Message()))
	}
}

// options are what makes a connection listen.
func (h *Heard) options() []grpc.DialOption {
	unary := func(ctx context.Context, method string, req, reply any, c *grpc.ClientConn, call grpc.UnaryInvoker, o ...grpc.CallOption) error {
		err := call(ctx, method, req, reply, c, o...)
		h.message(method, reply)
		h.failed(method, err)
		return err
	}
	streams := func(ctx context.Context, d *grpc.StreamDesc, c *grpc.ClientConn, method string, open grpc.Streamer, o ...grpc.CallOption) (grpc.ClientStream, error) {
		s, err := open(ctx, d, c, method, o...)
		h.failed(method, err)
		return &listened{s, h, method}, err
	}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(unary), grpc.WithChainStreamInterceptor(streams)}
}

type listened struct {
	grpc.ClientStream
	heard  *Heard
	method string
}

// RecvMsg listens to what is received.
func (l *listened) RecvMsg(m any) error {
	err := l.ClientStream.RecvMsg(m)
	if err == nil {
		l.heard.message(l.method, m)
	} else {
		l.heard.failed(l.method, err)
	}
	return err
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// tailBytes is how much of a log is kept for messages.
const tailBytes = 4 << 10

// Write takes text.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append([]byte(nil), t.text[over:]...)
	}
	return len(b), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.text), "?"))
}
