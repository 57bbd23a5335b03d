// Package proxy stands between a connector and the fake of its remote system, and
// makes that misbehave on demand. It knows JSON, cursors and Link headers, and nothing
// of any vendor. A fault counts how often it has fired: one that never did has tested
// nothing.
package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Paging says where listings have their records and the next page.
type Paging struct {
	Items string // path to the records, or several with commas; empty: the document is the list
	Next  string // path to the cursor; empty: a Link header
}

// Front is what stands before the addresses of one fake. It is safe for concurrent
// use.
type Front struct {
	paging  Paging
	faces   map[string]*face // by name
	client  *http.Transport
	servers []*http.Server
	done    sync.WaitGroup

	mu       sync.Mutex
	fault    *Fault
	count    int
	minted   map[string]saved
	lastNext map[string]string // by path: the cursor given last
	writing  sync.Mutex        // held while a write is watched for its effect
}

// face is one address of the fake.
type face struct {
	front    *Front
	upstream string // "http://127.0.0.1:1234", without a slash at the end
	public   string
}

// saved is a request that a cursor of ours stands for.
type saved struct {
	method, path, query string
	body                []byte
}

// Start serves a face for each of the named base addresses. With an authority the
// faces are https.
func Start(remotes map[string]string, paging Paging, ca *Authority) (*Front, error) {
	f := &Front{paging: paging, faces: map[string]*face{}, client: &http.Transport{MaxIdleConnsPerHost: 32},
		minted: map[string]saved{}, lastNext: map[string]string{}}
	for name, base := range remotes {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			f.Close()
			return nil, fmt.Errorf("the address %q of the fake is not one of HTTP", base)
		}
		if err := f.serve(name, u.Scheme+"://"+u.Host, ca); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

func (f *Front) serve(name, upstream string, ca *Authority) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen on loopback: %w", err)
	}
	s := &face{front: f, upstream: upstream, public: "http://" + l.Addr().String()}
	if ca != nil {
		s.public = "https://" + l.Addr().String()
		l = ca.listener(l)
	}
	f.faces[name] = s
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	f.servers = append(f.servers, server)
	f.done.Go(func() { _ = server.Serve(l) })
	return nil
}

// URL is the address that stands for the named one of the fake; its path is kept.
func (f *Front) URL(name, base string) string {
	s := f.faces[name]
	return s.public + strings.TrimPrefix(base, s.upstream)
}

// Close ends the faces.
func (f *Front) Close() {
	f.Clear()
	for _, s := range f.servers {
		_ = s.Close()
	}
	f.done.Wait()
	f.client.CloseIdleConnections()
}

// Inject makes the fake misbehave from now on, instead of any way before.
func (f *Front) Inject(fault *Fault) {
	f.mu.Lock()
	old := f.fault
	f.fault, f.lastNext = fault, map[string]string{}
	fault.begin()
	f.mu.Unlock()
	if old != nil {
		old.end()
	}
}

// Clear ends all misbehaviour. Requests that are held fail.
func (f *Front) Clear() {
	f.mu.Lock()
	old := f.fault
	f.fault, f.minted = nil, map[string]saved{}
	f.mu.Unlock()
	if old != nil {
		old.end()
	}
}

// Requests is how many requests have come so far.
func (f *Front) Requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// mostBody is how much of a request or an answer is taken.
const mostBody = 64 << 20

// ServeHTTP passes a request on, or does what the fault says.
func (s *face) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := s.front
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	if err != nil {
		return
	}
	f.mu.Lock()
	f.count++
	fault := f.fault
	q := f.unmint(saved{method: r.Method, path: r.URL.EscapedPath(), query: r.URL.RawQuery, body: body})
	f.mu.Unlock()
	x := &exchange{face: s, w: w, r: r, asked: q}
	if fault != nil && fault.request(x) {
		return
	}
	a, err := x.forward()
	if err != nil {
		http.Error(w, "the fake does not answer", http.StatusBadGateway)
		return
	}
	if fault != nil && fault.answer(x, a) {
		return
	}
	f.note(x, a)
	x.write(a)
}

// note keeps the cursor that an answer gives.
func (f *Front) note(x *exchange, a *answer) {
	if next := a.next(f.paging); next != "" {
		f.mu.Lock()
		f.lastNext[x.asked.path] = next
		f.mu.Unlock()
	}
}

// exchange is one request on its way.
type exchange struct {
	face  *face
	w     http.ResponseWriter
	r     *http.Request
	asked saved
}

// forward asks the fake.
func (x *exchange) forward() (*answer, error) {
	address := x.face.upstream + x.asked.path
	if x.asked.query != "" {
		address += "?" + x.asked.query
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(x.r.Context()), x.asked.method, address, bytes.NewReader(x.asked.body))
	if err != nil {
		return nil, err
	}
	for name, values := range x.r.Header {
		if name != "Accept-Encoding" && name != "Connection" {
			req.Header[name] = values
		}
	}
	resp, err := x.face.front.client.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostBody))
	if err != nil {
		return nil, err
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: body}
	a.header.Del("Content-Length")
	x.face.front.translate(a)
	return a, nil
}

// translate makes the fake's own addresses ours.
func (f *Front) translate(a *answer) {
	for _, s := range f.faces {
		a.body = bytes.ReplaceAll(a.body, []byte(s.upstream), []byte(s.public))
		for _, name := range []string{"Link", "Location"} {
			values := a.header.Values(name)
			for i := range values {
				values[i] = strings.ReplaceAll(values[i], s.upstream, s.public)
			}
		}
	}
}

func (x *exchange) write(a *answer) {
	for name, values := range a.header {
		x.w.Header()[name] = values
	}
	x.w.WriteHeader(a.status)
	_, _ = x.w.Write(a.body) // a client that has gone away wants nothing
}

// hangUp closes the connection, after the head and half of the body if there are any.
func (x *exchange) hangUp(a *answer) {
	conn, buffer, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		panic(errors.Join(http.ErrAbortHandler, err))
	}
	defer conn.Close()
	if a == nil {
		return
	}
	fmt.Fprintf(buffer, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", a.status, http.StatusText(a.status), len(a.body))
	_ = a.header.WriteSubset(buffer, map[string]bool{"Content-Length": true, "Transfer-Encoding": true, "Connection": true})
	fmt.Fprint(buffer, "\r\n")
	_, _ = buffer.Write(a.body[:len(a.body)/2])
	_ = buffer.Flush()
}
