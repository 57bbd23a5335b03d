package mirror

import (
	"context"
	"fmt"
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
	r.resolveLate()
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
		return r.putProgress(tx, end)
	})
	if err != nil {
		return fmt.Errorf("finish the mirror of a read: %w", err)
	}
	return nil
}

func (r *Reading) resolveLate() {
	late := r.late
	r.late = nil
	for _, l := range late {
		rest := r.resolve(l.m, l.remove)
		if rest == nil || l.remove || r.groups.byExt[rest.GroupID] == nil {
			continue
		}
		r.stats.Strangers += len(rest.UserIDs)
		for _, ext := range rest.UserIDs {
			r.stranger(ext)
		}
		r.resolve(identity.Members{GroupID: rest.GroupID, UserIDs: rest.UserIDs}, false)
	}
}

// stranger keeps the place of an account that is a member of something but that the
// read did not show: somebody who is staged, say. When they appear, their memberships
// are known.
func (r *Reading) stranger(ext string) {
	if r.users.byExt[ext] != nil {
		return
	}
	e := &entry{head: store.Head{N: r.st.NewIDs(1), Ext: ext, Flags: store.Gone}}
	r.users.byExt[ext] = e
	r.accountRows = append(r.accountRows, accountRow(r.ep, e.head, &identity.User{ID: ext}))
}

// removeMissing flags what a full read no longer had and what a delta read named.
func (r *Reading) removeMissing(tx store.Tx) error {
	missing := func(e *entry) bool {
		if r.scope == Full && e.known && !e.seen && !e.head.Flags.Has(store.Gone) {
			e.head.Flags |= store.Gone
			return true
		}
		return r.scope == Delta && e.known && e.removed && e.head.Flags.Has(store.Gone)
	}
	accounts := r.users.pick(missing)
	r.stats.Gone += len(accounts)
	if err := tx.SetFlags(accounts, false); err != nil {
		return err
	}
	groups := r.groups.pick(missing)
	if err := tx.SetFlags(groups, true); err != nil {
		return err
	}
	for _, g := range groups {
		c := r.change(g.N)
		*c = setChange{replace: true} // nobody is in a group that is gone
	}
	return markDirty(tx, r.syncs, heads(accounts))
}

func heads(hs []store.Head) []store.ID {
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

// applySets compares the sets that were read with the stored ones and writes the
// differences, in both directions.
func (r *Reading) applySets(tx store.Tx, believed bool) error {
	groups := make([]store.ID, 0, len(r.sets))
	for g := range r.sets {
		groups = append(groups, g)
	}
	slices.Sort(groups)
	var added, removed []pair
	var nested []store.ID // child groups whose place changed
	for batch := range slices.Chunk(groups, setsPerBatch) {
		before, err := tx.GroupSets(batch)
		if err != nil {
			return err
		}
		old := map[store.ID]store.GroupSet{}
		for _, s := range before {
			old[s.N] = s
		}
		var puts []store.GroupSet
		for _, g := range batch {
			was, had := old[g]
			is := r.nextSet(r.sets[g], was, believed)
			is.N = g
			r.stats.Memberships += len(is.Users)
			if had && is.Users.Equal(was.Users) && is.Children.Equal(was.Children) {
				continue
			}
			puts = append(puts, is)
			was.Users.Diff(is.Users, func(n store.ID) { added = append(added, pair{n, g}) }, func(n store.ID) { removed = append(removed, pair{n, g}) })
			note := func(n store.ID) { nested = append(nested, n) }
			was.Children.Diff(is.Children, note, note)
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
func (r *Reading) nextSet(c *setChange, was store.GroupSet, believed bool) store.GroupSet {
	is := store.GroupSet{Users: idset.Of(c.users), Children: idset.Of(c.children)}
	if believed && (r.scope == Full || c.replace) {
		return is
	}
	is.Users, is.Children = was.Users.With(is.Users), was.Children.With(is.Children)
	if believed {
		is.Users, is.Children = is.Users.Without(idset.Of(c.lessUsers)), is.Children.Without(idset.Of(c.lessGroups))
	}
	return is
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

func (r *Reading) putTraits(tx store.Tx, believed bool) error {
	if r.scope != Full || !believed {
		return nil
	}
	var ps []store.Protected
	for ext, reason := range r.protected {
		if e := r.users.byExt[ext]; e != nil {
			ps = append(ps, store.Protected{N: e.head.N, Reason: reason})
		}
	}
	slices.SortFunc(ps, func(a, b store.Protected) int { return int(a.N) - int(b.N) })
	if err := tx.PutProtected(r.ep, ps); err != nil {
		return err
	}
	var qs []store.Quota
	for _, q := range r.quotas {
		var groups []store.ID
		for _, ext := range q.GroupIDs {
			if e := r.groups.byExt[ext]; e != nil {
				groups = append(groups, e.head.N)
			}
		}
		qs = append(qs, store.Quota{Name: q.Name, Total: int(q.Total), Used: int(q.Used), Unlimited: q.Unlimited, NewUsers: q.NewUsers,
			Groups: idset.Of(groups)})
	}
	return tx.PutQuotas(r.ep, qs)
}

func (r *Reading) putProgress(tx store.Tx, end Ending) error {
	if !end.Believed {
		return nil
	}
	if r.scope == Full {
		p := store.Population{Users: r.stats.Users, Groups: r.stats.Groups, Memberships: r.stats.Memberships}
		if err := tx.PutPopulation(r.ep, p); err != nil {
			return err
		}
	} else if err := r.adjustPopulation(tx); err != nil {
		return err
	}
	if end.Cursor == nil {
		return nil
	}
	return tx.PutCursor(r.ep, *end.Cursor)
}

// adjustPopulation keeps the number of memberships true over delta reads.
func (r *Reading) adjustPopulation(tx store.Tx) error {
	p, err := tx.Population(r.ep)
	if err != nil {
		return err
	}
	p.Memberships += r.balance
	return tx.PutPopulation(r.ep, p)
}
