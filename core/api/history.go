package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"syncgateway/core/engine"
	"syncgateway/core/store"
)

// Status tells the state of everything.
func (s *Service) Status(ctx context.Context) (*StatusAnswer, error) {
	a := &StatusAnswer{Version: s.Gateway.Version, Daemon: s.Daemon, Config: s.Gateway.Config.Filename, Syncs: []SyncStatus{}}
	err := s.Gateway.Store.View(ctx, func(v store.Reader) error {
		for _, c := range s.Gateway.Config.Syncs {
			st := SyncStatus{Name: c.Name, To: c.To.Ref(), Outcomes: map[string]int{}}
			for _, from := range c.From {
				st.From = append(st.From, from.Ref())
			}
			if s.Schedule != nil {
				st.Next = s.Schedule.Next(c.Name)
			}
			st.Now = s.Gateway.Running(c.Name)
			if err := fillStatus(v, &st); err != nil {
				return err
			}
			var err error
			if st.Budgets, err = s.Gateway.Engine.BudgetUse(v, c.Name); err != nil {
				return err
			}
			if st.Drift, err = s.Gateway.Engine.Drift(v, c.Name); err != nil {
				return err
			}
			a.Syncs = append(a.Syncs, st)
		}
		return nil
	})
	if err != nil {
		return nil, s.fault(err)
	}
	tokens, err := s.Tokens(ctx, "")
	now := time.Now()
	for i := range tokens {
		if nearness(&tokens[i], now) != 0 {
			a.Warnings = append(a.Warnings, expiry(&tokens[i], now))
		}
	}
	return a, err
}

func fillStatus(v store.Reader, st *SyncStatus) error {
	runs, err := v.Runs(st.Name, 1)
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		st.Last = &runs[0]
	}
	ids, err := v.Syncs()
	if err != nil {
		return err
	}
	id, ok := ids[st.Name]
	if !ok {
		return nil
	}
	if st.Outcomes, err = v.Outcomes(id); err != nil {
		return err
	}
	if st.Paused, err = engine.ViewPause(v, id); err != nil {
		return err
	}
	if st.Leaving, err = leaving(v, id); err != nil {
		return err
	}
	st.Held, err = heldPlanOf(v, st.Last)
	return err
}

// heldPlanOf is the plan that the last run of a sync left waiting, nil without one.
func heldPlanOf(v store.Reader, last *store.Run) (*HeldPlan, error) {
	if last == nil || last.State != store.RunHeld {
		return nil, nil
	}
	h := &HeldPlan{Digest: last.Digest, Release: engine.ApproveCommand(last.Digest, nil)}
	as, err := v.Approvals(last.Digest)
	for _, a := range as {
		if a.UsedBy != "" { // a part was released: what is left is another plan
			return nil, nil
		}
	}
	h.Approvals, _ = given(v, last.Digest, time.Now())
	return h, err
}

// leaving are the people whose time of grace runs, in the order in which it ends.
func leaving(v store.Reader, id store.SyncID) ([]LeavingEntry, error) {
	graces, err := v.Graces(id)
	if err != nil {
		return nil, err
	}
	ps := make([]store.ID, len(graces))
	for i, g := range graces {
		ps[i] = g.P
	}
	people, err := v.People(ps)
	if err != nil {
		return nil, err
	}
	labels := map[store.ID]string{}
	for _, p := range people {
		labels[p.P] = p.Label
	}
	var out []LeavingEntry
	for _, g := range graces {
		out = append(out, LeavingEntry{Person: labels[g.P], Since: g.Since, Due: g.Due, Reason: g.Reason})
	}
	slices.SortStableFunc(out, func(a, b LeavingEntry) int { return a.Due.Compare(b.Due) })
	return out, nil
}

// Runs lists runs, newest first.
func (s *Service) Runs(ctx context.Context, sync string, limit int) (runs []store.Run, err error) {
	err = s.Gateway.Store.View(ctx, func(v store.Reader) error {
		runs, err = v.Runs(sync, limit)
		return err
	})
	if err != nil {
		return nil, s.fault(err)
	}
	return runs, nil
}

// Show tells one run in full; the newest for an empty id.
func (s *Service) Show(ctx context.Context, id string) (*ShowAnswer, error) {
	a := &ShowAnswer{Operations: []engine.OperationView{}}
	err := s.Gateway.Store.View(ctx, func(v store.Reader) (err error) {
		if a.Run, err = findRun(v, id); err != nil {
			return err
		}
		a.Report = a.Run.Detail
		if p, err := v.Plan(a.Run.Digest); err == nil {
			a.Plan = p.Body
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return v.Operations(a.Run.ID, func(op store.Operation) error {
			view, err := engine.ViewOperation(op)
			a.Operations = append(a.Operations, view)
			return err
		})
	})
	if err != nil {
		return nil, s.fault(err)
	}
	return a, nil
}

func findRun(v store.Reader, id string) (store.Run, error) {
	if id != "" {
		return v.Run(id)
	}
	runs, err := v.Runs("", 1)
	if err == nil && len(runs) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Run{}, err
	}
	return v.Run(runs[0].ID)
}

// People lists the people of a sync with an outcome.
func (s *Service) People(ctx context.Context, sync, outcome string, limit int) (people []store.Person, err error) {
	if s.Gateway.Config.Sync(sync) == nil {
		return nil, s.noSync(sync)
	}
	err = s.Gateway.Store.View(ctx, func(v store.Reader) error {
		ids, err := v.Syncs()
		if err != nil {
			return err
		}
		people, err = v.PeopleWith(ids[sync], outcome, limit)
		return err
	})
	if err != nil {
		return nil, s.fault(err)
	}
	return people, nil
}
