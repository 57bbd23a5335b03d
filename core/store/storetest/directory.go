package storetest

import (
	"errors"
	"fmt"
	"time"

	"syncgateway/core/store"
)

var entryTime = time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC)

func userEntry(ep store.EndpointID, n store.ID, seq int64) (store.Entry, []store.EntryKey) {
	name := fmt.Sprintf("user%d", n)
	return store.Entry{N: n, Endpoint: ep, Kind: store.UserEntry, ID: "id-" + name, Name: name, Seq: seq, Position: seq, Created: entryTime, Modified: entryTime,
		Record: []byte("r" + name), Document: []byte("d" + name)}, []store.EntryKey{{Attribute: "userName", Value: name, Unique: true}, {Attribute: "team", Value: "all"}}
}

// directory: entries, their keys and members, changes since, and what is undone.
func (s *suite) directory() {
	ep, other := s.endpoint("source.scim.a"), s.endpoint("source.scim.b")
	s.update(func(tx store.Tx) error {
		for n := store.ID(1); n <= 5; n++ {
			seq, err := tx.NextSeq(ep)
			s.check(err)
			e, keys := userEntry(ep, n, seq)
			s.check(tx.PutEntry(e, keys))
		}
		e, keys := userEntry(other, 100, 1)
		s.check(tx.PutEntry(e, keys))
		s.check(tx.PutEntry(store.Entry{N: 50, Endpoint: ep, Kind: store.GroupEntry, ID: "g", Name: "group", Seq: 6, Position: 6}, nil))
		return tx.PutEntryMembers(ep, 7, []store.EntryMember{{Group: 50, Member: 1}, {Group: 50, Member: 2}, {Group: 50, Member: 3}})
	})
	s.view(func(v store.Reader) error {
		e, err := v.Entry(ep, "id-user2")
		s.check(err)
		want, _ := userEntry(ep, 2, 2)
		equal(s, "an entry", fmt.Sprintf("%+v", e), fmt.Sprintf("%+v", want))
		if _, err := v.Entry(other, "id-user2"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("an entry of another endpoint: %v", err)
		}
		all := store.EntryQuery{Endpoint: ep, Kind: store.UserEntry, Limit: 3}
		same(s, "the first page", s.entryNames(v, all), []string{"user1", "user2", "user3"})
		all.After = 3
		same(s, "the page behind it", s.entryNames(v, all), []string{"user4", "user5"})
		all.After, all.Offset = 0, 4
		same(s, "an offset", s.entryNames(v, all), []string{"user5"})
		both := store.EntryQuery{Endpoint: ep, Kind: store.UserEntry, Limit: 9, All: []store.EntryCondition{{Attribute: "team", Equals: "all"}, {Attribute: "userName", Equals: "user4"}}}
		same(s, "two keys", s.entryNames(v, both), []string{"user4"})
		with := store.EntryQuery{Endpoint: ep, Kind: store.GroupEntry, Limit: 9, All: []store.EntryCondition{{Attribute: "member", Equals: "id-user3"}}}
		same(s, "groups with a member", s.entryNames(v, with), []string{"group"})
		n, err := v.EntryCount(store.EntryQuery{Endpoint: ep, Kind: store.UserEntry})
		s.check(err)
		equal(s, "how many", n, 5)
		who, err := v.EntryWith(ep, store.UserEntry, store.EntryKey{Attribute: "userName", Value: "user5"})
		s.check(err)
		equal(s, "who has a key", who, 5)
		return nil
	})
	s.entryChanges(ep)
	s.entryParts(ep)
}

func (s *suite) entryNames(v store.Reader, q store.EntryQuery) []string {
	s.Helper()
	found, err := v.Entries(q)
	s.check(err)
	var out []string
	for _, e := range found {
		out = append(out, e.Name)
	}
	return out
}

