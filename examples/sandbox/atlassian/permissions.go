package atlassian

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"syncgateway/examples/sandbox/reqlog"
)

// projectRole is a role that every project has; who acts in it differs by project.
type projectRole struct {
	id                int
	name, description string
}

// scheme is a permission scheme: which groups have which permission.
type scheme struct {
	id      int
	name    string
	entries []schemeEntry
}

type schemeEntry struct {
	id         int
	permission string
	group      *group // nil: the role
	role       int
}

func (o *Org) populatePermissions() {
	o.roles = []projectRole{
		{10002, "Administrators", "A project role that represents administrators in a project"},
		{10001, "Developers", "A project role that represents developers in a project"},
	}
	admins, jira, crew := o.names["jira-admins"], o.products[0].defaultGroup, o.names["release-crew"]
	for i, s := range []struct {
		name    string
		entries []schemeEntry
	}{
		{"Default Permission Scheme", []schemeEntry{{permission: "BROWSE_PROJECTS", group: jira}, {permission: "ADMINISTER_PROJECTS", role: 10002}}},
		{"Releases", []schemeEntry{{permission: "BROWSE_PROJECTS", group: jira}, {permission: "MANAGE_SPRINTS", group: crew}, {permission: "EDIT_ISSUES", group: crew}}},
	} {
		made := &scheme{id: 10100 + i, name: s.name}
		for _, e := range s.entries {
			made.add(e.permission, e.group, e.role)
		}
		o.schemes = append(o.schemes, made)
	}
	for _, p := range o.projects {
		p.actors[10002] = []*group{admins}
	}
}

func (s *scheme) add(permission string, g *group, role int) *schemeEntry {
	s.entries = append(s.entries, schemeEntry{id: s.id*100 + len(s.entries), permission: permission, group: g, role: role})
	return &s.entries[len(s.entries)-1]
}

// has tells whether the group has the permission.
func (s *scheme) has(permission string, g *group) bool {
	return slices.ContainsFunc(s.entries, func(e schemeEntry) bool { return e.permission == permission && e.group == g })
}

func (o *Org) entry(s *scheme, e *schemeEntry) object {
	holder := object{"type": "projectRole", "parameter": strconv.Itoa(e.role), "value": strconv.Itoa(e.role)}
	if e.group != nil {
		holder = object{"type": "group", "parameter": e.group.name, "value": e.group.id, "expand": "group"}
	}
	return object{"id": e.id, "permission": e.permission, "holder": holder,
		"self": fmt.Sprintf("%s/rest/api/3/permissionscheme/%d/permission/%d", o.siteURL, s.id, e.id)}
}

// listSchemes shows the entries only when anything is expanded.
func (o *Org) listSchemes(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := []object{}
	for _, s := range o.schemes {
		shown := object{"expand": "permissions,user,group,projectRole,field,all", "id": s.id, "name": s.name, "description": "",
			"self": fmt.Sprintf("%s/rest/api/3/permissionscheme/%d", o.siteURL, s.id)}
		if r.URL.Query().Get("expand") != "" {
			entries := []object{}
			for i := range s.entries {
				if g := s.entries[i].group; g == nil || !g.deleted {
					entries = append(entries, o.entry(s, &s.entries[i]))
				}
			}
			shown["permissions"] = entries
		}
		out = append(out, shown)
	}
	writeJSON(w, http.StatusOK, object{"permissionSchemes": out})
}

func (o *Org) addPermission(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Permission string `json:"permission"`
		Holder     struct {
			Type  string `json:"type"`
			Value string `json:"value"`
		} `json:"holder"`
	}
	if err := decode(r, &q); err != nil {
		siteError(w, http.StatusBadRequest, err.Error())
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.schemes, func(s *scheme) bool { return strconv.Itoa(s.id) == r.PathValue("id") })
	g := o.groups[q.Holder.Value]
	switch {
	case i < 0:
		siteError(w, http.StatusNotFound, "The permission scheme does not exist.")
		return
	case q.Permission == "" || q.Holder.Type != "group" || g == nil || o.schemes[i].has(q.Permission, g):
		siteError(w, http.StatusBadRequest, "The grant is not valid.")
		return
	}
	e := o.schemes[i].add(q.Permission, g, 0)
	note(r, reqlog.Permission, nil, g, q.Permission+" "+o.schemes[i].name)
	writeJSON(w, http.StatusCreated, o.entry(o.schemes[i], e))
}

