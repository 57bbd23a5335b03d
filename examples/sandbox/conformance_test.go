package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
)

// Where the stand-in differs from the vendors' descriptions, and why.
var differences = map[string]string{
	"GET /api/v1/users 400": "the description has no 400, the vendor's list of error codes has E0000031",
	"GET /api/v1/users 401": "no operation describes the refusal of a token, E0000011",
	"DELETE /v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId} 409": "the list of error codes has ADMIN-409-5, the operation no 409",
}

// TestAnswersFitTheVendorsDescriptions calls everything that the stand-ins serve, well and badly.
func TestAnswersFitTheVendorsDescriptions(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 3, Seats: 200})
	vendor := newContract(t, sb, differences)
	c := newCaller(t, sb)
	c.client.Transport = vendor
	tourOkta(c)
	tourOrganisation(c)
	tourManagement(c)
	tourSite(c)
	vendor.finish()
}

func tourOkta(c caller) {
	for _, path := range []string{
		"/users?limit=3", "/users?search=" + url.QueryEscape(`status eq "DEPROVISIONED"`), "/users?filter=" + url.QueryEscape(`lastUpdated gt "2024-01-01T00:00:00.000Z"`),
		"/users?q=ada", "/users/" + company.Ada, "/users/" + company.Ada + "/groups", "/users/nobody", "/users/me",
		"/groups", "/groups?expand=stats&limit=5", "/groups/nothing", "/apps", "/apps/nothing",
		"/org", "/meta/types/user", "/meta/schemas/user/default", "/meta/schemas/user/other", "/logs", "/users?filter=nonsense", "/logs?since=2000-01-01T00:00:00Z",
	} {
		c.okta(path)
	}
	g, _ := c.sb.Okta.Group("Domain Users")
	u, _ := c.sb.Okta.User(company.Ada)
	app := "/apps/" + c.sb.Okta.AppID()
	for _, path := range []string{
		"/groups/" + g.ID, "/groups/" + g.ID + "/users?limit=3", "/groups/" + g.ID + "/apps", "/groups/nothing/users",
		app, app + "/users?limit=3&expand=user", app + "/groups", app + "/users/" + u.ID,
	} {
		c.okta(path)
	}
	if err := c.sb.Run(company.DayStep); err != nil {
		c.t.Fatal(err)
	}
	c.okta("/logs?limit=5").want(http.StatusOK)
	c.do("GET", c.sb.OktaURL+"/api/v1/users", nil, func(r *http.Request) { r.Header.Set("Authorization", "SSWS wrong") }).want(http.StatusUnauthorized)
	signIn(c, c.sb.Env()["OKTA_CLIENT_ID"], "okta.users.read", nil)
	c.do("POST", c.sb.OktaURL+"/oauth2/v1/token", "grant_type=password", func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}).want(http.StatusBadRequest)
}

