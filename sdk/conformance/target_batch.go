package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/proxy"
)

func batchChecks() []check {
	const needs = needConfig | needRemote
	return []check{
		{id: "target.one-result", role: roleTarget, needs: needs, title: "Every operation has exactly one result, and no other has one",
			look: "the results that are sent: one for each operation of the batch, by its id", run: oneResult},
		{id: "target.bad-one", role: roleTarget, needs: needs, title: "A bad operation stops no other",
			look: "an error of one operation: it belongs into its result, and the next goes on", run: badOne},
		{id: "target.after", role: roleTarget, needs: needs, title: "What comes after something is done after it, whatever the order of the list",
			look: "Operation.after, and references to what the same batch makes", run: after},
		{id: "target.after-failed", role: roleTarget, needs: needs, title: "What comes after something that failed is not attempted",
			look: "Operation.after: when one of these did not succeed, the outcome is NOT_ATTEMPTED and nothing is done", run: afterFailed},
		{id: "target.lost-response", role: roleTarget, needs: needs | needProxy, slow: true, title: "After a lost response, repeating makes nothing twice",
			look: "requests that are made again, and the answer to what is there already", run: lostResponse},
		{id: "target.cancel", role: roleTarget, needs: needs | needProxy, title: "A batch that is cancelled has reported what was done",
			look: "when results are sent: each as soon as it is known, not at the end", run: cancelBatch},
	}
}

func oneResult(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	var ops []*pb.Operation
	for _, d := range b.deeds(w) {
		ops = append(ops, d.op)
	}
	a, err := b.apply(ctx, ops...)
	if err != nil {
		return err
	}
	var wrong []error
	asked := map[string]bool{}
	for _, op := range ops {
		asked[op.GetId()] = true
		r := a.results[op.GetId()]
		switch {
		case a.times[op.GetId()] != 1:
			wrong = append(wrong, fmt.Errorf("%s has %d results", what(op), a.times[op.GetId()]))
		case r.GetOutcome() == pb.OperationResult_OUTCOME_UNSPECIFIED:
			wrong = append(wrong, fmt.Errorf("%s has a result without an outcome", what(op)))
		case r.GetOutcome() == outFailed && r.GetFailure().GetReason() == pb.Failure_REASON_UNSPECIFIED:
			wrong = append(wrong, fmt.Errorf("%s failed without a reason", what(op)))
		}
	}
	for id := range a.results {
		if !asked[id] {
			wrong = append(wrong, fmt.Errorf("there is a result of %q, which was not asked for", id))
		}
	}
	b.sawf("%d operations", len(ops))
	return errors.Join(wrong...)
}

// one is an operation of a sort that the connector declares, on somebody.
func (b *bench) one(w *world, user string) (*pb.Operation, error) {
	switch {
	case b.declares(pb.OperationKind_OPERATION_KIND_ADD_MEMBER):
		return w.member(pb.OperationKind_OPERATION_KIND_ADD_MEMBER, "group0001", user), nil
	case b.declares(pb.OperationKind_OPERATION_KIND_DEACTIVATE_USER):
		return &pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_DEACTIVATE_USER, User: w.account(user)}, nil
	case b.declares(pb.OperationKind_OPERATION_KIND_DELETE_USER):
		return &pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_DELETE_USER, User: w.account(user)}, nil
	}
	return nil, Skip("the connector declares no operation on people who are there")
}

// bad is an operation that cannot succeed: it makes somebody a member who is not there,
// or changes them.
func (b *bench) bad(w *world) (*pb.Operation, error) {
	const nobody = "kitnobody00000000000"
	switch {
	case b.declares(pb.OperationKind_OPERATION_KIND_ADD_MEMBER):
		return &pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_ADD_MEMBER, Member: &pb.Member{GroupId: w.id("group0001"), UserId: nobody}}, nil
	case b.declares(pb.OperationKind_OPERATION_KIND_ACTIVATE_USER):
		return &pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_ACTIVATE_USER, User: &pb.User{Id: nobody}}, nil
	}
	return nil, Skip("the connector declares no operation that can fail for sure")
}

func badOne(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	first, err := b.one(w, "user0004")
	if err != nil {
		return err
	}
	last, _ := b.one(w, "user0005")
	wrong, err := b.bad(w)
	if err != nil {
		return err
	}
	a, err := b.apply(ctx, first, wrong, last)
	if err != nil {
		return err
	}
	return errors.Join(a.ended(first, outApplied), a.ended(wrong, outFailed), a.ended(last, outApplied))
}

func after(ctx context.Context, b *bench) error {
	for _, k := range []pb.OperationKind{pb.OperationKind_OPERATION_KIND_CREATE_USER, pb.OperationKind_OPERATION_KIND_CREATE_GROUP, pb.OperationKind_OPERATION_KIND_ADD_MEMBER} {
		if !b.declares(k) {
			return Skip("the connector does not declare %s", k)
		}
	}
	if _, err := b.seed(ctx, staff); err != nil {
		return err
	}
	user := &pb.Operation{Id: fmt.Sprintf("kit-user-%d", b.lane), Kind: pb.OperationKind_OPERATION_KIND_CREATE_USER, User: newcomer(903)}
	group := &pb.Operation{Id: fmt.Sprintf("kit-group-%d", b.lane), Kind: pb.OperationKind_OPERATION_KIND_CREATE_GROUP, Group: &pb.Group{Name: "kit-made-together"}}
	join := &pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_ADD_MEMBER, After: []string{user.Id, group.Id},
		Member: &pb.Member{UserOperation: user.Id, GroupOperation: group.Id}}
	a, err := b.apply(ctx, join, group, user)
	if err == nil {
		err = errors.Join(a.ended(user, outApplied), a.ended(group, outApplied), a.ended(join, outApplied))
	}
	if err != nil {
		return err
	}
	now, err := b.state(ctx)
	if err != nil {
		return err
	}
	if g := now.group(a.results[group.Id].GetRemoteId()); g == nil || !contains(g.Users, a.results[user.Id].GetRemoteId()) {
		return errors.New("the membership ended in APPLIED, and the remote system has none")
	}
	return nil
}

