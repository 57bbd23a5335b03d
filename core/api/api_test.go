package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/audit"
	"syncgateway/core/config"
	"syncgateway/core/diag"
	"syncgateway/core/engine"
	"syncgateway/core/gateway"
	"syncgateway/core/schedule"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
	"syncgateway/core/token"
)

// broken has no connector that works.
type broken struct{ err error }

func (b broken) Get(context.Context, string) (engine.Connector, error) { return nil, b.err }

const canary = "s3cret-c4nary"

// service is the API of a gateway whose connectors all fail with err.
func service(t *testing.T, err error) *Service {
	t.Helper()
	text := `
source "none" "hr" { token = env("TOKEN") }
target "none" "app" {}
sync "staff" {
  from = [source.none.hr]
  to   = target.none.app
  schedule { on = ["event"] }
}
`
	cfg, ds := config.Parse([]byte(text), "gateway.hcl", config.World{LookupEnv: func(string) (string, bool) { return canary, true }})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	st, oerr := sqlite.Open(t.Context(), t.TempDir())
	if oerr != nil {
		t.Fatal(oerr)
	}
	t.Cleanup(func() { _ = st.Close() })
	g := &gateway.Gateway{Config: cfg, Store: st, Redact: diag.NewRedactor(canary), Log: hclog.NewNullLogger(), Version: "test"}
	g.Audit = &audit.Log{Redact: g.Redact, Now: time.Now}
	g.Tokens = &token.Book{Store: st, Now: time.Now}
	g.Engine = &engine.Engine{Store: st, Config: cfg, Connectors: broken{err}, Log: g.Log, Now: time.Now, Redact: g.Redact}
	if g.Plugins, oerr = gateway.OpenPlugins(cfg, g.Log, g.Version); oerr != nil {
		t.Fatal(oerr)
	}
	t.Cleanup(g.Plugins.Close)
	return &Service{Gateway: g}
}

