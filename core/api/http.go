package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"

	"syncgateway/core/engine"
)

// maxBody bounds a request: a plan file is the largest of them.
const maxBody = 1 << 30

// Handler serves the API. It is for a unix socket or for this process alone: whoever
// can reach it may do everything. Public serves what may face a network.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	s.public(mux)
	mux.HandleFunc("GET /v1/status", reply(func(r *http.Request, _ struct{}) (*StatusAnswer, error) { return s.Status(r.Context()) }))
	mux.HandleFunc("GET /v1/runs", reply(func(r *http.Request, _ struct{}) (any, error) {
		return s.Runs(r.Context(), r.URL.Query().Get("sync"), limitOf(r))
	}))
	mux.HandleFunc("GET /v1/runs/{id}", reply(func(r *http.Request, _ struct{}) (*ShowAnswer, error) {
		id := r.PathValue("id")
		if id == "latest" {
			id = ""
		}
		return s.Show(r.Context(), id)
	}))
	mux.HandleFunc("GET /v1/people", reply(func(r *http.Request, _ struct{}) (any, error) {
		q := r.URL.Query()
		return s.People(r.Context(), q.Get("sync"), q.Get("outcome"), limitOf(r))
	}))
	mux.HandleFunc("GET /v1/explain", reply(func(r *http.Request, _ struct{}) (*ExplainAnswer, error) {
		q := r.URL.Query()
		return s.Explain(r.Context(), ExplainRequest{Sync: q.Get("sync"), User: q.Get("user"), Group: q.Get("group"), At: q.Get("at")})
	}))
	mux.HandleFunc("POST /v1/explain", reply(func(r *http.Request, q ExplainRequest) (*ExplainAnswer, error) { return s.Explain(r.Context(), q) }))
	mux.HandleFunc("GET /v1/lookup", reply(func(r *http.Request, _ struct{}) (any, error) {
		return s.Lookup(r.Context(), r.URL.Query().Get("user"))
	}))
	mux.HandleFunc("GET /v1/leavers", reply(func(r *http.Request, _ struct{}) (*LeaversAnswer, error) {
		since, err := moment(r, "since")
		if err != nil {
			return nil, err
		}
		return s.Leavers(r.Context(), r.URL.Query().Get("sync"), since)
	}))
	mux.HandleFunc("GET /v1/audit", s.exportAudit)
	mux.HandleFunc("GET /v1/audit/verify", reply(s.verifyAudit))
	mux.HandleFunc("POST /v1/approvals", reply(func(r *http.Request, q ApproveRequest) (*ApproveAnswer, error) { return s.Approve(r.Context(), q) }))
	mux.HandleFunc("POST /v1/pauses", reply(func(r *http.Request, q PauseRequest) (*PauseAnswer, error) { return s.Pause(r.Context(), q) }))
	mux.HandleFunc("GET /v1/tokens", reply(func(r *http.Request, _ struct{}) (any, error) {
		return s.Tokens(r.Context(), r.URL.Query().Get("source"))
	}))
	mux.HandleFunc("POST /v1/tokens", reply(func(r *http.Request, q TokenRequest) (*TokenAnswer, error) { return s.Token(r.Context(), q) }))
	mux.HandleFunc("POST /v1/impacts", reply(func(r *http.Request, q ImpactRequest) (*engine.Comparison, error) { return s.Impact(r.Context(), q) }))
	mux.HandleFunc("POST /v1/triggers", reply(func(r *http.Request, q TriggerRequest) (struct{}, error) {
		return struct{}{}, s.Trigger(r.Context(), q)
	}))
	mux.HandleFunc("POST /v1/runs", stream(s, func(ctx context.Context, q RunRequest, tell func(event)) (any, error) {
		return s.Run(ctx, q, "cli")
	}))
	mux.HandleFunc("POST /v1/checks", stream(s, func(ctx context.Context, q CheckRequest, tell func(event)) (any, error) {
		return s.Check(ctx, q, func(st CheckStep) { tell(event{Step: &st}) })
	}))
	return mux
}

// Public serves what holds no personal data and changes nothing: health, metrics and
// the description of the API.
func (s *Service) Public() http.Handler {
	mux := http.NewServeMux()
	s.public(mux)
	return mux
}

func (s *Service) public(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openAPI)
	})
}

func limitOf(r *http.Request) int {
	const byDefault, most = 50, 10_000
	n, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || n <= 0 {
		return byDefault
	}
	return min(n, most)
}

// reply answers with one value.
func reply[Q, A any](f func(*http.Request, Q) (A, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q Q
		if r.Method != http.MethodGet && !read(w, r, &q) {
			return
		}
		sign(r.Context(), &q)
		a, err := f(r, q)
		if err != nil {
			fail(w, err)
			return
		}
		write(w, http.StatusOK, a)
	}
}

func read(w http.ResponseWriter, r *http.Request, to any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		fail(w, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: "the request is not what the API takes: " + err.Error()})
		return false
	}
	return true
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

func fail(w http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Status: http.StatusInternalServerError, Code: CodeFailed, Message: err.Error()}
	}
	write(w, e.Status, e)
}

// concerns reports whether a request may be told of p: who asked for a run of one sync
// is not told of another.
func concerns(q any, p engine.Progress) bool {
	run, ok := q.(RunRequest)
	return !ok || run.Sync == "" || run.Sync == p.Sync
}

// stream answers with JSON lines: progress and steps as they come, then the result or
// the error.
func stream[Q any](s *Service, f func(ctx context.Context, q Q, tell func(event)) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q Q
		if !read(w, r, &q) {
			return
		}
		sign(r.Context(), &q)
		w.Header().Set("Content-Type", "application/x-ndjson")
		var mu sync.Mutex
		enc := json.NewEncoder(w)
		tell := func(ev event) {
			mu.Lock()
			defer mu.Unlock()
			_ = enc.Encode(ev) // the client may be gone; the work goes on
			if fl, ok := w.(http.Flusher); ok {
				fl.Flush()
			}
		}
		stop := s.Gateway.Watch(func(p engine.Progress) {
			if concerns(q, p) {
				tell(event{Progress: &p})
			}
		})
		defer stop()
		a, err := f(r.Context(), q, tell)
		if err != nil {
			tell(event{Error: s.fault(err)})
			return
		}
		body, err := json.Marshal(a)
		if err != nil {
			tell(event{Error: s.fault(err)})
			return
		}
		tell(event{Result: body})
	}
}
