package atlassian

import (
	"net/http"
	"slices"
	"strings"

	"syncgateway/examples/sandbox/reqlog"
)

const (
	groupsPage  = 50
	membersPage = 50
)

// siteGroup finds the group of groupId or groupname, or answers.
func (o *Org) siteGroup(w http.ResponseWriter, r *http.Request) *group {
	q := r.URL.Query()
	id, name := q.Get("groupId"), q.Get("groupname")
	if id == "" && name == "" {
		siteError(w, http.StatusBadRequest, "One of groupId and groupname is required.")
		return nil
	}
	g := o.groups[id]
	if id == "" {
		g = o.names[fold(name)]
	}
	if g == nil {
		siteError(w, http.StatusNotFound, "The group '"+id+name+"' does not exist.")
	}
	return g
}

// listSiteGroups comes from the same index as the organisation's search.
func (o *Org) listSiteGroups(w http.ResponseWriter, r *http.Request) {
	start, size, err := offsets(r, groupsPage, groupsPage)
	if err != nil {
		siteError(w, http.StatusBadRequest, err.Error())
		return
	}
	q := r.URL.Query()
	ids, names, access := q["groupId"], q["groupName"], q.Get("accessType")
	o.mu.RLock()
	defer o.mu.RUnlock()
	now := o.now()
	var found []*group
	for _, g := range o.groupOrder {
		if g.searched(now) && (len(ids) == 0 || slices.Contains(ids, g.id)) &&
			(len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, g.name) })) &&
			g.hasAccess(access) {
			found = append(found, g)
		}
	}
	shown, v := offsetPage(r, found, start, size)
	out := make([]object, 0, len(shown))
	for _, g := range shown {
		out = append(out, object{"groupId": g.id, "name": g.name})
	}
	writeJSON(w, http.StatusOK, o.pageBean(r, out, v, start, size))
}

// hasAccess tells whether the group grants the kind of access: site-admin, admin, user; "" = no matter.
func (g *group) hasAccess(kind string) bool {
	role := map[string]string{"site-admin": roleSiteAdmin, "admin": roleAdmin, "user": roleUser}[kind]
	return kind == "" || slices.ContainsFunc(g.grants, func(gr grant) bool { return gr.role == role })
}

// siteMembers leaves inactive people out unless asked for them.
func (o *Org) siteMembers(w http.ResponseWriter, r *http.Request) {
	start, size, err := offsets(r, membersPage, membersPage)
	if err != nil {
		siteError(w, http.StatusBadRequest, err.Error())
		return
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	g := o.siteGroup(w, r)
	if g == nil {
		return
	}
	members := g.sortedMembers()
	if r.URL.Query().Get("includeInactiveUsers") != "true" {
		members = slices.DeleteFunc(slices.Clone(members), func(a *account) bool { return !a.live.active() })
	}
	shown, v := offsetPage(r, members, start, size)
	out := make([]object, 0, len(shown))
	for _, a := range shown {
		u := o.siteUser(a)
		delete(u, "locale")
		out = append(out, u)
	}
	writeJSON(w, http.StatusOK, o.pageBean(r, out, v, start, size))
}

func (o *Org) createSiteGroup(w http.ResponseWriter, r *http.Request) {
	var q struct{ Name string }
	if err := decode(r, &q); err != nil || strings.TrimSpace(q.Name) == "" || len(q.Name) > maxGroupName {
		siteError(w, http.StatusBadRequest, "The name must have 1 to 255 characters.")
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.names[fold(q.Name)] != nil {
		siteError(w, http.StatusBadRequest, "A group or user with this name already exists.")
		return
	}
	g := o.create(q.Name, "")
	note(r, reqlog.GroupCreate, nil, g, "")
	writeJSON(w, http.StatusCreated, o.groupName(g))
}

func (o *Org) deleteSiteGroup(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.siteGroup(w, r)
	switch {
	case g == nil:
	case !g.deletable || g.isDefault(o.products) || g.grantsAdmin():
		siteError(w, http.StatusForbidden, "You are not allowed to delete the group '"+g.name+"'.")
	default:
		for _, a := range g.sortedMembers() {
			note(r, reqlog.MemberRemove, a, g, "group deleted")
		}
		note(r, reqlog.GroupDelete, nil, g, "")
		o.drop(g)
		w.WriteHeader(http.StatusOK)
	}
}

// addSiteMember answers 400 for a present member, with a text that clients have to recognise.
func (o *Org) addSiteMember(w http.ResponseWriter, r *http.Request) {
	var q struct{ AccountID string }
	if err := decode(r, &q); err != nil || q.AccountID == "" {
		siteError(w, http.StatusBadRequest, "accountId is required.")
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.siteGroup(w, r)
	if g == nil {
		return
	}
	a := o.accounts[q.AccountID]
	switch {
	case a == nil || a.live.membership == noMembership:
		siteError(w, http.StatusNotFound, "The user '"+q.AccountID+"' does not exist.")
	case !g.modifiable:
		siteError(w, http.StatusForbidden, "The group '"+g.name+"' is managed elsewhere.")
	case g.members[a]:
		siteError(w, http.StatusBadRequest, "Cannot add user. User is already a member of '"+g.name+"'.")
	case g.lacksSeat(a) != nil:
		siteError(w, http.StatusBadRequest, "Cannot add user: the number of licensed users is exceeded.")
	default:
		o.join(g, a)
		note(r, reqlog.MemberAdd, a, g, "")
		writeJSON(w, http.StatusCreated, o.groupName(g))
	}
}

func (o *Org) removeSiteMember(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.siteGroup(w, r)
	if g == nil {
		return
	}
	a := o.accountOf(w, r)
	switch {
	case a == nil:
	case !g.modifiable:
		siteError(w, http.StatusForbidden, "The group '"+g.name+"' is managed elsewhere.")
	case !g.members[a]:
		siteError(w, http.StatusBadRequest, "Cannot remove user '"+a.id+"' from group '"+g.name+"' since user is not a member of '"+g.name+"'.")
	default:
		o.leave(g, a)
		note(r, reqlog.MemberRemove, a, g, "")
		w.WriteHeader(http.StatusOK)
	}
}
