package directory

import (
	"errors"
	"slices"
	"strconv"

	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// query answers with the entries that meet every condition.
func (w *work) query(kind store.EntryKind, q *pluginhost.DirectoryQuery, reply *pluginhost.DirectoryReply) error {
	ask := store.EntryQuery{Endpoint: w.d.ep, Kind: kind, Offset: int(min(q.Offset, 1<<31)), Limit: min(max(q.Limit, 0), mostEntries)}
	for _, c := range q.All {
		ask.All = append(ask.All, store.EntryCondition{Attribute: c.Attribute, Equals: c.Equals})
	}
	var err error
	if ask.After, err = positionOf(q.After); err != nil {
		return err
	}
	if q.Limit == 0 && !q.CountOnly {
		ask.Limit = mostEntries
	}
	var found []store.Entry
	if !q.CountOnly {
		one := ask
		one.Limit++
		if found, err = w.r.Entries(one); err != nil {
			return err
		}
	}
	if len(found) > ask.Limit {
		found = found[:ask.Limit]
		if len(found) > 0 {
			reply.Next = position(found[len(found)-1].Position)
		}
	}
	for _, e := range found {
		if err := w.add(reply, e); err != nil {
			return err
		}
	}
	// Whoever got everything from the beginning has counted it.
	if !q.CountOnly && reply.Next == "" && ask.After == 0 && ask.Offset == 0 && ask.Limit > 0 {
		reply.Total = uint64(len(found))
		return nil
	}
	n, err := w.r.EntryCount(ask)
	reply.Total = uint64(n)
	return err
}

// members answers with a page of a group's members, or with the one that was asked for.
func (w *work) members(q *pluginhost.MembersQuery, reply *pluginhost.DirectoryReply) error {
	group, err := w.there(store.GroupEntry, q.GroupID)
	if err != nil {
		return err
	}
	reply.Members.GroupID = q.GroupID
	if q.MemberID != "" {
		return w.oneMember(group.N, q, reply)
	}
	limit := q.Limit
	if limit <= 0 || limit > mostMembers {
		limit = mostMembers
	}
	after, err := strconv.ParseUint("0"+q.After, 10, 32)
	if err != nil {
		return refusal(pluginhost.ReasonInvalid, "", "a page begins behind a member of this group")
	}
	page, err := w.r.EntryMembers(group.N, store.ID(after), limit+1)
	if err != nil {
		return err
	}
	if len(page) > limit {
		page = page[:limit]
		reply.Next = strconv.FormatUint(uint64(page[limit-1].Member), 10)
	}
	listMembers(page, q.Names, &reply.Members)
	return nil
}

func (w *work) oneMember(group store.ID, q *pluginhost.MembersQuery, reply *pluginhost.DirectoryReply) error {
	m, err := w.r.EntryMember(w.d.ep, group, q.MemberID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && !m.Gone {
		listMembers([]store.EntryMember{m}, q.Names, &reply.Members)
	}
	return err
}

func listMembers(page []store.EntryMember, named bool, out *pluginhost.DirectoryMembers) {
	var users, groups []string
	for _, m := range page {
		switch m.Kind {
		case store.UserEntry:
			out.UserIDs, users = append(out.UserIDs, m.ID), append(users, m.Name)
		case store.GroupEntry:
			out.ChildIDs, groups = append(out.ChildIDs, m.ID), append(groups, m.Name)
		default:
			out.OtherIDs = append(out.OtherIDs, m.ID)
		}
	}
	if named {
		out.Names = slices.Concat(users, groups)
	}
}

// memberships says which groups the entries of a reply are in, directly and through
// others. A circle of groups ends where it began.
func (w *work) memberships(reply *pluginhost.DirectoryReply) error {
	for i := range reply.Entries {
		id, n := entryID(&reply.Entries[i]), w.found[i]
		seen := map[store.ID]bool{n: true}
		for level, depth := []store.ID{n}, 0; len(level) > 0; depth++ {
			in, err := w.r.GroupsWith(level)
			if err != nil {
				return err
			}
			level = level[:0:0]
			for _, m := range in {
				if seen[m.Group] {
					continue
				}
				seen[m.Group] = true
				level = append(level, m.Group)
				reply.Memberships = append(reply.Memberships, pluginhost.DirectoryMembership{MemberID: id, GroupID: m.ID, GroupName: m.Name, Indirect: depth > 0})
			}
		}
	}
	return nil
}

func entryID(e *pluginhost.Entry) string {
	if e.User != nil {
		return e.User.ID
	}
	return e.Group.ID
}
