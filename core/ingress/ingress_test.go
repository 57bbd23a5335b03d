package ingress_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/ingress"
)

// plugin is a listener behind a unix socket.
func plugin(t *testing.T, h http.Handler) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return socket
}

// front serves a door over TCP.
func front(t *testing.T, log io.Writer, limits ingress.Limits, routes ...ingress.Route) string {
	t.Helper()
	d := ingress.New(routes, limits, hclog.New(&hclog.LoggerOptions{Output: log, JSONFormat: true}), time.Now)
	s := httptest.NewUnstartedServer(nil)
	s.Listener = ingress.Limit(s.Listener, limits)
	s.Config = ingress.Server(d, limits, nil)
	s.Start()
	t.Cleanup(func() { s.Close(); d.Close() })
	return s.URL
}

type answer struct {
	status int
	header http.Header
	body   string
}

func send(t *testing.T, method, url, authorization, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// echo answers with what it was asked, unless the credential is wrong.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if caller := r.Header.Get(ingress.CallerHeader); caller == "" && r.Header.Get("Authorization") != "Bearer good" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Etag", `W/"1"`)
	fmt.Fprintf(w, "%s %s?%s caller=%s scope=%s auth=%s body=%s", r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get(ingress.CallerHeader),
		r.Header.Get(ingress.ScopeHeader), r.Header.Get("Authorization"), body)
})

func TestForwards(t *testing.T) {
	var log bytes.Buffer
	known := func(authorization string) ingress.Caller {
		if authorization == "Bearer managed" {
			return ingress.Caller{OK: true, Name: "okta", Scope: "read"}
		}
		return ingress.Caller{Pass: true}
	}
	url := front(t, &log, ingress.Limits{}, ingress.Route{Source: "corp", Socket: plugin(t, echo), Authenticate: known})
	a := send(t, "POST", url+"/in/corp/v2/Us%2Fers?filter=secret-name", "Bearer good", "hello", ingress.CallerHeader, "forged", ingress.ScopeHeader, "forged")
	if a.status != 200 || a.header.Get("Etag") != `W/"1"` ||
		a.body != "POST /v2/Us%2Fers?filter=secret-name caller= scope= auth=Bearer good body=hello" {
		t.Errorf("%+v", a)
	}
	a = send(t, "GET", url+"/in/corp/v2", "Bearer managed", "")
	if a.body != "GET /v2? caller=okta scope=read auth= body=" {
		t.Errorf("%+v", a)
	}
	if a = send(t, "GET", url+"/in/corp", "Bearer managed", ""); !strings.HasPrefix(a.body, "GET /? ") {
		t.Errorf("the bare source: %+v", a)
	}
	if text := log.String(); !strings.Contains(text, `"caller":"okta"`) || strings.Contains(text, "secret-name") || strings.Contains(text, "good") || strings.Contains(text, "hello") {
		t.Errorf("the log: %s", text)
	}
}

func TestUnknownSourcesLookLikeWrongCredentials(t *testing.T) {
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: plugin(t, echo)})
	for _, path := range []string{"/in/other/v2/Users", "/in/", "/in//x", "/in/corp%2Fv2"} {
		a := send(t, "GET", url+path, "Bearer good", "")
		if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %+v", path, a)
		}
	}
}

func TestPluginAway(t *testing.T) {
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: filepath.Join(t.TempDir(), "nobody")})
	a := send(t, "POST", url+"/in/corp/v2/Users", "Bearer good", "{}")
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || !strings.Contains(a.body, `"status":"503"`) || !strings.Contains(a.body, `"Errors":[{"code":"503","description"`) {
		t.Errorf("%+v", a)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	var reached atomic.Int64
	count := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		reached.Add(n)
	})
	url := front(t, io.Discard, ingress.Limits{Body: 1000}, ingress.Route{Source: "corp", Socket: plugin(t, count)})
	if a := send(t, "POST", url+"/in/corp/x", "", strings.Repeat("x", 1001)); a.status != http.StatusRequestEntityTooLarge || reached.Load() != 0 {
		t.Errorf("announced: %+v, %d bytes reached the plugin", a, reached.Load())
	}
	pr, pw := io.Pipe() // without a length
	go func() {
		for range 1000 {
			if _, err := pw.Write(bytes.Repeat([]byte("x"), 1000)); err != nil {
				return
			}
		}
		pw.Close()
	}()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", url+"/in/corp/x", pr)
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("chunked: %d", resp.StatusCode)
		}
	}
	if reached.Load() > 1000 {
		t.Errorf("%d bytes reached the plugin", reached.Load())
	}
	if a := send(t, "POST", url+"/in/corp/x", "", strings.Repeat("x", 1000)); a.status != 200 {
		t.Errorf("just fitting: %+v", a)
	}
}

