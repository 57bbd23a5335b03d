package httpx

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// window is a limit as a system announces it.
type window struct {
	limit, remaining float64
	reset            time.Time // by our clock
}

var limitPrefixes = []string{"X-Rate-Limit-", "X-Ratelimit-", "Ratelimit-"}

// announced reads the limit headers that vendors use. All three must be there.
func announced(h http.Header, now time.Time) (window, bool) {
	for _, prefix := range limitPrefixes {
		limit, okLimit := number(h.Get(prefix + "Limit"))
		remaining, okRemaining := number(h.Get(prefix + "Remaining"))
		reset, okReset := moment(h.Get(prefix+"Reset"), h, now)
		if okLimit && okRemaining && okReset && limit > 0 {
			return window{limit, remaining, reset}, true
		}
	}
	return window{}, false
}

func number(s string) (float64, bool) {
	s, _, _ = strings.Cut(s, ",") // "100, 100;w=60"
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return n, err == nil && n >= 0 && n < 1e15
}

// Numbers from which on a reset is a moment since 1970, in seconds or milliseconds,
// and not a span.
const (
	epochSeconds = 1e9
	epochMillis  = 1e12
)

// farthest is how far ahead a moment in a header is believed.
const farthest = 24 * time.Hour

// moment reads a reset header: seconds from now, seconds or milliseconds since 1970,
// or a date. Moments are the server's: its Date header tells how far off ours is.
func moment(s string, h http.Header, now time.Time) (time.Time, bool) {
	at, ok := parseMoment(strings.TrimSpace(s), now, skew(h, now))
	if !ok || at.Sub(now) > farthest {
		return time.Time{}, false
	}
	return at, true
}

func parseMoment(s string, now time.Time, skew time.Duration) (time.Time, bool) {
	if n, ok := number(s); ok {
		switch {
		case n >= epochMillis:
			return time.UnixMilli(int64(n)).Add(skew), true
		case n >= epochSeconds:
			return time.Unix(int64(n), 0).Add(skew), true
		}
		return now.Add(time.Duration(min(n, 1e8) * float64(time.Second))), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", http.TimeFormat} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Add(skew), true
		}
	}
	return time.Time{}, false
}

// skew is how far our clock is ahead of the server's.
func skew(h http.Header, now time.Time) time.Duration {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	if off := now.Sub(date); off >= 2*time.Second || off <= -2*time.Second { // a Date has whole seconds
		return off
	}
	return 0
}

// retryAfter reads Retry-After: seconds, or a date by the server's clock.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	s := h.Get("Retry-After")
	if s == "" {
		return 0, false
	}
	at, ok := moment(s, h, now)
	return max(at.Sub(now), 0), ok
}