func afterFailed(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	before := w.state
	wrong, err := b.bad(w)
	if err != nil {
		return err
	}
	follower, err := b.one(w, "user0004")
	if err != nil {
		return err
	}
	wrong.Id = fmt.Sprintf("kit-bad-%d", b.lane)
	follower.After = []string{wrong.Id}
	a, err := b.apply(ctx, follower, wrong)
	if err == nil {
		err = errors.Join(a.ended(wrong, outFailed), a.ended(follower, outNot))
	}
	if err != nil {
		return err
	}
	return b.unchanged(ctx, before)
}

// lostResponse loses the answer to a change, and repeats the operation as the gateway
// does.
func lostResponse(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	tried := 0
	for _, d := range b.deeds(w) {
		k := d.op.GetKind()
		if k != pb.OperationKind_OPERATION_KIND_CREATE_USER && k != pb.OperationKind_OPERATION_KIND_ADD_MEMBER && k != pb.OperationKind_OPERATION_KIND_CREATE_GROUP {
			continue
		}
		tried++
		if err := b.lost(ctx, d); err != nil {
			return fmt.Errorf("%s, whose first answer was lost: %w", what(d.op), err)
		}
	}
	if tried == 0 {
		return Skip("the connector creates nothing")
	}
	return nil
}

func (b *bench) lost(ctx context.Context, d deed) error {
	before, err := b.state(ctx)
	if err != nil {
		return err
	}
	f := b.misbehave(&proxy.Fault{Kind: proxy.LoseEffect, Dump: func() string { return b.everything(ctx) }})
	a, err := b.apply(ctx, d.op)
	if err == nil {
		err = fired(f)
	}
	b.calm()
	if err != nil {
		return err
	}
	if r := a.results[d.op.GetId()]; r.GetOutcome() == outFailed && r.GetFailure().GetReason() != pb.Failure_REASON_UNAVAILABLE {
		return fmt.Errorf("nobody knows whether it was done, and it failed by %s (%s), not UNAVAILABLE", r.GetFailure().GetReason(), r.GetFailure().GetMessage())
	}
	if a, err = b.apply(ctx, d.op); err == nil {
		err = a.ended(d.op, outApplied, outAlready)
	}
	if err != nil {
		return fmt.Errorf("repeated: %w", err)
	}
	now, err := b.state(ctx)
	if err != nil {
		return err
	}
	if more := len(now.Users) + len(now.Groups) - len(before.Users) - len(before.Groups); more > 1 {
		return fmt.Errorf("there are %d more users and groups than before", more)
	}
	return d.done(now, a.results[d.op.GetId()])
}

// inBatch is how many operations a batch has that is cancelled.
const inBatch = 6

// reportTime is how long a result may take to arrive, on a busy machine too.
const reportTime = 10 * time.Second

// notice is how long a connector may take to see that a call was cancelled.
const notice = 500 * time.Millisecond

func cancelBatch(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	before := w.state
	var ops []*pb.Operation
	for n := range inBatch {
		op, err := b.one(w, person(n).ID)
		if err != nil {
			return err
		}
		ops = append(ops, op)
	}
	s, err := b.connector(ctx)
	if err != nil {
		return err
	}
	b.number(ops)
	run := b.runID()
	b.world = nil
	f := b.misbehave(&proxy.Fault{Kind: proxy.HoldEffects, Dump: func() string { return b.everything(ctx) }})
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	reported, ended := make(chan struct{}, inBatch), make(chan *applied, 1)
	go func() { ended <- carry(limited, s, run, ops, func() { reported <- struct{}{} }) }()
	timer := time.NewTimer(reportTime)
	defer timer.Stop()
	var a *applied
	select {
	case <-reported:
		cancel()
		a = <-ended
	case a = <-ended:
		return fmt.Errorf("the batch ended although the remote system kept %d of its requests waiting: %w", f.Fired(), a.status)
	case <-timer.C:
		cancel()
		a = <-ended
	}
	if err := pause(ctx, notice); err != nil { // meanwhile, what is still begun is held
		return err
	}
	b.calm()
	if err := fired(f); err != nil {
		return err
	}
	return b.accounted(ctx, before, a)
}

// accounted is an error unless as much was reported as was done.
func (b *bench) accounted(ctx context.Context, before Company, a *applied) error {
	now, err := b.state(ctx)
	if err != nil {
		return err
	}
	done, reported := len(differences(before, now)), 0
	for _, r := range a.results {
		if r.GetOutcome() == outApplied {
			reported++
		}
	}
	if done > reported {
		return fmt.Errorf("%d changes were made before the batch was cancelled, and %d reported", done, reported)
	}
	if reported > done {
		return fmt.Errorf("%d changes were reported before the batch was cancelled, and %d made", reported, done)
	}
	b.sawf("%d of %d done", done, inBatch)
	return nil
}
