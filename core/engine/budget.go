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

// guardInput gathers what the guard judges by: nothing for an empty plan.
func (r *run) guardInput(tx store.Reader, p *plan.Plan) (guard.Input, error) {
	l := &r.sync.Limits
	in := guard.Input{Plan: p, MinPopulation: l.MinPopulation, MinSetting: r.evaluation().where("limits.min_population"), Floor: l.Floor, GroupSizes: map[string]int{}}
	if p.Empty() {
		return in, nil
	}
	outcomes, err := tx.Outcomes(r.sid)
	if err != nil {
		return in, err
	}
	in.Desired = outcomes[InSync] + outcomes[Planned] + outcomes[Disputed] + outcomes[Failed] + outcomes[Withheld] - leavers(p)
	if err := r.sizes(tx, &in); err != nil {
		return in, err
	}
	names, err := r.groupSizes(tx, p, in.GroupSizes)
	if err != nil {
		return in, err
	}
	in.Budgets, err = r.budgets(tx, names, func(a guard.Action) bool {
		return p.Steps.Contains(a.Covers)
	})
	return in, err
}

// sizes are what percents are of.
func (r *run) sizes(tx store.Reader, in *guard.Input) (err error) {
	if in.Population, err = tx.LinkCount(r.sid); err != nil {
		return err
	}
	if in.Groups, err = tx.OwnGroupCount(r.sid); err != nil {
		return err
	}
	size, err := tx.Population(r.target)
	in.Memberships = size.Memberships
	return err
}

// Use is how much of a budget over a window is used up.
type Use struct {
	Action string `json:"action"`
	Window string `json:"window"`
	Used   int    `json:"used"`
	Limit  int    `json:"limit"`
}

// BudgetUse tells how far the budgets of a sync are used up now: those over a window
// that bound the sum over all groups.
func (e *Engine) BudgetUse(v store.Reader, sync string) ([]Use, error) {
	s := e.Config.Sync(sync)
	syncs, err := v.Syncs()
	if err != nil || s == nil || syncs[sync] == 0 {
		return nil, err
	}
	endpoints, err := v.Endpoints()
	if err != nil {
		return nil, err
	}
	r := &run{Engine: e, sync: s, sid: syncs[sync], target: endpoints[s.To.Ref()], began: e.Now()}
	in := guard.Input{Floor: s.Limits.Floor}
	if err := r.sizes(v, &in); err != nil {
		return nil, err
	}
	// Who was added to privileged groups is found among everybody who was added to any:
	// too much for a question that is asked every few seconds.
	budgets, err := r.budgets(v, nil, func(a guard.Action) bool { return a != guard.Privileged })
	var out []Use
	for i := range budgets {
		b := &budgets[i]
		most := guard.Most(in, b)
		if b.Per == 0 || most == guard.Unlimited {
			continue
		}
		use := Use{Action: string(b.Action), Window: guard.Span(b.Per), Used: b.Past.Total, Limit: most}
		same := slices.IndexFunc(out, func(o Use) bool { return o.Action == use.Action && o.Window == use.Window })
		if same < 0 {
			out = append(out, use)
		} else {
			out[same].Limit = min(out[same].Limit, most)
		}
	}
	return out, err
}

// leavers are the people of a plan who are planned to lose their account.
func leavers(p *plan.Plan) int {
	c := p.Counts()
	return c[plan.DeactivateUser] + c[plan.DeleteUser]
}

// groupSizes tells how many are in the groups of the plan's memberships, and what these
// groups are called.
func (r *run) groupSizes(tx store.Reader, p *plan.Plan, sizes map[string]int) (map[store.ID]string, error) {
	names := map[store.ID]string{}
	var ns []store.ID
	for s := range p.Steps.Kinds() {
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

// budgets are the limits of the sync for some actions, with what was done within their
// windows.
func (r *run) budgets(tx store.Reader, names map[store.ID]string, of func(guard.Action) bool) ([]guard.Budget, error) {
	l := &r.sync.Limits
	var out []guard.Budget
	for _, x := range []struct {
		action guard.Action
		limits []config.Limit
	}{
		{guard.Deactivate, l.Deactivate}, {guard.Delete, l.Delete}, {guard.RemoveMember, l.RemoveMember}, {guard.DeleteGroup, l.DeleteGroup},
		{guard.Update, l.Update}, {guard.Privileged, l.Privileged},
	} {
		if !of(x.action) {
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
