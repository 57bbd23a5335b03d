package engine

import (
	"context"
	"fmt"
	"sync"

	"syncgateway/core/apply"
	"syncgateway/core/audit"
	"syncgateway/core/guard"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// keyedMutex locks by name.
type keyedMutex struct {
	mu sync.Mutex
	m  map[string]*sync.Mutex
}

func (k *keyedMutex) lock(key string) (unlock func()) {
	k.mu.Lock()
	if k.m == nil {
		k.m = map[string]*sync.Mutex{}
	}
	m := k.m[key]
	if m == nil {
		m = &sync.Mutex{}
		k.m[key] = m
	}
	k.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// judge stores the plan and what was found about people, and returns the part of the
// plan that may be applied.
func (r *run) judge(ctx context.Context, ev *evaluation) (allowed *plan.Plan, err error) {
	r.o.told.say(Progress{Stage: StageJudge})
	p := ev.plan(r.header())
	r.report.Plan = p
	sealed := sealing(p)
	if err := r.impacts(ctx, p, sealed); err != nil {
		return nil, fmt.Errorf("look where groups are used: %w", err)
	}
	err = r.Store.Update(ctx, func(tx store.Tx) error {
		if err := ev.keep(tx); err != nil {
			return err
		}
		r.report.Digest = sealed()
		if err := r.drifted(tx, ev); err != nil {
			return err
		}
		in, err := r.guardInput(tx, p)
		if err != nil {
			return err
		}
		if err := r.quotas(tx, p); err != nil {
			return err
		}
		r.report.Verdict = guard.Judge(in)
		r.explain(p)
		digest, err := r.approvedBut(tx, p, ev.spared)
		if err != nil {
			return err
		}
		if allowed, err = r.release(tx, p, digest); err != nil {
			return err
		}
		return r.putPlan(tx, p)
	})
	if err != nil {
		return nil, fmt.Errorf("store the plan: %w", err)
	}
	return allowed, nil
}

// sealing seals a plan while other things are done, and returns what waits for it.
func sealing(p *plan.Plan) (digest func() string) {
	sealed := make(chan struct{})
	go func() {
		defer close(sealed)
		p.Seal()
	}()
	return func() string {
		<-sealed
		return p.Digest()
	}
}

// The verdicts on a plan that are stored.
const (
	verdictAllow = "allow"
	verdictHold  = "hold"
	verdictEmpty = "empty"
)

func (r *run) putPlan(tx store.Tx, p *plan.Plan) error {
	verdict := verdictAllow
	switch {
	case p.Empty():
		verdict = verdictEmpty
	case r.report.Verdict.Hold():
		verdict = verdictHold
	}
	if err := r.recordPlan(tx, p, verdict); err != nil {
		return err
	}
	return tx.PutPlan(store.Plan{Digest: r.report.Digest, Sync: p.Sync, Run: r.rec.ID, Created: r.began, Verdict: verdict, Body: p.Packed()})
}

// quotas warns of licences that would run out.
func (r *run) quotas(tx store.Tx, p *plan.Plan) error {
	qs, err := tx.Quotas(r.target)
	if err != nil {
		return err
	}
	for _, q := range qs {
		if q.Unlimited {
			continue
		}
		gains, err := gaining(tx, p, &q)
		if err != nil {
			return err
		}
		if q.Used+gains > q.Total {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s has %d seats, %d are used, and this plan would use up to %d more: the last ones will be refused",
				q.Name, q.Total, q.Used, gains))
		}
	}
	return nil
}

// gaining counts the people of a plan who would begin to use the quota.
func gaining(tx store.Tx, p *plan.Plan, q *store.Quota) (int, error) {
	people, accounts := map[string]bool{}, map[store.ID]bool{}
	for _, s := range p.Steps.Heads() {
		switch {
		case s.Class == plan.CreateUser && q.NewUsers, s.Class == plan.AddMember && s.N == 0 && q.Groups.Has(s.G):
			people[s.Person] = true
		case s.Class == plan.AddMember && q.Groups.Has(s.G):
			accounts[s.N] = true
		}
	}
	ns := make([]store.ID, 0, len(accounts))
	for n := range accounts {
		ns = append(ns, n)
	}
	sets, err := tx.AccountSets(idset.Of(ns))
	for _, s := range sets {
		if len(s.Groups.Without(q.Groups)) < len(s.Groups) {
			delete(accounts, s.N) // uses one already
		}
	}
	return len(people) + len(accounts), err
}

