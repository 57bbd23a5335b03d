package guard

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"syncgateway/core/plan"
)

// overall judges a budget for all groups together.
func overall(in *Input, b *Budget, steps []step) *Trip {
	n := len(steps)
	total := n + b.Past.Total
	t := Trip{Action: b.Action, Setting: b.Setting, Planned: n, Past: b.Past.Total, Window: window(b)}
	t.Message = fmt.Sprintf("it would %s%s", b.Action.phrase(n), with(b, n, total))
	of := base(in, b)
	switch {
	case b.Count >= 0 && total > b.Count:
		t.Count = &b.Count
		t.Message += fmt.Sprintf(", the limit is %d%s", b.Count, within(b))
	case b.Action != Privileged && b.Percent >= 0 && total > in.Floor && exceeds(total, of, b.Percent):
		t.Percent, t.Of = &b.Percent, of
		t.Message += fmt.Sprintf("%s (%s), the limit is %g %%%s", b.Action.of(of), percent(total, of), b.Percent, within(b))
	default:
		return nil
	}
	t.Worst, t.Only = worst(in.Plan, steps), b.Action.only("", slices.Sorted(maps.Keys(byGroup(steps))))
	return &t
}

// base is what a percent is of: what there was at the beginning of the window, as far
// as the steps applied since tell.
func base(in *Input, b *Budget) int {
	switch b.Action {
	case Deactivate, Delete:
		return in.Population + b.Past.Total
	case RemoveMember:
		return in.Memberships + b.Past.Total
	case DeleteGroup:
		return in.Groups + b.Past.Total
	}
	return in.Population
}

// Room is how many steps of an action, in all, no budget would hold; Unlimited without
// one. Budgets per group are left out.
func Room(in Input, a Action) int {
	room := Unlimited
	for i := range in.Budgets {
		b := &in.Budgets[i]
		if b.Action != a || b.PerGroup {
			continue
		}
		if most := Most(in, b); most != Unlimited && (room == Unlimited || most-b.Past.Total < room) {
			room = max(most-b.Past.Total, 0)
		}
	}
	return room
}

// Most is how many steps a budget lets through in its window, Unlimited when it does
// not bound the sum over all groups.
func Most(in Input, b *Budget) int {
	most := Unlimited
	if b.PerGroup {
		return most
	}
	if b.Count >= 0 {
		most = b.Count
	}
	if b.Percent >= 0 && b.Action != Privileged {
		if n := max(in.Floor, int((b.Percent*float64(base(&in, b))+1e-9)/100)); most == Unlimited || n < most {
			most = n
		}
	}
	return most
}

// perGroup judges a budget for each group by itself.
func perGroup(in *Input, b *Budget, steps []step) []Trip {
	var trips []Trip
	groups := byGroup(steps)
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		if t := oneGroup(in, b, group, groups[group]); t != nil {
			trips = append(trips, *t)
		}
	}
	return trips
}

func oneGroup(in *Input, b *Budget, group string, steps []step) *Trip {
	n, past, size := len(steps), b.Past.Groups[group], in.GroupSizes[group]
	total := n + past
	t := Trip{Action: b.Action, Group: group, Setting: b.Setting, Planned: n, Past: past, Window: window(b)}
	verb := "would lose"
	if b.Action != RemoveMember {
		verb = "would change"
	} else {
		size += past
	}
	t.Message = fmt.Sprintf("group %q %s %d%s", group, verb, n, with(b, n, total))
	switch {
	case b.Count >= 0 && total > b.Count:
		t.Count = &b.Count
		t.Message += fmt.Sprintf(" members, the limit is %d of a group%s", b.Count, within(b))
	case b.Percent >= 0 && total > in.Floor && exceeds(total, size, b.Percent):
		t.Percent, t.Of = &b.Percent, size
		t.Message += fmt.Sprintf(" of its %d members (%s), the limit is %g %% of a group%s", size, percent(total, size), b.Percent, within(b))
	default:
		return nil
	}
	t.Worst, t.Only = worst(in.Plan, steps), b.Action.only(group, nil)
	return &t
}

func byGroup(steps []step) map[string][]step {
	groups := map[string][]step{}
	for _, s := range steps {
		if s.Group != nil {
			groups[s.Group.Name] = append(groups[s.Group.Name], s)
		}
	}
	return groups
}

// exceeds bears the rounding of a percent: 5 % of 100 is 5.
func exceeds(n, of int, percent float64) bool {
	return float64(n)*100 > percent*float64(of)+1e-9
}

func percent(n, of int) string {
	if of == 0 {
		return "there are none"
	}
	return fmt.Sprintf("%.1f %%", float64(n)*100/float64(of))
}

// with says how many it is together with those of the window.
func with(b *Budget, n, total int) string {
	if n == total {
		return ""
	}
	return fmt.Sprintf(" (%d with those of the last %s)", total, Span(b.Per))
}

func within(b *Budget) string {
	if b.Per == 0 {
		return ""
	}
	return " in " + Span(b.Per)
}

func window(b *Budget) string {
	if b.Per == 0 {
		return ""
	}
	return Span(b.Per)
}

// mostWorst is how many steps a trip names.
const mostWorst = 10

// worst are the steps to look at first: those about privileged groups, then those of
// the groups that have most of them.
func worst(p *plan.Plan, steps []step) []string {
	groups := byGroup(steps)
	rank := func(s *step) (privileged, size int) {
		if s.Group == nil {
			return 1, 0
		}
		if s.Group.Note != "" {
			return 0, -len(groups[s.Group.Name])
		}
		return 1, -len(groups[s.Group.Name])
	}
	steps = slices.Clone(steps)
	slices.SortStableFunc(steps, func(a, b step) int {
		ap, an := rank(&a)
		bp, bn := rank(&b)
		return cmp.Or(ap-bp, an-bn)
	})
	var out []string
	for _, s := range steps[:min(len(steps), mostWorst)] {
		whole := p.Steps.At(s.at)
		out = append(out, whole.Line())
	}
	return out
}
