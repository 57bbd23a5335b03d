package sdk

import (
	"slices"

	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// GroupWriter takes the groups and memberships of a read. Its methods may be called
// by several goroutines; they block while the host is busy and fail when it is gone,
// which the read should then return.
type GroupWriter struct {
	stream
	sink  wire.GroupSink
	page  record.GroupPage
	delta bool
}

func newGroupWriter(sink wire.GroupSink, req ReadRequest) *GroupWriter {
	w := &GroupWriter{sink: sink, delta: len(req.Delta) > 0}
	w.begin(sink, req.PageSize, w.delta, func() error {
		err := w.sink.Groups(w.page)
		p := &w.page
		p.Groups, p.Members, p.Removed = p.Groups[:0], p.Members[:0], p.Removed[:0]
		p.RemovedMembers, p.Replace = p.RemovedMembers[:0], p.Replace[:0]
		return err
	})
	return w
}

// Add sends groups with the members they carry: every group in a full read, the ones
// whose own fields changed in a delta read. In a delta read a group that carries
// members has exactly these from now on.
func (w *GroupWriter) Add(groups ...Group) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range groups {
		g := &groups[i]
		if slices.Contains(w.page.Removed, g.ID) {
			if err := w.send(); err != nil {
				return err
			}
		}
		again, err := w.add("group", g.ID, groupBytes(g))
		if err != nil {
			return err
		}
		if !again {
			w.page.Groups = append(w.page.Groups, *g)
		}
		if err := w.carried(record.Members{GroupID: g.ID, UserIDs: g.UserIDs, ChildIDs: g.ChildIDs}); err != nil {
			return err
		}
	}
	return nil
}

// carried sends the members a group came with.
func (w *GroupWriter) carried(m record.Members) error {
	if w.delta && (m.UserIDs != nil || m.ChildIDs != nil) {
		return w.replace(m)
	}
	return w.members(&w.page.Members, m)
}

// Remove says, in a delta read, that these groups are gone.
func (w *GroupWriter) Remove(ids ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if w.touched(id) {
			if err := w.send(); err != nil {
				return err
			}
		}
		if err := w.room(len(id) + perID); err != nil {
			return err
		}
		w.took(len(id) + perID)
		w.page.Removed = append(w.page.Removed, id)
	}
	return nil
}

// AddMembers sends direct user members of a group, all of them in a full read (over
// any number of calls), the new ones in a delta read.
func (w *GroupWriter) AddMembers(groupID string, userIDs ...string) error {
	return w.change(groupID, false, record.Members{GroupID: groupID, UserIDs: userIDs})
}

// AddChildren is AddMembers for groups in the group.
func (w *GroupWriter) AddChildren(groupID string, groupIDs ...string) error {
	return w.change(groupID, false, record.Members{GroupID: groupID, ChildIDs: groupIDs})
}

// RemoveMembers says, in a delta read, who left a group.
func (w *GroupWriter) RemoveMembers(groupID string, userIDs ...string) error {
	return w.change(groupID, true, record.Members{GroupID: groupID, UserIDs: userIDs})
}

// RemoveChildren is RemoveMembers for groups in the group.
func (w *GroupWriter) RemoveChildren(groupID string, groupIDs ...string) error {
	return w.change(groupID, true, record.Members{GroupID: groupID, ChildIDs: groupIDs})
}

// ReplaceMembers says, in a delta read, that the group has exactly these members.
func (w *GroupWriter) ReplaceMembers(groupID string, userIDs, childIDs []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.replace(record.Members{GroupID: groupID, UserIDs: userIDs, ChildIDs: childIDs})
}

func (w *GroupWriter) replace(m record.Members) error {
	if err := w.member(m.GroupID, len(w.page.Members)+len(w.page.RemovedMembers) > 0); err != nil {
		return err
	}
	first, rest := split(m)
	if err := w.room(membersBytes(first)); err != nil {
		return err
	}
	w.took(membersBytes(first))
	w.page.Replace = append(w.page.Replace, m.GroupID)
	w.page.Members = append(w.page.Members, first)
	if len(rest.UserIDs)+len(rest.ChildIDs) == 0 {
		return nil
	}
	if err := w.send(); err != nil { // what follows adds to the set that this page makes
		return err
	}
	return w.members(&w.page.Members, rest)
}

func (w *GroupWriter) change(groupID string, remove bool, m record.Members) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	list, other := &w.page.Members, w.page.RemovedMembers
	if remove {
		list, other = &w.page.RemovedMembers, w.page.Members
	}
	mixed := slices.ContainsFunc(other, func(m record.Members) bool { return m.GroupID == groupID })
	if err := w.member(groupID, mixed || slices.Contains(w.page.Replace, groupID)); err != nil {
		return err
	}
	return w.members(list, m)
}

// member checks the group's id and, when the page holds something that must come
// before, sends it: the parts of one page have no order among each other.
func (w *GroupWriter) member(groupID string, before bool) error {
	if groupID == "" {
		w.broken = Invalid("members came without the id of their group")
	}
	if err := w.open(); err != nil || !before {
		return err
	}
	return w.send()
}

// members adds memberships in pieces that fit a page.
func (w *GroupWriter) members(list *[]record.Members, m record.Members) error {
	for len(m.UserIDs)+len(m.ChildIDs) > 0 {
		var part record.Members
		part, m = split(m)
		size := membersBytes(part)
		if err := w.room(size); err != nil {
			return err
		}
		w.took(size)
		*list = append(*list, part)
	}
	return nil
}

func (w *GroupWriter) touched(id string) bool {
	return slices.ContainsFunc(w.page.Groups, func(g Group) bool { return g.ID == id }) ||
		slices.ContainsFunc(w.page.Members, func(m record.Members) bool { return m.GroupID == id })
}

// split takes off what one message may carry.
func split(m record.Members) (part, rest record.Members) {
	part, rest = record.Members{GroupID: m.GroupID}, m
	part.UserIDs, rest.UserIDs = cut(m.UserIDs)
	if len(rest.UserIDs) == 0 {
		part.ChildIDs, rest.ChildIDs = cut(m.ChildIDs)
	}
	return part, rest
}

func cut(ids []string) (part, rest []string) {
	size := 0
	for i, id := range ids {
		if size += len(id) + perID; size > memberBytes && i > 0 {
			return ids[:i:i], ids[i:]
		}
	}
	return ids, nil
}

// perID is what an id in a list costs on the wire beside its bytes, at most.
const perID = 4

func membersBytes(m record.Members) int {
	n := len(m.GroupID) + 2*perField
	for _, id := range m.UserIDs {
		n += len(id) + perID
	}
	for _, id := range m.ChildIDs {
		n += len(id) + perID
	}
	return n
}

// Checkpoint sends what there is and says where a read that breaks off later may
// resume.
func (w *GroupWriter) Checkpoint(resume []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.open(); err != nil {
		return err
	}
	if err := w.send(); err != nil {
		return err
	}
	w.broken = w.sink.Checkpoint(resume)
	return w.broken
}

// Reset says that the delta cursor is of no use any more and ends the read; the host
// starts over in full.
func (w *GroupWriter) Reset(reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.open(); err != nil {
		return err
	}
	w.broken, w.reset = w.sink.Reset(reason), true
	return w.broken
}

// Complete says that the read is whole, as UserWriter.Complete does; remoteTotal
// counts groups.
func (w *GroupWriter) Complete(delta []byte, remoteTotal *uint64) error {
	return w.complete(delta, remoteTotal)
}
