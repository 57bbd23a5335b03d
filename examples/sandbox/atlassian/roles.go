package atlassian

import (
	"net/http"
	"slices"

	"syncgateway/examples/sandbox/reqlog"
)

// productRoles can be granted on a product's resource.
var productRoles = []string{
	roleUser, roleAdmin, "atlassian/user-access-admin", "atlassian/guest", "atlassian/contributor", "atlassian/customer",
	"atlassian/basic", "atlassian/stakeholder", "atlassian/viewer",
}

type groupRole struct {
	ResourceID string `json:"resourceId"`
	RoleID     string `json:"roleId"`
}

func (o *Org) groupRole(w http.ResponseWriter, r *http.Request) (*group, *product, string) {
	var q groupRole
	if err := decode(r, &q); err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-24", err.Error())
		return nil, nil, ""
	}
	g := o.group(w, r)
	p := o.productByARI(q.ResourceID)
	switch {
	case g == nil:
		return nil, nil, ""
	case p == nil:
		adminError(w, http.StatusNotFound, "ADMIN-404-1", "Unknown resource")
		return nil, nil, ""
	case !slices.Contains(productRoles, q.RoleID):
		adminError(w, http.StatusBadRequest, "ADMIN-400-4", "Invalid resource or role")
		return nil, nil, ""
	}
	return g, p, q.RoleID
}

func (o *Org) assignGroupRole(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, p, role := o.groupRole(w, r)
	if g == nil {
		return
	}
	if len(g.grantsOf(p, role)) == 0 {
		if role == roleUser && o.seatsMissing(g, p) {
			adminError(w, http.StatusConflict, "ADMIN-409-3", "You've exceeded your user limit for the app.")
			return
		}
		o.grant(g, p, role)
		note(r, reqlog.RoleGrant, nil, g, role+" "+p.key)
	}
	w.WriteHeader(http.StatusOK)
}

func (o *Org) seatsMissing(g *group, p *product) bool {
	wanted := 0
	for a := range g.members {
		if a.live.active() && p.holders[a] == 0 {
			wanted++
		}
	}
	return p.seats > 0 && p.used+wanted > p.seats
}

func (o *Org) revokeGroupRole(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, p, role := o.groupRole(w, r)
	if g == nil {
		return
	}
	if len(g.grantsOf(p, role)) > 0 {
		o.revoke(g, p, role)
		note(r, reqlog.RoleRevoke, nil, g, role+" "+p.key)
	}
	w.WriteHeader(http.StatusNoContent)
}
