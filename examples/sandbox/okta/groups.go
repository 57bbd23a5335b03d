package okta

import (
	"net/http"
	"strings"

	"syncgateway/examples/sandbox/fault"
)

var (
	groupPages  = pageSize{standard: 10_000, least: 1, most: 10_000, strict: true}
	memberPages = pageSize{standard: 1000, least: 1, most: 1000}
)

type foundGroup struct {
	g *group
	r *groupRecord
}

func foundGroupID(f foundGroup) string { return f.g.id }

func groupFilterGrammar(name string) []string {
	switch name {
	case "id", "type":
		return equality
	case "lastUpdated", "lastMembershipUpdated":
		return dates
	}
	return nil
}

func groupSearchGrammar(name string) []string {
	switch name {
	case "created":
		return dates
	case "profile.name", "profile.description":
		return anything
	}
	return groupFilterGrammar(name)
}

func (o *Org) selectGroups(keep func(foundGroup) bool, indexed bool) []foundGroup {
	now := o.now()
	out := make([]foundGroup, 0, len(o.groupOrder))
	for _, g := range o.groupOrder {
		f := foundGroup{g, g.cur}
		if indexed {
			f.r = g.searched(now)
		}
		if f.r != nil && keep(f) {
			out = append(out, f)
		}
	}
	return out
}

func (o *Org) listGroups(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	q := r.URL.Query()
	size, keep, indexed := groupPages, func(foundGroup) bool { return true }, false
	text, allowed := q.Get("search"), grammar(groupSearchGrammar)
	if text == "" {
		text, allowed = q.Get("filter"), groupFilterGrammar
	}
	switch prefix := strings.ToLower(q.Get("q")); {
	case text != "":
		e, err := parse(text, allowed, q.Get("search") == "")
		if err != nil {
			o.fail(w, http.StatusBadRequest, "E0000031", "Invalid search criteria.", err.Error())
			return
		}
		indexed = true
		keep = func(f foundGroup) bool {
			return e.eval(func(name string) []string {
				values, _ := f.r.attribute(f.g.id, name)
				return values
			})
		}
	case prefix != "":
		size = pageSize{standard: 300, least: 1, most: 300}
		keep = func(f foundGroup) bool { return strings.HasPrefix(strings.ToLower(f.r.name), prefix) }
	}
	stats := strings.Contains(q.Get("expand"), "stats")
	matches := o.selectGroups(keep, indexed)
	if q.Get("q") != "" {
		matches = matches[:min(len(matches), 300)]
	}
	list(o, w, r, size, matches, foundGroupID, func(f foundGroup) any {
		out := o.groupMap(f.g, f.r)
		if stats {
			out["_embedded"] = map[string]any{"stats": map[string]any{"usersCount": len(f.g.members), "appsCount": len(o.appsOf(f.g))}}
		}
		return out
	})
}

func (o *Org) getGroup(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	g := o.groups[r.PathValue("id")]
	if g == nil {
		o.notFound(w, r.PathValue("id"), "UserGroup")
		return
	}
	writeJSON(w, http.StatusOK, o.groupMap(g, g.cur))
}

// groupUsers lists the members, deprovisioned ones included: deactivation does not take memberships away.
func (o *Org) groupUsers(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	g := o.groups[r.PathValue("id")]
	if g == nil {
		o.notFound(w, r.PathValue("id"), "UserGroup")
		return
	}
	show := o.presenter(r)
	list(o, w, r, memberPages, g.sortedMembers(), func(u *user) string { return u.id }, func(u *user) any {
		return show(found{u, u.cur})
	})
}

func (o *Org) groupApps(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	g := o.groups[r.PathValue("id")]
	if g == nil {
		o.notFound(w, r.PathValue("id"), "UserGroup")
		return
	}
	apps := o.appsOf(g)
	view := fault.FromContext(r.Context()).Page(len(apps), 0, len(apps)+1)
	out := []any{}
	for _, a := range apps[view.From:view.To] {
		out = append(out, o.appMap(a))
	}
	writeJSON(w, http.StatusOK, out)
}