func call(t *testing.T, h http.Handler, method, path, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func TestErrorsHaveStatusAndCode(t *testing.T) {
	h := service(t, errors.New("no connector")).Handler()
	for _, x := range []struct {
		method, path, body string
		status             int
		code, text         string
	}{
		{"POST", "/v1/runs", `{"sync":"staff","aply":true}`, 400, CodeUsage, "aply"},
		{"POST", "/v1/runs", `{"sync":`, 400, CodeUsage, ""},
		{"POST", "/v1/runs", ``, 400, CodeUsage, ""},
		{"POST", "/v1/runs", `{"sync":7}`, 400, CodeUsage, "sync"},
		{"POST", "/v1/approvals", `{"digest":"0123456789","who":"me","limit":"none"}`, 400, CodeUsage, "limit"},
		{"POST", "/v1/approvals", `{"digest":"0123456789"}`, 400, CodeUsage, "needs a name"},
		{"POST", "/v1/approvals", `{"digest":"0123","who":"me"}`, 400, CodeUsage, "at least 8"},
		{"POST", "/v1/approvals", `{"digest":"0123456789","who":"me"}`, 404, CodeNotFound, "no held plan"},
		{"POST", "/v1/triggers", `{"sync":"staff","on":"event"}`, 409, CodeUsage, "gateway serve"},
		{"POST", "/v1/triggers", `{"sync":"none","on":"event"}`, 404, CodeUsage, "staff"},
		{"GET", "/v1/runs/none", "", 404, CodeNotFound, ""},
		{"GET", "/v1/runs/latest", "", 404, CodeNotFound, ""},
		{"GET", "/v1/people?sync=none", "", 404, CodeUsage, "there is no sync"},
		{"GET", "/v1/explain?sync=none&user=x", "", 404, CodeUsage, "there is no sync"},
	} {
		status, body := call(t, h, x.method, x.path, x.body)
		var e Error
		if err := json.Unmarshal([]byte(body), &e); err != nil || status != x.status || e.Code != x.code || !strings.Contains(e.Message, x.text) {
			t.Errorf("%s %s %s: %d %s (%v)", x.method, x.path, x.body, status, body, err)
		}
	}
	if status, _ := call(t, h, "DELETE", "/v1/runs", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %d", status)
	}
	if status, _ := call(t, h, "GET", "/v1/nothing", ""); status != http.StatusNotFound {
		t.Errorf("no such path: %d", status)
	}
}

// A streamed answer ends with its result or its error, which has its code whatever the
// status was.
func TestStreamedErrors(t *testing.T) {
	for _, x := range []struct {
		err  error
		q    RunRequest
		code string
	}{
		{errors.New("the plugin says " + canary), RunRequest{Sync: "staff"}, CodeFailed},
		{store.ErrFull, RunRequest{Sync: "staff"}, CodeEnvironment},
		{os.ErrPermission, RunRequest{Sync: "staff"}, CodeEnvironment},
		{diag.Diagnostics{{Severity: diag.Error, Summary: "wrong"}}, RunRequest{Sync: "staff"}, CodeConfig},
		{nil, RunRequest{Sync: "none"}, CodeUsage},
		{nil, RunRequest{Sync: "staff", Mode: "fast"}, CodeUsage},
		{nil, RunRequest{Plan: []byte("no plan")}, CodeUsage},
	} {
		c := Local(service(t, x.err).Handler())
		_, err := c.Run(t.Context(), x.q)
		var e *Error
		if !errors.As(err, &e) || e.Code != x.code {
			t.Errorf("%v %+v: got %v", x.err, x.q, err)
			continue
		}
		if strings.Contains(fmt.Sprintf("%+v %v", e, e.Run), canary) {
			t.Errorf("a secret is shown: %v", err)
		}
		if x.err != nil && e.Run == nil {
			t.Errorf("%v: a run that began is not reported", x.err)
		}
	}
}

// The client of handlers in this process gets what is written while the handler still
// works.
func TestLocalClientStreams(t *testing.T) {
	seen := make(chan string)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		enc := json.NewEncoder(w)
		for _, stage := range []string{"first", "second"} {
			_ = enc.Encode(event{Progress: &engine.Progress{Stage: stage}})
			if got := <-seen; got != stage { // the client has it before the handler goes on
				t.Errorf("the client saw %q, not %q", got, stage)
			}
		}
		_ = enc.Encode(event{Step: &CheckStep{Name: "n"}})
		_ = enc.Encode(event{Result: json.RawMessage(`{"passed":3}`)})
	})
	c := Local(h)
	c.Progress = func(p engine.Progress) { seen <- p.Stage }
	steps := 0
	c.Step = func(CheckStep) { steps++ }
	a, err := c.Check(t.Context(), CheckRequest{})
	if err != nil || a.Passed != 3 || steps != 1 {
		t.Errorf("%+v %d %v", a, steps, err)
	}
	for name, h := range map[string]http.HandlerFunc{
		"nothing":      func(http.ResponseWriter, *http.Request) {},
		"half an end":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"result":{"pas`) },
		"not JSON":     func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `<html>`) },
		"other status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
	} {
		if _, err := Local(h).Check(t.Context(), CheckRequest{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTriggers(t *testing.T) {
	s := service(t, errors.New("no connector"))
	ran := make(chan schedule.Trigger)
	sch, err := schedule.New([]schedule.Entry{{Name: "staff"}}, func(_ context.Context, _ string, t schedule.Trigger) { ran <- t })
	if err != nil {
		t.Fatal(err)
	}
	s.Schedule = sch
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { sch.Run(ctx); close(ended) }()
	c := Local(s.Handler())
	if err := c.Trigger(t.Context(), TriggerRequest{Sync: "staff", On: "event"}); err != nil {
		t.Fatal(err)
	}
	if got := <-ran; got != schedule.Event {
		t.Errorf("ran for %q", got)
	}
	for _, q := range []TriggerRequest{{Sync: "staff", On: "login", User: "x"}, {Sync: "staff", On: "login"}, {Sync: "staff", On: "dawn"}} {
		var e *Error
		if err := c.Trigger(t.Context(), q); !errors.As(err, &e) || e.Code != CodeUsage || e.Status != http.StatusConflict {
			t.Errorf("%+v: %v", q, err)
		}
	}
	stop()
	<-ended
}

// What faces a network changes nothing and holds no personal data.
func TestPublicHasNoAPI(t *testing.T) {
	h := service(t, nil).Public()
	for _, path := range []string{"/healthz", "/metrics", "/openapi.json"} {
		if status, body := call(t, h, "GET", path, ""); status != 200 || body == "" {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, path := range []string{"/v1/status", "/v1/runs", "/v1/people", "/v1/lookup", "/v1/explain"} {
		if status, _ := call(t, h, "GET", path, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
		if status, _ := call(t, h, "POST", path, "{}"); status != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, status)
		}
	}
}

// The description of the API names every path that there is, and no other.
func TestDescriptionIsComplete(t *testing.T) {
	var d struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(openAPI, &d); err != nil {
		t.Fatal(err)
	}
	h := service(t, errors.New("no connector")).Handler()
	var described []string
	for path, methods := range d.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
			if status, body := call(t, h, strings.ToUpper(method), strings.ReplaceAll(path, "{id}", "x"), "{}"); status == http.StatusMethodNotAllowed ||
				status == http.StatusNotFound && strings.Contains(body, "404 page not found") {
				t.Errorf("described, but not there: %s %s", method, path)
			}
		}
	}
	source, err := os.ReadFile(filepath.Join(".", "http.go"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(source), "\n") {
		if _, rest, ok := strings.Cut(line, `mux.HandleFunc("`); ok {
			route, _, _ := strings.Cut(rest, `"`)
			if !slices.Contains(described, route) {
				t.Errorf("there, but not described: %s", route)
			}
		}
	}
}

func TestSocketTakesThePlaceOfAStaleOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for range 2 {
		l, err := listenSocket(path, "")
		if err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", st, err)
		}
		_ = l // left as a killed daemon leaves it
	}
	if _, ok := Dial(t.Context(), filepath.Join(t.TempDir(), "none")); ok {
		t.Error("a daemon answers where there is none")
	}
}
