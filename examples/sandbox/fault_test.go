package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/reqlog"
)

// add plants a fault and fails the test if it never fired.
func add(t *testing.T, sb *sandbox.Sandbox, r fault.Rule) {
	t.Helper()
	id, err := sb.Faults.Add(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if sb.Faults.Fired(id) == 0 {
			t.Errorf("fault %s (%s) never fired", id, r.Kind)
		}
	})
}

func TestListingFaultsInOkta(t *testing.T) {
	const total = 489 // people who are not deprovisioned, in company 1
	for kind, want := range map[fault.Kind]struct{ records, distinct, pages int }{
		fault.EmptyList:     {0, 0, 1},
		fault.Half:          {245, 245, 3},
		fault.EmptyPage:     {total - 100, total - 100, 5},
		fault.DropPage:      {total - 100, total - 100, 4},
		fault.DuplicatePage: {total + 100, total, 6},
	} {
		t.Run(string(kind), func(t *testing.T) {
			sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true})
			rule := fault.Rule{Kind: kind, Server: sandbox.Okta, Path: "/api/v1/users"}
			if kind == fault.EmptyPage || kind == fault.DropPage || kind == fault.DuplicatePage {
				rule.Skip, rule.Count = 1, 1 // the second page
			}
			add(t, sb, rule)
			all, pages := newCaller(t, sb).oktaAll("/users?limit=100")
			seen := map[any]bool{}
			for _, u := range all {
				seen[u["id"]] = true
			}
			if len(all) != want.records || len(seen) != want.distinct || pages != want.pages {
				t.Errorf("%d records, %d distinct, %d pages; want %+v", len(all), len(seen), pages, want)
			}
		})
	}
}

func TestRepeatedCursors(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true})
	c := newCaller(t, sb)
	add(t, sb, fault.Rule{Kind: fault.RepeatCursor, Server: sandbox.Okta, Skip: 1})
	second := c.okta(c.okta("/users?limit=100").next())
	third := c.okta(second.next())
	if third.next() != second.next() || string(third.raw) != string(second.raw) {
		t.Error("the cursor in Okta is not repeated")
	}
	add(t, sb, fault.Rule{Kind: fault.RepeatCursor, Server: sandbox.API, Skip: 1})
	first := c.search("/users/search", map[string]any{"limit": 20})
	repeat := c.search("/users/search", map[string]any{"cursor": first.Links.Next})
	if repeat.Links.Next != first.Links.Next {
		t.Error("the cursor of the organisation is not repeated")
	}
}

func TestListingFaultsInAtlassian(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true})
	c := newCaller(t, sb)
	whole, _ := c.searchAll("/users/search", map[string]any{"limit": 20})
	for kind, want := range map[fault.Kind]int{
		fault.EmptyList: 0, fault.Half: (len(whole) + 1) / 2, fault.EmptyPage: len(whole) - 20, fault.DropPage: len(whole) - 20,
		fault.DuplicatePage: len(whole) + 20,
	} {
		rule := fault.Rule{Kind: kind, Server: sandbox.API, Path: "/admin/v2/**/users/search"}
		if kind != fault.EmptyList && kind != fault.Half {
			rule.Count = 1
		}
		if _, err := sb.Faults.Add(rule); err != nil {
			t.Fatal(err)
		}
		if got, _ := c.searchAll("/users/search", map[string]any{"limit": 20}); len(got) != want {
			t.Errorf("%s: %d accounts, want %d", kind, len(got), want)
		}
		if sb.Faults.List()[0].Fired == 0 {
			t.Errorf("%s did not fire", kind)
		}
		sb.Faults.Clear()
	}
}

