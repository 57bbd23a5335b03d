package target

import (
	"context"
	"slices"

	"syncgateway/examples/synthetic/crowd"
	"syncgateway/sdk"
)

// ReadState implements sdk.Target.
func (t *Target) ReadState(_ context.Context, req sdk.StateRequest, w *sdk.StateWriter) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	read := t.readAll
	if req.Targeted() {
		read = func(w *sdk.StateWriter) error { return t.readSome(req, w) }
	}
	if err := read(w); err != nil {
		return err
	}
	return w.Complete(nil)
}

func (t *Target) readAll(w *sdk.StateWriter) error {
	t.listed(len(t.held.users))
	for i := range t.held.users {
		if err := t.sendUser(i, w); err != nil {
			return err
		}
	}
	t.listed(len(t.held.groups))
	for i := range t.held.groups {
		if err := t.sendGroup(i, w); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) sendUser(i int, w *sdk.StateWriter) error {
	if u, ok := t.held.user(i); ok {
		return w.AddUsers(u)
	}
	return nil
}

// sendGroup sends a group that is there with all its members.
func (t *Target) sendGroup(i int, w *sdk.StateWriter) error {
	g := t.held.group(i)
	if g == nil {
		return nil
	}
	members := t.held.members(i)
	t.listed(len(members))
	return w.AddGroups(sdk.Group{ID: crowd.ID("t", i), Name: g.name, UserIDs: crowd.IDs("a", members)})
}

// readSome reads what is named: a call each.
func (t *Target) readSome(req sdk.StateRequest, w *sdk.StateWriter) error {
	t.calls.Add(int64(len(req.UserIDs) + len(req.Emails) + len(req.GroupIDs) + len(req.GroupNames)))
	var users, groups []int
	for _, id := range req.UserIDs {
		users = append(users, crowd.Number("a", id))
	}
	for i := range t.held.users {
		if u, ok := t.held.user(i); len(req.Emails) > 0 && ok && slices.Contains(req.Emails, u.Email) {
			users = append(users, i)
		}
	}
	for _, id := range req.GroupIDs {
		groups = append(groups, crowd.Number("t", id))
	}
	for _, name := range req.GroupNames {
		if g, ok := t.held.byName[name]; ok {
			groups = append(groups, g)
		}
	}
	for _, g := range groups {
		if err := t.sendGroup(g, w); err != nil {
			return err
		}
	}
	return t.sendWithGroups(users, w)
}

func (t *Target) sendWithGroups(users []int, w *sdk.StateWriter) error {
	for _, i := range users {
		if err := t.sendUser(i, w); err != nil {
			return err
		}
	}
	for g := range t.held.groups {
		members := t.held.members(g)
		for _, i := range users {
			if _, is := slices.BinarySearch(members, int32(i)); is {
				if err := w.AddMembers(crowd.ID("t", g), crowd.ID("a", i)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
