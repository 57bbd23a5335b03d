package pluginhost

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost/internal/convert"
	pb "syncgateway/proto/gateway/plugin/v1"
)

// Directory is what a listener's calls go to. What Call returns without an error must
// be committed: the plugin then answers its client. A *Failure is passed on; any other
// error is one of ours and becomes ReasonUnavailable without its text.
type Directory interface {
	Call(context.Context, DirectoryCall) (DirectoryReply, error)
	// Hint says that these changed and are worth a look.
	Hint(userIDs, groupIDs []string)
}

// The remote codes of a directory's ReasonConflict.
const (
	ConflictVersion    = "version"
	ConflictUniqueness = "uniqueness"
)

// DirectoryCall is one call. Kind is "user" or "group"; exactly one of the fields from
// Put on is set. IfVersion, when not empty, refuses with ReasonConflict unless the
// entry is at that version. With Memberships the reply says which groups its entries
// are in, directly and through other groups. The reply to a Bare call has of the records
// the ids alone, and of what was put no document.
type DirectoryCall struct {
	Kind          string
	IfVersion     string
	Memberships   bool
	Bare          bool
	Put           *Entry
	Get           string
	Query         *DirectoryQuery
	Delete        string // takes the entry out of every group, whose versions change
	ChangeMembers *MembershipChange
	Members       *MembersQuery
	Transaction   []DirectoryCall // all or nothing; a read in it sees what the calls before it wrote
}

// Entry is one resource: its normalized record, User or Group, and the document the
// client wrote, which is kept as it is. Members are never in it. A put comes with all
// the Keys the entry is found by; the directory makes Version, Created, Modified and
// Position, the place in the order of queries, which is compared as bytes.
type Entry struct {
	User     *identity.User
	Group    *identity.Group
	Document []byte
	Version  string
	Created  time.Time
	Modified time.Time
	Keys     []IndexKey
	Position string
}

// IndexKey finds an entry; its value is compared byte by byte. A put with a Unique key
// is refused (ConflictUniqueness) while another entry of the kind has the same.
type IndexKey struct {
	Attribute string
	Value     string
	Unique    bool
}

// DirectoryQuery asks for entries that meet every condition, in the order of their
// creation. After is a position.
type DirectoryQuery struct {
	All       []Condition
	After     string
	Offset    uint64
	Limit     int
	CountOnly bool
}

// Condition compares "id", "member" (groups that directly have this member) or the
// attribute of a key.
type Condition struct {
	Attribute string
	Equals    string
}

// DirectoryMembers are members of one group. OtherIDs are of a kind the plugin does not
// know, and in a reply those that name nothing (yet). Names are those of UserIDs and
// then of ChildIDs, in a reply to a query that asks for them.
type DirectoryMembers struct {
	GroupID  string
	UserIDs  []string
	ChildIDs []string
	OtherIDs []string
	Names    []string
}

// MembershipChange adds and removes members of one group; with Replace, Add is the
// whole set. One that changes nothing leaves the group's version alone.
type MembershipChange struct {
	Replace bool
	Add     DirectoryMembers
	Remove  DirectoryMembers
}

// MembersQuery asks for a page of a group's members, or whether MemberID is one.
type MembersQuery struct {
	GroupID  string
	MemberID string
	After    string
	Limit    int
	Names    bool
}

// DirectoryMembership says that an entry is in a group, directly or because a group it
// is in is.
type DirectoryMembership struct {
	MemberID  string
	GroupID   string
	GroupName string
	Indirect  bool
}

// DirectoryReply answers a DirectoryCall. That of a transaction has the entries and
// memberships of all its calls, and the members of the last that asked for some.
type DirectoryReply struct {
	Entries     []Entry
	Members     DirectoryMembers
	Memberships []DirectoryMembership
	Total       uint64
	Next        string
}

// transactionCalls is how many calls one transaction may hold.
const transactionCalls = 1000

var errNested = errors.New("a transaction is too large, or holds another")

