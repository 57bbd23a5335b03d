package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"io"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost/internal/convert"
	pb "syncgateway/proto/gateway/plugin/v1"
)

// Apply has a target carry out operations and calls result for each as it ends, never
// twice for one. An operation for which it was not called when Apply returns an error
// may or may not have been carried out: read the record before doing anything else
// with it. The error is a *BrokenPlugin or the context's.
func (p *Plugin) Apply(ctx context.Context, runID string, ops []Operation, result func(Result)) error {
	return p.ApplyWaiting(ctx, runID, ops, result, func(Waiting) {})
}

// ApplyWaiting is Apply that also tells when the remote system asks for patience.
func (p *Plugin) ApplyWaiting(ctx context.Context, runID string, ops []Operation, result func(Result), waiting func(Waiting)) error {
	s, err := p.ready(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req := &pb.ApplyRequest{RunId: runID}
	open := make(map[string]bool, len(ops))
	for i := range ops {
		open[ops[i].ID] = true
		req.Operations = append(req.Operations, operation(&ops[i]))
	}
	stream, err := pb.NewTargetServiceClient(s.conn).Apply(ctx, req)
	if err != nil {
		return p.broken(ctx, s, "apply", err)
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return nil
		}
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("it ended without a result for %d of %d operations", len(open), len(ops))
		}
		if err != nil {
			return p.broken(ctx, s, "apply", err)
		}
		if w := m.GetWaiting(); w != nil {
			waiting(p.waiting(w))
		}
		if r := m.GetResult(); r != nil {
			if !open[r.GetOperationId()] {
				return p.broken(ctx, s, "apply", fmt.Errorf("it gave a result for %q, which has one or was not asked for",
					identity.Visible(r.GetOperationId(), 80)))
			}
			delete(open, r.GetOperationId())
			result(p.result(r))
		}
	}
}

func operation(op *Operation) *pb.Operation {
	m := &pb.Operation{Id: op.ID, Kind: pb.OperationKind(op.Kind), User: convert.User(op.User), Group: convert.Group(op.Group),
		Changed: op.Changed, IfVersion: op.IfVersion, After: op.After}
	if op.Member != nil {
		m.Member = &pb.Member{GroupId: op.Member.GroupID, UserId: op.Member.UserID, ChildGroupId: op.Member.ChildGroupID,
			GroupOperation: op.Member.GroupOperation, UserOperation: op.Member.UserOperation}
	}
	return m
}

// result decodes a result. An outcome that is not known counts as failed, and a
// failed one always says why.
func (p *Plugin) result(m *pb.OperationResult) Result {
	r := Result{OperationID: m.GetOperationId(), Outcome: Outcome(m.GetOutcome()), RemoteID: m.GetRemoteId(), Version: m.GetVersion(),
		Diagnostics: convert.Diagnostics(m.GetDiagnostics(), p.clean), RemoteStatus: p.clean(m.GetRemoteStatus())}
	if m.Failure != nil {
		r.Failure = p.failure(m.GetFailure())
	}
	if r.Outcome < Applied || r.Outcome > NotAttempted {
		r.Outcome = Failed
	}
	if r.Outcome == Failed && r.Failure == nil {
		r.Failure = &Failure{Reason: ReasonUnavailable, Message: "the plugin did not say why"}
	}
	return r
}

// Check runs the plugin's steps against the live system and tells of each as it ends.
// It returns an error when the plugin is at fault; a step that failed is not one.
func (p *Plugin) Check(ctx context.Context, step func(CheckStep)) error {
	s, err := p.ready(ctx)
	if err != nil {
		return err
	}
	stream, err := pb.NewPluginServiceClient(s.conn).Check(ctx, &pb.CheckRequest{})
	for err == nil {
		var m *pb.CheckResponse
		if m, err = stream.Recv(); err == nil {
			step(CheckStep{Name: p.clean(m.GetStep()), Outcome: CheckOutcome(m.GetOutcome()), Detail: p.clean(m.GetDetail()),
				Diagnostics: convert.Diagnostics(m.GetDiagnostics(), p.clean)})
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return p.broken(ctx, s, "check", err)
}
