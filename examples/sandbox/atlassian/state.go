package atlassian

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// sortedCache keeps a group's members in order of account id.
type sortedCache struct{ p atomic.Pointer[[]*account] }

// sortedMembers needs at least the read lock: then nobody changes members while the cache is filled.
func (g *group) sortedMembers() []*account {
	if done := g.sorted.p.Load(); done != nil {
		return *done
	}
	out := slices.SortedFunc(maps.Keys(g.members), func(a, b *account) int { return cmp.Compare(a.id, b.id) })
	g.sorted.p.Store(&out)
	return out
}

// active tells whether the account may use products and so holds seats.
func (p *person) active() bool {
	return p.accountStatus == statusActive && p.membership == statusActive
}

// status is the one word that the organisation shows for both states.
func (a *account) status(p *person) string {
	switch {
	case a.deletion:
		return "for_deletion"
	case p.accountStatus != statusActive:
		return "deactivated"
	case p.membership == suspended:
		return suspended
	case p.membership == noMembership:
		return "not_invited"
	}
	return statusActive
}

// listed tells whether the organisation's searches show the account: managed ones always, others while in the directory.
func (a *account) listed(p *person) bool {
	return p != nil && a.kind == "atlassian" && p.accountStatus != statusClosed && (a.managed || p.membership != noMembership)
}

// touch keeps what searches see of the account before it changes. It needs the write lock.
func (o *Org) touch(a *account) {
	if o.lag == 0 {
		return
	}
	now := o.now()
	if !now.Before(a.visibleAt) {
		old := a.live
		old.groups = maps.Clone(old.groups)
		a.indexed = &old
	}
	a.visibleAt = now.Add(o.lag)
}

// hide makes a new account invisible to searches until the index has caught up.
func (o *Org) hide(a *account) {
	if o.lag > 0 {
		a.indexed, a.visibleAt = nil, o.now().Add(o.lag)
	}
}

func (a *account) searched(now time.Time) *person {
	if now.Before(a.visibleAt) {
		return a.indexed
	}
	return &a.live
}

// searched tells whether searches show the group.
func (g *group) searched(now time.Time) bool {
	if g.deleted {
		return now.Before(g.goneAt)
	}
	return !now.Before(g.createdVisible)
}

// lacksSeats names the first product that the account would need a seat of by joining, and that has none left.
func (g *group) lacksSeat(a *account) *product {
	if !a.live.active() {
		return nil
	}
	for _, p := range g.licences() {
		if p.holders[a] == 0 && p.seats > 0 && p.used >= p.seats {
			return p
		}
	}
	return nil
}

// licences are the products of which membership grants a seat.
func (g *group) licences() []*product {
	var out []*product
	for _, gr := range g.grants {
		if gr.role == roleUser && !slices.Contains(out, gr.product) {
			out = append(out, gr.product)
		}
	}
	return out
}

func (o *Org) join(g *group, a *account) {
	o.touch(a)
	g.members[a], a.live.groups[g] = true, true
	g.sorted.p.Store(nil)
	for _, p := range g.licences() {
		p.hold(a, 1)
	}
}

func (o *Org) leave(g *group, a *account) {
	o.touch(a)
	delete(g.members, a)
	delete(a.live.groups, g)
	g.sorted.p.Store(nil)
	for _, p := range g.licences() {
		p.hold(a, -1)
	}
}

func (p *product) hold(a *account, change int) {
	before := p.holders[a]
	after := before + change
	if after == 0 {
		delete(p.holders, a)
	} else {
		p.holders[a] = after
	}
	if a.live.active() && (before == 0) != (after == 0) {
		p.used += change
	}
}

// change runs an edit of the account's state and keeps the seat counts right.
func (o *Org) change(a *account, edit func(p *person)) {
	o.touch(a)
	before := a.live.active()
	edit(&a.live)
	after := a.live.active()
	if before == after {
		return
	}
	for _, p := range o.products {
		if p.holders[a] == 0 {
			continue
		}
		if after {
			p.used++
		} else {
			p.used--
		}
	}
}

// lacksSeatAgain is lacksSeat for somebody who is about to be active again.
func (o *Org) lacksSeatAgain(a *account) *product {
	for _, p := range o.products {
		if p.holders[a] > 0 && p.seats > 0 && p.used >= p.seats {
			return p
		}
	}
	return nil
}

// expel takes the account out of the directory: roles and groups are lost.
func (o *Org) expel(a *account) {
	for g := range maps.Clone(a.live.groups) {
		o.leave(g, a)
	}
	a.roles = nil
	o.change(a, func(p *person) { p.membership = noMembership })
}

// drop deletes a group; its members lose it.
func (o *Org) drop(g *group) {
	for a := range maps.Clone(g.members) {
		o.leave(g, a)
	}
	g.deleted, g.goneAt = true, o.now().Add(o.lag)
	delete(o.groups, g.id)
	delete(o.names, strings.ToLower(g.name))
	for _, p := range o.products {
		if p.defaultGroup == g {
			p.defaultGroup = nil
		}
	}
}

// create makes a group that searches find after the lag.
func (o *Org) create(name, description string) *group {
	g := o.addGroup(name, description)
	g.createdVisible = o.now().Add(o.lag)
	return g
}

func (g *group) isDefault(products []*product) bool {
	return slices.ContainsFunc(products, func(p *product) bool { return p.defaultGroup == g })
}

func (g *group) grantsAdmin() bool {
	return slices.ContainsFunc(g.grants, func(gr grant) bool { return strings.HasSuffix(gr.role, "admin") })
}

func (o *Org) productByARI(ari string) *product {
	for _, p := range o.products {
		if p.ari == ari {
			return p
		}
	}
	return nil
}

func (o *Org) productByKey(key string) *product {
	for _, p := range o.products {
		if p.key == key {
			return p
		}
	}
	return nil
}

// grant gives a group's members a role on a product.
func (o *Org) grant(g *group, p *product, role string) {
	g.grants = append(g.grants, grant{p, role})
	if role == roleUser && len(g.grantsOf(p, roleUser)) == 1 {
		for a := range g.members {
			p.hold(a, 1)
		}
	}
}

func (o *Org) revoke(g *group, p *product, role string) {
	had := len(g.grantsOf(p, role)) > 0
	g.grants = slices.DeleteFunc(g.grants, func(gr grant) bool { return gr.product == p && gr.role == role })
	if role == roleUser && had {
		for a := range g.members {
			p.hold(a, -1)
		}
	}
}

func (g *group) grantsOf(p *product, role string) []grant {
	var out []grant
	for _, gr := range g.grants {
		if gr.product == p && gr.role == role {
			out = append(out, gr)
		}
	}
	return out
}
