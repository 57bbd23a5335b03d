package atlassian

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"syncgateway/examples/sandbox/reqlog"
)

const maxGroupName = 255

// groupQuery is the body of groups/search.
type groupQuery struct {
	Limit        *int     `json:"limit,omitempty"`
	Cursor       string   `json:"cursor,omitempty"`
	GroupNames   []string `json:"groupNames,omitempty"`
	GroupIDs     []string `json:"groupIds,omitempty"`
	AccountIDs   []string `json:"accountIds,omitempty"`
	DirectoryIDs []string `json:"directoryIds,omitempty"`
	ResourceIDs  []string `json:"resourceIds,omitempty"`
	RoleIDs      []string `json:"roleIds,omitempty"`
	SearchTerm   string   `json:"searchTerm,omitempty"`
	Expand       []string `json:"expand,omitempty"`
}

func (q *groupQuery) check() error {
	switch {
	case q.Limit != nil && (*q.Limit < 1 || *q.Limit > 100):
		return fmt.Errorf("limit must be from 1 to 100")
	case len(q.GroupNames) > 100:
		return fmt.Errorf("at most 100 groupNames")
	case len(q.GroupIDs) > 10, len(q.AccountIDs) > 10:
		return fmt.Errorf("at most 10 groupIds and accountIds")
	}
	for _, e := range q.Expand {
		if e != "counts.users" && e != "counts.resources" {
			return fmt.Errorf("unknown expand %q", e)
		}
	}
	return nil
}

func (o *Org) searchGroups(w http.ResponseWriter, r *http.Request) {
	var q groupQuery
	if err := decode(r, &q); err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-24", err.Error())
		return
	}
	c, err := resume(&q, q.Cursor)
	if err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-1", err.Error())
		return
	}
	if err := q.check(); err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-24", err.Error())
		return
	}
	limit := 20
	if q.Limit != nil {
		limit = *q.Limit
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	found, links := page(r, o.matchGroups(&q), groupID, c, limit)
	data := make([]object, 0, len(found))
	for _, g := range found {
		data = append(data, o.adminGroup(g, q.Expand))
	}
	writeJSON(w, http.StatusOK, object{"data": data, "links": links})
}

func groupID(g *group) string { return g.id }

func (o *Org) matchGroups(q *groupQuery) []*group {
	now := o.now()
	names := map[string]bool{}
	for _, n := range q.GroupNames {
		names[fold(n)] = true
	}
	ids := map[string]bool{}
	for _, id := range q.GroupIDs {
		ids[bareID(id)] = true
	}
	term := fold(q.SearchTerm)
	var out []*group
	for _, g := range o.groupOrder {
		keep := g.searched(now) &&
			(len(names) == 0 || names[fold(g.name)]) && (len(ids) == 0 || ids[g.id]) &&
			(term == "" || strings.Contains(fold(g.name), term)) &&
			(len(q.AccountIDs) == 0 || slices.ContainsFunc(q.AccountIDs, func(id string) bool { return g.members[o.accounts[id]] })) &&
			(len(q.DirectoryIDs) == 0 || slices.Contains(q.DirectoryIDs, o.DirectoryID)) &&
			(len(q.ResourceIDs) == 0 || slices.ContainsFunc(g.grants, func(gr grant) bool { return slices.Contains(q.ResourceIDs, gr.product.ari) })) &&
			(len(q.RoleIDs) == 0 || slices.ContainsFunc(g.grants, func(gr grant) bool { return slices.Contains(q.RoleIDs, gr.role) }))
		if keep {
			out = append(out, g)
		}
	}
	return out
}

func (o *Org) adminGroup(g *group, expand []string) object {
	out := object{
		"id": g.id, "name": g.name, "description": g.description, "directoryId": o.DirectoryID,
		"externalSynced": g.externalSynced, "managedBy": g.managedBy,
		"managementAccess": object{"readable": true, "modifiable": g.modifiable, "deletable": g.deletable},
		"links":            object{"self": o.apiURL + "/admin/v2/orgs/" + o.OrgID + "/directories/" + o.DirectoryID + "/groups/" + g.id},
	}
	counts := object{}
	if slices.Contains(expand, "counts.users") {
		counts["users"] = len(g.members)
	}
	if slices.Contains(expand, "counts.resources") {
		counts["resources"] = len(g.grants)
	}
	if len(counts) > 0 {
		out["counts"] = counts
	}
	return out
}

func (o *Org) countGroups(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	q := groupQuery{GroupIDs: v["groupIds"], AccountIDs: v["accountIds"], SearchTerm: v.Get("searchTerm"), RoleIDs: v["roleIds"]}
	o.mu.RLock()
	defer o.mu.RUnlock()
	writeJSON(w, http.StatusOK, object{"count": len(o.matchGroups(&q))})
}

// group finds the request's group or answers 404.
func (o *Org) group(w http.ResponseWriter, r *http.Request) *group {
	g := o.groups[r.PathValue("group")]
	if g == nil {
		adminError(w, http.StatusNotFound, "ADMIN-404-10", "Group not found")
	}
	return g
}

