package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/atlassian"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/reqlog"
)

func small(t *testing.T) (caller, *sandbox.Sandbox) {
	t.Helper()
	sb := start(t, sandbox.Options{Seed: 1, People: 60, WithoutOAuth: true})
	return newCaller(t, sb), sb
}

func TestUsersSearchPagesAndCarriesItsQuery(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true})
	c := newCaller(t, sb)
	all, pages := c.searchAll("/users/search", map[string]any{"limit": 7, "expand": []string{"groups"}})
	distinct(t, all, "accountId")
	want := 0
	for _, u := range sb.Atlassian.Users() {
		if u.Kind == "atlassian" && u.Name != "Former user" {
			want++
		}
	}
	if len(all) != want || pages != (want+6)/7 {
		t.Errorf("%d accounts on %d pages, want %d", len(all), pages, want)
	}
	for _, u := range all { // expand was given with the first request only
		groups, ok := u["groups"].([]any)
		if !ok {
			t.Fatalf("no groups in %v", u)
		}
		for _, g := range groups {
			if id := g.(map[string]any)["id"].(string); !strings.HasPrefix(id, "ari:cloud:identity::group/") {
				t.Fatalf("group id %q is no ARI", id)
			}
		}
	}
	if got := errorCode(c.dir("POST", "/users/search", map[string]any{"cursor": "???"}).want(http.StatusBadRequest)); got != "ADMIN-400-1" {
		t.Errorf("code %s", got)
	}
	c.org("POST", "/directories/-/users/search", nil).want(http.StatusOK)
	c.org("POST", "/directories/-/groups", map[string]any{"name": "x"}).want(http.StatusNotFound)
}

func TestUsersSearchFilters(t *testing.T) {
	c, sb := small(t)
	found := func(body map[string]any) []map[string]any { return c.search("/users/search", body).Data }
	got := found(map[string]any{"emails": []string{company.Bao, "nobody@harbour.example"}})
	if len(got) != 1 || got[0]["email"] != "BAO.NGUYEN@harbour.example" {
		t.Errorf("search by e-mail finds %v", got)
	}
	admins := c.groupID("jira-admins")
	for _, id := range []string{admins, "ari:cloud:identity::group/" + admins} {
		if got := found(map[string]any{"groupIds": []string{id}}); len(got) != 2 {
			t.Errorf("%d members of jira-admins", len(got))
		}
	}
	if got := found(map[string]any{"status": []string{"suspended"}}); len(got) != 2 {
		t.Errorf("%d suspended, want Tove and Ines", len(got))
	}
	if got := found(map[string]any{"claimStatus": "unmanaged"}); len(got) != 2 {
		t.Errorf("%d unmanaged, want the contractors", len(got))
	}
	if got := found(map[string]any{"status": []string{"not_invited"}}); len(got) != 1 {
		t.Errorf("%d managed accounts outside the directory, want 1", len(got))
	}
	roots := found(map[string]any{"roleIds": []string{"atlassian/org-admin"}, "expand": []string{"platformRoles"}})
	if len(roots) != 1 || !strings.Contains(fmt.Sprint(roots[0]["platformRoles"]), "org-admin") {
		t.Errorf("organisation administrators %v", roots)
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("u%d@x.example", i)
	}
	for _, bad := range []map[string]any{
		{"emails": many}, {"limit": 101}, {"limit": 0}, {"groupIds": many[:11]}, {"accountIds": many[:11]}, {"expand": []string{"everything"}},
	} {
		c.dir("POST", "/users/search", bad).want(http.StatusBadRequest)
	}
	_ = sb
}

func TestGroupsSearch(t *testing.T) {
	c, _ := small(t)
	all, pages := c.searchAll("/groups/search", map[string]any{"limit": 3})
	distinct(t, all, "id")
	if len(all) != 11 || pages != 4 {
		t.Errorf("%d groups on %d pages", len(all), pages)
	}
	got := c.search("/groups/search", map[string]any{"groupNames": []string{"ENGINEERING", "SCIM-finance", "engine"}}).Data
	if len(got) != 2 {
		t.Errorf("names are exact and without case: %v", got)
	}
	for _, g := range got {
		access := g["managementAccess"].(map[string]any)
		if synced := g["externalSynced"].(bool); synced == access["modifiable"].(bool) {
			t.Errorf("group %v", g)
		}
	}
}

