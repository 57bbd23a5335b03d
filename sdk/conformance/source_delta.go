package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"

	pb "syncgateway/proto/gateway/plugin/v1"
)

func deltaChecks() []check {
	const needs = needConfig | needRemote | needDelta | needChanges
	const look = "what the delta read asks for: the change must be in it, from the moment at which the read before began"
	one := func(id, title string, changes func(*world) []Change) check {
		return check{id: "source.delta-" + id, role: roleSource, needs: needs, title: title, look: look,
			run: func(ctx context.Context, b *bench) error { return b.follows(ctx, changes) }}
	}
	user := func(w *world, name string) User { return User{ID: w.id(name)} }
	return []check{
		one("create", "A delta read shows who is new", func(*world) []Change {
			return []Change{{Kind: ChangeCreate, User: person(7777)}}
		}),
		one("change", "A delta read shows who has changed", func(w *world) []Change {
			u := *w.user("user0001")
			u.FamilyName = "Renamed"
			return []Change{{Kind: ChangeUpdate, User: u}}
		}),
		one("deactivate", "A delta read shows who was deactivated, as inactive", func(w *world) []Change {
			return []Change{{Kind: ChangeDeactivate, User: user(w, "user0002")}}
		}),
		one("delete", "A delta read shows who was deleted, as removed", func(w *world) []Change {
			return []Change{{Kind: ChangeDelete, User: user(w, "user0003")}}
		}),
		one("membership", "A delta read shows who joined and who left a group", func(w *world) []Change {
			return []Change{{Kind: ChangeAddMember, User: user(w, "user0005"), Group: Group{ID: w.id("group0001")}},
				{Kind: ChangeRemoveMember, User: user(w, "user0004"), Group: Group{ID: w.id("group0000")}}}
		}),
		{id: "source.delta-expired", role: roleSource, needs: needConfig | needRemote | needDelta, title: "A delta cursor that is too old is answered with Reset",
			look: "the remote system's answer to an old cursor: after Reset the gateway starts over in full, after a Failure it would ask the same again", run: expired},
	}
}

// village is small: everyone in it is in the first group.
var village = crowd(9, 3)

// picture is what somebody knows who has read in full and then the changes.
type picture struct {
	users   map[string]*pb.User
	groups  map[string]*pb.Group
	members map[string][]string
	cursors map[kind][]byte
}

// full reads everything.
func (b *bench) full(ctx context.Context, w *world) (*picture, error) {
	p := &picture{users: map[string]*pb.User{}, groups: map[string]*pb.Group{}, members: map[string][]string{}, cursors: map[kind][]byte{}}
	for _, k := range kindsOf(roleSource) {
		r, err := b.again(ctx, k, request{})
		if err == nil {
			err = w.state.agrees(r)
		}
		if err != nil {
			return nil, err
		}
		if len(r.complete.GetDelta()) == 0 {
			return nil, fmt.Errorf("the connector declares capabilities.delta, and the full read of %s hands out no delta cursor", k)
		}
		p.cursors[k] = r.complete.GetDelta()
		p.take(r)
	}
	return p, nil
}

// take brings the picture up to date, page by page.
func (p *picture) take(r *reading) {
	for _, page := range r.userPages {
		for _, u := range page.GetUsers() {
			p.users[u.GetId()] = u
		}
		for _, id := range page.GetRemovedIds() {
			delete(p.users, id)
		}
	}
	for _, page := range r.groupPages {
		for _, g := range page.GetGroups() {
			p.groups[g.GetId()] = g
		}
		for _, id := range page.GetReplaceMembers() {
			p.members[id] = nil
		}
		for _, m := range page.GetMembers() {
			p.members[m.GetGroupId()] = append(p.members[m.GetGroupId()], m.GetUserIds()...)
		}
		for _, m := range page.GetRemovedMembers() {
			p.members[m.GetGroupId()] = slices.DeleteFunc(p.members[m.GetGroupId()], func(id string) bool { return contains(m.GetUserIds(), id) })
		}
		for _, id := range page.GetRemovedIds() {
			delete(p.groups, id)
			delete(p.members, id)
		}
	}
}

// agrees is an error unless the picture shows what the fake holds. Who is gone is in
// no group any more, whatever the groups say.
func (p *picture) agrees(c *Company) error {
	r := &reading{members: map[string][]string{}, children: map[string][]string{}}
	for _, u := range p.users {
		r.users = append(r.users, u)
	}
	for _, g := range p.groups {
		r.groups = append(r.groups, g)
	}
	for id, list := range p.members {
		for _, user := range list {
			if p.users[user] != nil {
				r.members[id] = append(r.members[id], user)
			}
		}
	}
	return errors.Join(c.agreesOnUsers(r.users), c.agreesOnGroups(r.groups), c.agreesOnMembers(r))
}

// follows is an error unless a delta read after a full one shows the changes.
func (b *bench) follows(ctx context.Context, changes func(*world) []Change) error {
	w, err := b.seed(ctx, village)
	if err != nil {
		return err
	}
	p, err := b.full(ctx, w)
	if err != nil {
		return err
	}
	b.world = nil
	for _, c := range changes(w) {
		if err := b.remote.(Changer).Change(ctx, c); err != nil {
			return harness("change something", err)
		}
	}
	for _, k := range kindsOf(roleSource) {
		r, err := b.again(ctx, k, request{cursor: &pb.Cursor{Delta: p.cursors[k]}})
		if err == nil {
			err = r.whole()
		}
		if err != nil {
			return fmt.Errorf("delta: %w", err)
		}
		if len(r.complete.GetDelta()) == 0 {
			return fmt.Errorf("the delta read of %s hands out no cursor for the next one", k)
		}
		p.take(r)
	}
	now, err := b.state(ctx)
	if err != nil {
		return err
	}
	if err := p.agrees(&now); err != nil {
		return fmt.Errorf("after the delta read: %w", err)
	}
	return nil
}

func expired(ctx context.Context, b *bench) error {
	old, ok := able[Expirer](b.remote, abilityExpire)
	if !ok {
		return Skip("the harness cannot make cursors too old (Expirer)")
	}
	w, err := b.seed(ctx, village)
	if err != nil {
		return err
	}
	p, err := b.full(ctx, w)
	if err != nil {
		return err
	}
	b.world = nil
	if err := old.Expire(ctx); err != nil {
		return harness("make the cursors too old", err)
	}
	for _, k := range kindsOf(roleSource) {
		r, err := b.again(ctx, k, request{cursor: &pb.Cursor{Delta: p.cursors[k]}})
		if err != nil {
			return err
		}
		if r.reset == nil {
			return fmt.Errorf("the read of %s from a cursor that is too old ended in %s, not in Reset", k, r.end())
		}
	}
	return nil
}
