package apply

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"syncgateway/core/audit"
	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// Target is what apply needs of a target plugin.
type Target interface {
	Apply(ctx context.Context, run string, ops []pluginhost.Operation, result func(pluginhost.Result)) error
	ReadState(ctx context.Context, o pluginhost.StateOptions, sink pluginhost.StateSink) (pluginhost.End, error)
}

// Options say where and how to apply.
type Options struct {
	Store       store.Store
	Target      Target
	Endpoint    store.EndpointID
	Sync        store.SyncID
	Run         string
	UserKind    string
	GroupKind   string
	MaxBatch    int // operations in one call; 0: 100
	Concurrency int // calls in flight; 0: 1
	Now         func() time.Time
	Progress    func(done, total int)    // may be nil
	Waiting     func(pluginhost.Waiting) // the target asked for patience; may be nil
	// Record is told of operations whose outcome is known, in the transaction that
	// journals it; may be nil.
	Record func(store.Tx, []audit.Operation) error
}

// Failure is one step that the target refused.
type Failure struct {
	P      store.ID `json:"-"`
	Step   string   `json:"step"`
	Reason string   `json:"reason"`
}

// Report counts the outcomes.
type Report struct {
	Applied      int       `json:"applied"`
	Already      int       `json:"already"`
	Failed       int       `json:"failed"`
	NotAttempted int       `json:"not_attempted"`
	Unknown      int       `json:"unknown"` // no answer: asked about before the next run
	Failures     []Failure `json:"failures,omitempty"`
}

// Done reports whether every step took effect.
func (r *Report) Done() bool { return r.Failed+r.NotAttempted+r.Unknown == 0 }

// ErrRefused ends an apply early: the credential does not work, so nothing will.
var ErrRefused = errors.New("the target refuses the credential")

const defaultBatch = 100

// applier applies one plan.
type applier struct {
	Options
	commit *committer
	steps  *plan.Steps

	mu      sync.Mutex
	report  Report
	done    int
	total   int
	groups  map[string]made   // groups this run made, by folded name
	users   map[store.ID]made // accounts this run made, by person
	refused error
	inside  map[store.ID]bool // groups that somebody was not taken out of
}

// Run applies the steps, which must be in the order of a plan. The error is for what
// stopped it (the plugin broke, the credential is refused, the store failed); what the
// target refused of single steps is in the report.
func Run(ctx context.Context, o Options, steps plan.Steps) (Report, error) {
	if o.MaxBatch <= 0 {
		o.MaxBatch = defaultBatch
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 1
	}
	a := &applier{Options: o, commit: newCommitter(o.Store), total: steps.Len(), steps: &steps, groups: map[string]made{}, users: map[store.ID]made{}, inside: map[store.ID]bool{}}
	defer a.commit.close()
	for _, phase := range phases(&steps) {
		if err := a.phase(ctx, phase); err != nil {
			return a.report, err
		}
	}
	return a.report, nil
}

