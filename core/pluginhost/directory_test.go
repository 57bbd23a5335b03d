package pluginhost

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"syncgateway/core/identity"
	pb "syncgateway/proto/gateway/plugin/v1"
)

func TestDirectoryCallsCross(t *testing.T) {
	m := &pb.DirectoryCall{Op: &pb.DirectoryCall_Transaction{Transaction: &pb.Transaction{Calls: []*pb.DirectoryCall{
		{Kind: "group", IfVersion: "4", Op: &pb.DirectoryCall_Put{Put: &pb.Entry{Record: &pb.Entry_Group{Group: &pb.Group{Id: "g"}},
			Document: []byte("{}"), Keys: []*pb.IndexKey{{Attribute: "displayName", Value: "a", Unique: true}}}}},
		{Kind: "group", Op: &pb.DirectoryCall_ChangeMembers{ChangeMembers: &pb.MembershipChange{
			Add: &pb.DirectoryMembers{GroupId: "g", OtherIds: []string{"x"}}, Remove: &pb.DirectoryMembers{UserIds: []string{"y"}}}}},
		{Kind: "group", Op: &pb.DirectoryCall_Members{Members: &pb.MembersQuery{GroupId: "g", Names: true, Limit: 5}}},
		{Kind: "user", Memberships: true, Op: &pb.DirectoryCall_Get{Get: "y"}},
	}}}}
	got, err := callFromProto(m)
	want := DirectoryCall{Transaction: []DirectoryCall{
		{Kind: "group", IfVersion: "4", Put: &Entry{Group: &identity.Group{ID: "g"}, Document: []byte("{}"),
			Keys: []IndexKey{{Attribute: "displayName", Value: "a", Unique: true}}}},
		{Kind: "group", ChangeMembers: &MembershipChange{Add: DirectoryMembers{GroupID: "g", OtherIDs: []string{"x"}},
			Remove: DirectoryMembers{UserIDs: []string{"y"}}}},
		{Kind: "group", Members: &MembersQuery{GroupID: "g", Names: true, Limit: 5}},
		{Kind: "user", Memberships: true, Get: "y"},
	}}
	if err != nil || len(got.Transaction) != 4 || got.Transaction[0].Put.Group.ID != "g" {
		t.Fatalf("%+v, %v", got, err)
	}
	got.Transaction[0].Put.Group = want.Transaction[0].Put.Group // what else a record has is the record's test
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestDirectoryRepliesCross(t *testing.T) {
	r := DirectoryReply{Entries: []Entry{{User: &identity.User{ID: "u"}, Version: "2", Position: "01", Created: time.Unix(5, 0)}},
		Members:     DirectoryMembers{GroupID: "g", UserIDs: []string{"u"}, OtherIDs: []string{"x"}, Names: []string{"Ada"}},
		Memberships: []DirectoryMembership{{MemberID: "u", GroupID: "g", GroupName: "G", Indirect: true}}, Next: "n", Total: 3}
	m := replyToProto("c", r, nil)
	e, s := m.GetEntries()[0], m.GetMemberships()[0]
	if e.GetPosition() != "01" || e.GetCreated().AsTime().Unix() != 5 || m.GetMembers().GetNames()[0] != "Ada" || m.GetMembers().GetOtherIds()[0] != "x" {
		t.Errorf("%v", m)
	}
	if s.GetMemberId() != "u" || s.GetGroupName() != "G" || !s.GetIndirect() || m.GetTotal() != 3 || m.GetNext() != "n" {
		t.Errorf("%v", m)
	}
	refused := replyToProto("c", DirectoryReply{}, &Failure{Reason: ReasonConflict, RemoteCode: ConflictUniqueness})
	if refused.GetFailure().GetRemoteCode() != ConflictUniqueness {
		t.Errorf("%v", refused)
	}
	if hidden := replyToProto("c", DirectoryReply{}, errors.New("disk /var is full")).GetFailure().GetMessage(); hidden != "the gateway could not keep this; try again" {
		t.Error(hidden)
	}
}
