package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
)

// fate is what becomes of one operation.
type fate uint8

const (
	done        fate = iota // carried out and answered
	lostAnswer              // carried out, no answer
	neverDone               // neither
	unavailable             // not carried out, and the answer says so
	unclear                 // carried out, but the answer says unavailable
	refused                 // not carried out: refused
	unanswered              // carried out, and the call breaks off
	twice                   // answered twice, the second time as failed
)

// system is a target in this process. It keeps its own log of what changed.
type system struct {
	mu      sync.Mutex
	users   map[string]*identity.User
	groups  map[string]string          // name by id
	notes   map[string]string          // description by id
	members map[string]map[string]bool // by group id
	log     []string
	calls   [][]pluginhost.Operation
	next    int

	fate   func(op *pluginhost.Operation) fate
	auth   bool // the credential does not work
	blind  bool // reads do not end complete
	called func(n int)
}

func newSystem() *system {
	return &system{users: map[string]*identity.User{}, groups: map[string]string{}, notes: map[string]string{}, members: map[string]map[string]bool{},
		fate: func(*pluginhost.Operation) fate { return done }}
}

var errBroken = errors.New("the plugin is broken")

// Apply implements Target.
func (s *system) Apply(ctx context.Context, _ string, ops []pluginhost.Operation, result func(pluginhost.Result)) error {
	s.mu.Lock()
	s.calls = append(s.calls, ops)
	n := len(s.calls)
	s.mu.Unlock()
	if s.called != nil {
		s.called(n)
	}
	made := map[string]string{}
	for i := range ops {
		if err := ctx.Err(); err != nil {
			return err
		}
		op := &ops[i]
		if s.auth {
			result(pluginhost.Result{OperationID: op.ID, Outcome: pluginhost.Failed,
				Failure: &pluginhost.Failure{Reason: pluginhost.ReasonAuthentication, Message: "401"}})
			continue
		}
		f := s.fate(op)
		if f == neverDone {
			continue
		}
		if f == unavailable || f == refused || op.Member != nil && op.Member.UserOperation != "" && made[op.Member.UserOperation] == "" {
			r := pluginhost.Result{OperationID: op.ID, Outcome: pluginhost.Failed, Failure: &pluginhost.Failure{Reason: pluginhost.ReasonInvalid, Message: "no"}}
			if f == unavailable {
				r.Failure.Reason = pluginhost.ReasonUnavailable
			} else if f != refused {
				r.Outcome, r.Failure = pluginhost.NotAttempted, nil
			}
			result(r)
			continue
		}
		r := s.do(op, made)
		switch f {
		case lostAnswer:
		case unanswered:
			return errBroken
		case unclear:
			result(pluginhost.Result{OperationID: op.ID, Outcome: pluginhost.Failed, Failure: &pluginhost.Failure{Reason: pluginhost.ReasonUnavailable}})
		case twice:
			result(pluginhost.Result{OperationID: "somebody else's", Outcome: pluginhost.Applied})
			result(r)
			result(pluginhost.Result{OperationID: op.ID, Outcome: pluginhost.Failed})
		default:
			result(r)
		}
	}
	return nil
}

