package guard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"syncgateway/core/plan"
)

func planOf(class plan.Class, n int, group string) *plan.Plan {
	p := &plan.Plan{}
	for i := range n {
		s := plan.Step{Class: class, User: &plan.Ref{Name: fmt.Sprintf("p%02d", i)}}
		if group != "" {
			s.Group = &plan.Ref{Name: group}
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

func TestJudge(t *testing.T) {
	deactivate := Limit{Class: plan.DeactivateUser, Count: 25, Percent: 5, Setting: "limits.deactivate"}
	perGroup := Limit{Class: plan.RemoveMember, Count: Unlimited, Percent: 20, PerGroup: true, Setting: "limits.remove_member"}
	for name, c := range map[string]struct {
		in   Input
		want string // part of the first trip's message; empty: allowed
	}{
		"nothing":              {Input{Plan: planOf(plan.DeactivateUser, 0, ""), Limits: []Limit{deactivate}}, ""},
		"just within percent":  {Input{Plan: planOf(plan.DeactivateUser, 5, ""), Limits: []Limit{deactivate}, Population: 100}, ""},
		"just over percent":    {Input{Plan: planOf(plan.DeactivateUser, 6, ""), Limits: []Limit{deactivate}, Population: 100}, "6.0 %"},
		"just within count":    {Input{Plan: planOf(plan.DeactivateUser, 25, ""), Limits: []Limit{deactivate}, Population: 10_000}, ""},
		"just over count":      {Input{Plan: planOf(plan.DeactivateUser, 26, ""), Limits: []Limit{deactivate}, Population: 10_000}, "the limit is 25"},
		"one of two":           {Input{Plan: planOf(plan.DeactivateUser, 1, ""), Limits: []Limit{deactivate}, Population: 2, Floor: 3}, ""},
		"nobody owned":         {Input{Plan: planOf(plan.DeactivateUser, 1, ""), Limits: []Limit{deactivate}, Population: 0}, "there are none"},
		"other classes":        {Input{Plan: planOf(plan.UpdateUser, 99, ""), Limits: []Limit{deactivate}, Population: 100}, ""},
		"count 0 allows none":  {Input{Plan: planOf(plan.DeleteUser, 1, ""), Limits: []Limit{{Class: plan.DeleteUser, Percent: Unlimited}}, Floor: 9}, "the limit is 0"},
		"slow bleed":           {Input{Plan: planOf(plan.DeactivateUser, 3, ""), Limits: []Limit{{Class: plan.DeactivateUser, Count: 10, Percent: Unlimited, Per: 24 * time.Hour}}, Past: map[plan.Class]int{plan.DeactivateUser: 8}}, "after 8 within 24h"},
		"a group within":       {Input{Plan: planOf(plan.RemoveMember, 2, "devs"), Limits: []Limit{perGroup}, GroupSizes: map[string]int{"devs": 10}}, ""},
		"a group over":         {Input{Plan: planOf(plan.RemoveMember, 3, "devs"), Limits: []Limit{perGroup}, GroupSizes: map[string]int{"devs": 10}}, `"devs" would lose 3 of its 10`},
		"too few people":       {Input{Plan: planOf(plan.RemoveMember, 1, "devs"), Desired: 9, MinPopulation: 10}, "only 9 people"},
		"too few, but it adds": {Input{Plan: planOf(plan.AddMember, 50, "devs"), Desired: 9, MinPopulation: 10}, ""},
	} {
		v := Judge(c.in)
		switch {
		case c.want == "" && v.Hold():
			t.Errorf("%s: held: %+v", name, v.Trips)
		case c.want != "" && (!v.Hold() || !strings.Contains(v.Trips[0].Message, c.want)):
			t.Errorf("%s: want %q, got %+v", name, c.want, v.Trips)
		}
	}
}

func TestTripsNameTenSteps(t *testing.T) {
	v := Judge(Input{Plan: planOf(plan.DeleteUser, 40, ""), Limits: []Limit{{Class: plan.DeleteUser, Count: 5, Percent: Unlimited}}})
	if len(v.Trips) != 1 || len(v.Trips[0].Worst) != 10 || v.Trips[0].Worst[0] != "delete user p00" {
		t.Errorf("%+v", v)
	}
}
