package apply

import (
	"fmt"

	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

type made struct {
	n   store.ID
	ext string
}

// item is a step on its way.
type item struct {
	step plan.Step
	op   store.Operation
	wire pluginhost.Operation

	answered bool // by the target
	known    bool // the outcome, and for a membership the account it is of
}

// account is the item that makes the account of a membership, nil when that is there.
func (it *item) account(byID map[string]*item) *item {
	if it.wire.Member == nil {
		return nil
	}
	return byID[it.wire.Member.UserOperation]
}

// operationID numbers the operations of a run; with the run's id that is unique for
// ever.
func (a *applier) operationID() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done++
	return fmt.Sprintf("%s-%06d", a.Run, a.done)
}

func operations(items []*item) []store.Operation {
	ops := make([]store.Operation, len(items))
	for i, it := range items {
		ops[i] = it.op
	}
	return ops
}

func took(state string) bool { return state == store.OpApplied || state == store.OpAlready }

// address fills in the wire operation. It is false when something the step needs was
// not made.
func (a *applier) address(it *item, creating map[store.ID]string) bool {
	s := &it.step
	w := pluginhost.Operation{ID: it.op.ID, Kind: operationKind(s.Class)}
	switch s.Class {
	case plan.CreateGroup, plan.DeleteGroup:
		if s.Class == plan.DeleteGroup && a.stillInside(s.G) {
			return false
		}
		w.Group = &identity.Group{ID: s.Group.ID, Name: s.Group.Name, Kind: a.GroupKind}
	case plan.RetireGroup, plan.RestoreGroup:
		w.Group = &identity.Group{ID: s.Group.ID, Name: s.Group.Name, Kind: a.GroupKind, Description: described(s.Changes)}
		for _, c := range s.Changes {
			w.Changed = append(w.Changed, c.Field)
		}
	case plan.CreateUser:
		w.User = s.Account
		creating[s.P] = it.op.ID
	case plan.UpdateUser:
		w.User, w.Changed = updated(s, a.UserKind)
	case plan.ActivateUser, plan.DeactivateUser, plan.DeleteUser:
		w.User = &identity.User{ID: s.User.ID, Kind: a.UserKind, Email: emailOf(s), Active: s.Class == plan.ActivateUser}
	case plan.AddMember, plan.RemoveMember:
		m := pluginhost.Member{GroupID: s.Group.ID, UserID: s.User.ID}
		if m.GroupID == "" {
			group := a.madeGroup(s.Group.Name)
			m.GroupID, it.op.G = group.ext, group.n
		}
		if m.UserID == "" {
			m.UserOperation = creating[s.P]
			if user := a.madeUser(s.P); m.UserOperation == "" {
				m.UserID, it.op.N = user.ext, user.n
			} else {
				w.After = []string{m.UserOperation}
			}
		}
		if m.GroupID == "" || m.UserID == "" && m.UserOperation == "" {
			return false
		}
		w.Member = &m
	}
	it.wire = w
	return true
}

// stillInside tells whether somebody is in the group whom this run was to take out.
func (a *applier) stillInside(group store.ID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.inside[group] || a.inside[anyGroup]
}

func (a *applier) madeGroup(name string) made {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.groups[identity.Fold(name)]
}

func (a *applier) madeUser(p store.ID) made {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.users[p]
}

// emailOf is the address in a step's label, for connectors that need one to act.
func emailOf(s *plan.Step) string {
	if s.User != nil && identity.Fold(s.User.Name) != "" {
		return s.User.Name
	}
	return ""
}

// described is the description that the changes of a group give it.
func described(changes []plan.Change) string {
	for _, c := range changes {
		if c.Field == "description" && len(c.After) > 0 {
			return c.After[0]
		}
	}
	return ""
}

// updated is the account with the changed values, and their names.
func updated(s *plan.Step, kind string) (*identity.User, []string) {
	u := &identity.User{ID: s.User.ID, Kind: kind, Active: true}
	names := make([]string, len(s.Changes))
	for i, c := range s.Changes {
		names[i] = c.Field
		setField(u, c.Field, c.After)
	}
	return u, names
}

var operationKinds = map[plan.Class]schema.Operation{
	plan.CreateGroup: schema.CreateGroup, plan.CreateUser: schema.CreateUser, plan.UpdateUser: schema.UpdateUser,
	plan.ActivateUser: schema.ActivateUser, plan.AddMember: schema.AddMember, plan.RemoveMember: schema.RemoveMember,
	plan.DeactivateUser: schema.DeactivateUser, plan.DeleteUser: schema.DeleteUser, plan.DeleteGroup: schema.DeleteGroup,
	plan.RetireGroup: schema.UpdateGroup, plan.RestoreGroup: schema.UpdateGroup,
}

func operationKind(c plan.Class) schema.Operation { return operationKinds[c] }
