package directory

import (
	"errors"
	"slices"

	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// changeMembers adds and removes members of one group. Its cost follows the change,
// not the size of the group, unless the whole set is replaced.
func (w *work) changeMembers(c *pluginhost.DirectoryCall, reply *pluginhost.DirectoryReply) error {
	change := c.ChangeMembers
	group, err := w.there(store.GroupEntry, firstOf(change.Add.GroupID, change.Remove.GroupID))
	if err != nil {
		return err
	}
	if err := at(&group, c.IfVersion); err != nil {
		return err
	}
	add := ids(&change.Add)
	if len(add) > 0 && add[0] == "" {
		return refusal(pluginhost.ReasonInvalid, "", "a member needs an id")
	}
	var changes []store.EntryMember
	if change.Replace {
		changes, err = w.replaced(group.N, add)
	} else if changes, err = w.removed(group.N, ids(&change.Remove), add); err == nil {
		var added []store.EntryMember
		added, err = w.added(group.N, add)
		changes = append(changes, added...)
	}
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		if err := w.write(&group, changes); err != nil {
			return err
		}
	}
	return w.add(reply, group)
}

func (w *work) write(group *store.Entry, changes []store.EntryMember) error {
	seq, now, err := w.change()
	if err != nil {
		return err
	}
	slices.SortFunc(changes, func(a, b store.EntryMember) int { return int(a.Member) - int(b.Member) })
	if err := w.tx.PutEntryMembers(w.d.ep, seq, changes); err != nil {
		return err
	}
	for _, m := range changes {
		if m.Gone && m.Kind == store.PendingEntry {
			if err := w.tx.DropEntry(m.Member); err != nil {
				return err
			}
		}
	}
	group.Seq, group.Modified = seq, now
	return w.tx.TouchEntries([]store.ID{group.N}, seq, now)
}

// ids are the members of a list, each once.
func ids(m *pluginhost.DirectoryMembers) []string {
	all := slices.Concat(m.UserIDs, m.ChildIDs, m.OtherIDs)
	slices.Sort(all)
	return slices.Compact(all)
}

// added are the memberships that are not there yet.
func (w *work) added(group store.ID, list []string) ([]store.EntryMember, error) {
	var out []store.EntryMember
	for _, id := range list {
		m, err := w.r.EntryMember(w.d.ep, group, id)
		if errors.Is(err, store.ErrNotFound) {
			m.Gone = true
			m.Member, err = w.pending(id)
		}
		if err != nil {
			return nil, err
		}
		if m.Gone {
			out = append(out, store.EntryMember{Group: group, Member: m.Member})
		}
	}
	return out, nil
}

// removed are the memberships that are there and shall end. Who is in keep as well
// stays.
func (w *work) removed(group store.ID, list, keep []string) ([]store.EntryMember, error) {
	var out []store.EntryMember
	for _, id := range list {
		if _, kept := slices.BinarySearch(keep, id); kept {
			continue
		}
		m, err := w.r.EntryMember(w.d.ep, group, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && m.Gone {
			continue
		}
		if err != nil {
			return nil, err
		}
		m.Gone = true
		out = append(out, m)
	}
	return out, nil
}

// replaced are the changes that lead from the group's members to the list.
func (w *work) replaced(group store.ID, list []string) ([]store.EntryMember, error) {
	var out []store.EntryMember
	for after := store.ID(0); ; {
		page, err := w.r.EntryMembers(group, after, mostEntries)
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			if _, kept := slices.BinarySearch(list, m.ID); !kept {
				m.Gone = true
				out = append(out, m)
			}
		}
		if len(page) < mostEntries {
			break
		}
		after = page[len(page)-1].Member
	}
	added, err := w.added(group, list)
	return append(out, added...), err
}

// pending takes note of an id that names nothing yet.
func (w *work) pending(id string) (store.ID, error) {
	seq, now, err := w.change()
	if err != nil {
		return 0, err
	}
	e := store.Entry{N: w.d.store.NewIDs(1), Endpoint: w.d.ep, ID: id, Seq: seq, Position: seq, Created: now, Modified: now}
	return e.N, w.tx.PutEntry(e, nil)
}
