package guard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"syncgateway/core/plan"
)

const day = 24 * time.Hour

func planOf(class plan.Class, n int, group string) *plan.Plan {
	p := &plan.Plan{}
	for i := range n {
		s := plan.Step{Head: plan.Head{Class: class, User: &plan.Ref{Name: fmt.Sprintf("p%02d", i)}}}
		if group != "" {
			s.Group = &plan.Ref{Name: group}
		}
		p.Steps.Add(&s)
	}
	return p
}

// privileged makes the groups of a plan ones that grant administration.
func privileged(p *plan.Plan) *plan.Plan {
	var noted plan.Steps
	for s := range p.Steps.All() {
		group := *s.Group
		group.Note, s.Group = "grants administration", &group
		noted.Add(s)
	}
	p.Steps = noted
	return p
}

func deactivations(n int) *plan.Plan { return planOf(plan.DeactivateUser, n, "") }

func budgets(bs ...Budget) []Budget { return bs }

func TestJudge(t *testing.T) {
	five := Budget{Action: Deactivate, Count: 25, Percent: 5, Setting: "limits.deactivate"}
	ten := Budget{Action: Deactivate, Count: 10, Percent: Unlimited, Per: day, Past: Past{Total: 8}}
	share := Budget{Action: Deactivate, Count: Unlimited, Percent: 10, Per: 7 * day, Past: Past{Total: 8}}
	group := Budget{Action: RemoveMember, Count: Unlimited, Percent: 20, PerGroup: true}
	bleeding := Budget{Action: RemoveMember, Count: Unlimited, Percent: 20, PerGroup: true, Per: 7 * day, Past: Past{Total: 99, Groups: map[string]int{"devs": 15}}}
	members := Budget{Action: RemoveMember, Count: Unlimited, Percent: 10}
	admins := Budget{Action: Privileged, Count: 4, Percent: 50}
	for name, c := range map[string]struct {
		in   Input
		want string // part of the first trip's message; empty: allowed
	}{
		"nothing":                   {Input{Plan: deactivations(0), Budgets: budgets(five)}, ""},
		"just within percent":       {Input{Plan: deactivations(5), Budgets: budgets(five), Population: 100}, ""},
		"just over percent":         {Input{Plan: deactivations(6), Budgets: budgets(five), Population: 100}, "deactivate 6 users of 100 accounts (6.0 %), the limit is 5 %"},
		"just within count":         {Input{Plan: deactivations(25), Budgets: budgets(five), Population: 10_000}, ""},
		"just over count":           {Input{Plan: deactivations(26), Budgets: budgets(five), Population: 10_000}, "deactivate 26 users, the limit is 25"},
		"nobody owned":              {Input{Plan: deactivations(1), Budgets: budgets(five)}, "there are none"},
		"other classes":             {Input{Plan: planOf(plan.UpdateUser, 99, ""), Budgets: budgets(five), Population: 100}, ""},
		"count 0 allows none":       {Input{Plan: planOf(plan.DeleteUser, 1, ""), Budgets: budgets(Budget{Action: Delete, Percent: Unlimited}), Floor: 9}, "the limit is 0"},
		"updates":                   {Input{Plan: planOf(plan.UpdateUser, 11, ""), Budgets: budgets(Budget{Action: Update, Count: 10, Percent: Unlimited})}, "update 11 users, the limit is 10"},
		"a window's count":          {Input{Plan: deactivations(3), Budgets: budgets(ten)}, "deactivate 3 users (11 with those of the last 24 hours), the limit is 10 in 24 hours"},
		"within a window's count":   {Input{Plan: deactivations(2), Budgets: budgets(ten)}, ""},
		"a window's percent":        {Input{Plan: deactivations(3), Budgets: budgets(share), Population: 92}, "3 users (11 with those of the last 7 days) of 100 accounts (11.0 %), the limit is 10 % in 7 days"},
		"within a window's percent": {Input{Plan: deactivations(2), Budgets: budgets(share), Population: 92}, ""},
		"a group within":            {Input{Plan: planOf(plan.RemoveMember, 2, "devs"), Budgets: budgets(group), GroupSizes: map[string]int{"devs": 10}}, ""},
		"a group over":              {Input{Plan: planOf(plan.RemoveMember, 3, "devs"), Budgets: budgets(group), GroupSizes: map[string]int{"devs": 10}}, `"devs" would lose 3 of its 10 members (30.0 %), the limit is 20 % of a group`},
		"a group bleeds":            {Input{Plan: planOf(plan.RemoveMember, 6, "devs"), Budgets: budgets(bleeding), GroupSizes: map[string]int{"devs": 85}}, `would lose 6 (21 with those of the last 7 days) of its 100 members`},
		"a group bleeds slowly":     {Input{Plan: planOf(plan.RemoveMember, 5, "devs"), Budgets: budgets(bleeding), GroupSizes: map[string]int{"devs": 85}}, ""},
		"memberships of all groups": {Input{Plan: planOf(plan.RemoveMember, 11, "devs"), Budgets: budgets(members), Memberships: 100}, "remove 11 memberships of 100 (11.0 %)"},
		"groups":                    {Input{Plan: planOf(plan.DeleteGroup, 6, "g"), Budgets: budgets(Budget{Action: DeleteGroup, Count: 25, Percent: 10}), Groups: 50, Population: 1000}, "delete 6 groups of 50 (12.0 %)"},
		"administrators added":      {Input{Plan: privileged(planOf(plan.AddMember, 5, "admins")), Budgets: budgets(admins)}, "change 5 memberships of privileged groups, the limit is 4"},
		"administrators removed":    {Input{Plan: privileged(planOf(plan.RemoveMember, 3, "admins")), Budgets: budgets(admins), GroupSizes: map[string]int{"admins": 5}}, `"admins" would change 3 of its 5 members`},
		"ordinary members added":    {Input{Plan: planOf(plan.AddMember, 500, "devs"), Budgets: budgets(admins)}, ""},
		"too few people":            {Input{Plan: planOf(plan.RemoveMember, 1, "devs"), Desired: 9, MinPopulation: 10}, "only 9 people"},
		"too few, but it adds":      {Input{Plan: planOf(plan.AddMember, 50, "devs"), Desired: 9, MinPopulation: 10}, ""},
		"half is left":              {Input{Plan: deactivations(3), Population: 6, Desired: 3, MinPopulation: Auto}, ""},
		"less than half is left":    {Input{Plan: deactivations(4), Population: 6, Desired: 2, MinPopulation: Auto}, "only 2 people to have an account; below 3"},
		"ten are left of many":      {Input{Plan: deactivations(1), Population: 900, Desired: 10, MinPopulation: Auto}, ""},
		"nine are left of many":     {Input{Plan: deactivations(1), Population: 900, Desired: 9, MinPopulation: Auto}, "below 10"},
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

// standard are the budgets for deactivations that hold when nothing is configured.
func standard(past, week int) []Budget {
	return []Budget{{Action: Deactivate, Count: 25, Percent: 5, Per: day, Past: Past{Total: past}},
		{Action: Deactivate, Count: Unlimited, Percent: 6, Per: 7 * day, Past: Past{Total: week}}}
}

// In a company of twelve a percent says little: one of them is 8 %. Where percents do
// not count up to eight changes, seven of twelve pass, and only the count stops them.
func TestSixtyPercentOfTwelveIsStoppedByCount(t *testing.T) {
	in := Input{Plan: deactivations(7), Population: 12, Desired: 12 - 7, MinPopulation: 5, Floor: 8}
	in.Budgets = budgets(Budget{Action: Deactivate, Count: Unlimited, Percent: 5})
	if v := Judge(in); v.Hold() {
		t.Fatalf("the percent was not fooled: %+v", v.Trips)
	}
	in.Budgets[0].Count = 5
	if v := Judge(in); len(v.Trips) != 1 || *v.Trips[0].Count != 5 || v.Trips[0].Planned != 7 {
		t.Errorf("%+v", v.Trips)
	}
	in.Budgets, in.Floor, in.MinPopulation = standard(0, 0), 3, Auto
	if v := Judge(in); !v.Hold() {
		t.Error("without any configuration they pass")
	}
}

func TestOneOfTwoLeavingIsNotStopped(t *testing.T) {
	in := Input{Plan: deactivations(1), Population: 2, Desired: 1, MinPopulation: Auto, Floor: 3, Budgets: standard(0, 0)}
	if v := Judge(in); v.Hold() {
		t.Errorf("%+v", v.Trips)
	}
}

// One percent a day passes every daily budget, and is stopped within the week.
func TestBleedOfOnePercentADayIsStoppedByTheWeek(t *testing.T) {
	for _, size := range []int{100, 1000, 2500} {
		population, gone := size, 0
		for today := 1; ; today++ {
			if today > 7 {
				t.Errorf("of %d: %d are gone after a week", size, gone)
				break
			}
			n := size / 100
			v := Judge(Input{Plan: deactivations(n), Population: population, Desired: population - n, MinPopulation: Auto, Floor: 3, Budgets: standard(0, gone)})
			if v.Hold() {
				if v.Trips[0].Window != "7 days" {
					t.Errorf("of %d: held on day %d by %+v", size, today, v.Trips)
				}
				break
			}
			population, gone = population-n, gone+n
		}
	}
}

func TestRoom(t *testing.T) {
	for name, c := range map[string]struct {
		in   Input
		want int
	}{
		"none":        {Input{}, Unlimited},
		"count":       {Input{Budgets: standard(20, 20), Population: 10_000}, 5},
		"percent":     {Input{Budgets: standard(0, 0), Population: 100}, 5},
		"week":        {Input{Budgets: standard(0, 5), Population: 95}, 1},
		"floor":       {Input{Budgets: standard(0, 0), Population: 10, Floor: 3}, 3},
		"used up":     {Input{Budgets: standard(30, 30), Population: 100}, 0},
		"other class": {Input{Budgets: budgets(Budget{Action: Delete, Count: 1})}, Unlimited},
	} {
		if got := Room(c.in, Deactivate); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		if c.want == Unlimited {
			continue
		}
		c.in.Desired, c.in.Plan = 1000, deactivations(c.want)
		if v := Judge(c.in); v.Hold() {
			t.Errorf("%s: what there is room for is held: %+v", name, v.Trips)
		}
		c.in.Plan = deactivations(c.want + 1)
		if v := Judge(c.in); !v.Hold() {
			t.Errorf("%s: one more is not held", name)
		}
	}
}

func TestTripsNameTenSteps(t *testing.T) {
	p := planOf(plan.RemoveMember, 9, "small")
	p.Steps.AddAll(planOf(plan.RemoveMember, 30, "large, or so").Steps.List()...)
	p.Steps.AddAll(privileged(planOf(plan.RemoveMember, 1, "admins")).Steps.List()...)
	v := Judge(Input{Plan: p, Budgets: budgets(Budget{Action: RemoveMember, Count: 5, Percent: Unlimited})})
	if len(v.Trips) != 1 || len(v.Trips[0].Worst) != 10 || !slices.Equal(v.Trips[0].Only, []string{"class=remove_member"}) {
		t.Fatalf("%+v", v)
	}
	if w := v.Trips[0].Worst; !strings.HasSuffix(w[0], "admins") || !strings.HasSuffix(w[1], "large, or so") || !strings.HasSuffix(w[9], "large, or so") {
		t.Errorf("the worst are not named: %q", w)
	}
	v = Judge(Input{Plan: p, Budgets: budgets(Budget{Action: RemoveMember, Count: 20, Percent: Unlimited, PerGroup: true})})
	if len(v.Trips) != 1 || !slices.Equal(v.Trips[0].Only, []string{`class=remove_member,group="large, or so"`}) {
		t.Errorf("%+v", v)
	}
}

// Where additions may go on, an addition that exceeds a budget itself does not.
func TestHolds(t *testing.T) {
	p := privileged(planOf(plan.AddMember, 5, "admins"))
	p.Steps.AddAll(planOf(plan.AddMember, 5, "devs").Steps.List()...)
	p.Steps.AddAll(planOf(plan.DeactivateUser, 1, "").Steps.List()...)
	v := Judge(Input{Plan: p, Budgets: budgets(Budget{Action: Privileged, Count: 4})})
	held := map[string]int{}
	for _, s := range p.Steps.Heads() {
		if v.Holds(s) {
			held[s.Class.String()]++
		}
	}
	if held["add_member"] != 5 || held["deactivate_user"] != 1 {
		t.Errorf("%v", held)
	}
	last := p.Steps.Head(10)
	if (Verdict{}).Holds(&last) {
		t.Error("what is not held holds")
	}
}
