package mirror

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// Vanished is what was there and a full read did not show, or a delta read ends, by the
// endpoint's own ids: what a direct question can confirm before it counts as gone. Of a
// delta read it is groups, and groups in groups.
type Vanished struct {
	Users, Groups []string
	Members       []Pair // memberships of ours, of accounts and groups that the read showed
	Children      []Pair // groups in groups
	Renamed       []Pair // groups that the read shows under another name: the group and that name
}

// Pair is a member of a group: a user or a group.
type Pair struct{ Group, Member string }

// Vanished compares a read, before Finish, with what was there. Members are filled
// in where ours is set: of a target.
func (r *Reading) Vanished(ctx context.Context, ours bool) (v Vanished, err error) {
	if err := r.resolveLate(); err != nil {
		return v, err
	}
	v.Users, v.Groups = r.users.vanished(), r.groups.vanished()
	if r.scope == Delta {
		v.Users, v.Groups = nil, r.groups.exts(func(e *entry) bool { return e.known && e.removed && e.gone() })
	}
	err = r.st.View(ctx, func(view store.Reader) error {
		if r.scope == Delta {
			return r.unnested(view, &v)
		}
		if err := r.retitle(view); err != nil {
			return err
		}
		if err := r.unshown(view, &v); err != nil || !ours {
			return err
		}
		return r.lostOurs(view, &v)
	})
	for ext, name := range r.retitled {
		v.Renamed = append(v.Renamed, Pair{ext, name})
	}
	for _, ps := range [][]Pair{v.Members, v.Children, v.Renamed} {
		slices.SortFunc(ps, func(a, b Pair) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Member, b.Member)) })
	}
	return v, err
}

// unnested finds the groups that a delta read takes out of other groups.
func (r *Reading) unnested(view store.Reader, v *Vanished) error {
	var ns []store.ID
	ext := map[store.ID]string{}
	for at := 1; at < len(r.groups.entries); at++ {
		n := r.groups.entries[at].n
		if c := r.sets[n]; c != nil && (c.replace || len(c.lessGroups) > 0) {
			ns = append(ns, n)
			ext[n] = r.groups.ext(at)
		}
	}
	sets, err := view.GroupSets(idset.Of(ns))
	if err != nil {
		return err
	}
	lost := map[store.ID][]store.ID{} // parents by child
	var children []store.ID
	for _, s := range sets {
		is, err := r.nextSet(r.sets[s.N], s, true)
		if err != nil {
			return err
		}
		s.Children.Diff(is.Children, func(store.ID) {}, func(n store.ID) {
			lost[n] = append(lost[n], s.N)
			children = append(children, n)
		})
	}
	groups, err := view.Groups(idset.Of(children))
	for _, g := range groups {
		for _, parent := range lost[g.N] {
			v.Children = append(v.Children, Pair{ext[parent], g.Ext})
		}
	}
	return err
}

// retitle notes which of the groups that wait to be written have another name than the
// one they are known by.
func (r *Reading) retitle(view store.Reader) error {
	var known []store.ID
	now := map[store.ID]*store.Group{}
	for i := range r.groupRows {
		if g := &r.groupRows[i]; r.groups.get(g.Ext).known {
			known, now[g.N] = append(known, g.N), g
		}
	}
	if len(known) == 0 || r.scope != Full {
		return nil
	}
	before, err := view.Groups(idset.Of(known))
	for i := range before {
		b := &before[i]
		if g := now[b.N]; g.NameKey != b.NameKey && !b.Flags.Has(store.Gone) {
			r.retitled[g.Ext] = g.NameKey
		}
	}
	return err
}

// Correct takes in a group as its system shows it when asked directly, in place of what
// the read showed.
func (r *Reading) Correct(g identity.Group) {
	if at := r.groups.find(g.ID); at != 0 {
		r.groups.entries[at].fp = [16]byte{} // the next read compares it by content
		r.groupRows = append(r.groupRows, groupRow(r.ep, r.groups.head(at), &g))
	}
}

// unshown finds the groups that a full read does not show in other groups any more.
func (r *Reading) unshown(view store.Reader, v *Vanished) error {
	parents, err := view.Parents(r.ep)
	for child, of := range parents {
		for _, parent := range of {
			c, p := r.groups.byID.at(child), r.groups.byID.at(parent)
			if c != 0 && p != 0 && !r.shows(parent, child) {
				v.Children = append(v.Children, Pair{r.groups.ext(p), r.groups.ext(c)})
			}
		}
	}
	return err
}

// lostOurs finds memberships that the gateway made and the read did not show. Whatever is
// in the ledger of an account is in the set of the group too, so that only who is missing
// in a set that was shown is looked up.
func (r *Reading) lostOurs(view store.Reader, v *Vanished) error {
	for groups := range slices.Chunk(slices.Sorted(maps.Keys(r.sets)), setsPerBatch) {
		var lost []pair
		_, err := r.differing(view, groups, func(c *setChange, was store.GroupSet, _ bool) error {
			shown, err := c.users.set()
			if err != nil || !r.groups.entries[r.groups.byID.at(was.N)].seen {
				return err
			}
			for _, n := range was.Users.Without(shown) {
				if r.users.entries[r.users.byID.at(n)].seen {
					lost = append(lost, pair{n, was.N})
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := r.oursOf(view, lost, v); err != nil {
			return err
		}
	}
	return nil
}

// oursOf adds those of the memberships that are in the ledger.
func (r *Reading) oursOf(view store.Reader, lost []pair, v *Vanished) error {
	slices.SortFunc(lost, func(a, b pair) int { return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.group, b.group)) })
	accounts := make([]store.ID, len(lost))
	for i, p := range lost {
		accounts[i] = p.account
	}
	for batch := range slices.Chunk(idset.Of(accounts), accountsPerBatch) {
		sets, err := view.AccountSets(batch)
		if err != nil {
			return err
		}
		for _, s := range fill(sets, batch) {
			for _, g := range take(&lost, s.N) {
				if s.Ours.Has(g) {
					v.Members = append(v.Members, Pair{r.groups.ext(r.groups.byID.at(g)), r.users.ext(r.users.byID.at(s.N))})
				}
			}
		}
	}
	return nil
}

// shows tells whether the read has a group in another.
func (r *Reading) shows(parent, child store.ID) bool {
	c := r.sets[parent]
	return c != nil && slices.Contains(c.children, child)
}
