package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"syncgateway/sdk/internal/progress"
	"syncgateway/sdk/internal/redact"
	"syncgateway/sdk/record"
)

// fakeClock stands still except while somebody sleeps.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *fakeClock { return &fakeClock{now: time.Now().Truncate(time.Second)} }

func (c *fakeClock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), append(c.slept, d)
	return ctx.Err()
}

func serve(t *testing.T, h http.HandlerFunc, options ...Option) (*Client, *fakeClock) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	clock := newClock()
	return New(s.URL+"/api", append([]Option{WithClock(clock)}, options...)...), clock
}

func reason(err error) record.Reason {
	var f *record.Failure
	if !errors.As(err, &f) {
		return 0
	}
	return f.Reason
}

func TestStatusBecomesReason(t *testing.T) {
	want := map[int]record.Reason{401: record.ReasonAuthentication, 403: record.ReasonPermission, 404: record.ReasonNotFound,
		409: record.ReasonConflict, 400: record.ReasonInvalid, 422: record.ReasonInvalid, 402: record.ReasonQuota,
		500: record.ReasonUnavailable, 503: record.ReasonUnavailable, 501: record.ReasonUnsupported}
	for status, reasonWanted := range want {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Okta-Request-Id", "req7")
			w.WriteHeader(status)
			fmt.Fprint(w, `{"errorCode":"E42","errorSummary":"no\nluck"}`)
		})
		err := c.Get(t.Context(), "/x", url.Values{"q": {"private"}}, nil)
		var f *record.Failure
		if !errors.As(err, &f) || f.Reason != reasonWanted || f.RemoteCode != "E42" || f.RequestID != "req7" {
			t.Fatalf("%d: %+v", status, err)
		}
		if !strings.Contains(f.Message, "no luck") || strings.Contains(f.Message, "private") {
			t.Errorf("%d: message %q", status, f.Message)
		}
	}
}

func TestOnlyRepeatableRequestsAreRepeated(t *testing.T) {
	calls := 0
	c, clock := serve(t, func(w http.ResponseWriter, _ *http.Request) { calls++; w.WriteHeader(503) })
	for _, test := range []struct {
		request Request
		want    int
	}{
		{Request{Method: "GET", Path: "/x"}, 5},
		{Request{Method: "DELETE", Path: "/x"}, 5},
		{Request{Method: "POST", Path: "/x"}, 1},
		{Request{Method: "POST", Path: "/x", Repeatable: true}, 5},
	} {
		calls = 0
		if _, err := c.Do(t.Context(), test.request); reason(err) != record.ReasonUnavailable || calls != test.want {
			t.Errorf("%s: %d calls, %v", test.request.Method, calls, err)
		}
	}
	if clock.slept[0] != 500*time.Millisecond || clock.slept[3] != 4*time.Second {
		t.Errorf("delays %v", clock.slept)
	}
}

func TestLimitedRequestWaitsAsTold(t *testing.T) {
	calls := 0
	var clock *fakeClock
	c, clock := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 1 {
			w.Header().Set("Date", clock.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)) // a server an hour behind
			w.Header().Set("Retry-After", clock.Now().Add(-time.Hour+40*time.Second).UTC().Format(http.TimeFormat))
			w.WriteHeader(429)
		}
	})
	var told []string
	ctx := progress.With(t.Context(), func(reason string, _ time.Time) { told = append(told, reason) })
	if err := c.Post(ctx, "/x", map[string]int{"a": 1}, nil); err != nil || calls != 2 {
		t.Fatal(calls, err)
	}
	if len(clock.slept) != 1 || clock.slept[0] != 40*time.Second || len(told) != 1 {
		t.Errorf("slept %v, told %q", clock.slept, told)
	}
}

func TestLongWaitFailsInstead(t *testing.T) {
	c, clock := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(429)
	})
	err := c.Get(t.Context(), "/x", nil, nil)
	var f *record.Failure
	if !errors.As(err, &f) || f.Reason != record.ReasonRateLimited || f.RetryAfter != 2*time.Hour || len(clock.slept) > 0 {
		t.Fatalf("%+v after %v", err, clock.slept)
	}
}

// The server allows ten requests a minute on each path and would answer 429 to more.
func TestShareOfAnnouncedLimit(t *testing.T) {
	var clock *fakeClock
	used, window, refused := map[string]int{}, time.Time{}, 0
	c, clock := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if now := clock.Now(); !now.Before(window) {
			used, window = map[string]int{}, now.Truncate(time.Minute).Add(time.Minute)
		}
		used[r.URL.Path]++
		w.Header().Set("X-Rate-Limit-Limit", "10")
		w.Header().Set("X-Rate-Limit-Remaining", fmt.Sprint(10-used[r.URL.Path]))
		w.Header().Set("X-Rate-Limit-Reset", fmt.Sprint(window.Unix()))
		if used[r.URL.Path] > 5 {
			refused++
		}
	}, Share(0.5))
	for range 12 {
		if err := c.Get(t.Context(), "/users", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if refused > 0 || len(clock.slept) != 2 {
		t.Errorf("%d requests over the share, slept %v", refused, clock.slept)
	}
	before := len(clock.slept)
	if err := c.Get(t.Context(), "/groups", nil, nil); err != nil || len(clock.slept) != before {
		t.Errorf("another route was slowed: %v, %v", err, clock.slept)
	}
}

func TestRateSetBeforehand(t *testing.T) {
	c, clock := serve(t, func(http.ResponseWriter, *http.Request) {}, Rate(2, 3))
	for range 5 {
		if err := c.Get(t.Context(), "/x", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(clock.slept) != "[500ms 500ms]" {
		t.Errorf("slept %v", clock.slept)
	}
}

func TestUnusableAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		write func(http.ResponseWriter)
		want  string
	}{
		"page":      {func(w http.ResponseWriter) { fmt.Fprint(w, "<!doctype html><p>Sign in") }, "web page instead of JSON"},
		"truncated": {func(w http.ResponseWriter) { fmt.Fprint(w, `{"a":[1,2`) }, "broke off"},
		"cut":       {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "99"); fmt.Fprint(w, `{"a"`) }, "broke off"},
		"large":     {func(w http.ResponseWriter) { fmt.Fprintf(w, `{"a":"%s"}`, strings.Repeat("x", 2<<20)) }, "larger than 1 MiB"},
		"type":      {func(w http.ResponseWriter) { fmt.Fprint(w, `{"a":{}}`) }, "what it should be"},
		"text":      {func(w http.ResponseWriter) { fmt.Fprint(w, `ok`) }, "not JSON"},
	} {
		c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { test.write(w) }, MaxBody(1<<20))
		var out struct{ A []int }
		err := c.Get(t.Context(), "/x", nil, &out)
		if reason(err) != record.ReasonUnavailable || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCredentialStaysOnItsHost(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was called") }))
	defer other.Close()
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) }, Bearer("s3cret-token"))
	if err := c.Get(t.Context(), "/x", nil, nil); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
	for _, link := range []string{other.URL + "/next", "//" + strings.TrimPrefix(other.URL, "http://"), "ftp://x/", "http://u:p@" + c.base.Host} {
		if err := c.Get(t.Context(), link, nil, nil); err == nil {
			t.Errorf("%s was followed", link)
		}
	}
}

