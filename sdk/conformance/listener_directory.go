package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// directory is what the kit keeps of what clients push, in the place of the gateway's.
// It is small and honest: versions, unique keys, and transactions that are all or
// nothing.
type directory struct {
	mu sync.Mutex
	contents
}

// contents are what a directory holds.
type contents struct {
	entries []*pb.Entry // in the order of their creation
	keys    map[*pb.Entry][]*pb.IndexKey
	members map[string][]string // of any kind, by group
	clock   int
}

func newDirectory() *directory {
	return &directory{contents: contents{keys: map[*pb.Entry][]*pb.IndexKey{}, members: map[string][]string{}}}
}

// copied is a copy that changes of the contents leave alone. Entries are never changed,
// but replaced.
func (c contents) copied() contents {
	out := contents{entries: slices.Clone(c.entries), keys: maps.Clone(c.keys), members: map[string][]string{}, clock: c.clock}
	for group, list := range c.members {
		out.members[group] = slices.Clone(list)
	}
	return out
}

// users is how many users there are.
func (d *directory) users() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, e := range d.entries {
		if e.GetUser() != nil {
			n++
		}
	}
	return n
}

// writes reports whether a call changes the directory.
func writes(c *pb.DirectoryCall) bool {
	switch op := c.GetOp().(type) {
	case *pb.DirectoryCall_Put, *pb.DirectoryCall_Delete, *pb.DirectoryCall_ChangeMembers:
		return true
	case *pb.DirectoryCall_Transaction:
		return slices.ContainsFunc(op.Transaction.GetCalls(), writes)
	}
	return false
}

// answer carries out a call.
func (d *directory) answer(c *pb.DirectoryCall) *pb.DirectoryReply {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.copied()
	reply := &pb.DirectoryReply{}
	if reply.Failure = d.do(c, reply); reply.Failure != nil {
		d.contents = before
		reply = &pb.DirectoryReply{Failure: reply.Failure}
	}
	reply.CallId = c.GetCallId()
	return reply
}

func refuse(r pb.Failure_Reason, code string) *pb.Failure {
	return &pb.Failure{Reason: r, RemoteCode: code, Message: "the directory of the kit says so"}
}

func (d *directory) do(c *pb.DirectoryCall, reply *pb.DirectoryReply) *pb.Failure {
	switch op := c.GetOp().(type) {
	case *pb.DirectoryCall_Put:
		return d.put(c, op.Put, reply)
	case *pb.DirectoryCall_Get:
		return d.with(c, op.Get, func(e *pb.Entry) { reply.Entries = append(reply.Entries, e) })
	case *pb.DirectoryCall_Delete:
		return d.with(c, op.Delete, d.remove)
	case *pb.DirectoryCall_Query:
		d.query(c.GetKind(), op.Query, reply)
	case *pb.DirectoryCall_ChangeMembers:
		return d.change(c, op.ChangeMembers, reply)
	case *pb.DirectoryCall_Members:
		return d.with(c, op.Members.GetGroupId(), func(*pb.Entry) { d.list(op.Members, reply) })
	case *pb.DirectoryCall_Transaction:
		for _, one := range op.Transaction.GetCalls() {
			if f := d.do(one, reply); f != nil {
				return f
			}
		}
	}
	return nil
}

func entryID(e *pb.Entry) string { return e.GetUser().GetId() + e.GetGroup().GetId() }

func entryKind(e *pb.Entry) string {
	if e.GetGroup() != nil {
		return "group"
	}
	return "user"
}

func (d *directory) find(kind, id string) *pb.Entry {
	for _, e := range d.entries {
		if entryKind(e) == kind && entryID(e) == id {
			return e
		}
	}
	return nil
}

// with finds the entry that a call is about, at the version that it wants.
func (d *directory) with(c *pb.DirectoryCall, id string, do func(*pb.Entry)) *pb.Failure {
	kind := c.GetKind()
	if c.GetMembers() != nil {
		kind = "group"
	}
	e := d.find(kind, id)
	switch {
	case e == nil:
		return refuse(pb.Failure_REASON_NOT_FOUND, "")
	case c.GetIfVersion() != "" && c.GetIfVersion() != e.GetVersion():
		return refuse(pb.Failure_REASON_CONFLICT, "version")
	}
	do(e)
	return nil
}

