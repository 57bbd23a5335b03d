// Package storetest is the suite that every store passes: what the interfaces of
// package store promise, run against an implementation. It is not a test of how one of
// them works inside.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// Run runs the suite. open opens a store that is empty at the first call of a test,
// and, at later calls of the same test after Close, is the same store again.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for name, f := range map[string]func(*suite){
		"Mirror": (*suite).mirror, "Groups": (*suite).groups, "Keys": (*suite).keys, "Dirty": (*suite).dirty,
		"People": (*suite).people, "Links": (*suite).links, "History": (*suite).history, "Plans": (*suite).plans,
		"Rollback": (*suite).rollback, "Snapshot": (*suite).snapshot, "IDs": (*suite).ids, "Reopen": (*suite).reopen,
		"Prune": (*suite).prune, "ApprovedRuns": (*suite).approvedRuns, "Audit": (*suite).audit, "OwnGroups": (*suite).ownGroups,
		"Evidence": (*suite).evidence, "Leavers": (*suite).leavers, "Drift": (*suite).drift, "Pause": (*suite).pause, "Directory": (*suite).directory, "Tokens": (*suite).tokens, "Concurrent": (*suite).concurrent, "Many": (*suite).many,
	} {
		t.Run(name, func(t *testing.T) {
			s := &suite{T: t, open: open}
			s.st = open(t)
			defer func() { s.check(s.st.Close()) }()
			f(s)
		})
	}
}

type suite struct {
	*testing.T
	open func(*testing.T) store.Store
	st   store.Store
}

func (s *suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) update(f func(store.Tx) error) {
	s.Helper()
	s.check(s.st.Update(s.Context(), f))
}

func (s *suite) view(f func(store.Reader) error) {
	s.Helper()
	s.check(s.st.View(s.Context(), f))
}

func (s *suite) endpoint(name string) (ep store.EndpointID) {
	s.Helper()
	s.update(func(tx store.Tx) (err error) { ep, err = tx.Endpoint(name); return err })
	return ep
}

func account(n store.ID, ep store.EndpointID, email string) store.Account {
	return store.Account{Head: store.Head{N: n, Ext: fmt.Sprintf("x%d", n), Flags: store.Active, Fingerprint: [16]byte{byte(n), 1}},
		Endpoint: ep, EmailKey: email, UsernameKey: "u" + email, ExternalKey: "e" + email, Record: []byte{byte(n), 0, 255}}
}

