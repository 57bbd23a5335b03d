package httpx

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// limiter keeps what is known of each route's limit. Within an announced window it
// lets requests go as fast as they come until the client's share is used up, then
// holds the route until the window ends: that wastes nothing of the limit, and other
// routes go on.
type limiter struct {
	mu     sync.Mutex
	share  float64
	every  time.Duration // with burst: the rate set beforehand; 0: none
	burst  int
	routes map[string]*route
}

type route struct {
	limit     float64 // of the window, 0: unknown
	remaining float64 // as last announced, less the requests begun since
	inFlight  float64
	reset     time.Time // when the window ends
	held      time.Time // refused until then
	next      time.Time // of the rate set beforehand: when the bucket is full again
}

func newLimiter() *limiter { return &limiter{share: 1, routes: map[string]*route{}} }

func (l *limiter) of(key string) *route {
	r := l.routes[key]
	if r == nil {
		r = &route{}
		l.routes[key] = r
	}
	return r
}

// take lets one request begin, or says how long to wait before asking again. Every
// request that began ends with learn or giveBack.
func (l *limiter) take(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.of(key)
	if wait := r.held.Sub(now); wait > 0 {
		return wait
	}
	if r.limit > 0 && now.Before(r.reset) && r.remaining-1 < r.limit*(1-l.share) {
		return r.reset.Sub(now)
	}
	if l.every > 0 {
		full := maxTime(r.next, now)
		if wait := full.Sub(now) - time.Duration(l.burst-1)*l.every; wait > 0 {
			return wait
		}
		r.next = full.Add(l.every)
	}
	r.remaining--
	r.inFlight++
	return 0
}

// giveBack ends a request that got no answer.
func (l *limiter) giveBack(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.of(key)
	r.inFlight--
}

// fallback is how long a route is held that refused without saying for how long.
const fallback = 5 * time.Second

// learn ends a request and takes in what its answer says of the limit.
func (l *limiter) learn(key string, status int, h http.Header, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.of(key)
	r.inFlight--
	if a, ok := announced(h, now); ok {
		switch {
		case a.reset.After(r.reset.Add(time.Second)) || !now.Before(r.reset): // a new window
			r.remaining = a.remaining - r.inFlight
		default: // answers overtake each other: the least is the truth
			r.remaining = min(r.remaining, a.remaining-r.inFlight)
		}
		r.limit, r.reset = a.limit, maxTime(a.reset, r.reset)
	}
	if status != http.StatusTooManyRequests {
		return
	}
	wait, ok := retryAfter(h, now)
	switch {
	case ok:
	case r.reset.After(now):
		wait = r.reset.Sub(now)
	default:
		wait = fallback
	}
	r.held = maxTime(r.held, now.Add(wait))
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// RouteByPath takes requests whose paths differ in ids alone for one route: parts of
// the path that are long and hold a digit, or an @, count as ids.
func RouteByPath(_, path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if len(part) > 4 && strings.ContainsAny(part, "0123456789") || strings.Contains(part, "@") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}
