package wire

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

// sent is the bytes that gRPC would send.
func sent(t *rapid.T, p page) []byte {
	data, err := codec{}.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Free()
	return data.Materialize()
}

// marshalled is what protobuf makes of a message.
func marshalled(t *rapid.T, m proto.Message) []byte {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// texts holds text that the wire does not take, too.
var texts = rapid.OneOf(rapid.String(), rapid.Just("a\xffb"), rapid.Just(strings.Repeat("long", 50)))

func anyAttributes(t *rapid.T) record.Attributes {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record.Attribute {
		return record.Attribute{Name: texts.Draw(t, "name"), Values: rapid.SliceOfN(texts, 0, 3).Draw(t, "values")}
	}), 0, 4).Draw(t, "attributes")
}

func anyUsers(t *rapid.T) []record.User {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record.User {
		u := user(t)
		u.Username, u.Kind, u.Attributes = texts.Draw(t, "username"), texts.Draw(t, "kind"), anyAttributes(t)
		if rapid.Bool().Draw(t, "changed") {
			u.StatusChanged = time.Unix(rapid.Int64Range(-1e9, 1e10).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
		}
		return u
	}), 0, 3).Draw(t, "users")
}

func anyGroups(t *rapid.T) []record.Group {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record.Group {
		g := group(t)
		g.Name, g.Attributes = texts.Draw(t, "name"), anyAttributes(t)
		return g
	}), 0, 3).Draw(t, "groups")
}

func anyIDs(t *rapid.T) []string { return rapid.SliceOfN(texts, 0, 3).Draw(t, "ids") }

func anyMembers(t *rapid.T) []record.Members {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record.Members {
		return record.Members{GroupID: texts.Draw(t, "group"), UserIDs: anyIDs(t), ChildIDs: anyIDs(t)}
	}), 0, 3).Draw(t, "members")
}

func usersToProto(users []record.User) []*pb.User {
	var out []*pb.User
	for i := range users {
		m := &pb.User{}
		userToProto(&users[i], m)
		out = append(out, m)
	}
	return out
}

func membersToProto(list []record.Members) []*pb.Members {
	var out []*pb.Members
	for _, m := range list {
		out = append(out, &pb.Members{GroupId: clean(m.GroupID), UserIds: cleanAll(m.UserIDs), ChildGroupIds: cleanAll(m.ChildIDs)})
	}
	return out
}

// A page has the bytes that protobuf would give it, whatever is in it.
func TestPagesAreWhatProtobufMakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		users, groups, members, ids := anyUsers(t), anyGroups(t), anyMembers(t), anyIDs(t)
		quotas := []record.Quota{{Name: texts.Draw(t, "quota"), Total: 7, Used: 300, Unlimited: true, GroupIDs: ids, NewUsers: true}, {}}
		for what, pair := range map[string][2][]byte{
			"users": {sent(t, userPage(record.UserPage{Users: users, Removed: ids})),
				marshalled(t, &pb.ReadUsersResponse{Event: &pb.ReadUsersResponse_Page{Page: &pb.UserPage{Users: usersToProto(users), RemovedIds: cleanAll(ids)}}})},
			"groups": {sent(t, groupPage(record.GroupPage{Groups: groups, Members: members, Removed: ids, RemovedMembers: members, Replace: ids})),
				marshalled(t, &pb.ReadGroupsResponse{Event: &pb.ReadGroupsResponse_Page{Page: &pb.GroupPage{Groups: groupsToProto(groups),
					Members: membersToProto(members), RemovedIds: cleanAll(ids), RemovedMembers: membersToProto(members), ReplaceMembers: cleanAll(ids)}}})},
			"state": {sent(t, statePage(record.StatePage{Users: users, Groups: groups, Members: members, Protected: []record.Protected{{UserID: "u", Reason: "r\xff"}}, Quotas: quotas})),
				marshalled(t, &pb.ReadStateResponse{Event: &pb.ReadStateResponse_Page{Page: &pb.StatePage{Users: usersToProto(users), Groups: groupsToProto(groups),
					Members: membersToProto(members), ProtectedUsers: []*pb.ProtectedUser{{UserId: "u", Reason: clean("r\xff")}},
					Quotas: []*pb.Quota{{Name: clean(quotas[0].Name), Total: 7, Used: 300, Unlimited: true, GroupIds: cleanAll(ids), NewUsers: true}, {}}}}})},
		} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Fatalf("a page of %s is\n%x\nand should be\n%x", what, pair[0], pair[1])
			}
		}
	})
}

// However an author orders attributes, the bytes are the same, and the record stays.
func TestSameRecordSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := user(t)
		shuffled := u
		shuffled.Attributes = rapid.Permutation(u.Attributes).Draw(t, "order")
		before := slices.Clone(shuffled.Attributes)
		a, b := sent(t, userPage(record.UserPage{Users: []record.User{u}})), sent(t, userPage(record.UserPage{Users: []record.User{shuffled}}))
		if !slices.Equal(a, b) || !reflect.DeepEqual(shuffled.Attributes, before) {
			t.Fatalf("%v and %v differ", u.Attributes, shuffled.Attributes)
		}
	})
}

func TestMendingLeavesTheRecord(t *testing.T) {
	u := record.User{ID: "1", Username: "a\xff", Attributes: record.Attributes{{Name: "n\xff", Values: []string{"ok", "b\xff"}}}}
	var spare record.User
	got := validUser(&u, &spare)
	want := record.Attributes{{Name: "n\uFFFD", Values: []string{"ok", "b\uFFFD"}}}
	if got.Username != "a\uFFFD" || !reflect.DeepEqual(got.Attributes, want) || u.Attributes[0].Values[1] != "b\xff" || u.Username != "a\xff" {
		t.Error(got, u)
	}
}

// benchUsers is a page of people as directories have them.
func benchUsers() []record.User {
	u := record.User{ID: "00u1a2b3c4d5e6f7g8h9", Username: "ada.lovelace@example.org", Email: "ada.lovelace@example.org", DisplayName: "Ada Lovelace", Active: true}
	for _, name := range []string{"city", "costCenter", "countryCode", "department", "division", "employeeNumber", "employeeType", "locale", "manager", "organization"} {
		u.Attributes.Set(name, "some value of "+name)
	}
	return slices.Repeat([]record.User{u}, 500)
}

func BenchmarkUserPage(b *testing.B) {
	p := record.UserPage{Users: benchUsers()}
	b.ReportAllocs()
	for b.Loop() {
		data, _ := codec{}.Marshal(userPage(p))
		data.Free()
	}
	b.ReportMetric(500*float64(b.N)/b.Elapsed().Seconds(), "users/s")
}

func BenchmarkMembersPage(b *testing.B) {
	ids := slices.Repeat([]string{"00u1a2b3c4d5e6f7g8h9"}, 2500)
	p := record.GroupPage{Members: slices.Repeat([]record.Members{{GroupID: "g", UserIDs: ids}}, 4)}
	b.ReportAllocs()
	for b.Loop() {
		data, _ := codec{}.Marshal(groupPage(p))
		data.Free()
	}
	b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "memberships/s")
}
