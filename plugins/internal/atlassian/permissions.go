package atlassian

import (
	"context"
	"net/url"
	"strconv"

	"syncgateway/sdk/httpx"
)

// PermissionScheme says who may do what in the projects that use it.
type PermissionScheme struct {
	ID     int64        `json:"id"`
	Name   string       `json:"name"`
	Grants []Permission `json:"permissions"`
}

// Permission is one grant. Holder.Value is the id of a group where Holder.Type is
// "group"; Holder.Parameter is then its name.
type Permission struct {
	Permission string `json:"permission"`
	Holder     struct {
		Type      string `json:"type"`
		Parameter string `json:"parameter"`
		Value     string `json:"value"`
	} `json:"holder"`
}

// PermissionSchemes lists the site's permission schemes with their grants.
func (s *Site) PermissionSchemes(ctx context.Context) ([]PermissionScheme, error) {
	var out struct {
		Schemes *[]PermissionScheme `json:"permissionSchemes"`
	}
	err := s.api.Get(ctx, "/rest/api/3/permissionscheme", url.Values{"expand": {"permissions"}}, &out)
	if err == nil && out.Schemes == nil {
		err = noListing()
	}
	if err != nil {
		return nil, err
	}
	return *out.Schemes, nil
}

// Project is one project of the site.
type Project struct {
	ID   string `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

// Projects lists up to most projects by key, and tells how many there are.
func (s *Site) Projects(ctx context.Context, most int) (projects []Project, total int, err error) {
	type page struct {
		Values *[]Project `json:"values"`
		Total  int        `json:"total"`
		IsLast bool       `json:"isLast"`
	}
	const size = 100
	for {
		var p page
		q := url.Values{"orderBy": {"key"}, "maxResults": {strconv.Itoa(size)}, "startAt": {strconv.Itoa(len(projects))}}
		if err := s.api.Get(ctx, "/rest/api/3/project/search", q, &p); err != nil {
			return nil, 0, err
		}
		if p.Values == nil {
			return nil, 0, noListing()
		}
		projects = append(projects, *p.Values...)
		total = max(p.Total, len(projects))
		if p.IsLast || len(*p.Values) == 0 || len(projects) >= most {
			return projects[:min(len(projects), most)], total, nil
		}
	}
}

// Role is a project role. Scope is not empty for one that belongs to a single project.
type Role struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Scope *struct {
		Project struct {
			ID string `json:"id"`
		} `json:"project"`
	} `json:"scope"`
	Actors []struct {
		Group *SiteRef `json:"actorGroup"`
	} `json:"actors"`
}

// Roles lists the project roles of the site; Actors are who acts in a new project.
func (s *Site) Roles(ctx context.Context) ([]Role, error) {
	var out []Role
	err := s.api.Get(ctx, "/rest/api/3/role", nil, &out)
	return out, err
}

// RoleIn is a role with who acts in it in one project. A project without it is a
// Failure with sdk.ReasonNotFound.
func (s *Site) RoleIn(ctx context.Context, project string, role int64) (Role, error) {
	var out Role
	err := s.api.Get(ctx, "/rest/api/3/project/"+url.PathEscape(project)+"/role/"+strconv.FormatInt(role, 10), nil, &out)
	return out, err
}

// Assignment is what a group gives on a product. DefaultRole is not empty where the
// group is a default group of the product.
type Assignment struct {
	Resource    string   `json:"resourceId"`
	Product     string   `json:"resourceOwner"`
	Roles       []string `json:"roles"`
	DefaultRole string   `json:"defaultRole"`
}

// Assignments lists the roles that a group gives.
func (o *Org) Assignments(ctx context.Context, groupID string) ([]Assignment, error) {
	var all []Assignment
	pages := httpx.Cursors(ctx, o.api, o.dir("groups", groupID, "role-assignments"), url.Values{}, "cursor",
		func(p *page[Assignment]) string { return p.Links.Next })
	for p, err := range pages {
		if err == nil {
			err = p.check()
		}
		if err != nil {
			return nil, err
		}
		all = append(all, *p.Data...)
	}
	return all, nil
}
