package ingress_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/ingress"
)

// scripted is a plugin that answers each connection as serve says, which gets what the
// front door sent as it stands.
func scripted(t *testing.T, serve func(c net.Conn, r *bufio.Reader)) (socket string, connections *atomic.Int64) {
	t.Helper()
	socket, connections = filepath.Join(t.TempDir(), "s"), &atomic.Int64{}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer c.Close()
				serve(c, bufio.NewReader(c))
			}()
		}
	}()
	return socket, connections
}

// head reads the head of a request.
func head(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if b.WriteString(line); err != nil || line == "\r\n" {
			return b.String(), err
		}
	}
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestConnectionsAreUsedAgain(t *testing.T) {
	socket, connections := scripted(t, func(c net.Conn, r *bufio.Reader) {
		for {
			if _, err := head(r); err != nil {
				return
			}
			_, _ = io.WriteString(c, ok)
		}
	})
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: socket})
	for range 5 {
		if a := send(t, "GET", url+"/in/corp/x", "Bearer good", ""); a.body != "ok" {
			t.Errorf("%+v", a)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// A plugin that starts again has closed its connections: nobody is to notice.
func TestPluginThatClosesIdleConnections(t *testing.T) {
	closed := make(chan bool, 100)
	socket, connections := scripted(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := head(r); err == nil {
			_, _ = io.WriteString(c, ok)
		}
		_ = c.Close()
		closed <- true
	})
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: socket})
	for i := range 10 {
		if a := send(t, []string{"GET", "DELETE", "POST"}[i%3], url+"/in/corp/x", "Bearer good", ""); a.body != "ok" {
			t.Errorf("request %d: %+v", i, a)
		}
		<-closed
	}
	if n := connections.Load(); n != 10 {
		t.Errorf("%d connections", n)
	}
}

// What may have been done is not sent again.
func TestWritesAreSentOnce(t *testing.T) {
	var posts atomic.Int64
	socket, _ := scripted(t, func(c net.Conn, r *bufio.Reader) {
		for {
			h, err := head(r)
			if err != nil {
				return
			}
			if strings.HasPrefix(h, "POST") {
				posts.Add(1)
				return
			}
			_, _ = io.WriteString(c, ok)
		}
	})
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: socket})
	send(t, "GET", url+"/in/corp/x", "Bearer good", "")
	if a := send(t, "POST", url+"/in/corp/x", "Bearer good", "{}"); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("%+v", a)
	}
	if n := posts.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestWhatThePluginGets(t *testing.T) {
	got := make(chan string, 1)
	socket, _ := scripted(t, func(c net.Conn, r *bufio.Reader) {
		h, _ := head(r)
		_, _ = io.WriteString(c, ok)
		got <- h
	})
	address := strings.TrimPrefix(front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: socket,
		Authenticate: func(string) ingress.Caller { return ingress.Caller{OK: true, Name: "a\r\nX: y"} }}), "http://")
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET /in/corp/v2/a%20b?x=%0d%0a HTTP/1.1\r\nHost: idp.example\r\nConnection: x-mine, keep-alive\r\nX-Mine: 1\r\nX-Theirs: 2\r\nTe: trailers\r\n"+
		"Authorization: Bearer secret\r\nGateway-Caller: forged\r\ngateway-access: forged\r\nX-Forwarded-For: 1.2.3.4\r\nUpgrade: h2c\r\n\r\n")
	h := <-got
	if !strings.HasPrefix(h, "GET /v2/a%20b?x=%0d%0a HTTP/1.1\r\nHost: idp.example\r\n") || !strings.Contains(h, "\r\nX-Theirs: 2\r\n") ||
		!strings.Contains(h, "\r\nGateway-Caller: a  X: y\r\n") {
		t.Errorf("%q", h)
	}
	for _, not := range []string{"X-Mine", "Te:", "secret", "forged", "Forwarded", "Upgrade", "Connection", "\r\nX: y"} {
		if strings.Contains(h, not) {
			t.Errorf("%s in %q", not, h)
		}
	}
}