// phase carries out the steps of these numbers.
func (a *applier) phase(ctx context.Context, steps []int32) error {
	if first := a.steps.At(int(steps[0])); !first.Remote() {
		return a.note(ctx, steps)
	}
	g, inPhase := errgroup.WithContext(ctx)
	g.SetLimit(a.Concurrency)
	for _, batch := range batches(a.steps, steps, a.MaxBatch) {
		if inPhase.Err() != nil || a.stopped() != nil {
			break
		}
		g.Go(func() error {
			if inPhase.Err() != nil || a.stopped() != nil {
				return nil // it waited for its turn, and the run ended meanwhile
			}
			return a.batch(inPhase, batch)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := a.stopped(); err != nil {
		return err
	}
	return ctx.Err()
}

func (a *applier) stopped() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refused
}

// note carries out what concerns the gateway's own books: links, and groups that are
// retired without a note in the target. Nothing is called.
func (a *applier) note(ctx context.Context, steps []int32) error {
	for part := range slices.Chunk(steps, notedAtOnce) {
		items := make([]*item, len(part))
		for i, at := range part {
			items[i] = a.item(at)
			items[i].op.State = store.OpApplied
			if user := items[i].step.User; user != nil {
				items[i].op.RemoteID = user.ID
			}
		}
		if err := a.finish(ctx, items); err != nil {
			return err
		}
	}
	return nil
}

// notedAtOnce is how many steps without a call are written in one transaction.
const notedAtOnce = 5000

func (a *applier) item(at int32) *item {
	s := a.steps.At(int(at))
	body, _ := json.Marshal(&s) // plain data: cannot fail
	return &item{step: s, op: store.Operation{ID: a.operationID(), Run: a.Run, Endpoint: a.Endpoint, Class: s.Class.String(),
		P: s.P, N: s.N, G: s.G, State: store.OpIntent, Step: body, At: a.Now()}}
}

// batch journals the intents, calls the target, and journals the results.
func (a *applier) batch(ctx context.Context, steps []int32) error {
	var items []*item
	byID := map[string]*item{}
	creating := map[store.ID]string{}
	for _, at := range steps {
		it := a.item(at)
		if !a.address(it, creating) {
			it.op.State, it.op.Answer = store.OpNotAttempted, "what comes before it was not done"
			if err := a.finish(ctx, []*item{it}); err != nil {
				return err
			}
			continue
		}
		items = append(items, it)
		byID[it.op.ID] = it
	}
	if len(items) == 0 {
		return nil
	}
	if err := a.commit.do(ctx, func(tx store.Tx) error { return tx.PutOperations(operations(items)) }); err != nil {
		return fmt.Errorf("journal the intent: %w", err)
	}
	return a.call(ctx, items, byID)
}

// call sends a batch. Results are committed while others are on their way, many at a time.
func (a *applier) call(ctx context.Context, items []*item, byID map[string]*item) error {
	wire := make([]pluginhost.Operation, len(items))
	for i, it := range items {
		wire[i] = it.wire
	}
	results := make(chan *item, len(items))
	written := make(chan error, 1)
	go func() { written <- a.drain(ctx, results) }()
	waiting := map[*item][]*item{} // memberships by their account, while nobody knows whether that was made
	err := a.send(ctx, wire, func(r pluginhost.Result) {
		it := byID[r.OperationID]
		if it == nil || it.answered {
			return // not asked for, or answered twice: the first answer counts
		}
		it.answered = true
		if a.judge(it, r); it.op.State == store.OpIntent {
			return
		}
		if account := it.account(byID); account != nil && !account.known {
			waiting[account] = append(waiting[account], it)
			return
		}
		for _, x := range append([]*item{it}, waiting[it]...) {
			x.known = true
			results <- x
		}
		delete(waiting, it)
	})
	close(results)
	if werr := <-written; werr != nil {
		return werr
	}
	unknown := 0
	a.mu.Lock()
	for _, it := range items {
		if !it.known {
			unknown++
			a.fail(it)
		}
	}
	a.report.Unknown += unknown
	a.mu.Unlock()
	if err != nil {
		return fmt.Errorf("apply a batch of %d operations (%d without an answer): %w", len(items), unknown, err)
	}
	return nil
}

// patient is a target that tells when the remote system asks for patience.
type patient interface {
	ApplyWaiting(ctx context.Context, run string, ops []pluginhost.Operation, result func(pluginhost.Result), waiting func(pluginhost.Waiting)) error
}

func (a *applier) send(ctx context.Context, ops []pluginhost.Operation, result func(pluginhost.Result)) error {
	if p, ok := a.Target.(patient); ok && a.Waiting != nil {
		return p.ApplyWaiting(ctx, a.Run, ops, result, a.Waiting)
	}
	return a.Target.Apply(ctx, a.Run, ops, result)
}

// gathering is how long results of a call wait for others before they are written. What
// a crash loses meanwhile the target is asked about, as of every result that was on its
// way.
const gathering = 100 * time.Millisecond

// drain commits results until there are no more, many at a time.
func (a *applier) drain(ctx context.Context, results <-chan *item) error {
	// A result must be written even when the run is being cancelled: it happened.
	ctx = context.WithoutCancel(ctx)
	var failed error
	for it := range results {
		batch := gather(it, results)
		if failed == nil {
			failed = a.finish(ctx, batch)
		}
	}
	return failed
}

// gather takes results that come soon after the first, until there are no more.
func gather(first *item, results <-chan *item) []*item {
	batch := []*item{first}
	enough := time.NewTimer(gathering)
	defer enough.Stop()
	for {
		select {
		case next, ok := <-results:
			if !ok {
				return batch
			}
			batch = append(batch, next)
		case <-enough.C:
			return batch
		}
	}
}

// judge turns the target's answer into the journal's terms.
func (a *applier) judge(it *item, r pluginhost.Result) {
	it.op.RemoteID, it.op.Answer, it.op.At = r.RemoteID, identity.Visible(r.RemoteStatus, 200), a.Now()
	switch r.Outcome {
	case pluginhost.Applied:
		it.op.State = store.OpApplied
	case pluginhost.Already:
		it.op.State = store.OpAlready
	case pluginhost.NotAttempted:
		it.op.State = store.OpNotAttempted
	default:
		it.op.State = store.OpFailed
	}
	if it.op.State == store.OpFailed && r.Failure != nil && r.Failure.Reason == pluginhost.ReasonUnavailable {
		it.op.State = store.OpIntent // it may have been carried out: asked about before the next run
	}
	if r.Failure != nil {
		it.op.Answer = identity.Visible(cmp.Or(r.Failure.Message, it.op.Answer), 400)
		if r.Failure.Reason == pluginhost.ReasonAuthentication {
			a.mu.Lock()
			a.refused = fmt.Errorf("%w: %s", ErrRefused, it.op.Answer)
			a.mu.Unlock()
		}
	}
	if (it.step.Class == plan.CreateUser || it.step.Class == plan.CreateGroup) && took(it.op.State) && r.RemoteID == "" {
		it.op.State, it.op.Answer = store.OpFailed, "the connector did not say which id the target gave"
	}
}

// finish writes results and what they mean for the mirror, and counts them.
func (a *applier) finish(ctx context.Context, items []*item) error {
	err := a.commit.do(ctx, func(tx store.Tx) error { return a.effects(tx, items) })
	if err != nil {
		return fmt.Errorf("journal the results: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, it := range items {
		a.count(it)
	}
	if a.Progress != nil {
		a.Progress(a.report.Applied+a.report.Already+a.report.Failed+a.report.NotAttempted, a.total)
	}
	return nil
}

// maxFailures bounds how many failures a report names; all are in the journal.
const maxFailures = 100

func (a *applier) count(it *item) {
	switch it.op.State {
	case store.OpApplied:
		a.report.Applied++
		return
	case store.OpAlready:
		a.report.Already++
		return
	case store.OpNotAttempted:
		a.report.NotAttempted++
	default:
		a.report.Failed++
	}
	a.fail(it)
}

// anyGroup stands for all groups that an account is in that was not deleted.
const anyGroup store.ID = 0

// fail names a step that did not work, or whose outcome nobody knows.
func (a *applier) fail(it *item) {
	switch it.step.Class {
	case plan.RemoveMember:
		a.inside[it.step.G] = true
	case plan.DeleteUser:
		a.inside[anyGroup] = true
	}
	if len(a.report.Failures) < maxFailures {
		a.report.Failures = append(a.report.Failures, Failure{P: it.op.P, Step: it.step.Line(),
			Reason: cmp.Or(it.op.Answer, "no answer: the target is asked about it before the next run")})
	}
}
