package directory_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"syncgateway/core/directory"
	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
)

// database is a real one with a committer.
func database(t testing.TB) (store.Store, *directory.Committer) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := directory.NewCommitter(db)
	t.Cleanup(func() {
		c.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, c
}

// open makes a directory of its own in a database.
func open(t testing.TB, db store.Store, c *directory.Committer, name string, changed func()) *directory.Directory {
	t.Helper()
	var ep store.EndpointID
	if err := db.Update(t.Context(), func(tx store.Tx) (err error) { ep, err = tx.Endpoint("source.scim." + name); return err }); err != nil {
		t.Fatal(err)
	}
	return directory.Open(db, ep, c, time.Now, changed)
}

// model is what a directory is: plain maps.
type model struct {
	names   map[string]string          // id: name, of users and groups
	group   map[string]bool            // id: it is a group
	ever    map[string]bool            // id: it was a group once, or a user
	members map[string]map[string]bool // group: ids
}

func (m *model) clone() *model {
	c := &model{names: maps.Clone(m.names), group: maps.Clone(m.group), ever: maps.Clone(m.ever), members: map[string]map[string]bool{}}
	for g, ms := range m.members {
		c.members[g] = maps.Clone(ms)
	}
	return c
}

// apply does a call to the model and says how it must end.
func (m *model) apply(c *pluginhost.DirectoryCall) pluginhost.Reason {
	switch {
	case len(c.Transaction) > 0:
		before := m.clone()
		for i := range c.Transaction {
			if r := m.apply(&c.Transaction[i]); r != 0 {
				*m = *before
				return r
			}
		}
	case c.Put != nil:
		id, name := entryOf(c.Put)
		isGroup := c.Kind == "group"
		if was, ok := m.ever[id]; ok && was != isGroup {
			return pluginhost.ReasonConflict
		}
		for other, n := range m.names {
			if n == name && other != id && m.group[other] == isGroup {
				return pluginhost.ReasonConflict
			}
		}
		m.names[id], m.group[id], m.ever[id] = name, isGroup, isGroup
		if isGroup && m.members[id] == nil {
			m.members[id] = map[string]bool{}
		}
	case c.Delete != "":
		if isGroup, ok := m.group[c.Delete]; !ok || isGroup != (c.Kind == "group") {
			return pluginhost.ReasonNotFound
		}
		delete(m.names, c.Delete)
		delete(m.group, c.Delete)
		delete(m.members, c.Delete)
		for _, ms := range m.members {
			delete(ms, c.Delete)
		}
	case c.ChangeMembers != nil:
		ms, ok := m.members[c.ChangeMembers.Add.GroupID]
		if !ok {
			return pluginhost.ReasonNotFound
		}
		if c.ChangeMembers.Replace {
			clear(ms)
		}
		for _, id := range c.ChangeMembers.Remove.OtherIDs {
			delete(ms, id)
		}
		for _, id := range c.ChangeMembers.Add.OtherIDs {
			ms[id] = true
		}
	}
	return 0
}

func entryOf(e *pluginhost.Entry) (id, name string) {
	if e.User != nil {
		return e.User.ID, e.User.Username
	}
	return e.Group.ID, e.Group.Name
}

// reader is what a sync would know after its reads.
type reader struct {
	users, groups map[string]string
	members       map[string]map[string]bool
	usersAt       []byte
	groupsAt      []byte
}

type quiet struct{}

func (quiet) Notice(pluginhost.Notice)   {}
func (quiet) Waiting(pluginhost.Waiting) {}
func (quiet) Checkpoint([]byte)          {}

type userSink struct {
	quiet
	r *reader
}

func (s userSink) Users(_ context.Context, p pluginhost.UserPage) error {
	for i := range p.Users {
		u, err := p.Users[i].User()
		if err != nil {
			return err
		}
		s.r.users[u.ID] = u.Username
	}
	for _, id := range p.Removed {
		delete(s.r.users, id)
	}
	return nil
}

type groupSink struct {
	quiet
	r *reader
}

func (s groupSink) Groups(_ context.Context, p pluginhost.GroupPage) error { return s.r.takeGroups(p) }

func (r *reader) takeGroups(p pluginhost.GroupPage) error {
	for i := range p.Groups {
		g, err := p.Groups[i].Group()
		if err != nil {
			return err
		}
		if r.groups[g.ID] = g.Name; r.members[g.ID] == nil {
			r.members[g.ID] = map[string]bool{}
		}
	}
	for _, id := range p.Removed {
		delete(r.groups, id)
		delete(r.members, id)
	}
	for _, m := range p.Members {
		for _, id := range slices.Concat(m.UserIDs.Strings(), m.ChildIDs) {
			r.members[m.GroupID][id] = true
		}
	}
	for _, m := range p.RemovedMembers {
		for _, id := range slices.Concat(m.UserIDs, m.ChildIDs) {
			delete(r.members[m.GroupID], id)
		}
	}
	return nil
}

var ids = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})

