// Package guard judges a plan: may it be applied as it is, or must somebody look
// first. It is pure: the plan, the size of what it works on and the limits go in, a
// verdict with reasons comes out. It does not change the plan, and an approval is not
// its business: the engine asks for one when the verdict is to hold.
package guard

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"syncgateway/core/plan"
)

// Unlimited is the Count or Percent of a Limit that does not bound.
const Unlimited = -1

// Limit bounds the steps of one class. Count 0 allows none.
type Limit struct {
	Class    plan.Class
	Count    int
	Percent  float64       // of the population, or per group of its members
	Per      time.Duration // window over which steps already applied count too; 0: this run
	PerGroup bool          // Percent is judged for each group
	Setting  string        // where a person changes it: "limits.deactivate (gateway.hcl:60)"
}

// Input is all a verdict depends on.
type Input struct {
	Plan          *plan.Plan
	Limits        []Limit
	Population    int                // accounts the sync owns that are active, before the plan
	Desired       int                // people the rules want to have an account
	MinPopulation int                // fewer Desired than this: nothing is taken away
	Floor         int                // percents do not count up to this many steps
	Past          map[plan.Class]int // applied within the limit's window, before this run
	GroupSizes    map[string]int     // members before the plan, by group name
}

// Trip is one limit that a plan exceeds.
type Trip struct {
	Class   plan.Class `json:"class"`
	Group   string     `json:"group,omitempty"` // for a limit per group
	Setting string     `json:"setting"`
	Message string     `json:"message"` // what was exceeded, with the numbers
	Worst   []string   `json:"worst"`   // up to ten of the steps
}

// Verdict is the judgement. A verdict without trips allows.
type Verdict struct {
	Trips []Trip `json:"trips,omitempty"`
}

// Hold reports whether the plan must wait for an approval.
func (v Verdict) Hold() bool { return len(v.Trips) > 0 }

// Judge compares the plan with the limits.
func Judge(in Input) Verdict {
	counts := in.Plan.Counts()
	var v Verdict
	for _, l := range in.Limits {
		n := counts[l.Class]
		if n == 0 {
			continue
		}
		if t := overall(in, l, n); t != nil {
			v.Trips = append(v.Trips, *t)
		}
		if l.PerGroup && l.Percent >= 0 {
			v.Trips = append(v.Trips, perGroup(in, l)...)
		}
	}
	if t := population(in, counts); t != nil {
		v.Trips = append(v.Trips, *t)
	}
	return v
}

func overall(in Input, l Limit, n int) *Trip {
	past := in.Past[l.Class]
	total := n + past
	message := ""
	switch {
	case l.Count >= 0 && total > l.Count:
		message = fmt.Sprintf("it would %s%s, the limit is %d", l.Class.Phrase(n), window(l, past), l.Count)
	case !l.PerGroup && l.Percent >= 0 && total > in.Floor && exceeds(total, in.Population, l.Percent):
		message = fmt.Sprintf("it would %s%s of %d accounts (%s), the limit is %g %%", l.Class.Phrase(n), window(l, past), in.Population,
			percent(total, in.Population), l.Percent)
	default:
		return nil
	}
	return &Trip{Class: l.Class, Setting: l.Setting, Message: message, Worst: worst(in.Plan, l.Class, "")}
}

func perGroup(in Input, l Limit) []Trip {
	n := map[string]int{}
	for i := range in.Plan.Steps {
		if s := &in.Plan.Steps[i]; s.Class == l.Class && s.Group != nil {
			n[s.Group.Name]++
		}
	}
	var trips []Trip
	for group, count := range n {
		size := in.GroupSizes[group]
		if count > in.Floor && exceeds(count, size, l.Percent) {
			trips = append(trips, Trip{Class: l.Class, Group: group, Setting: l.Setting, Worst: worst(in.Plan, l.Class, group),
				Message: fmt.Sprintf("group %q would lose %d of its %d members (%s), the limit is %g %% of a group", group, count, size, percent(count, size), l.Percent)})
		}
	}
	slices.SortFunc(trips, func(a, b Trip) int { return cmp.Compare(a.Group, b.Group) })
	return trips
}

func population(in Input, counts map[plan.Class]int) *Trip {
	if in.Desired >= in.MinPopulation {
		return nil
	}
	for _, c := range plan.Classes() {
		if c.Destructive() && counts[c] > 0 {
			return &Trip{Class: c, Setting: "limits.min_population", Worst: worst(in.Plan, c, ""),
				Message: fmt.Sprintf("the sources want only %d people to have an account; below %d nothing is taken away", in.Desired, in.MinPopulation)}
		}
	}
	return nil
}

// exceeds is exact in integers scaled by a million, so that 5 % of 100 is 5.
func exceeds(n, of int, percent float64) bool {
	return float64(n)*100 > percent*float64(of)+1e-9
}

func percent(n, of int) string {
	if of == 0 {
		return "there are none"
	}
	return fmt.Sprintf("%.1f %%", float64(n)*100/float64(of))
}

func window(l Limit, past int) string {
	if l.Per == 0 || past == 0 {
		return ""
	}
	return fmt.Sprintf(" after %d within %s", past, l.Per)
}

// worst lists up to ten of the steps a trip is about, in the plan's order.
func worst(p *plan.Plan, c plan.Class, group string) []string {
	const most = 10
	var out []string
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Class != c || group != "" && (s.Group == nil || s.Group.Name != group) {
			continue
		}
		if out = append(out, s.Line()); len(out) == most {
			break
		}
	}
	return out
}
