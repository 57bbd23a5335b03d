package mirror

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// Finish writes what is left. Only when the ending is believed do records and
// memberships that are missing go, and only then do the cursor and the population
// move; all of that in one transaction.
func (r *Reading) Finish(ctx context.Context, end Ending) error {
	if err := r.resolveLate(); err != nil {
		return err
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	err := r.st.Update(ctx, func(tx store.Tx) error {
		if end.Believed {
			if err := r.removeMissing(tx); err != nil {
				return err
			}
		}
		if err := r.applySets(tx, end.Believed); err != nil {
			return err
		}
		if err := r.markMembers(tx); err != nil {
			return err
		}
		if err := r.putTraits(tx, end.Believed); err != nil {
			return err
		}
		if err := r.putProgress(tx, end); err != nil {
			return err
		}
		return tx.TidyHeads(r.ep)
	})
	if err != nil {
		return fmt.Errorf("finish the mirror of a read: %w", err)
	}
	return nil
}

// resolveLate takes in the members that waited for their group, or for users, to be
// shown, and ends the last list.
func (r *Reading) resolveLate() error {
	if err := r.Settle(); err != nil {
		return err
	}
	if err := r.endList(); err != nil {
		return err
	}
	late := r.late
	r.late = nil
	for i := range late {
		rest, err := r.resolve(&late[i])
		if err != nil {
			return err
		}
		if rest == nil || rest.remove || r.groups.find(rest.m.GroupID) == 0 {
			continue
		}
		r.stats.Strangers += len(rest.m.UserIDs)
		for _, ext := range rest.m.UserIDs {
			r.stranger(ext)
		}
		rest.m.ChildIDs = nil
		if _, err := r.resolve(rest); err != nil {
			return err
		}
	}
	return nil
}

// stranger keeps the place of an account that is a member of something but that the
// read did not show: somebody who is staged, say. When they appear, their memberships
// are known.
func (r *Reading) stranger(ext string) {
	if r.users.find(ext) != 0 {
		return
	}
	at := r.users.add(ext, entry{n: r.st.NewIDs(1), flags: store.Gone})
	r.accountRows = append(r.accountRows, accountRow(r.ep, r.users.head(at), &identity.User{ID: ext}))
}

// removeMissing flags what a full read no longer had and what a delta read named.
func (r *Reading) removeMissing(tx store.Tx) error {
	missing := func(e *entry) bool {
		if r.scope == Full && e.known && !e.seen && !e.gone() {
			e.flags |= store.Gone
			return true
		}
		return r.scope == Delta && e.known && e.removed && e.gone()
	}
	accounts := r.users.heads(r.users.pick(missing))
	r.stats.Gone += len(accounts)
	if err := tx.SetFlags(accounts, false); err != nil {
		return err
	}
	groups := r.groups.heads(r.groups.pick(missing))
	if err := tx.SetFlags(groups, true); err != nil {
		return err
	}
	for _, g := range groups {
		c := r.change(g.N)
		*c = setChange{replace: true} // nobody is in a group that is gone
	}
	return markDirty(tx, r.syncs, heads(accounts))
}

func heads(hs []store.Head) idset.Set {
	ns := make([]store.ID, len(hs))
	for i, h := range hs {
		ns[i] = h.N
	}
	return idset.Of(ns)
}

// pair is one membership.
type pair struct{ account, group store.ID }

// setsPerBatch bounds how many groups' sets are in memory unpacked at once.
const setsPerBatch = 500

// differing calls f for those of some groups of which the read shows something else than
// is stored, with that, if there is any. f must not use v. same is how many memberships the
// other groups have.
func (r *Reading) differing(v store.MirrorReader, groups []store.ID, f func(c *setChange, was store.GroupSet, had bool) error) (same int, err error) {
	compare := func(g store.ID, was store.PackedSet) error {
		c, had := r.sets[g], was.N == g
		if had && c.isStored(was) {
			n, err := c.users.count()
			same += n
			return err
		}
		set, err := was.Unpack()
		set.N = g
		if err != nil {
			return err
		}
		return f(c, set, had)
	}
	i := 0
	err = v.PackedSets(groups, func(was store.PackedSet) error {
		for ; groups[i] != was.N; i++ {
			if err := compare(groups[i], store.PackedSet{}); err != nil {
				return err
			}
		}
		i++
		return compare(was.N, was)
	})
	for ; err == nil && i < len(groups); i++ {
		err = compare(groups[i], store.PackedSet{})
	}
	return same, err
}

// isStored reports whether the read shows exactly what is stored.
func (c *setChange) isStored(was store.PackedSet) bool {
	return c.users.same && bytes.Equal(was.Users, c.users.stored.Users) && len(c.lessUsers)+len(c.lessGroups) == 0 &&
		bytes.Equal(was.Children, idset.Pack(nil, idset.Of(c.children)))
}

// applySets compares the sets that were read with the stored ones and writes the
// differences, in both directions.
func (r *Reading) applySets(tx store.Tx, believed bool) error {
	var added, removed []pair
	var nested []store.ID // child groups whose place changed
	for groups := range slices.Chunk(slices.Sorted(maps.Keys(r.sets)), setsPerBatch) {
		var puts []store.GroupSet
		same, err := r.differing(tx, groups, func(c *setChange, was store.GroupSet, had bool) error {
			is, err := r.nextSet(c, was, believed)
			if err != nil {
				return err
			}
			g := was.N
			r.stats.Memberships += len(is.Users)
			known := is.Listing == [16]byte{} || was.Listing != [16]byte{} // in another order, perhaps: it may change every time
			if had && known && is.Users.Equal(was.Users) && is.Children.Equal(was.Children) {
				return nil
			}
			puts = append(puts, is)
			was.Users.Diff(is.Users, func(n store.ID) { added = append(added, pair{n, g}) }, func(n store.ID) { removed = append(removed, pair{n, g}) })
			note := func(n store.ID) { nested = append(nested, n) }
			was.Children.Diff(is.Children, note, note)
			return nil
		})
		r.stats.Memberships += same
		if err != nil {
			return err
		}
		if err := tx.PutGroupSets(puts); err != nil {
			return err
		}
	}
	r.renamed = append(r.renamed, nested...)
	r.balance = len(added) - len(removed)
	return r.applyPairs(tx, added, removed)
}

// nextSet is the members a group has after the read.
func (r *Reading) nextSet(c *setChange, was store.GroupSet, believed bool) (store.GroupSet, error) {
	users, err := c.users.set()
	is := store.GroupSet{N: was.N, Users: users, Children: idset.Of(c.children)}
	if err != nil {
		return is, err
	}
	if believed && (r.scope == Full || c.replace) {
		is.Listing = c.users.listing
		return is, nil
	}
	is.Users, is.Children = was.Users.With(is.Users), was.Children.With(is.Children)
	if believed {
		is.Users, is.Children = is.Users.Without(idset.Of(c.lessUsers)), is.Children.Without(idset.Of(c.lessGroups))
	}
	return is, nil
}

// accountsPerBatch bounds how many accounts' sets are in memory unpacked at once.
const accountsPerBatch = 5000

// applyPairs brings the accounts' side of memberships in line and marks the accounts.
func (r *Reading) applyPairs(tx store.Tx, added, removed []pair) error {
	byAccount := func(ps []pair) func(i, j int) bool {
		return func(i, j int) bool {
			return ps[i].account < ps[j].account || ps[i].account == ps[j].account && ps[i].group < ps[j].group
		}
	}
	sort.Slice(added, byAccount(added))
	sort.Slice(removed, byAccount(removed))
	touched := make([]store.ID, 0, len(added)+len(removed))
	for _, ps := range [][]pair{added, removed} {
		for _, p := range ps {
			if n := len(touched); n == 0 || touched[n-1] != p.account {
				touched = append(touched, p.account)
			}
		}
	}
	touched = idset.Of(touched)
	for batch := range slices.Chunk(touched, accountsPerBatch) {
		sets, err := tx.AccountSets(batch)
		if err != nil {
			return err
		}
		sets = fill(sets, batch)
		for i := range sets {
			s := &sets[i]
			s.Groups = s.Groups.With(take(&added, s.N)).Without(take(&removed, s.N))
			s.Ours = intersect(s.Ours, s.Groups)
		}
		if err := tx.PutAccountSets(sets); err != nil {
			return err
		}
	}
	return markDirty(tx, r.syncs, touched)
}

// fill gives every account of batch a set, those without one an empty one. Both are
// ascending.
func fill(sets []store.AccountSet, batch []store.ID) []store.AccountSet {
	if len(sets) == len(batch) {
		return sets
	}
	out := make([]store.AccountSet, len(batch))
	j := 0
	for i, n := range batch {
		out[i].N = n
		if j < len(sets) && sets[j].N == n {
			out[i] = sets[j]
			j++
		}
	}
	return out
}

// take removes the leading pairs of the account from the list and returns their groups.
func take(ps *[]pair, account store.ID) idset.Set {
	var s idset.Set
	for len(*ps) > 0 && (*ps)[0].account == account {
		s = append(s, (*ps)[0].group)
		*ps = (*ps)[1:]
	}
	return s
}

// intersect keeps the ids of s that are also in t: a membership somebody ended by
// hand is not ours any more.
func intersect(s, t idset.Set) idset.Set { return s.Without(s.Without(t)) }

// markMembers marks everybody in the groups that changed their name, traits or place,
// through all levels.
func (r *Reading) markMembers(tx store.Tx) error {
	seen := map[store.ID]bool{}
	next := r.renamed
	for len(next) > 0 {
		var fresh []store.ID
		for _, g := range next {
			if !seen[g] {
				seen[g] = true
				fresh = append(fresh, g)
			}
		}
		sets, err := tx.GroupSets(idset.Of(fresh))
		if err != nil {
			return err
		}
		next = next[:0:0]
		for _, s := range sets {
			if err := markDirty(tx, r.syncs, s.Users); err != nil {
				return err
			}
			next = append(next, s.Children...)
		}
	}
	return nil
}
