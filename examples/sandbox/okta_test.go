package sandbox_test

import (
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/okta"
)

func query(name, value string) string { return "?" + name + "=" + url.QueryEscape(value) }

func TestOktaListsUsersPageByPage(t *testing.T) {
	for _, people := range []int{199, 200, 201, 400, 401} {
		t.Run(strconv.Itoa(people), func(t *testing.T) {
			sb := start(t, sandbox.Options{Seed: 2, People: people, WithoutOAuth: true})
			c := newCaller(t, sb)
			all, pages := c.oktaAll("/users?limit=500") // the effective maximum is 200
			gone, _ := c.oktaAll("/users" + query("search", `status eq "DEPROVISIONED"`))
			distinct(t, append(all, gone...), "id")
			if len(all)+len(gone) != people || len(gone) == 0 {
				t.Errorf("%d listed and %d deprovisioned of %d", len(all), len(gone), people)
			}
			if want := (len(all) + 199) / 200; pages != want {
				t.Errorf("%d pages, want %d", pages, want)
			}
			for _, u := range all {
				if u["status"] == "DEPROVISIONED" {
					t.Errorf("%v is in the default listing", u["id"])
				}
			}
		})
	}
}

func TestOktaKnowsAllEightStatuses(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true})
	seen := map[company.Status]int{}
	for _, u := range sb.Okta.Users() {
		seen[u.Person.Status]++
	}
	if len(seen) != 8 {
		t.Errorf("statuses %v, want eight kinds", seen)
	}
	all, _ := newCaller(t, sb).oktaAll("/users" + query("filter", `lastUpdated gt "2000-01-01T00:00:00.000Z"`))
	if len(all) != 500 {
		t.Errorf("filter by lastUpdated finds %d of 500", len(all))
	}
}

func TestOktaFindsOneUser(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, People: 50, WithoutOAuth: true})
	c := newCaller(t, sb)
	ada, _ := sb.Okta.User(company.Ada)
	for _, key := range []string{ada.ID, company.Ada, "ADA.BYRON@HARBOUR.EXAMPLE"} {
		if got := c.okta("/users/" + url.PathEscape(key)).want(http.StatusOK).object()["id"]; got != ada.ID {
			t.Errorf("%s is %v", key, got)
		}
	}
	if code := c.okta("/users/nobody@harbour.example").want(http.StatusNotFound).object()["errorCode"]; code != "E0000007" {
		t.Errorf("error code %v", code)
	}
	for expression, want := range map[string]int{
		`filter=profile.email eq "ada.byron@harbour.example"`:                   1,
		`filter=profile.email eq "ADA.BYRON@harbour.example"`:                   0, // a filter minds the case
		`search=profile.email eq "ADA.BYRON@harbour.example"`:                   1, // a search does not
		`filter=id eq "` + ada.ID + `"`:                                         1,
		`search=profile.lastName sw "Byr" and (status eq "ACTIVE" or id pr)`:    1,
		`search=profile.department eq "Engineering" and profile.login co "ada"`: 1,
		`q=ada.b`: 1,
	} {
		name, value, _ := cut(expression)
		if got := len(c.okta("/users" + query(name, value)).want(http.StatusOK).list()); got != want {
			t.Errorf("%s finds %d, want %d", expression, got, want)
		}
	}
	for _, bad := range []string{`filter=profile.department eq "x"`, `search=status ne "ACTIVE"`, `filter=profile.login sw "a"`, `search=id eq`, `search=(status eq "ACTIVE"`} {
		name, value, _ := cut(bad)
		if code := c.okta("/users" + query(name, value)).want(http.StatusBadRequest).object()["errorCode"]; code != "E0000031" {
			t.Errorf("%s: %v", bad, code)
		}
	}
}

