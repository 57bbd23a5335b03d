package storetest

import (
	"time"

	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// ownGroups: whose a group is stays, whether it is retired may change, and the version
// of groups moves on with every change of one and with nothing else.
func (s *suite) ownGroups() {
	ep := s.endpoint("target.a.a")
	var sync store.SyncID
	version := func() (n int64) {
		s.Helper()
		s.view(func(v store.Reader) (err error) { n, err = v.GroupsVersion(); return err })
		return n
	}
	equal(s, "first version", version(), int64(1))
	moved := func(what string, f func(store.Tx) error, want bool) {
		s.Helper()
		before := version()
		s.update(f)
		equal(s, what+" moves the version", version() != before, want)
	}
	group := store.Group{Head: store.Head{N: 1, Ext: "g", Flags: store.Active}, Endpoint: ep, NameKey: "g"}
	moved("a group", func(tx store.Tx) error { return tx.PutGroups([]store.Group{group}) }, true)
	moved("flags of a group", func(tx store.Tx) error { return tx.SetFlags([]store.Head{{N: 1, Flags: store.Gone}}, true) }, true)
	moved("flags of an account", func(tx store.Tx) error { return tx.SetFlags([]store.Head{{N: 1}}, false) }, false)
	moved("nothing", func(tx store.Tx) error { return tx.PutGroups(nil) }, false)
	moved("an account", func(tx store.Tx) error { return tx.PutAccounts([]store.Account{account(2, ep, "x")}) }, false)
	moved("ownership", func(tx store.Tx) (err error) {
		if sync, err = tx.Sync("a"); err != nil {
			return err
		}
		return tx.PutOwnGroups(sync, []store.ID{1, 7})
	}, false)
	moved("a retirement", func(tx store.Tx) error { return tx.PutRetired([]store.ID{7}, true) }, true)
	s.update(func(tx store.Tx) error { return tx.PutGroupsSettled(sync, 12) })
	s.view(func(v store.Reader) error {
		own, err := v.OwnGroups(sync)
		s.check(err)
		same(s, "own", own, []store.ID{1, 7})
		there, err := v.OwnGroupCount(sync)
		s.check(err)
		equal(s, "own and there", there, 0) // one is gone, and one was never seen
		retired, err := v.RetiredGroups(sync)
		s.check(err)
		same(s, "retired", retired, []store.ID{7})
		settled, err := v.GroupsSettled(sync)
		equal(s, "settled", settled, int64(12))
		return err
	})
	s.update(func(tx store.Tx) error { return tx.PutGroups([]store.Group{group}) })
	s.view(func(v store.Reader) error {
		there, err := v.OwnGroupCount(sync)
		equal(s, "own and there again", there, 1)
		return err
	})
	s.update(func(tx store.Tx) error {
		s.check(tx.PutOwnGroups(sync, []store.ID{7})) // once ours, it stays as it is
		return tx.PutRetired([]store.ID{7}, false)
	})
	s.view(func(v store.Reader) error {
		retired, err := v.RetiredGroups(sync)
		equal(s, "retired", len(retired), 0)
		return err
	})
}

// evidence: what accounts looked like at a run stays what it was.
func (s *suite) evidence() {
	ep := s.endpoint("source.a.a")
	var sync store.SyncID
	s.update(func(tx store.Tx) (err error) {
		if sync, err = tx.Sync("a"); err != nil {
			return err
		}
		s.check(tx.PutRun(store.Run{ID: "r1", Sync: "a", Started: time.Unix(1000, 0)}))
		s.check(tx.PutAccounts([]store.Account{account(1, ep, "one"), account(2, ep, "two"), account(3, ep, "three")}))
		s.check(tx.PutAccountSets([]store.AccountSet{{N: 1, Groups: idset.Of([]store.ID{8, 9})}}))
		s.check(tx.PutPersonAccounts(sync, []store.PersonAccount{{N: 1, P: 10}, {N: 2, P: 10}, {N: 3, P: 11}}))
		return tx.KeepEvidence("r1", sync, []store.ID{10, 12})
	})
	changed := account(1, ep, "uno")
	changed.Record, changed.Flags = []byte("other"), store.Gone
	s.update(func(tx store.Tx) error { return tx.PutAccounts([]store.Account{changed}) })
	s.view(func(v store.Reader) error {
		got, err := v.Evidence("r1", 10)
		s.check(err)
		if len(got) != 2 || got[0].N != 1 || got[0].Flags != store.Active || got[0].Endpoint != ep || string(got[0].Record) != string(account(1, ep, "").Record) {
			s.Fatalf("evidence: %+v", got)
		}
		same(s, "groups", got[0].Groups, []store.ID{8, 9})
		equal(s, "no groups", len(got[1].Groups), 0)
		other, err := v.Evidence("r1", 11)
		equal(s, "of somebody else", len(other), 0)
		return err
	})
	s.update(func(tx store.Tx) error { return tx.Prune(time.Unix(2000, 0)) })
	s.view(func(v store.Reader) error {
		got, err := v.Evidence("r1", 10)
		equal(s, "after pruning", len(got), 0)
		return err
	})
}
