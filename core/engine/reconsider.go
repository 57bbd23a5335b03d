package engine

import (
	"context"

	"syncgateway/core/idset"
	"syncgateway/core/mirror"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// reconsider evaluates those again whom a source was asked about and who are still
// listed, now that its direct answers are in the mirror. What they no longer call for is
// not done: the listing had them as they once were, inactive or in another department.
func (r *run) reconsider(ctx context.Context, ev *evaluation, spared map[store.ID]string) error {
	people := map[store.ID]bool{}
	again := r.evaluation()
	again.removals = true
	for _, d := range ev.doubts {
		if d.listed && spared[d.P] == "" {
			people[d.P] = true
			again.only = append(again.only, d.N)
		}
	}
	if len(people) == 0 {
		return nil
	}
	again.only = idset.Of(again.only)
	if err := r.Store.View(ctx, again.run); err != nil {
		return err
	}
	type what struct {
		class  plan.Class
		person string // whoever is new has another number each time
		n, g   store.ID
	}
	stands := map[what]bool{}
	for _, s := range again.steps.Heads() {
		stands[what{s.Class, s.Person, s.N, s.G}] = true
	}
	for _, s := range ev.steps.Heads() {
		if s.Class.Destructive() && people[s.P] && !stands[what{s.Class, s.Person, s.N, s.G}] {
			spared[s.P] = "asked directly, the source has them otherwise than its listing"
		}
	}
	return nil
}

// unnoted is why somebody is kept when the answer about them could not be written down.
func unnoted(err error) string {
	if err == nil {
		return ""
	}
	return "what the source said of them could not be noted: " + err.Error()
}

// emptyGroups asks the target about groups that are to be deleted for nobody being in
// them, where the picture of the target is of an earlier run: somebody may have been put
// into one since.
func (r *run) emptyGroups(ctx context.Context, ev *evaluation) error {
	var ids []string
	leaving := map[mirror.Pair]bool{} // whom the plan takes out of which group; out of all, without one
	for _, s := range ev.steps.Heads() {
		switch s.Class {
		case plan.DeleteGroup:
			ids = append(ids, s.Group.ID)
		case plan.RemoveMember:
			leaving[mirror.Pair{Group: s.Group.ID, Member: s.User.ID}] = true
		case plan.DeleteUser:
			leaving[mirror.Pair{Member: s.User.ID}] = true
		}
	}
	if ev.fresh || len(ids) == 0 {
		return nil
	}
	seen := &sighted{}
	end, err := r.conn.ReadState(ctx, pluginhost.StateOptions{GroupIDs: ids}, seen)
	if err != nil {
		return err
	}
	stays := map[string]bool{}
	for _, m := range seen.members {
		stays[m.Group] = stays[m.Group] || !leaving[m] && !leaving[mirror.Pair{Member: m.Member}]
	}
	ev.steps = ev.steps.Where(func(s *plan.Head) bool {
		if s.Class != plan.DeleteGroup || end.Complete && !stays[s.Group.ID] {
			return true
		}
		ev.warn("group %q of ours has no source group any more, but somebody is in it: it stays", s.Group.Name)
		return false
	})
	return nil
}
