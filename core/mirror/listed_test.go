package mirror

import (
	"context"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// memberships are those of some groups in lists, as connectors send them: mostly in the
// order of the time before, sometimes in another, or a group's list in pieces.
func (b *bench) memberships(d *directory, groups []string, shown func(user string) bool) (out []identity.Members) {
	var all []identity.Members
	for _, id := range groups {
		for _, u := range slices.Sorted(maps.Keys(d.members[id])) {
			if shown(u) {
				all = append(all, identity.Members{GroupID: id, UserIDs: []string{u}})
			}
		}
	}
	if len(all) > 0 && rapid.IntRange(0, 3).Draw(b.T, "in any order") == 0 {
		all = rapid.Permutation(all).Draw(b.T, "memberships")
	}
	for _, m := range all {
		if n := len(out); n > 0 && out[n-1].GroupID == m.GroupID && rapid.IntRange(0, 2).Draw(b.T, "next page") > 0 {
			out[n-1].UserIDs = append(out[n-1].UserIDs, m.UserIDs...)
		} else {
			out = append(out, m)
		}
	}
	return out
}

// meddle changes the groups of somebody while a read is under way, as a second look of
// another run does.
func (b *bench) meddle(d *directory) {
	before := b.known()
	var known []string
	for id := range before.users {
		if _, ok := d.users[id]; ok {
			known = append(known, id)
		}
	}
	if len(known) == 0 || rapid.Bool().Draw(b.T, "undisturbed") {
		return
	}
	slices.Sort(known)
	rec := d.user(rapid.SampledFrom(known).Draw(b.T, "meddled with"))
	u, err := rec.User()
	b.ok(err)
	p := Person{User: u}
	for _, g := range slices.Sorted(maps.Keys(before.groups)) {
		if rapid.Bool().Draw(b.T, "in "+g) {
			p.GroupIDs = append(p.GroupIDs, g)
		}
	}
	_, err = Refresh(context.Background(), b.st, address, []store.SyncID{b.sync}, p)
	b.ok(err)
}

// lostOurs gives some memberships to the gateway, and fails unless a read finds exactly
// those of them that it does not show, of accounts and groups that it shows.
func (b *bench) lostOurs(r *Reading) {
	ext, shown := map[store.ID]string{}, map[store.ID]bool{}
	var users []store.ID
	for x, isUser := range map[*index]bool{r.users: true, r.groups: false} {
		for at := 1; at < len(x.entries); at++ {
			e := &x.entries[at]
			ext[e.n], shown[e.n] = x.ext(at), e.seen && e.known
			if isUser {
				users = append(users, e.n)
			}
		}
	}
	var want []Pair
	b.update(func(tx store.Tx) error {
		sets, err := tx.AccountSets(idset.Of(users))
		b.ok(err)
		for i := range sets {
			s := &sets[i]
			s.Ours = slices.DeleteFunc(slices.Clone(s.Groups), func(store.ID) bool { return rapid.Bool().Draw(b.T, "ours") })
			for _, g := range s.Ours {
				if !shown[s.N] || !shown[g] {
					continue
				}
				if is, err := r.sets[g].users.set(); err != nil || !is.Has(s.N) {
					b.ok(err)
					want = append(want, Pair{ext[g], ext[s.N]})
				}
			}
		}
		return tx.PutAccountSets(sets)
	})
	v, err := r.Vanished(context.Background(), true)
	b.ok(err)
	slices.SortFunc(want, func(x, y Pair) int { return strings.Compare(x.Group+"/"+x.Member, y.Group+"/"+y.Member) })
	if !slices.Equal(v.Members, want) {
		b.Fatalf("%v of ours are lost, want %v", v.Members, want)
	}
}

func lists(ms ...identity.Members) (out []pluginhost.MembersRecord) {
	for _, m := range ms {
		out = append(out, pluginhost.NewMembersRecord(m))
	}
	return out
}

// nothingLost fails unless everything that was known is still there.
func (b *bench) nothingLost(before *directory, what string) {
	after := b.known()
	for id := range before.users {
		if _, ok := after.users[id]; !ok {
			b.Fatalf("%s removed %s", what, id)
		}
	}
	for g := range before.groups {
		if _, ok := after.groups[g]; !ok {
			b.Fatalf("%s removed group %s", what, g)
		}
		for id := range before.members[g] {
			if !after.members[g][id] {
				b.Fatalf("%s took %s out of %s", what, id, g)
			}
		}
	}
}