// draw makes a call.
func draw(t *rapid.T, nested bool) pluginhost.DirectoryCall {
	id := ids.Draw(t, "id")
	name := rapid.SampledFrom([]string{"Ann", "Bob", "Cy", "Di", "Ed", "Flo", "Gil", "Hal"}).Draw(t, "name")
	list := func(label string) []string { return rapid.SliceOfN(ids, 0, 4).Draw(t, label) }
	user := rapid.Bool().Draw(t, "user")
	kind := "group"
	if user {
		kind = "user"
	}
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1, 2, 3:
		key := []pluginhost.IndexKey{{Attribute: "name", Value: name, Unique: true}}
		if user {
			return pluginhost.DirectoryCall{Kind: kind, Put: &pluginhost.Entry{User: &identity.User{ID: id, Username: name, Active: true}, Document: []byte(name), Keys: key}}
		}
		return pluginhost.DirectoryCall{Kind: kind, Put: &pluginhost.Entry{Group: &identity.Group{ID: id, Name: name}, Document: []byte(name), Keys: key}}
	case 4:
		return pluginhost.DirectoryCall{Kind: kind, Delete: id}
	case 5:
		if nested {
			var c pluginhost.DirectoryCall
			for range rapid.IntRange(1, 4).Draw(t, "calls") {
				c.Transaction = append(c.Transaction, draw(t, false))
			}
			return c
		}
		fallthrough
	default:
		return pluginhost.DirectoryCall{Kind: "group", ChangeMembers: &pluginhost.MembershipChange{Replace: rapid.IntRange(0, 4).Draw(t, "replace") == 0,
			Add: pluginhost.DirectoryMembers{GroupID: id, OtherIDs: list("add")}, Remove: pluginhost.DirectoryMembers{GroupID: id, OtherIDs: list("remove")}}}
	}
}

// Any sequence of calls leaves what a plain model says, and a reader that follows the
// changes knows the same as one that reads everything.
func TestDirectoryAgainstAPlainModel(t *testing.T) {
	db, c := database(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		d := open(t, db, c, strconv.Itoa(n), nil)
		m := &model{names: map[string]string{}, group: map[string]bool{}, ever: map[string]bool{}, members: map[string]map[string]bool{}}
		follower := &reader{users: map[string]string{}, groups: map[string]string{}, members: map[string]map[string]bool{}}
		for range rapid.IntRange(1, 30).Draw(rt, "calls") {
			c := draw(rt, true)
			want := m.apply(&c)
			_, err := d.Call(t.Context(), c)
			var refused *pluginhost.Failure
			if got := pluginhost.Reason(0); err != nil {
				if !errors.As(err, &refused) {
					rt.Fatal(err)
				}
				got = refused.Reason
				if got != want {
					rt.Fatalf("%+v: want reason %d, got %v", c, want, err)
				}
			} else if want != 0 {
				rt.Fatalf("%+v: want reason %d, it was done", c, want)
			}
			if rapid.IntRange(0, 3).Draw(rt, "read") == 0 {
				follow(rt, t, d, follower)
			}
		}
		follow(rt, t, d, follower)
		compare(rt, m, follower, "the follower of changes")
		whole := &reader{users: map[string]string{}, groups: map[string]string{}, members: map[string]map[string]bool{}}
		follow(rt, t, d, whole)
		compare(rt, m, whole, "the reader of everything")
		asked(rt, t, d, m)
	})
}

