package engine

import (
	"fmt"
	"maps"
	"slices"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// today is what the records of a run look like now.
type today struct {
	accounts map[store.ID]*targetAccount
	owner    map[store.ID]store.ID // of accounts: the person they are linked to
	linked   map[store.ID]store.ID // of people: their account
	byExt    map[string]store.ID   // groups of before-images
	retired  map[store.ID]bool
}

func lookAt(ev *evaluation, ops []done) (*today, error) {
	var ns, ps, gs []store.ID
	var exts []string
	for i := range ops {
		s := &ops[i].step
		ns, ps, gs = append(ns, s.N), append(ps, s.P), append(gs, s.G)
		if s.Before != nil {
			for _, g := range s.Before.Groups {
				exts = append(exts, g.ID)
			}
		}
	}
	now := &today{owner: map[store.ID]store.ID{}, linked: map[store.ID]store.ID{}, byExt: map[string]store.ID{}, retired: map[store.ID]bool{}}
	retired, err := ev.view.RetiredGroups(ev.sid)
	if err != nil {
		return nil, err
	}
	for _, n := range retired {
		now.retired[n] = true
	}
	links, err := ev.view.LinksOf(idset.Of(ps))
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		now.linked[l.P] = l.N
		ns = append(ns, l.N)
	}
	if now.accounts, err = ev.targetAccounts(ns); err != nil {
		return nil, err
	}
	links, err = ev.view.LinksTo(idset.Of(ns))
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		now.owner[l.N] = l.P
	}
	slices.Sort(exts)
	groups, err := ev.view.GroupsByExt(ev.target, slices.Compact(exts))
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		now.byExt[g.Ext] = g.N
		gs = append(gs, g.N)
	}
	return now, ev.groups.existing(slices.DeleteFunc(idset.Of(gs), func(n store.ID) bool { return n == 0 }))
}

// one inverts one operation, or says why it is left.
func (inv *inverter) one(d *done) error {
	s := &d.step
	if s.Class.Reversal() == plan.Irreversible || !inv.ev.can(inv.ev.inverse(s.Class)) {
		switch {
		case !inv.ev.can(inv.ev.inverse(s.Class)):
			inv.leave(s, "the target has no way back")
			return nil
		case !inv.undo.Irreversible:
			inv.leave(s, "irreversible; -irreversible makes it again, as far as that goes")
			return nil
		}
	}
	switch s.Class {
	case plan.CreateGroup:
		inv.unmakeGroup(s)
	case plan.DeleteGroup:
		return inv.groupAgain(s)
	case plan.DeleteUser:
		return inv.accountAgain(s)
	case plan.Release:
		inv.adoptAgain(s)
	case plan.AddMember, plan.RemoveMember:
		inv.member(s)
	case plan.RetireGroup, plan.RestoreGroup:
		inv.retirement(s)
	default:
		return inv.account(s)
	}
	return nil
}

// step is the inverse of s without what is special to its class.
func (inv *inverter) step(s *plan.Step, class plan.Class) plan.Step {
	return plan.Step{Head: plan.Head{Class: class, Person: s.Person, P: s.P, N: s.N, G: s.G, Reason: "undoes run " + inv.undo.Run}}
}

// theirs is the account of a step, with the reason why it must not be changed.
func (inv *inverter) theirs(s *plan.Step) (*targetAccount, string) {
	a := inv.now.accounts[s.N]
	switch {
	case a == nil || a.flags.Has(store.Gone):
		return nil, "the account is gone"
	case inv.now.owner[s.N] != s.P:
		return nil, "the account is not theirs any more"
	}
	return a, ""
}

// account inverts what was done to an account by itself.
func (inv *inverter) account(s *plan.Step) error {
	a, why := inv.theirs(s)
	if a == nil {
		if s.Class == plan.DeactivateUser && s.Before != nil && inv.undo.Irreversible {
			return inv.accountAgain(s)
		}
		inv.leave(s, "%s", why)
		return nil
	}
	st := inv.step(s, inv.ev.inverse(s.Class))
	st.User = a.ref()
	active := a.flags.Has(store.Active)
	if st.Class.Destructive() {
		why = inv.ev.shielded(a)
	}
	switch {
	case why != "":
	case st.Class == plan.ActivateUser && active:
		why = "the account is active already"
	case st.Class == plan.DeactivateUser && !active:
		why = "the account is inactive already"
	case st.Class == plan.UpdateUser:
		st.Changes, why = swapped(&a.user, s.Changes)
	}
	if why != "" {
		inv.leave(s, "%s", why)
		return nil
	}
	if st.Class.Destructive() {
		var err error
		if st.Before, err = inv.ev.image(a); err != nil {
			return err
		}
	}
	inv.steps = append(inv.steps, st)
	if s.Class == plan.DeactivateUser && s.Before != nil {
		inv.rejoin(s, &st, a)
	}
	return nil
}