func cut(s string) (name, value string, ok bool) {
	for i := range s {
		if s[i] == '=' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func TestOktaProjectionAndBriefAnswers(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, People: 20, WithoutOAuth: true})
	c := newCaller(t, sb)
	u := c.okta("/users?limit=1&fields=" + url.QueryEscape("id,status,profile:(login,email)")).want(http.StatusOK).list()[0]
	profile, _ := u["profile"].(map[string]any)
	if len(u) != 3 || len(profile) != 2 {
		t.Errorf("projection gives %v", u)
	}
	brief := c.do("GET", sb.OktaURL+"/api/v1/users?limit=1", nil, func(r *http.Request) {
		c.ssws(r)
		r.Header.Set("Content-Type", "application/json; okta-response=omitCredentials,omitCredentialsLinks")
	}).want(http.StatusOK).list()[0]
	if _, there := brief["credentials"]; there {
		t.Error("credentials are there")
	}
}

func TestOktaGroups(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true})
	c := newCaller(t, sb)
	groups, _ := c.oktaAll("/groups?limit=7")
	distinct(t, groups, "id")
	if len(groups) != 60 {
		t.Errorf("%d groups, want 60", len(groups))
	}
	if got := c.okta("/groups" + query("filter", `type eq "APP_GROUP" or type eq "BUILT_IN"`)).list(); len(got) != 2 {
		t.Errorf("%d groups that are not Okta's own, want 2", len(got))
	}
	c.okta("/groups?limit=10001").want(http.StatusBadRequest)
	c.okta("/groups" + query("filter", `profile.name eq "x"`)).want(http.StatusBadRequest)
	everyone, _ := sb.Okta.Group("Everyone")
	members, pages := c.oktaAll("/groups/" + everyone.ID + "/users?limit=200")
	distinct(t, members, "id")
	if len(members) != 500 || pages != 3 {
		t.Errorf("%d members on %d pages, want 500 on 3", len(members), pages)
	}
	gone := 0
	for _, m := range members {
		if m["status"] == "DEPROVISIONED" {
			gone++
		}
	}
	if gone == 0 {
		t.Error("deprovisioned people have lost their memberships")
	}
}

func TestOktaApp(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true})
	c := newCaller(t, sb)
	app := "/apps/" + sb.Okta.AppID()
	users, pages := c.oktaAll(app + "/users")
	distinct(t, users, "id")
	if pages != (len(users)+49)/50 || len(users) < 400 {
		t.Errorf("%d users on %d pages", len(users), pages)
	}
	scopes := map[any]bool{}
	for _, u := range users {
		scopes[u["scope"]] = true
	}
	if len(scopes) != 2 {
		t.Errorf("scopes %v, want USER and GROUP", scopes)
	}
	c.okta(app + "/users?limit=501").want(http.StatusBadRequest)
	c.okta(app + "/groups?limit=19").want(http.StatusBadRequest)
	if groups := c.okta(app + "/groups").want(http.StatusOK).list(); len(groups) != 2 {
		t.Errorf("%d groups assigned, want 2", len(groups))
	}
	expanded := c.okta(app + "/users?limit=1&expand=user").list()[0]
	if embedded, _ := expanded["_embedded"].(map[string]any); embedded["user"] == nil {
		t.Errorf("no user embedded in %v", expanded)
	}
}