func callFromProto(m *pb.DirectoryCall) (c DirectoryCall, err error) {
	c = DirectoryCall{Kind: m.GetKind(), IfVersion: m.GetIfVersion(), Memberships: m.GetMemberships(), Bare: m.GetBare(), Get: m.GetGet(), Delete: m.GetDelete()}
	switch op := m.GetOp().(type) {
	case *pb.DirectoryCall_Put:
		c.Put, err = entryFromProto(op.Put)
	case *pb.DirectoryCall_Query:
		c.Query = queryFromProto(op.Query)
	case *pb.DirectoryCall_ChangeMembers:
		c.ChangeMembers = &MembershipChange{Replace: op.ChangeMembers.GetReplace(), Add: membersFromProto(op.ChangeMembers.GetAdd()),
			Remove: membersFromProto(op.ChangeMembers.GetRemove())}
	case *pb.DirectoryCall_Members:
		q := op.Members
		c.Members = &MembersQuery{GroupID: q.GetGroupId(), MemberID: q.GetMemberId(), After: q.GetAfter(), Limit: int(q.GetLimit()), Names: q.GetNames()}
	case *pb.DirectoryCall_Transaction:
		c.Transaction, err = callsFromProto(op.Transaction.GetCalls())
	case nil:
		err = errors.New("a directory call asks for nothing")
	}
	return c, err
}

func callsFromProto(list []*pb.DirectoryCall) ([]DirectoryCall, error) {
	if len(list) > transactionCalls {
		return nil, errNested
	}
	calls := make([]DirectoryCall, len(list))
	for i, m := range list {
		if m.GetTransaction() != nil {
			return nil, errNested
		}
		var err error
		if calls[i], err = callFromProto(m); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

func queryFromProto(m *pb.DirectoryQuery) *DirectoryQuery {
	q := &DirectoryQuery{After: m.GetAfter(), Offset: m.GetOffset(), Limit: int(m.GetLimit()), CountOnly: m.GetCountOnly()}
	for _, c := range m.GetAll() {
		q.All = append(q.All, Condition{Attribute: c.GetAttribute(), Equals: c.GetEquals()})
	}
	return q
}

func membersFromProto(m *pb.DirectoryMembers) DirectoryMembers {
	return DirectoryMembers{GroupID: m.GetGroupId(), UserIDs: m.GetUserIds(), ChildIDs: m.GetChildGroupIds(), OtherIDs: m.GetOtherIds()}
}

func membersToProto(m DirectoryMembers) *pb.DirectoryMembers {
	return &pb.DirectoryMembers{GroupId: m.GroupID, UserIds: m.UserIDs, ChildGroupIds: m.ChildIDs, OtherIds: m.OtherIDs, Names: m.Names}
}

func entryFromProto(m *pb.Entry) (*Entry, error) {
	e := &Entry{Document: m.GetDocument(), Version: m.GetVersion()}
	for _, k := range m.GetKeys() {
		e.Keys = append(e.Keys, IndexKey{Attribute: k.GetAttribute(), Value: k.GetValue(), Unique: k.GetUnique()})
	}
	switch {
	case m.GetUser() != nil:
		u, err := convert.FromUser(m.GetUser())
		e.User = &u
		return e, err
	case m.GetGroup() != nil:
		g, err := convert.FromGroup(m.GetGroup())
		e.Group = &g
		return e, err
	}
	return nil, errors.New("an entry has no record")
}

func replyToProto(id string, r DirectoryReply, err error) *pb.DirectoryReply {
	m := &pb.DirectoryReply{CallId: id}
	var f *Failure
	switch {
	case errors.As(err, &f):
		m.Failure = &pb.Failure{Reason: pb.Failure_Reason(f.Reason), Message: f.Message, RemoteCode: f.RemoteCode}
		if f.RetryAfter > 0 {
			m.Failure.RetryAfter = durationpb.New(f.RetryAfter)
		}
		return m
	case err != nil:
		m.Failure = &pb.Failure{Reason: pb.Failure_REASON_UNAVAILABLE, Message: "the gateway could not keep this; try again"}
		return m
	}
	for _, e := range r.Entries {
		m.Entries = append(m.Entries, entryToProto(e))
	}
	for _, s := range r.Memberships {
		m.Memberships = append(m.Memberships, &pb.DirectoryMembership{MemberId: s.MemberID, GroupId: s.GroupID, GroupName: s.GroupName, Indirect: s.Indirect})
	}
	m.Members, m.Total, m.Next = membersToProto(r.Members), r.Total, r.Next
	return m
}

func entryToProto(e Entry) *pb.Entry {
	m := &pb.Entry{Document: e.Document, Version: e.Version, Position: e.Position}
	if e.User != nil {
		m.Record = &pb.Entry_User{User: convert.User(e.User)}
	} else if e.Group != nil {
		m.Record = &pb.Entry_Group{Group: convert.Group(e.Group)}
	}
	if !e.Created.IsZero() {
		m.Created = timestamppb.New(e.Created)
	}
	if !e.Modified.IsZero() {
		m.Modified = timestamppb.New(e.Modified)
	}
	return m
}
