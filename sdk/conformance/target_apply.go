package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"

	pb "syncgateway/proto/gateway/plugin/v1"
)

func applyChecks() []check {
	const needs = needConfig | needRemote
	return []check{
		{id: "target.operations", role: roleTarget, needs: needs, title: "Every declared operation does what it says",
			look: "the operation named, and what Describe declares for its kind", run: operations},
		{id: "target.undeclared", role: roleTarget, needs: needs, title: "What is not declared is refused as UNSUPPORTED, and nothing is done",
			look: "kinds of operation that are not handled: they must fail, with that reason", run: undeclared},
		{id: "target.visible", role: roleTarget, needs: needs, title: "What was done shows in ReadState, whole and targeted",
			look: "ReadState after a change, and its selectors: the gateway looks there after an answer that was lost", run: visible},
		{id: "target.twice", role: roleTarget, needs: needs, title: "An operation that is repeated answers ALREADY, with the same id",
			look: "the remote system's answer to what is so already: it is no failure, and for something created the id of what is there belongs into the result", run: twice},
		{id: "target.gone", role: roleTarget, needs: needs, title: "Taking away what is gone already answers ALREADY",
			look: "404 in answer to a removal: what was wanted is so", run: alreadyGone},
		{id: "target.attributes", role: roleTarget, needs: needs, title: "Attributes arrive as they were written, at their greatest length too",
			look: "the attribute named: what writes it, what reads it, and the max_length that is declared", run: attributes},
	}
}

func operations(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	deeds := b.deeds(w)
	if len(deeds) == 0 {
		return errors.New("the connector is a target and declares no operation")
	}
	var wrong []error
	for _, d := range deeds {
		a, err := b.apply(ctx, d.op)
		if err == nil {
			err = a.ended(d.op, outApplied)
		}
		if err == nil {
			var now Company
			if now, err = b.state(ctx); err == nil {
				if err = d.done(now, a.results[d.op.GetId()]); err != nil {
					err = fmt.Errorf("%s ended in APPLIED, and in the remote system %w", what(d.op), err)
				}
			}
		}
		wrong = append(wrong, err)
	}
	b.sawf("%d operations", len(deeds))
	return errors.Join(wrong...)
}

func undeclared(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	before := w.state
	unknown := pb.OperationKind(99)
	for k := pb.OperationKind_OPERATION_KIND_CREATE_USER; k <= pb.OperationKind_OPERATION_KIND_REMOVE_MEMBER; k++ {
		if !b.declares(k) {
			unknown = k
		}
	}
	op := &pb.Operation{Kind: unknown, User: w.account("user0001"), Group: &pb.Group{Id: w.id("group0001"), Name: "kit-x"},
		Member: &pb.Member{GroupId: w.id("group0001"), UserId: w.id("user0001")}, Changed: []string{"display_name", "name"}}
	a, err := b.apply(ctx, op)
	if err == nil {
		err = a.ended(op, outFailed)
	}
	if err != nil {
		return err
	}
	if r := a.results[op.GetId()].GetFailure(); r.GetReason() != pb.Failure_REASON_UNSUPPORTED {
		return fmt.Errorf("%s, which is not declared, failed by %s (%s)", unknown, r.GetReason(), r.GetMessage())
	}
	b.sawf("%s", unknown)
	return b.unchanged(ctx, before)
}

// batch carries out all deeds at once, each of which must be applied.
func (b *bench) batch(ctx context.Context, deeds []deed) (*applied, error) {
	ops := make([]*pb.Operation, len(deeds))
	for i := range deeds {
		ops[i] = deeds[i].op
	}
	a, err := b.apply(ctx, ops...)
	if err != nil {
		return nil, err
	}
	var wrong []error
	for _, op := range ops {
		wrong = append(wrong, a.ended(op, outApplied))
	}
	return a, errors.Join(wrong...)
}

func visible(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	if _, err := b.batch(ctx, b.deeds(w)); err != nil {
		return err
	}
	now, err := b.state(ctx)
	if err != nil {
		return err
	}
	r, err := b.again(ctx, readState, request{})
	if err == nil {
		err = now.agrees(r)
	}
	if err != nil {
		return err
	}
	for _, u := range now.Users {
		if u.ID == w.id("user0004") || u.Email == newcomer(900).GetEmail() {
			if err := b.targeted(ctx, &now, &u); err != nil {
				return err
			}
		}
	}
	return b.targetedGroup(ctx, now.group(w.id("group0001")))
}