// TestDayOfLife runs every step and looks at what a delta reader could see of it.
func TestDayOfLife(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)}
	sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true, Now: clock.read})
	c := newCaller(t, sb)
	since := clock.now.Add(-time.Second).Format(time.RFC3339)
	before := sb.Okta.Users()
	if err := sb.Run(company.DayStep); err != nil {
		t.Fatal(err)
	}
	if err := sb.Run("no such step"); err == nil {
		t.Error("an unknown step runs")
	}
	if got := len(sb.Okta.Users()); got != len(before) { // one joins, one is deleted
		t.Errorf("%d people after the day, %d before", got, len(before))
	}
	changed, _ := c.oktaAll("/users" + query("filter", `lastUpdated gt "`+since+`"`))
	logins := map[any]any{}
	for _, u := range changed {
		logins[u["profile"].(map[string]any)["login"]] = u["status"]
	}
	for login, status := range map[string]string{
		company.Noor: "PROVISIONED", company.Katherine: "ACTIVE", company.Emil: "DEPROVISIONED", company.Mary: "SUSPENDED",
		company.Hedy: "ACTIVE", company.Tove: "ACTIVE", company.Bao: "ACTIVE",
	} {
		if logins[login] != status {
			t.Errorf("%s is %v in the delta, want %s", login, logins[login], status)
		}
	}
	if len(logins) != 7 {
		t.Errorf("the delta has %v: the deleted must not be in it", logins)
	}
	groups := c.okta("/groups" + query("filter", `type eq "OKTA_GROUP" and (lastUpdated gt "`+since+`" or lastMembershipUpdated gt "`+since+`")`)).list()
	if len(groups) != 5 { // engineering, jira-users, research, platform; data-engineering renamed
		t.Errorf("%d groups in the delta, want 5", len(groups))
	}
	events, _ := c.okta("/logs"+query("filter", `eventType eq "user.lifecycle.delete.completed" or eventType eq "group.lifecycle.delete"`)).want(http.StatusOK), 0
	if list := events.list(); len(list) != 2 {
		t.Errorf("%d deletions in the log, want 2", len(list))
	}
	if emil, _ := sb.Okta.User(company.Emil); len(emil.Groups) == 0 {
		t.Error("the leaver has lost his memberships")
	}
	c.okta("/users/" + company.Otto).want(http.StatusNotFound)
}

// TestDayIsTheSameForEveryCompany: the steps must not change what they are made from.
func TestDayIsTheSameForEveryCompany(t *testing.T) {
	for range 2 {
		sb := start(t, sandbox.Options{Seed: 5, People: 30, WithoutOAuth: true})
		if err := sb.Run("joiner"); err != nil {
			t.Fatal(err)
		}
		if noor, _ := sb.Okta.User(company.Noor); noor.Person.Status != company.Provisioned {
			t.Errorf("Noor is %s", noor.Person.Status)
		}
	}
}

type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (f *fakeClock) read() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fakeClock) add(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func TestOktaLogPollsAndIsBounded(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)}
	sb := start(t, sandbox.Options{Seed: 1, People: 30, WithoutOAuth: true, Now: clock.read})
	c := newCaller(t, sb)
	people := query("filter", `eventType sw "user."`) // and not of the app that they leave or join
	first := c.okta("/logs" + people + "&limit=2").want(http.StatusOK)
	if len(first.list()) != 0 || first.next() == "" {
		t.Fatal("polling an empty log needs a next")
	}
	for _, step := range []string{"leaver", "suspended", "returner"} {
		if err := sb.Run(step); err != nil {
			t.Fatal(err)
		}
		clock.add(time.Minute)
	}
	page := c.okta(first.next())
	if len(page.list()) != 2 {
		t.Fatalf("%d events, want 2", len(page.list()))
	}
	rest := c.okta(page.next())
	if len(rest.list()) != 1 || len(c.okta(rest.next()).list()) != 0 {
		t.Error("the second page must have the last event and lead to an empty one")
	}
	ada, _ := sb.Okta.User(company.Ada)
	sb.Okta.AddLateEvent("user.account.update_profile", ada.ID, clock.now.Add(-30*time.Minute))
	if late := c.okta(rest.next()).list(); len(late) != 1 {
		t.Errorf("polling sees %d late events, want 1", len(late))
	}
	window := "/logs" + people + "&since=" + clock.now.Add(-time.Hour).Format(time.RFC3339) + "&until=" + clock.now.Format(time.RFC3339) + "&limit=3"
	bounded := c.okta(window)
	if len(bounded.list()) != 3 || bounded.list()[0]["eventType"] != "user.account.update_profile" {
		t.Errorf("a bounded query is by publication: %s", bounded.raw)
	}
	last := c.okta(bounded.next())
	if len(last.list()) != 1 || last.next() != "" {
		t.Errorf("the last bounded page has %d events and next %q", len(last.list()), last.next())
	}
	if code := c.okta("/logs?since=2024-01-01T00:00:00Z").want(http.StatusBadRequest).object()["errorCode"]; code != "E0000053" {
		t.Errorf("code %v", code)
	}
	c.okta("/logs?since=2026-02-01T00:00:00Z&after=t0").want(http.StatusBadRequest)
	c.okta("/logs?limit=1001").want(http.StatusBadRequest)
}