// swapped turns changes round, where the account still has what they wrote.
func swapped(u *identity.User, changes []plan.Change) ([]plan.Change, string) {
	out := make([]plan.Change, len(changes))
	for i, c := range changes {
		if !sameValues(c.Field, valuesOf(u, c.Field), c.After) {
			return nil, "its " + c.Field + " was changed since"
		}
		out[i] = plan.Change{Field: c.Field, Before: c.After, After: c.Before}
	}
	return out, ""
}

// rejoin gives an account the groups of its before-image, where it has lost them.
func (inv *inverter) rejoin(s, st *plan.Step, a *targetAccount) {
	for _, ref := range s.Before.Groups {
		g := inv.now.byExt[ref.ID]
		t := inv.ev.groups.byN[g]
		switch {
		case a != nil && a.sets.Groups.Has(g):
			continue
		case t == nil || t.refused != "":
			inv.leave(&plan.Step{Head: plan.Head{Class: plan.RemoveMember, User: st.User, Group: &plan.Ref{Name: ref.Name}}}, "the group is gone, or cannot be written")
			continue
		}
		add := inv.step(s, plan.AddMember)
		add.N, add.User, add.G, add.Group = st.N, st.User, g, &t.ref
		inv.give(add)
	}
}

// give adds a membership once.
func (inv *inverter) give(st plan.Step) {
	key := [2]store.ID{st.N, st.G}
	if st.N != 0 && st.G != 0 && inv.given[key] {
		return
	}
	inv.given[key] = true
	inv.steps = append(inv.steps, st)
}

// member inverts a membership.
func (inv *inverter) member(s *plan.Step) {
	a, why := inv.theirs(s)
	if a == nil {
		inv.leave(s, "%s", why)
		return
	}
	st := inv.step(s, s.Class.Inverse())
	st.User = a.ref()
	t := inv.ev.groups.byN[s.G]
	in := a.sets.Groups.Has(s.G)
	switch {
	case inv.again[s.G]:
		st.G, st.Group = 0, &plan.Ref{Name: s.Group.Name}
	case t == nil:
		why = "the group is gone"
	case t.refused != "":
		why = t.refused
	case st.Class == plan.AddMember && in:
		why = "they are in the group already"
	case st.Class == plan.RemoveMember && !in:
		why = "they are not in the group any more"
	case st.Class == plan.RemoveMember && !a.sets.Ours.Has(s.G):
		why = "the membership is not the gateway's any more"
	case st.Class == plan.RemoveMember:
		why = inv.ev.shielded(a)
	}
	if why != "" {
		inv.leave(s, "%s", why)
		return
	}
	if st.Group == nil {
		st.Group = &t.ref
	}
	inv.give(st)
}

func (inv *inverter) adoptAgain(s *plan.Step) {
	a := inv.now.accounts[s.N]
	switch {
	case a == nil || a.flags.Has(store.Gone):
		inv.leave(s, "the account is gone")
	case inv.now.owner[s.N] != 0 || inv.now.linked[s.P] != 0:
		inv.leave(s, "the account, or the person, is linked already")
	default:
		st := inv.step(s, plan.Adopt)
		st.User = a.ref()
		inv.steps = append(inv.steps, st)
	}
}

