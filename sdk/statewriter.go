package sdk

import (
	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// StateWriter takes what a target has. Its methods may be called by several
// goroutines; they block while the host is busy and fail when it is gone, which the
// read should then return.
type StateWriter struct {
	stream
	sink wire.StateSink
	page record.StatePage
}

func newStateWriter(sink wire.StateSink, pageSize int) *StateWriter {
	w := &StateWriter{sink: sink}
	w.begin(sink, pageSize, false, func() error {
		err := w.sink.State(w.page)
		p := &w.page
		p.Users, p.Groups, p.Members = p.Users[:0], p.Groups[:0], p.Members[:0]
		p.Protected, p.Quotas = p.Protected[:0], p.Quotas[:0]
		return err
	})
	return w
}

// AddUsers sends accounts, the ones that are not active too.
func (w *StateWriter) AddUsers(users ...User) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range users {
		again, err := w.add("user", users[i].ID, userBytes(&users[i]))
		if err != nil {
			return err
		}
		if again {
			continue
		}
		w.page.Users = append(w.page.Users, users[i])
	}
	return nil
}

// AddGroups sends groups with the members they carry.
func (w *StateWriter) AddGroups(groups ...Group) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range groups {
		g := &groups[i]
		again, err := w.add("group", g.ID, groupBytes(g))
		if err != nil {
			return err
		}
		if !again {
			w.page.Groups = append(w.page.Groups, *g)
		}
		if err := w.members(record.Members{GroupID: g.ID, UserIDs: g.UserIDs, ChildIDs: g.ChildIDs}); err != nil {
			return err
		}
	}
	return nil
}

// AddMembers sends direct user members of a group, over any number of calls: in a
// full read all of them, in a targeted read the named users who are in it, unless
// the group itself was asked for.
func (w *StateWriter) AddMembers(groupID string, userIDs ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.members(record.Members{GroupID: groupID, UserIDs: userIDs})
}

// AddChildren is AddMembers for groups in the group.
func (w *StateWriter) AddChildren(groupID string, groupIDs ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.members(record.Members{GroupID: groupID, ChildIDs: groupIDs})
}

// Protect names an account that must never be removed from anything, and why: the
// credential's own, an administrator.
func (w *StateWriter) Protect(userID, reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	size := len(userID) + len(reason) + 2*perField
	if err := w.room(size); err != nil {
		return err
	}
	w.took(size)
	w.page.Protected = append(w.page.Protected, Protected{UserID: userID, Reason: reason})
	return nil
}

// Quota tells what may run out.
func (w *StateWriter) Quota(quotas ...Quota) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, q := range quotas {
		size := len(q.Name) + 4*perField + membersBytes(record.Members{UserIDs: q.GroupIDs})
		if err := w.room(size); err != nil {
			return err
		}
		w.took(size)
		w.page.Quotas = append(w.page.Quotas, q)
	}
	return nil
}

// Complete says that the read is whole; remoteTotal is the number of users and
// groups the system says it has, nil when it does not say. Call it once, as the last
// thing.
func (w *StateWriter) Complete(remoteTotal *uint64) error { return w.complete(nil, remoteTotal) }

func (w *StateWriter) members(m record.Members) error {
	if m.GroupID == "" {
		w.broken = Invalid("members came without the id of their group")
	}
	for len(m.UserIDs)+len(m.ChildIDs) > 0 {
		var part record.Members
		part, m = split(m)
		if err := w.room(membersBytes(part)); err != nil {
			return err
		}
		w.took(membersBytes(part))
		w.page.Members = append(w.page.Members, part)
	}
	return w.open()
}
