package okta

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"syncgateway/examples/sandbox/company"
)

var (
	appUserPages  = pageSize{standard: 50, least: 1, most: 500, strict: true}
	appGroupPages = pageSize{standard: 20, least: 20, most: 200, strict: true}
	appPages      = pageSize{standard: 20, least: 1, most: 200}
)

func (o *Org) appsOf(g *group) []*app {
	var out []*app
	for _, a := range o.apps {
		if slices.Contains(a.groups, g) {
			out = append(out, a)
		}
	}
	return out
}

func (o *Org) appMap(a *app) map[string]any {
	href := o.base + "/api/v1/apps/" + a.id
	return map[string]any{
		"id": a.id, "name": "jira_onprem", "label": a.label, "status": "ACTIVE", "signOnMode": "SAML_2_0",
		"created": stamp(a.created), "lastUpdated": stamp(a.created), "features": []string{},
		"_links": map[string]any{"users": map[string]any{"href": href + "/users"}, "groups": map[string]any{"href": href + "/groups"}},
	}
}

func (o *Org) listApps(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	apps := make([]*app, 0, len(o.apps))
	for _, a := range o.apps {
		apps = append(apps, a)
	}
	slices.SortFunc(apps, func(x, y *app) int { return cmp.Compare(x.id, y.id) })
	list(o, w, r, appPages, apps, func(a *app) string { return a.id }, func(a *app) any { return o.appMap(a) })
}

// app finds the request's app or answers 404.
func (o *Org) app(w http.ResponseWriter, r *http.Request) *app {
	a := o.apps[r.PathValue("id")]
	if a == nil {
		o.notFound(w, r.PathValue("id"), "AppInstance")
	}
	return a
}

func (o *Org) getApp(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if a := o.app(w, r); a != nil {
		writeJSON(w, http.StatusOK, o.appMap(a))
	}
}

// assigned gives the app's users by id: direct ones and the members of its groups, none of them deprovisioned.
func (o *Org) assigned(a *app) []*user {
	in := map[*user]bool{}
	for u := range a.direct {
		in[u] = true
	}
	for _, g := range a.groups {
		for u := range g.members {
			in[u] = true
		}
	}
	out := make([]*user, 0, len(in))
	for u := range in {
		if u.cur.person.Status != company.Deprovisioned {
			out = append(out, u)
		}
	}
	slices.SortFunc(out, func(x, y *user) int { return cmp.Compare(x.id, y.id) })
	return out
}

func (o *Org) appUserMap(a *app, u *user, expand bool) map[string]any {
	scope := "GROUP"
	if a.direct[u] {
		scope = "USER"
	}
	status := "ACTIVE"
	if u.cur.person.Status == company.Suspended {
		status = "SUSPENDED"
	}
	out := map[string]any{
		"id": u.id, "externalId": nil, "status": status, "scope": scope, "syncState": "DISABLED",
		"created": stamp(u.cur.created), "lastUpdated": stamp(u.cur.updated), "statusChanged": stamp(u.cur.statusChanged),
		"credentials": map[string]any{"userName": u.cur.person.Email},
		"profile":     map[string]any{"email": u.cur.person.Email, "name": u.cur.person.DisplayName},
		"_links": map[string]any{
			"app":  map[string]any{"href": o.base + "/api/v1/apps/" + a.id},
			"user": map[string]any{"href": o.base + "/api/v1/users/" + u.id},
		},
	}
	delete(out, "externalId") // null properties may be left out, and the vendor's description does not allow null here
	if expand {
		out["_embedded"] = map[string]any{"user": o.userJSON(u, u.cur, true)}
	}
	return out
}

func (o *Org) appUsers(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.app(w, r)
	if a == nil {
		return
	}
	users := o.assigned(a)
	if q := strings.ToLower(r.URL.Query().Get("q")); q != "" {
		users = slices.DeleteFunc(users, func(u *user) bool {
			return !strings.HasPrefix(strings.ToLower(u.cur.person.Login), q) && !strings.HasPrefix(strings.ToLower(u.cur.person.FirstName), q)
		})
	}
	expand := r.URL.Query().Get("expand") == "user"
	list(o, w, r, appUserPages, users, func(u *user) string { return u.id }, func(u *user) any {
		return o.appUserMap(a, u, expand)
	})
}

func (o *Org) getAppUser(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.app(w, r)
	if a == nil {
		return
	}
	u := o.users[r.PathValue("user")]
	if u == nil || !slices.Contains(o.assigned(a), u) {
		o.notFound(w, r.PathValue("user"), "AppUser")
		return
	}
	writeJSON(w, http.StatusOK, o.appUserMap(a, u, r.URL.Query().Get("expand") == "user"))
}

func (o *Org) appGroups(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.app(w, r)
	if a == nil {
		return
	}
	expand := strings.Contains(r.URL.Query().Get("expand"), "group")
	list(o, w, r, appGroupPages, a.groups, func(g *group) string { return g.id }, func(g *group) any { return o.appGroupMap(a, g, expand) })
}

func (o *Org) appGroupMap(a *app, g *group, expand bool) map[string]any {
	out := map[string]any{
		"id": g.id, "lastUpdated": stamp(a.created), "priority": slices.Index(a.groups, g), "profile": map[string]any{},
		"_links": map[string]any{
			"app":   map[string]any{"href": o.base + "/api/v1/apps/" + a.id},
			"group": map[string]any{"href": o.base + "/api/v1/groups/" + g.id},
		},
	}
	if expand {
		out["_embedded"] = map[string]any{"group": o.groupMap(g, g.cur)}
	}
	return out
}

func (o *Org) getAppGroup(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.app(w, r)
	if a == nil {
		return
	}
	at := slices.IndexFunc(a.groups, func(g *group) bool { return g.id == r.PathValue("group") })
	if at < 0 {
		o.notFound(w, r.PathValue("group"), "ApplicationGroupAssignment")
		return
	}
	writeJSON(w, http.StatusOK, o.appGroupMap(a, a.groups[at], r.URL.Query().Get("expand") == "group"))
}
