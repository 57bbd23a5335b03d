package convert

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"pgregory.net/rapid"

	"syncgateway/core/diag"
	"syncgateway/core/identity"
	"syncgateway/core/schema"
	pb "syncgateway/proto/gateway/plugin/v1"
)

func attributesOf(t *rapid.T) identity.Attributes {
	names := rapid.SliceOfNDistinct(rapid.StringN(1, 8, -1), 0, 5, rapid.ID).Draw(t, "names")
	slices.Sort(names)
	var as identity.Attributes
	for _, n := range names {
		as = append(as, identity.Attribute{Name: n, Values: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "values")})
	}
	return as
}

func TestUserRoundTrip(t *testing.T) {
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		want := identity.User{ID: rapid.StringN(1, 20, -1).Draw(t, "id"), Kind: rapid.StringN(1, 8, -1).Draw(t, "kind"), Username: text.Draw(t, "u"),
			Email: text.Draw(t, "e"), DisplayName: text.Draw(t, "d"), GivenName: text.Draw(t, "g"), FamilyName: text.Draw(t, "f"),
			Active: rapid.Bool().Draw(t, "a"), Version: text.Draw(t, "v"), ExternalID: text.Draw(t, "x"), Attributes: attributesOf(t)}
		raw, err := proto.Marshal(User(&want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeUser(raw)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("decoded %+v, %v", got, err)
		}
		if got, err := FromUser(User(&want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("converted %+v, %v", got, err)
		}
		if id, active, err := Head(raw, 7); err != nil || id != want.ID || active != want.Active {
			t.Fatalf("head %q %v %v", id, active, err)
		}
	})
}

func TestGroupRoundTrip(t *testing.T) {
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		want := identity.Group{ID: rapid.StringN(1, 20, -1).Draw(t, "id"), Kind: rapid.StringN(1, 8, -1).Draw(t, "kind"), Name: text.Draw(t, "n"),
			Description: text.Draw(t, "d"), Version: text.Draw(t, "v"), ReadOnly: text.Draw(t, "r"), Privileged: text.Draw(t, "p"), Attributes: attributesOf(t)}
		raw, err := proto.Marshal(Group(&want))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeGroup(raw); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("decoded %+v, %v", got, err)
		}
		if got, err := FromGroup(Group(&want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("converted %+v, %v", got, err)
		}
	})
}

func TestMembersRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.StringN(1, 10, -1), 1, 5)
		want := identity.Members{GroupID: rapid.StringN(1, 10, -1).Draw(t, "g"), UserIDs: ids.Draw(t, "u"), ChildIDs: ids.Draw(t, "c")}
		raw, err := proto.Marshal(&pb.Members{GroupId: want.GroupID, UserIds: want.UserIDs, ChildGroupIds: want.ChildIDs})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := members(raw); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func TestPathRoundTrip(t *testing.T) {
	want := diag.Path{{Kind: diag.NameStep, Name: "auth"}, {Kind: diag.IndexStep, Index: 2}, {Kind: diag.KeyStep, Name: "a b"}}
	if got := FromPath(Path(want)); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestUnsortedAttributes(t *testing.T) {
	raw, _ := proto.Marshal(&pb.User{Id: "1", Attributes: []*pb.AttributeValues{
		{Name: "z", Values: []string{"1"}}, {Name: "a", Values: []string{"2"}}, {Name: "z", Values: []string{"3"}}}})
	u, err := DecodeUser(raw)
	want := identity.Attributes{{Name: "a", Values: []string{"2"}}, {Name: "z", Values: []string{"1", "3"}}}
	if err != nil || !reflect.DeepEqual(u.Attributes, want) || u.Kind != "user" {
		t.Errorf("%+v %v", u, err)
	}
}

// A record decodes as protobuf decodes it, or not at all.
func FuzzDecodeUser(f *testing.F) {
	raw, _ := proto.Marshal(&pb.User{Id: "1", Username: "ada", Active: true, Attributes: []*pb.AttributeValues{{Name: "a", Values: []string{"b"}}}})
	f.Add(raw)
	f.Add([]byte("\x0a\x02\xff\xfe"))
	f.Add([]byte("\x0a\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := DecodeUser(raw)
		var m pb.User
		if err != nil || got.ID == "" || proto.Unmarshal(raw, &m) != nil {
			return
		}
		if want, err := FromUser(&m); err == nil && got.ID == want.ID && (got.Email != want.Email || got.Active != want.Active) {
			t.Errorf("%+v, protobuf says %+v", got, want)
		}
	})
}

func TestRecordsThatAreNotWellFormed(t *testing.T) {
	for name, raw := range map[string]string{"utf8": "\x0a\x02\xff\xfe", "cut": "\x0a\x05ab", "no id": "\x12\x01a"} {
		if _, _, err := Head([]byte(raw), 7); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	unnamed, _ := proto.Marshal(&pb.User{Id: "1", Attributes: []*pb.AttributeValues{{Values: []string{"x"}}}})
	if _, err := DecodeUser(unnamed); err == nil {
		t.Error("an attribute without a name was taken")
	}
	empty, _ := proto.Marshal(&pb.Members{GroupId: "g", UserIds: []string{""}})
	if _, err := members(empty); err == nil {
		t.Error("an empty id was taken")
	}
}

func members(raw []byte) (identity.Members, error) {
	m, users, n, err := ParseMembers(raw)
	m.UserIDs = users.Strings()
	if err == nil && n != len(m.UserIDs)+len(m.ChildIDs) {
		err = fmt.Errorf("%d members of %+v", n, m)
	}
	return m, err
}

// A list decodes as protobuf decodes it, or not at all: whatever is between ids, an id
// that is not valid UTF-8 is not taken.
func FuzzMembers(f *testing.F) {
	raw, _ := proto.Marshal(&pb.Members{GroupId: "g", UserIds: []string{"1", "zwei é"}, ChildGroupIds: []string{"3"}})
	f.Add(raw)
	f.Add([]byte("\x0a\x01g\x12\x01\xc2\x82\x01\x00"))
	f.Add([]byte("\x0a\x01g\x12\x02\xff\xfe"))
	f.Add([]byte("\x12\x01a\x12\x01b\x0a\x01g\x1a\x01c\x92\x00\x01d\x12\x81\x00e"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := members(raw)
		var m pb.Members
		wrong := proto.Unmarshal(raw, &m)
		if err != nil {
			if wrong == nil && m.GetGroupId() != "" && !slices.Contains(m.GetUserIds(), "") && !slices.Contains(m.GetChildGroupIds(), "") {
				t.Errorf("%v, and protobuf takes it", err)
			}
			return
		}
		if wrong != nil {
			return // nested deeper than is looked at
		}
		if got.GroupID != m.GetGroupId() || !slices.Equal(got.UserIDs, m.GetUserIds()) || !slices.Equal(got.ChildIDs, m.GetChildGroupIds()) {
			t.Errorf("%+v, protobuf says %+v", got, &m)
		}
		for _, id := range slices.Concat([]string{got.GroupID}, got.UserIDs, got.ChildIDs) {
			if !utf8.ValidString(id) {
				t.Errorf("%q was taken", id)
			}
		}
	})
}

// BenchmarkMembers takes 100 lists of 1000 members apart.
func BenchmarkMembers(b *testing.B) {
	m := &pb.Members{GroupId: "g1"}
	for i := range 1000 {
		m.UserIds = append(m.UserIds, fmt.Sprintf("u%08d", i))
	}
	raw, _ := proto.Marshal(m)
	b.ReportAllocs()
	for b.Loop() {
		for range 100 {
			if _, _, _, err := ParseMembers(raw); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/member")
}

func TestDescription(t *testing.T) {
	least := 1.0
	m := &pb.DescribeResponse{Type: "okta", Version: "1", Summary: "s", Sdk: "go/1", Roles: []pb.Role{1, 9}, Permissions: "p", Limits: "l",
		Capabilities: &pb.Capabilities{Delta: true, Lookup: true, MaxBatch: 5, Concurrency: 2},
		Config: &pb.Schema{Root: &pb.Block{Fields: []*pb.Field{{Name: "n", Type: pb.Type_TYPE_INT, Min: &least, Default: structpb.NewNumberValue(3), OneOf: []string{"3"}}},
			Blocks: []*pb.NestedBlock{{Name: "b", MaxItems: 2, Label: "x", Body: &pb.Block{}}}}},
		Kinds: []*pb.Kind{{Name: "user", Shape: 1, Attributes: []*pb.Attribute{{Name: "a", Writable: true, MaxLength: 9}}, Operations: []pb.OperationKind{1, 99},
			CaseInsensitiveNames: true, MaxNameLength: 255}}}
	want := &schema.Plugin{Type: "okta", Version: "1", Summary: "s", SDK: "go/1", Roles: []schema.Role{schema.Source}, Permissions: "p", Limits: "l",
		Capabilities: schema.Capabilities{Delta: true, Lookup: true, MaxBatch: 5, Concurrency: 2},
		Config: schema.Block{Fields: []schema.Field{{Name: "n", Type: schema.Int, Min: &least, Default: 3.0, OneOf: []string{"3"}}},
			Blocks: []schema.NestedBlock{{Name: "b", MaxItems: 2, Label: "x"}}},
		Kinds: []schema.Kind{{Name: "user", Shape: schema.UserShape, Attributes: []schema.Attribute{{Name: "a", Writable: true, MaxLength: 9}},
			Operations: []schema.Operation{schema.CreateUser}, CaseInsensitiveNames: true, MaxNameLength: 255}}}
	if got, err := Description(m); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %v\nwant %+v", got, err, want)
	}
	for name, spoil := range map[string]func(*pb.DescribeResponse){
		"type":    func(m *pb.DescribeResponse) { m.Type = "../x" },
		"roles":   func(m *pb.DescribeResponse) { m.Roles = nil },
		"field":   func(m *pb.DescribeResponse) { m.Config.Root.Fields[0].Name = "a b" },
		"twice":   func(m *pb.DescribeResponse) { m.Config.Root.Blocks[0].Name = "n" },
		"pattern": func(m *pb.DescribeResponse) { m.Config.Root.Fields[0].Pattern = "(" },
		"shape":   func(m *pb.DescribeResponse) { m.Kinds[0].Shape = 7 },
		"deep": func(m *pb.DescribeResponse) {
			b := m.Config.Root
			for range 20 {
				next := &pb.Block{}
				b.Blocks = []*pb.NestedBlock{{Name: "b", Body: next}}
				b = next
			}
		},
	} {
		bad := proto.Clone(m).(*pb.DescribeResponse)
		spoil(bad)
		if _, err := Description(bad); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