func (o *Org) getGroup(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if g := o.group(w, r); g != nil {
		writeJSON(w, http.StatusOK, object{"data": o.adminGroup(g, []string{"counts.users", "counts.resources"})})
	}
}

// createGroup answers 201 without a body: the id has to be searched, and the search lags.
func (o *Org) createGroup(w http.ResponseWriter, r *http.Request) {
	var q struct{ Name, Description string }
	if err := decode(r, &q); err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-24", err.Error())
		return
	}
	if trimmed := strings.TrimSpace(q.Name); trimmed == "" || trimmed != q.Name || len(q.Name) > maxGroupName {
		adminError(w, http.StatusBadRequest, "ADMIN-400-24", "The name must have 1 to 255 characters and no blanks around it.")
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.names[fold(q.Name)] != nil {
		adminError(w, http.StatusConflict, "ADMIN-409-28", "A group with this name already exists.")
		return
	}
	g := o.create(q.Name, q.Description)
	note(r, reqlog.GroupCreate, nil, g, "")
	w.WriteHeader(http.StatusCreated)
}

func (o *Org) deleteGroup(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.group(w, r)
	switch {
	case g == nil:
	case g.isDefault(o.products):
		adminError(w, http.StatusForbidden, "ADMIN-403-6", "Not allowed to delete group with default-role attribute")
	case g.grantsAdmin():
		adminError(w, http.StatusForbidden, "ADMIN-403-7", "Not allowed to delete group which grants admin access to a product or org")
	case !g.deletable:
		adminError(w, http.StatusForbidden, "ADMIN-403-5", "Not allowed to manage the group")
	case len(g.members) > 0:
		adminError(w, http.StatusConflict, "ADMIN-409-5", "Group not empty")
	default:
		note(r, reqlog.GroupDelete, nil, g, "")
		o.drop(g)
		w.WriteHeader(http.StatusNoContent)
	}
}

// addMember answers 409 both to a present member and to a full licence.
func (o *Org) addMember(w http.ResponseWriter, r *http.Request) {
	var q struct{ AccountID string }
	if err := decode(r, &q); err != nil || q.AccountID == "" {
		adminError(w, http.StatusBadRequest, "ADMIN-400-24", "accountId is needed")
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.group(w, r)
	if g == nil {
		return
	}
	if !g.modifiable {
		adminError(w, http.StatusForbidden, "ADMIN-403-5", "Not allowed to manage the group")
		return
	}
	a := o.inDirectory(w, q.AccountID)
	if a == nil {
		return
	}
	if g.members[a] {
		o.conflict(w, "ADMIN-409-28", "The user is already in the group.")
		return
	}
	if p := g.lacksSeat(a); p != nil {
		o.conflict(w, "ADMIN-409-3", "You've exceeded your user limit for "+p.name+".")
		return
	}
	o.join(g, a)
	note(r, reqlog.MemberAdd, a, g, "")
	w.WriteHeader(http.StatusNoContent)
}

func (o *Org) conflict(w http.ResponseWriter, code, detail string) {
	if o.vague {
		code = "ADMIN-409-28"
		detail = "The user is already in the group or you've exceeded your user limit for an app that the group grants access to."
	}
	adminError(w, http.StatusConflict, code, detail)
}

// removeMember answers 404 to a user who is not a member; the vendor describes no other status for it.
func (o *Org) removeMember(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.group(w, r)
	if g == nil {
		return
	}
	if !g.modifiable {
		adminError(w, http.StatusForbidden, "ADMIN-403-5", "Not allowed to manage the group")
		return
	}
	a := o.accounts[r.PathValue("account")]
	if a == nil || !g.members[a] {
		adminError(w, http.StatusNotFound, "ADMIN-404-8", "User not found")
		return
	}
	o.leave(g, a)
	note(r, reqlog.MemberRemove, a, g, "")
	w.WriteHeader(http.StatusNoContent)
}

func (o *Org) groupRoles(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	g := o.group(w, r)
	if g == nil {
		return
	}
	var touched []*product
	for _, gr := range g.grants {
		if !slices.Contains(touched, gr.product) {
			touched = append(touched, gr.product)
		}
	}
	slices.SortFunc(touched, func(a, b *product) int { return cmp.Compare(a.ari, b.ari) })
	found, links := page(r, touched, func(p *product) string { return p.ari }, cursor{}, 100)
	data := []object{}
	for _, p := range found {
		var roles []string
		for _, gr := range g.grants {
			if gr.product == p {
				roles = append(roles, gr.role)
			}
		}
		item := object{"resourceId": p.ari, "resourceOwner": p.key, "roles": roles, "defaultRole": nil}
		if p.defaultGroup == g {
			item["defaultRole"] = roleUser
		}
		data = append(data, item)
	}
	writeJSON(w, http.StatusOK, object{"data": data, "links": links})
}
