package sandbox_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/atlassian"
	"syncgateway/examples/sandbox/company"
)

func TestSiteListsEverybodyWithoutEmails(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true})
	c := newCaller(t, sb)
	var all []map[string]any
	for {
		got := c.site("GET", "/users/search?maxResults=20&startAt="+strconv.Itoa(len(all)), nil).want(http.StatusOK).list()
		if len(got) == 0 {
			break
		}
		all = append(all, got...)
	}
	distinct(t, all, "accountId")
	kinds, mails, inactive := map[any]int{}, 0, 0
	for _, u := range all {
		kinds[u["accountType"]]++
		if u["emailAddress"] != nil {
			mails++
		}
		if u["active"] == false {
			inactive++
		}
	}
	if len(all) != len(sb.Atlassian.Users()) || len(kinds) != 3 || mails != 1 || inactive < 4 {
		t.Errorf("%d listed, kinds %v, %d with e-mail, %d inactive", len(all), kinds, mails, inactive)
	}
	if got := c.site("GET", "/users/search", nil).list(); len(got) != 50 {
		t.Errorf("the standard page has %d", len(got))
	}
	if got := c.site("GET", "/user/search?query=ada.byron", nil).want(http.StatusOK).list(); len(got) != 0 {
		t.Errorf("a hidden e-mail is found: %v", got)
	}
	if got := c.site("GET", "/user/search?query=byron", nil).want(http.StatusOK).list(); len(got) != 1 {
		t.Errorf("by the last name: %v", got)
	}
	if got := c.site("GET", "/user/search?query=duarte", nil).want(http.StatusOK).list(); len(got) != 0 {
		t.Errorf("a suspended person is found: %v", got)
	}
}

func TestSiteMembers(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, WithoutOAuth: true})
	c := newCaller(t, sb)
	path := "/group/member?maxResults=100&groupId=" + c.groupID("jira-users-harbour")
	read := func(more string) (members []map[string]any) {
		for next := path + more; next != ""; {
			var bean struct {
				Values     []map[string]any
				NextPage   string
				Total      int
				MaxResults int
				IsLast     bool
			}
			c.site("GET", next, nil).want(http.StatusOK).into(&bean)
			if bean.MaxResults != 50 || len(bean.Values) > 50 || bean.IsLast != (bean.NextPage == "") {
				t.Fatalf("page %+v", bean)
			}
			members = append(members, bean.Values...)
			next = strings.TrimPrefix(bean.NextPage, sb.SiteURL+"/rest/api/3")
		}
		return members
	}
	active, everybody := read(""), read("&includeInactiveUsers=true")
	distinct(t, everybody, "accountId")
	if len(everybody) != len(sb.Atlassian.Members("jira-users-harbour")) || len(active) >= len(everybody) {
		t.Errorf("%d active, %d in all", len(active), len(everybody))
	}
}

func TestSiteRepeatedWrites(t *testing.T) {
	c, sb := small(t)
	ada, crew := c.accountID(company.Ada), "/group/user?groupId="+c.groupID("jira-admins")
	message := func(a answer) string {
		var body struct{ ErrorMessages []string }
		a.into(&body)
		return strings.Join(body.ErrorMessages, " ")
	}
	c.site("POST", crew, map[string]any{"accountId": ada}).want(http.StatusCreated)
	if got := message(c.site("POST", crew, map[string]any{"accountId": ada}).want(http.StatusBadRequest)); !strings.Contains(got, "User is already a member of") {
		t.Errorf("message %q", got)
	}
	c.site("DELETE", crew+"&accountId="+ada, nil).want(http.StatusOK)
	if got := message(c.site("DELETE", crew+"&accountId="+ada, nil).want(http.StatusBadRequest)); !strings.Contains(got, "not a member of") {
		t.Errorf("message %q", got)
	}
	c.site("POST", "/group", map[string]any{"name": "ENGINEERING"}).want(http.StatusBadRequest)
	invite := func(email string) answer {
		return c.site("POST", "/user", map[string]any{"emailAddress": email, "products": []string{"jira-software"}})
	}
	invite("n@harbour.example").want(http.StatusCreated)
	invite("N@harbour.example").want(http.StatusCreated)
	invite("pat.gone@harbour.example").want(http.StatusBadRequest)
	c.site("POST", "/user", map[string]any{"emailAddress": "m@harbour.example"}).want(http.StatusBadRequest)
	if got := len(sb.Atlassian.Members("jira-admins")); got != 2 {
		t.Errorf("%d members of jira-admins at the end", got)
	}
}