// targeted is an error unless somebody is found by id and by address, with their
// groups.
func (b *bench) targeted(ctx context.Context, now *Company, u *User) error {
	for _, q := range []*pb.ReadStateRequest{{UserIds: []string{u.ID}}, {Emails: []string{u.Email}}} {
		r, err := b.again(ctx, readState, request{state: q})
		if err == nil {
			err = r.whole()
		}
		switch {
		case err != nil:
			return err
		case len(r.users) != 1 || r.users[0].GetId() != u.ID:
			return fmt.Errorf("a targeted read of %v shows %d users, and not just that one", q, len(r.users))
		case differs(u, r.users[0]) != "":
			return fmt.Errorf("a targeted read of %v: %s", q, differs(u, r.users[0]))
		}
		for _, g := range now.Groups {
			if in := contains(g.Users, u.ID); in != contains(r.members[g.ID], u.ID) {
				return fmt.Errorf("a targeted read of %v: being in group %q is not %v", q, g.Name, in)
			}
		}
	}
	return nil
}

func (b *bench) targetedGroup(ctx context.Context, g *Group) error {
	for _, q := range []*pb.ReadStateRequest{{GroupIds: []string{g.ID}}, {GroupNames: []string{g.Name}}} {
		r, err := b.again(ctx, readState, request{state: q})
		if err == nil {
			err = r.whole()
		}
		switch {
		case err != nil:
			return err
		case len(r.groups) != 1 || r.groups[0].GetId() != g.ID:
			return fmt.Errorf("a targeted read of %v shows %d groups, and not just that one", q, len(r.groups))
		}
		if err := sameSet(fmt.Sprintf("members in a targeted read of %v", q), g.Users, r.members[g.ID]); err != nil {
			return err
		}
	}
	return nil
}

// takesAway reports whether an operation removes something.
func takesAway(k pb.OperationKind) bool {
	return k == pb.OperationKind_OPERATION_KIND_DELETE_USER || k == pb.OperationKind_OPERATION_KIND_DELETE_GROUP || k == pb.OperationKind_OPERATION_KIND_REMOVE_MEMBER
}

// isUpdate reports whether an operation writes attributes: a remote system need not
// say whether they were so already.
func isUpdate(k pb.OperationKind) bool {
	return k == pb.OperationKind_OPERATION_KIND_UPDATE_USER || k == pb.OperationKind_OPERATION_KIND_UPDATE_GROUP
}

// repeated carries out the deeds that keep accepts, and then once more.
func (b *bench) repeated(ctx context.Context, keep func(pb.OperationKind) bool) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	deeds := slices.DeleteFunc(b.deeds(w), func(d deed) bool { return !keep(d.op.GetKind()) })
	if len(deeds) == 0 {
		return Skip("the connector declares no such operation")
	}
	first, err := b.batch(ctx, deeds)
	if err != nil {
		return err
	}
	before, err := b.state(ctx)
	if err != nil {
		return err
	}
	var wrong []error
	for _, d := range deeds {
		id := first.results[d.op.GetId()].GetRemoteId()
		d.op.Id = ""
		second, err := b.apply(ctx, d.op)
		if err != nil {
			return err
		}
		if isUpdate(d.op.GetKind()) {
			wrong = append(wrong, second.ended(d.op, outAlready, outApplied))
			continue
		}
		wrong = append(wrong, second.ended(d.op, outAlready))
		if again := second.results[d.op.GetId()].GetRemoteId(); id != "" && again != id {
			wrong = append(wrong, fmt.Errorf("%s gave the id %q, and %q when it was repeated", what(d.op), id, again))
		}
	}
	return errors.Join(append(wrong, b.unchanged(ctx, before))...)
}

func twice(ctx context.Context, b *bench) error {
	return b.repeated(ctx, func(k pb.OperationKind) bool { return !takesAway(k) })
}

func alreadyGone(ctx context.Context, b *bench) error { return b.repeated(ctx, takesAway) }
