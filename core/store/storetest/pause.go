package storetest

import (
	"errors"
	"time"

	"syncgateway/core/store"
)

// pause: a sync is paused once, the last one who pauses it counts, and others are not.
func (s *suite) pause() {
	var a, b store.SyncID
	s.update(func(tx store.Tx) (err error) {
		if a, err = tx.Sync("a"); err != nil {
			return err
		}
		b, err = tx.Sync("b")
		return err
	})
	want := store.Pause{Sync: a, Since: time.UnixMicro(1_700_000_000_000_000).UTC(), Who: "ada", Reason: "look first", Run: "r1", Epoch: "e1"}
	s.update(func(tx store.Tx) error {
		s.check(tx.PutPause(store.Pause{Sync: a, Since: want.Since.Add(time.Hour), Who: "bao"}))
		return tx.PutPause(want)
	})
	none := func(sync store.SyncID) {
		s.Helper()
		s.view(func(v store.Reader) error {
			_, err := v.Paused(sync)
			equal(s, "not paused", errors.Is(err, store.ErrNotFound), true)
			return nil
		})
	}
	none(b)
	s.view(func(v store.Reader) error {
		got, err := v.Paused(a)
		equal(s, "pause", got, want)
		return err
	})
	s.update(func(tx store.Tx) error { return tx.DeletePause(a) })
	none(a)
}
