package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	pb "syncgateway/proto/gateway/plugin/v1"
)

func careChecks() []check {
	const needs = needConfig | needRemote
	return []check{
		{id: "target.nothing-else", role: roleTarget, needs: needs, title: "Nothing changes but what was asked for",
			look: "the difference named: side effects of the request, or fields written that were not asked for", run: nothingElse},
		{id: "target.protected-told", role: roleTarget, needs: needs, title: "Its own account and administrators are reported as protected",
			look: "protected_users in ReadState: the gateway never plans to take anything from them", run: protectedTold},
		{id: "target.protected-refused", role: roleTarget, needs: needs, title: "Nothing is taken from a protected account, even when asked",
			look: "deactivating, deleting and removing from groups: the plan may be older than somebody's appointment", run: protectedRefused},
		{id: "target.member-paging", role: roleTarget, needs: needs, title: "A group larger than a page has all its members",
			look: "the listing of members: it has pages like any other", run: memberPaging},
	}
}

// differences are the places in which two states differ: one for each user, each field
// of a group, and each membership.
func differences(before, after Company) []string {
	b, a := flat(before), flat(after)
	var out []string
	for key, value := range b {
		if now, there := a[key]; !there {
			out = append(out, key+" is gone")
		} else if now != value {
			out = append(out, fmt.Sprintf("%s was %.80s, is %.80s", key, value, now))
		}
	}
	for key := range a {
		if _, there := b[key]; !there {
			out = append(out, key+" is new")
		}
	}
	slices.Sort(out)
	return out
}

func flat(c Company) map[string]string {
	out := map[string]string{}
	for _, u := range c.Users {
		attributes := ""
		for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
			attributes += fmt.Sprintf(" %s=%q", name, u.Attributes[name])
		}
		out["user "+u.ID] = fmt.Sprintf("%q %q %q %q %q active=%v%s", u.Username, u.Email, u.DisplayName, u.GivenName, u.FamilyName, u.Active, attributes)
	}
	for _, g := range c.Groups {
		out["group "+g.ID] = fmt.Sprintf("%q %q", g.Name, g.Description)
		for _, id := range g.Users {
			out["membership of "+id+" in "+g.ID] = ""
		}
		for _, id := range g.Groups {
			out["group "+id+" in "+g.ID] = ""
		}
	}
	return out
}

// unchanged is an error unless the fake is as it was.
func (b *bench) unchanged(ctx context.Context, before Company) error {
	now, err := b.state(ctx)
	if err != nil {
		return err
	}
	if d := differences(before, now); len(d) > 0 {
		return fmt.Errorf("in the remote system, %s", strings.Join(d, "; "))
	}
	return nil
}

// everything is all that the fake holds, as one text.
func (b *bench) everything(ctx context.Context) string {
	now, err := b.remote.State(ctx)
	if err != nil {
		return "" // a write that cannot be watched is none
	}
	all := flat(now)
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintln(&out, key, all[key])
	}
	return out.String()
}

// dump is what the fake holds beside its state, nil when it does not show it.
func (b *bench) dump(ctx context.Context) (map[string]string, error) {
	d, ok := able[Dumper](b.remote, abilityDump)
	if !ok {
		return nil, nil
	}
	out, err := d.Dump(ctx)
	return out, harness("dump", err)
}

func nothingElse(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	before := w.state
	dumped, err := b.dump(ctx)
	if err != nil {
		return err
	}
	var ops []*pb.Operation
	want := before
	want.Users, want.Groups = slices.Clone(before.Users), slices.Clone(before.Groups)
	for _, d := range b.deeds(w) {
		if expect(&want, d.op) {
			ops = append(ops, d.op)
		}
	}
	if len(ops) == 0 {
		return Skip("the connector declares no operation that should change one thing alone")
	}
	a, err := b.apply(ctx, ops...)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if err := a.ended(op, outApplied); err != nil {
			return err
		}
	}
	if err := b.unchanged(ctx, want); err != nil {
		return fmt.Errorf("after %d operations: %w", len(ops), err)
	}
	now, err := b.dump(ctx)
	if err != nil {
		return err
	}
	for key, value := range dumped {
		if now[key] != value && !about(ops, key) {
			return fmt.Errorf("in the remote system, %s was %.80s, is %.80s", key, value, now[key])
		}
	}
	b.sawf("%d operations", len(ops))
	return nil
}