func TestGroupLifecycle(t *testing.T) {
	c, sb := small(t)
	if body := c.dir("POST", "/groups", map[string]any{"name": "crew"}).want(http.StatusCreated).raw; len(body) != 0 {
		t.Errorf("creation answers %s", body)
	}
	if got := errorCode(c.dir("POST", "/groups", map[string]any{"name": "CREW"}).want(http.StatusConflict)); got != "ADMIN-409-28" {
		t.Errorf("code %s", got)
	}
	c.dir("POST", "/groups", map[string]any{"name": " "}).want(http.StatusBadRequest)
	ada, crew := c.accountID(company.Ada), "/groups/"+c.groupID("crew")
	c.dir("POST", crew+"/memberships", map[string]any{"accountId": ada}).want(http.StatusNoContent)
	if got := errorCode(c.dir("POST", crew+"/memberships", map[string]any{"accountId": ada}).want(http.StatusConflict)); got != "ADMIN-409-28" {
		t.Errorf("code %s", got)
	}
	if got := errorCode(c.dir("DELETE", crew, nil).want(http.StatusConflict)); got != "ADMIN-409-5" {
		t.Errorf("code %s", got)
	}
	c.dir("DELETE", crew+"/memberships/"+ada, nil).want(http.StatusNoContent)
	c.dir("DELETE", crew+"/memberships/"+ada, nil).want(http.StatusNotFound)
	c.dir("DELETE", crew, nil).want(http.StatusNoContent)
	c.dir("DELETE", crew, nil).want(http.StatusNotFound)
	for name, code := range map[string]string{
		"jira-users-harbour": "ADMIN-403-6", "jira-admins": "ADMIN-403-7", "site-admins": "ADMIN-403-7", "scim-finance": "ADMIN-403-5",
	} {
		if got := errorCode(c.dir("DELETE", "/groups/"+c.groupID(name), nil).want(http.StatusForbidden)); got != code {
			t.Errorf("%s: %s, want %s", name, got, code)
		}
	}
	for _, name := range []string{"scim-finance", "Team Albatross"} {
		c.dir("POST", "/groups/"+c.groupID(name)+"/memberships", map[string]any{"accountId": c.accountID(company.Emil)}).want(http.StatusForbidden)
	}
	var ops []string
	for _, e := range sb.Log.Effects(reqlog.Filter{Server: sandbox.API}) {
		ops = append(ops, e.String())
	}
	want := "group.create crew, member.add crew ada.byron@harbour.example, member.remove crew ada.byron@harbour.example, group.delete crew"
	if got := strings.Join(ops, ", "); got != want {
		t.Errorf("effects: %s\nwant:    %s", got, want)
	}
}

// TestGroupSearchLags: what was just created is refused a second time, and yet not found.
func TestGroupSearchLags(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)}
	sb := start(t, sandbox.Options{Seed: 1, People: 30, WithoutOAuth: true, Now: clock.read, Lag: 10 * time.Second})
	c := newCaller(t, sb)
	found := func() int {
		return len(c.search("/groups/search", map[string]any{"groupNames": []string{"crew"}}).Data)
	}
	c.dir("POST", "/groups", map[string]any{"name": "crew"}).want(http.StatusCreated)
	c.dir("POST", "/groups", map[string]any{"name": "crew"}).want(http.StatusConflict)
	if found() != 0 {
		t.Error("found at once")
	}
	clock.add(10 * time.Second)
	if found() != 1 {
		t.Error("never found")
	}
	rules := []map[string]any{{"resource": sb.Atlassian.ProductARI("jira-software"), "role": "atlassian/user"}}
	c.org("POST", "/users/invite", map[string]any{"emails": []string{"n@harbour.example"}, "permissionRules": rules}).want(http.StatusOK)
	search := func() []map[string]any {
		return c.search("/users/search", map[string]any{"emails": []string{"n@harbour.example"}, "expand": []string{"groups"}}).Data
	}
	if len(search()) != 0 {
		t.Error("an invited account is found at once")
	}
	clock.add(10 * time.Second)
	if got := search(); len(got) != 1 || len(got[0]["groups"].([]any)) != 1 {
		t.Errorf("found later: %v", got)
	}
	c.dir("DELETE", "/groups/"+c.groupID("crew"), nil).want(http.StatusNoContent)
	if found() != 1 {
		t.Error("a deleted group is forgotten at once")
	}
	clock.add(10 * time.Second)
	if found() != 0 {
		t.Error("a deleted group is never forgotten")
	}
}

