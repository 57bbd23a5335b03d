package engine

import (
	"fmt"
	"slices"
	"time"

	"syncgateway/core/config"
	"syncgateway/core/guard"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/mapping"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// guardInput gathers what the guard judges by.
func (r *run) guardInput(tx store.Reader, p *plan.Plan) (guard.Input, error) {
	l := &r.sync.Limits
	in := guard.Input{Plan: p, MinPopulation: l.MinPopulation, MinSetting: r.evaluation().where("limits.min_population"), Floor: l.Floor, GroupSizes: map[string]int{}}
	var err error
	if in.Population, err = tx.LinkCount(r.sid); err != nil {
		return in, err
	}
	outcomes, err := tx.Outcomes(r.sid)
	if err != nil {
		return in, err
	}
	in.Desired = outcomes[InSync] + outcomes[Planned] + outcomes[Disputed] + outcomes[Failed] + outcomes[Withheld] - leavers(p)
	if in.Groups, err = r.groupsOwned(tx); err != nil {
		return in, err
	}
	size, err := tx.Population(r.target)
	if err != nil {
		return in, err
	}
	in.Memberships = size.Memberships
	names, err := r.groupSizes(tx, p, in.GroupSizes)
	if err != nil {
		return in, err
	}
	in.Budgets, err = r.budgets(tx, p, names)
	return in, err
}

// leavers are the people of a plan who are planned to lose their account.
func leavers(p *plan.Plan) int {
	c := p.Counts()
	return c[plan.DeactivateUser] + c[plan.DeleteUser]
}

// groupsOwned counts the groups that the sync made and that are there.
func (r *run) groupsOwned(tx store.Reader) (n int, err error) {
	own, err := tx.OwnGroups(r.sid)
	if err != nil {
		return 0, err
	}
	groups, err := tx.Groups(own)
	for i := range groups {
		if !groups[i].Flags.Has(store.Gone) {
			n++
		}
	}
	return n, err
}

// groupSizes tells how many are in the groups of the plan's memberships, and what these
// groups are called.
func (r *run) groupSizes(tx store.Reader, p *plan.Plan, sizes map[string]int) (map[store.ID]string, error) {
	names := map[store.ID]string{}
	var ns []store.ID
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.G != 0 && s.Group != nil && names[s.G] == "" {
			names[s.G] = s.Group.Name
			ns = append(ns, s.G)
		}
	}
	sets, err := tx.GroupSets(idset.Of(ns))
	for _, s := range sets {
		sizes[names[s.N]] = len(s.Users)
	}
	return names, err
}

// budgets are the limits of the sync with what was done within their windows. What no
// step of the plan is about is not counted.
func (r *run) budgets(tx store.Reader, p *plan.Plan, names map[store.ID]string) ([]guard.Budget, error) {
	l := &r.sync.Limits
	counts := p.Counts()
	var out []guard.Budget
	for _, x := range []struct {
		action guard.Action
		limits []config.Limit
	}{
		{guard.Deactivate, l.Deactivate}, {guard.Delete, l.Delete}, {guard.RemoveMember, l.RemoveMember}, {guard.DeleteGroup, l.DeleteGroup},
		{guard.Update, l.Update}, {guard.Privileged, l.Privileged},
	} {
		if !slices.ContainsFunc(x.action.Classes(), func(c plan.Class) bool { return counts[c] > 0 }) {
			continue
		}
		for _, limit := range x.limits {
			b := guard.Budget{Action: x.action, Count: limit.Count, Percent: limit.Percent, Per: limit.Per, PerGroup: limit.PerGroup,
				Setting: rule(mapping.Rule{Name: "limits." + string(x.action), Range: limit.Range})}
			var err error
			if b.Past, err = r.past(tx, x.action, limit.Per, names); err != nil {
				return nil, fmt.Errorf("count what was done within %s: %w", limit.Per, err)
			}
			out = append(out, b)
		}
	}
	return out, nil
}

// past counts what runs of the sync applied within a window.
func (r *run) past(tx store.Reader, action guard.Action, per time.Duration, names map[store.ID]string) (guard.Past, error) {
	past := guard.Past{Groups: map[string]int{}}
	if per == 0 {
		return past, nil
	}
	byGroup := map[store.ID]int{}
	for _, class := range action.Classes() {
		applied, err := tx.Applied(r.sync.Name, class.String(), r.began.Add(-per))
		if err != nil {
			return past, err
		}
		for g, n := range applied {
			byGroup[g] += n
		}
	}
	if action == guard.Privileged {
		if err := onlyPrivileged(tx, byGroup); err != nil {
			return past, err
		}
	}
	for g, n := range byGroup {
		past.Total += n
		if name := names[g]; name != "" {
			past.Groups[name] += n
		}
	}
	return past, nil
}

// onlyPrivileged leaves the groups that grant administration.
func onlyPrivileged(tx store.Reader, byGroup map[store.ID]int) error {
	ns := make([]store.ID, 0, len(byGroup))
	for g := range byGroup {
		ns = append(ns, g)
	}
	groups, err := tx.Groups(idset.Of(ns))
	if err != nil {
		return err
	}
	clear := map[store.ID]int{}
	for i := range groups {
		g, err := identity.DecodeGroup(groups[i].Record)
		if err != nil {
			return fmt.Errorf("group %q of the target: %w", groups[i].Ext, err)
		}
		if g.Privileged != "" {
			clear[groups[i].N] = byGroup[groups[i].N]
		}
	}
	for _, g := range ns {
		if clear[g] == 0 {
			delete(byGroup, g)
		}
	}
	return nil
}
