package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
)

// system is a directory in this process, used as a source or as a target.
type system struct {
	mu       sync.Mutex // of Apply, which is called several times at once
	users    map[string]identity.User
	groups   map[string]identity.Group
	members  map[string]map[string]bool // by group
	children map[string][]string
	next     int
	writes   int
	lookups  int

	hidden   map[string]bool          // users that listings leave out
	outdated map[string]identity.User // users as listings show them, where that is not as they are
	flat     bool                     // listings leave out groups in groups
	omit     string                   // a group that listings leave out
	titles   map[string]string        // of groups as listings show them, where they are called otherwise
	broken   bool                     // reads break off
	mute     bool                     // lookups get no answer
	liar     bool                     // says that accounts are deactivated, and does nothing
}

func newSystem() *system {
	return &system{users: map[string]identity.User{}, groups: map[string]identity.Group{}, members: map[string]map[string]bool{},
		children: map[string][]string{}, hidden: map[string]bool{}}
}

func (s *system) put(id, mail, name string, active bool) {
	s.users[id] = identity.User{ID: id, Kind: "user", Email: mail, DisplayName: name, Active: active}
}

func (s *system) group(id, name string) {
	s.groups[id] = identity.Group{ID: id, Kind: "group", Name: name}
	if s.members[id] == nil {
		s.members[id] = map[string]bool{}
	}
}

func (s *system) drop(user string) {
	delete(s.users, user)
	for _, m := range s.members {
		delete(m, user)
	}
}

// Description implements Connector.
func (s *system) Description() *schema.Plugin {
	all := []schema.Operation{schema.CreateUser, schema.UpdateUser, schema.ActivateUser, schema.DeactivateUser, schema.DeleteUser,
		schema.CreateGroup, schema.UpdateGroup, schema.DeleteGroup, schema.AddMember, schema.RemoveMember}
	fields := []schema.Attribute{{Name: "email", Writable: true}, {Name: "display_name", Writable: true}}
	return &schema.Plugin{Type: "fake", Roles: []schema.Role{schema.Source, schema.Target}, Capabilities: schema.Capabilities{Lookup: true, MaxBatch: 7, Concurrency: 2},
		Kinds: []schema.Kind{{Name: "user", Shape: schema.UserShape, Attributes: fields, Operations: all}, {Name: "group", Shape: schema.GroupShape, Operations: all,
			Attributes: []schema.Attribute{{Name: "description", Writable: true}}}}}
}

func (s *system) end(n int) pluginhost.End {
	if s.broken {
		return pluginhost.End{Count: uint64(n), Failure: &pluginhost.Failure{Reason: pluginhost.ReasonUnavailable, Message: "503"}}
	}
	return pluginhost.End{Count: uint64(n), Complete: true}
}

func (s *system) listed() (out []pluginhost.UserRecord) {
	for _, id := range slices.Sorted(maps.Keys(s.users)) {
		if !s.hidden[id] {
			u := s.users[id]
			if old, ok := s.outdated[id]; ok {
				u = old
			}
			out = append(out, pluginhost.NewUserRecord(u))
		}
	}
	return out
}

func (s *system) memberships() (groups []pluginhost.GroupRecord, members []pluginhost.MembersRecord) {
	for _, id := range slices.Sorted(maps.Keys(s.groups)) {
		if id == s.omit {
			continue
		}
		g := s.groups[id]
		if old, ok := s.titles[id]; ok {
			g.Name = old
		}
		groups = append(groups, pluginhost.NewGroupRecord(g))
		m := identity.Members{GroupID: id, UserIDs: slices.Sorted(maps.Keys(s.members[id])), ChildIDs: s.children[id]}
		if s.flat {
			m.ChildIDs = nil
		}
		members = append(members, pluginhost.NewMembersRecord(m))
	}
	return groups, members
}

// ReadUsers implements Connector.
func (s *system) ReadUsers(ctx context.Context, _ pluginhost.ReadOptions, sink pluginhost.UserSink) (pluginhost.End, error) {
	users := s.listed()
	if s.broken {
		users = users[:len(users)/2]
	}
	return s.end(len(users)), sink.Users(ctx, pluginhost.UserPage{Users: users})
}

// ReadGroups implements Connector.
func (s *system) ReadGroups(ctx context.Context, _ pluginhost.ReadOptions, sink pluginhost.GroupSink) (pluginhost.End, error) {
	groups, members := s.memberships()
	return s.end(len(groups)), sink.Groups(ctx, pluginhost.GroupPage{Groups: groups, Members: members})
}

// Lookup implements Connector.
func (s *system) Lookup(_ context.Context, by pluginhost.LookupBy) (pluginhost.Found, error) {
	s.mu.Lock()
	s.lookups++
	s.mu.Unlock()
	if s.mute {
		return pluginhost.Found{}, &pluginhost.Failure{Reason: pluginhost.ReasonUnavailable, Message: "no answer"}
	}
	if g, ok := s.groups[by.GroupID]; ok {
		return pluginhost.Found{Groups: []identity.Group{g}, Children: s.children[by.GroupID], Nested: true}, nil
	}
	for id, u := range s.users {
		if id == by.ID || by.Email != "" && identity.Fold(u.Email) == by.Email {
			found := pluginhost.Found{User: u}
			for g, m := range s.members {
				if m[id] {
					found.Groups = append(found.Groups, s.groups[g])
				}
			}
			return found, nil
		}
	}
	return pluginhost.Found{}, &pluginhost.Failure{Reason: pluginhost.ReasonNotFound, Message: "not found"}
}

