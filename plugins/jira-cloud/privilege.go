package jiracloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// powers are the roles that make a group worth a second look, strongest first.
var powers = []struct{ role, gives string }{
	{atlassian.RoleOrgAdmin, "makes organisation administrators"},
	{atlassian.RoleSiteAdmin, "makes site administrators"},
	{atlassian.RoleUserAccessAdmin, "administers users and groups of a product"},
	{atlassian.RoleAdmin, "administers a product"},
	{atlassian.RoleUser, "grants access to a product"},
}

// adminNames are groups that make administrators by convention, for organisations that
// do not tell the roles of groups.
var adminNames = map[string]string{
	"org-admins": powers[0].gives, "site-admins": powers[1].gives, "administrators": powers[1].gives,
}

// grants is what membership of groups gives, and who must not lose it.
type grants struct {
	roles    map[string][]string // by group id: what its roles give
	admins   map[string]string   // ids of groups whose members are protected, and why
	licences []atlassian.ApplicationRole
	own      string // account of the site's token, "" when not known
	blind    error  // why roles of groups are not known
}

// grants asks for the roles of groups, the licences and the token's own account. Only
// the roles may be missing from the answer.
func (t *Target) grants(ctx context.Context, org *atlassian.Org) (*grants, error) {
	g := &grants{roles: map[string][]string{}, admins: map[string]string{}}
	for _, p := range powers {
		err := g.ask(ctx, org, p.role, p.gives)
		if sdk.Is(err, sdk.ReasonInvalid) || sdk.Is(err, sdk.ReasonPermission) {
			g.blind = err
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the roles of groups: %w", err)
		}
	}
	if t.site == nil {
		return g, nil
	}
	var err error
	if g.licences, err = t.site.ApplicationRoles(ctx); err != nil {
		return nil, fmt.Errorf("read the licences of the site: %w", err)
	}
	me, err := t.site.Myself(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask who the site's token belongs to: %w", err)
	}
	g.own = me.AccountID
	return g, nil
}

func (g *grants) ask(ctx context.Context, org *atlassian.Org, role, gives string) error {
	groups, err := org.AllGroups(ctx, atlassian.GroupQuery{RoleIDs: []string{role}})
	for _, x := range groups {
		g.roles[x.ID] = append(g.roles[x.ID], gives)
		if role == atlassian.RoleOrgAdmin || role == atlassian.RoleSiteAdmin {
			g.admins[x.ID] = gives
		}
	}
	return err
}

// noteName takes a group for one of administrators by its name.
func (g *grants) noteName(group *atlassian.Group) {
	if gives := adminNames[strings.ToLower(group.Name)]; gives != "" && g.admins[group.ID] == "" {
		g.admins[group.ID] = gives
		g.roles[group.ID] = append(g.roles[group.ID], gives)
	}
}

// privilege words what membership of a group gives, "" for nothing.
func (g *grants) privilege(groupID string) string {
	reasons := slices.Clone(g.roles[groupID])
	for _, l := range g.licences {
		switch {
		case has(l.DefaultGroups, groupID):
			reasons = append(reasons, "default group of "+l.Name)
		case has(l.Groups, groupID):
			reasons = append(reasons, "grants a licence of "+l.Name)
		}
	}
	return strings.Join(reasons, "; ")
}

func has(groups []atlassian.SiteRef, id string) bool {
	return slices.ContainsFunc(groups, func(r atlassian.SiteRef) bool { return r.ID == id })
}

// protects tells why nothing may be taken from an account, "" when it may.
func (g *grants) protects(u *atlassian.User) string {
	switch {
	case u.AccountID == g.own:
		return "the gateway's own account"
	case slices.Contains(u.PlatformRoles, atlassian.RoleOrgAdmin):
		return "an organisation administrator"
	case slices.Contains(u.PlatformRoles, atlassian.RoleSiteAdmin):
		return "a site administrator"
	}
	for _, in := range u.Groups {
		if gives := cmp.Or(g.admins[in.ID], adminNames[strings.ToLower(in.Name)]); gives != "" {
			return fmt.Sprintf("in group %q, which %s", in.Name, gives)
		}
	}
	return ""
}

// licensed are the groups that give a licence of Jira.
func (g *grants) licensed() map[string]bool {
	ids := map[string]bool{}
	for _, l := range g.licences {
		for _, ref := range slices.Concat(l.Groups, l.DefaultGroups) {
			ids[ref.ID] = true
		}
	}
	return ids
}

// quotas are the licences. An invitation takes a seat of each of the products.
func (g *grants) quotas(products []string) []sdk.Quota {
	var out []sdk.Quota
	for _, l := range g.licences {
		q := sdk.Quota{Name: l.Name, Total: uint64(max(l.Seats, 0)), Used: uint64(max(l.Used, l.Seats-l.Remaining, 0)), Unlimited: l.Unlimited,
			NewUsers: slices.Contains(products, l.Key)}
		if l.Unlimited {
			q.Total, q.Used = 0, uint64(max(l.Used, 0))
		}
		for _, ref := range l.Groups {
			q.GroupIDs = append(q.GroupIDs, ref.ID)
		}
		out = append(out, q)
	}
	return out
}

// protection is who was protected when a run asked.
type protection struct {
	run     string
	reasons map[string]string // by account id
}

// protected tells who nothing may be taken from. It asks once in a run: the plan may
// be older than somebody's appointment.
func (t *Target) protected(ctx context.Context, org *atlassian.Org) (map[string]string, error) {
	t.guard.Lock()
	defer t.guard.Unlock()
	if run := sdk.RunID(ctx); t.protection != nil && run != "" && t.protection.run == run {
		return t.protection.reasons, nil
	}
	reasons, err := t.findProtected(ctx, org)
	if err != nil {
		return nil, fmt.Errorf("find out who is protected: %w", err)
	}
	t.protection = &protection{run: sdk.RunID(ctx), reasons: reasons}
	return reasons, nil
}

func (t *Target) findProtected(ctx context.Context, org *atlassian.Org) (map[string]string, error) {
	g, err := t.grants(ctx, org)
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range adminNames {
		names = append(names, name)
	}
	groups, err := org.AllGroups(ctx, atlassian.GroupQuery{Names: names})
	if err != nil {
		return nil, err
	}
	for i := range groups {
		g.noteName(&groups[i])
	}
	queries := []atlassian.UserQuery{{RoleIDs: []string{atlassian.RoleOrgAdmin, atlassian.RoleSiteAdmin}}}
	var ids []string
	for id := range g.admins {
		ids = append(ids, id)
	}
	for part := range slices.Chunk(ids, atlassian.MostIDs) {
		queries = append(queries, atlassian.UserQuery{GroupIDs: part})
	}
	reasons := map[string]string{}
	if g.own != "" {
		reasons[g.own] = "the gateway's own account"
	}
	for _, q := range queries {
		q.Expand = expand
		users, err := org.AllUsers(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range users {
			if why := g.protects(&users[i]); why != "" {
				reasons[users[i].AccountID] = why
			}
		}
	}
	return reasons, nil
}

// expand is what searches for users are to show of each.
var expand = []string{"groups", "platformRoles"}