func TestSecretsInErrors(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"message":"bad header %s"}`, r.Header.Get("Authorization"))
	}, SecretHeader("Authorization", "SSWS abcd-efgh", "abcd-efgh"))
	err := c.Get(t.Context(), "/x", nil, nil)
	if err == nil || strings.Contains(err.Error(), "abcd") || !strings.Contains(err.Error(), redact.Mask) {
		t.Error(err)
	}
}

func TestTokenIsFetchedOnceAndAgainWhenRefused(t *testing.T) {
	fetched, accepted := 0, "token-1"
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+accepted {
			w.WriteHeader(401)
		}
	}, Token(func(context.Context) (string, time.Time, error) {
		fetched++
		return fmt.Sprintf("token-%d", fetched), time.Time{}, nil
	}))
	for range 3 {
		if err := c.Get(t.Context(), "/x", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	accepted = "token-2"
	if err := c.Post(t.Context(), "/x", nil, nil); err != nil || fetched != 2 {
		t.Fatal(fetched, err)
	}
	accepted = "none"
	if err := c.Get(t.Context(), "/x", nil, nil); reason(err) != record.ReasonAuthentication || fetched != 3 {
		t.Fatal(fetched, err)
	}
}

func TestListings(t *testing.T) {
	type page struct {
		Items []int
		Next  string
	}
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch r.URL.Path {
		case "/api/links":
			if q.Get("p") != "2" {
				w.Header().Add("Link", fmt.Sprintf(`<http://%s/api/links?p=1>; rel="self", <http://%s/api/links?p=2>; rel="next"`, r.Host, r.Host))
			}
			fmt.Fprint(w, `{"items":[1]}`)
		case "/api/cursors":
			fmt.Fprintf(w, `{"items":[1],"next":%q}`, map[string]string{"": "a", "a": "b"}[q.Get("c")])
		case "/api/circle":
			fmt.Fprint(w, `{"items":[1],"next":"a"}`)
		case "/api/offsets":
			fmt.Fprint(w, map[string]string{"0": `{"items":[1,2],"next":"x"}`, "2": `{"items":[3]}`}[q.Get("at")])
		}
	})
	next := func(p *page) string { return p.Next }
	count := func(p *page) (int, bool) { return len(p.Items), p.Next != "" }
	for name, seq := range map[string]func(func(page, error) bool){
		"links":   Links[page](t.Context(), c, "/links", nil),
		"cursors": Cursors(t.Context(), c, "/cursors", nil, "c", next),
		"offsets": Offsets(t.Context(), c, "/offsets", nil, "at", count),
		"circle":  Cursors(t.Context(), c, "/circle", nil, "c", next),
	} {
		items, failed := 0, error(nil)
		for p, err := range seq {
			items, failed = items+len(p.Items), err
		}
		want := map[string]int{"links": 2, "cursors": 3, "offsets": 3, "circle": 2}[name]
		if items != want || (failed != nil) != (name == "circle") {
			t.Errorf("%s: %d items, %v", name, items, failed)
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	h := http.Header{"Date": {now.Add(-10 * time.Minute).Format(http.TimeFormat)}}
	server := now.Add(-10 * time.Minute)
	for _, s := range []string{"60", fmt.Sprint(server.Unix() + 60), fmt.Sprint(server.UnixMilli() + 60000),
		server.Add(time.Minute).Format(time.RFC3339), server.Add(time.Minute).Format("2006-01-02T15:04Z")} {
		if at, ok := moment(s, h, now); !ok || !at.Equal(now.Add(time.Minute)) {
			t.Errorf("%s: %v %v", s, at, ok)
		}
	}
	for _, s := range []string{"", "-5", "NaN", "soon", "99999999", "1e300"} {
		if at, ok := moment(s, h, now); ok {
			t.Errorf("%q: %v", s, at)
		}
	}
}

func TestBadBase(t *testing.T) {
	for _, base := range []string{"", "example.org", "ftp://x", "https://u:pass@x", "https://"} {
		c := New(base)
		if c.Err() == nil || strings.Contains(c.Err().Error(), "pass@") || c.Get(t.Context(), "/", nil, nil) == nil {
			t.Errorf("%q: %v", base, c.Err())
		}
	}
}
