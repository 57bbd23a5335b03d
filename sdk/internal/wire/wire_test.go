package wire

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

// through sends a message over the wire.
func through[M proto.Message](t *rapid.T, m M) M {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	out := m.ProtoReflect().New().Interface().(M)
	if err := proto.Unmarshal(raw, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func attributes(t *rapid.T) record.Attributes {
	names := rapid.SliceOfNDistinct(rapid.StringN(1, 8, -1), 0, 5, rapid.ID).Draw(t, "names")
	slices.Sort(names)
	var as record.Attributes
	for _, n := range names {
		as = append(as, record.Attribute{Name: n, Values: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "values")})
	}
	return as
}

func user(t *rapid.T) record.User {
	s := rapid.String()
	return record.User{ID: s.Draw(t, "id"), Username: s.Draw(t, "u"), Email: s.Draw(t, "e"), DisplayName: s.Draw(t, "d"), GivenName: s.Draw(t, "g"),
		FamilyName: s.Draw(t, "f"), Active: rapid.Bool().Draw(t, "a"), Attributes: attributes(t), Version: s.Draw(t, "v"), Kind: s.Draw(t, "k"),
		ExternalID: s.Draw(t, "x")}
}

func group(t *rapid.T) record.Group {
	s := rapid.String()
	return record.Group{ID: s.Draw(t, "id"), Name: s.Draw(t, "n"), Description: s.Draw(t, "d"), Attributes: attributes(t), Version: s.Draw(t, "v"),
		Kind: s.Draw(t, "k"), ReadOnlyReason: s.Draw(t, "r"), PrivilegedReason: s.Draw(t, "p")}
}

func TestRecordsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, g := user(t), group(t)
		var um pb.User
		userToProto(&u, &um)
		if got := userFromProto(through(t, &um)); !reflect.DeepEqual(got, u) {
			t.Fatalf("%+v became %+v", u, got)
		}
		if got := groupFromProto(through(t, groupsToProto([]record.Group{g})[0])); !reflect.DeepEqual(got, g) {
			t.Fatalf("%+v became %+v", g, got)
		}
	})
}

func TestFailuresAndEntriesRoundTrip(t *testing.T) {
	f := &record.Failure{Reason: record.ReasonQuota, Message: "no seats", RetryAfter: time.Minute, RemoteCode: "E1", RequestID: "r"}
	if got := failureFromProto(failureToProto(f)); !reflect.DeepEqual(got, f) {
		t.Errorf("%+v", got)
	}
	p := record.ParsePath(`auth[2].labels["a b"].x`)
	if got := pathFromProto(pathToProto(p)); !reflect.DeepEqual(got, p) || got.String() != `auth[2].labels["a b"].x` {
		t.Errorf("%v", got)
	}
	e := record.Entry{Group: &record.Group{ID: "g"}, Document: []byte("{}"), Version: "3", Position: "07"}
	if got := entryFromProto(entryToProto(e)); !reflect.DeepEqual(got, e) {
		t.Errorf("%+v", got)
	}
}

func TestDirectoryCallToProto(t *testing.T) {
	m := callToProto(record.DirectoryCall{Transaction: []record.DirectoryCall{
		{Kind: "user", Memberships: true, Bare: true, Put: &record.Entry{User: &record.User{ID: "u"}, Keys: []record.IndexKey{{Attribute: "userName", Value: "ada", Unique: true}}}},
		{Kind: "group", ChangeMembers: &record.MembershipChange{Add: record.DirectoryMembers{GroupID: "g", OtherIDs: []string{"x"}}}},
		{Kind: "group", Members: &record.MembersQuery{GroupID: "g", Names: true}},
	}})
	calls := m.GetTransaction().GetCalls()
	if k := calls[0].GetPut().GetKeys()[0]; !calls[0].GetMemberships() || !calls[0].GetBare() || k.GetAttribute() != "userName" || k.GetValue() != "ada" || !k.GetUnique() {
		t.Errorf("%v", calls[0])
	}
	if calls[1].GetChangeMembers().GetAdd().GetOtherIds()[0] != "x" || !calls[2].GetMembers().GetNames() {
		t.Errorf("%v", calls)
	}
	r := replyFromProto(&pb.DirectoryReply{Members: &pb.DirectoryMembers{OtherIds: []string{"x"}, Names: []string{"Ada"}},
		Memberships: []*pb.DirectoryMembership{{MemberId: "u", GroupId: "g", GroupName: "G", Indirect: true}}})
	want := record.DirectoryReply{Members: record.DirectoryMembers{OtherIDs: []string{"x"}, Names: []string{"Ada"}},
		Memberships: []record.DirectoryMembership{{MemberID: "u", GroupID: "g", GroupName: "G", Indirect: true}}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("%+v", r)
	}
}

func TestOperationFromProto(t *testing.T) {
	m := &pb.Operation{Id: "1", Kind: pb.OperationKind_OPERATION_KIND_ADD_MEMBER, User: &pb.User{Id: "u"}, Group: &pb.Group{Id: "g"},
		Member: &pb.Member{GroupId: "g", UserId: "u", ChildGroupId: "c", GroupOperation: "go", UserOperation: "uo"}, Changed: []string{"email"},
		IfVersion: "v", After: []string{"0"}}
	want := record.Operation{ID: "1", Kind: record.AddMember, User: record.User{ID: "u"}, Group: record.Group{ID: "g"},
		Member:  record.Member{GroupID: "g", UserID: "u", ChildGroupID: "c", GroupOperation: "go", UserOperation: "uo"},
		Changed: []string{"email"}, IfVersion: "v", After: []string{"0"}}
	if got := operationFromProto(m); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestDirectoryCalls(t *testing.T) {
	for name, c := range map[string]record.DirectoryCall{
		"put": {Put: &record.Entry{User: &record.User{ID: "u"}}}, "get": {Get: "u"}, "delete": {Delete: "u"}, "query": {Query: &record.DirectoryQuery{Limit: 3}},
		"members": {Members: &record.MembersQuery{GroupID: "g"}}, "change": {ChangeMembers: &record.MembershipChange{Replace: true}},
		"transaction": {Transaction: []record.DirectoryCall{{Get: "u"}}},
	} {
		m := callToProto(c)
		set := map[string]bool{"put": m.GetPut() != nil, "get": m.GetGet() != "", "delete": m.GetDelete() != "", "query": m.GetQuery().GetLimit() == 3,
			"members": m.GetMembers() != nil, "change": m.GetChangeMembers().GetReplace(), "transaction": len(m.GetTransaction().GetCalls()) == 1}
		if !set[name] {
			t.Errorf("%s became %v", name, m)
		}
	}
}