// do carries an operation out, once: what is so already changes nothing.
func (s *system) do(op *pluginhost.Operation, made map[string]string) pluginhost.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := pluginhost.Result{OperationID: op.ID, Outcome: pluginhost.Applied}
	changed := func(what string, is bool) {
		if !is {
			r.Outcome = pluginhost.Already
			return
		}
		s.log = append(s.log, what)
	}
	switch op.Kind {
	case schema.CreateGroup:
		for id, name := range s.groups {
			if identity.Fold(name) == identity.Fold(op.Group.Name) {
				r.RemoteID = id
			}
		}
		changed("create group "+op.Group.Name, r.RemoteID == "")
		if r.RemoteID == "" {
			s.next++
			r.RemoteID = fmt.Sprintf("G%d", s.next)
			s.groups[r.RemoteID], s.members[r.RemoteID] = op.Group.Name, map[string]bool{}
		}
	case schema.DeleteGroup:
		_, there := s.groups[op.Group.ID]
		changed("delete group "+s.groups[op.Group.ID], there)
		delete(s.groups, op.Group.ID)
		delete(s.members, op.Group.ID)
	case schema.UpdateGroup:
		changed("describe "+op.Group.ID, s.notes[op.Group.ID] != op.Group.Description)
		s.notes[op.Group.ID] = op.Group.Description
	case schema.CreateUser:
		for _, u := range s.users {
			if identity.Fold(u.Email) == identity.Fold(op.User.Email) {
				r.RemoteID = u.ID
			}
		}
		changed("create "+op.User.Email, r.RemoteID == "")
		if r.RemoteID == "" {
			s.next++
			u := *op.User
			u.ID = fmt.Sprintf("U%d", s.next)
			s.users[u.ID], r.RemoteID = &u, u.ID
		}
		made[op.ID] = r.RemoteID
	case schema.UpdateUser:
		u := s.users[op.User.ID]
		changed("update "+u.Email, u.DisplayName != op.User.DisplayName)
		u.DisplayName = op.User.DisplayName
	case schema.ActivateUser, schema.DeactivateUser:
		u := s.users[op.User.ID]
		changed(op.Kind.String()+" "+u.Email, u.Active != (op.Kind == schema.ActivateUser))
		u.Active = op.Kind == schema.ActivateUser
	case schema.DeleteUser:
		u := s.users[op.User.ID]
		changed("delete "+op.User.ID, u != nil)
		delete(s.users, op.User.ID)
	case schema.AddMember, schema.RemoveMember:
		id := op.Member.UserID
		if id == "" {
			id = made[op.Member.UserOperation]
		}
		m := s.members[op.Member.GroupID]
		changed(fmt.Sprintf("%s %s %s", op.Kind, id, op.Member.GroupID), m[id] != (op.Kind == schema.AddMember))
		m[id] = op.Kind == schema.AddMember
	}
	return r
}

// ReadState implements Target: what was asked for, or everything.
func (s *system) ReadState(ctx context.Context, o pluginhost.StateOptions, sink pluginhost.StateSink) (pluginhost.End, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blind {
		return pluginhost.End{Failure: &pluginhost.Failure{Reason: pluginhost.ReasonUnavailable, Message: "503"}}, nil
	}
	var page pluginhost.StatePage
	shown := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(s.users)) {
		u := s.users[id]
		if slices.Contains(o.UserIDs, id) || slices.ContainsFunc(o.Emails, func(e string) bool { return identity.Fold(e) == identity.Fold(u.Email) }) {
			page.Users, shown[id] = append(page.Users, pluginhost.NewUserRecord(*u)), true
		}
	}
	for id, name := range s.groups {
		named := slices.Contains(o.GroupIDs, id) || slices.ContainsFunc(o.GroupNames, func(n string) bool { return identity.Fold(n) == identity.Fold(name) })
		var in []string
		for u, is := range s.members[id] {
			if is && shown[u] {
				in = append(in, u)
			}
		}
		if named || len(in) > 0 {
			page.Groups = append(page.Groups, pluginhost.NewGroupRecord(identity.Group{ID: id, Name: name, Kind: "group", Description: s.notes[id]}))
			page.Members = append(page.Members, pluginhost.NewMembersRecord(identity.Members{GroupID: id, UserIDs: in}))
		}
	}
	return pluginhost.End{Complete: true}, sink.State(ctx, page)
}

// bench is a store and a target that agree: accounts a0… and groups g0… that exist.
type bench struct {
	testing.TB
	st       *sqlite.DB
	sys      *system
	opts     Options
	accounts map[string]store.ID
	groups   map[string]store.ID
	runs     int
}

