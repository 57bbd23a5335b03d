package mirror

import (
	"context"

	"syncgateway/core/identity"
	"syncgateway/core/store"
)

// setChange is what a read says of one group's members. For a full read, or with
// replace, users and children are all there are.
type setChange struct {
	users, children       []store.ID
	lessUsers, lessGroups []store.ID
	replace               bool
}

type lateMembers struct {
	m      identity.Members
	remove bool
}

// Members takes in memberships: of a full read all there are, of a delta read those
// that were added.
func (r *Reading) Members(ctx context.Context, ms []identity.Members) error {
	return r.members(ctx, ms, false)
}

// RemovedMembers takes in memberships that a delta read says have ended.
func (r *Reading) RemovedMembers(ctx context.Context, ms []identity.Members) error {
	return r.members(ctx, ms, true)
}

// ReplaceMembers says that the Members of these groups, in a delta read, are all.
func (r *Reading) ReplaceMembers(ctx context.Context, exts []string) error {
	if err := r.fetchGroups(ctx, exts); err != nil {
		return err
	}
	for _, ext := range exts {
		if e := r.groups.byExt[ext]; e != nil {
			r.change(e.head.N).replace = true
		}
	}
	return nil
}

func (r *Reading) change(group store.ID) *setChange {
	c := r.sets[group]
	if c == nil {
		c = &setChange{}
		r.sets[group] = c
	}
	return c
}

func (r *Reading) members(ctx context.Context, ms []identity.Members, remove bool) error {
	for _, m := range ms {
		if err := r.fetchUsers(ctx, m.UserIDs); err != nil {
			return err
		}
		if err := r.fetchGroups(ctx, append([]string{m.GroupID}, m.ChildIDs...)); err != nil {
			return err
		}
		if rest := r.resolve(m, remove); rest != nil {
			r.late = append(r.late, lateMembers{*rest, remove})
		}
	}
	return nil
}

// resolve notes what it can of m and returns what names records not met yet.
func (r *Reading) resolve(m identity.Members, remove bool) *identity.Members {
	g := r.groups.byExt[m.GroupID]
	if g == nil {
		return &m
	}
	c := r.change(g.head.N)
	rest := identity.Members{GroupID: m.GroupID}
	users, children := &c.users, &c.children
	if remove {
		users, children = &c.lessUsers, &c.lessGroups
	}
	for _, ext := range m.UserIDs {
		if e := r.users.byExt[ext]; e != nil {
			*users = append(*users, e.head.N)
		} else {
			rest.UserIDs = append(rest.UserIDs, ext)
		}
	}
	for _, ext := range m.ChildIDs {
		if e := r.groups.byExt[ext]; e != nil {
			*children = append(*children, e.head.N)
		} else {
			rest.ChildIDs = append(rest.ChildIDs, ext)
		}
	}
	if len(rest.UserIDs)+len(rest.ChildIDs) == 0 {
		return nil
	}
	return &rest
}