// accountAgain makes an account from its before-image, with its groups. It is another
// account with the same values.
func (inv *inverter) accountAgain(s *plan.Step) error {
	before := s.Before
	if before == nil || before.Account == nil || !before.Account.Active {
		inv.leave(s, "the account was not in use before")
		return nil
	}
	if a := inv.now.accounts[inv.now.linked[s.P]]; a != nil && !a.flags.Has(store.Gone) {
		inv.leave(s, "they have an account by now")
		return nil
	}
	fold := identity.Fold(before.Account.Email)
	same, err := inv.ev.view.AccountsByKey(inv.ev.target, store.EmailKey, []string{fold})
	if err != nil {
		return err
	}
	others, err := inv.ev.targetAccounts(same[fold])
	if err != nil {
		return err
	}
	for _, a := range others {
		if fold != "" && !a.flags.Has(store.Gone) {
			inv.leave(s, "an account has the address by now")
			return nil
		}
	}
	st := inv.step(s, plan.CreateUser)
	st.N, st.User = 0, &plan.Ref{Name: s.User.Name}
	account := *before.Account
	account.ID, account.Version = "", ""
	account.Attributes = slices.DeleteFunc(slices.Clone(account.Attributes), func(x identity.Attribute) bool {
		known := inv.ev.userKind.Attribute(x.Name)
		return known == nil || !known.Writable
	})
	st.Account = &account
	inv.steps = append(inv.steps, st)
	inv.rejoin(s, &st, nil)
	return nil
}

// groupAgain makes a group of the same name.
func (inv *inverter) groupAgain(s *plan.Step) error {
	fold := identity.Fold(s.Group.Name)
	found, err := inv.ev.view.GroupsByName(inv.ev.target, []string{fold})
	if err != nil {
		return err
	}
	if len(present(found[fold])) > 0 {
		inv.leave(s, "a group has the name by now")
		return nil
	}
	st := inv.step(s, plan.CreateGroup)
	st.G, st.Group = 0, &plan.Ref{Name: s.Group.Name}
	inv.steps = append(inv.steps, st)
	inv.again[s.G] = true
	return nil
}

// unmakeGroup deletes a group that the run made. spareGroups takes back the step where
// somebody would still be in it.
func (inv *inverter) unmakeGroup(s *plan.Step) {
	t := inv.ev.groups.byN[s.G]
	switch {
	case t == nil:
		inv.leave(s, "the group is gone")
	case t.refused != "":
		inv.leave(s, "%s", t.refused)
	default:
		st := inv.step(s, plan.DeleteGroup)
		st.Group = &t.ref
		inv.steps = append(inv.steps, st)
	}
}

// retirement takes back that a group was retired, or restored.
func (inv *inverter) retirement(s *plan.Step) {
	t := inv.ev.groups.byN[s.G]
	why := ""
	switch {
	case t == nil:
		why = "the group is gone"
	case t.refused != "":
		why = t.refused
	case inv.now.retired[s.G] != (s.Class == plan.RetireGroup):
		why = "that was taken back already"
	}
	st := inv.step(s, s.Class.Inverse())
	for _, c := range s.Changes {
		if why == "" && !slices.Equal(values(t.note), c.After) {
			why = "its " + c.Field + " was changed since"
		}
		st.Changes = append(st.Changes, plan.Change{Field: c.Field, Before: c.After, After: c.Before})
	}
	if why != "" {
		inv.leave(s, "%s", why)
		return
	}
	st.Group = &t.ref
	inv.steps = append(inv.steps, st)
}

// spareGroups keeps the groups that would not be empty.
func (inv *inverter) spareGroups() error {
	leaving := map[store.ID][]store.ID{}
	doomed := map[store.ID]bool{}
	var deleted []store.ID
	for i := range inv.steps {
		switch s := &inv.steps[i]; s.Class {
		case plan.RemoveMember:
			leaving[s.G] = append(leaving[s.G], s.N)
		case plan.DeleteUser:
			deleted = append(deleted, s.N)
		case plan.DeleteGroup:
			doomed[s.G] = true
		}
	}
	sets, err := inv.ev.view.GroupSets(slices.Sorted(maps.Keys(doomed)))
	if err != nil {
		return err
	}
	others := map[store.ID]int{}
	for _, set := range sets {
		others[set.N] = len(set.Users.Without(idset.Of(append(leaving[set.N], deleted...)))) + len(set.Children)
	}
	inv.steps = slices.DeleteFunc(inv.steps, func(s plan.Step) bool {
		if s.Class != plan.DeleteGroup || others[s.G] == 0 {
			return false
		}
		inv.left = append(inv.left, fmt.Sprintf("create group %s: others are in it by now (%d)", s.Group.Name, others[s.G]))
		return true
	})
	return nil
}
