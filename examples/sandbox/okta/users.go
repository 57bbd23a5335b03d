package okta

import (
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
)

var userPages = pageSize{standard: 200, least: 1, most: 200}

// found is a user with the version that the request is to see.
type found struct {
	u *user
	r *record
}

func foundID(f found) string { return f.u.id }

// presenter gives the representation the request asks for.
func (o *Org) presenter(r *http.Request) func(found) any {
	omit := strings.Contains(r.Header.Get("Content-Type"), "omitCredentials")
	fields := r.URL.Query().Get("fields")
	return func(f found) any {
		if fields != "" {
			return project(o.userMap(f.u, f.r, omit), fields)
		}
		return o.userJSON(f.u, f.r, omit)
	}
}

func (o *Org) listUsers(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	q := r.URL.Query()
	switch {
	case q.Get("search") != "":
		o.searchUsers(w, r, q.Get("search"), searchGrammar, false)
	case q.Get("filter") != "":
		o.searchUsers(w, r, q.Get("filter"), filterGrammar, true)
	case q.Get("q") != "":
		o.pickUsers(w, r, strings.ToLower(q.Get("q")))
	default:
		list(o, w, r, userPages, o.everybody(), foundID, o.presenter(r))
	}
}

// everybody is the default listing: all who are not deprovisioned. It is kept until somebody changes.
func (o *Org) everybody() []found {
	if done := o.listing.Load(); done != nil {
		return *done
	}
	users := o.selectUsers(func(f found) bool { return f.r.person.Status != company.Deprovisioned }, false)
	o.listing.Store(&users)
	return users
}

// selectUsers gives users in order of id; indexed: as the search index sees them.
func (o *Org) selectUsers(keep func(found) bool, indexed bool) []found {
	now := o.now()
	out := make([]found, 0, len(o.order))
	for _, u := range o.order {
		f := found{u, u.cur}
		if indexed {
			f.r = u.searched(now)
		}
		if f.r != nil && keep(f) {
			out = append(out, f)
		}
	}
	return out
}

func searchGrammar(name string) []string {
	if strings.HasPrefix(name, "profile.") {
		return anything
	}
	switch name {
	case "id", "status", "type.id":
		return []string{"eq", "pr"}
	case "created", "activated", "lastUpdated", "statusChanged":
		return dates
	}
	return nil
}

func filterGrammar(name string) []string {
	switch name {
	case "status", "id", "profile.login", "profile.email", "profile.firstName", "profile.lastName":
		return equality
	case "lastUpdated":
		return dates
	}
	return nil
}

func (o *Org) searchUsers(w http.ResponseWriter, r *http.Request, text string, allowed grammar, exact bool) {
	e, err := parse(text, allowed, exact)
	if err != nil {
		o.fail(w, http.StatusBadRequest, "E0000031", "Invalid search criteria.", err.Error())
		return
	}
	matches := o.selectUsers(func(f found) bool {
		return e.eval(func(name string) []string {
			values, _ := f.r.attribute(f.u.id, name)
			return values
		})
	}, true)
	if by := r.URL.Query().Get("sortBy"); by != "" && !exact {
		o.sorted(w, r, matches, by)
		return
	}
	list(o, w, r, userPages, matches, foundID, o.presenter(r))
}

// sorted pages a search in an order of its own; its cursor is a position, so a change between two pages may shift it.
func (o *Org) sorted(w http.ResponseWriter, r *http.Request, matches []found, by string) {
	key := func(f found) string {
		if v, _ := f.r.attribute(f.u.id, by); len(v) > 0 {
			return strings.ToLower(v[0])
		}
		return ""
	}
	sort.SliceStable(matches, func(i, j int) bool { return key(matches[i]) < key(matches[j]) })
	if strings.EqualFold(r.URL.Query().Get("sortOrder"), "desc") {
		slices.Reverse(matches)
	}
	type placed struct {
		found
		at string
	}
	items := make([]placed, len(matches))
	for i, f := range matches {
		items[i] = placed{f, position(i)}
	}
	show := o.presenter(r)
	list(o, w, r, userPages, items, func(p placed) string { return p.at }, func(p placed) any { return show(p.found) })
}

// position writes a number so that the order of the texts is the order of the numbers.
func position(i int) string { return "1" + strconv.Itoa(1_000_000_000 + i)[1:] }

// pickUsers is for people pickers: prefix of a name or e-mail, 10 by default, never a second page.
func (o *Org) pickUsers(w http.ResponseWriter, r *http.Request, prefix string) {
	matches := o.selectUsers(func(f found) bool {
		p := f.r.person
		if p.Status == company.Deprovisioned {
			return false
		}
		return strings.HasPrefix(strings.ToLower(p.FirstName), prefix) ||
			strings.HasPrefix(strings.ToLower(p.LastName), prefix) || strings.HasPrefix(strings.ToLower(p.Email), prefix)
	}, true)
	size := pageSize{standard: 10, least: 1, most: 200}
	if limit, err := size.parse(r); err == nil {
		matches = matches[:min(limit, len(matches))]
	}
	list(o, w, r, size, matches, foundID, o.presenter(r))
}

// find resolves an id or a login; me is the token's own administrator.
func (o *Org) find(key string) *user {
	if u := o.users[key]; u != nil {
		return u
	}
	return o.logins[strings.ToLower(key)]
}

func (o *Org) getUser(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	key := r.PathValue("id")
	if who, _ := r.Context().Value(principalKey{}).(principal); key == "me" && who.scopes == nil {
		writeJSON(w, http.StatusOK, o.adminMap())
		return
	}
	u := o.find(key)
	if u == nil {
		o.notFound(w, key, "User")
		return
	}
	writeJSON(w, http.StatusOK, o.presenter(r)(found{u, u.cur}))
}

// adminMap is the token's own user. It is in no listing: the stand-in's population is the company alone.
func (o *Org) adminMap() map[string]any {
	u := &user{id: actorID}
	p := company.Person{
		Login: adminLogin, Email: adminLogin, FirstName: "Okta", LastName: "Administrator",
		DisplayName: "Okta Administrator", Status: company.Active,
	}
	return o.userMap(u, newRecord(p, o.now(), o.now()), false)
}

// userGroups has no paging parameters: everything comes at once.
func (o *Org) userGroups(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	u := o.find(r.PathValue("id"))
	if u == nil {
		o.notFound(w, r.PathValue("id"), "User")
		return
	}
	groups := make([]*group, 0, len(u.groups))
	for g := range u.groups {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *group) int { return strings.Compare(a.id, b.id) })
	view := fault.FromContext(r.Context()).Page(len(groups), 0, len(groups)+1)
	out := []any{}
	for _, g := range groups[view.From:view.To] {
		out = append(out, o.groupMap(g, g.cur))
	}
	writeJSON(w, http.StatusOK, out)
}

// project keeps the fields of a projection such as id,status,profile:(login,email).
func project(from map[string]any, fields string) map[string]any {
	out := map[string]any{}
	for fields != "" {
		cut := strings.IndexAny(fields, ",:")
		if cut < 0 {
			cut = len(fields)
		}
		name, rest := fields[:cut], fields[cut:]
		inner := ""
		if after, nested := strings.CutPrefix(rest, ":("); nested {
			inner, rest, _ = strings.Cut(after, ")")
		}
		if v, ok := from[name]; ok {
			out[name] = v
			if sub, isMap := v.(map[string]any); isMap && inner != "" {
				out[name] = project(sub, inner)
			}
		}
		fields = strings.TrimLeft(rest, ",")
		if strings.HasPrefix(fields, ":") {
			break
		}
	}
	return out
}
