package directory_test

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"

	"syncgateway/core/directory"
	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
)

func userEntry(n int) *pluginhost.Entry {
	name := fmt.Sprintf("user%d@bench.example", n)
	return &pluginhost.Entry{User: &identity.User{ID: "u" + strconv.Itoa(n), Username: name, Email: name, DisplayName: name, Active: true},
		Document: fmt.Appendf(nil, `{"userName":%q,"emails":[{"value":%q}]}`, name, name),
		Keys:     []pluginhost.IndexKey{{Attribute: "userName", Value: name, Unique: true}, {Attribute: "emails.value", Value: name}}}
}

// filled is a directory with so many users and a group.
func filled(b *testing.B, users int) *directory.Directory {
	b.Helper()
	db, c := database(b)
	d := open(b, db, c, "bench", nil)
	for at := 0; at < users; at += 500 {
		var tx pluginhost.DirectoryCall
		for n := at; n < min(at+500, users); n++ {
			tx.Transaction = append(tx.Transaction, pluginhost.DirectoryCall{Kind: "user", Put: userEntry(n)})
		}
		if _, err := d.Call(b.Context(), tx); err != nil {
			b.Fatal(err)
		}
	}
	_, err := d.Call(b.Context(), pluginhost.DirectoryCall{Kind: "group", Put: &pluginhost.Entry{Group: &identity.Group{ID: "g", Name: "g"}, Document: []byte("{}")}})
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// BenchmarkDirectory has the calls that clients make most.
func BenchmarkDirectory(b *testing.B) {
	const users = 10_000
	var made atomic.Int64
	made.Store(users)
	for _, c := range []struct {
		name string
		call func(n int) pluginhost.DirectoryCall
	}{
		{"get", func(n int) pluginhost.DirectoryCall {
			return pluginhost.DirectoryCall{Kind: "user", Get: "u" + strconv.Itoa(n%users), Memberships: true}
		}},
		{"find", func(n int) pluginhost.DirectoryCall {
			return pluginhost.DirectoryCall{Kind: "user", Memberships: true, Query: &pluginhost.DirectoryQuery{Limit: 100,
				All: []pluginhost.Condition{{Attribute: "userName", Equals: fmt.Sprintf("user%d@bench.example", n%users)}}}}
		}},
		{"create", func(int) pluginhost.DirectoryCall {
			return pluginhost.DirectoryCall{Kind: "user", Put: userEntry(int(made.Add(1)))}
		}},
		{"add-member", func(n int) pluginhost.DirectoryCall {
			return pluginhost.DirectoryCall{Kind: "group", ChangeMembers: &pluginhost.MembershipChange{Add: pluginhost.DirectoryMembers{GroupID: "g", OtherIDs: []string{"u" + strconv.Itoa(n%users)}}}}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := filled(b, users)
			var n atomic.Int64
			b.SetParallelism(4)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := d.Call(b.Context(), c.call(int(n.Add(1)))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