func tourOrganisation(c caller) {
	a := c.sb.Atlassian
	for _, path := range []string{"", "/" + a.OrgID, "/nothing", "/" + a.OrgID + "/domains", "/" + a.OrgID + "/users"} {
		c.do("GET", c.sb.APIURL+"/admin/v1/orgs"+path, nil, c.bearer)
	}
	c.org("GET", "/directories", nil)
	c.org("POST", "/workspaces", map[string]any{"limit": 5})
	everything := []string{"groups", "platformRoles", "counts.resources", "productAccess"}
	c.dir("POST", "/users/search", map[string]any{"expand": everything, "limit": 100}).want(http.StatusOK)
	c.dir("POST", "/users/search", map[string]any{"emails": []string{company.Ada}, "searchTerm": "x"}).want(http.StatusBadRequest)
	c.dir("GET", "/users/count", nil)
	c.dir("GET", "/groups/count", nil)
	c.dir("POST", "/groups/search", map[string]any{"expand": []string{"counts.users", "counts.resources"}}).want(http.StatusOK)
	c.dir("POST", "/groups/search", map[string]any{"limit": 1000}).want(http.StatusBadRequest)

	ada, lena := c.accountID(company.Ada), c.accountID("lena@freelance.example")
	c.dir("GET", "/users/"+ada, nil).want(http.StatusOK)
	c.dir("GET", "/users/"+ada+"/role-assignments", nil).want(http.StatusOK)
	c.dir("GET", "/users/nobody", nil).want(http.StatusNotFound)
	c.dir("POST", "/groups", map[string]any{"name": "tour"}).want(http.StatusCreated)
	c.dir("POST", "/groups", map[string]any{"name": "Tour"}).want(http.StatusConflict)
	tour := "/groups/" + c.groupID("tour")
	c.dir("GET", tour, nil).want(http.StatusOK)
	c.dir("POST", tour+"/memberships", map[string]any{"accountId": ada}).want(http.StatusNoContent)
	c.dir("POST", tour+"/memberships", map[string]any{"accountId": ada}).want(http.StatusConflict)
	c.dir("POST", tour+"/role-assignments/assign", map[string]any{"resourceId": a.ProductARI("confluence"), "roleId": "atlassian/user"}).want(http.StatusOK)
	c.dir("GET", tour+"/role-assignments", nil).want(http.StatusOK)
	c.dir("POST", tour+"/role-assignments/revoke", map[string]any{"resourceId": a.ProductARI("confluence"), "roleId": "atlassian/user"}).want(http.StatusNoContent)
	c.dir("DELETE", tour, nil).want(http.StatusConflict)
	c.dir("DELETE", tour+"/memberships/"+ada, nil).want(http.StatusNoContent)
	c.dir("DELETE", tour+"/memberships/"+ada, nil).want(http.StatusNotFound)
	c.dir("DELETE", tour, nil).want(http.StatusNoContent)

	rules := []map[string]any{{"resource": a.ProductARI("jira-software"), "role": "atlassian/user"}}
	c.org("POST", "/users/invite", map[string]any{"emails": []string{"new@harbour.example"}, "permissionRules": rules}).want(http.StatusOK)
	c.org("POST", "/users/invite", map[string]any{"emails": []string{company.Ines}, "permissionRules": rules}).want(http.StatusPartialContent)
	c.org("POST", "/users/invite", map[string]any{"emails": []string{}}).want(http.StatusBadRequest)
	v1 := c.sb.APIURL + "/admin/v1/orgs/" + a.OrgID + "/users/" + lena + "/roles/"
	for _, do := range []string{"assign", "revoke"} {
		c.do("POST", v1+do, map[string]any{"role": "atlassian/user", "resource": a.ProductARI("confluence")}, c.bearer).want(http.StatusNoContent)
	}
	c.dir("POST", "/users/"+lena+"/suspend", nil).want(http.StatusNoContent)
	c.dir("POST", "/users/"+lena+"/suspend", nil).want(http.StatusBadRequest)
	c.dir("POST", "/users/"+lena+"/restore", nil).want(http.StatusNoContent)
	c.dir("DELETE", "/users/"+lena, nil).want(http.StatusNoContent)
	c.do("GET", c.sb.APIURL+"/admin/v1/orgs", nil, func(*http.Request) {}).want(http.StatusUnauthorized)
}

func tourManagement(c caller) {
	bao, synced := c.accountID(company.Bao), c.accountID("fay.synced@harbour.example")
	c.manage("GET", bao, "", nil).want(http.StatusOK)
	c.manage("GET", synced, "", nil).want(http.StatusOK)
	c.manage("GET", "nobody", "", nil).want(http.StatusNotFound)
	c.manage("GET", bao, "/profile", nil).want(http.StatusOK)
	c.manage("PATCH", bao, "/profile", map[string]any{"name": "Bảo N.", "extended_profile": map[string]any{"job_title": "Lead"}}).want(http.StatusOK)
	c.manage("PATCH", bao, "/profile", map[string]any{"name": " "}).want(http.StatusBadRequest)
	c.manage("PUT", bao, "/email", map[string]any{"email": "bao@harbour.example"}).want(http.StatusNoContent)
	c.manage("PUT", bao, "/email", map[string]any{"email": "bao@other.example"}).want(http.StatusForbidden)
	c.manage("PUT", synced, "/email", map[string]any{"email": "fay@harbour.example"}).want(http.StatusForbidden)
	c.manage("POST", bao, "/lifecycle/disable", map[string]any{}).want(http.StatusNoContent)
	c.manage("POST", bao, "/lifecycle/disable", map[string]any{}).want(http.StatusConflict)
	c.manage("POST", bao, "/lifecycle/enable", nil).want(http.StatusNoContent)
	c.manage("POST", bao, "/lifecycle/delete", nil).want(http.StatusOK)
	c.manage("POST", bao, "/lifecycle/cancel-delete", nil).want(http.StatusOK)
	c.do("GET", c.sb.APIURL+"/users/"+bao+"/manage", nil, func(*http.Request) {}).want(http.StatusUnauthorized)
}

