package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"syncgateway/core/config"
	"syncgateway/core/correlate"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/mapping"
	"syncgateway/core/plan"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// decide makes the steps for one person and their outcome.
//
//	wanted, account linked     update, activate, memberships
//	wanted, account matches    adopt, then the same
//	wanted, no account         create with memberships
//	inactive, gone, out of scope:
//	    never had an account   nothing
//	    account linked         users.on_leave, after users.grace
func (ev *evaluation) decide(s *someone) error {
	if s.state != wanted {
		return ev.leave(s)
	}
	ev.endGrace(s)
	q := s.question()
	r := correlate.One(q)
	ev.claims.Add(q, r)
	if ev.trace != nil {
		ev.trace.match, ev.trace.matches = r, s.matches
	}
	switch r.Verdict {
	case correlate.Disputed:
		s.outcome(Disputed, r.Reason)
		return nil
	case correlate.None:
		return ev.create(s)
	case correlate.Adopt:
		ev.step(s, plan.Step{Head: plan.Head{Class: plan.Adopt, User: s.account.ref(), N: s.account.n, Reason: fmt.Sprintf("the account has the same %s", r.Key), Rule: ev.where("users.match")}})
	}
	return ev.align(s)
}

func (s *someone) outcome(outcome, detail string) {
	s.person.Outcome, s.person.Detail = outcome, detail
}

func (ev *evaluation) step(s *someone, st plan.Step) {
	st.P, st.Person = s.person.P, s.person.Key
	ev.steps.Add(&st)
}

// create makes an account with its memberships.
func (ev *evaluation) create(s *someone) error {
	if !ev.sync.Users.Create {
		s.outcome(NotCreated, "they have no account, and users.create is false")
		return nil
	}
	if missing := ev.lacking(&s.desired); missing != "" {
		s.outcome(Invalid, "the target requires "+missing+", and they have none")
		return nil
	}
	account := ev.newAccount(&s.desired)
	reason := "active in " + s.records[0].side.ref + " and in scope, without an account"
	if s.link != 0 {
		reason = "their account is gone from the target"
	}
	ev.step(s, plan.Step{Head: plan.Head{Class: plan.CreateUser, User: &plan.Ref{Name: cmp.Or(account.Email, account.Username, s.person.Key)}, Reason: reason, Rule: ev.where("users.include")}, Account: account})
	s.outcome(Planned, "create")
	return ev.memberships(s, nil)
}

// lacking names a required field that is empty.
func (ev *evaluation) lacking(a *mapping.Account) string {
	for _, attr := range ev.userKind.Attributes {
		if attr.Required && a.Field(attr.Name) == "" && a.Attributes.Get(attr.Name) == nil {
			return attr.Name
		}
	}
	return ""
}

func (ev *evaluation) newAccount(a *mapping.Account) *identity.User {
	u := &identity.User{Kind: ev.userKind.Name, Username: a.Username, Email: a.Email, DisplayName: a.DisplayName,
		GivenName: a.GivenName, FamilyName: a.FamilyName, Active: true}
	for _, attr := range a.Attributes {
		if ev.userKind.Attribute(attr.Name) != nil {
			u.Attributes = append(u.Attributes, attr)
		}
	}
	return u
}

// align brings an account that is there to what the rules want.
func (ev *evaluation) align(s *someone) error {
	before := ev.steps.Len()
	held := ""
	if changes := ev.changes(s); len(changes) > 0 && ev.sync.Users.Update {
		ev.step(s, plan.Step{Head: plan.Head{Class: plan.UpdateUser, User: s.account.ref(), N: s.account.n, Reason: "the source has other values", Rule: ev.fieldRule(changes[0].Field)}, Changes: changes})
	}
	if !s.account.flags.Has(store.Active) {
		switch {
		case !ev.sync.Users.Activate:
			held = "the account is inactive, and users.activate is false"
		case ev.userKind.Can(schema.ActivateUser):
			ev.step(s, plan.Step{Head: plan.Head{Class: plan.ActivateUser, User: s.account.ref(), N: s.account.n, Reason: "active in " + s.records[0].side.ref + ", inactive in the target", Rule: ev.where("users.activate")}})
		default:
			held = "the account is inactive, and the target cannot activate it"
		}
	}
	s.outcome(InSync, held)
	if s.link == 0 || s.account.n != s.link || ev.steps.Len() > before {
		s.outcome(Planned, held)
	}
	return ev.memberships(s, s.account)
}

