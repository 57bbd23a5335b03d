package mirror

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
)

// directory is a plain model of a remote system, and of what the gateway may know of
// it.
type directory struct {
	users   map[string]string // display name by id
	active  map[string]bool
	groups  map[string]string // name by id
	members map[string]map[string]bool
}

func newDirectory() *directory {
	return &directory{users: map[string]string{}, active: map[string]bool{}, groups: map[string]string{}, members: map[string]map[string]bool{}}
}

func (d *directory) clone() *directory {
	c := &directory{users: maps.Clone(d.users), active: maps.Clone(d.active), groups: maps.Clone(d.groups), members: map[string]map[string]bool{}}
	for g, m := range d.members {
		c.members[g] = maps.Clone(m)
	}
	return c
}

func (d *directory) user(id string) pluginhost.UserRecord {
	return pluginhost.NewUserRecord(identity.User{ID: id, Kind: "user", Email: id + "@example.org", DisplayName: d.users[id], Active: d.active[id]})
}

func (d *directory) group(id string) pluginhost.GroupRecord {
	return pluginhost.NewGroupRecord(identity.Group{ID: id, Kind: "group", Name: d.groups[id]})
}

// change changes a few things at random.
func (d *directory) change(t *rapid.T) {
	user := rapid.SampledFrom([]string{"u1", "u2", "u3", "u4", "u5", "u6", "u7"})
	group := rapid.SampledFrom([]string{"g1", "g2", "g3", "g4"})
	for range rapid.IntRange(2, 14).Draw(t, "changes") {
		u, g := user.Draw(t, "user"), group.Draw(t, "group")
		switch rapid.IntRange(0, 7).Draw(t, "change") {
		case 0, 1:
			d.users[u], d.active[u] = fmt.Sprintf("name %d", rapid.IntRange(0, 2).Draw(t, "name")), true
		case 2:
			delete(d.users, u)
			for _, m := range d.members {
				delete(m, u)
			}
		case 3:
			d.groups[g] = fmt.Sprintf("group %d", rapid.IntRange(0, 2).Draw(t, "name"))
			if d.members[g] == nil {
				d.members[g] = map[string]bool{}
			}
		case 4:
			delete(d.groups, g)
			delete(d.members, g)
		case 5:
			if _, ok := d.users[u]; ok {
				d.active[u] = !d.active[u]
			}
		case 6:
			if _, ok := d.users[u]; ok && d.members[g] != nil {
				d.members[g][u] = true
			}
		case 7:
			delete(d.members[g], u)
		}
	}
}

type bench struct {
	*rapid.T
	st   *sqlite.DB
	sync store.SyncID
	ep   store.EndpointID
}

const address = "source.test.one"