func equal[T comparable](s *suite, what string, got, want T) {
	s.Helper()
	if got != want {
		s.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func same[T comparable](s *suite, what string, got, want []T) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (s *suite) mirror() {
	a, b := s.endpoint("source.a.a"), s.endpoint("source.b.b")
	equal(s, "an endpoint's id stays", s.endpoint("source.a.a"), a)
	s.update(func(tx store.Tx) error {
		return tx.PutAccounts([]store.Account{account(1, a, "one"), account(2, a, ""), account(3, b, "one")})
	})
	changed := account(1, a, "uno")
	changed.Flags = 0
	s.update(func(tx store.Tx) error {
		s.check(tx.PutAccounts([]store.Account{changed}))
		return tx.SetFlags([]store.Head{{N: 2, Flags: store.Active | store.Gone}}, false)
	})
	s.view(func(v store.Reader) error {
		var heads []store.Head
		s.check(v.Heads(a, func(h store.Head) error { heads = append(heads, h); return nil }))
		equal(s, "accounts of the endpoint", len(heads), 2)
		got, err := v.Accounts([]store.ID{3, 1, 99})
		s.check(err)
		equal(s, "accounts found", len(got), 2)
		byExt, err := v.AccountsByExt(a, []string{"x1", "x3", "nobody"})
		s.check(err)
		equal(s, "by external id", len(byExt), 1)
		x := byExt[0]
		if x.N != 1 || x.EmailKey != "uno" || x.Flags != 0 || x.Fingerprint != changed.Fingerprint || string(x.Record) != string(changed.Record) || x.Endpoint != a {
			s.Errorf("account: %+v", x)
		}
		gone, err := v.Accounts([]store.ID{2})
		s.check(err)
		equal(s, "flags", gone[0].Flags, store.Active|store.Gone)
		return nil
	})
}

func (s *suite) keys() {
	a, b := s.endpoint("source.a.a"), s.endpoint("source.b.b")
	s.update(func(tx store.Tx) error {
		return tx.PutAccounts([]store.Account{account(1, a, "ann"), account(2, a, "ann"), account(3, b, "ann"), account(4, a, "")})
	})
	s.view(func(v store.Reader) error {
		for _, k := range []struct {
			key store.Key
			arg string
		}{{store.EmailKey, "ann"}, {store.UsernameKey, "uann"}, {store.ExternalKey, "eann"}} {
			got, err := v.AccountsByKey(a, k.key, []string{k.arg, "nobody", ""})
			s.check(err)
			same(s, "accounts with the key", got[k.arg], []store.ID{1, 2})
			equal(s, "an empty key finds nobody", len(got[""]), 0)
		}
		return nil
	})
}

func (s *suite) groups() {
	a := s.endpoint("target.a.a")
	group := func(n store.ID, name string) store.Group {
		return store.Group{Head: store.Head{N: n, Ext: fmt.Sprintf("g%d", n), Flags: store.Active}, Endpoint: a, NameKey: name, Record: []byte(name)}
	}
	s.update(func(tx store.Tx) error {
		s.check(tx.PutGroups([]store.Group{group(10, "devs"), group(11, "devs"), group(12, "ops")}))
		s.check(tx.PutGroupSets([]store.GroupSet{{N: 10, Users: idset.Set{1, 2, 70000}, Children: idset.Set{11, 12}}, {N: 11, Children: idset.Set{12}}, {N: 12}}))
		s.check(tx.PutAccountSets([]store.AccountSet{{N: 1, Groups: idset.Set{10, 12}, Ours: idset.Set{12}}}))
		s.check(tx.PutProtected(a, []store.Protected{{N: 1, Reason: "admin"}}))
		s.check(tx.PutQuotas(a, []store.Quota{{Name: "jira", Total: 5, Used: 4, Groups: idset.Set{10}}}))
		s.check(tx.PutPopulation(a, store.Population{Users: 1, Groups: 2, Memberships: 3}))
		return tx.PutCursor(a, store.Cursor{Users: []byte("u"), At: time.Unix(5, 0), FullAt: time.Unix(6, 0)})
	})
	s.view(func(v store.Reader) error {
		byName, err := v.GroupsByName(a, []string{"devs", "none"})
		s.check(err)
		equal(s, "groups of one name", len(byName["devs"]), 2)
		sets, err := v.GroupSets([]store.ID{10, 12})
		s.check(err)
		same(s, "members", sets[0].Users, idset.Set{1, 2, 70000})
		parents, err := v.Parents(a)
		s.check(err)
		same(s, "parents", parents[12], idset.Set{10, 11})
		as, err := v.AccountSets([]store.ID{1, 2})
		s.check(err)
		equal(s, "account sets", len(as), 1)
		same(s, "ours", as[0].Ours, idset.Set{12})
		ps, err := v.Protected(a)
		s.check(err)
		same(s, "protected", ps, []store.Protected{{N: 1, Reason: "admin"}})
		qs, err := v.Quotas(a)
		s.check(err)
		equal(s, "quota", qs[0].Total-qs[0].Used, 1)
		p, err := v.Population(a)
		s.check(err)
		equal(s, "population", p, store.Population{Users: 1, Groups: 2, Memberships: 3})
		c, err := v.Cursor(a)
		s.check(err)
		equal(s, "cursor", string(c.Users)+c.At.UTC().Format("05"), "u05")
		return nil
	})
}

func (s *suite) dirty() {
	a := s.endpoint("source.a.a")
	s.update(func(tx store.Tx) error {
		x, err := tx.Sync("x")
		s.check(err)
		y, err := tx.Sync("y")
		s.check(err)
		s.check(tx.PutAccounts([]store.Account{account(1, a, "1"), account(2, a, "2")}))
		s.check(tx.MarkDirty(x, []store.ID{7, 5, 7}))
		s.check(tx.MarkDirty(x, []store.ID{5}))
		s.check(tx.MarkAllDirty(y, a))
		s.check(tx.ClearDirty(x, []store.ID{7, 99}))
		got, err := tx.Dirty(x)
		s.check(err)
		same(s, "dirty of x", got, []store.ID{5})
		got, err = tx.Dirty(y)
		same(s, "dirty of y", got, []store.ID{1, 2})
		s.check(tx.PutSyncState(x, store.SyncState{Epoch: "e"}))
		st, err2 := tx.SyncState(x)
		s.check(err2)
		equal(s, "epoch", st.Epoch, "e")
		return err
	})
}

func (s *suite) people() {
	s.update(func(tx store.Tx) error {
		x, err := tx.Sync("x")
		s.check(err)
		s.check(tx.PutPeople([]store.Person{{P: 20, Sync: x, Key: "ann", Outcome: "in_sync"}, {P: 21, Sync: x, Key: "bob", Outcome: "planned", Detail: "d"}}))
		s.check(tx.PutPeople([]store.Person{{P: 20, Sync: x, Key: "anna", Label: "Anna", Outcome: "planned"}}))
		s.check(tx.PutPersonAccounts(x, []store.PersonAccount{{N: 1, P: 20}, {N: 2, P: 21}, {N: 3, P: 20}}))
		byKey, err := tx.PeopleByKey(x, []string{"ann", "anna", "bob"})
		s.check(err)
		equal(s, "people by key", fmt.Sprint(byKey), fmt.Sprint(map[string]store.ID{"anna": 20, "bob": 21}))
		of, err := tx.PeopleOf(x, []store.ID{3, 2, 9})
		s.check(err)
		same(s, "people of accounts", of, []store.PersonAccount{{N: 2, P: 21}, {N: 3, P: 20}})
		ep, err := tx.Endpoint("source.owners")
		s.check(err)
		s.check(tx.PutAccounts([]store.Account{{Head: store.Head{N: 902, Ext: "two", Flags: store.Active}, Endpoint: ep}, {Head: store.Head{N: 909, Ext: "nine", Flags: store.Gone}, Endpoint: ep}}))
		s.check(tx.PutPersonAccounts(x, []store.PersonAccount{{N: 902, P: 29}}))
		owners, err := tx.Owners(x, []store.ID{909, 902, 910})
		s.check(err)
		same(s, "owners", owners, []store.Owner{{N: 902, P: 29, Endpoint: ep, Ext: "two", Flags: store.Active}, {N: 909, Endpoint: ep, Ext: "nine", Flags: store.Gone}})
		as, err := tx.AccountsOf(x, []store.ID{20, 21})
		s.check(err)
		same(s, "accounts of people", as, []store.PersonAccount{{N: 1, P: 20}, {N: 3, P: 20}, {N: 2, P: 21}})
		outcomes, err := tx.Outcomes(x)
		s.check(err)
		equal(s, "outcomes", outcomes["planned"], 2)
		with, err := tx.PeopleWith(x, "planned", 1)
		s.check(err)
		equal(s, "people with an outcome", with[0].Key+with[0].Label, "annaAnna")
		s.check(tx.PutGraces(x, []store.Grace{{P: 20, Since: time.Unix(1, 0), Due: time.Unix(2, 0), Reason: "left"}}))
		gs, err := tx.Graces(x)
		s.check(err)
		equal(s, "grace", gs[0].Due.Unix(), 2)
		s.check(tx.PutOwnGroups(x, []store.ID{9, 8, 9}))
		own, err := tx.OwnGroups(x)
		s.check(err)
		same(s, "own groups", own, []store.ID{8, 9})
		s.check(tx.DeleteGraces([]store.ID{20}))
		gs, err = tx.Graces(x)
		equal(s, "graces", len(gs), 0)
		return err
	})
}

func (s *suite) links() {
	a := s.endpoint("target.a.a")
	s.update(func(tx store.Tx) error {
		x, err := tx.Sync("x")
		s.check(err)
		s.check(tx.PutAccounts([]store.Account{account(1, a, "1"), account(2, a, "2")}))
		s.check(tx.PutLinks([]store.Link{{N: 1, P: 20, Sync: x, Origin: "created", Run: "r"}}))
		n, err := tx.LinkCount(x)
		s.check(err)
		equal(s, "links", n, 1)
		s.check(tx.PutLinks([]store.Link{{N: 2, P: 20, Sync: x, Origin: "adopted", Run: "r"}}))
		of, err := tx.LinksOf([]store.ID{20})
		s.check(err)
		same(s, "a new link takes the place of the old", of, []store.Link{{N: 2, P: 20, Sync: x, Origin: "adopted", Run: "r"}})
		s.check(tx.SetFlags([]store.Head{{N: 2, Flags: store.Active | store.Gone}}, false))
		n, err = tx.LinkCount(x)
		s.check(err)
		equal(s, "links to accounts that are there", n, 0)
		s.check(tx.DeleteLinks([]store.ID{2}))
		to, err := tx.LinksTo([]store.ID{1, 2})
		equal(s, "links left", len(to), 0)
		return err
	})
	err := s.st.Update(s.Context(), func(tx store.Tx) error {
		return tx.PutLinks([]store.Link{{N: 1, P: 30}, {N: 1, P: 31}})
	})
	if err == nil {
		s.Error("one account was linked to two people")
	}
}

func operation(id, state string, n store.ID) store.Operation {
	return store.Operation{ID: id, Run: "r1", Endpoint: 1, Class: "add_member", P: 20, N: n, G: 10, State: state, Step: []byte(`{}`), At: time.Unix(100, 0)}
}

func (s *suite) history() {
	s.update(func(tx store.Tx) error {
		s.check(tx.PutRun(store.Run{ID: "r1", Sync: "x", Mode: "full", State: store.RunRunning, Started: time.Unix(100, 0)}))
		s.check(tx.PutRun(store.Run{ID: "r2", Sync: "y", Mode: "full", State: store.RunDone, Started: time.Unix(200, 0)}))
		s.check(tx.PutOperations([]store.Operation{operation("o1", store.OpIntent, 1), operation("o2", store.OpIntent, 2)}))
		done := operation("o1", store.OpApplied, 1)
		done.Answer, done.RemoteID = "204", "z"
		return tx.PutOperations([]store.Operation{done})
	})
	s.view(func(v store.Reader) error {
		runs, err := v.Runs("", 10)
		s.check(err)
		equal(s, "newest first", runs[0].ID, "r2")
		runs, err = v.Runs("x", 10)
		s.check(err)
		equal(s, "runs of x", len(runs), 1)
		open, err := v.Unfinished(1)
		s.check(err)
		equal(s, "unfinished", open[0].ID, "o2")
		var ids []string
		s.check(v.Operations("r1", func(o store.Operation) error { ids = append(ids, o.ID+o.State+o.Answer); return nil }))
		same(s, "in order", ids, []string{"o1applied204", "o2intent"})
		on, err := v.OperationsOn(20, 10)
		s.check(err)
		equal(s, "operations for a person", len(on), 2)
		n, err := v.Applied("x", "add_member", time.Unix(50, 0))
		s.check(err)
		equal(s, "applied since", len(n), 1)
		equal(s, "applied since in the group", n[10], 1)
		n, err = v.Applied("x", "add_member", time.Unix(101, 0))
		s.check(err)
		equal(s, "applied since later", len(n), 0)
		if _, err := v.Run("none"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("a run that is not there: %v", err)
		}
		return nil
	})
}

// What somebody approved is not counted against a budget.
func (s *suite) approvedRuns() {
	s.update(func(tx store.Tx) error {
		s.check(tx.PutRun(store.Run{ID: "r1", Sync: "x", State: store.RunRunning, Started: time.Unix(100, 0)}))
		s.check(tx.PutRun(store.Run{ID: "r2", Sync: "x", State: store.RunRunning, Started: time.Unix(100, 0)}))
		s.check(tx.PutRun(store.Run{ID: "r2", Sync: "x", State: store.RunDone, Started: time.Unix(100, 0), Approved: "ada"}))
		other := operation("o2", store.OpApplied, 1)
		other.Run = "r2"
		return tx.PutOperations([]store.Operation{operation("o1", store.OpApplied, 1), other})
	})
	s.view(func(v store.Reader) error {
		r, err := v.Run("r2")
		s.check(err)
		equal(s, "approved by", r.Approved, "ada")
		n, err := v.Applied("x", "add_member", time.Unix(50, 0))
		equal(s, "applied without approval", n[10], 1)
		return err
	})
}

func (s *suite) plans() {
	s.update(func(tx store.Tx) error {
		for _, c := range []store.AppliedConfig{{Epoch: "e1", Kept: []byte("1"), At: time.Unix(1, 0).UTC()}, {Epoch: "e2", Kept: []byte("2"), At: time.Unix(2, 0).UTC()}} {
			s.check(tx.PutAppliedConfig(1, c))
			got, err := tx.AppliedConfig(1)
			s.check(err)
			if !reflect.DeepEqual(got, c) {
				s.Errorf("%+v, want %+v", got, c)
			}
		}
		s.check(tx.PutPlan(store.Plan{Digest: "d1", Sync: "x", Created: time.Unix(1, 0), Verdict: "hold", Body: []byte("1")}))
		s.check(tx.PutPlan(store.Plan{Digest: "d2", Sync: "x", Created: time.Unix(2, 0), Verdict: "allow", Body: []byte("2")}))
		ann := store.Approval{Digest: "d1", Who: "ann", Only: []string{"group=a,b", "class=delete"}, Reason: "why", At: time.Unix(2, 0).UTC(), Expires: time.Unix(9, 0).UTC()}
		s.check(tx.PutApproval(ann))
		s.check(tx.PutApproval(store.Approval{Digest: "d1", Who: "ann", At: time.Unix(3, 0), Expires: time.Unix(9, 0)}))
		s.check(tx.PutApproval(store.Approval{Digest: "d1", Who: "bob", At: time.Unix(1, 0), Expires: time.Unix(9, 0)}))
		ann.UsedBy = "r1"
		s.check(tx.PutApproval(ann))
		s.check(tx.PutLease(store.Lease{Endpoint: 1, Owner: "me", Until: time.Unix(3, 0)}))
		last, err := tx.LatestPlan("x")
		s.check(err)
		equal(s, "latest", last.Digest, "d2")
		as, err := tx.Approvals("d1")
		s.check(err)
		equal(s, "approvals", len(as), 3)
		equal(s, "first", as[0].Who, "bob")
		if !reflect.DeepEqual(as[1], ann) {
			s.Errorf("%+v", as[1])
		}
		equal(s, "of all", len(as[2].Only), 0)
		as, err = tx.Approvals("none")
		s.check(err)
		equal(s, "approvals of another plan", len(as), 0)
		l, err := tx.Lease(1)
		s.check(err)
		equal(s, "lease", l.Owner, "me")
		for _, ask := range []func() error{
			func() error { _, err := tx.Plan("none"); return err },
			func() error { _, err := tx.AppliedConfig(9); return err },
			func() error { _, err := tx.Lease(9); return err },
			func() error { _, err := tx.LatestPlan("none"); return err },
		} {
			if err := ask(); !errors.Is(err, store.ErrNotFound) {
				s.Errorf("something that is not there: %v", err)
			}
		}
		return nil
	})
}

func (s *suite) rollback() {
	a := s.endpoint("source.a.a")
	boom := errors.New("boom")
	err := s.st.Update(s.Context(), func(tx store.Tx) error {
		s.check(tx.PutAccounts([]store.Account{account(1, a, "one")}))
		return boom
	})
	if !errors.Is(err, boom) {
		s.Errorf("the error was not passed on: %v", err)
	}
	s.view(func(v store.Reader) error {
		got, err := v.Accounts([]store.ID{1})
		equal(s, "accounts after a failed transaction", len(got), 0)
		return err
	})
}

// A view does not see what is written while it is open.
func (s *suite) snapshot() {
	a := s.endpoint("source.a.a")
	s.view(func(v store.Reader) error {
		if _, err := v.Accounts([]store.ID{1}); err != nil {
			return err
		}
		s.update(func(tx store.Tx) error { return tx.PutAccounts([]store.Account{account(1, a, "one")}) })
		got, err := v.Accounts([]store.ID{1})
		equal(s, "accounts in the older view", len(got), 0)
		return err
	})
}

func (s *suite) ids() {
	first := s.st.NewIDs(10)
	next := s.st.NewIDs(1)
	if first == 0 || next < first+10 {
		s.Errorf("ids overlap: 10 from %d, then %d", first, next)
	}
	a := s.endpoint("source.a.a")
	s.update(func(tx store.Tx) error { return tx.PutAccounts([]store.Account{account(next, a, "")}) })
	s.check(s.st.Close())
	s.st = s.open(s.T)
	if again := s.st.NewIDs(1); again <= next {
		s.Errorf("id %d was given again after %d", again, next)
	}
}

func (s *suite) reopen() {
	a := s.endpoint("source.a.a")
	s.update(func(tx store.Tx) error { return tx.PutAccounts([]store.Account{account(1, a, "one")}) })
	s.check(s.st.Close())
	s.st = s.open(s.T)
	s.view(func(v store.Reader) error {
		got, err := v.Accounts([]store.ID{1})
		equal(s, "accounts after reopening", len(got), 1)
		return err
	})
}

func (s *suite) prune() {
	s.history()
	s.update(func(tx store.Tx) error { return tx.Prune(time.Unix(150, 0)) })
	s.view(func(v store.Reader) error {
		if _, err := v.Run("r1"); err != nil {
			s.Errorf("the run of an unfinished operation was forgotten: %v", err)
		}
		open, err := v.Unfinished(1)
		equal(s, "unfinished operations", len(open), 1)
		n := 0
		s.check(v.Operations("r1", func(store.Operation) error { n++; return nil }))
		equal(s, "operations left", n, 1)
		return err
	})
}

// Writers wait for each other, and none is lost.
func (s *suite) concurrent() {
	a := s.endpoint("source.a.a")
	const writers, each = 8, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				err := s.st.Update(context.Background(), func(tx store.Tx) error {
					return tx.PutAccounts([]store.Account{account(store.ID(w*each+i+1), a, "x")})
				})
				if err != nil {
					s.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s.view(func(v store.Reader) error {
		n := 0
		err := v.Heads(a, func(store.Head) error { n++; return nil })
		equal(s, "accounts", n, writers*each)
		return err
	})
}

// Lists longer than any limit of a statement work.
func (s *suite) many() {
	a := s.endpoint("source.a.a")
	const n = 25_001
	accounts, ids, exts := make([]store.Account, n), make([]store.ID, n), make([]string, n)
	for i := range accounts {
		accounts[i] = account(store.ID(i+1), a, "")
		ids[i], exts[i] = accounts[i].N, accounts[i].Ext
	}
	var x store.SyncID
	s.update(func(tx store.Tx) (err error) {
		x, err = tx.Sync("x")
		s.check(err)
		s.check(tx.PutAccounts(accounts))
		s.check(tx.MarkDirty(x, ids))
		return tx.ClearDirty(x, ids[1:])
	})
	s.view(func(v store.Reader) error {
		got, err := v.Accounts(ids)
		s.check(err)
		equal(s, "by id", len(got), n)
		byExt, err := v.AccountsByExt(a, exts)
		s.check(err)
		equal(s, "by external id", len(byExt), n)
		dirty, err := v.Dirty(x)
		s.check(err)
		equal(s, "dirty", len(dirty), 1)
		return nil
	})
}
