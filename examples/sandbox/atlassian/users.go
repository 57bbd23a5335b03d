package atlassian

import (
	"net/http"
	"slices"

	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/reqlog"
)

// inDirectory finds the request's account among those in the directory, suspended ones included, or answers 404.
func (o *Org) inDirectory(w http.ResponseWriter, id string) *account {
	a := o.accounts[id]
	if a == nil || a.kind != "atlassian" || a.live.membership == noMembership || a.live.accountStatus == statusClosed {
		adminError(w, http.StatusNotFound, "ADMIN-404-8", "User not found")
		return nil
	}
	return a
}

func (o *Org) getAccount(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.accounts[r.PathValue("account")]
	if a == nil || !a.listed(&a.live) {
		adminError(w, http.StatusNotFound, "ADMIN-404-8", "User not found")
		return
	}
	out := o.adminUser(a, &a.live, []string{"platformRoles", "counts.resources"})
	delete(out, "links")
	writeJSON(w, http.StatusOK, object{"data": out})
}

// suspendUser refuses who is suspended already: the vendor documents no answer, so a client has to look first.
func (o *Org) suspendUser(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.inDirectory(w, r.PathValue("account"))
	if a == nil {
		return
	}
	if a.live.membership == suspended {
		adminError(w, http.StatusBadRequest, "ADMIN-400-4", "The user's access is suspended already.")
		return
	}
	o.change(a, func(p *person) { p.membership = suspended })
	note(r, reqlog.UserSuspend, a, nil, "")
	w.WriteHeader(http.StatusNoContent)
}

// restoreUser gives roles and groups back, if there are seats for them.
func (o *Org) restoreUser(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.inDirectory(w, r.PathValue("account"))
	if a == nil {
		return
	}
	if a.live.membership != suspended {
		adminError(w, http.StatusBadRequest, "ADMIN-400-4", "The user's access is not suspended.")
		return
	}
	if a.live.accountStatus == statusActive && o.lacksSeatAgain(a) != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-32", "Too many license breaches")
		return
	}
	o.change(a, func(p *person) { p.membership = statusActive })
	note(r, reqlog.UserRestore, a, nil, "")
	w.WriteHeader(http.StatusNoContent)
}

func (o *Org) removeUser(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.inDirectory(w, r.PathValue("account"))
	if a == nil {
		return
	}
	if a.scim {
		adminError(w, http.StatusForbidden, "ADMIN-403-3", "The user is synced from an identity provider.")
		return
	}
	o.expel(a)
	note(r, reqlog.UserRemove, a, nil, "")
	w.WriteHeader(http.StatusNoContent)
}

func (o *Org) userRoles(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.inDirectory(w, r.PathValue("account"))
	if a == nil {
		return
	}
	data := []object{}
	for _, p := range o.products {
		var roles []string
		for g := range a.live.groups {
			for _, gr := range g.grants {
				if gr.product == p && !slices.Contains(roles, gr.role) {
					roles = append(roles, gr.role)
				}
			}
		}
		if roles == nil {
			continue
		}
		slices.Sort(roles)
		assignments := []object{}
		for _, role := range roles {
			assignments = append(assignments, object{"role": role, "roleAssignmentMethods": []string{"group_direct"}})
		}
		data = append(data, object{
			"resourceId": p.ari, "resourceOwner": p.key, "directoryId": o.DirectoryID, "roles": roles,
			"roleAssignments": assignments, "userDirectoryStatus": a.live.membership,
		})
	}
	v := fault.FromContext(r.Context()).Page(len(data), 0, len(data)+1)
	writeJSON(w, http.StatusOK, object{"data": data[v.From:v.To], "links": object{"self": "roles"}})
}

type roleRequest struct {
	Role     string `json:"role"`
	Resource string `json:"resource"`
}

// userRole reads a v1 role request and finds the account and the product's default group.
func (o *Org) userRole(w http.ResponseWriter, r *http.Request) (*account, *group) {
	var q roleRequest
	if err := decode(r, &q); err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-UAM-400-1", err.Error())
		return nil, nil
	}
	p := o.productByARI(q.Resource)
	switch {
	case q.Role != roleUser:
		adminError(w, http.StatusBadRequest, "ADMIN-UAM-400-3", "Invalid Role for Resource")
		return nil, nil
	case p == nil || p.defaultGroup == nil:
		adminError(w, http.StatusNotFound, "ADMIN-UAM-404-1", "Unknown Resource")
		return nil, nil
	}
	return o.inDirectory(w, r.PathValue("account")), p.defaultGroup
}

// assignUserRole puts the user into the resource's default group.
func (o *Org) assignUserRole(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a, g := o.userRole(w, r)
	if a == nil {
		return
	}
	if !g.members[a] {
		if g.lacksSeat(a) != nil {
			adminError(w, http.StatusConflict, "ADMIN-UAM-409-3", "Product License Limit Exceeded")
			return
		}
		o.join(g, a)
		note(r, reqlog.RoleGrant, a, g, roleUser)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (o *Org) revokeUserRole(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a, g := o.userRole(w, r)
	if a == nil {
		return
	}
	if g.members[a] {
		o.leave(g, a)
		note(r, reqlog.RoleRevoke, a, g, roleUser)
	}
	w.WriteHeader(http.StatusNoContent)
}
