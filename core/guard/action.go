package guard

import (
	"fmt"
	"time"

	"syncgateway/core/plan"
	"syncgateway/core/selector"
)

// Action is what a budget bounds. Its text is the name of the budget's block in the
// configuration.
type Action string

// The actions.
const (
	Deactivate   Action = "deactivate"
	Delete       Action = "delete"
	RemoveMember Action = "remove_member"
	DeleteGroup  Action = "delete_group"
	Update       Action = "update"
	Privileged   Action = "privileged" // who is in groups that grant administration
)

var actionClasses = map[Action][]plan.Class{
	Deactivate: {plan.DeactivateUser}, Delete: {plan.DeleteUser}, RemoveMember: {plan.RemoveMember}, DeleteGroup: {plan.DeleteGroup},
	Update: {plan.UpdateUser}, Privileged: {plan.AddMember, plan.RemoveMember},
}

// Classes are the classes of the steps that an action covers.
func (a Action) Classes() []plan.Class { return actionClasses[a] }

// Covers reports whether a step counts for the action.
func (a Action) Covers(s *plan.Head) bool {
	for _, c := range actionClasses[a] {
		if s.Class == c {
			return a != Privileged || s.Group != nil && s.Group.Note != ""
		}
	}
	return false
}

// phrase says what n steps of the action do.
func (a Action) phrase(n int) string {
	if a != Privileged {
		return actionClasses[a][0].Phrase(n)
	}
	if n == 1 {
		return "change 1 membership of a privileged group"
	}
	return fmt.Sprintf("change %d memberships of privileged groups", n)
}

// of says what a percent of the action is of.
func (a Action) of(n int) string {
	if a == RemoveMember || a == DeleteGroup {
		return fmt.Sprintf(" of %d", n)
	}
	return fmt.Sprintf(" of %d accounts", n)
}

// only are the selectors that choose what the action covers, in one group if that is
// given: what an approval of just this would name. Steps of privileged groups are
// chosen by group, so they need their names.
func (a Action) only(group string, groups []string) []string {
	if a != Privileged {
		s := "class=" + actionClasses[a][0].String()
		if group != "" {
			s += "," + selector.Exact("group", group)
		}
		return []string{s}
	}
	if group != "" {
		groups = []string{group}
	}
	var out []string
	for _, g := range groups {
		out = append(out, selector.Exact("group", g))
	}
	return out
}

// Span says how long a window is.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	case d%time.Hour == 0 && d > time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return d.String()
}
