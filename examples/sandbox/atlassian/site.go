package atlassian

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// SiteHandler serves what the site's own host serves.
func (o *Org) SiteHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.serveREST(w, r, o.Token) })
}

// serveREST answers the site's REST API to the owner of the token. A scoped token does not work on the site's host, nor
// a classic one behind the gateway.
func (o *Org) serveREST(w http.ResponseWriter, r *http.Request, token string) {
	if r.URL.Path == "/_edge/tenant_info" || r.URL.Path == "/rest/api/3/serverInfo" {
		o.site.ServeHTTP(w, r)
		return
	}
	email, password, _ := r.BasicAuth()
	if !strings.EqualFold(email, o.Email) || password != token {
		w.Header().Set("WWW-Authenticate", `OAuth realm="`+o.siteURL+`"`)
		siteError(w, http.StatusUnauthorized, "Client must be authenticated to access this resource.")
		return
	}
	browser := strings.HasPrefix(r.UserAgent(), "Mozilla/") || r.Header.Get("Origin") != ""
	if r.Method != http.MethodGet && browser && r.Header.Get("X-Atlassian-Token") != "no-check" {
		http.Error(w, "XSRF check failed", http.StatusForbidden)
		return
	}
	_, route := o.site.Handler(r)
	rate := perSecond[r.Method]
	if !o.limiter.admit(w, route, r.Method, rate, int(rate)) {
		o.FailSite(w, r, http.StatusTooManyRequests, 0)
		return
	}
	o.site.ServeHTTP(w, r)
}

func (o *Org) siteRoutes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /_edge/tenant_info", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, object{"cloudId": o.CloudID})
	})
	const v3 = " /rest/api/3"
	as := func(pattern string, least SiteRole, h http.HandlerFunc) { m.HandleFunc(pattern, o.asRole(least, h)) }
	as("GET"+v3+"/serverInfo", Outsider, o.serverInfo)
	as("GET"+v3+"/myself", Outsider, o.myself)
	as("GET"+v3+"/mypermissions", Outsider, o.myPermissions)
	as("GET"+v3+"/applicationrole", JiraAdmin, o.applicationRoles)
	as("GET"+v3+"/applicationrole/{key}", JiraAdmin, o.applicationRole)
	as("GET"+v3+"/users", SiteUser, o.listSiteUsers)
	as("GET"+v3+"/users/search", SiteUser, o.listSiteUsers)
	as("GET"+v3+"/user", SiteUser, o.getSiteUser)
	as("POST"+v3+"/user", JiraAdmin, o.createSiteUser)
	as("DELETE"+v3+"/user", SiteAdmin, o.deleteSiteUser)
	as("GET"+v3+"/user/search", SiteUser, o.findSiteUsers)
	as("GET"+v3+"/user/bulk", SiteUser, o.bulkSiteUsers)
	as("GET"+v3+"/user/groups", SiteUser, o.siteUserGroups)
	as("GET"+v3+"/user/email", Outsider, notForTokens)
	as("GET"+v3+"/user/email/bulk", Outsider, notForTokens)
	as("GET"+v3+"/user/properties", JiraAdmin, o.listProperties)
	as("GET"+v3+"/user/properties/{key}", JiraAdmin, o.getProperty)
	as("PUT"+v3+"/user/properties/{key}", JiraAdmin, o.putProperty)
	as("DELETE"+v3+"/user/properties/{key}", JiraAdmin, o.deleteProperty)
	as("GET"+v3+"/group/bulk", SiteUser, o.listSiteGroups)
	as("GET"+v3+"/group/member", SiteUser, o.siteMembers)
	as("POST"+v3+"/group", SiteAdmin, o.createSiteGroup)
	as("DELETE"+v3+"/group", SiteAdmin, o.deleteSiteGroup)
	as("POST"+v3+"/group/user", SiteAdmin, o.addSiteMember)
	as("DELETE"+v3+"/group/user", SiteAdmin, o.removeSiteMember)
	as("GET"+v3+"/project/search", SiteUser, o.searchProjects)
	as("GET"+v3+"/project/{key}", SiteUser, o.getProject)
	as("PUT"+v3+"/project/{key}", JiraAdmin, o.putProject)
	as("GET"+v3+"/project/{key}/role", JiraAdmin, o.listProjectRoles)
	as("GET"+v3+"/project/{key}/role/{id}", JiraAdmin, o.getProjectRole)
	as("POST"+v3+"/project/{key}/role/{id}", JiraAdmin, o.addActors)
	as("GET"+v3+"/role", JiraAdmin, o.listRoles)
	as("GET"+v3+"/permissionscheme", SiteUser, o.listSchemes)
	as("POST"+v3+"/permissionscheme/{id}/permission", JiraAdmin, o.addPermission)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		siteError(w, http.StatusNotFound, "null for uri: "+o.siteURL+r.URL.Path)
	})
	return m
}