func TestGuessingIsSlowedAndNobodyElseIsLockedOut(t *testing.T) {
	url := front(t, io.Discard, ingress.Limits{Failures: 5}, ingress.Route{Source: "corp", Socket: plugin(t, echo)})
	if a := send(t, "GET", url+"/in/corp/v2", "Bearer good", ""); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	var last answer
	for i := range 7 {
		last = send(t, "GET", url+"/in/corp/v2", fmt.Sprintf("Bearer guess%d", i), "")
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
		t.Errorf("the seventh guess: %+v", last)
	}
	if a := send(t, "GET", url+"/in/corp/v2", "Bearer good", ""); a.status != 200 {
		t.Errorf("a good token from the address of a guesser: %+v", a)
	}
}

func TestRateOfASource(t *testing.T) {
	url := front(t, io.Discard, ingress.Limits{SourceRate: 0.001, SourceBurst: 2}, ingress.Route{Source: "corp", Socket: plugin(t, echo)},
		ingress.Route{Source: "other", Socket: plugin(t, echo)})
	var got []int
	for range 3 {
		got = append(got, send(t, "GET", url+"/in/corp/v2", "Bearer good", "").status)
	}
	if got[0] != 200 || got[1] != 200 || got[2] != http.StatusTooManyRequests {
		t.Errorf("%v", got)
	}
	if a := send(t, "GET", url+"/in/other/v2", "Bearer good", ""); a.status != 200 {
		t.Errorf("another source: %+v", a)
	}
}

// Connections that send nothing take the places of one address alone.
func TestConnectionsOfOneAddress(t *testing.T) {
	url := front(t, io.Discard, ingress.Limits{PerAddress: 3}, ingress.Route{Source: "corp", Socket: plugin(t, echo)})
	address := strings.TrimPrefix(url, "http://")
	var idle []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		idle = append(idle, c)
		fmt.Fprintf(c, "GET /in/corp/v2 HTTP/1.1\r\n") // so that it is accepted before the next
	}
	over, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer over.Close()
	_ = over.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := over.Read(make([]byte, 1)); err == nil {
		t.Error("a fourth connection was served")
	}
	_ = idle[0].Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(20 * time.Second); ; {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", url+"/in/corp/v2", nil)
		req.Header.Set("Authorization", "Bearer good")
		resp, err := client.Do(req)
		if err == nil {
			resp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the place of a closed connection is not free: %v", err)
		}
	}
}

func certificate(t *testing.T, dir, name string) (*x509.Certificate, string, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"gateway.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c, k := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	for path, block := range map[string]*pem.Block{c: {Type: "CERTIFICATE", Bytes: der}, k: {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, c, k
}

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	_, c, k := certificate(t, dir, "first")
	files, err := ingress.LoadCertificate(c, k, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := ingress.Server(http.NotFoundHandler(), ingress.Limits{}, files)
	go func() { _ = s.ServeTLS(l, "", "") }()
	defer s.Close()
	served := func(most uint16) (string, error) {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MaxVersion: most}} // the name is looked at below
		conn, err := d.DialContext(context.Background(), "tcp", l.Addr().String())
		if err != nil {
			return "", err
		}
		defer conn.Close()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName, nil
	}
	if name, err := served(0); err != nil || name != "first" {
		t.Fatal(name, err)
	}
	if name, err := served(tls.VersionTLS11); err == nil {
		t.Errorf("TLS 1.1 was served, by %s", name)
	}
	certificate(t, dir, "second")
	for deadline := time.Now().Add(30 * time.Second); ; {
		name, err := served(0)
		if err != nil {
			t.Fatal(err)
		}
		if name == "second" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the changed certificate was never served")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := os.WriteFile(c, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // until the files are looked at again
	if name, err := served(0); err != nil || name != "second" {
		t.Errorf("after the file broke: %s, %v", name, err)
	}
}

// TestBodiesOfListeners: what a listener may be set to take arrives there, and how much it
// really takes is its own word.
func TestBodiesOfListeners(t *testing.T) {
	listener := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 5<<20))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		fmt.Fprint(w, n)
	})
	url := front(t, io.Discard, ingress.Limits{}, ingress.Route{Source: "corp", Socket: plugin(t, listener)})
	if a := send(t, "POST", url+"/in/corp/v2/Bulk", "", strings.Repeat("x", 4<<20)); a.status != 200 || a.body != strconv.Itoa(4<<20) {
		t.Errorf("%d %.100s", a.status, a.body)
	}
	if a := send(t, "POST", url+"/in/corp/v2/Bulk", "", strings.Repeat("x", 6<<20)); a.status != http.StatusRequestEntityTooLarge || a.body != strconv.Itoa(5<<20) {
		t.Errorf("%d %.100s", a.status, a.body)
	}
}
