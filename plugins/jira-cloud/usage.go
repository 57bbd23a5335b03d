package jiracloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// mostProjects bounds how many projects are asked who acts in their roles: a request
// for each project and role.
const mostProjects = 200

// usage gathers where groups are used, from several places at once.
type usage struct {
	t   *Target
	ids map[string]bool // of the groups asked about

	mu     sync.Mutex
	out    sdk.GroupUsage
	failed []error // requests for roles
}

// GroupUsage implements sdk.UsageReader: roles on products and default groups, permission
// schemes, and roles in projects.
func (t *Target) GroupUsage(ctx context.Context, ids []string) (sdk.GroupUsage, error) {
	org, err := t.dir(ctx)
	if err != nil {
		return sdk.GroupUsage{}, err
	}
	u := &usage{t: t, ids: map[string]bool{}}
	var jobs []func()
	for _, id := range ids {
		u.ids[id] = true
		jobs = append(jobs, func() { u.products(ctx, org, id) })
	}
	if t.site == nil {
		u.unseen("permission schemes and roles in projects: email and api_token are not set")
	} else {
		jobs = append(jobs, func() { u.schemes(ctx) })
		more, err := u.projects(ctx)
		if err != nil {
			u.unseen("roles in projects: %v", err)
		}
		jobs = append(jobs, more...)
	}
	t.together(ctx, jobs)
	if err := ctx.Err(); err != nil {
		return sdk.GroupUsage{}, err
	}
	if n := len(u.failed); n > 0 {
		u.unseen("roles in projects: %d requests failed, the first: %v", n, u.failed[0])
	}
	slices.SortFunc(u.out.Uses, func(a, b sdk.GroupUse) int {
		return cmp.Or(strings.Compare(a.GroupID, b.GroupID), strings.Compare(a.Place, b.Place), strings.Compare(a.Name, b.Name), strings.Compare(a.Detail, b.Detail))
	})
	slices.Sort(u.out.Unseen)
	u.out.Unseen = slices.Compact(u.out.Unseen)
	return u.out, nil
}

func (u *usage) use(x sdk.GroupUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.out.Uses = append(u.out.Uses, x)
}

func (u *usage) unseen(format string, args ...any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.out.Unseen = append(u.out.Unseen, fmt.Sprintf(format, args...))
}

// products are the roles that the group gives, and whether it is a default group.
func (u *usage) products(ctx context.Context, org *atlassian.Org, id string) {
	all, err := org.Assignments(ctx, id)
	if err != nil {
		if !sdk.Is(err, sdk.ReasonNotFound) {
			u.unseen("access to products: %v", err)
		}
		return
	}
	for _, a := range all {
		product := cmp.Or(a.Product, atlassian.Product(a.Resource), a.Resource)
		if a.DefaultRole != "" {
			u.use(sdk.GroupUse{GroupID: id, Place: "default group", Name: product})
		}
		for _, role := range a.Roles {
			u.use(sdk.GroupUse{GroupID: id, Place: "access to", Name: product, Detail: strings.TrimPrefix(role, "atlassian/")})
		}
	}
}

func (u *usage) schemes(ctx context.Context) {
	all, err := u.t.site.PermissionSchemes(ctx)
	if err != nil {
		u.unseen("permission schemes: %v", err)
		return
	}
	for _, s := range all {
		permissions := map[string][]string{}
		for _, p := range s.Grants {
			if id := atlassian.GroupID(p.Holder.Value); p.Holder.Type == "group" && u.ids[id] {
				permissions[id] = append(permissions[id], sentence(p.Permission))
			}
		}
		for id, names := range permissions {
			slices.Sort(names)
			u.use(sdk.GroupUse{GroupID: id, Place: "permission scheme", Name: s.Name, Detail: strings.Join(slices.Compact(names), ", ")})
		}
	}
}

// sentence makes "Browse projects" of BROWSE_PROJECTS.
func sentence(key string) string {
	text := strings.ToLower(strings.ReplaceAll(key, "_", " "))
	if text == "" {
		return key
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// projects are the requests for who acts in the roles of projects.
func (u *usage) projects(ctx context.Context) ([]func(), error) {
	roles, err := u.t.site.Roles(ctx)
	if err != nil {
		return nil, err
	}
	projects, total, err := u.t.site.Projects(ctx, mostProjects)
	if err != nil {
		return nil, err
	}
	if total > len(projects) {
		u.unseen("roles in projects: only the first %d of %d projects were looked at", len(projects), total)
	}
	var jobs []func()
	for _, p := range projects {
		for _, r := range roles {
			if r.Scope == nil || r.Scope.Project.ID == p.ID {
				jobs = append(jobs, func() { u.role(ctx, p, r) })
			}
		}
	}
	return jobs, nil
}

func (u *usage) role(ctx context.Context, p atlassian.Project, r atlassian.Role) {
	in, err := u.t.site.RoleIn(ctx, p.ID, r.ID)
	if sdk.Is(err, sdk.ReasonNotFound) {
		return // the project has been deleted, or does not have the role
	}
	if err != nil {
		u.mu.Lock()
		u.failed = append(u.failed, err)
		u.mu.Unlock()
		return
	}
	for _, a := range in.Actors {
		if a.Group == nil {
			continue
		}
		if id := atlassian.GroupID(a.Group.ID); u.ids[id] {
			u.use(sdk.GroupUse{GroupID: id, Place: "project role", Name: r.Name, Detail: p.Key})
		}
	}
}

var _ sdk.UsageReader = (*Target)(nil)
