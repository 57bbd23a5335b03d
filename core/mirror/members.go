package mirror

import (
	"context"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// setChange is what a read says of one group's members. For a full read, or with
// replace, users and children are all there are.
type setChange struct {
	users                 shownSet
	children              []store.ID
	lessUsers, lessGroups []store.ID
	replace               bool
}

// lateMembers are members whose group or users were not known yet.
type lateMembers struct {
	m      identity.Members
	remove bool
	listed bool // the rest of a list that a listing is of
}

// Members takes in memberships: of a full read all there are, of a delta read those
// that were added.
func (r *Reading) Members(ctx context.Context, ms []pluginhost.MembersRecord) error {
	for i := range ms {
		m := &ms[i]
		g := r.groups.get(m.GroupID)
		var err error
		if r.scope == Delta || g == nil {
			err = r.members(ctx, m.Members(), false)
		} else {
			c := r.change(g.n)
			others := r.groups.each(m.ChildIDs, func(n store.ID) { c.children = append(c.children, n) })
			if others != nil {
				r.late = append(r.late, lateMembers{m: identity.Members{GroupID: m.GroupID, ChildIDs: others}})
			}
			err = r.list(c, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ReplaceMembers says that the Members of these groups, in a delta read, are all.
func (r *Reading) ReplaceMembers(ctx context.Context, exts []string) error {
	if err := r.fetchGroups(ctx, exts); err != nil {
		return err
	}
	for _, ext := range exts {
		if e := r.groups.get(ext); e != nil {
			r.change(e.n).replace = true
		}
	}
	return nil
}

func (r *Reading) change(group store.ID) *setChange {
	c := r.sets[group]
	if c == nil {
		c = &setChange{users: shownSet{stored: r.stored[group]}}
		r.sets[group] = c
	}
	return c
}

// RemovedMembers takes in memberships that a delta read says have ended.
func (r *Reading) RemovedMembers(ctx context.Context, ms []identity.Members) error {
	for _, m := range ms {
		if err := r.members(ctx, m, true); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reading) members(ctx context.Context, m identity.Members, remove bool) error {
	if err := r.fetchUsers(ctx, m.UserIDs); err != nil {
		return err
	}
	if err := r.fetchGroups(ctx, append([]string{m.GroupID}, m.ChildIDs...)); err != nil {
		return err
	}
	rest, err := r.resolve(&lateMembers{m: m, remove: remove})
	if rest != nil {
		r.late = append(r.late, *rest)
	}
	return err
}

// resolve notes what it can and returns what names records not met yet.
func (r *Reading) resolve(l *lateMembers) (*lateMembers, error) {
	g := r.groups.get(l.m.GroupID)
	if g == nil {
		return l, nil
	}
	c := r.change(g.n)
	rest := &lateMembers{m: identity.Members{GroupID: l.m.GroupID}, remove: l.remove, listed: l.listed}
	users, groups := c.users.add, func(n store.ID) { c.children = append(c.children, n) }
	if l.remove {
		users = func(n store.ID) { c.lessUsers = append(c.lessUsers, n) }
		groups = func(n store.ID) { c.lessGroups = append(c.lessGroups, n) }
	} else if !l.listed && len(l.m.UserIDs) > 0 {
		if err := c.users.part(); err != nil {
			return nil, err
		}
	}
	rest.m.UserIDs, rest.m.ChildIDs = r.users.each(l.m.UserIDs, users), r.groups.each(l.m.ChildIDs, groups)
	if len(rest.m.UserIDs)+len(rest.m.ChildIDs) == 0 {
		return nil, nil
	}
	return rest, nil
}

// each calls f for those of the records that the index has, and returns the others.
func (x *index) each(exts []string, f func(store.ID)) (others []string) {
	for _, ext := range exts {
		if at := x.find(ext); at != 0 {
			f(x.entries[at].n)
		} else {
			others = append(others, ext)
		}
	}
	return others
}
