// Package guard judges a plan: may it be applied as it is, or must somebody look
// first. It is pure: the plan, the size of what it works on, what was done before and
// the budgets go in, a verdict with reasons comes out. It does not change the plan, and
// an approval is not its business: the engine asks for one when the verdict is to hold.
package guard

import (
	"fmt"
	"slices"
	"time"

	"syncgateway/core/plan"
)

// Unlimited is the Count or Percent of a Budget that does not bound.
const Unlimited = -1

// Budget bounds the steps of one action within a window. Count 0 allows none.
type Budget struct {
	Action   Action
	Count    int
	Percent  float64       // of what the action works on; with PerGroup, and always for Privileged, of each group's members
	Per      time.Duration // window over runs; 0: this run
	PerGroup bool          // the bounds are for each group by itself
	Setting  string        // where a person changes it: "limits.deactivate (gateway.hcl:60)"
	Past     Past          // within the window
}

// Past is what was applied within a window before this run, without what somebody
// approved.
type Past struct {
	Total  int
	Groups map[string]int // by group name
}

// Input is all a verdict depends on.
type Input struct {
	Plan          *plan.Plan
	Budgets       []Budget
	Population    int            // accounts the sync owns that are active, before the plan
	Groups        int            // groups the sync owns
	Memberships   int            // of the target
	Desired       int            // people the rules want to have an account
	MinPopulation int            // fewer Desired than this: nothing is taken away; or Auto
	MinSetting    string         // where a person changes that
	Floor         int            // percents do not count up to this many steps
	GroupSizes    map[string]int // members before the plan, by group name
}

// Trip is one budget that a plan exceeds.
type Trip struct {
	Action  Action   `json:"action,omitempty"` // empty: everything that takes away
	Group   string   `json:"group,omitempty"`  // for a budget per group
	Setting string   `json:"setting"`
	Message string   `json:"message"`           // what was exceeded, with the numbers
	Planned int      `json:"planned"`           // steps of this plan
	Past    int      `json:"past,omitempty"`    // steps of earlier runs in the window
	Window  string   `json:"window,omitempty"`  // "7 days"
	Of      int      `json:"of,omitempty"`      // what Percent is of
	Count   *int     `json:"count,omitempty"`   // the bound that was exceeded
	Percent *float64 `json:"percent,omitempty"` // the bound that was exceeded
	Worst   []string `json:"worst"`             // up to ten of the steps
	Only    []string `json:"only,omitempty"`    // selectors that choose what tripped
	Release string   `json:"release,omitempty"` // the command that releases it, once there is a digest
	Causes  []string `json:"causes,omitempty"`  // changes of the configuration that it comes from
}

// Verdict is the judgement. A verdict without trips allows.
type Verdict struct {
	Trips []Trip `json:"trips,omitempty"`
}

// Hold reports whether the plan must wait for an approval.
func (v Verdict) Hold() bool { return len(v.Trips) > 0 }

// Holds reports whether a step waits even where additions may go on: it takes
// something away, or is of what exceeds a budget.
func (v Verdict) Holds(s *plan.Head) bool {
	return v.Hold() && (s.Class.Destructive() || slices.ContainsFunc(v.Trips, func(t Trip) bool { return t.Action.Covers(s) }))
}

// Judge compares the plan with the budgets.
func Judge(in Input) Verdict {
	var v Verdict
	for i := range in.Budgets {
		b := &in.Budgets[i]
		steps := covered(in.Plan, b.Action.Covers)
		if len(steps) == 0 {
			continue
		}
		if b.PerGroup {
			v.Trips = append(v.Trips, perGroup(&in, b, steps)...)
			continue
		}
		if t := overall(&in, b, steps); t != nil {
			v.Trips = append(v.Trips, *t)
		} else if b.Action == Privileged {
			v.Trips = append(v.Trips, perGroup(&in, &Budget{Action: b.Action, Count: Unlimited, Percent: b.Percent, Per: b.Per, Setting: b.Setting, Past: b.Past}, steps)...)
		}
	}
	if t := population(&in); t != nil {
		v.Trips = append(v.Trips, *t)
	}
	v.Trips = plain(v.Trips)
	return v
}

// step is a step of the plan, and where it is in there.
type step struct {
	plan.Head
	at int
}

func covered(p *plan.Plan, covers func(*plan.Head) bool) []step {
	var out []step
	for i, h := range p.Steps.Of(covers) {
		out = append(out, step{*h, i})
	}
	return out
}

// plain leaves out a trip that says what another does of a shorter window: nobody needs
// to read the same ten names twice.
func plain(trips []Trip) []Trip {
	var out []Trip
	for _, t := range trips {
		again := slices.ContainsFunc(out, func(o Trip) bool {
			return o.Action == t.Action && o.Group == t.Group && o.Past == t.Past && (o.Count == nil) == (t.Count == nil)
		})
		if !again {
			out = append(out, t)
		}
	}
	return out
}

// Auto as MinPopulation is ten, or half of the population when that is less than
// twenty: a collapse is caught in a small company too, and one of two may leave.
const Auto = -1

const autoPopulation = 10

func population(in *Input) *Trip {
	least := in.MinPopulation
	if least == Auto {
		least = min(autoPopulation, (in.Population+1)/2)
	}
	if in.Desired >= least {
		return nil
	}
	steps := covered(in.Plan, func(s *plan.Head) bool { return s.Class.Destructive() })
	if len(steps) == 0 {
		return nil
	}
	return &Trip{Setting: in.MinSetting, Planned: len(steps), Of: in.Desired, Count: &least, Worst: worst(in.Plan, steps),
		Message: fmt.Sprintf("the sources want only %d people to have an account; below %d nothing is taken away", in.Desired, least)}
}