func (ev *evaluation) fieldRule(field string) string {
	if r, ok := ev.sync.Rules.Field(field); ok {
		return rule(r)
	}
	return ""
}

// changes compares what the rules manage, and the target can change, with the account.
func (ev *evaluation) changes(s *someone) []plan.Change {
	if !ev.userKind.Can(schema.UpdateUser) {
		return nil
	}
	var out []plan.Change
	for _, name := range ev.sync.Rules.Managed() {
		attribute, isAttribute := strings.CutPrefix(name, "attributes.")
		a := ev.userKind.Attribute(attribute)
		if a == nil || !a.Writable || a.CreateOnly {
			continue
		}
		var is, wants []string
		if isAttribute {
			is, wants = s.account.user.Attributes.Get(attribute), s.desired.Attributes.Get(attribute)
		} else {
			is, wants = values(typedField(&s.account.user, name)), values(s.desired.Field(name))
		}
		if !sameValues(name, is, wants) {
			out = append(out, plan.Change{Field: name, Before: is, After: wants})
		}
	}
	return out
}

// sameValues compares as the target would: e-mail addresses that differ in case are
// one address.
func sameValues(name string, a, b []string) bool {
	if name == mapping.FieldEmail {
		return len(a) == len(b) && (len(a) == 0 || identity.Fold(a[0]) == identity.Fold(b[0]))
	}
	return slices.Equal(a, b)
}

