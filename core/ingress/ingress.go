// Package ingress is the gateway's front door: the one listener that identity
// providers push to. It does TLS, limits and routing, and forwards what is below
// /in/SOURCE/ to the unix socket of that source's listener plugin. It knows nothing of
// SCIM and keeps nothing.
package ingress

import (
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Prefix is what the path of every pushed request begins with.
const Prefix = "/in/"

// Limits bound what clients may cost. The zero value of a field is its default.
type Limits struct {
	Body            int64         // bytes of one request; 0: 64 MiB, the most that a listener may be set to take
	Connections     int           // open at a time; 0: 1024
	PerAddress      int           // of them from one address; 0: 256
	Requests        int           // of one source worked on at a time; 0: 256
	SourceRate      float64       // requests of one source a second; 0: 50000
	SourceBurst     int           // at once; 0: twice the rate
	Failures        int           // refused credentials of one address a minute; 0: 300
	HeaderTime      time.Duration // for a request's headers; 0: 10 s
	BodyTime        time.Duration // for a whole request; 0: 30 s
	AnswerTime      time.Duration // for the plugin's answer; 0: 60 s
	HeaderBytes     int           // 0: 64 KiB
	KnownGoodTokens int           // digests of accepted credentials that are remembered; 0: 256
}

func (l Limits) withDefaults() Limits {
	set(&l.Body, 64<<20)
	set(&l.Connections, 1024)
	set(&l.PerAddress, 256)
	set(&l.Requests, 256)
	set(&l.SourceRate, 50_000)
	set(&l.SourceBurst, int(2*l.SourceRate))
	set(&l.Failures, 300)
	set(&l.HeaderTime, 10*time.Second)
	set(&l.BodyTime, 30*time.Second)
	set(&l.AnswerTime, time.Minute)
	set(&l.HeaderBytes, 64<<10)
	set(&l.KnownGoodTokens, 256)
	return l
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Route is one source that is pushed to.
type Route struct {
	Source string // the name in the path
	Socket string // unix socket of its plugin
	// Authenticate judges the credential of a request before anything else is done with
	// it. nil leaves it to the plugin.
	Authenticate func(authorization string) Caller
}

// Caller is what a credential turned out to be.
type Caller struct {
	OK    bool
	Name  string // of the token, for the log and for the plugin
	Scope string // "", or "read": it may not write
	Pass  bool   // not known here: the plugin judges it
}

// Headers that the front door alone sets; a client's are taken away. A listener plugin
// may believe them, since nobody else can reach its socket.
const (
	CallerHeader = "Gateway-Caller" // name of the token that was accepted
	ScopeHeader  = "Gateway-Access" // "read" where it may not write
)

// Door forwards requests. It is safe for concurrent use.
type Door struct {
	limits Limits
	routes map[string]*route
	log    hclog.Logger
	now    func() time.Time
	failed *failures
}

// New makes a door with one route for each source. log gets one line a request.
func New(routes []Route, limits Limits, log hclog.Logger, now func() time.Time) *Door {
	d := &Door{limits: limits.withDefaults(), routes: map[string]*route{}, log: log, now: now}
	d.failed = newFailures(d.limits.Failures, d.limits.KnownGoodTokens, now)
	for _, r := range routes {
		d.routes[r.Source] = newRoute(r, d.limits, now)
	}
	return d
}

// Close ends the connections to the plugins.
func (d *Door) Close() {
	for _, r := range d.routes {
		r.pool.close()
	}
}

// ServeHTTP implements http.Handler for everything below Prefix.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := &watched{ResponseWriter: w, began: d.now()}
	source, rest := split(r.URL.EscapedPath())
	to := d.routes[source]
	caller := d.serve(seen, r, to, rest)
	d.record(r, seen, source, to != nil, caller)
	if seen.broken {
		panic(http.ErrAbortHandler) // so that nobody takes the part for the whole
	}
}

// serve answers one request, and returns the caller's name where it is known.
func (d *Door) serve(w *watched, r *http.Request, to *route, rest string) string {
	address := remoteAddress(r)
	authorization := r.Header.Get("Authorization")
	if wait := d.failed.blocked(address, authorization); wait > 0 {
		refuse(w, http.StatusTooManyRequests, wait, "too many requests with a credential that is not accepted came from this address")
		return ""
	}
	if to == nil { // whoever has no credential for a source learns nothing of which there are
		d.failed.failed(address, authorization)
		w.Header().Set("WWW-Authenticate", `Bearer realm="gateway"`)
		refuse(w, http.StatusUnauthorized, 0, "a bearer token is needed")
		return ""
	}
	caller := to.authenticate(authorization)
	if !caller.OK && !caller.Pass {
		d.failed.failed(address, authorization)
		w.Header().Set("WWW-Authenticate", `Bearer realm="gateway"`)
		refuse(w, http.StatusUnauthorized, 0, "the credential is not accepted")
		return ""
	}
	if wait := to.rate.take(d.now()); wait > 0 {
		refuse(w, http.StatusTooManyRequests, wait, "too many requests")
		return caller.Name
	}
	status := to.forward(w, r, rest, caller)
	if status == http.StatusUnauthorized {
		d.failed.failed(address, authorization)
	} else if authorization != "" && status < http.StatusInternalServerError {
		d.failed.accepted(authorization)
	}
	return caller.Name
}

// split takes the source's name off a path: "/in/corp/v2/Users" is "corp", "/v2/Users".
func split(path string) (source, rest string) {
	after, ok := strings.CutPrefix(path, Prefix)
	if !ok {
		return "", ""
	}
	source, rest, _ = strings.Cut(after, "/")
	return source, "/" + rest
}