var siteRoles = []SiteRole{Outsider, SiteUser, JiraAdmin, SiteAdmin}

func (o *Org) asRole(least SiteRole, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o.mu.RLock()
		role := o.siteRole
		o.mu.RUnlock()
		if slices.Index(siteRoles, role) < slices.Index(siteRoles, least) {
			siteError(w, http.StatusForbidden, "You do not have the permission that this operation requires.")
			return
		}
		h(w, r)
	}
}

// notForTokens: e-mails are for approved apps, whatever the caller's role.
func notForTokens(w http.ResponseWriter, r *http.Request) {
	siteError(w, http.StatusUnauthorized, "Access to this resource is restricted to approved apps.")
}

// FailSite writes the answer the site gives with a status, for injected faults.
func (o *Org) FailSite(w http.ResponseWriter, _ *http.Request, status, retryAfter int) {
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable && retryAfter > 0 {
		w.Header().Set("RateLimit-Reason", "jira-burst-based")
		if w.Header().Get("X-RateLimit-Reset") == "" {
			o.limiter.tooMany(w, retryAfter, o.now())
		}
	}
	siteError(w, status, http.StatusText(status))
}

func (o *Org) serverInfo(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, object{
		"baseUrl": o.siteURL, "displayUrl": o.siteURL, "version": "1001.0.0-SNAPSHOT", "versionNumbers": []int{1001, 0, 0},
		"deploymentType": "Cloud", "buildNumber": 100300, "serverTitle": "Jira", "serverTime": o.now().UTC().Format(time.RFC3339),
	})
}

func (o *Org) myself(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	me := o.emails[fold(o.Email)]
	out := o.siteUser(me)
	out["emailAddress"] = me.live.email // one's own address is always visible
	writeJSON(w, http.StatusOK, out)
}

var permissionLevels = map[string]SiteRole{
	"ADMINISTER": JiraAdmin, "SYSTEM_ADMIN": SiteAdmin, "USER_PICKER": SiteUser, "BROWSE_PROJECTS": SiteUser,
	"ADMINISTER_PROJECTS": JiraAdmin, "CREATE_ISSUES": SiteUser, "BULK_CHANGE": SiteUser,
}

func (o *Org) myPermissions(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query().Get("permissions")
	if asked == "" {
		siteError(w, http.StatusBadRequest, "The 'permissions' query parameter is required.")
		return
	}
	o.mu.RLock()
	role := o.siteRole
	o.mu.RUnlock()
	out := object{}
	for i, name := range strings.Split(asked, ",") {
		least, known := permissionLevels[name]
		if !known {
			siteError(w, http.StatusBadRequest, "Unrecognized permission: "+name)
			return
		}
		kind := "GLOBAL"
		if strings.Contains(name, "PROJECT") || name == "CREATE_ISSUES" {
			kind = "PROJECT"
		}
		out[name] = object{
			"id": "1000" + string(rune('0'+i%10)), "key": name, "name": name, "type": kind, "description": "",
			"havePermission": slices.Index(siteRoles, role) >= slices.Index(siteRoles, least),
		}
	}
	writeJSON(w, http.StatusOK, object{"permissions": out})
}
