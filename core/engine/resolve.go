package engine

import (
	"slices"
	"strings"

	"syncgateway/core/identity"
	"syncgateway/core/mapping"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// resolve finds the records that the steps of a plan from a file are about, and sorts
// out the steps that no longer fit: their record is gone, or is no longer as it was
// when the plan was made.
func (r *run) resolve(tx store.Tx, p *plan.Plan) (*plan.Plan, []string, error) {
	fit := &plan.Plan{Header: p.Header, Warnings: p.Warnings}
	var drifted []string
	making := map[string]bool{} // groups and people that the plan itself makes
	for s := range p.Steps.All() {
		why, err := r.locate(tx, s, making)
		if err != nil {
			return nil, nil, err
		}
		if why != "" {
			drifted = append(drifted, s.Line()+": "+why)
			continue
		}
		fit.Steps.Add(s)
	}
	return fit, drifted, nil
}

// locate fills in the ids of a step, and tells why it no longer fits.
func (r *run) locate(tx store.Tx, s *plan.Step, making map[string]bool) (string, error) {
	people, err := tx.PeopleByKey(r.sid, []string{s.Person})
	if err != nil {
		return "", err
	}
	s.P = people[s.Person]
	if s.Person != "" && s.P == 0 {
		return "nobody has this join key any more", nil
	}
	if why, err := r.locateGroup(tx, s, making); why != "" || err != nil {
		return why, err
	}
	if s.User == nil {
		return "", nil
	}
	if s.User.ID == "" {
		return r.locateNew(tx, s, making)
	}
	rows, err := tx.AccountsByExt(r.target, []string{s.User.ID})
	if err != nil {
		return "", err
	}
	if len(rows) == 0 || rows[0].Flags.Has(store.Gone) {
		return "the account is gone", nil
	}
	s.N = rows[0].N
	return r.fits(tx, s, &rows[0])
}

func (r *run) locateGroup(tx store.Tx, s *plan.Step, making map[string]bool) (string, error) {
	if s.Group == nil {
		return "", nil
	}
	fold := identity.Fold(s.Group.Name)
	found, err := tx.GroupsByName(r.target, []string{fold})
	if err != nil {
		return "", err
	}
	present := slices.DeleteFunc(found[fold], func(g store.Group) bool { return g.Flags.Has(store.Gone) })
	switch {
	case s.Class == plan.CreateGroup && len(present) > 0:
		return "the group is there already", nil
	case s.Class == plan.CreateGroup:
		making["group "+fold] = true
	case len(present) == 0 && !making["group "+fold]:
		return "the group is gone", nil
	case len(present) > 0:
		s.G, s.Group.ID = present[0].N, present[0].Ext
	}
	return "", nil
}

// locateNew is for steps about an account that the plan makes.
func (r *run) locateNew(tx store.Tx, s *plan.Step, making map[string]bool) (string, error) {
	links, err := tx.LinksOf([]store.ID{s.P})
	if err != nil {
		return "", err
	}
	linked := false
	for _, l := range links {
		rows, err := tx.Accounts([]store.ID{l.N})
		if err != nil {
			return "", err
		}
		linked = len(rows) > 0 && !rows[0].Flags.Has(store.Gone)
	}
	switch {
	case s.Class == plan.CreateUser && linked:
		return "they have an account by now", nil
	case s.Class == plan.CreateUser:
		making["person "+s.Person] = true
	case !making["person "+s.Person]:
		return "the account was not made by this plan", nil
	}
	return "", nil
}

// fits compares an account with what the plan saw.
func (r *run) fits(tx store.Tx, s *plan.Step, row *store.Account) (string, error) {
	u, err := identity.DecodeUser(row.Record)
	if err != nil {
		return "", err
	}
	sets, err := tx.AccountSets([]store.ID{s.N})
	if err != nil {
		return "", err
	}
	in := len(sets) > 0 && sets[0].Groups.Has(s.G)
	for _, c := range s.Changes {
		if !sameValues(c.Field, valuesOf(&u, c.Field), c.Before) {
			return "its " + c.Field + " was changed since", nil
		}
	}
	switch {
	case s.Class == plan.ActivateUser && row.Flags.Has(store.Active):
		return "the account is active already", nil
	case s.Class == plan.DeactivateUser && !row.Flags.Has(store.Active):
		return "the account is inactive already", nil
	case s.Class == plan.AddMember && s.G != 0 && in:
		return "they are in the group already", nil
	case s.Class == plan.RemoveMember && !in:
		return "they are not in the group any more", nil
	case s.Class == plan.Release:
		links, err := tx.LinksTo([]store.ID{s.N})
		if err == nil && (len(links) == 0 || links[0].P != s.P) {
			return "the account is not theirs any more", nil
		}
		return "", err
	case s.Class == plan.Adopt:
		links, err := tx.LinksTo([]store.ID{s.N})
		if err == nil && len(links) > 0 {
			return "the account is linked already", nil
		}
		return "", err
	}
	return "", nil
}

// valuesOf are the values of a typed field or of "attributes.NAME".
func valuesOf(u *identity.User, field string) []string {
	if isTyped(field) {
		return values(typedField(u, field))
	}
	return u.Attributes.Get(strings.TrimPrefix(field, "attributes."))
}

func isTyped(field string) bool {
	return slices.Contains([]string{mapping.FieldUsername, mapping.FieldEmail, mapping.FieldDisplayName, mapping.FieldGivenName,
		mapping.FieldFamilyName}, field)
}
