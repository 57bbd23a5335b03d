package okta

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// bucket names of the published rate limit table.
const (
	appsList  = "apps"
	appOne    = "apps/{id}"
	groupList = "groups"
	groupOne  = "groups/{id}"
	userList  = "users"
	userOne   = "users/{id}"
	logs      = "logs"
	other     = "other"
)

// share is the part of a bucket that one token or app gets by default.
const share = 2

var published = map[string]map[string]int{
	"integrator": {appsList: 20, appOne: 100, groupList: 100, groupOne: 100, userList: 100, userOne: 100, logs: 20, other: 100},
	"one-app":    {appsList: 100, appOne: 600, groupList: 600, groupOne: 600, userList: 600, userOne: 1000, logs: 50, other: 600},
	"enterprise": {appsList: 100, appOne: 600, groupList: 600, groupOne: 600, userList: 600, userOne: 1000, logs: 50, other: 600},
	"workforce":  {appsList: 100, appOne: 500, groupList: 500, groupOne: 1000, userList: 600, userOne: 2000, logs: 120, other: 1200},
}

const openLimit = 200_000

// limitTable gives requests per minute by bucket, already cut to a token's share. Unknown names give the open table.
func limitTable(name string) map[string]int {
	if name == "vendor" {
		name = "workforce"
	}
	t := map[string]int{}
	for b, n := range published[name] {
		t[b] = n / share
	}
	return t
}

func bucketOf(method, path string) string {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(path, "/api/v1"), "/"), "/")
	one := len(parts) > 1
	switch {
	case parts[0] == "apps" && one:
		return appOne
	case parts[0] == "apps":
		return appsList
	case parts[0] == "groups" && one:
		return groupOne
	case parts[0] == "groups":
		return groupList
	case parts[0] == "users" && one:
		return userOne
	case parts[0] == "users" && method == http.MethodGet:
		return userList
	case parts[0] == "logs":
		return logs
	}
	return other
}

// window is a bucket's minute; it starts with its first request and is not aligned to the clock.
type window struct {
	ends time.Time
	used int
}

type limiter struct {
	now     func() time.Time
	mu      sync.Mutex
	table   map[string]int
	windows map[string]*window
}

func (l *limiter) use(table map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.table, l.windows = table, map[string]*window{}
}

// admit counts the request, sets the rate headers and tells whether the request may go on.
func (l *limiter) admit(w http.ResponseWriter, method, path string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := bucketOf(method, path)
	limit, limited := l.table[bucket]
	if !limited {
		limit = openLimit
	}
	now := l.now()
	win := l.windows[bucket]
	if win == nil || !now.Before(win.ends) {
		win = &window{ends: now.Add(time.Minute)}
		l.windows[bucket] = win
	}
	win.used++
	rateHeaders(w, limit, max(0, limit-win.used), win.ends)
	return win.used <= limit
}

// rateHeaders rounds the reset up: a client that waits until then must not come too early.
func rateHeaders(w http.ResponseWriter, limit, remaining int, reset time.Time) {
	w.Header().Set("X-Rate-Limit-Limit", strconv.Itoa(limit))
	w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(remaining))
	w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(reset.Add(time.Second-1).Unix(), 10))
}

// TooMany writes the 429 answer; concurrent is the one for too many requests at a time, whose headers say 0 of 0.
func (o *Org) TooMany(w http.ResponseWriter, concurrent bool) {
	if concurrent {
		rateHeaders(w, 0, 0, o.now().Add(2*time.Second))
	}
	if w.Header().Get("X-Rate-Limit-Reset") == "" {
		rateHeaders(w, 600, 0, o.now().Add(time.Second))
	}
	o.fail(w, http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
}