func TestAnswerFaults(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, People: 30, WithoutOAuth: true})
	c := newCaller(t, sb)
	one := func(r fault.Rule) fault.Rule { r.Count = 1; return r }

	add(t, sb, one(fault.Rule{Kind: fault.Status, Status: 503, Server: sandbox.Okta}))
	c.okta("/users").want(http.StatusServiceUnavailable)
	add(t, sb, one(fault.Rule{Kind: fault.Status, Status: 429, Server: sandbox.API, RetryAfter: 7}))
	if got := c.org("GET", "/directories", nil).want(http.StatusTooManyRequests); got.header.Get("Retry-After") != "7" || errorCode(got) != "ADMIN-429-1" {
		t.Errorf("429 is %v %s", got.header, got.raw)
	}
	add(t, sb, one(fault.Rule{Kind: fault.HTML, Server: sandbox.Okta}))
	if got := c.okta("/users").want(http.StatusOK); !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("content type %s", got.header.Get("Content-Type"))
	}
	add(t, sb, one(fault.Rule{Kind: fault.TruncatedJSON, Server: sandbox.Okta}))
	if got := c.okta("/users").want(http.StatusOK); json.Valid(got.raw) {
		t.Error("the JSON is whole")
	}
	add(t, sb, one(fault.Rule{Kind: fault.CutBody, Server: sandbox.Okta}))
	if _, err := c.try("GET", sb.OktaURL+"/api/v1/users", nil, c.ssws); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a cut body reads with %v", err)
	}
	add(t, sb, one(fault.Rule{Kind: fault.HugePage, Server: sandbox.Okta}))
	if got := c.okta("/users").want(http.StatusOK); len(got.raw) != 40<<20 || !json.Valid(got.raw) {
		t.Errorf("the huge page has %d bytes", len(got.raw))
	}
	add(t, sb, one(fault.Rule{Kind: fault.ClockSkew, SkewSeconds: -3600, Server: sandbox.Okta}))
	if date, err := http.ParseTime(c.okta("/users").header.Get("Date")); err != nil || time.Since(date) < 59*time.Minute {
		t.Errorf("date %v, %v", date, err)
	}
	add(t, sb, one(fault.Rule{Kind: fault.LostScope, Server: sandbox.Okta}))
	c.okta("/users").want(http.StatusForbidden)
	add(t, sb, one(fault.Rule{Kind: fault.Slow, DelayMS: 1, Server: sandbox.Okta}))
	c.okta("/users").want(http.StatusOK)
	add(t, sb, fault.Rule{Kind: fault.LostRole, Server: sandbox.Okta})
	if got := c.okta("/groups").want(http.StatusOK).list(); len(got) != 0 {
		t.Errorf("%d groups without a role", len(got))
	}
	c.okta("/users/" + company.Ada).want(http.StatusForbidden)
}

// TestLostAnswersAndRequests: one has an effect and no answer, the other neither.
func TestLostAnswersAndRequests(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, People: 30, WithoutOAuth: true})
	c := newCaller(t, sb)
	target := sb.APIURL + "/admin/v2/orgs/" + sb.Atlassian.OrgID + "/directories/" + sb.Atlassian.DirectoryID + "/groups"
	for kind, there := range map[fault.Kind]bool{fault.LostResponse: true, fault.DropRequest: false} {
		add(t, sb, fault.Rule{Kind: kind, Method: "POST", Path: "/admin/v2/orgs/*/directories/*/groups", Count: 1})
		if _, err := c.try("POST", target, map[string]any{"name": string(kind)}, c.bearer); err == nil {
			t.Errorf("%s: there is an answer", kind)
		}
		if _, ok := sb.Atlassian.Group(string(kind)); ok != there {
			t.Errorf("%s: group there: %v", kind, ok)
		}
	}
	entries := sb.Log.Entries(reqlog.Filter{Method: "POST"})
	if len(entries) != 2 {
		t.Fatalf("%d entries, want 2", len(entries))
	}
	for _, e := range entries {
		lost := e.Faults[0] == string(fault.LostResponse)
		if e.Status != 0 || (len(e.Effects) == 1) != lost {
			t.Errorf("entry %+v", e)
		}
	}
	if got := sb.Log.Effects(reqlog.Filter{Op: reqlog.GroupCreate}); len(got) != 1 || got[0].GroupName != "lost_response" {
		t.Errorf("effects %v", got)
	}
}

func TestFaultsAreCountedAndRepeatable(t *testing.T) {
	pattern := func() string {
		sb := start(t, sandbox.Options{Seed: 1, People: 20, WithoutOAuth: true})
		c := newCaller(t, sb)
		add(t, sb, fault.Rule{ID: "rain", Kind: fault.Status, Status: 500, Probability: 0.5, Seed: 9, Query: `limit=1`})
		out := ""
		for range 30 {
			if c.okta("/users?limit=1").status == http.StatusOK {
				out += "."
			} else {
				out += "x"
			}
		}
		c.okta("/users").want(http.StatusOK) // the query does not match
		if sb.Faults.Fired("rain") != strings.Count(out, "x") {
			t.Errorf("fired %d of %s", sb.Faults.Fired("rain"), out)
		}
		return out
	}
	if a, b := pattern(), pattern(); a != b || !strings.Contains(a, "x") || !strings.Contains(a, ".") {
		t.Errorf("%s and %s", a, b)
	}
}
