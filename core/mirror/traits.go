package mirror

import (
	"cmp"
	"reflect"
	"slices"

	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// putTraits writes what the endpoint says beside its records, where that is something else
// than before.
func (r *Reading) putTraits(tx store.Tx, believed bool) error {
	if r.scope != Full || !believed {
		return nil
	}
	var ps []store.Protected
	for ext, reason := range r.protected {
		if e := r.users.get(ext); e != nil {
			ps = append(ps, store.Protected{N: e.n, Reason: reason})
		}
	}
	slices.SortFunc(ps, func(a, b store.Protected) int { return int(a.N) - int(b.N) })
	was, err := tx.Protected(r.ep)
	if err == nil && !slices.Equal(was, ps) {
		err = tx.PutProtected(r.ep, ps)
	}
	if err != nil {
		return err
	}
	return r.putQuotas(tx)
}

func (r *Reading) putQuotas(tx store.Tx) error {
	var qs []store.Quota
	for _, q := range r.quotas {
		var groups []store.ID
		for _, ext := range q.GroupIDs {
			if e := r.groups.get(ext); e != nil {
				groups = append(groups, e.n)
			}
		}
		qs = append(qs, store.Quota{Name: q.Name, Total: int(q.Total), Used: int(q.Used), Unlimited: q.Unlimited, NewUsers: q.NewUsers,
			Groups: idset.Of(groups)})
	}
	slices.SortStableFunc(qs, func(a, b store.Quota) int { return cmp.Compare(a.Name, b.Name) })
	had, err := tx.Quotas(r.ep)
	if err != nil || slices.EqualFunc(had, qs, sameQuota) {
		return err
	}
	return tx.PutQuotas(r.ep, qs)
}

func sameQuota(a, b store.Quota) bool {
	groups := a.Groups.Equal(b.Groups)
	a.Groups, b.Groups = nil, nil
	return groups && reflect.DeepEqual(a, b)
}

// putProgress moves the cursor and the size of the endpoint after a read that is believed.
func (r *Reading) putProgress(tx store.Tx, end Ending) error {
	if !end.Believed {
		return nil
	}
	if r.scope == Full {
		p := store.Population{Users: r.stats.Users, Groups: r.stats.Groups, Memberships: r.stats.Memberships}
		was, err := tx.Population(r.ep)
		if err == nil && was != p {
			err = tx.PutPopulation(r.ep, p)
		}
		if err != nil {
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
	if err != nil || r.balance == 0 {
		return err
	}
	p.Memberships += r.balance
	return tx.PutPopulation(r.ep, p)
}
