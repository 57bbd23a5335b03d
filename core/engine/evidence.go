package engine

import (
	"context"
	"fmt"

	"syncgateway/core/apply"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// carryOut applies steps, and keeps before that what the sources show of the people
// concerned: `explain -at` tells it later.
func (r *run) carryOut(ctx context.Context, steps plan.Steps) error {
	var ps []store.ID
	for _, s := range steps.Heads() {
		if n := len(ps); s.P != 0 && (n == 0 || ps[n-1] != s.P) {
			ps = append(ps, s.P)
		}
	}
	err := r.Store.Update(ctx, func(tx store.Tx) error { return tx.KeepEvidence(r.rec.ID, r.sid, idset.Of(ps)) })
	if err != nil {
		return fmt.Errorf("keep what the sources show: %w", err)
	}
	r.o.told.say(Progress{Stage: StageApply, Of: r.sync.To.Ref(), Unit: "steps", Total: steps.Len()})
	report, err := apply.Run(ctx, r.applyOptions(), steps)
	r.report.Apply = &report
	return err
}
