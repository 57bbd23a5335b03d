package convert

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"syncgateway/core/identity"
	pb "syncgateway/proto/gateway/plugin/v1"
)

func benchUser() *identity.User {
	u := &identity.User{ID: "00u1a2b3c4d5e6f7g8h9", Kind: "user", Username: "ada.lovelace@example.org", Email: "ada.lovelace@example.org",
		DisplayName: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Active: true}
	for i := range 10 {
		name := fmt.Sprintf("attribute%d", i)
		u.Attributes = append(u.Attributes, identity.Attribute{Name: name, Values: []string{"some value of " + name}})
	}
	return u
}

func encoded(b *testing.B, m proto.Message) []byte {
	raw, err := proto.Marshal(m)
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// BenchmarkHead is what every record costs that has not changed.
func BenchmarkHead(b *testing.B) {
	raw := encoded(b, User(benchUser()))
	b.ReportAllocs()
	for b.Loop() {
		if _, active, err := Head(raw, 7); err != nil || !active {
			b.Fatal(active, err)
		}
	}
}

// BenchmarkDecodeUser is what every record costs that has.
func BenchmarkDecodeUser(b *testing.B) {
	raw := encoded(b, User(benchUser()))
	b.ReportAllocs()
	for b.Loop() {
		if u, err := DecodeUser(raw); err != nil || len(u.Attributes) != 10 {
			b.Fatal(u, err)
		}
	}
}

// BenchmarkEncodeUser is the way to a target.
func BenchmarkEncodeUser(b *testing.B) {
	u := benchUser()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := proto.Marshal(User(u)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSplit takes a page of 500 users apart.
func BenchmarkSplit(b *testing.B) {
	page := &pb.UserPage{}
	for range 500 {
		page.Users = append(page.Users, User(benchUser()))
	}
	raw := encoded(b, page)
	var p Page
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Split(raw); err != nil || len(p[1]) != 500 {
			b.Fatal(len(p[1]), err)
		}
	}
}
