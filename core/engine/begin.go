package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"syncgateway/core/apply"
	"syncgateway/core/audit"
	"syncgateway/core/store"
)

// newRunID is short enough to type and sorts by time.
func newRunID(now time.Time) string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	return now.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b[:])
}

// begin takes the target, closes what an earlier process left open, and journals the
// run.
func (r *run) begin(ctx context.Context) error {
	return r.Store.Update(ctx, func(tx store.Tx) (err error) {
		if r.sid, err = tx.Sync(r.sync.Name); err != nil {
			return err
		}
		if r.target, err = tx.Endpoint(r.sync.To.Ref()); err != nil {
			return err
		}
		r.sources = map[store.EndpointID]*sourceSide{}
		for i, c := range r.sync.From {
			ep, err := tx.Endpoint(c.Ref())
			if err != nil {
				return err
			}
			r.sources[ep] = r.side(r.sync, i, c)
		}
		if err := r.interrupted(tx); err != nil {
			return err
		}
		r.rec = store.Run{ID: newRunID(r.began), Sync: r.sync.Name, Endpoint: r.target, Mode: r.o.Mode, State: store.RunRunning,
			Started: r.began, Trigger: cmp.Or(r.o.Trigger, "cli")}
		if err := r.lease(tx); err != nil {
			return err
		}
		return tx.PutRun(r.rec)
	})
}

// leaseLasts is how long a run may hold its target without being heard of.
const leaseLasts = 6 * time.Hour

// lease takes the target for this run: ErrBusy while another run, of this gateway or
// of one that shares the store, is writing to it.
func (r *run) lease(tx store.Tx) error {
	l, err := tx.Lease(r.target)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && r.began.Before(l.Until) {
		holder, err := tx.Run(l.Owner)
		if err == nil && holder.State == store.RunRunning {
			return fmt.Errorf("%w: run %s", ErrBusy, l.Owner)
		}
	}
	return tx.PutLease(store.Lease{Endpoint: r.target, Owner: r.rec.ID, Until: r.began.Add(leaseLasts)})
}

// interrupted marks runs that a crash left open: the data directory is ours alone, so
// nobody else can be running them.
func (r *run) interrupted(tx store.Tx) error {
	const recent = 20
	runs, err := tx.Runs("", recent)
	if err != nil {
		return err
	}
	for _, old := range runs {
		if old.State == store.RunRunning && old.Endpoint == r.target {
			old.State, old.Ended, old.Summary = store.RunInterrupted, r.began, "the gateway ended in the middle of it"
			if err := tx.PutRun(old); err != nil {
				return err
			}
		}
	}
	return nil
}

// mark marks everybody when that was asked for, or when the configuration is not the
// one they were last mapped with.
func (r *run) mark(ctx context.Context) error {
	return r.Store.Update(ctx, func(tx store.Tx) error {
		st, err := tx.SyncState(r.sid)
		epoch, _, _ := strings.Cut(st.Epoch, epochGroups)
		r.remapped = epoch != r.sync.Epoch
		if err != nil {
			return err
		}
		if err := r.heed(tx); err != nil {
			return err
		}
		if !r.remapped && !r.o.Everyone {
			return nil
		}
		if r.remapped {
			if err := r.record(tx, audit.Config, configChange{From: epoch, To: r.sync.Epoch}); err != nil {
				return err
			}
		}
		return r.markEverybody(tx, r.sync.Epoch)
	})
}

// finish closes the run's record.
func (r *run) finish(ctx context.Context, failed error) error {
	ctx = context.WithoutCancel(ctx)
	r.rec.Ended, r.rec.Digest = r.Now(), r.report.Digest
	switch {
	case failed != nil:
		r.rec.State, r.rec.Summary = store.RunFailed, failed.Error()
	case r.report.Apply != nil:
		r.rec.State, r.rec.Summary = store.RunDone, summary(r.report.Apply)
		if r.report.Held() {
			r.rec.State, r.rec.Summary = store.RunHeld, fmt.Sprintf("%d steps are held: %s; %s", r.report.Waiting, r.report.Verdict.Trips[0].Message, r.rec.Summary)
		} else if !r.report.Apply.Done() {
			r.rec.State = store.RunFailed
		}
	case r.report.Held():
		r.rec.State, r.rec.Summary = store.RunHeld, "held: "+r.report.Verdict.Trips[0].Message
	case r.report.Paused != nil:
		r.rec.State, r.rec.Summary = store.RunPlanned, "paused: "+r.report.Plan.Summary()
	case r.o.Apply:
		r.rec.State, r.rec.Summary = store.RunDone, "nothing to do"
	default:
		r.rec.State, r.rec.Summary = store.RunPlanned, r.report.Plan.Summary()
	}
	if failed == nil && len(r.report.Doubts()) > 0 {
		r.rec.State, r.rec.Summary = store.RunDoubtful, "nobody was removed, a read is not believed; "+r.rec.Summary
	}
	r.rec.Summary = r.Redact.String(r.rec.Summary)
	r.report.Run = r.rec
	err := r.Store.Update(ctx, func(tx store.Tx) (err error) {
		if r.report.Outcomes, err = tx.Outcomes(r.sid); err != nil {
			return err
		}
		r.rec.Detail, _ = json.Marshal(r.report) // plain data: cannot fail
		r.rec.Detail = r.Redact.Bytes(r.rec.Detail)
		if err := tx.PutLease(store.Lease{Endpoint: r.target, Owner: r.rec.ID, Until: r.rec.Ended}); err != nil {
			return err
		}
		if failed == nil {
			if err := r.applied(tx); err != nil {
				return err
			}
		}
		if r.report.Apply != nil {
			if err := r.record(tx, audit.Ended, endedEntry{State: r.rec.State, Summary: r.rec.Summary, Digest: r.rec.Digest}); err != nil {
				return err
			}
		}
		return tx.PutRun(r.rec)
	})
	if err != nil {
		return fmt.Errorf("close the run: %w", err)
	}
	return nil
}

func summary(a *apply.Report) string {
	s := fmt.Sprintf("%d applied", a.Applied)
	for _, x := range []struct {
		n    int
		what string
	}{{a.Already, "already so"}, {a.Failed, "failed"}, {a.NotAttempted, "not attempted"}, {a.Unknown, "without an answer"}} {
		if x.n > 0 {
			s += fmt.Sprintf(", %d %s", x.n, x.what)
		}
	}
	return s
}
