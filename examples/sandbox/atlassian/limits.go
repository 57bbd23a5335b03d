package atlassian

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// perSecond are the published burst rates of a site, per endpoint and method; the bucket holds one second's worth.
var perSecond = map[string]float64{"GET": 100, "POST": 100, "PUT": 50, "DELETE": 50, "PATCH": 50}

// The organisation's rates are not published; these are of the order that clients report.
const (
	adminPerMinute = 600
	openCapacity   = 1 << 20
)

type bucket struct {
	tokens float64
	filled time.Time
}

type limiter struct {
	now func() time.Time

	mu                sync.Mutex
	limited           bool
	withoutRetryAfter bool
	buckets           map[string]*bucket
}

func (l *limiter) use(limited, withoutRetryAfter bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limited, l.withoutRetryAfter, l.buckets = limited, withoutRetryAfter, map[string]*bucket{}
}

// admit takes a token from the bucket of endpoint and method, sets the headers and tells whether there was one.
func (l *limiter) admit(w http.ResponseWriter, endpoint, method string, rate float64, capacity int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.limited {
		w.Header().Set("X-RateLimit-Limit", strconv.Itoa(openCapacity))
		w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(openCapacity-1))
		return true
	}
	now := l.now()
	b := l.buckets[method+" "+endpoint]
	if b == nil {
		b = &bucket{tokens: float64(capacity), filled: now}
		l.buckets[method+" "+endpoint] = b
	}
	b.tokens = min(float64(capacity), b.tokens+now.Sub(b.filled).Seconds()*rate)
	b.filled = now
	admitted := b.tokens >= 1
	if admitted {
		b.tokens--
	}
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(capacity))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(int(b.tokens)))
	if int(b.tokens)*5 < capacity {
		w.Header().Set("X-RateLimit-NearLimit", "true")
	}
	if !admitted {
		l.tooMany(w, 1, now)
	}
	return admitted
}

// tooMany sets the headers of a 429. The reset is written in whole minutes, rounded up.
func (l *limiter) tooMany(w http.ResponseWriter, retryAfter int, now time.Time) {
	reset := now.Add(time.Duration(retryAfter)*time.Second + time.Minute - 1).Truncate(time.Minute)
	w.Header().Set("X-RateLimit-Remaining", "0")
	w.Header().Set("X-RateLimit-Reset", reset.UTC().Format("2006-01-02T15:04Z"))
	if !l.withoutRetryAfter && retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
}