func newBench(t *rapid.T, dir string) *bench {
	b := &bench{T: t}
	var err error
	if b.st, err = sqlite.Open(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	b.update(func(tx store.Tx) error {
		var err error
		if b.sync, err = tx.Sync("staff"); err != nil {
			return err
		}
		b.ep, err = tx.Endpoint(address)
		return err
	})
	return b
}

func (b *bench) update(f func(store.Tx) error) {
	if err := b.st.Update(context.Background(), f); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) view(f func(store.Reader) error) {
	if err := b.st.View(context.Background(), f); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) ok(err error) {
	if err != nil {
		b.Fatal(err)
	}
}

// known is what the mirror has: the same model, read from the store, checked to say
// the same in both directions.
func (b *bench) known() *directory {
	d := newDirectory()
	byAccount := map[string]map[string]bool{}
	b.view(func(v store.Reader) error {
		names := map[store.ID]string{}
		var users, groups []store.ID
		b.ok(v.Heads(b.ep, func(h store.Head) error { users = append(users, h.N); names[h.N] = h.Ext; return nil }))
		b.ok(v.GroupHeads(b.ep, func(h store.Head) error { groups = append(groups, h.N); names[h.N] = h.Ext; return nil }))
		as, err := v.Accounts(idset.Of(users))
		b.ok(err)
		for _, a := range as {
			u, err := identity.DecodeUser(a.Record)
			b.ok(err)
			if !a.Flags.Has(store.Gone) {
				d.users[a.Ext], d.active[a.Ext] = u.DisplayName, a.Flags.Has(store.Active)
			}
		}
		gs, err := v.Groups(idset.Of(groups))
		b.ok(err)
		for _, g := range gs {
			rec, err := identity.DecodeGroup(g.Record)
			b.ok(err)
			if !g.Flags.Has(store.Gone) {
				d.groups[g.Ext], d.members[g.Ext] = rec.Name, map[string]bool{}
			}
		}
		sets, err := v.AccountSets(idset.Of(users))
		b.ok(err)
		for _, s := range sets {
			for _, g := range s.Groups {
				if byAccount[names[g]] == nil {
					byAccount[names[g]] = map[string]bool{}
				}
				byAccount[names[g]][names[s.N]] = true
			}
		}
		gsets, err := v.GroupSets(idset.Of(groups))
		b.ok(err)
		for _, s := range gsets {
			for _, u := range s.Users {
				if d.members[names[s.N]] == nil {
					b.Fatalf("group %s is gone and has members", names[s.N])
				}
				d.members[names[s.N]][names[u]] = true
			}
		}
		return nil
	})
	for g, m := range d.members {
		if !maps.Equal(m, byAccount[g]) {
			b.Fatalf("group %s has %v, and by the accounts %v", g, m, byAccount[g])
		}
		delete(byAccount, g)
	}
	for g, m := range byAccount {
		if len(m) > 0 {
			b.Fatalf("accounts are in %s, which is gone: %v", g, m)
		}
	}
	return d
}

// dirty are the accounts that are marked.
func (b *bench) dirty() map[string]bool {
	out := map[string]bool{}
	b.view(func(v store.Reader) error {
		ns, err := v.Dirty(b.sync)
		b.ok(err)
		as, err := v.Accounts(ns)
		for _, a := range as {
			out[a.Ext] = true
		}
		return err
	})
	return out
}

func (b *bench) clean() {
	b.update(func(tx store.Tx) error {
		ns, err := tx.Dirty(b.sync)
		b.ok(err)
		return tx.ClearDirty(b.sync, ns)
	})
}

// differing are the accounts that are not the same in two models.
func differing(a, b *directory) map[string]bool {
	out := map[string]bool{}
	for id := range a.users {
		if n, ok := b.users[id]; !ok || n != a.users[id] || a.active[id] != b.active[id] {
			out[id] = true
		}
	}
	for id := range b.users {
		if _, ok := a.users[id]; !ok {
			out[id] = true
		}
	}
	groups := maps.Clone(a.groups)
	maps.Copy(groups, b.groups)
	for g := range groups {
		for _, id := range slices.Concat(slices.Collect(maps.Keys(a.members[g])), slices.Collect(maps.Keys(b.members[g]))) {
			if a.members[g][id] != b.members[g][id] || a.groups[g] != b.groups[g] {
				out[id] = true
			}
		}
	}
	return out
}

func (b *bench) begin(scope Scope) *Reading {
	r, err := Begin(context.Background(), b.st, address, scope, []store.SyncID{b.sync})
	b.ok(err)
	return r
}

func shuffled(t *rapid.T, ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return rapid.Permutation(ids).Draw(t, "order")
}

// full reads the first users and groups of the directory, all of them for a whole read.
func (b *bench) full(d *directory, whole, believed bool) {
	r, ctx := b.begin(Full), context.Background()
	users, groups := shuffled(b.T, slices.Collect(maps.Keys(d.users))), shuffled(b.T, slices.Collect(maps.Keys(d.groups)))
	if !whole {
		users = users[:rapid.IntRange(0, len(users)).Draw(b.T, "users read")]
		groups = groups[:rapid.IntRange(0, len(groups)).Draw(b.T, "groups read")]
	}
	readUsers := func() {
		for _, id := range users {
			for range rapid.IntRange(1, 2).Draw(b.T, "times") {
				b.ok(r.Users(ctx, []pluginhost.UserRecord{d.user(id)}))
			}
		}
	}
	readGroups := func() {
		for _, id := range groups {
			b.ok(r.Groups(ctx, []pluginhost.GroupRecord{d.group(id)}))
		}
		for _, m := range b.memberships(d, groups, func(u string) bool { return whole || slices.Contains(users, u) }) {
			b.ok(r.Members(ctx, lists(m)))
		}
	}
	parts := []func(){readUsers, readGroups}
	if rapid.Bool().Draw(b.T, "groups first") {
		slices.Reverse(parts)
	}
	for _, part := range parts {
		part()
	}
	if rapid.Bool().Draw(b.T, "looked at before") {
		if whole && believed {
			b.meddle(d)
		}
		_, err := r.Shrunk(ctx, 20, 5)
		b.ok(err)
		b.lostOurs(r)
	}
	b.ok(r.Finish(ctx, Ending{Believed: believed, Now: time.Unix(1, 0)}))
}

// delta reads what differs between two states of the directory.
func (b *bench) delta(from, to *directory, believed bool) {
	r, ctx := b.begin(Delta), context.Background()
	for id := range to.users {
		if n, ok := from.users[id]; !ok || n != to.users[id] || from.active[id] != to.active[id] {
			b.ok(r.Users(ctx, []pluginhost.UserRecord{to.user(id)}))
		}
	}
	for id := range from.users {
		if _, ok := to.users[id]; !ok {
			b.ok(r.Removed(ctx, []string{id}, false))
		}
	}
	for id := range to.groups {
		if maps.Equal(from.members[id], to.members[id]) && from.groups[id] == to.groups[id] && from.members[id] != nil {
			continue
		}
		b.ok(r.Groups(ctx, []pluginhost.GroupRecord{to.group(id)}))
		m := identity.Members{GroupID: id, UserIDs: slices.Collect(maps.Keys(to.members[id]))}
		if rapid.Bool().Draw(b.T, "replace") {
			b.ok(r.ReplaceMembers(ctx, []string{id}))
			b.ok(r.Members(ctx, lists(m)))
			continue
		}
		b.ok(r.Members(ctx, lists(m)))
		for u := range from.members[id] {
			if !to.members[id][u] {
				b.ok(r.RemovedMembers(ctx, []identity.Members{{GroupID: id, UserIDs: []string{u}}}))
			}
		}
	}
	for id := range from.groups {
		if _, ok := to.groups[id]; !ok {
			b.ok(r.Removed(ctx, []string{id}, true))
		}
	}
	b.ok(r.Finish(ctx, Ending{Believed: believed, Now: time.Unix(2, 0)}))
}

func (b *bench) same(want *directory, what string) {
	got := b.known()
	if !maps.Equal(got.users, want.users) || !maps.Equal(got.groups, want.groups) {
		b.Fatalf("after %s: %v %v, want %v %v", what, got.users, got.groups, want.users, want.groups)
	}
	for id := range want.users {
		if got.active[id] != want.active[id] {
			b.Fatalf("after %s: %s is active: %v", what, id, got.active[id])
		}
	}
	for g := range want.groups {
		if !maps.Equal(got.members[g], want.members[g]) {
			b.Fatalf("after %s: %s has %v, want %v", what, g, got.members[g], want.members[g])
		}
	}
}

// Any sequence of reads leaves the mirror as the believed ones say, takes nothing away
// on the word of another, and marks everybody for whom something is different.
func TestMirrorFollowsBelievedReads(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		b := newBench(rt, fmt.Sprintf("%s/%d", t.TempDir(), n))
		defer b.st.Close()
		d := newDirectory()
		last := newDirectory() // of the last believed read: where a delta starts
		exact := true          // no unbelieved read since
		for range rapid.IntRange(4, 10).Draw(rt, "reads") {
			d.change(rt)
			before := b.known()
			what := rapid.SampledFrom([]string{"full", "delta", "part of a full read", "full, not believed", "delta, not believed"}).Draw(rt, "read")
			switch what {
			case "full":
				b.full(d, true, true)
				exact = true
				b.same(d, what)
			case "delta":
				b.delta(last, d, true)
				if exact {
					b.same(d, what)
				}
			case "part of a full read", "full, not believed":
				b.full(d, what != "part of a full read", false)
				b.nothingLost(before, what)
				exact = false
			default:
				b.delta(last, d, false)
				b.nothingLost(before, what)
				exact = false
			}
			if what == "full" || what == "delta" {
				last = d.clone()
			}
			marked := b.dirty()
			for id := range differing(before, b.known()) {
				if !marked[id] {
					rt.Fatalf("after %s: %s changed and is not marked", what, id)
				}
			}
			b.clean()
		}
	})
}
