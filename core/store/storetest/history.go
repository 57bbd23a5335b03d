package storetest

import (
	"errors"
	"reflect"
	"time"

	"syncgateway/core/store"
)

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
