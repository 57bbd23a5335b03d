// Package front stands before every stand-in's handlers: it reads the body, lets faults happen, and writes the request
// log. It knows no vendor's paths.
package front

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/reqlog"
)

const (
	maxRequestBody  = 8 << 20
	defaultHugePage = 40 << 20
)

// Front serves one listener.
type Front struct {
	Server  string // name in log and fault rules
	Log     *reqlog.Log
	Faults  *fault.Set
	Now     func() time.Time
	Handler http.Handler
	// Error writes the vendor's error answer for an injected status. retryAfter is in seconds, 0 = none.
	Error func(w http.ResponseWriter, r *http.Request, status, retryAfter int)

	MaxInFlight int // requests at a time; 0 = any number
	Busy        func(w http.ResponseWriter)
	inFlight    atomic.Int64
}

// ServeHTTP serves and logs one request. The log entry is written before the answer leaves, so that a client that has
// its answer finds its request in the log.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer f.inFlight.Add(-1)
	busy := f.inFlight.Add(1) > int64(f.MaxInFlight) && f.MaxInFlight > 0
	entry := reqlog.Entry{Time: f.Now(), Server: f.Server, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err != nil {
		entry.Status = http.StatusRequestEntityTooLarge
		f.Log.Append(entry)
		http.Error(w, "request body unreadable", entry.Status)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	entry.Body = loggable(r.Header.Get("Content-Type"), body)
	if busy {
		answer := NewAnswer()
		f.Busy(answer)
		entry.Status = answer.Status
		f.Log.Append(entry)
		f.send(w, answer, fault.Plan{})
		return
	}
	plan := f.Faults.Match(f.Server, r)
	entry.Faults = plan.Names

	rec := f.Log.NewRecord()
	answer := f.answer(r.WithContext(fault.WithPlan(reqlog.WithRecord(r.Context(), rec), plan)), plan)
	entry.Effects = rec.Effects()
	if answer != nil && !plan.Is(fault.LostResponse) {
		entry.Status = answer.Status
	}
	f.Log.Append(entry)
	if !wait(r, plan.Delay) || entry.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	f.send(w, answer, plan)
}

// answer runs the handler unless a fault answers in its place. nil: no answer at all.
func (f *Front) answer(r *http.Request, plan fault.Plan) *Answer {
	w := NewAnswer()
	switch plan.Main.Kind {
	case fault.DropRequest:
		return nil
	case fault.Status:
		f.Error(w, r, plan.Main.Status, plan.Main.RetryAfter)
	case fault.LostScope:
		f.Error(w, r, http.StatusForbidden, 0)
	case fault.HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(max(plan.Main.Status, http.StatusOK))
		io.WriteString(w, "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>One moment, please.</p></body></html>")
	default:
		f.Handler.ServeHTTP(w, r)
	}
	return w
}

// loggable cuts a body to what the log keeps. Forms lose their credentials.
func loggable(contentType string, body []byte) string {
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return "(a form that cannot be read)"
		}
		for _, secret := range []string{"client_assertion", "client_secret", "password"} {
			if form.Has(secret) {
				form.Set(secret, "redacted")
			}
		}
		body = []byte(form.Encode())
	}
	return string(body[:min(len(body), reqlog.MaxBody)])
}

func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (f *Front) send(w http.ResponseWriter, answer *Answer, plan fault.Plan) {
	h := w.Header()
	for name, values := range answer.header {
		h[name] = values
	}
	h.Set("Date", f.Now().Add(plan.Skew).UTC().Format(http.TimeFormat))
	body := answer.body.Bytes()
	promised := len(body)
	switch plan.Main.Kind {
	case fault.TruncatedJSON:
		body = body[:len(body)/2]
		promised = len(body)
	case fault.CutBody:
		body = body[:len(body)/2]
	case fault.HugePage:
		body = pad(body, plan.Main.Bytes)
		promised = len(body)
	}
	if answer.Status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(promised))
	}
	w.WriteHeader(answer.Status)
	w.Write(body)
	if len(body) < promised || (plan.Is(fault.CutBody) && promised == 0) {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// pad appends spaces, which JSON allows after a value.
func pad(body []byte, size int64) []byte {
	if size <= 0 {
		size = defaultHugePage
	}
	if missing := size - int64(len(body)); missing > 0 {
		return append(bytes.Clone(body), bytes.Repeat([]byte{' '}, int(missing))...)
	}
	return body
}
