package engine

import (
	"strings"

	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// retiredNote stands at the beginning of a retired group's description.
const retiredNote = "[retired] No source group makes this group any more (Sync Gateway)."

// noteField is what a retirement writes to, where the target can.
const noteField = "description"

// retirements are the steps that retire groups which the sync made and no source group
// makes any more, and that take this back for those that one makes again. They are
// looked for when a group changed since there was nothing to do.
func (g *groupSide) retirements() ([]plan.Step, error) {
	if g.off || g.ev.sync.Groups.OnLeave != config.LeaveRetire || g.ev.partial() || !g.ev.groupsMoved {
		return nil, nil
	}
	own, err := g.ev.view.OwnGroups(g.ev.sid)
	if err != nil || len(own) == 0 {
		return nil, err
	}
	retired, err := g.ev.view.RetiredGroups(g.ev.sid)
	if err != nil {
		return nil, err
	}
	if g.managed == nil {
		if err := g.loadManaged(); err != nil {
			return nil, err
		}
	}
	if err := g.existing(own); err != nil {
		return nil, err
	}
	is := map[store.ID]bool{}
	for _, n := range retired {
		is[n] = true
	}
	var out []plan.Step
	for _, n := range own {
		t := g.byN[n]
		if t == nil || t.refused != "" {
			continue
		}
		switch wanted := g.managed[identity.Fold(t.ref.Name)]; {
		case wanted && is[n]:
			out = append(out, g.retirement(plan.RestoreGroup, n, t, "a source group makes it again"))
		case !wanted && !is[n]:
			out = append(out, g.retirement(plan.RetireGroup, n, t, "no source group makes it any more"))
		}
	}
	if !g.ev.removals {
		out = nil // nothing is retired on the word of a doubtful read; the next one tells
	}
	g.ev.groupsOpen = len(out) > 0 || !g.ev.removals
	return out, nil
}

func (g *groupSide) retirement(class plan.Class, n store.ID, t *targetGroup, reason string) plan.Step {
	s := plan.Step{Head: plan.Head{Class: class, Group: &t.ref, G: n, Reason: reason, Rule: g.ev.where("groups.on_leave")}}
	if a := g.kind.Attribute(noteField); a == nil || !a.Writable || a.CreateOnly || !g.kind.Can(schema.UpdateGroup) {
		return s
	}
	bare := strings.TrimSpace(strings.TrimPrefix(t.note, retiredNote))
	after := bare
	if class == plan.RetireGroup {
		after = strings.TrimSpace(retiredNote + " " + bare)
	}
	if after != t.note {
		s.Changes = []plan.Change{{Field: noteField, Before: values(t.note), After: values(after)}}
	}
	return s
}
