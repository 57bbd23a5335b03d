package remote

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// answer is what a request gets. cut sends half of the body and closes; gone closes at
// once.
type answer struct {
	status int
	body   any
	cut    bool
	gone   bool
}

var notFound = answer{status: http.StatusNotFound, body: map[string]string{"error": "there is no such record"}}

// ServeHTTP serves one request of a plugin.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.begin()
	defer w.end()
	system, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var ops batch
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&ops); err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
	}
	w.mu.Lock()
	a := w.answer(system, rest, r, ops)
	w.mu.Unlock()
	body, _ := json.Marshal(a.body) // plain data: cannot fail
	switch {
	case a.gone:
		panic(http.ErrAbortHandler)
	case a.cut:
		rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = rw.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	if a.status == http.StatusTooManyRequests {
		rw.Header().Set("Retry-After", "20")
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(max(a.status, http.StatusOK))
	_, _ = rw.Write(body)
}

func (w *World) answer(system, rest string, r *http.Request, ops batch) answer {
	q := r.URL.Query()
	what, key, one := strings.Cut(rest, "/")
	one = one || q.Has("email") || q.Has("username") || q.Has("name")
	kind, page := what, 0
	switch {
	case what == "operations" || what == "changes":
	case one:
		kind = "lookup"
	default:
		page = position(q.Get("cursor")) / max(w.PageSize, 1)
	}
	if f := w.match(system, kind, page, Unavailable, Storm, PluginCrash, NoLookup, Refused, LostScope); f != nil {
		if a, done := w.refuse(f, kind); done {
			return a
		}
	}
	switch kind {
	case "operations":
		return w.operations(system, ops)
	case "changes":
		return w.changes(system, q.Get("since"))
	case "lookup":
		return w.lookup(system, what, key, q)
	}
	return w.listing(system, what, q.Get("cursor"), page)
}

// refuse answers in place of the record or the listing.
func (w *World) refuse(f *Fault, kind string) (answer, bool) {
	refused := func(status int) (answer, bool) {
		return answer{status: status, body: map[string]string{"error": string(f.Kind)}}, true
	}
	switch f.Kind {
	case Storm:
		return refused(http.StatusTooManyRequests)
	case LostScope:
		if kind == "lookup" {
			return notFound, true
		}
		return refused(http.StatusForbidden)
	case PluginCrash:
		w.Kill(f.System)
		return answer{gone: true}, true
	}
	return refused(http.StatusServiceUnavailable)
}

// position reads a cursor: a number, and a mark that makes the same place look like
// another.
func position(cursor string) int {
	number, _, _ := strings.Cut(cursor, "~")
	n, _ := strconv.Atoi(number)
	return n
}
