package ingress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// route is a Route with what it needs to forward.
type route struct {
	Route
	limits    Limits
	rate      *bucket
	slots     chan struct{}
	transport *http.Transport
}

func newRoute(r Route, l Limits, now func() time.Time) *route {
	return &route{Route: r, limits: l, rate: newBucket(l.SourceRate, l.SourceBurst, now()), slots: make(chan struct{}, l.Requests),
		transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", r.Socket)
			},
			MaxIdleConnsPerHost: l.Requests, IdleConnTimeout: time.Minute, DisableCompression: true, ResponseHeaderTimeout: l.AnswerTime,
		}}
}

func (t *route) authenticate(authorization string) Caller {
	if t.Authenticate == nil {
		return Caller{Pass: true}
	}
	return t.Authenticate(authorization)
}

// hopByHop are the headers that belong to one connection (RFC 9110 section 7.6.1).
var hopByHop = []string{"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade"}

// forward passes the request to the plugin and its answer back, and returns the
// status. A plugin that is not there is 503 with Retry-After: what was not
// acknowledged was not done, and clients try again.
func (t *route) forward(w http.ResponseWriter, r *http.Request, rest string, caller Caller) int {
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
	body := &cappedBody{from: http.MaxBytesReader(w, r.Body, t.limits.Body)}
	resp, err := t.transport.RoundTrip(t.outgoing(r, rest, body, caller))
	if err != nil {
		return t.failed(w, r, body)
	}
	defer resp.Body.Close()
	copyHeader(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	copyBody(w, resp.Body)
	return resp.StatusCode
}

func (t *route) outgoing(r *http.Request, rest string, body io.ReadCloser, caller Caller) *http.Request {
	u := &url.URL{Scheme: "http", Host: "listener", RawQuery: r.URL.RawQuery}
	u.Path, _ = url.PathUnescape(rest) // the server refused paths that cannot be unescaped
	u.RawPath = rest
	out := &http.Request{Method: r.Method, URL: u, Host: r.Host, Header: make(http.Header, len(r.Header)), ContentLength: r.ContentLength, Body: body}
	copyHeader(out.Header, r.Header)
	for _, name := range []string{CallerHeader, ScopeHeader, "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		out.Header.Del(name)
	}
	if caller.OK {
		out.Header.Set(CallerHeader, caller.Name)
		out.Header.Del("Authorization") // it has done its work, and the plugin need not know it
		if caller.Scope != "" {
			out.Header.Set(ScopeHeader, caller.Scope)
		}
	}
	if r.ContentLength == 0 {
		out.Body = nil
	}
	return out.WithContext(r.Context())
}

// failed answers for a plugin that did not.
func (t *route) failed(w http.ResponseWriter, r *http.Request, body *cappedBody) int {
	status, detail, retry := http.StatusServiceUnavailable, "the listener is not there at the moment", 2*time.Second
	var large *http.MaxBytesError
	switch err := body.failure(); {
	case errors.As(err, &large):
		status, detail, retry = http.StatusRequestEntityTooLarge, tooLarge(t.limits.Body), 0
	case r.Context().Err() != nil || err != nil:
		status, detail, retry = http.StatusRequestTimeout, "the request did not arrive whole", 0
	}
	refuse(w, status, retry, detail)
	return status
}

// cappedBody remembers why reading a request's body failed.
type cappedBody struct {
	from io.ReadCloser
	mu   sync.Mutex
	err  error
}

// Read implements io.Reader.
func (b *cappedBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	return n, err
}

// Close implements io.Closer.
func (b *cappedBody) Close() error { return b.from.Close() }

func (b *cappedBody) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

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
		to.Del(name)
	}
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

func copyBody(w io.Writer, body io.Reader) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	_, _ = io.CopyBuffer(struct{ io.Writer }{w}, body, *buf) // either side may be gone
}