func values(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func typedField(u *identity.User, name string) string {
	switch name {
	case mapping.FieldUsername:
		return u.Username
	case mapping.FieldEmail:
		return u.Email
	case mapping.FieldDisplayName:
		return u.DisplayName
	case mapping.FieldGivenName:
		return u.GivenName
	case mapping.FieldFamilyName:
		return u.FamilyName
	}
	return ""
}

// memberships compares the groups a person is to be in with those the account is in.
// account is nil for one that is being created.
func (ev *evaluation) memberships(s *someone, account *targetAccount) error {
	wishes, err := ev.groups.wishes(s.groups, account == nil)
	if err != nil {
		return err
	}
	user := &plan.Ref{Name: cmp.Or(s.desired.Email, s.desired.Username, s.person.Key)}
	var sets store.AccountSet
	if account != nil {
		user, sets = account.ref(), account.sets
	}
	if ev.trace != nil {
		ev.trace.wishes, ev.trace.within = wishes, s.groups
	}
	if ev.watch != nil {
		ev.watch(s, wishes)
	}
	var keep []store.ID
	for _, w := range wishes {
		t := w.target
		if t.n != 0 {
			keep = append(keep, t.n)
		}
		if t.n != 0 && sets.Groups.Has(t.n) {
			continue
		}
		if t.refused != "" {
			s.open = true
			continue
		}
		ev.step(s, plan.Step{Head: plan.Head{Class: plan.AddMember, User: user, Group: &t.ref, N: sets.N, G: t.n, Reason: w.because, Rule: w.rule}})
		s.outcome(Planned, s.person.Detail)
	}
	return ev.endings(s, account, idset.Of(keep))
}

// endings are the memberships of an account that no rule wants and that are the
// gateway's to end.
func (ev *evaluation) endings(s *someone, account *targetAccount, keep idset.Set) error {
	if account == nil || ev.groups.off && len(account.sets.Ours) == 0 {
		return nil
	}
	surplus := account.sets.Groups.Without(keep)
	if !ev.groups.owns {
		surplus = surplus.Without(surplus.Without(account.sets.Ours))
	}
	if err := ev.groups.existing(surplus); err != nil {
		return err
	}
	for _, n := range surplus {
		may, open := ev.groups.mayRemove(n, account.sets.Ours)
		if s.open = s.open || open; !may {
			continue
		}
		t := ev.groups.byN[n]
		ev.takeAway(s, plan.Step{Head: plan.Head{Class: plan.RemoveMember, User: account.ref(), Group: &t.ref, N: account.n, G: n, Reason: "no source group of theirs makes this group any more", Rule: ev.where("groups")}})
	}
	return nil
}

// takeAway adds a step that removes something, unless the account is protected or the
// reads do not allow it.
func (ev *evaluation) takeAway(s *someone, st plan.Step) {
	if reason := ev.shielded(s.account); reason != "" {
		s.outcome(Shielded, fmt.Sprintf("not done: %s; %s", st.Line(), reason))
		return
	}
	if !ev.removals {
		s.outcome(Withheld, "not done before a complete read: "+st.Line())
		return
	}
	ev.doubt(s, st.Class)
	ev.step(s, st)
	s.outcome(Planned, s.person.Detail)
}

// shielded tells why nothing may be taken from the account, "" when it may.
func (ev *evaluation) shielded(a *targetAccount) string {
	if reason := ev.protected[a.n]; reason != "" {
		return reason
	}
	for _, p := range ev.sync.Limits.Protect {
		fold := identity.Fold(p)
		if fold == identity.Fold(a.user.Email) || fold == identity.Fold(a.user.Username) || p == a.user.ID {
			return "named in " + ev.where("limits.protect")
		}
	}
	return ""
}

// leave decides about somebody who is not to have access.
func (ev *evaluation) leave(s *someone) error {
	if s.state == broken {
		s.outcome(Invalid, s.why)
		if strings.HasPrefix(s.why, "two active accounts") {
			s.outcome(Disputed, s.why)
		}
		return nil
	}
	if s.link == 0 {
		s.outcome(map[state]string{inactive: NotProvisioned, gone: NotProvisioned, outOfScope: OutOfScope}[s.state], s.why)
		return nil
	}
	if s.account == nil || s.account.flags.Has(store.Gone) {
		ev.endGrace(s)
		s.outcome(Left, s.why+"; the account is gone")
		return nil
	}
	class, done := ev.leaveClass(s)
	if class == 0 {
		ev.endGrace(s)
		s.outcome(done, s.why)
		return nil
	}
	if !ev.graceOver(s) {
		return nil
	}
	before, err := ev.image(s.account)
	if err != nil {
		return err
	}
	ev.takeAway(s, plan.Step{Head: plan.Head{Class: class, User: s.account.ref(), N: s.account.n, Reason: s.why, Rule: cmp.Or(s.rule, ev.where("users.on_leave"))}, Before: before})
	return nil
}

// leaveClass is the step that users.on_leave asks for, or 0 with the outcome when
// there is nothing to do.
func (ev *evaluation) leaveClass(s *someone) (plan.Class, string) {
	u := &ev.sync.Users
	active := s.account.flags.Has(store.Active)
	switch {
	case !u.Deactivate || u.OnLeave == config.LeaveKeep:
		if active {
			return 0, Kept
		}
		return 0, Left
	case u.OnLeave == config.LeaveDelete:
		return plan.DeleteUser, ""
	case !active:
		return 0, Left
	}
	return plan.DeactivateUser, ""
}

// endGrace ends the timer of somebody who is back, or who has nothing left to lose.
func (ev *evaluation) endGrace(s *someone) {
	if _, running := ev.graces[s.person.P]; running {
		ev.endGraces = append(ev.endGraces, s.person.P)
	}
}

// graceOver starts the timer of a leaver, and tells whether it has run out.
func (ev *evaluation) graceOver(s *someone) bool {
	if ev.sync.Users.Grace == 0 {
		return true
	}
	g, running := ev.graces[s.person.P]
	if !running {
		g = store.Grace{P: s.person.P, Since: ev.now, Due: ev.now.Add(ev.sync.Users.Grace), Reason: s.why}
		ev.newGraces = append(ev.newGraces, g)
	}
	if ev.now.Before(g.Due) {
		s.outcome(Leaving, fmt.Sprintf("%s; the account stays until %s", s.why, g.Due.UTC().Format(time.RFC3339)))
		return false
	}
	return true
}
