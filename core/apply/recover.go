package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// Recover settles the operations of earlier runs whose outcome is unknown: it reads
// the records they are about, and journals whether they took effect. It returns how
// many there were. Without a complete answer of the target nothing is settled, and the
// error says so.
func Recover(ctx context.Context, o Options) (int, error) {
	var ops []store.Operation
	err := o.Store.View(ctx, func(v store.Reader) (err error) {
		ops, err = v.Unfinished(o.Endpoint)
		return err
	})
	if err != nil || len(ops) == 0 {
		return 0, err
	}
	a := &applier{Options: o, commit: newCommitter(o.Store), groups: map[string]made{}, users: map[store.ID]made{}, inside: map[store.ID]bool{}}
	defer a.commit.close()
	items, ask, err := question(ops)
	if err != nil {
		return 0, err
	}
	seen := newSighting()
	end, err := o.Target.ReadState(ctx, ask, seen)
	if err != nil {
		return 0, fmt.Errorf("ask about %d operations without an answer: %w", len(ops), err)
	}
	if !end.Complete {
		why := "the read ended early"
		if end.Failure != nil {
			why = end.Failure.Message
		}
		return 0, fmt.Errorf("ask about %d operations without an answer: %s", len(ops), why)
	}
	seen.ready()
	for _, it := range items {
		seen.judge(it)
		it.op.At = o.Now()
	}
	if err := a.findAccounts(ctx, items); err != nil {
		return 0, err
	}
	return len(items), a.finish(ctx, items)
}

// findAccounts fills in the accounts of memberships that were on their way when their
// account had just been made. Where the account itself is settled here, effects knows
// it: the link of old, to an account that is gone, is none of theirs.
func (a *applier) findAccounts(ctx context.Context, items []*item) error {
	making := map[store.ID]bool{}
	for _, it := range tookEffect(items, plan.CreateUser) {
		making[it.op.P] = true
	}
	return a.Store.View(ctx, func(v store.Reader) error {
		for _, it := range items {
			if it.op.N != 0 || it.op.P == 0 || making[it.op.P] {
				continue
			}
			links, err := v.LinksOf([]store.ID{it.op.P})
			if err != nil {
				return err
			}
			for _, l := range links {
				it.op.N = l.N
			}
		}
		return nil
	})
}

// question is what must be read to settle the operations.
func question(ops []store.Operation) ([]*item, pluginhost.StateOptions, error) {
	items := make([]*item, len(ops))
	var ask pluginhost.StateOptions
	for i, op := range ops {
		items[i] = &item{op: op}
		s := &items[i].step
		if err := json.Unmarshal(op.Step, s); err != nil {
			return nil, ask, fmt.Errorf("operation %s in the journal: %w", op.ID, err)
		}
		s.P, s.N, s.G = op.P, op.N, op.G
		if s.User != nil && s.User.ID != "" {
			ask.UserIDs = append(ask.UserIDs, s.User.ID)
		} else if s.User != nil {
			ask.Emails = append(ask.Emails, s.User.Name)
		}
		if s.Group != nil && s.Group.ID != "" {
			ask.GroupIDs = append(ask.GroupIDs, s.Group.ID)
		} else if s.Group != nil {
			ask.GroupNames = append(ask.GroupNames, s.Group.Name)
		}
	}
	for _, list := range []*[]string{&ask.UserIDs, &ask.Emails, &ask.GroupIDs, &ask.GroupNames} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return items, ask, nil
}

// sighting is what a targeted read showed.
type sighting struct {
	users   map[string]*identity.User // by id, e-mail and username
	groups  map[string]string         // id by folded name
	notes   map[string]string         // descriptions of groups, by id
	present map[string]bool           // groups, by id
	members map[[2]string]bool        // group id, user id
}

func newSighting() *sighting {
	return &sighting{users: map[string]*identity.User{}, groups: map[string]string{}, notes: map[string]string{}, present: map[string]bool{}, members: map[[2]string]bool{}}
}

// State implements pluginhost.StateSink.
func (s *sighting) State(_ context.Context, page pluginhost.StatePage) error {
	for i := range page.Users {
		u, err := page.Users[i].User()
		if err != nil {
			return err
		}
		s.users["id\x00"+u.ID] = &u
		s.users["name\x00"+identity.Fold(u.Email)] = &u
		s.users["name\x00"+identity.Fold(u.Username)] = &u
	}
	for i := range page.Groups {
		g, err := page.Groups[i].Group()
		if err != nil {
			return err
		}
		s.groups[identity.Fold(g.Name)], s.present[g.ID], s.notes[g.ID] = g.ID, true, g.Description
	}
	for _, m := range page.Members {
		for _, u := range m.UserIDs.Strings() {
			s.members[[2]string{m.GroupID, u}] = true
		}
	}
	return nil
}

// Notice implements pluginhost.StateSink.
func (s *sighting) Notice(pluginhost.Notice) {}

// Waiting implements pluginhost.StateSink.
func (s *sighting) Waiting(pluginhost.Waiting) {}

func (s *sighting) ready() { delete(s.users, "name\x00") }

func (s *sighting) user(st *plan.Step) *identity.User {
	if st.User == nil {
		return nil
	}
	if st.User.ID != "" {
		return s.users["id\x00"+st.User.ID]
	}
	return s.users["name\x00"+identity.Fold(st.User.Name)]
}

// judge says whether the operation took effect.
func (s *sighting) judge(it *item) {
	st, u := &it.step, s.user(&it.step)
	group := ""
	if st.Group != nil {
		if group = st.Group.ID; group == "" {
			group = s.groups[identity.Fold(st.Group.Name)]
		}
	}
	there := false
	switch st.Class {
	case plan.CreateGroup:
		there, it.op.RemoteID = group != "", group
	case plan.CreateUser:
		if there = u != nil; there {
			it.op.RemoteID = u.ID
		}
	case plan.DeleteGroup:
		there = !s.present[group]
	case plan.RetireGroup, plan.RestoreGroup:
		there = s.present[group] && s.notes[group] == described(st.Changes)
	case plan.UpdateUser:
		there = u != nil && carries(u, st.Changes)
	case plan.ActivateUser:
		there = u != nil && u.Active
	case plan.DeactivateUser:
		there = u != nil && !u.Active
	case plan.DeleteUser:
		there = u == nil
	case plan.AddMember:
		there = u != nil && s.members[[2]string{group, u.ID}]
	case plan.RemoveMember:
		there = u == nil || !s.members[[2]string{group, u.ID}]
	}
	it.op.State, it.op.Answer = store.OpNotAttempted, "no answer; asked afterwards: it had not taken effect"
	if there {
		it.op.State, it.op.Answer = store.OpApplied, "no answer; asked afterwards: it had taken effect"
	}
}

func carries(u *identity.User, changes []plan.Change) bool {
	want := *u
	for _, c := range changes {
		setField(&want, c.Field, c.After)
	}
	return string(identity.AppendUser(nil, &want)) == string(identity.AppendUser(nil, u))
}
