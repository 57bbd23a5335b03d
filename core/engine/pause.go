package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"syncgateway/core/audit"
	"syncgateway/core/store"
)

// PauseView says since when and why a sync applies nothing.
type PauseView struct {
	Since  time.Time `json:"since"`
	Who    string    `json:"who,omitempty"`
	Reason string    `json:"reason"`
	Run    string    `json:"run,omitempty"` // the run that was undone
}

// ViewPause is the pause of a sync for people, nil when it is not paused.
func ViewPause(v store.Reader, sync store.SyncID) (*PauseView, error) {
	p, err := v.Paused(sync)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &PauseView{Since: p.Since, Who: p.Who, Reason: p.Reason, Run: p.Run}, nil
}

type pauseEntry struct {
	Reason string `json:"reason,omitempty"`
	Undoes string `json:"undoes,omitempty"`
}

// Pause makes runs of the sync plan only, until Resume or until the sync's
// configuration is another one. It is true when the sync was paused before.
func (e *Engine) Pause(ctx context.Context, sync, who, reason string) (was bool, err error) {
	s := e.Config.Sync(sync)
	if s == nil {
		return false, fmt.Errorf("there is no sync %q", sync)
	}
	err = e.Store.Update(ctx, func(tx store.Tx) error {
		id, err := tx.Sync(sync)
		if err != nil {
			return err
		}
		if _, err = tx.Paused(id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		was = err == nil
		return e.pause(tx, sync, store.Pause{Sync: id, Since: e.Now(), Who: who, Reason: reason, Epoch: s.Epoch})
	})
	return was, err
}

func (e *Engine) pause(tx store.Tx, sync string, p store.Pause) error {
	if err := e.audit(tx, audit.Event{Kind: audit.Paused, Who: p.Who, Sync: sync, Body: pauseEntry{p.Reason, p.Run}}); err != nil {
		return err
	}
	return tx.PutPause(p)
}

// Resume ends a pause. It is false when the sync was not paused.
func (e *Engine) Resume(ctx context.Context, sync, who string) (bool, error) {
	paused := false
	err := e.Store.Update(ctx, func(tx store.Tx) error {
		id, err := tx.Sync(sync)
		if err != nil {
			return err
		}
		if _, err := tx.Paused(id); errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		paused = true
		return e.resume(tx, sync, id, who, "")
	})
	return paused, err
}

func (e *Engine) resume(tx store.Tx, sync string, id store.SyncID, who, reason string) error {
	if err := e.audit(tx, audit.Event{Kind: audit.Resumed, Who: who, Sync: sync, Body: pauseEntry{Reason: reason}}); err != nil {
		return err
	}
	return tx.DeletePause(id)
}

// audit appends to the audit record, where there is one.
func (e *Engine) audit(tx store.Tx, ev audit.Event) error {
	if e.Audit == nil {
		return nil
	}
	return e.Audit.Append(tx, ev)
}

// heed makes the run a plan when its sync is paused. What was asked for step by step (a
// plan file, an undo) is not held up. Another configuration ends the pause: somebody
// has changed what the sync does.
func (r *run) heed(tx store.Tx) error {
	p, err := tx.Paused(r.sid)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if p.Epoch != r.sync.Epoch {
		return r.resume(tx, r.sync.Name, r.sid, r.o.Who, "the configuration is another one")
	}
	if r.o.Exactly != nil || r.o.Undo != nil {
		return nil
	}
	r.o.Apply = false
	r.report.Paused, err = ViewPause(tx, r.sid)
	return err
}
