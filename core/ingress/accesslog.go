package ingress

import (
	"net/http"
	"time"
)

// watched notes what was answered.
type watched struct {
	http.ResponseWriter
	began  time.Time
	status int
	bytes  int64
	broken bool // the plugin went away in the middle of its answer
}

// WriteHeader implements http.ResponseWriter.
func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *watched) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// record writes one line. It has the path without its query, where filters name
// people, and nothing of headers or bodies.
func (d *Door) record(r *http.Request, w *watched, source string, known bool, caller string) {
	if !d.log.IsInfo() {
		return
	}
	path := r.URL.Path
	if !known { // somebody's guess: it may be anything
		source, path = "unknown", ""
	}
	d.log.Info("push", "source", source, "caller", caller, "address", remoteAddress(r), "method", r.Method, "path", path,
		"status", w.status, "bytes", w.bytes, "took", d.now().Sub(w.began).Round(time.Microsecond).String())
}