// entryChanges: what is deleted is told to those who follow, until it is forgotten.
func (s *suite) entryChanges(ep store.EndpointID) {
	s.update(func(tx store.Tx) error {
		s.check(tx.PutEntryMembers(ep, 8, []store.EntryMember{{Group: 50, Member: 2, Gone: true}}))
		e, err := tx.Entry(ep, "id-user4")
		s.check(err)
		e.Gone, e.Seq, e.Record, e.Document = true, 9, nil, nil
		s.check(tx.PutEntry(e, []store.EntryKey{}))
		return tx.TouchEntries([]store.ID{50}, 8, entryTime.Add(time.Hour))
	})
	s.view(func(v store.Reader) error {
		changed, err := v.EntriesSince(ep, store.UserEntry, 5, 0, 10)
		s.check(err)
		if len(changed) != 2 || changed[1].ID != "id-user4" || !changed[1].Gone {
			s.Errorf("users since: %+v", changed)
		}
		ms, err := v.MembersSince(ep, 7, 8, store.EntryMember{}, 10)
		s.check(err)
		if len(ms) != 1 || ms[0].ID != "id-user2" || !ms[0].Gone {
			s.Errorf("memberships since: %+v", ms)
		}
		now, err := v.EntryMembers(50, 1, 10)
		s.check(err)
		if len(now) != 1 || now[0].Member != 3 {
			s.Errorf("members behind the first: %+v", now)
		}
		n, err := v.EntryCount(store.EntryQuery{Endpoint: ep, Kind: store.UserEntry})
		s.check(err)
		equal(s, "how many are left", n, 4)
		who, err := v.EntryWith(ep, store.UserEntry, store.EntryKey{Attribute: "userName", Value: "user4"})
		s.check(err)
		equal(s, "who has the key of somebody deleted", who, 0)
		return nil
	})
	s.update(func(tx store.Tx) error { return tx.ForgetDeleted(ep, 9) })
	s.view(func(v store.Reader) error {
		if _, err := v.Entry(ep, "id-user4"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("somebody forgotten: %v", err)
		}
		last, forgotten, err := v.DirectorySeq(ep)
		s.check(err)
		equal(s, "the last change", last, 5)
		equal(s, "what is forgotten", forgotten, 9)
		return nil
	})
}

// entryParts: a part of a transaction that fails undoes itself alone.
func (s *suite) entryParts(ep store.EndpointID) {
	s.update(func(tx store.Tx) error {
		failed := errors.New("no")
		err := tx.Part(func() error {
			e, keys := userEntry(ep, 60, 60)
			s.check(tx.PutEntry(e, keys))
			return failed
		})
		if !errors.Is(err, failed) {
			s.Errorf("the part's error: %v", err)
		}
		return tx.Part(func() error {
			e, keys := userEntry(ep, 61, 61)
			return tx.PutEntry(e, keys)
		})
	})
	s.view(func(v store.Reader) error {
		if _, err := v.Entry(ep, "id-user60"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("what a failed part wrote: %v", err)
		}
		_, err := v.Entry(ep, "id-user61")
		return err
	})
}

// tokens: what is written comes back; uses and revocations overwrite, nothing else does.
func (s *suite) tokens() {
	t := store.Token{ID: "a", Source: "source.scim.idp", Name: "okta", Scope: "read-only", Hash: []byte{1, 2, 3}, Created: entryTime, Expires: entryTime.Add(time.Hour)}
	s.update(func(tx store.Tx) error { return tx.PutToken(t) })
	t.LastUsed, t.Revoked = entryTime.Add(time.Minute), entryTime.Add(2*time.Minute)
	s.update(func(tx store.Tx) error {
		changed := t
		changed.Hash, changed.Name = []byte{9}, "other"
		return tx.PutToken(changed)
	})
	s.view(func(v store.Reader) error {
		found, err := v.Tokens("source.scim.idp")
		s.check(err)
		if len(found) != 1 || fmt.Sprintf("%+v", found[0]) != fmt.Sprintf("%+v", t) {
			s.Errorf("tokens: %+v, want %+v", found, t)
		}
		none, err := v.Tokens("source.scim.other")
		s.check(err)
		equal(s, "tokens of another source", len(none), 0)
		return nil
	})
}