func (r *run) applyOptions() apply.Options {
	d := r.conn.Description()
	return apply.Options{Store: r.Store, Target: r.conn, Endpoint: r.target, Sync: r.sid, Run: r.rec.ID, UserKind: r.sync.Users.Kind,
		GroupKind: r.sync.Groups.Kind, MaxBatch: d.Capabilities.MaxBatch, Concurrency: d.Capabilities.Concurrency, Now: r.Now,
		Progress: func(done, total int) {
			r.o.told.say(Progress{Stage: StageApply, Of: r.sync.To.Ref(), Unit: "steps", Done: done, Total: total})
		},
		Waiting: func(w pluginhost.Waiting) {
			r.o.told.say(Progress{Stage: StageApply, Of: r.sync.To.Ref(), Waiting: w.Reason, Until: w.Until})
		},
		Record: func(tx store.Tx, ops []audit.Operation) error {
			return r.record(tx, audit.Operations, ops)
		},
	}
}

// apply carries out what may be, then looks at the same people again without reading:
// who is as wanted now is settled, the others stay marked.
func (r *run) apply(ctx context.Context, ev *evaluation, p *plan.Plan) error {
	if err := r.carryOut(ctx, p.Steps); err != nil {
		return err
	}
	again := r.evaluation()
	again.removals, again.only, again.told = ev.removals, ev.looked, nil
	r.o.told.say(Progress{Stage: StageRecord})
	if err := r.Store.Views(ctx, again.runAhead); err != nil {
		return fmt.Errorf("look at the result: %w", err)
	}
	for _, f := range r.report.Apply.Failures {
		again.results.set(f.P, Failed, f.Step+": "+f.Reason)
	}
	return r.Store.Update(ctx, again.keep)
}

// exactly applies the steps of a plan that was made earlier, leaving out those that no
// longer fit what the target looks like now.
func (r *run) exactly(ctx context.Context) error {
	p := r.o.Exactly
	if p.Epoch != r.sync.Epoch || p.Target != r.sync.To.Ref() {
		return fmt.Errorf("%w: make a new plan", ErrStale)
	}
	r.rec.Mode = ModePlan
	read, err := r.readTarget(ctx, r.sync.To, r.users(r.sync.To.Ref()), r.o, &r.sync.Limits)
	r.report.Reads = append(r.report.Reads, read)
	if err != nil {
		return err
	}
	if read.Doubt != "" {
		return unread(r.sync.To.Ref(), read.Doubt)
	}
	r.report.Plan, r.report.Digest = p, p.Digest()
	var allowed *plan.Plan
	err = r.Store.Update(ctx, func(tx store.Tx) error {
		fit, drifted, err := r.resolve(tx, p)
		if err != nil {
			return err
		}
		r.report.Drifted = drifted
		in, err := r.guardInput(tx, fit)
		if err != nil {
			return err
		}
		if r.report.Verdict = guard.Judge(in); r.report.Verdict.Hold() {
			if err := r.putPlan(tx, p); err != nil {
				return err
			}
		}
		allowed, err = r.release(tx, fit, p.Digest())
		return err
	})
	if err != nil || allowed.Empty() {
		return err
	}
	if p.Undoes != "" {
		return r.takeBack(ctx, allowed)
	}
	return r.carryOut(ctx, allowed.Steps)
}

// identify is used by lookups of one person.
func identify(arg string) []pluginhost.LookupBy {
	arg = identity.Fold(arg)
	return []pluginhost.LookupBy{{Email: arg}, {Username: arg}, {ID: arg}}
}
