package sdk

import (
	"context"
	"errors"
	"fmt"

	"syncgateway/sdk/internal/progress"
	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// Target is a connector that is written to. Beside these methods it implements
// BatchApplier or OperationApplier. ReadState reads everything, or only the records
// the request names; it is whole only when the writer's Complete was called and nil
// is returned.
type Target[C any] interface {
	Connector[C]
	ReadState(ctx context.Context, req StateRequest, w *StateWriter) error
}

// OperationApplier carries out one operation. It is asked one after the other, in an
// order that respects dependencies, and never for an operation whose predecessor
// failed; references to users and groups made in the same batch are filled in.
// A panic fails that operation alone.
type OperationApplier interface {
	ApplyOne(ctx context.Context, op Operation) (Result, error)
}

// BatchApplier carries out a batch in its own way, to merge operations into fewer
// requests or to run some side by side. The operations come in an order that
// respects dependencies. Each gets one result; when Apply returns without, nil means
// that the operation was not attempted, and an error is the failure of all the rest.
type BatchApplier interface {
	Apply(ctx context.Context, ops []Operation, results *ResultWriter) error
}

// UsageReader tells where groups are used, which people want to know before a group is
// emptied or deleted. A target whose system can tell implements it.
type UsageReader interface {
	GroupUsage(ctx context.Context, groupIDs []string) (GroupUsage, error)
}

// TargetPlugin makes a target ready to be served.
func TargetPlugin[C any](about About, t Target[C]) (*Plugin, error) {
	err := fits(t, method[BatchApplier]("Apply"), method[OperationApplier]("ApplyOne"), method[UsageReader]("GroupUsage"))
	if err != nil {
		return nil, err
	}
	if is[BatchApplier](t) == is[OperationApplier](t) {
		return nil, errors.New("the target needs a method Apply or ApplyOne, and not both")
	}
	about.Capabilities.GroupUsage = is[UsageReader](t)
	p, i := newPlugin(about, record.RoleTarget, t)
	p.Target = &targetRole{instance: i, impl: t, read: t.ReadState}
	return p, nil
}

// ServeTarget serves the target until the gateway ends it, and does not return.
func ServeTarget[C any](about About, t Target[C]) { serve(TargetPlugin(about, t)) }

type targetRole struct {
	*instance
	impl any
	read func(context.Context, StateRequest, *StateWriter) error
}

func (r *targetRole) ReadState(ctx context.Context, req StateRequest, sink wire.StateSink) error {
	if !r.ready.Load() {
		return wire.ErrUnconfigured
	}
	w := newStateWriter(sink, req.PageSize)
	return w.finish(r.read(progress.With(ctx, w.Waiting), req, w))
}

func (r *targetRole) Apply(ctx context.Context, runID string, ops []Operation, sink wire.ResultSink) error {
	if !r.ready.Load() {
		return wire.ErrUnconfigured
	}
	w := newResultWriter(sink, ops)
	ctx = progress.With(context.WithValue(ctx, runIDKey{}, runID), w.Waiting)
	sorted, stuck := inOrder(ops)
	for _, op := range stuck {
		w.Done(op.ID, Result{Outcome: OutcomeNotAttempted,
			Failure: Invalid("the operation comes after one that is not in its batch, or after itself")})
	}
	if batch, ok := r.impl.(BatchApplier); ok {
		return w.rest(guard(func() error { return batch.Apply(ctx, sorted, w) }))
	}
	one := r.impl.(OperationApplier)
	for _, op := range sorted {
		if err := ctx.Err(); err != nil {
			return w.rest(nil)
		}
		w.Done(op.ID, w.step(op, func(op Operation) (Result, error) { return one.ApplyOne(ctx, op) }))
	}
	return w.rest(nil)
}

func (r *targetRole) GroupUsage(ctx context.Context, groupIDs []string) (usage GroupUsage, err error) {
	if !r.ready.Load() {
		return usage, wire.ErrUnconfigured
	}
	reader, ok := r.impl.(UsageReader)
	if !ok {
		return usage, Unsupported("the connector cannot tell where groups are used")
	}
	err = guard(func() (err error) { usage, err = reader.GroupUsage(ctx, groupIDs); return err })
	return usage, err
}

type runIDKey struct{}

// RunID names the run an Apply belongs to, for the logs of the remote system.
func RunID(ctx context.Context) string {
	id, _ := ctx.Value(runIDKey{}).(string)
	return id
}

// guard makes an error of a panic, whose text goes to the log.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			panicked := wire.Panicked(p)
			panicked.Print(stderr)
			err = fmt.Errorf("whether this was carried out is unknown: %w", panicked)
		}
	}()
	return f()
}
