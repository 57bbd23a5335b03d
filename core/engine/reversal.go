package engine

import (
	"cmp"
	"slices"
	"strings"

	"syncgateway/core/config"
	"syncgateway/core/plan"
	"syncgateway/core/schema"
)

// operationOf is what a class asks a target for; 0 for what the gateway does alone.
var operationOf = map[plan.Class]schema.Operation{
	plan.CreateGroup: schema.CreateGroup, plan.CreateUser: schema.CreateUser, plan.UpdateUser: schema.UpdateUser,
	plan.ActivateUser: schema.ActivateUser, plan.AddMember: schema.AddMember, plan.RemoveMember: schema.RemoveMember,
	plan.DeactivateUser: schema.DeactivateUser, plan.DeleteUser: schema.DeleteUser, plan.DeleteGroup: schema.DeleteGroup,
	plan.RetireGroup: schema.UpdateGroup, plan.RestoreGroup: schema.UpdateGroup,
}

// can tells whether the target does what steps of the class need.
func (ev *evaluation) can(c plan.Class) bool {
	switch c {
	case plan.RetireGroup, plan.RestoreGroup:
		return true
	case plan.CreateGroup, plan.AddMember, plan.RemoveMember, plan.DeleteGroup:
		return ev.groupKind.Can(operationOf[c])
	}
	return operationOf[c] == 0 || ev.userKind.Can(operationOf[c])
}

// inverse is the class that takes a step back in this target: a user who was made is
// deactivated, or deleted where that is how leavers are treated or all the target does.
func (ev *evaluation) inverse(c plan.Class) plan.Class {
	inverse := c.Inverse()
	if c == plan.CreateUser && ev.can(plan.DeleteUser) && (ev.sync.Users.OnLeave == config.LeaveDelete || !ev.can(plan.DeactivateUser)) {
		inverse = plan.DeleteUser
	}
	return inverse
}

// reversal is what taking a step back would be in this target.
func (ev *evaluation) reversal(c plan.Class) plan.Reversal {
	if !ev.can(ev.inverse(c)) {
		return plan.Irreversible
	}
	return c.Reversal()
}

// image is an account as it is, for a step that ends it.
func (ev *evaluation) image(a *targetAccount) (*plan.Image, error) {
	if err := ev.groups.existing(a.sets.Groups); err != nil {
		return nil, err
	}
	before := &plan.Image{Account: &a.user}
	for _, n := range a.sets.Groups {
		if g := ev.groups.byN[n]; g != nil {
			before.Groups = append(before.Groups, plan.Ref{ID: g.ref.ID, Name: g.ref.Name})
		}
	}
	slices.SortFunc(before.Groups, func(a, b plan.Ref) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID)) })
	return before, nil
}