func TestSiteCredentialsAndRoles(t *testing.T) {
	c, sb := small(t)
	a := sb.Atlassian
	as := func(email, token string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(email, token) }
	}
	gateway := sb.APIURL + "/ex/jira/" + a.CloudID + "/rest/api/3/myself"
	for _, test := range []struct {
		url    string
		auth   func(*http.Request)
		status int
	}{
		{sb.SiteURL + "/rest/api/3/myself", as(a.Email, a.Token), 200},
		{sb.SiteURL + "/rest/api/3/myself", as(a.Email, a.ScopedToken), 401},
		{sb.SiteURL + "/rest/api/3/myself", as("someone@harbour.example", a.Token), 401},
		{sb.SiteURL + "/rest/api/3/myself", c.bearer, 401},
		{gateway, as(a.Email, a.ScopedToken), 200},
		{gateway, as(a.Email, a.Token), 401},
		{sb.SiteURL + "/_edge/tenant_info", func(*http.Request) {}, 200},
	} {
		c.do("GET", test.url, nil, test.auth).want(test.status)
	}
	c.do("POST", sb.SiteURL+"/rest/api/3/group", map[string]any{"name": "x"}, func(r *http.Request) {
		c.basic(r)
		r.Header.Set("User-Agent", "Mozilla/5.0")
	}).want(http.StatusForbidden)

	sb.Atlassian.SetSiteRole(atlassian.JiraAdmin)
	c.site("GET", "/applicationrole", nil).want(http.StatusOK)
	c.site("POST", "/group", map[string]any{"name": "x"}).want(http.StatusForbidden)
	sb.Atlassian.SetSiteRole(atlassian.SiteUser)
	c.site("GET", "/applicationrole", nil).want(http.StatusForbidden)
	c.site("GET", "/users/search", nil).want(http.StatusOK)
	var mine struct {
		Permissions map[string]struct{ HavePermission bool }
	}
	c.site("GET", "/mypermissions?permissions=ADMINISTER,USER_PICKER", nil).want(http.StatusOK).into(&mine)
	if mine.Permissions["ADMINISTER"].HavePermission || !mine.Permissions["USER_PICKER"].HavePermission {
		t.Errorf("permissions %v", mine.Permissions)
	}
	sb.Atlassian.SetSiteRole(atlassian.Outsider)
	c.site("GET", "/users/search", nil).want(http.StatusForbidden)
	c.site("GET", "/myself", nil).want(http.StatusOK)
}

func TestSiteRateLimit(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)}
	sb := start(t, sandbox.Options{Seed: 1, People: 20, WithoutOAuth: true, Now: clock.read, Limits: "vendor"})
	c := newCaller(t, sb)
	for range 100 {
		c.site("GET", "/myself", nil).want(http.StatusOK)
	}
	got := c.site("GET", "/myself", nil).want(http.StatusTooManyRequests)
	if got.header.Get("Retry-After") != "1" || got.header.Get("RateLimit-Reason") != "jira-burst-based" {
		t.Errorf("headers %v", got.header)
	}
	c.site("GET", "/serverInfo", nil).want(http.StatusOK) // another endpoint
	clock.add(time.Second)
	c.site("GET", "/myself", nil).want(http.StatusOK)
}

