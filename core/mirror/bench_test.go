package mirror

import (
	"fmt"
	"testing"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store/sqlite"
)

// pages are what a connector sends of a directory: users in 500s, groups of a hundredth of
// the users, each user in ten.
type pages struct {
	users   [][]pluginhost.UserRecord
	groups  []pluginhost.GroupRecord
	members [][]pluginhost.MembersRecord
}

func makePages(users int) (p pages) {
	const perUser, perPage = 10, 500
	groups := users / 100
	lists := make([]identity.Members, groups)
	var page []pluginhost.UserRecord
	for i := range users {
		id := fmt.Sprintf("00u%017d", i)
		page = append(page, pluginhost.NewUserRecord(identity.User{ID: id, Kind: "user", Email: id + "@example.org", DisplayName: "Somebody", Active: true}))
		if len(page) == perPage || i == users-1 {
			p.users, page = append(p.users, page), nil
		}
		for k := range perUser {
			g := &lists[(i*7+k*groups/perUser)%groups]
			g.UserIDs = append(g.UserIDs, id)
		}
	}
	for g := range lists {
		lists[g].GroupID = fmt.Sprintf("g%d", g)
		p.groups = append(p.groups, pluginhost.NewGroupRecord(identity.Group{ID: lists[g].GroupID, Kind: "group", Name: lists[g].GroupID}))
		p.members = append(p.members, []pluginhost.MembersRecord{pluginhost.NewMembersRecord(lists[g])})
	}
	return p
}

func (p *pages) read(b *testing.B, st *sqlite.DB) *Reading {
	ctx := b.Context()
	r, err := Begin(ctx, st, "target.test.one", Full, nil)
	for i := 0; err == nil && i < len(p.users); i++ {
		err = r.Users(ctx, p.users[i])
	}
	if err == nil {
		err = r.Groups(ctx, p.groups)
	}
	for i := 0; err == nil && i < len(p.members); i++ {
		err = r.Members(ctx, p.members[i])
	}
	if err == nil {
		_, err = r.Shrunk(ctx, 20, 5)
	}
	if err == nil {
		_, err = r.Vanished(ctx, true)
	}
	if err == nil {
		err = r.Finish(ctx, Ending{Believed: true})
	}
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkUnchanged is the mirror's part of a full read of 100,000 users and a million
// memberships in which nothing changed, and the same with the lists of all groups in
// another order, in which every member is looked up.
func BenchmarkUnchanged(b *testing.B) {
	const users = 100_000
	p := makePages(users)
	st, err := sqlite.Open(b.Context(), b.TempDir()+"/data")
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	p.read(b, st)
	run := func(p *pages) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if s := p.read(b, st).Stats(); s.Changed != 0 || s.Gone != 0 || s.Memberships != 10*users {
					b.Fatalf("%+v", s)
				}
			}
		}
	}
	b.Run("known lists", run(&p))
	other := p
	other.members = nil
	for _, page := range p.members {
		m := page[0].Members()
		half := len(m.UserIDs) / 2
		m.UserIDs = append(m.UserIDs[half:len(m.UserIDs):len(m.UserIDs)], m.UserIDs[:half]...)
		other.members = append(other.members, []pluginhost.MembersRecord{pluginhost.NewMembersRecord(m)})
	}
	b.Run("other order", run(&other))
}