// about reports whether a place in the fake is named after something that one of the
// operations is about.
func about(ops []*pb.Operation, key string) bool {
	return slices.ContainsFunc(ops, func(op *pb.Operation) bool {
		return slices.ContainsFunc([]string{op.GetUser().GetId(), op.GetMember().GetUserId(), op.GetMember().GetGroupId()},
			func(id string) bool { return id != "" && strings.Contains(key, id) })
	})
}

// expect makes a company what it should be after an operation that changes one thing
// alone, and reports whether it is such a one.
func expect(c *Company, op *pb.Operation) bool {
	switch op.GetKind() {
	case pb.OperationKind_OPERATION_KIND_DEACTIVATE_USER:
		c.user(op.GetUser().GetId()).Active = false
	case pb.OperationKind_OPERATION_KIND_ADD_MEMBER:
		g := c.group(op.GetMember().GetGroupId())
		g.Users = append(slices.Clone(g.Users), op.GetMember().GetUserId())
	case pb.OperationKind_OPERATION_KIND_REMOVE_MEMBER:
		g := c.group(op.GetMember().GetGroupId())
		g.Users = slices.DeleteFunc(slices.Clone(g.Users), func(id string) bool { return id == op.GetMember().GetUserId() })
	default:
		return false
	}
	return true
}

// guarded are the accounts of the fake that must not be touched.
func (w *world) guarded() []User {
	return slices.DeleteFunc(slices.Clone(w.state.Users), func(u User) bool { return !u.Protected })
}

func protectedTold(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	list := w.guarded()
	if len(list) == 0 {
		return Skip("the harness knows of no protected account")
	}
	r, err := b.again(ctx, readState, request{})
	if err == nil {
		err = r.whole()
	}
	if err != nil {
		return err
	}
	for _, u := range list {
		if r.protected[u.ID] == "" {
			return fmt.Errorf("%q (%s) is not reported as protected, with a reason", u.ID, u.Email)
		}
	}
	b.sawf("%d accounts", len(list))
	return nil
}

func protectedRefused(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, staff)
	if err != nil {
		return err
	}
	list, before := w.guarded(), w.state
	if len(list) == 0 {
		return Skip("the harness knows of no protected account")
	}
	var ops []*pb.Operation
	for _, u := range list {
		for _, k := range []pb.OperationKind{pb.OperationKind_OPERATION_KIND_DEACTIVATE_USER, pb.OperationKind_OPERATION_KIND_DELETE_USER} {
			ops = append(ops, &pb.Operation{Kind: k, User: &pb.User{Id: u.ID, Email: u.Email, Username: u.Username}})
		}
		for _, g := range w.state.Groups {
			if contains(g.Users, u.ID) {
				ops = append(ops, &pb.Operation{Kind: pb.OperationKind_OPERATION_KIND_REMOVE_MEMBER, Member: &pb.Member{GroupId: g.ID, UserId: u.ID}})
			}
		}
	}
	ops = slices.DeleteFunc(ops, func(op *pb.Operation) bool { return !b.declares(op.GetKind()) })
	if len(ops) == 0 {
		return Skip("the connector takes nothing away")
	}
	a, err := b.apply(ctx, ops...)
	if err != nil {
		return err
	}
	var wrong []error
	for _, op := range ops {
		wrong = append(wrong, a.ended(op, outFailed))
	}
	return errors.Join(append(wrong, b.unchanged(ctx, before))...)
}

func memberPaging(ctx context.Context, b *bench) error {
	w, err := b.seed(ctx, assembly(2*b.page()+1))
	if err != nil {
		return err
	}
	b.sawf("%d members", 2*b.page()+1)
	return b.reads(ctx, readState, w)
}
