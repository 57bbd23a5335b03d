package jiracloud

import (
	"context"
	"fmt"
	"slices"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// ReadState reads the directory: people with their groups, and groups with what
// membership gives.
func (t *Target) ReadState(ctx context.Context, req sdk.StateRequest, w *sdk.StateWriter) error {
	org, err := t.dir(ctx)
	if err != nil {
		return err
	}
	g, err := t.grants(ctx, org)
	if err != nil {
		return err
	}
	r := &reading{target: t, org: org, grants: g, licensed: g.licensed(), w: w, seen: map[string]bool{}, groups: map[string]*atlassian.Group{}}
	r.users = len(req.Kinds) == 0 || slices.Contains(req.Kinds, "user")
	r.withGroups = len(req.Kinds) == 0 || slices.Contains(req.Kinds, "group")
	if req.Targeted() {
		return r.named(ctx, req)
	}
	return r.all(ctx)
}

// reading is one read. It is used by one goroutine.
type reading struct {
	target     *Target
	org        *atlassian.Org
	grants     *grants
	licensed   map[string]bool // groups that give a licence
	w          *sdk.StateWriter
	users      bool
	withGroups bool

	seen    map[string]bool             // accounts, those left out too
	groups  map[string]*atlassian.Group // by id
	strange map[string][]string         // members of groups that the listing did not have
	members int
}

// all reads everything, and compares it with what the organisation counts: a listing
// that ends early looks like one that is whole.
func (r *reading) all(ctx context.Context) error {
	before, err := r.count(ctx)
	if err != nil {
		return err
	}
	if err := r.listGroups(ctx); err != nil {
		return err
	}
	if err := r.listUsers(ctx); err != nil {
		return err
	}
	if err := r.meet(ctx); err != nil {
		return err
	}
	after, err := r.count(ctx)
	if err != nil {
		return err
	}
	if err := r.whole(counts{min(before.users, after.users), min(before.groups, after.groups)}); err != nil {
		return err
	}
	if err := r.w.Quota(r.grants.quotas(r.target.config.Products)...); err != nil {
		return err
	}
	if r.grants.blind != nil {
		if err := r.w.Notice("", "the organisation does not tell the roles of groups (%v): groups of administrators are known by their names alone", r.grants.blind); err != nil {
			return err
		}
	}
	return r.w.Complete(nil)
}

type counts struct{ users, groups int }

// count asks how much there is. It is zero where the organisation does not say, or is
// not to be asked.
func (r *reading) count(ctx context.Context) (counts, error) {
	var c counts
	if !r.target.config.VerifyCounts {
		return c, nil
	}
	for _, ask := range []struct {
		n    *int
		what func(context.Context) (int, error)
	}{{&c.users, r.org.CountUsers}, {&c.groups, r.org.CountGroups}} {
		n, err := ask.what(ctx)
		if sdk.Is(err, sdk.ReasonNotFound) || sdk.Is(err, sdk.ReasonInvalid) || sdk.Is(err, sdk.ReasonUnsupported) {
			continue
		}
		if err != nil {
			return c, fmt.Errorf("count users and groups: %w", err)
		}
		*ask.n = n
	}
	return c, nil
}

func (r *reading) whole(c counts) error {
	switch {
	case len(r.seen) == 0:
		return sdk.Unavailable("the directory was listed without a single account, though the API key's owner has one; nothing is known of it")
	case len(r.seen) < c.users:
		return sdk.Unavailable("the listing ended after %d accounts, but the organisation counts %d; nothing is known of the others", len(r.seen), c.users)
	case len(r.groups) < c.groups:
		return sdk.Unavailable("the listing ended after %d groups, but the organisation counts %d; nothing is known of the others", len(r.groups), c.groups)
	}
	expected := 0
	for _, g := range r.groups {
		expected += g.Counts.Users
	}
	if r.members == 0 && expected > 0 {
		return sdk.Unavailable("no account was listed with a group, but the groups count %d members; who is in which group is not known", expected)
	}
	return nil
}

func (r *reading) listGroups(ctx context.Context) error {
	for page, err := range r.org.Groups(ctx, atlassian.GroupQuery{Expand: []string{"counts.users"}}) {
		if err != nil {
			return fmt.Errorf("list groups: %w", err)
		}
		if err := r.addGroups(page); err != nil {
			return err
		}
	}
	return nil
}

// addGroups sends groups, each once.
func (r *reading) addGroups(groups []atlassian.Group) error {
	for i := range groups {
		g := &groups[i]
		if g.ID == "" || r.groups[g.ID] != nil {
			continue
		}
		r.groups[g.ID] = g
		r.grants.noteName(g)
		if !r.withGroups {
			continue
		}
		if err := r.w.AddGroups(r.group(g)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) listUsers(ctx context.Context) error {
	for page, err := range r.org.Users(ctx, atlassian.UserQuery{Expand: expand}) {
		if err != nil {
			return fmt.Errorf("list users: %w", err)
		}
		joined := map[string][]string{}
		for i := range page {
			if err := r.addUser(&page[i], joined); err != nil {
				return err
			}
		}
		if err := r.addMembers(joined); err != nil {
			return err
		}
	}
	return nil
}

// addUser sends an account once, and notes the groups it is in.
func (r *reading) addUser(u *atlassian.User, joined map[string][]string) error {
	if u.AccountID == "" {
		return sdk.Unavailable("the organisation listed an account without an id")
	}
	if r.seen[u.AccountID] {
		return nil
	}
	r.seen[u.AccountID] = true
	if !belongs(u) {
		return nil
	}
	for _, g := range u.Groups {
		joined[g.ID] = append(joined[g.ID], u.AccountID)
	}
	if !r.users {
		return nil
	}
	if err := r.w.AddUsers(r.user(u)); err != nil {
		return err
	}
	if why := r.grants.protects(u); why != "" {
		if err := r.w.Protect(u.AccountID, why); err != nil {
			return err
		}
	}
	if u.Email == "" {
		return r.w.Notice(u.AccountID, "the organisation does not show the e-mail address of %q: nobody can be matched with this account", u.Name)
	}
	return nil
}

// addMembers sends memberships. Those of groups that were not listed wait for meet.
func (r *reading) addMembers(joined map[string][]string) error {
	if !r.withGroups {
		return nil
	}
	for id, users := range joined {
		r.members += len(users)
		if r.groups[id] == nil {
			if r.strange == nil {
				r.strange = map[string][]string{}
			}
			r.strange[id] = append(r.strange[id], users...)
			continue
		}
		if err := r.w.AddMembers(id, users...); err != nil {
			return err
		}
	}
	return nil
}

// meet asks for the groups that came up with a member after groups had been listed:
// they were made meanwhile, or the search did not show them yet.
func (r *reading) meet(ctx context.Context) error {
	if len(r.strange) == 0 {
		return nil
	}
	joined := r.strange
	r.strange = nil
	ids := make([]string, 0, len(joined))
	for id := range joined {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if err := r.groupsByID(ctx, ids); err != nil {
		return err
	}
	if err := r.addMembers(joined); err != nil {
		return err
	}
	if n := len(r.strange); n > 0 {
		return r.w.Notice("", "%d groups that people are in are not shown by the organisation, and are left alone", n)
	}
	return nil
}

func (r *reading) groupsByID(ctx context.Context, ids []string) error {
	for part := range slices.Chunk(ids, atlassian.MostIDs) {
		groups, err := r.org.AllGroups(ctx, atlassian.GroupQuery{IDs: part})
		if err != nil {
			return fmt.Errorf("look up groups: %w", err)
		}
		if err := r.addGroups(groups); err != nil {
			return err
		}
	}
	return nil
}