func TestInvite(t *testing.T) {
	c, sb := small(t)
	jira := []map[string]any{{"resource": sb.Atlassian.ProductARI("jira-software"), "role": "atlassian/user"}}
	crew := c.groupID("release-crew")
	invite := func(status int, body map[string]any) answer { return c.org("POST", "/users/invite", body).want(status) }
	body := map[string]any{
		"emails": []string{"New.Person@harbour.example", "new.person@harbour.example", company.Grace}, "permissionRules": jira,
		"additionalGroups": []string{crew},
	}
	got := invite(http.StatusOK, body).object()["data"].([]any)
	if len(got) != 2 {
		t.Errorf("an address twice in another case gives %d results, want 2", len(got))
	}
	u, _ := sb.Atlassian.User("new.person@harbour.example")
	if got[0].(map[string]any)["id"] != u.ID || strings.Join(u.Groups, " ") != "jira-users-harbour release-crew" {
		t.Errorf("invited: %+v", u)
	}
	before := len(sb.Log.Effects(reqlog.Filter{}))
	invite(http.StatusOK, body)
	if after := len(sb.Log.Effects(reqlog.Filter{})); after != before {
		t.Errorf("a repeated invitation has %d effects", after-before)
	}
	partial := invite(http.StatusPartialContent, map[string]any{"emails": []string{company.Ines, "x@harbour.example"}, "permissionRules": jira})
	if !strings.Contains(string(partial.raw), "ERROR") || !strings.Contains(string(partial.raw), "INVITED") {
		t.Errorf("partial answer %s", partial.raw)
	}
	invite(http.StatusPartialContent, map[string]any{"emails": []string{company.Grace}, "additionalGroups": []string{c.groupID("Team Albatross")}})
	invite(http.StatusNotFound, map[string]any{"emails": []string{company.Grace}, "additionalGroups": []string{"nothing"}})
	invite(http.StatusBadRequest, map[string]any{"emails": make([]string, 26)})
	invite(http.StatusBadRequest, map[string]any{"emails": []string{"not an address"}})
	invite(http.StatusOK, map[string]any{"emails": []string{"nowhere@harbour.example"}})
	if u, _ := sb.Atlassian.User("nowhere@harbour.example"); u.Status != "not_invited" {
		t.Errorf("an invitation to nothing leaves the status %s", u.Status)
	}
}

func TestSeatsRunOut(t *testing.T) {
	c, sb := small(t)
	used := sb.Atlassian.Licences()[0].Used
	if err := sb.Atlassian.Apply(atlassian.Hand{Op: "seats", Product: "jira-software", Value: fmt.Sprint(used + 1)}); err != nil {
		t.Fatal(err)
	}
	jira := []map[string]any{{"resource": sb.Atlassian.ProductARI("jira-software"), "role": "atlassian/user"}}
	got := c.org("POST", "/users/invite", map[string]any{"emails": []string{"a@x.example", "b@x.example"}, "permissionRules": jira}).want(http.StatusConflict)
	if errorCode(got) != "ADMIN-UAM-409-3" {
		t.Errorf("%s", got.raw)
	}
	if _, there := sb.Atlassian.User("a@x.example"); there {
		t.Error("a refused invitation makes accounts")
	}
	c.org("POST", "/users/invite", map[string]any{"emails": []string{"a@x.example"}, "permissionRules": jira}).want(http.StatusOK)
	c.org("POST", "/users/invite", map[string]any{"emails": []string{"b@x.example"}, "additionalGroups": []string{c.groupID("release-crew")}}).want(http.StatusOK)
	add := "/groups/" + c.groupID("jira-users-harbour") + "/memberships"
	full := c.dir("POST", add, map[string]any{"accountId": c.accountID("b@x.example")}).want(http.StatusConflict)
	present := c.dir("POST", add, map[string]any{"accountId": c.accountID("a@x.example")}).want(http.StatusConflict)
	if errorCode(full) != "ADMIN-409-3" || errorCode(present) != "ADMIN-409-28" {
		t.Errorf("full: %s, present: %s", full.raw, present.raw)
	}
	sb.Atlassian.SetVagueConflicts(true)
	full = c.dir("POST", add, map[string]any{"accountId": c.accountID("b@x.example")})
	present = c.dir("POST", add, map[string]any{"accountId": c.accountID("a@x.example")})
	if string(full.raw) != string(present.raw) {
		t.Error("vague conflicts differ")
	}
	if got := errorCode(c.dir("POST", "/users/"+c.accountID(company.Ines)+"/restore", nil).want(http.StatusBadRequest)); got != "ADMIN-400-32" {
		t.Errorf("restoring without a seat: %s", got)
	}
	c.dir("POST", "/users/"+c.accountID("a@x.example")+"/suspend", nil).want(http.StatusNoContent)
	if l := sb.Atlassian.Licences()[0]; l.Used != used {
		t.Errorf("%d seats used after a suspension, want %d", l.Used, used)
	}
	c.dir("POST", "/users/"+c.accountID(company.Ines)+"/restore", nil).want(http.StatusNoContent)
}

