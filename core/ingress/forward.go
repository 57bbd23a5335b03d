package ingress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// route is a Route with what it needs to forward.
type route struct {
	Route
	limits Limits
	rate   *bucket
	slots  chan struct{}
	pool   pool
	now    func() time.Time
}

func newRoute(r Route, l Limits, now func() time.Time) *route {
	return &route{Route: r, limits: l, rate: newBucket(l.SourceRate, l.SourceBurst, now()), slots: make(chan struct{}, l.Requests),
		pool: pool{socket: r.Socket, most: l.Requests}, now: now}
}

func (t *route) authenticate(authorization string) Caller {
	if t.Authenticate == nil {
		return Caller{Pass: true}
	}
	return t.Authenticate(authorization)
}

// Reasons why a request is not answered by the plugin.
var (
	errAway   = errors.New("the plugin does not answer")
	errSilent = fmt.Errorf("%w: it closed the connection without a word", errAway)
	errTarget = errors.New("the target of the request cannot be passed on")
)

// forward passes the request to the plugin and its answer back, and returns the
// status. A plugin that is not there is 503 with Retry-After: what was not
// acknowledged was not done, and clients try again.
func (t *route) forward(w *watched, r *http.Request, rest string, caller Caller) int {
	if r.ContentLength > t.limits.Body {
		refuse(w, http.StatusRequestEntityTooLarge, 0, tooLarge(t.limits.Body))
		return http.StatusRequestEntityTooLarge
	}
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	default:
		refuse(w, http.StatusServiceUnavailable, time.Second, "too many requests are being worked on")
		return http.StatusServiceUnavailable
	}
	body := incoming{length: r.ContentLength}
	if r.ContentLength != 0 {
		body.from = http.MaxBytesReader(w, r.Body, t.limits.Body)
		body.first = buffers.Get().(*[]byte)
		defer buffers.Put(body.first)
	}
	err := body.begin()
	if err == nil {
		err = t.exchange(w, outgoing{Request: r, rest: rest, caller: caller, body: &body})
	}
	if err != nil {
		return t.refused(w, r, err)
	}
	return w.status
}

// exchange has a request answered. A connection that the plugin had closed already is
// replaced by another, where nothing can have been done yet.
func (t *route) exchange(w *watched, out outgoing) error {
	u, err := t.pool.take(t.now(), false)
	if err != nil {
		return errAway
	}
	if u.used && !out.repeatable() && !u.alive() {
		_ = u.Close()
		if u, err = t.pool.take(t.now(), true); err != nil {
			return errAway
		}
	}
	resp, err := t.ask(u, &out)
	if errors.Is(err, errSilent) && u.used && out.repeatable() && out.Context().Err() == nil {
		if u, err = t.pool.take(t.now(), true); err != nil {
			return errAway
		}
		resp, err = t.ask(u, &out)
	}
	if err != nil {
		return err
	}
	t.answer(w, u, &out, resp)
	return nil
}

// ask writes the request and reads the head of its answer. When it fails the connection
// is closed.
func (t *route) ask(u *upstream, out *outgoing) (resp *http.Response, err error) {
	u.within(t.limits.AnswerTime, t.now())
	u.left = headBytes
	// Whoever goes away is not worked for any longer.
	out.release = context.AfterFunc(out.Context(), func() { _ = u.Close() })
	sent := out.send(u)
	if sent != nil && !errors.Is(sent, errAway) { // of the client's making
		out.drop(u)
		return nil, sent
	}
	out.whole = sent == nil
	if out.body.streams() {
		u.within(t.limits.AnswerTime, t.now())
	}
	for {
		// A plugin may answer before it has read everything.
		if resp, err = http.ReadResponse(u.read, out.Request); err != nil || resp.StatusCode == http.StatusSwitchingProtocols {
			out.drop(u)
			if u.left == headBytes && !errors.Is(err, os.ErrDeadlineExceeded) {
				return nil, errSilent
			}
			return nil, errAway
		}
		if resp.StatusCode >= http.StatusOK {
			return resp, nil
		}
	}
}

// answer passes the plugin's answer on, and keeps the connection if it can be used again.
func (t *route) answer(w *watched, u *upstream, out *outgoing, resp *http.Response) {
	u.left = 1 << 62
	if resp.ContentLength < 0 || resp.ContentLength > int64(u.read.Buffered()) {
		u.within(t.limits.AnswerTime, t.now())
	}
	copyHeader(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	body := &noted{from: resp.Body}
	err := copyBody(w, body)
	w.broken = body.err != nil
	if err == nil && out.whole && !resp.Close && u.read.Buffered() == 0 && out.release() {
		t.pool.keep(u, t.now())
		return
	}
	out.drop(u)
}

// refused answers for a plugin that did not.
func (t *route) refused(w http.ResponseWriter, r *http.Request, err error) int {
	status, detail, retry := http.StatusRequestTimeout, "the request did not arrive whole", time.Duration(0)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		status, detail = http.StatusRequestEntityTooLarge, tooLarge(t.limits.Body)
	case errors.Is(err, errTarget):
		status, detail = http.StatusBadRequest, errTarget.Error()
	case errors.Is(err, errAway) && r.Context().Err() == nil:
		status, detail, retry = http.StatusServiceUnavailable, "the listener is not there at the moment", 2*time.Second
	}
	refuse(w, status, retry, detail)
	return status
}

// hopByHop are the headers that belong to one connection (RFC 9110 section 7.6.1).
var hopByHop = []string{"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade"}

func copyHeader(to, from http.Header) {
	for name, values := range from {
		to[name] = values
	}
	for _, listed := range from["Connection"] {
		for name := range strings.SplitSeq(listed, ",") {
			to.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hopByHop {
		delete(to, name)
	}
}

// noted remembers why reading failed.
type noted struct {
	from io.Reader
	err  error
}

// Read implements io.Reader.
func (n *noted) Read(p []byte) (int, error) {
	got, err := n.from.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return got, err
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

func copyBody(w io.Writer, body io.Reader) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, body, *buf)
	return err
}