// Requests that two servers could part differently reach no plugin, or reach it as one.
func TestSmuggling(t *testing.T) {
	var bodies atomic.Int64
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/x" {
			t.Errorf("%s %s reached the plugin", r.Method, r.URL)
		}
		n, _ := io.Copy(io.Discard, r.Body)
		bodies.Add(n)
	})
	address := strings.TrimPrefix(front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: plugin(t, counted)}), "http://")
	const inner = "GET /in/corp/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, framing := range []string{
		"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
		"Content-Length: 1, 2\r\n\r\n",
		"Content-Length: +5\r\n\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"X: y\n\tContent-Length: 3\r\n\r\n",
	} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, "POST /in/corp/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+framing+inner)
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q: %v", framing, err)
		}
		_ = c.Close()
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	bodies.Store(0)
	fmt.Fprint(c, "POST /in/corp/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
	if _, err := io.Copy(io.Discard, c); err != nil || bodies.Load() != 5 && bodies.Load() != 0 {
		t.Errorf("%d bytes reached the plugin, %v", bodies.Load(), err)
	}
}

func TestLargeBodiesPass(t *testing.T) {
	sum := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(b)
	})
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: plugin(t, sum)})
	for _, size := range []int{1, 32<<10 - 1, 32 << 10, 32<<10 + 1, 1 << 20} {
		sent := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		for _, body := range []io.Reader{bytes.NewReader(sent), io.MultiReader(bytes.NewReader(sent))} { // announced, chunked
			resp, err := http.Post(url+"/in/corp/x", "", body)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || sha256.Sum256(got) != sha256.Sum256(sent) {
				t.Errorf("%d bytes: %d came back, %v", size, len(got), err)
			}
		}
	}
}

// An answer that breaks off is no answer.
func TestAnswerThatBreaksOff(t *testing.T) {
	socket, _ := scripted(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = head(r)
		_, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	})
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: socket})
	resp, err := http.Get(url + "/in/corp/x")
	if err != nil {
		return // nothing of it was sent yet
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("%q was taken for the whole answer", b)
	}
}

// A plugin may refuse before it has read everything.
func TestEarlyAnswer(t *testing.T) {
	socket, _ := scripted(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = head(r)
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: socket})
	if a := send(t, "POST", url+"/in/corp/x", "Bearer good", strings.Repeat("x", 1<<20)); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%+v", a)
	}
}

func TestAnswerThatDoesNotCome(t *testing.T) {
	done := make(chan bool)
	defer close(done)
	socket, connections := scripted(t, func(_ net.Conn, r *bufio.Reader) {
		_, _ = head(r)
		<-done
	})
	url := front(t, io.Discard, ingress.Limits{AnswerTime: 50 * time.Millisecond}, ingress.Route{Source: "corp", Socket: socket})
	if a := send(t, "GET", url+"/in/corp/x", "Bearer good", ""); a.status != http.StatusServiceUnavailable || connections.Load() != 1 {
		t.Errorf("%+v, over %d connections", a, connections.Load())
	}
}

// Whoever goes away is not worked for any longer.
func TestClientThatGoes(t *testing.T) {
	came, went := make(chan bool), make(chan bool)
	waiting := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		came <- true
		<-r.Context().Done()
		went <- true
	})
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: plugin(t, waiting)})
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", url+"/in/corp/x", nil)
	go func() { <-came; cancel() }()
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("there was an answer")
	}
	<-went
}

func TestAnswersHaveNoEndlessHead(t *testing.T) {
	socket, _ := scripted(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = head(r)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := io.WriteString(c, "X: "+strings.Repeat("y", 1000)+"\r\n"); err != nil {
				return
			}
		}
	})
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: socket})
	if a := send(t, "GET", url+"/in/corp/x", "Bearer good", ""); a.status != http.StatusServiceUnavailable {
		t.Errorf("%+v", a)
	}
}

// What HTTP/2 lets through and HTTP/1 does not is refused.
func TestTargetsOfHTTP2(t *testing.T) {
	d := ingress.New([]ingress.Route{{Source: "corp", Socket: plugin(t, echo)}}, ingress.Limits{}, hclog.NewNullLogger(), time.Now)
	defer d.Close()
	r := httptest.NewRequest("GET", "/in/corp/x", nil)
	r.URL.RawQuery = "a HTTP/1.1\r\nX: y"
	w := httptest.NewRecorder()
	if d.ServeHTTP(w, r); w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// BenchmarkForward is what the front door costs between two servers of net/http.
func BenchmarkForward(b *testing.B) {
	socket := filepath.Join(b.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })}
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	d := ingress.New([]ingress.Route{{Source: "corp", Socket: socket}}, ingress.Limits{}, hclog.NewNullLogger(), time.Now)
	defer d.Close()
	door := httptest.NewServer(d)
	defer door.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	b.ReportAllocs()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Get(door.URL + "/in/corp/x")
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
}