func (d *directory) put(c *pb.DirectoryCall, e *pb.Entry, reply *pb.DirectoryReply) *pb.Failure {
	old := d.find(entryKind(e), entryID(e))
	switch {
	case old == nil && c.GetIfVersion() != "":
		return refuse(pb.Failure_REASON_NOT_FOUND, "")
	case old != nil && c.GetIfVersion() != "" && c.GetIfVersion() != old.GetVersion():
		return refuse(pb.Failure_REASON_CONFLICT, "version")
	}
	for _, key := range e.GetKeys() {
		for other, keys := range d.keys {
			if other != old && key.GetUnique() && entryKind(other) == entryKind(e) && slices.ContainsFunc(keys, func(k *pb.IndexKey) bool {
				return k.GetUnique() && k.GetAttribute() == key.GetAttribute() && k.GetValue() == key.GetValue()
			}) {
				return refuse(pb.Failure_REASON_CONFLICT, "uniqueness")
			}
		}
	}
	d.clock++
	kept := proto.Clone(e).(*pb.Entry)
	kept.Keys, kept.Version, kept.Modified = nil, strconv.Itoa(d.clock), timestamppb.New(time.Now())
	kept.Created, kept.Position = kept.Modified, fmt.Sprintf("%09d", d.clock)
	if old != nil {
		kept.Created, kept.Position = old.Created, old.Position
		d.replace(old, kept, e.GetKeys())
	} else {
		d.entries, d.keys[kept] = append(d.entries, kept), e.GetKeys()
	}
	reply.Entries = append(reply.Entries, kept)
	return nil
}

func (d *directory) replace(old, by *pb.Entry, keys []*pb.IndexKey) {
	d.entries[slices.Index(d.entries, old)] = by
	delete(d.keys, old)
	d.keys[by] = keys
}

func (d *directory) remove(e *pb.Entry) {
	d.entries = slices.DeleteFunc(d.entries, func(x *pb.Entry) bool { return x == e })
	delete(d.keys, e)
	for group, list := range d.members {
		d.members[group] = slices.DeleteFunc(list, func(id string) bool { return id == entryID(e) })
	}
}

func (d *directory) meets(e *pb.Entry, c *pb.Condition) bool {
	switch c.GetAttribute() {
	case "id":
		return entryID(e) == c.GetEquals()
	case "member":
		return contains(d.members[entryID(e)], c.GetEquals())
	}
	return slices.ContainsFunc(d.keys[e], func(k *pb.IndexKey) bool {
		return k.GetAttribute() == c.GetAttribute() && k.GetValue() == c.GetEquals()
	})
}

func (d *directory) query(kind string, q *pb.DirectoryQuery, reply *pb.DirectoryReply) {
	var all []*pb.Entry
	for _, e := range d.entries {
		if entryKind(e) == kind && !slices.ContainsFunc(q.GetAll(), func(c *pb.Condition) bool { return !d.meets(e, c) }) {
			all = append(all, e)
		}
	}
	reply.Total = uint64(len(all))
	if q.GetCountOnly() {
		return
	}
	all = slices.DeleteFunc(all, func(e *pb.Entry) bool { return e.GetPosition() <= q.GetAfter() })
	all = all[min(int(q.GetOffset()), len(all)):]
	if limit := int(q.GetLimit()); limit > 0 && limit < len(all) {
		all = all[:limit]
		reply.Next = all[limit-1].GetPosition()
	}
	reply.Entries = append(reply.Entries, all...)
}

func named(m *pb.DirectoryMembers) []string {
	return slices.Concat(m.GetUserIds(), m.GetChildGroupIds(), m.GetOtherIds())
}

func (d *directory) change(c *pb.DirectoryCall, m *pb.MembershipChange, reply *pb.DirectoryReply) *pb.Failure {
	group := m.GetAdd().GetGroupId()
	if group == "" {
		group = m.GetRemove().GetGroupId()
	}
	return d.with(&pb.DirectoryCall{Kind: "group", IfVersion: c.GetIfVersion()}, group, func(e *pb.Entry) {
		list := d.members[group]
		if m.GetReplace() {
			list = nil
		}
		list = slices.DeleteFunc(slices.Clone(list), func(id string) bool { return contains(named(m.GetRemove()), id) })
		for _, id := range named(m.GetAdd()) {
			if !contains(list, id) {
				list = append(list, id)
			}
		}
		d.members[group] = list
		d.clock++
		next := proto.Clone(e).(*pb.Entry)
		next.Version = strconv.Itoa(d.clock)
		d.replace(e, next, d.keys[e])
		reply.Entries = append(reply.Entries, next)
	})
}

func (d *directory) list(q *pb.MembersQuery, reply *pb.DirectoryReply) {
	reply.Members = &pb.DirectoryMembers{GroupId: q.GetGroupId()}
	for _, id := range d.members[q.GetGroupId()] {
		if q.GetMemberId() != "" && q.GetMemberId() != id {
			continue
		}
		reply.Total++
		if d.find("group", id) != nil {
			reply.Members.ChildGroupIds = append(reply.Members.ChildGroupIds, id)
		} else {
			reply.Members.UserIds = append(reply.Members.UserIds, id)
		}
	}
}
