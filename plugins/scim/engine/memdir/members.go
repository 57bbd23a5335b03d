package memdir

import (
	"slices"
	"strconv"
	"strings"

	"syncgateway/sdk/record"
)

// idSet is a set of ids in the order they came.
type idSet struct {
	at   map[string]uint64
	last uint64
}

func (s *idSet) has(id string) bool {
	if s == nil {
		return false
	}
	_, ok := s.at[id]
	return ok
}

func (s *idSet) list() []string {
	if s == nil {
		return nil
	}
	ids := make([]string, 0, len(s.at))
	for id := range s.at {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return int(int64(s.at[a]) - int64(s.at[b])) })
	return ids
}

func insert(sets map[string]*idSet, in, id string) {
	if sets[in] == nil {
		sets[in] = &idSet{at: map[string]uint64{}}
	}
	sets[in].last++
	sets[in].at[id] = sets[in].last
}

func (d *Directory) add(group, member string) bool {
	if d.groups[group].has(member) {
		return false
	}
	insert(d.groups, group, member)
	insert(d.within, member, group)
	d.undo = append(d.undo, func() { d.drop(group, member) })
	return true
}

func (d *Directory) drop(group, member string) bool {
	if !d.groups[group].has(member) {
		return false
	}
	at, back := d.groups[group].at[member], d.within[member].at[group]
	delete(d.groups[group].at, member)
	delete(d.within[member].at, group)
	d.undo = append(d.undo, func() { d.groups[group].at[member], d.within[member].at[group] = at, back })
	return true
}

func idsOf(m record.DirectoryMembers) []string {
	return slices.Concat(m.UserIDs, m.ChildIDs, m.OtherIDs)
}

func (d *Directory) change(c record.DirectoryCall) ([]record.Entry, error) {
	group := c.ChangeMembers.Add.GroupID
	if group == "" {
		group = c.ChangeMembers.Remove.GroupID
	}
	if _, err := d.at("group", group, c.IfVersion); err != nil {
		return nil, err
	}
	changed, add := false, idsOf(c.ChangeMembers.Add)
	if c.ChangeMembers.Replace {
		keep := map[string]bool{}
		for _, id := range add {
			keep[id] = true
		}
		for _, id := range d.groups[group].list() {
			changed = !keep[id] && d.drop(group, id) || changed
		}
	}
	for _, id := range idsOf(c.ChangeMembers.Remove) {
		changed = d.drop(group, id) || changed
	}
	for _, id := range add {
		changed = d.add(group, id) || changed
	}
	if changed {
		d.touch(group)
	}
	return []record.Entry{d.entries[group].shown()}, nil
}

func (d *Directory) members(q *record.MembersQuery) (r record.DirectoryReply, err error) {
	if _, err := d.at("group", q.GroupID, ""); err != nil {
		return r, err
	}
	r.Members.GroupID = q.GroupID
	ids := d.groups[q.GroupID].list()
	r.Total = uint64(len(ids))
	if q.MemberID != "" {
		ids = slices.DeleteFunc(ids, func(id string) bool { return id != q.MemberID })
	}
	from, _ := strconv.Atoi(q.After)
	ids = ids[min(from, len(ids)):]
	if q.Limit > 0 && len(ids) > q.Limit {
		ids = ids[:q.Limit]
		r.Next = strconv.Itoa(from + q.Limit)
	}
	var names, groupNames []string
	for _, id := range ids {
		switch e := d.entries[id]; {
		case e == nil:
			r.Members.OtherIDs = append(r.Members.OtherIDs, id)
		case e.kind == "user":
			r.Members.UserIDs, names = append(r.Members.UserIDs, id), append(names, userName(e.User))
		default:
			r.Members.ChildIDs, groupNames = append(r.Members.ChildIDs, id), append(groupNames, e.Group.Name)
		}
	}
	if q.Names {
		r.Members.Names = append(names, groupNames...)
	}
	return r, nil
}

func userName(u *record.User) string {
	if u.DisplayName != "" {
		return u.DisplayName
	}
	return u.Username
}

// memberships are the groups that an entry is in, the nearest first.
func (d *Directory) memberships(id string) (out []record.DirectoryMembership) {
	seen := map[string]bool{id: true}
	for level, at := 0, []string{id}; len(at) > 0; level++ {
		var above []string
		for _, member := range at {
			for _, group := range d.within[member].list() {
				if e := d.entries[group]; e != nil && !seen[group] {
					seen[group] = true
					above = append(above, group)
					out = append(out, record.DirectoryMembership{MemberID: id, GroupID: group, GroupName: e.Group.Name, Indirect: level > 0})
				}
			}
		}
		at = above
	}
	return out
}

func byPosition(list []*entry) []*entry {
	slices.SortFunc(list, func(a, b *entry) int { return strings.Compare(a.Position, b.Position) })
	return list
}
