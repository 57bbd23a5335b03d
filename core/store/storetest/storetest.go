// Package storetest is the suite that every store passes: what the interfaces of
// package store promise, run against an implementation. It is not a test of how one of
// them works inside.
package storetest

import (
	"context"
	"errors"
	"fmt"
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

func operation(id, state string, n store.ID) store.Operation {
	return store.Operation{ID: id, Run: "r1", Endpoint: 1, Class: "add_member", P: 20, N: n, G: 10, State: state, Step: []byte(`{}`), At: time.Unix(100, 0)}
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
