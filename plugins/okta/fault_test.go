package okta

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/okta"
	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
	"syncgateway/sdk/sdktest"
)

const (
	usersPath   = "/api/v1/users"
	groupsPath  = "/api/v1/groups"
	membersPath = "/api/v1/groups/*/users"
	logsPath    = "/api/v1/logs"
)

// Every fault that can be noticed ends a read in a Failure or does no harm; none makes
// a read look whole that is not.
func TestBadReadsNeverComplete(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1, People: 450, WithoutOAuth: true})
	in := o.open(nil, httpx.MaxBody(1<<20))
	for name, test := range map[string]struct {
		rule   fault.Rule
		reason sdk.Reason
		says   string
	}{
		"server error":       {fault.Rule{Path: usersPath, Kind: fault.Status, Status: 500}, sdk.ReasonUnavailable, "500"},
		"unavailable late":   {fault.Rule{Path: usersPath, Kind: fault.Status, Status: 503, Skip: 2}, sdk.ReasonUnavailable, "503"},
		"not found":          {fault.Rule{Path: usersPath, Kind: fault.HTML, Status: 404}, sdk.ReasonUnavailable, "404"},
		"web page":           {fault.Rule{Path: usersPath, Kind: fault.HTML}, sdk.ReasonUnavailable, "web page"},
		"truncated":          {fault.Rule{Path: usersPath, Kind: fault.TruncatedJSON, Skip: 1}, sdk.ReasonUnavailable, "broke off"},
		"cut":                {fault.Rule{Path: usersPath, Kind: fault.CutBody}, sdk.ReasonUnavailable, "broke off"},
		"huge":               {fault.Rule{Path: usersPath, Kind: fault.HugePage, Bytes: 2 << 20}, sdk.ReasonUnavailable, "larger than"},
		"dropped":            {fault.Rule{Path: usersPath, Kind: fault.DropRequest}, sdk.ReasonUnavailable, "EOF"},
		"circle":             {fault.Rule{Path: usersPath, Kind: fault.RepeatCursor}, sdk.ReasonUnavailable, "repeated a page cursor"},
		"nothing":            {fault.Rule{Path: usersPath, Kind: fault.EmptyList}, sdk.ReasonPermission, "Read-only Administrator"},
		"nothing once":       {fault.Rule{Path: usersPath, Kind: fault.EmptyList, Count: 1}, sdk.ReasonPermission, "Read-only Administrator"},
		"groups once":        {fault.Rule{Path: groupsPath, Kind: fault.EmptyList, Count: 1}, sdk.ReasonPermission, "list of groups"},
		"role lost":          {fault.Rule{Path: usersPath, Kind: fault.LostRole}, sdk.ReasonPermission, "Read-only Administrator"},
		"role lost late":     {fault.Rule{Path: usersPath, Kind: fault.LostRole, Skip: 1}, sdk.ReasonPermission, "Read-only Administrator"},
		"scope lost":         {fault.Rule{Path: usersPath, Kind: fault.LostScope}, sdk.ReasonPermission, "Read-only Administrator"},
		"unauthorized":       {fault.Rule{Path: usersPath, Kind: fault.Status, Status: 401}, sdk.ReasonAuthentication, "Tokens"},
		"groups nothing":     {fault.Rule{Path: groupsPath, Kind: fault.EmptyList}, sdk.ReasonPermission, "list of groups"},
		"groups role late":   {fault.Rule{Path: "/api/v1/**", Kind: fault.LostRole, Skip: 3}, sdk.ReasonPermission, "Read-only Administrator"},
		"members error":      {fault.Rule{Path: membersPath, Kind: fault.Status, Status: 500, Skip: 9}, sdk.ReasonUnavailable, "500"},
		"members page":       {fault.Rule{Path: membersPath, Kind: fault.HTML, Skip: 5}, sdk.ReasonUnavailable, "web page"},
		"members cut":        {fault.Rule{Path: membersPath, Kind: fault.CutBody, Skip: 5}, sdk.ReasonUnavailable, "broke off"},
		"members not found":  {fault.Rule{Path: membersPath, Kind: fault.Status, Status: 404, Skip: 5, Count: 1}, sdk.ReasonUnavailable, "the group does"},
		"members in a proxy": {fault.Rule{Path: membersPath, Kind: fault.HTML, Status: 404, Skip: 5}, sdk.ReasonUnavailable, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			id := o.fault(test.rule)
			defer o.Faults.Remove(id)
			r := &sdktest.Read{}
			if strings.HasPrefix(test.rule.Path, groupsPath) || strings.Contains(test.rule.Path, "**") {
				r = groups(t, in, sdk.ReadRequest{})
			} else {
				r = users(t, in, sdk.ReadRequest{})
			}
			if r.Complete != nil || r.Failure == nil || r.Failure.Reason != test.reason || !strings.Contains(r.Failure.Message, test.says) {
				t.Errorf("complete %v, failure %v", r.Complete, r.Failure)
			}
			if o.Faults.Fired(id) == 0 {
				t.Error("the fault did not fire")
			}
			if r.Failure != nil && strings.Contains(r.Failure.Error(), o.Okta.Token()) {
				t.Error("the token shows")
			}
		})
	}
	completed(t, users(t, in, sdk.ReadRequest{}))
	completed(t, groups(t, in, sdk.ReadRequest{}))
}

