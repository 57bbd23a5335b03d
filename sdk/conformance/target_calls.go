package conformance

import (
	"context"
	"fmt"
	"slices"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/plug"
)

// applied is what an Apply answered.
type applied struct {
	results map[string]*pb.OperationResult
	times   map[string]int
	status  error
}

// apply carries out operations; those without an id get one.
func (b *bench) apply(ctx context.Context, ops ...*pb.Operation) (*applied, error) {
	s, err := b.connector(ctx)
	if err != nil {
		return nil, err
	}
	b.world = nil
	b.number(ops)
	a := carry(ctx, s, b.runID(), ops, nil)
	if a.status != nil {
		return a, fmt.Errorf("the Apply ended with a gRPC status, which means that the connector is broken: %w", a.status)
	}
	return a, nil
}

// runID names a run of its own: what a connector found out in one, such as who is
// protected, it may keep for that run.
func (b *bench) runID() string {
	b.ops++
	return fmt.Sprintf("kit-run-%d-%d", b.lane, b.ops)
}

func (b *bench) number(ops []*pb.Operation) {
	for _, op := range ops {
		if op.GetId() == "" {
			b.ops++
			op.Id = fmt.Sprintf("kit-%d-%d", b.lane, b.ops)
		}
	}
}

// carry calls Apply; each, if not nil, is told of every result as it comes.
func carry(ctx context.Context, s *plug.Session, run string, ops []*pb.Operation, each func()) *applied {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	a := &applied{results: map[string]*pb.OperationResult{}, times: map[string]int{}}
	stream, err := pb.NewTargetServiceClient(s.Conn).Apply(ctx, &pb.ApplyRequest{RunId: run, Operations: ops})
	if a.status = err; err != nil {
		return a
	}
	a.status = receive(stream.Recv, func(m *pb.ApplyResponse) {
		if r := m.GetResult(); r != nil {
			a.results[r.GetOperationId()] = r
			a.times[r.GetOperationId()]++
			if each != nil {
				each()
			}
		}
	})
	return a
}

// ended is an error unless the operation ended in one of the outcomes.
func (a *applied) ended(op *pb.Operation, outcomes ...pb.OperationResult_Outcome) error {
	r := a.results[op.GetId()]
	switch {
	case r == nil:
		return fmt.Errorf("%s has no result", what(op))
	case slices.Contains(outcomes, r.GetOutcome()):
		return nil
	}
	return fmt.Errorf("%s ended in %s (%s), not in %v", what(op), short(r.GetOutcome()), r.GetFailure().GetMessage(), shorts(outcomes))
}

func what(op *pb.Operation) string {
	text := op.GetKind().String()
	for _, subject := range []string{op.GetUser().GetId(), op.GetUser().GetEmail(), op.GetGroup().GetId(), op.GetGroup().GetName(), op.GetMember().GetUserId()} {
		if subject != "" {
			return text[len("OPERATION_KIND_"):] + " " + subject
		}
	}
	return text
}

func short(o pb.OperationResult_Outcome) string { return o.String()[len("OUTCOME_"):] }

func shorts(list []pb.OperationResult_Outcome) []string {
	var out []string
	for _, o := range list {
		out = append(out, short(o))
	}
	return out
}

const (
	outApplied = pb.OperationResult_OUTCOME_APPLIED
	outAlready = pb.OperationResult_OUTCOME_ALREADY
	outFailed  = pb.OperationResult_OUTCOME_FAILED
	outNot     = pb.OperationResult_OUTCOME_NOT_ATTEMPTED
)
