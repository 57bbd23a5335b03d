package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/plug"
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

// staff is small, with somebody who is inactive, and groups with and without members.
var staff = func() *Company {
	c := crowd(8, 4)
	c.Users = append(c.Users, User{ID: inactive, Username: inactive + domain, Email: inactive + domain, DisplayName: "Left Already"})
	return c
}()

// declares reports whether the connector says that it can do an operation.
func (b *bench) declares(k pb.OperationKind) bool {
	return slices.ContainsFunc(b.run.about.GetKinds(), func(x *pb.Kind) bool { return slices.Contains(x.GetOperations(), k) })
}

// writable are the attributes of the users, or groups, that may be written.
func (b *bench) writable(shape pb.Kind_Shape) []*pb.Attribute {
	var out []*pb.Attribute
	for _, k := range b.run.about.GetKinds() {
		for _, a := range k.GetAttributes() {
			if k.GetShape() == shape && a.GetWritable() {
				out = append(out, a)
			}
		}
	}
	return out
}

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

// deed is an operation, and how it shows in the state of the fake that it was done.
type deed struct {
	op   *pb.Operation
	done func(Company, *pb.OperationResult) error
}

// newcomer is somebody who is not in any seed.
func newcomer(n int) *pb.User {
	u := person(n)
	return &pb.User{Username: u.Username, Email: u.Email, DisplayName: u.DisplayName, GivenName: u.GivenName, FamilyName: u.FamilyName, Active: true}
}

func (w *world) account(name string) *pb.User {
	u := w.user(name)
	return &pb.User{Id: u.ID, Username: u.Username, Email: u.Email, DisplayName: u.DisplayName, GivenName: u.GivenName, FamilyName: u.FamilyName, Active: u.Active}
}

func (w *world) member(k pb.OperationKind, group, user string) *pb.Operation {
	return &pb.Operation{Kind: k, Member: &pb.Member{GroupId: w.id(group), UserId: w.id(user)}}
}

// deeds are one of every operation that the connector declares.
func (b *bench) deeds(w *world) []deed {
	const newGroup = "kit-new-group"
	group := func(name string) *pb.Group { return &pb.Group{Id: w.id(name), Name: name} }
	active := func(name string, want bool) func(Company, *pb.OperationResult) error {
		return func(c Company, _ *pb.OperationResult) error {
			if u := c.user(w.id(name)); u == nil || u.Active != want {
				return fmt.Errorf("active is not %v", want)
			}
			return nil
		}
	}
	in := func(group, user string, want bool) func(Company, *pb.OperationResult) error {
		return func(c Company, _ *pb.OperationResult) error {
			if g := c.group(w.id(group)); g == nil || contains(g.Users, w.id(user)) != want {
				return fmt.Errorf("being a member is not %v", want)
			}
			return nil
		}
	}
	all := []deed{
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_CREATE_USER, User: newcomer(900)}, func(c Company, r *pb.OperationResult) error { return created(c, newcomer(900), r) }},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_DEACTIVATE_USER, User: w.account("user0002")}, active("user0002", false)},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_ACTIVATE_USER, User: w.account(inactive)}, active(inactive, true)},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_DELETE_USER, User: w.account("user0003")}, func(c Company, _ *pb.OperationResult) error {
			if c.user(w.id("user0003")) != nil {
				return errors.New("they are still there")
			}
			return nil
		}},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_CREATE_GROUP, Group: &pb.Group{Name: newGroup}}, func(c Company, r *pb.OperationResult) error {
			if g := c.group(r.GetRemoteId()); g == nil || g.Name != newGroup {
				return fmt.Errorf("no group %q has the id %q of the result", newGroup, r.GetRemoteId())
			}
			return nil
		}},
		{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_DELETE_GROUP, Group: group("group0002")}, func(c Company, _ *pb.OperationResult) error {
			if c.group(w.id("group0002")) != nil {
				return errors.New("it is still there")
			}
			return nil
		}},
		{w.member(pb.OperationKind_OPERATION_KIND_ADD_MEMBER, "group0001", "user0004"), in("group0001", "user0004", true)},
		{w.member(pb.OperationKind_OPERATION_KIND_REMOVE_MEMBER, "group0000", "user0005"), in("group0000", "user0005", false)},
	}
	all = append(all, b.updates(w)...)
	return slices.DeleteFunc(all, func(d deed) bool { return !b.declares(d.op.GetKind()) })
}

func created(c Company, want *pb.User, r *pb.OperationResult) error {
	u := c.user(r.GetRemoteId())
	if u == nil || u.Email != want.GetEmail() && u.Username != want.GetUsername() || !u.Active {
		return fmt.Errorf("nobody of that name is active and has the id %q of the result", r.GetRemoteId())
	}
	return nil
}

// updates change the first attribute that may be changed.
func (b *bench) updates(w *world) []deed {
	var out []deed
	for _, a := range b.writable(pb.Kind_SHAPE_USER) {
		if a.GetCreateOnly() || a.GetName() == "email" || a.GetName() == "username" {
			continue
		}
		u := w.account("user0001")
		setUser(u, a.GetName(), "Changed")
		out = append(out, deed{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_UPDATE_USER, User: u, Changed: []string{changedName(a.GetName())}},
			func(c Company, _ *pb.OperationResult) error {
				if got := c.user(u.GetId()); got == nil || stateOf(got, a.GetName()) != "Changed" {
					return fmt.Errorf("%s is not what was written", a.GetName())
				}
				return nil
			}})
		break
	}
	for _, a := range b.writable(pb.Kind_SHAPE_GROUP) {
		if a.GetName() == "name" && !a.GetCreateOnly() {
			g := &pb.Group{Id: w.id("group0003"), Name: "kit-renamed"}
			out = append(out, deed{&pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_UPDATE_GROUP, Group: g, Changed: []string{"name"}},
				func(c Company, _ *pb.OperationResult) error {
					if got := c.group(g.GetId()); got == nil || got.Name != g.GetName() {
						return errors.New("it is not called what was written")
					}
					return nil
				}})
		}
	}
	return out
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
