package mirror

import (
	"cmp"
	"context"
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
	r.resolveLate()
	users, groups := r.users.names(), r.groups.names()
	v.Users, v.Groups = r.users.vanished(), r.groups.vanished()
	if r.scope == Delta {
		v.Users, v.Groups = nil, r.groups.exts(func(e *entry) bool { return e.known && e.removed && e.head.Flags.Has(store.Gone) })
	}
	err = r.st.View(ctx, func(view store.Reader) error {
		if r.scope == Delta {
			return r.unnested(view, &v)
		}
		if err := r.retitle(view); err != nil {
			return err
		}
		parents, err := view.Parents(r.ep)
		if err != nil {
			return err
		}
		for child, of := range parents {
			for _, parent := range of {
				if groups[parent] != nil && groups[child] != nil && !r.shows(parent, child) {
					v.Children = append(v.Children, Pair{groups[parent].head.Ext, groups[child].head.Ext})
				}
			}
		}
		if !ours {
			return nil
		}
		return r.lostOurs(view, users, groups, &v)
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
	for n, e := range r.groups.names() {
		if c := r.sets[n]; c != nil && (c.replace || len(c.lessGroups) > 0) {
			ns = append(ns, n)
			ext[n] = e.head.Ext
		}
	}
	sets, err := view.GroupSets(idset.Of(ns))
	if err != nil {
		return err
	}
	lost := map[store.ID][]store.ID{} // parents by child
	var children []store.ID
	for _, s := range sets {
		is := r.nextSet(r.sets[s.N], s, true)
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
		if g := &r.groupRows[i]; r.groups.byExt[g.Ext].known {
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
	if e := r.groups.byExt[g.ID]; e != nil {
		e.head.Fingerprint = [16]byte{} // the next read compares it by content
		r.groupRows = append(r.groupRows, groupRow(r.ep, e.head, &g))
	}
}

// lostOurs finds memberships that the gateway made and the read did not show.
func (r *Reading) lostOurs(view store.Reader, users, groups map[store.ID]*entry, v *Vanished) error {
	ns := make([]store.ID, 0, len(users))
	for n, e := range users {
		if e.seen && e.known {
			ns = append(ns, n)
		}
	}
	shown := map[store.ID]idset.Set{}
	for batch := range slices.Chunk(idset.Of(ns), accountsPerBatch) {
		sets, err := view.AccountSets(batch)
		if err != nil {
			return err
		}
		for _, s := range sets {
			for _, g := range s.Ours {
				if groups[g] == nil || !groups[g].seen {
					continue
				}
				if _, ok := shown[g]; !ok {
					shown[g] = idset.Of(slices.Clone(r.change(g).users))
				}
				if !shown[g].Has(s.N) {
					v.Members = append(v.Members, Pair{groups[g].head.Ext, users[s.N].head.Ext})
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

// vanished are the records that were there, and were not shown.
func (x *index) vanished() []string {
	return x.exts(func(e *entry) bool { return e.known && !e.seen && !e.head.Flags.Has(store.Gone) })
}

// exts are the ids of the entries that pick accepts, sorted.
func (x *index) exts(pick func(*entry) bool) (exts []string) {
	for ext, e := range x.byExt {
		if pick(e) {
			exts = append(exts, ext)
		}
	}
	slices.Sort(exts)
	return exts
}

func (x *index) names() map[store.ID]*entry {
	out := make(map[store.ID]*entry, len(x.byExt))
	for _, e := range x.byExt {
		out[e.head.N] = e
	}
	return out
}
