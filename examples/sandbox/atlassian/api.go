package atlassian

import (
	"net/http"
	"strings"
)

// APIHandler serves what api.atlassian.com serves.
func (o *Org) APIHandler() http.Handler { return http.HandlerFunc(o.serveAPI) }

func (o *Org) serveAPI(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/ex/jira/"+o.CloudID); ok {
		inner := r.Clone(r.Context())
		inner.URL.Path, inner.URL.RawPath = rest, ""
		o.serveREST(w, inner, o.ScopedToken)
		return
	}
	manage := strings.HasPrefix(r.URL.Path, "/users/")
	key, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	scoped := key == o.ScopedOrgKey
	switch {
	case !isBearer || key != o.OrgKey && !scoped:
		refuseKey(w, manage)
		return
	case scoped && manage:
		writeJSON(w, http.StatusForbidden, object{"key": "forbidden", "context": object{"missingScope": "manage:org"}})
		return
	case scoped && !isRead(r):
		adminError(w, http.StatusForbidden, "ADMIN-403-3", "The API key has no scope for this operation.")
		return
	}
	_, route := o.api.Handler(r)
	if !o.limiter.admit(w, route, r.Method, adminPerMinute/60.0, adminPerMinute/6) {
		o.FailAPI(w, r, http.StatusTooManyRequests, 0)
		return
	}
	o.api.ServeHTTP(w, r)
}

// refuseKey is the gateway's own answer, which differs from the services' behind it.
func refuseKey(w http.ResponseWriter, manage bool) {
	if manage {
		writeJSON(w, http.StatusUnauthorized, object{"key": "unauthorized"})
		return
	}
	writeJSON(w, http.StatusUnauthorized, object{"code": 401, "message": "Unauthorized"})
}

// isRead tells the reads, some of which are POST.
func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/search") || strings.HasSuffix(r.URL.Path, "/workspaces")
}

func (o *Org) apiRoutes() *http.ServeMux {
	const org1, org2 = "/admin/v1/orgs/{org}", "/admin/v2/orgs/{org}"
	const dir = org2 + "/directories/{directory}"
	const grp = dir + "/groups/{group}"
	m := http.NewServeMux()
	in := func(pattern string, h http.HandlerFunc) { m.HandleFunc(pattern, o.inOrg(h)) }

	m.HandleFunc("GET /admin/v1/orgs", o.listOrgs)
	in("GET "+org1, o.getOrg)
	in("GET "+org1+"/domains", o.listDomains)
	in("GET "+org1+"/users", o.managedAccounts)
	in("POST "+org1+"/users/{account}/roles/assign", o.assignUserRole)
	in("POST "+org1+"/users/{account}/roles/revoke", o.revokeUserRole)
	in("GET "+org2+"/directories", o.listDirectories)
	in("POST "+org2+"/workspaces", o.listWorkspaces)
	in("POST "+org2+"/users/invite", o.invite)
	in("POST "+dir+"/users/search", o.searchUsers)
	in("GET "+dir+"/users/count", o.countUsers)
	in("GET "+dir+"/users/{account}", o.getAccount)
	in("DELETE "+dir+"/users/{account}", o.removeUser)
	in("POST "+dir+"/users/{account}/suspend", o.suspendUser)
	in("POST "+dir+"/users/{account}/restore", o.restoreUser)
	in("GET "+dir+"/users/{account}/role-assignments", o.userRoles)
	in("POST "+dir+"/groups/search", o.searchGroups)
	in("POST "+dir+"/groups", o.createGroup)
	in("GET "+dir+"/groups/count", o.countGroups)
	in("GET "+grp, o.getGroup)
	in("DELETE "+grp, o.deleteGroup)
	in("POST "+grp+"/memberships", o.addMember)
	in("DELETE "+grp+"/memberships/{account}", o.removeMember)
	in("GET "+grp+"/role-assignments", o.groupRoles)
	in("POST "+grp+"/role-assignments/assign", o.assignGroupRole)
	in("POST "+grp+"/role-assignments/revoke", o.revokeGroupRole)

	const manage = "/users/{account}/manage"
	m.HandleFunc("GET "+manage, o.managePermissions)
	m.HandleFunc("GET "+manage+"/profile", o.readProfile)
	m.HandleFunc("PATCH "+manage+"/profile", o.patchProfile)
	m.HandleFunc("PUT "+manage+"/email", o.setEmail)
	m.HandleFunc("POST "+manage+"/lifecycle/{action}", o.lifecycle)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		adminError(w, http.StatusNotFound, "ADMIN-404-1", "Unknown resource")
	})
	return m
}

// inOrg refuses other organisations, unknown directories, and `-` as a directory except in reads.
func (o *Org) inOrg(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		directory := r.PathValue("directory")
		switch {
		case r.PathValue("org") != o.OrgID:
			adminError(w, http.StatusNotFound, "ADMIN-404-2", "Organization not found")
		case directory == "" || directory == o.DirectoryID || directory == "-" && isRead(r):
			h(w, r)
		default:
			adminError(w, http.StatusNotFound, "ADMIN-404-1", "Directory not found")
		}
	}
}

// FailAPI writes the answer this API gives with a status, for injected faults.
func (o *Org) FailAPI(w http.ResponseWriter, r *http.Request, status, retryAfter int) {
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable && retryAfter > 0 {
		if w.Header().Get("X-RateLimit-Reset") == "" {
			o.limiter.tooMany(w, retryAfter, o.now())
		}
	}
	switch {
	case status == http.StatusUnauthorized:
		refuseKey(w, strings.HasPrefix(r.URL.Path, "/users/"))
	case strings.HasPrefix(r.URL.Path, "/ex/jira/"):
		siteError(w, status, http.StatusText(status))
	case strings.HasPrefix(r.URL.Path, "/users/"):
		writeJSON(w, status, object{"key": map[int]string{403: "forbidden", 404: "notFound"}[status]})
	default:
		codes := map[int]string{403: "ADMIN-403-3", 404: "ADMIN-404-1", 409: "ADMIN-409-28", 429: "ADMIN-429-1"}
		code := codes[status]
		if code == "" {
			code = "ADMIN-500-1"
		}
		adminError(w, status, code, http.StatusText(status))
	}
}
