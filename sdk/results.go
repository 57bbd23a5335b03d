package sdk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// Applied is the result of an operation that was carried out. remoteID is the id the
// system gave to what was created, empty for other kinds.
func Applied(remoteID string) Result {
	return Result{Outcome: OutcomeApplied, RemoteID: remoteID}
}

// Already is the result of an operation that had nothing to do. remoteID is the id of
// what was found when it should have been created.
func Already(remoteID string) Result {
	return Result{Outcome: OutcomeAlready, RemoteID: remoteID}
}

// Failed is the result of an operation that the system refused, or that got no usable
// answer (any error that is not a Failure).
func Failed(err error) Result {
	return Result{Outcome: OutcomeFailed, Failure: record.AsFailure(err)}
}

// ResultWriter takes the results of a batch and sends each at once, so that what is
// done is known whatever happens next. It may be used by several goroutines.
type ResultWriter struct {
	mu   sync.Mutex
	sink wire.ResultSink
	ops  []Operation
	done map[string]Result // zero Outcome: not yet
	err  error
}

func newResultWriter(sink wire.ResultSink, ops []Operation) *ResultWriter {
	w := &ResultWriter{sink: sink, ops: ops, done: make(map[string]Result, len(ops))}
	for _, op := range ops {
		w.done[op.ID] = Result{}
	}
	return w
}

// Done is how an operation ended. The first result of an operation counts; a second
// one, and one for an operation that is not in the batch, are logged and dropped.
func (w *ResultWriter) Done(operationID string, r Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before, asked := w.done[operationID]
	if !asked || before.Outcome != 0 {
		Logger(context.Background()).Warn("result dropped", "operation", operationID, "asked_for", asked)
		return
	}
	r.OperationID = operationID
	switch {
	case r.Outcome == 0 && r.Failure == nil:
		r = Result{OperationID: operationID, Outcome: OutcomeFailed, Failure: Unavailable("the connector gave a result without an outcome")}
	case r.Failure != nil && r.OK(), r.Outcome == 0:
		r.Outcome = OutcomeFailed
	}
	w.done[operationID] = r
	if w.err == nil {
		w.err = w.sink.Result(r)
	}
}

// Fail is Done with Failed(err).
func (w *ResultWriter) Fail(operationID string, err error) { w.Done(operationID, Failed(err)) }

// Waiting says that nothing is wrong, the remote system asked for patience. The
// client of package httpx says it by itself.
func (w *ResultWriter) Waiting(reason string, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = w.sink.Waiting(reason, until)
	}
}

// Result returns how an operation of the batch ended, and whether it has.
func (w *ResultWriter) Result(operationID string) (Result, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.done[operationID]
	return r, r.Outcome != 0
}

// Ready fills in the ids of what earlier operations of the batch have made. It
// returns a Result and false when the operation cannot be carried out, because one
// it depends on did not succeed.
func (w *ResultWriter) Ready(op Operation) (Operation, Result, bool) {
	for _, id := range predecessors(op) {
		if r, _ := w.Result(id); !r.OK() {
			return op, Result{Outcome: OutcomeNotAttempted,
				Failure: Unavailable("operation %s, which comes first, did not succeed", id)}, false
		}
	}
	var missing string
	fill := func(id *string, operation string) {
		if *id != "" || operation == "" {
			return
		}
		r, _ := w.Result(operation)
		if *id = r.RemoteID; *id == "" {
			missing = operation
		}
	}
	fill(&op.Member.GroupID, op.Member.GroupOperation)
	fill(&op.Member.UserID, op.Member.UserOperation)
	if missing != "" {
		return op, Result{Outcome: OutcomeNotAttempted,
			Failure: Invalid("operation %s gave no id for what it made", missing)}, false
	}
	return op, Result{}, true
}

func (w *ResultWriter) step(op Operation, apply func(Operation) (Result, error)) (r Result) {
	op, r, ok := w.Ready(op)
	if !ok {
		return r
	}
	err := guard(func() (err error) {
		r, err = apply(op)
		return err
	})
	if err != nil {
		failed := Failed(err)
		failed.RemoteStatus, failed.Problems = r.RemoteStatus, r.Problems
		return failed
	}
	if r.Outcome == 0 && r.Failure == nil {
		r.Outcome = OutcomeApplied
	}
	return r
}

// rest gives every operation that has none its result.
func (w *ResultWriter) rest(err error) error {
	for _, op := range w.ops {
		if _, done := w.Result(op.ID); done {
			continue
		}
		if err != nil {
			w.Fail(op.ID, err)
			continue
		}
		w.Done(op.ID, Result{Outcome: OutcomeNotAttempted})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return fmt.Errorf("send results: %w", w.err)
	}
	return nil
}
