package mirror

import (
	"context"
	"fmt"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// Person is one account as its system shows it when asked directly, with the groups
// it is in directly.
type Person struct {
	User     identity.User
	Groups   []identity.Group
	GroupIDs []string // of all groups it is in; those not among Groups must be mirrored already
}

// Refresh takes in one account outside of a read, and marks it. It returns the
// account's interned id.
func Refresh(ctx context.Context, st store.Store, address string, syncs []store.SyncID, p Person) (n store.ID, err error) {
	err = st.Update(ctx, func(tx store.Tx) error {
		ep, err := tx.Endpoint(address)
		if err != nil {
			return err
		}
		if n, err = refreshAccount(tx, st, ep, &p.User); err != nil {
			return err
		}
		groups, err := refreshGroups(tx, st, ep, p, syncs)
		if err != nil {
			return err
		}
		if err := moveAccount(tx, ep, n, groups); err != nil {
			return err
		}
		return markDirty(tx, syncs, []store.ID{n})
	})
	if err != nil {
		return 0, fmt.Errorf("refresh %q: %w", identity.Visible(p.User.ID, 80), err)
	}
	return n, nil
}

func refreshAccount(tx store.Tx, st store.Store, ep store.EndpointID, u *identity.User) (store.ID, error) {
	known, err := tx.AccountsByExt(ep, []string{u.ID})
	if err != nil {
		return 0, err
	}
	h := store.Head{Ext: u.ID, Flags: activeFlag(u.Active)}
	if len(known) > 0 {
		h.N = known[0].N
	} else {
		h.N = st.NewIDs(1)
	}
	// Without a fingerprint the next read compares it by content.
	return h.N, tx.PutAccounts([]store.Account{accountRow(ep, h, u)})
}

func refreshGroups(tx store.Tx, st store.Store, ep store.EndpointID, p Person, syncs []store.SyncID) (idset.Set, error) {
	known, err := tx.GroupsByExt(ep, p.GroupIDs)
	if err != nil {
		return nil, err
	}
	byExt := map[string]store.ID{}
	for _, g := range known {
		byExt[g.Ext] = g.N
	}
	if err := retitleGroups(tx, ep, known, p.Groups, syncs); err != nil {
		return nil, err
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		if byExt[g.ID] != 0 {
			continue
		}
		byExt[g.ID] = st.NewIDs(1)
		row := groupRow(ep, store.Head{N: byExt[g.ID], Ext: g.ID, Flags: store.Active}, g)
		if err := tx.PutGroups([]store.Group{row}); err != nil {
			return nil, err
		}
	}
	var out []store.ID
	for _, ext := range p.GroupIDs {
		if n := byExt[ext]; n != 0 {
			out = append(out, n)
		}
	}
	return idset.Of(out), nil
}

// retitleGroups gives groups that are known by another name the one they are shown with,
// and marks who is in them.
func retitleGroups(tx store.Tx, ep store.EndpointID, known []store.Group, shown []identity.Group, syncs []store.SyncID) error {
	for _, k := range known {
		for i := range shown {
			g := &shown[i]
			if g.ID != k.Ext || identity.Fold(g.Name) == k.NameKey || k.Flags.Has(store.Gone) {
				continue
			}
			// Without a fingerprint the next read compares it by content.
			if err := tx.PutGroups([]store.Group{groupRow(ep, store.Head{N: k.N, Ext: k.Ext, Flags: k.Flags}, g)}); err != nil {
				return err
			}
			sets, err := tx.GroupSets([]store.ID{k.N})
			if err != nil {
				return err
			}
			for _, s := range sets {
				if err := markDirty(tx, syncs, s.Users); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// moveAccount makes these the groups of the account, in both directions.
func moveAccount(tx store.Tx, ep store.EndpointID, n store.ID, groups idset.Set) error {
	sets, err := tx.AccountSets([]store.ID{n})
	if err != nil {
		return err
	}
	was := store.AccountSet{N: n}
	if len(sets) > 0 {
		was = sets[0]
	}
	var added, removed idset.Set
	was.Groups.Diff(groups, func(g store.ID) { added = append(added, g) }, func(g store.ID) { removed = append(removed, g) })
	changed, err := tx.GroupSets(added.With(removed))
	if err != nil {
		return err
	}
	byN := map[store.ID]store.GroupSet{}
	for _, s := range changed {
		byN[s.N] = s
	}
	var puts []store.GroupSet
	for _, g := range added.With(removed) {
		s := byN[g]
		s.N = g
		if added.Has(g) {
			s.Users = s.Users.With(idset.Set{n})
		} else {
			s.Users = s.Users.Without(idset.Set{n})
		}
		puts = append(puts, s)
	}
	if err := tx.PutGroupSets(puts); err != nil {
		return err
	}
	size, err := tx.Population(ep)
	if err != nil {
		return err
	}
	size.Memberships = max(size.Memberships+len(added)-len(removed), 0)
	if err := tx.PutPopulation(ep, size); err != nil {
		return err
	}
	was.Groups, was.Ours = groups, intersect(was.Ours, groups)
	return tx.PutAccountSets([]store.AccountSet{was})
}

// Forget flags one account as gone, on the direct word of its system, and marks it.
func Forget(ctx context.Context, st store.Store, address string, syncs []store.SyncID, ext string) error {
	return st.Update(ctx, func(tx store.Tx) error {
		ep, err := tx.Endpoint(address)
		if err != nil {
			return err
		}
		known, err := tx.AccountsByExt(ep, []string{ext})
		if err != nil || len(known) == 0 || known[0].Flags.Has(store.Gone) {
			return err
		}
		h := known[0].Head
		h.Flags |= store.Gone
		if err := tx.SetFlags([]store.Head{h}, false); err != nil {
			return err
		}
		return markDirty(tx, syncs, []store.ID{h.N})
	})
}