func newBench(t testing.TB, dir string) *bench {
	b := &bench{TB: t, sys: newSystem(), accounts: map[string]store.ID{}, groups: map[string]store.ID{}}
	var err error
	if b.st, err = sqlite.Open(context.Background(), filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	b.opts = Options{Store: b.st, Target: b.sys, UserKind: "user", GroupKind: "group", MaxBatch: 4, Concurrency: 3,
		Now: func() time.Time { return time.Unix(1000, 0) }}
	b.update(func(tx store.Tx) error {
		if b.opts.Endpoint, err = tx.Endpoint("target.test.one"); err != nil {
			return err
		}
		b.opts.Sync, err = tx.Sync("staff")
		return err
	})
	return b
}

func (b *bench) update(f func(store.Tx) error) {
	b.Helper()
	if err := b.st.Update(context.Background(), f); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) view(f func(store.Reader) error) {
	b.Helper()
	if err := b.st.View(context.Background(), f); err != nil {
		b.Fatal(err)
	}
}

// account makes an account that both sides know and that is somebody's.
func (b *bench) account(ext string, p store.ID, active bool) {
	u := identity.User{ID: ext, Kind: "user", Email: ext + "@example.org", DisplayName: ext, Active: active}
	n := b.st.NewIDs(1)
	b.accounts[ext], b.sys.users[ext] = n, &u
	row := (&applier{Options: b.opts}).row(n, &u)
	b.update(func(tx store.Tx) error {
		if err := tx.PutAccounts([]store.Account{row}); err != nil {
			return err
		}
		return tx.PutLinks([]store.Link{{N: n, P: p, Sync: b.opts.Sync, Origin: "adopted"}})
	})
}

func (b *bench) group(ext, name string, members ...string) {
	n := b.st.NewIDs(1)
	b.groups[ext], b.sys.groups[ext], b.sys.members[ext] = n, name, map[string]bool{}
	g := identity.Group{ID: ext, Kind: "group", Name: name}
	b.update(func(tx store.Tx) error {
		var in []store.ID
		for _, m := range members {
			b.sys.members[ext][m] = true
			in = append(in, b.accounts[m])
			if err := tx.PutAccountSets([]store.AccountSet{{N: b.accounts[m], Groups: idset.Set{n}, Ours: idset.Set{n}}}); err != nil {
				return err
			}
		}
		if err := tx.PutGroupSets([]store.GroupSet{{N: n, Users: idset.Of(in)}}); err != nil {
			return err
		}
		return tx.PutGroups([]store.Group{{Head: store.Head{N: n, Ext: ext, Flags: store.Active}, Endpoint: b.opts.Endpoint,
			NameKey: identity.Fold(name), Record: identity.AppendGroup(nil, &g)}})
	})
}

func (b *bench) user(ext string) *plan.Ref { return &plan.Ref{ID: ext, Name: ext + "@example.org"} }

func create(p store.ID, mail string) plan.Step {
	return plan.Step{Head: plan.Head{Class: plan.CreateUser, P: p, Person: mail, User: &plan.Ref{Name: mail}}, Account: &identity.User{Kind: "user", Email: mail, Active: true}}
}

// run applies steps as a run of its own.
func (b *bench) run(ctx context.Context, steps []plan.Step) (Report, error) {
	b.runs++
	b.opts.Run = fmt.Sprintf("run%d", b.runs)
	return Run(ctx, b.opts, plan.Pack(steps...))
}

// journal is the operations of all runs.
func (b *bench) journal() (ops []store.Operation) {
	b.view(func(v store.Reader) error {
		for i := range b.runs {
			if err := v.Operations(fmt.Sprintf("run%d", i+1), func(op store.Operation) error { ops = append(ops, op); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	return ops
}

func (b *bench) unfinished() (n int) {
	b.view(func(v store.Reader) error {
		ops, err := v.Unfinished(b.opts.Endpoint)
		n = len(ops)
		return err
	})
	return n
}
