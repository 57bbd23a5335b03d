package storetest

import (
	"time"

	"syncgateway/core/store"
)

// leavers: a departure is open until it is confirmed or they return, and what is written
// of it again takes the place of what was.
func (s *suite) leavers() {
	var a, b store.SyncID
	at := func(n int) time.Time { return time.Unix(int64(1000+n), 0).UTC() }
	s.update(func(tx store.Tx) (err error) {
		if a, err = tx.Sync("a"); err != nil {
			return err
		}
		if b, err = tx.Sync("b"); err != nil {
			return err
		}
		return tx.PutLeavers([]store.Leaver{
			{Sync: a, P: 1, N: 11, Person: "one", Reason: "left", Said: at(0), Seen: at(1)},
			{Sync: a, P: 2, N: 12, Person: "two", Seen: at(2)},
			{Sync: a, P: 3, N: 13, Person: "three", Seen: at(3)},
			{Sync: b, P: 4, N: 14, Person: "four", Seen: at(4)},
		})
	})
	people := func(ls []store.Leaver) (ps []store.ID) {
		for _, l := range ls {
			ps = append(ps, l.P)
		}
		return ps
	}
	open := func(want ...store.ID) {
		s.Helper()
		s.view(func(v store.Reader) error {
			ls, err := v.OpenLeavers(a, 100)
			same(s, "open", people(ls), want)
			return err
		})
	}
	open(1, 2, 3)
	whole := store.Leaver{Sync: a, P: 1, N: 11, Person: "one", Reason: "left", Said: at(0), Seen: at(1), Asked: at(5), Confirmed: at(6), Tried: at(4)}
	s.update(func(tx store.Tx) error {
		return tx.PutLeavers([]store.Leaver{whole, {Sync: a, P: 2, N: 12, Person: "two", Seen: at(2), Returned: at(7)}})
	})
	open(3)
	s.view(func(v store.Reader) error {
		var got []store.Leaver
		s.check(v.Leavers(a, at(1), func(l store.Leaver) error { got = append(got, l); return nil }))
		same(s, "since", people(got), []store.ID{1, 2, 3})
		equal(s, "a departure", got[0], whole)
		departed, err := v.Departed([]store.ID{1, 2, 3, 4, 5})
		same(s, "departed", people(departed), []store.ID{1, 3, 4})
		return err
	})
	s.update(func(tx store.Tx) error { return tx.Prune(at(2)) })
	s.view(func(v store.Reader) error {
		departed, err := v.Departed([]store.ID{1, 3})
		same(s, "after pruning, who has departed stays known", people(departed), []store.ID{1, 3})
		return err
	})
}