func follow(rt *rapid.T, t *testing.T, d *directory.Directory, r *reader) {
	end, err := d.ReadUsers(t.Context(), pluginhost.ReadOptions{Delta: r.usersAt, PageSize: 2}, userSink{r: r})
	if err != nil || !end.Complete {
		rt.Fatal(end, err)
	}
	r.usersAt = end.Delta
	if end, err = d.ReadGroups(t.Context(), pluginhost.ReadOptions{Delta: r.groupsAt, PageSize: 2}, groupSink{r: r}); err != nil || !end.Complete {
		rt.Fatal(end, err)
	}
	r.groupsAt = end.Delta
}

func compare(rt *rapid.T, m *model, r *reader, who string) {
	for id, name := range m.names {
		if got := r.users[id]; m.group[id] {
			got = r.groups[id]
			if got != name {
				rt.Errorf("%s: group %s is %q, want %q", who, id, got, name)
			}
		} else if got != name {
			rt.Errorf("%s: user %s is %q, want %q", who, id, got, name)
		}
	}
	if len(r.users)+len(r.groups) != len(m.names) {
		rt.Errorf("%s: %d users and %d groups, want %d altogether", who, len(r.users), len(r.groups), len(m.names))
	}
	for g, ms := range m.members {
		want := map[string]bool{}
		for id := range ms {
			if _, real := m.names[id]; real {
				want[id] = true
			}
		}
		if !maps.Equal(want, r.members[g]) {
			rt.Errorf("%s: group %s has %v, want %v", who, g, r.members[g], want)
		}
	}
}

// asked compares what calls answer.
func asked(rt *rapid.T, t *testing.T, d *directory.Directory, m *model) {
	for id, name := range m.names {
		kind := "user"
		if m.group[id] {
			kind = "group"
		}
		reply, err := d.Call(t.Context(), pluginhost.DirectoryCall{Kind: kind, Query: &pluginhost.DirectoryQuery{All: []pluginhost.Condition{{Attribute: "name", Equals: name}}, Limit: 10}})
		if err != nil || reply.Total != 1 || len(reply.Entries) != 1 || string(reply.Entries[0].Document) != name {
			rt.Fatalf("%s %s by its name: %+v, %v", kind, id, reply, err)
		}
		if kind == "user" {
			continue
		}
		reply, err = d.Call(t.Context(), pluginhost.DirectoryCall{Kind: "group", Members: &pluginhost.MembersQuery{GroupID: id, Names: true}})
		if err != nil {
			rt.Fatal(err)
		}
		got := slices.Sorted(slices.Values(slices.Concat(reply.Members.UserIDs, reply.Members.ChildIDs, reply.Members.OtherIDs)))
		if !slices.Equal(got, slices.Sorted(maps.Keys(m.members[id]))) {
			rt.Fatalf("members of %s: %v, want %v", id, got, m.members[id])
		}
	}
	var all pluginhost.DirectoryReply
	for _, kind := range []string{"user", "group"} {
		reply, err := d.Call(t.Context(), pluginhost.DirectoryCall{Kind: kind, Query: &pluginhost.DirectoryQuery{CountOnly: true}})
		if err != nil {
			rt.Fatal(err)
		}
		all.Total += reply.Total
	}
	if int(all.Total) != len(m.names) {
		rt.Fatalf("%d are counted, want %d", all.Total, len(m.names))
	}
}

// A bare reply has what identifies an entry, and no more of what the caller has.
func TestBareReplies(t *testing.T) {
	db, c := database(t)
	d := open(t, db, c, "bare", nil)
	put := userEntry(1)
	for _, call := range []pluginhost.DirectoryCall{{Put: put}, {Put: put}, {Get: "u1"}, {Query: &pluginhost.DirectoryQuery{}}} {
		call.Kind, call.Bare = "user", true
		r, err := d.Call(t.Context(), call)
		if err != nil || len(r.Entries) != 1 {
			t.Fatal(r, err)
		}
		e := r.Entries[0]
		if e.User == nil || e.User.ID != "u1" || e.User.Username != "" || e.Group != nil || e.Version == "" || e.Position == "" || (e.Document == nil) != (call.Put != nil) {
			t.Errorf("%+v: %+v", call, e)
		}
	}
	r, err := d.Call(t.Context(), pluginhost.DirectoryCall{Kind: "user", Get: "u1"})
	if err != nil || r.Entries[0].User.Username != put.User.Username {
		t.Errorf("%+v, %v", r, err)
	}
}
