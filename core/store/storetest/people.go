package storetest

import (
	"fmt"
	"time"

	"syncgateway/core/store"
)

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
