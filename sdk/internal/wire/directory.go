package wire

import (
	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

func callToProto(c record.DirectoryCall) *pb.DirectoryCall {
	m := &pb.DirectoryCall{Kind: c.Kind, IfVersion: c.IfVersion, Memberships: c.Memberships, Bare: c.Bare}
	switch {
	case c.Put != nil:
		m.Op = &pb.DirectoryCall_Put{Put: entryToProto(*c.Put)}
	case c.Query != nil:
		m.Op = &pb.DirectoryCall_Query{Query: queryToProto(*c.Query)}
	case c.Delete != "":
		m.Op = &pb.DirectoryCall_Delete{Delete: clean(c.Delete)}
	case c.ChangeMembers != nil:
		m.Op = &pb.DirectoryCall_ChangeMembers{ChangeMembers: &pb.MembershipChange{Replace: c.ChangeMembers.Replace,
			Add: directoryMembersToProto(c.ChangeMembers.Add), Remove: directoryMembersToProto(c.ChangeMembers.Remove)}}
	case c.Members != nil:
		m.Op = &pb.DirectoryCall_Members{Members: &pb.MembersQuery{GroupId: clean(c.Members.GroupID),
			MemberId: clean(c.Members.MemberID), After: c.Members.After, Limit: uint32(c.Members.Limit), Names: c.Members.Names}}
	case c.Transaction != nil:
		t := &pb.Transaction{}
		for _, one := range c.Transaction {
			t.Calls = append(t.Calls, callToProto(one))
		}
		m.Op = &pb.DirectoryCall_Transaction{Transaction: t}
	default:
		m.Op = &pb.DirectoryCall_Get{Get: clean(c.Get)}
	}
	return m
}

func queryToProto(q record.DirectoryQuery) *pb.DirectoryQuery {
	m := &pb.DirectoryQuery{After: q.After, Offset: q.Offset, Limit: uint32(q.Limit), CountOnly: q.CountOnly}
	for _, c := range q.All {
		m.All = append(m.All, &pb.Condition{Attribute: c.Attribute, Equals: clean(c.Equals)})
	}
	return m
}

func entryToProto(e record.Entry) *pb.Entry {
	m := &pb.Entry{Document: e.Document, Version: e.Version, Position: e.Position}
	for _, k := range e.Keys {
		m.Keys = append(m.Keys, &pb.IndexKey{Attribute: k.Attribute, Value: clean(k.Value), Unique: k.Unique})
	}
	switch {
	case e.User != nil:
		u := &pb.User{}
		userToProto(e.User, u)
		m.Record = &pb.Entry_User{User: u}
	case e.Group != nil:
		g := &pb.Group{}
		groupToProto(e.Group, g)
		m.Record = &pb.Entry_Group{Group: g}
	}
	return m
}

func entryFromProto(m *pb.Entry) record.Entry {
	e := record.Entry{Document: m.GetDocument(), Version: m.GetVersion(), Position: m.GetPosition()}
	if u := m.GetUser(); u != nil {
		user := userFromProto(u)
		e.User = &user
	}
	if g := m.GetGroup(); g != nil {
		group := groupFromProto(g)
		e.Group = &group
	}
	if m.Created != nil {
		e.Created = m.Created.AsTime()
	}
	if m.Modified != nil {
		e.Modified = m.Modified.AsTime()
	}
	return e
}

func directoryMembersToProto(m record.DirectoryMembers) *pb.DirectoryMembers {
	return &pb.DirectoryMembers{GroupId: clean(m.GroupID), UserIds: cleanAll(m.UserIDs), ChildGroupIds: cleanAll(m.ChildIDs),
		OtherIds: cleanAll(m.OtherIDs)}
}

func directoryMembersFromProto(m *pb.DirectoryMembers) record.DirectoryMembers {
	return record.DirectoryMembers{GroupID: m.GetGroupId(), UserIDs: m.GetUserIds(), ChildIDs: m.GetChildGroupIds(),
		OtherIDs: m.GetOtherIds(), Names: m.GetNames()}
}

func replyFromProto(m *pb.DirectoryReply) record.DirectoryReply {
	r := record.DirectoryReply{Members: directoryMembersFromProto(m.GetMembers()), Total: m.GetTotal(), Next: m.GetNext()}
	for _, e := range m.GetEntries() {
		r.Entries = append(r.Entries, entryFromProto(e))
	}
	for _, s := range m.GetMemberships() {
		r.Memberships = append(r.Memberships, record.DirectoryMembership{MemberID: s.GetMemberId(), GroupID: s.GetGroupId(),
			GroupName: s.GetGroupName(), Indirect: s.GetIndirect()})
	}
	return r
}
