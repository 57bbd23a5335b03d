package jiracloud

import (
	"context"
	"sync"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// Apply carries out a batch in waves: what depends on something comes in a later wave,
// and what is in one wave runs side by side. Whoever is created gets their groups with
// the invitation.
func (t *Target) Apply(ctx context.Context, ops []sdk.Operation, results *sdk.ResultWriter) error {
	org, err := t.dir(ctx)
	if err != nil {
		return err
	}
	b := &batch{target: t, org: org, results: results}
	b.joins, ops = withInvitations(ops)
	for _, wave := range waves(ops) {
		if ctx.Err() != nil {
			break // the rest was not attempted
		}
		b.wave(ctx, wave)
	}
	return nil
}

// batch is one Apply.
type batch struct {
	target  *Target
	org     *atlassian.Org
	results *sdk.ResultWriter
	joins   map[string][]sdk.Operation // memberships that come with an invitation, by its operation
}

// withInvitations takes out the memberships of users made in the batch, which wait for
// nothing else.
func withInvitations(ops []sdk.Operation) (joins map[string][]sdk.Operation, rest []sdk.Operation) {
	joins = map[string][]sdk.Operation{}
	creates := map[string]bool{}
	for _, op := range ops {
		creates[op.ID] = op.Kind == sdk.CreateUser
	}
	for _, op := range ops {
		by := op.Member.UserOperation
		alone := len(op.After) == 0 || len(op.After) == 1 && op.After[0] == by
		if op.Kind == sdk.AddMember && creates[by] && op.Member.UserID == "" && op.Member.GroupID != "" && op.Member.ChildGroupID == "" && alone {
			joins[by] = append(joins[by], op)
			continue
		}
		rest = append(rest, op)
	}
	return joins, rest
}

// waves sorts operations by what they wait for: those they name, and earlier ones about
// the same account or the same membership.
func waves(ops []sdk.Operation) [][]sdk.Operation {
	level := map[string]int{}   // of an operation
	account := map[string]int{} // first wave in which an account is free again for memberships
	joined := map[string]int{}  // and for what concerns the account itself
	member := map[[2]string]int{}
	var out [][]sdk.Operation
	for _, op := range ops {
		m := op.Member
		n := max(account[op.User.ID], joined[op.User.ID], account[m.UserID], member[[2]string{m.GroupID, m.UserID}])
		for _, before := range append([]string{m.GroupOperation, m.UserOperation}, op.After...) {
			if at, ok := level[before]; ok && before != "" {
				n = max(n, at+1)
			}
		}
		level[op.ID] = n
		if op.User.ID != "" {
			account[op.User.ID] = n + 1
		}
		if m.UserID != "" {
			member[[2]string{m.GroupID, m.UserID}] = n + 1
			joined[m.UserID] = max(joined[m.UserID], n+1)
		}
		for len(out) <= n {
			out = append(out, nil)
		}
		out[n] = append(out[n], op)
	}
	return out
}

// wave carries out operations that do not depend on one another.
func (b *batch) wave(ctx context.Context, ops []sdk.Operation) {
	protected, err := b.protected(ctx, ops)
	var creates []sdk.Operation
	var jobs []func()
	for _, op := range ops {
		op, refused, ready := b.results.Ready(op)
		switch {
		case !ready:
			b.results.Done(op.ID, refused)
		case op.Kind == sdk.CreateUser:
			creates = append(creates, op)
		case takes(op.Kind) && err != nil:
			b.results.Fail(op.ID, err)
		case takes(op.Kind) && protected[subject(op)] != "":
			b.results.Fail(op.ID, sdk.Denied("not done: the account is protected, it is %s", protected[subject(op)]))
		default:
			jobs = append(jobs, func() {
				if r := b.one(ctx, op); r.Outcome != answered.Outcome {
					b.results.Done(op.ID, r)
				}
			})
		}
	}
	for _, chunk := range b.invitations(creates) {
		jobs = append(jobs, func() { b.invite(ctx, chunk) })
	}
	b.target.together(ctx, jobs)
}

// takes reports whether an operation takes something from an account.
func takes(k sdk.OperationKind) bool {
	return k == sdk.DeactivateUser || k == sdk.DeleteUser || k == sdk.RemoveMember
}

func subject(op sdk.Operation) string {
	if op.Kind == sdk.RemoveMember {
		return op.Member.UserID
	}
	return op.User.ID
}

// protected asks who is protected, where an operation takes something away.
func (b *batch) protected(ctx context.Context, ops []sdk.Operation) (map[string]string, error) {
	for _, op := range ops {
		if takes(op.Kind) {
			return b.target.protected(ctx, b.org)
		}
	}
	return nil, nil
}

// together runs jobs side by side, as many as the configuration allows over all calls
// of Apply. What has not begun when the context ends is not begun.
func (t *Target) together(ctx context.Context, jobs []func()) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, job := range jobs {
		select {
		case <-ctx.Done():
			return
		case t.slots <- struct{}{}:
		}
		if ctx.Err() != nil {
			<-t.slots
			return
		}
		all.Go(func() {
			defer func() { <-t.slots }()
			job()
		})
	}
}

// answered stands for a result that has been given already.
var answered sdk.Result

func (b *batch) one(ctx context.Context, op sdk.Operation) sdk.Result {
	switch op.Kind {
	case sdk.ActivateUser:
		return b.activate(ctx, op)
	case sdk.DeactivateUser:
		return b.deactivate(ctx, op)
	case sdk.DeleteUser:
		return b.remove(ctx, op.User.ID)
	case sdk.CreateGroup:
		return b.createGroup(ctx, op)
	case sdk.DeleteGroup:
		return b.deleteGroup(ctx, op)
	case sdk.AddMember:
		return b.join(ctx, op)
	case sdk.RemoveMember:
		return b.leave(ctx, op)
	}
	return sdk.Failed(sdk.Unsupported("%s is not possible in Jira Cloud", op.Kind))
}

// applied, already and failed are results with what was answered, for the record.
func applied(status string) sdk.Result {
	return sdk.Result{Outcome: sdk.OutcomeApplied, RemoteStatus: status}
}

func already(status string) sdk.Result {
	return sdk.Result{Outcome: sdk.OutcomeAlready, RemoteStatus: status}
}

func failed(err error) sdk.Result {
	r := sdk.Failed(err)
	r.RemoteStatus = atlassian.Status(err)
	return r
}
