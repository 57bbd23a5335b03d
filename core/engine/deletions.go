package engine

import (
	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// deletions are the steps that delete groups which the sync made, no source group
// makes any more, and nobody will be left in.
func (g *groupSide) deletions() ([]plan.Step, error) {
	if g.off || g.ev.sync.Groups.OnLeave != config.LeaveDelete || !g.ev.removals || g.ev.partial() || !g.kind.Can(schema.DeleteGroup) {
		return nil, nil
	}
	own, err := g.ev.view.OwnGroups(g.ev.sid)
	if err != nil {
		return nil, err
	}
	if err := g.existing(own); err != nil {
		return nil, err
	}
	sets, err := g.ev.view.GroupSets(own)
	if err != nil {
		return nil, err
	}
	leaving := map[store.ID]int{}
	var deleted []store.ID
	for s, n := range g.ev.steps.Kinds() {
		if s.Class == plan.RemoveMember {
			leaving[s.G] += n
		}
	}
	for _, s := range g.ev.steps.Of(func(s *plan.Head) bool { return s.Class == plan.DeleteUser }) {
		deleted = append(deleted, s.N) // who is deleted is in no group
	}
	deleted = idset.Of(deleted)
	var out []plan.Step
	for _, set := range sets {
		t := g.byN[set.N]
		if t == nil || t.refused != "" || g.managed[identity.Fold(t.ref.Name)] {
			continue
		}
		if left := len(set.Users.Without(deleted)) - leaving[set.N]; left > 0 {
			g.ev.warn("group %q of ours has no source group any more, but %d members whom the gateway did not add: it stays", t.ref.Name, left)
			continue
		}
		out = append(out, plan.Step{Head: plan.Head{Class: plan.DeleteGroup, Group: &t.ref, G: set.N, Reason: "no source group makes it any more, and nobody is left in it", Rule: g.ev.where("groups.on_leave")}})
	}
	return out, nil
}

// creations are the steps that make the groups which the other steps need.
func (g *groupSide) creations(steps *plan.Steps) []plan.Step {
	needed := map[string]bool{}
	for s := range steps.Kinds() {
		if s.Class == plan.AddMember && s.G == 0 {
			needed[identity.Fold(s.Group.Name)] = true
		}
	}
	var out []plan.Step
	for fold := range needed {
		t := g.targets[fold]
		out = append(out, plan.Step{Head: plan.Head{Class: plan.CreateGroup, Group: &t.ref, Rule: t.rule, Reason: "the target has no such group"}})
	}
	return out
}