// Trouble that passes, or that changes nothing, costs time and nothing else.
func TestPassingTroubleIsHarmless(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1, People: 450, WithoutOAuth: true})
	in := o.open(nil)
	wantUsers, wantGroups := completed(t, users(t, in, sdk.ReadRequest{})), completed(t, groups(t, in, sdk.ReadRequest{}))
	for name, rule := range map[string]fault.Rule{
		"twice a page":   {Path: usersPath, Kind: fault.DuplicatePage, Count: 1},
		"an error":       {Path: "/api/v1/**", Kind: fault.Status, Status: 500, Count: 2},
		"a cut answer":   {Path: "/api/v1/**", Kind: fault.CutBody, Count: 2, Skip: 1},
		"limited":        {Path: "/api/v1/**", Kind: fault.Status, Status: 429, Count: 12},
		"a slow one":     {Path: "/api/v1/**", Kind: fault.Slow, DelayMS: 5, Count: 3},
		"a lost answer":  {Path: "/api/v1/**", Kind: fault.LostResponse, Count: 2},
		"clock is ahead": {Path: "/api/v1/**", Kind: fault.ClockSkew, SkewSeconds: 7200},
		"twice members":  {Path: membersPath, Kind: fault.DuplicatePage, Count: 1}, // more on one listing would be a circle
	} {
		t.Run(name, func(t *testing.T) {
			id := o.fault(rule)
			defer o.Faults.Remove(id)
			u, g := completed(t, users(t, in, sdk.ReadRequest{})), completed(t, groups(t, in, sdk.ReadRequest{}))
			if !slices.Equal(userIDs(u), userIDs(wantUsers)) || !slices.Equal(groupIDs(g), groupIDs(wantGroups)) {
				t.Errorf("%d users, %d groups; want %d and %d", len(u.Users), len(g.Groups), len(wantUsers.Users), len(wantGroups.Groups))
			}
			for id, want := range wantGroups.Members {
				if !slices.Equal(g.Members[id], want) {
					t.Errorf("group %s has %d members, want %d", id, len(g.Members[id]), len(want))
				}
			}
			if o.Faults.Fired(id) == 0 {
				t.Error("the fault did not fire")
			}
		})
	}
}

// Too many requests at a time: the limit of 0 in the answer is not the real one.
func TestConcurrencyLimitIsWaitedOut(t *testing.T) {
	o := small(t)
	refused := 0
	in := o.open(nil, httpx.Transport(roundTrip(func(r *http.Request) (*http.Response, error) {
		if refused++; refused <= 3 {
			w := httptest.NewRecorder()
			o.Okta.TooMany(w, true)
			return w.Result(), nil
		}
		return http.DefaultTransport.RoundTrip(r)
	})))
	completed(t, users(t, in, sdk.ReadRequest{}))
	if o.clock.slept == 0 {
		t.Error("it did not wait")
	}
}

// With the vendor's limits on, the connector stays below its share by itself.
func TestStaysBelowTheLimit(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1, People: 60, Groups: 120, Limits: "integrator", WithoutOAuth: true})
	completed(t, groups(t, o.open(nil), sdk.ReadRequest{}))
	for _, e := range o.Log.Entries(reqlogAll) {
		if e.Status == http.StatusTooManyRequests {
			t.Fatalf("%s was refused", e.Path)
		}
	}
	if o.clock.slept == 0 {
		t.Error("120 groups at 50 a minute need waiting")
	}
}