func TestSuspendRestoreRemove(t *testing.T) {
	c, sb := small(t)
	ada := c.accountID(company.Ada)
	state := func() string {
		u, _ := sb.Atlassian.User(company.Ada)
		return u.Status + " " + strings.Join(u.Groups, ",")
	}
	const groups = "Engineering,Team Albatross,jira-users-harbour,release-crew"
	c.dir("POST", "/users/"+ada+"/suspend", nil).want(http.StatusNoContent)
	c.dir("POST", "/users/"+ada+"/suspend", nil).want(http.StatusBadRequest)
	if got := state(); got != "suspended "+groups {
		t.Errorf("suspended: %s", got)
	}
	c.dir("POST", "/users/"+ada+"/restore", nil).want(http.StatusNoContent)
	c.dir("POST", "/users/"+ada+"/restore", nil).want(http.StatusBadRequest)
	if got := state(); got != "active "+groups {
		t.Errorf("restored: %s", got)
	}
	c.dir("DELETE", "/users/"+ada, nil).want(http.StatusNoContent)
	c.dir("DELETE", "/users/"+ada, nil).want(http.StatusNotFound)
	if got := state(); got != "not_invited " {
		t.Errorf("removed: %s", got)
	}
	c.dir("POST", "/groups/"+c.groupID("release-crew")+"/memberships", map[string]any{"accountId": ada}).want(http.StatusNotFound)
	jira := []map[string]any{{"resource": sb.Atlassian.ProductARI("jira-software"), "role": "atlassian/user"}}
	c.org("POST", "/users/invite", map[string]any{"emails": []string{company.Ada}, "permissionRules": jira}).want(http.StatusOK)
	if got := state(); got != "active jira-users-harbour" || c.accountID(company.Ada) != ada {
		t.Errorf("invited again: %s", got)
	}
}

func TestOrganisationKeys(t *testing.T) {
	c, sb := small(t)
	scoped := withToken("Bearer", sb.Atlassian.ScopedOrgKey)
	base := sb.APIURL + "/admin/v2/orgs/" + sb.Atlassian.OrgID
	dir := base + "/directories/" + sb.Atlassian.DirectoryID
	c.do("POST", dir+"/users/search", nil, scoped).want(http.StatusOK)
	c.do("POST", dir+"/groups", map[string]any{"name": "x"}, scoped).want(http.StatusForbidden)
	ada := c.accountID(company.Ada)
	if got := c.do("GET", sb.APIURL+"/users/"+ada+"/manage", nil, scoped).want(http.StatusForbidden); !strings.Contains(string(got.raw), "manage:org") {
		t.Errorf("%s", got.raw)
	}
	if got := c.do("POST", dir+"/users/search", nil, withToken("Bearer", "wrong")).want(http.StatusUnauthorized).object(); got["code"] != 401.0 {
		t.Errorf("%v", got)
	}
	c.do("GET", sb.APIURL+"/admin/v2/orgs/another/directories", nil, c.bearer).want(http.StatusNotFound)
	c.manage("GET", c.accountID("lena@freelance.example"), "", nil).want(http.StatusForbidden)
	if got := c.manage("PATCH", c.accountID("fay.synced@harbour.example"), "/profile", map[string]any{"name": "x"}).want(http.StatusForbidden); !strings.Contains(string(got.raw), "externalDirectory.scim") {
		t.Errorf("%s", got.raw)
	}
}

func TestOrganisationRateLimit(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 2, 3, 9, 0, 30, 0, time.UTC)}
	sb := start(t, sandbox.Options{Seed: 1, People: 20, WithoutOAuth: true, Now: clock.read, Limits: "vendor"})
	c := newCaller(t, sb)
	exhaust := func() answer {
		for range 1000 {
			if a := c.org("GET", "/directories", nil); a.status == http.StatusTooManyRequests {
				return a
			}
		}
		t.Fatal("no limit")
		return answer{}
	}
	if got := exhaust(); got.header.Get("Retry-After") != "1" || got.header.Get("X-RateLimit-Reset") != "2026-02-03T09:01Z" {
		t.Errorf("headers %v", got.header)
	}
	sb.Atlassian.SetLimits("vendor", true)
	if got := exhaust(); got.header.Get("Retry-After") != "" || got.header.Get("X-RateLimit-Reset") != "2026-02-03T09:01Z" {
		t.Errorf("headers %v", got.header)
	}
	clock.add(30 * time.Second)
	c.org("GET", "/directories", nil).want(http.StatusOK)
}
