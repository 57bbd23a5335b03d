package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/selector"
	"syncgateway/core/store"
)

// Undo asks for the inverse of an earlier run.
type Undo struct {
	Run          string
	Only         selector.Selector // of the steps of that run
	Irreversible bool              // make again, as far as that goes, what cannot be taken back
}

// UndoReport is what an undo leaves out.
type UndoReport struct {
	Run          string   `json:"run"` // that is undone
	Only         []string `json:"only,omitempty"`
	Irreversible bool     `json:"irreversible,omitempty"`
	Left         []string `json:"left,omitempty"` // steps that are not taken back, and why
}

// ErrNothingToUndo: the run has not changed anything in the sync's target.
var ErrNothingToUndo = errors.New("there is nothing to undo")

// undo plans the inverse of an earlier run from its journal, under the same limits as
// any plan, and applies it if that was asked for. The target is read first: what is no
// longer as that run left it stays.
func (r *run) undo(ctx context.Context) error {
	r.rec.Mode = ModeUndo
	read, err := r.readTarget(ctx, r.sync.To, r.users(r.sync.To.Ref()), r.o, &r.sync.Limits)
	r.report.Reads = append(r.report.Reads, read)
	if err != nil {
		return err
	}
	if read.Doubt != "" {
		return unread(r.sync.To.Ref(), read.Doubt)
	}
	ev := r.evaluation()
	r.report.Undo = &UndoReport{Run: r.o.Undo.Run, Only: r.o.Undo.Only.Strings(), Irreversible: r.o.Undo.Irreversible}
	err = r.Store.View(ctx, func(v store.Reader) (err error) {
		ev.view = v
		if err := ev.prepare(); err != nil {
			return err
		}
		inv := &inverter{ev: ev, undo: r.o.Undo}
		steps, err := inv.run(r.target)
		ev.steps = plan.Pack(steps...)
		r.report.Undo.Left = inv.left
		return err
	})
	if err != nil {
		return fmt.Errorf("undo run %s: %w", r.o.Undo.Run, err)
	}
	allowed, err := r.judge(ctx, ev)
	if err != nil || !r.o.Apply || allowed.Empty() {
		return err
	}
	return r.takeBack(ctx, allowed)
}

// takeBack applies an inverse. The sync is paused first, since its next run would do
// again what was undone.
func (r *run) takeBack(ctx context.Context, p *plan.Plan) error {
	err := r.Store.Update(ctx, func(tx store.Tx) error {
		pause := store.Pause{Sync: r.sid, Since: r.Now(), Who: r.o.Who, Reason: "run " + p.Undoes + " was undone", Run: p.Undoes, Epoch: r.sync.Epoch}
		if err := r.pause(tx, r.sync.Name, pause); err != nil {
			return err
		}
		return r.markTouched(tx, p)
	})
	if err != nil {
		return fmt.Errorf("pause the sync: %w", err)
	}
	if err := r.carryOut(ctx, p.Steps); err != nil {
		return err
	}
	return r.Store.View(ctx, func(v store.Reader) (err error) {
		r.report.Paused, err = ViewPause(v, r.sid)
		return err
	})
}

// markTouched marks the people of a plan, so that the next run looks at them.
func (r *run) markTouched(tx store.Tx, p *plan.Plan) error {
	var ns, ps []store.ID
	for _, s := range p.Steps.Heads() {
		if s.P != 0 {
			ps = append(ps, s.P)
		}
		if s.N != 0 {
			ns = append(ns, s.N)
		}
	}
	accounts, err := tx.AccountsOf(r.sid, idset.Of(ps))
	if err != nil {
		return err
	}
	for _, pa := range accounts {
		ns = append(ns, pa.N)
	}
	return tx.MarkDirty(r.sid, idset.Of(ns))
}

// inverter makes the steps that take a run back.
type inverter struct {
	ev    *evaluation
	undo  *Undo
	left  []string
	steps []plan.Step
	now   *today               // what the target looks like
	again map[store.ID]bool    // groups that are made again, by their old id
	given map[[2]store.ID]bool // memberships among steps, by account and group
}

func (inv *inverter) leave(s *plan.Step, format string, args ...any) {
	inv.left = append(inv.left, s.Line()+": "+fmt.Sprintf(format, args...))
}

// run reads the journal of the run and inverts what took effect.
func (inv *inverter) run(target store.EndpointID) ([]plan.Step, error) {
	ops, err := inv.journal(target)
	if err != nil {
		return nil, err
	}
	if inv.now, err = lookAt(inv.ev, ops); err != nil {
		return nil, err
	}
	inv.again, inv.given = map[store.ID]bool{}, map[[2]store.ID]bool{}
	slices.SortStableFunc(ops, func(a, b done) int { return int(a.step.Class.Inverse()) - int(b.step.Class.Inverse()) })
	for i := range ops {
		if err := inv.one(&ops[i]); err != nil {
			return nil, err
		}
	}
	return inv.steps, inv.spareGroups()
}

// done is an operation that took effect.
type done struct {
	step plan.Step
	op   store.Operation
}

func (inv *inverter) journal(target store.EndpointID) ([]done, error) {
	var ops []done
	elsewhere := false
	if err := inv.undoable(); err != nil {
		return nil, err
	}
	err := inv.ev.view.Operations(inv.undo.Run, func(op store.Operation) error {
		if op.State != store.OpApplied {
			return nil
		}
		if op.Endpoint != target {
			elsewhere = true
			return nil
		}
		d := done{op: op}
		if err := json.Unmarshal(op.Step, &d.step); err != nil {
			return fmt.Errorf("operation %s in the journal: %w", op.ID, err)
		}
		d.step.P, d.step.N, d.step.G = op.P, op.N, op.G
		if inv.undo.Only.Matches(&d.step.Head) {
			ops = append(ops, d)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case elsewhere:
		return nil, fmt.Errorf("%w: the run wrote to another target than the sync has now", ErrNothingToUndo)
	case len(ops) == 0 && !inv.undo.Only.All():
		return nil, fmt.Errorf("%w: none of its steps that took effect is chosen by %s", ErrNothingToUndo, inv.undo.Only)
	case len(ops) == 0:
		return nil, fmt.Errorf("%w: none of its steps took effect, or its journal was forgotten", ErrNothingToUndo)
	}
	return ops, nil
}

// undoable tells whether the run is one of this sync, and has ended.
func (inv *inverter) undoable() error {
	run, err := inv.ev.view.Run(inv.undo.Run)
	switch {
	case err != nil:
		return err
	case run.Sync != inv.ev.sync.Name:
		return fmt.Errorf("%w: it was a run of sync %q", ErrNothingToUndo, run.Sync)
	case run.State == store.RunRunning:
		return errors.New("the run has not ended")
	}
	return nil
}