func TestAGroupDeletedOnTheWayIsLeftOut(t *testing.T) {
	o := small(t)
	kestrel := o.group("project-kestrel")
	in := o.open(nil, httpx.Transport(roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, kestrel+"/users") {
			_ = o.Okta.Apply(company.Mutation{Op: company.GroupDelete, Group: "project-kestrel"})
		}
		return http.DefaultTransport.RoundTrip(r)
	})))
	r := completed(t, groups(t, in, sdk.ReadRequest{}))
	if slices.Contains(groupIDs(r), kestrel) || len(r.Notices) != 1 || r.Notices[0].RecordID != kestrel || len(r.Groups) < 20 {
		t.Errorf("%d groups, notices %+v", len(r.Groups), r.Notices)
	}
}

func TestWithoutTheLogEveryReadIsFull(t *testing.T) {
	o := small(t)
	o.fault(fault.Rule{Path: logsPath, Kind: fault.LostScope})
	r := completed(t, users(t, o.open(nil), sdk.ReadRequest{}))
	if len(r.Complete.Delta) > 0 || len(r.Notices) != 1 || !strings.Contains(r.Notices[0].Problem.Summary, "System Log") {
		t.Errorf("delta %s, notices %+v", r.Complete.Delta, r.Notices)
	}
	if r := completed(t, users(t, o.open(map[string]any{"logs": false}), sdk.ReadRequest{})); len(r.Complete.Delta) == 0 || len(r.Notices) > 0 {
		t.Errorf("delta %s, notices %+v", r.Complete.Delta, r.Notices)
	}
}

func TestAppScopeWithoutARole(t *testing.T) {
	o := small(t)
	in := o.open(map[string]any{"app_id": o.Okta.AppID()})
	one := completed(t, users(t, in, sdk.ReadRequest{})).Users[0].ID
	o.Okta.SetRole(okta.Limited)
	for _, r := range []*sdktest.Read{users(t, in, sdk.ReadRequest{}), groups(t, in, sdk.ReadRequest{})} {
		if r.Complete != nil || r.Failure.Reason != sdk.ReasonPermission {
			t.Errorf("%+v, %v", r.Complete, r.Failure)
		}
	}
	if _, err := in.Lookup(t.Context(), sdk.LookupRequest{ID: one}); !sdk.Is(err, sdk.ReasonPermission) {
		t.Error(err)
	}
}

// odd serves one answer for everything.
func odd(t *testing.T, answer http.HandlerFunc) *sdktest.Instance {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return sdktest.Open(t, map[string]any{"org_url": server.URL, "api_token": "s3cret-token"}, func() (*sdk.Plugin, error) {
		s := New()
		s.options = []httpx.Option{httpx.WithClock(&jumpClock{})}
		return sdk.SourcePlugin(About("test"), s)
	})
}

func TestOddAnswers(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("another host was asked: %v", r.Header) }))
	defer other.Close()
	for name, test := range map[string]struct{ body, link, says string }{
		"null":             {"null", "", "without a list"},
		"object":           {"{}", "", "not what it should be"},
		"no id":            {`[{"status":"ACTIVE"}]`, "", "without an id"},
		"profile is text":  {`[{"id":"00u1","status":"ACTIVE","profile":"x"}]`, "", "not"},
		"link elsewhere":   {`[{"id":"00u1","status":"ACTIVE","profile":{}}]`, other.URL + "/api/v1/users", "not followed"},
		"link without end": {`[{"id":"00u1","status":"ACTIVE","profile":{}}]`, "/api/v1/users?after=1", "repeated"},
	} {
		in := odd(t, func(w http.ResponseWriter, _ *http.Request) {
			if test.link != "" {
				w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, test.link))
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, test.body)
		})
		r := users(t, in, sdk.ReadRequest{})
		if r.Complete != nil || r.Failure == nil || !strings.Contains(r.Failure.Message, test.says) || strings.Contains(r.Failure.Error(), "s3cret") {
			t.Errorf("%s: complete %v, failure %v", name, r.Complete, r.Failure)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
