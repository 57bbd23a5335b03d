package storetest

import (
	"time"

	"syncgateway/core/store"
)

// drift: one of a person, counted by how long it has lasted.
func (s *suite) drift() {
	var a, b store.SyncID
	at := func(n int) time.Time { return time.Unix(int64(1000+n), 0).UTC() }
	of := func(p store.ID, missing bool, since ...int) store.Drift {
		d := store.Drift{P: p, Missing: missing}
		for _, n := range since {
			d.Differences = append(d.Differences, store.Difference{Field: "email", Pushed: "a@x.example", Pulled: "b@x.example", Since: at(n)})
		}
		return d
	}
	s.update(func(tx store.Tx) (err error) {
		if a, err = tx.Sync("a"); err != nil {
			return err
		}
		if b, err = tx.Sync("b"); err != nil {
			return err
		}
		s.check(tx.PutDrifts(a, []store.Drift{of(1, true, 5), of(2, false, 9, 3), of(3, false, 7), of(4, true, 8)}))
		return tx.PutDrifts(b, []store.Drift{of(5, true, 1)})
	})
	standing := func(limit int, want ...store.ID) {
		s.Helper()
		s.view(func(v store.Reader) error {
			ds, err := v.Drifts(a, limit)
			var ps []store.ID
			for _, d := range ds {
				ps = append(ps, d.P)
			}
			same(s, "drifts, the longest first", ps, want)
			return err
		})
	}
	standing(100, 2, 1, 3, 4)
	standing(2, 2, 1)
	count := func(after int, want store.DriftCount) {
		s.Helper()
		s.view(func(v store.Reader) error {
			c, err := v.CountDrift(a, at(after))
			equal(s, "count", c, want)
			return err
		})
	}
	count(7, store.DriftCount{Late: 1, Lost: 1, Contradicted: 2})
	count(0, store.DriftCount{Late: 4})
	count(9, store.DriftCount{Lost: 2, Contradicted: 2})
	s.update(func(tx store.Tx) error {
		s.check(tx.PutDrifts(a, []store.Drift{of(2, true, 20)}))
		return tx.DeleteDrifts([]store.ID{1, 4, 99})
	})
	standing(100, 3, 2)
	s.view(func(v store.Reader) error {
		ds, err := v.DriftsOf([]store.ID{1, 2, 5})
		if len(ds) != 2 {
			s.Fatalf("drifts of people: %v", ds)
		}
		same(s, "differences", ds[0].Differences, of(2, true, 20).Differences)
		equal(s, "missing", ds[0].Missing, true)
		equal(s, "of another sync", ds[1].P, store.ID(5))
		return err
	})
}