// ReadState implements Connector. Targeted reads answer with everything, which
// readers must bear, and forget nobody.
func (s *system) ReadState(ctx context.Context, o pluginhost.StateOptions, sink pluginhost.StateSink) (pluginhost.End, error) {
	if hidden := s.hidden; len(o.UserIDs)+len(o.Emails)+len(o.GroupIDs)+len(o.GroupNames) > 0 {
		s.hidden = nil
		defer func() { s.hidden = hidden }()
	}
	page := pluginhost.StatePage{Users: s.listed()}
	page.Groups, page.Members = s.memberships()
	return s.end(len(page.Users)), sink.State(ctx, page)
}

// Apply implements Connector.
func (s *system) Apply(_ context.Context, _ string, ops []pluginhost.Operation, result func(pluginhost.Result)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := map[string]string{}
	for _, op := range ops {
		s.writes++
		r := pluginhost.Result{OperationID: op.ID, Outcome: pluginhost.Applied}
		switch op.Kind {
		case schema.CreateUser:
			s.next++
			u := *op.User
			u.ID = fmt.Sprintf("n%d", s.next)
			s.users[u.ID], r.RemoteID, made[op.ID] = u, u.ID, u.ID
		case schema.UpdateUser:
			u := s.users[op.User.ID]
			for _, f := range op.Changed {
				switch f {
				case "email":
					u.Email = op.User.Email
				case "display_name":
					u.DisplayName = op.User.DisplayName
				}
			}
			s.users[u.ID] = u
		case schema.ActivateUser, schema.DeactivateUser:
			u := s.users[op.User.ID]
			if s.liar {
				break
			}
			u.Active = op.Kind == schema.ActivateUser
			s.users[u.ID] = u
		case schema.DeleteUser:
			s.drop(op.User.ID)
		case schema.CreateGroup:
			s.next++
			r.RemoteID = fmt.Sprintf("ng%d", s.next)
			s.group(r.RemoteID, op.Group.Name)
		case schema.UpdateGroup:
			g := s.groups[op.Group.ID]
			g.Description = op.Group.Description
			s.groups[g.ID] = g
		case schema.DeleteGroup:
			delete(s.groups, op.Group.ID)
			delete(s.members, op.Group.ID)
		case schema.AddMember, schema.RemoveMember:
			id := op.Member.UserID
			if id == "" {
				id = made[op.Member.UserOperation]
			}
			if op.Kind == schema.AddMember {
				s.members[op.Member.GroupID][id] = true
			} else {
				delete(s.members[op.Member.GroupID], id)
			}
		}
		result(r)
	}
	return nil
}

type connectors map[string]*system

// Get implements Connectors.
func (c connectors) Get(_ context.Context, ref string) (Connector, error) { return c[ref], nil }

// bench is an engine between two systems of this process.
type bench struct {
	testing.TB
	e        *Engine
	hr, app  *system
	now      time.Time
	database *sqlite.DB
}

const refs = "source.fake.hr"

// fileOf is a gateway.hcl whose sync has the body.
func fileOf(body string) string {
	return "source \"fake\" \"hr\" {}\ntarget \"fake\" \"app\" {}\nsync \"staff\" {\n  from = [source.fake.hr]\n  to = target.fake.app\n" + body + "\n}\n"
}

// newBench runs the sync whose body is given, over a real store.
func newBench(t testing.TB, dir, body string) *bench {
	t.Helper()
	text := fileOf(body)
	cfg, ds := config.Parse([]byte(text), "gateway.hcl", config.World{})
	if ds.HasErrors() {
		t.Fatalf("%v", ds)
	}
	st, err := sqlite.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{TB: t, hr: newSystem(), app: newSystem(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), database: st}
	b.e = &Engine{Store: st, Config: cfg, Connectors: connectors{refs: b.hr, "target.fake.app": b.app}, Log: hclog.NewNullLogger(),
		Now: func() time.Time { return b.now }}
	return b
}

func (b *bench) close() { _ = b.database.Close() }

// run runs the sync; every run is a minute after the last.
func (b *bench) run(o Options) *Report {
	b.Helper()
	b.now = b.now.Add(time.Minute)
	r, err := b.e.Run(context.Background(), "staff", o)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// company is n people, all in "everybody", the first few in "engineering".
func (b *bench) company(n int) {
	b.hr.group("g1", "everybody")
	b.hr.group("g2", "engineering")
	for i := range n {
		id := fmt.Sprintf("s%d", i)
		b.hr.put(id, fmt.Sprintf("p%d@example.org", i), fmt.Sprintf("Person %d", i), true)
		b.hr.members["g1"][id] = true
		if i < 5 {
			b.hr.members["g2"][id] = true
		}
	}
}

// account is the target's account with the address.
func (b *bench) account(mail string) *identity.User {
	for _, u := range b.app.users {
		if identity.Fold(u.Email) == mail {
			return &u
		}
	}
	return nil
}

// approve releases a plan, as the API does.
func (b *bench) approve(digest, who string, only ...string) {
	b.Helper()
	err := b.database.Update(context.Background(), func(tx store.Tx) error {
		return tx.PutApproval(store.Approval{Digest: digest, Who: who, Only: only, At: b.now, Expires: b.now.Add(24 * time.Hour)})
	})
	if err != nil {
		b.Fatal(err)
	}
}