func TestOktaSearchLags(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)}
	sb := start(t, sandbox.Options{Seed: 1, People: 30, WithoutOAuth: true, Now: clock.read, Lag: time.Minute})
	c := newCaller(t, sb)
	count := func() int { return len(c.okta("/users" + query("search", `status eq "SUSPENDED"`)).list()) }
	before := count()
	if err := sb.Run("suspended"); err != nil {
		t.Fatal(err)
	}
	if status := c.okta("/users/" + company.Mary).object()["status"]; status != "SUSPENDED" {
		t.Errorf("by id she is %v at once, want SUSPENDED", status)
	}
	if count() != before {
		t.Error("the search sees the change at once")
	}
	clock.add(time.Minute)
	if count() != before+1 {
		t.Error("the search never sees the change")
	}
	if err := sb.Run("hard-delete"); err != nil {
		t.Fatal(err)
	}
	find := func() int {
		return len(c.okta("/users" + query("search", `profile.login eq "`+company.Otto+`"`)).list())
	}
	if find() != 1 {
		t.Error("the search forgets the deleted at once")
	}
	clock.add(time.Minute)
	if find() != 0 {
		t.Error("the search never forgets the deleted")
	}
}

func TestOktaRateLimit(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 2, 3, 9, 0, 30, 500, time.UTC)}
	sb := start(t, sandbox.Options{Seed: 1, People: 20, WithoutOAuth: true, Now: clock.read, Limits: "integrator"})
	c := newCaller(t, sb)
	for i := range 10 { // half of 20
		if got := c.okta("/logs").want(http.StatusOK).header.Get("X-Rate-Limit-Remaining"); got != strconv.Itoa(9-i) {
			t.Fatalf("remaining %s after %d", got, i+1)
		}
	}
	refused := c.okta("/logs").want(http.StatusTooManyRequests)
	if refused.object()["errorCode"] != "E0000047" || refused.header.Get("Retry-After") != "" {
		t.Errorf("429 is %s with Retry-After %q", refused.raw, refused.header.Get("Retry-After"))
	}
	c.okta("/users").want(http.StatusOK) // another bucket
	reset, err := strconv.ParseInt(refused.header.Get("X-Rate-Limit-Reset"), 10, 64)
	date, dateErr := http.ParseTime(refused.header.Get("Date"))
	if err != nil || dateErr != nil {
		t.Fatal(err, dateErr)
	}
	clock.add(time.Unix(reset, 0).Sub(date))
	c.okta("/logs").want(http.StatusOK)
}

func TestOktaWrongTokenAndRole(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, People: 20, WithoutOAuth: true})
	c := newCaller(t, sb)
	got := c.do("GET", sb.OktaURL+"/api/v1/users", nil, withToken("SSWS", "wrong")).want(http.StatusUnauthorized)
	if got.object()["errorCode"] != "E0000011" {
		t.Errorf("%s", got.raw)
	}
	sb.Okta.SetRole(okta.NoRole)
	if got := c.okta("/users").want(http.StatusForbidden); got.object()["errorCode"] != "E0000006" {
		t.Errorf("%s", got.raw)
	}
	sb.Okta.SetRole(okta.Limited)
	for _, path := range []string{"/users", "/groups", "/apps", "/logs", "/users/" + company.Ada + "/groups"} {
		if got := c.okta(path).want(http.StatusOK).list(); len(got) != 0 {
			t.Errorf("a limited role reads %d of %s", len(got), path)
		}
	}
	c.okta("/users/" + company.Ada).want(http.StatusForbidden)
	c.do("POST", sb.OktaURL+"/api/v1/users", map[string]any{}, c.ssws).want(http.StatusMethodNotAllowed)
}