func TestProperties(t *testing.T) {
	c, sb := small(t)
	path := "/user/properties/team?accountId=" + c.accountID(company.Ada)
	c.site("PUT", path, `not json`).want(http.StatusBadRequest)
	c.site("PUT", path, `{"name":"blue"}`).want(http.StatusCreated)
	c.site("PUT", path, `{"name":"red"}`).want(http.StatusOK)
	if got, _ := sb.Atlassian.Property(company.Ada, "team"); got != `{"name":"red"}` {
		t.Errorf("property %s", got)
	}
	c.site("DELETE", path, nil).want(http.StatusNoContent)
	c.site("DELETE", path, nil).want(http.StatusNotFound)
}

func TestProjectsShowTheirLeadWhenAsked(t *testing.T) {
	c, sb := small(t)
	lead := func(expand string) any {
		var bean struct{ Values []map[string]json.RawMessage }
		c.site("GET", "/project/search"+expand, nil).want(http.StatusOK).into(&bean)
		return string(bean.Values[0]["lead"])
	}
	if lead("") != "" || lead("?expand=lead") == "" {
		t.Error("the lead is shown by expand only")
	}
	c.site("PUT", "/project/HER", map[string]any{"leadAccountId": c.accountID(company.Ines)}).want(http.StatusBadRequest)
	c.site("PUT", "/project/HER", map[string]any{"leadAccountId": c.accountID(company.Ada)}).want(http.StatusOK)
	if got := sb.Atlassian.ProjectLead("HER"); got != company.Ada {
		t.Errorf("lead %s", got)
	}
}

// Permission schemes and roles in projects keep what is put into them, and show a
// group that is deleted no more.
func TestPermissionsAreKept(t *testing.T) {
	c, _ := small(t)
	crew := c.groupID("release-crew")
	type entry struct {
		Permission string
		Holder     struct{ Type, Parameter, Value string }
	}
	holders := func(expand string) (out []string) {
		var list struct {
			PermissionSchemes []struct {
				ID          int
				Name        string
				Permissions []entry
			}
		}
		c.site("GET", "/permissionscheme"+expand, nil).want(http.StatusOK).into(&list)
		for _, s := range list.PermissionSchemes {
			for _, e := range s.Permissions {
				if e.Holder.Value == crew {
					out = append(out, s.Name+" "+e.Permission)
				}
			}
		}
		return out
	}
	if got := holders(""); len(got) > 0 {
		t.Errorf("shown although nothing is expanded: %v", got)
	}
	grant := map[string]any{"permission": "BROWSE_PROJECTS", "holder": map[string]any{"type": "group", "value": crew}}
	c.site("POST", "/permissionscheme/10100/permission", grant).want(http.StatusCreated)
	c.site("POST", "/permissionscheme/10100/permission", grant).want(http.StatusBadRequest)
	c.site("POST", "/permissionscheme/1/permission", grant).want(http.StatusNotFound)
	want := []string{"Default Permission Scheme BROWSE_PROJECTS", "Releases MANAGE_SPRINTS", "Releases EDIT_ISSUES"}
	if got := holders("?expand=permissions"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}

	actors := func() (out []string) {
		var role struct {
			Actors []struct{ ActorGroup struct{ Name string } }
		}
		c.site("GET", "/project/HER/role/10001", nil).want(http.StatusOK).into(&role)
		for _, a := range role.Actors {
			out = append(out, a.ActorGroup.Name)
		}
		return out
	}
	c.site("POST", "/project/HER/role/10001", map[string]any{"groupId": []string{crew}}).want(http.StatusOK)
	c.site("POST", "/project/HER/role/10001", map[string]any{"groupId": []string{crew}}).want(http.StatusBadRequest)
	if got := actors(); !slices.Equal(got, []string{"release-crew"}) {
		t.Errorf("actors: %v", got)
	}
	c.site("DELETE", "/group?groupId="+crew, nil).want(http.StatusOK)
	if a, h := actors(), holders("?expand=all"); len(a)+len(h) > 0 {
		t.Errorf("a deleted group is still there: %v %v", a, h)
	}
}