func (o *Org) listProjectRoles(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	p := o.projectOf(w, r)
	if p == nil {
		return
	}
	out := object{}
	for _, role := range o.roles {
		out[role.name] = fmt.Sprintf("%s/rest/api/3/project/%s/role/%d", o.siteURL, p.id, role.id)
	}
	writeJSON(w, http.StatusOK, out)
}

func (o *Org) listRoles(w http.ResponseWriter, _ *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := []object{}
	for _, role := range o.roles {
		out = append(out, o.role(role, nil))
	}
	writeJSON(w, http.StatusOK, out)
}

// role shows a role as it is in a project, or by itself.
func (o *Org) role(role projectRole, p *project) object {
	out := object{"id": role.id, "name": role.name, "description": role.description, "self": fmt.Sprintf("%s/rest/api/3/role/%d", o.siteURL, role.id)}
	if p == nil {
		return out
	}
	actors := []object{}
	for i, g := range p.actors[role.id] {
		if !g.deleted {
			actors = append(actors, object{"id": role.id*100 + i, "displayName": g.name, "type": "atlassian-group-role-actor",
				"actorGroup": object{"name": g.name, "displayName": g.name, "groupId": g.id}})
		}
	}
	out["actors"], out["self"] = actors, fmt.Sprintf("%s/rest/api/3/project/%s/role/%d", o.siteURL, p.id, role.id)
	return out
}

// roleIn finds the project and the role of the path.
func (o *Org) roleIn(w http.ResponseWriter, r *http.Request) (*project, projectRole) {
	p := o.projectOf(w, r)
	if p == nil {
		return nil, projectRole{}
	}
	for _, role := range o.roles {
		if strconv.Itoa(role.id) == r.PathValue("id") {
			return p, role
		}
	}
	siteError(w, http.StatusNotFound, "No project role could be found.")
	return nil, projectRole{}
}

func (o *Org) getProjectRole(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if p, role := o.roleIn(w, r); p != nil {
		writeJSON(w, http.StatusOK, o.role(role, p))
	}
}

func (o *Org) addActors(w http.ResponseWriter, r *http.Request) {
	var q struct {
		GroupIDs []string `json:"groupId"`
	}
	if err := decode(r, &q); err != nil {
		siteError(w, http.StatusBadRequest, err.Error())
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	p, role := o.roleIn(w, r)
	if p == nil {
		return
	}
	for _, id := range q.GroupIDs {
		g := o.groups[id]
		if g == nil || slices.Contains(p.actors[role.id], g) {
			siteError(w, http.StatusBadRequest, "The group does not exist, or is in the role already.")
			return
		}
		p.actors[role.id] = append(p.actors[role.id], g)
		note(r, reqlog.ProjectRole, nil, g, role.name+" "+p.key)
	}
	writeJSON(w, http.StatusOK, o.role(role, p))
}

// handPermission gives a group a permission in a scheme, or a role in a project. Product is the scheme or the project's
// key, Value the permission or the role.
func (o *Org) handPermission(h Hand) error {
	g := o.names[fold(h.Group)]
	if g == nil {
		return fmt.Errorf("no group named %q", h.Group)
	}
	if h.Op == "permission" {
		for _, s := range o.schemes {
			if s.name == h.Product {
				s.add(h.Value, g, 0)
				return nil
			}
		}
		return fmt.Errorf("no permission scheme %q", h.Product)
	}
	for _, p := range o.projects {
		for _, role := range o.roles {
			if strings.EqualFold(p.key, h.Product) && role.name == h.Value {
				p.actors[role.id] = append(p.actors[role.id], g)
				return nil
			}
		}
	}
	return fmt.Errorf("no project %q with a role %q", h.Product, h.Value)
}