func tourSite(c caller) {
	ada, grace := c.accountID(company.Ada), c.accountID(company.Grace)
	for _, path := range []string{
		"/serverInfo", "/myself", "/mypermissions?permissions=ADMINISTER,USER_PICKER", "/mypermissions", "/mypermissions?permissions=NONSENSE",
		"/applicationrole", "/applicationrole/jira-software", "/applicationrole/nothing", "/users?maxResults=3", "/users/search?maxResults=3",
		"/user?accountId=" + ada + "&expand=groups", "/user?accountId=nobody", "/user/search?query=ada", "/user/search",
		"/user/bulk?accountId=" + ada + "&accountId=" + grace, "/user/bulk", "/user/groups?accountId=" + ada, "/user/email?accountId=" + ada,
		"/group/bulk?maxResults=2", "/group/member?groupId=" + c.groupID("jira-admins"), "/group/member", "/group/member?groupId=nothing",
		"/project/search?expand=lead", "/project/CORE", "/project/NOTHING", "/role", "/project/CORE/role", "/project/CORE/role/10002", "/project/CORE/role/1", "/project/NOTHING/role/10002",
		"/user/properties?accountId=" + ada,
	} {
		c.site("GET", path, nil)
	}
	c.site("POST", "/group", map[string]any{"name": "site-tour"}).want(http.StatusCreated)
	c.site("POST", "/group", map[string]any{"name": "site-tour"}).want(http.StatusBadRequest)
	in := "/group/user?groupId=" + c.groupID("site-tour")
	c.site("POST", in, map[string]any{"accountId": ada}).want(http.StatusCreated)
	c.site("POST", in, map[string]any{"accountId": ada}).want(http.StatusBadRequest)
	c.site("DELETE", in+"&accountId="+ada, nil).want(http.StatusOK)
	c.site("DELETE", in+"&accountId="+ada, nil).want(http.StatusBadRequest)
	c.site("DELETE", "/group?groupId="+c.groupID("site-tour"), nil).want(http.StatusOK)
	c.site("POST", "/user", map[string]any{"emailAddress": "site@harbour.example", "products": []string{"jira-software"}}).want(http.StatusCreated)
	c.site("POST", "/user", map[string]any{"emailAddress": company.Ines, "products": []string{}}).want(http.StatusBadRequest)
	c.site("DELETE", "/user?accountId="+c.accountID("site@harbour.example"), nil).want(http.StatusNoContent)
	property := "/user/properties/team?accountId=" + ada
	c.site("PUT", property, `{"a":1}`).want(http.StatusCreated)
	c.site("PUT", property, `{"a":2}`).want(http.StatusOK)
	c.site("GET", property, nil).want(http.StatusOK)
	c.site("DELETE", property, nil).want(http.StatusNoContent)
	c.site("PUT", "/project/CORE", map[string]any{"leadAccountId": grace}).want(http.StatusOK)
	c.site("POST", "/project/CORE/role/10001", map[string]any{"groupId": []string{c.groupID("contractors")}}).want(http.StatusOK)
	c.do("GET", c.sb.SiteURL+"/rest/api/3/myself", nil, func(*http.Request) {}).want(http.StatusUnauthorized)
}
