package jiracloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// invitation is one person to invite, with the memberships that come with it.
type invitation struct {
	create sdk.Operation
	joins  []sdk.Operation
}

// groups are the ids of the groups, sorted, each once.
func (i *invitation) groups() []string {
	ids := make([]string, len(i.joins))
	for n, op := range i.joins {
		ids[n] = op.Member.GroupID
	}
	return unique(ids)
}

func fold(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// invitations puts people who get the same groups together, as many as one call takes.
func (b *batch) invitations(creates []sdk.Operation) [][]invitation {
	var order []string
	byGroups := map[string][]invitation{}
	emails := map[string]bool{}
	for _, op := range creates {
		email := fold(op.User.Email)
		if email == "" || emails[email] {
			b.results.Fail(op.ID, sdk.Invalid("an invitation needs an e-mail address of its own"))
			continue
		}
		emails[email] = true
		inv := invitation{create: op}
		for _, join := range b.joins[op.ID] {
			if slices.ContainsFunc(inv.joins, func(j sdk.Operation) bool { return j.Member.GroupID == join.Member.GroupID }) {
				b.results.Fail(join.ID, sdk.Invalid("another operation of the batch adds the same member"))
				continue
			}
			inv.joins = append(inv.joins, join)
		}
		key := strings.Join(inv.groups(), " ")
		if byGroups[key] == nil {
			order = append(order, key)
		}
		byGroups[key] = append(byGroups[key], inv)
	}
	var out [][]invitation
	for _, key := range order {
		out = slices.AppendSeq(out, slices.Chunk(byGroups[key], atlassian.MostInvited))
	}
	return out
}

// invite invites people who get the same groups, and answers their operations.
func (b *batch) invite(ctx context.Context, people []invitation) {
	rules, err := b.target.invitationRules(ctx)
	if err == nil && len(rules) == 0 && len(people[0].joins) == 0 {
		err = sdk.Invalid("products is empty and no group comes with the invitation: it would lead nowhere")
	}
	var known map[string]atlassian.User
	if err == nil {
		known, err = b.byEmail(ctx, people) // an invitation does not tell who was there before it
	}
	if err != nil {
		b.failAll(people, err)
		return
	}
	left := people
	for attempt := 1; len(left) > 0; attempt++ {
		var results []atlassian.Invited
		var status string
		results, status, err = b.org.Invite(ctx, b.target.invitation(rules, left))
		switch {
		case err == nil:
			b.answer(ctx, left, results, known, status)
			return
		case !sdk.Is(err, sdk.ReasonUnavailable):
			b.refused(ctx, left, rules, err)
			return
		}
		// Nobody knows whether it was done: what is there tells. Asking again for the
		// others does no harm, since who is invited twice keeps what they have.
		look := b.target.pause(ctx, time.Duration(attempt)*time.Second)
		if look == nil {
			left, look = b.found(ctx, left)
		}
		if look != nil || attempt == inviteAttempts {
			b.failAll(left, err)
			return
		}
	}
}

const inviteAttempts = 3

func (t *Target) invitation(rules []atlassian.Rule, people []invitation) atlassian.Invitation {
	inv := atlassian.Invitation{Roles: rules, Groups: people[0].groups(), SendNotification: t.config.Notify}
	for _, p := range people {
		inv.Emails = append(inv.Emails, strings.TrimSpace(p.create.User.Email))
	}
	return inv
}

func (b *batch) failAll(people []invitation, err error) {
	for _, p := range people {
		b.results.Done(p.create.ID, failed(err))
		b.skip(p.joins)
	}
}

// skip answers memberships of somebody who was not invited.
func (b *batch) skip(joins []sdk.Operation) {
	for _, op := range joins {
		if _, refused, ok := b.results.Ready(op); !ok {
			b.results.Done(op.ID, refused)
		}
	}
}

// found answers for those who turn out to be there with all that the invitation gives,
// and returns the others.
func (b *batch) found(ctx context.Context, people []invitation) ([]invitation, error) {
	there, err := b.byEmail(ctx, people)
	if err != nil {
		return people, err
	}
	var rest []invitation
	for _, p := range people {
		u, ok := there[fold(p.create.User.Email)]
		if !ok || u.Status != atlassian.StatusActive || slices.ContainsFunc(p.groups(), func(id string) bool { return !u.In(id) }) {
			rest = append(rest, p)
			continue
		}
		b.results.Done(p.create.ID, sdk.Result{Outcome: sdk.OutcomeApplied, RemoteID: u.AccountID, Problems: b.profile(ctx, p.create, u.AccountID)})
		for _, op := range p.joins {
			b.results.Done(op.ID, applied(""))
		}
	}
	return rest, nil
}

func (b *batch) byEmail(ctx context.Context, people []invitation) (map[string]atlassian.User, error) {
	var emails []string
	for _, p := range people {
		emails = append(emails, strings.TrimSpace(p.create.User.Email))
	}
	out := map[string]atlassian.User{}
	users, err := b.org.AllUsers(ctx, atlassian.UserQuery{Emails: spellings(emails), Expand: expand})
	for _, u := range users {
		out[fold(u.Email)] = u
	}
	return out, err
}

// answer gives each operation of an invitation its result. Who was known before had an
// account already.
func (b *batch) answer(ctx context.Context, people []invitation, results []atlassian.Invited, known map[string]atlassian.User, status string) {
	byEmail := map[string]*atlassian.Invited{}
	for i := range results {
		byEmail[fold(results[i].Email)] = &results[i]
	}
	for _, p := range people {
		got := byEmail[fold(p.create.User.Email)]
		if got == nil {
			b.failAll([]invitation{p}, sdk.Unavailable("the answer to the invitation does not mention this address"))
			continue
		}
		if err := got.Refused(); err != nil {
			b.results.Done(p.create.ID, sdk.Result{Outcome: sdk.OutcomeFailed, Failure: err, RemoteStatus: status})
			b.skip(p.joins)
			continue
		}
		r := sdk.Result{Outcome: sdk.OutcomeAlready, RemoteID: got.ID, RemoteStatus: status}
		if before, there := known[fold(p.create.User.Email)]; !there || before.AccountID != got.ID || absent(&before) {
			r.Outcome, r.Problems = sdk.OutcomeApplied, b.profile(ctx, p.create, got.ID)
		}
		b.results.Done(p.create.ID, r)
		for _, op := range p.joins {
			b.granted(ctx, op, got, status)
		}
	}
}

// granted answers one membership that came with an invitation. One that the answer does
// not mention is added by itself.
func (b *batch) granted(ctx context.Context, op sdk.Operation, got *atlassian.Invited, status string) {
	g := got.Group(op.Member.GroupID)
	switch {
	case g == nil:
		op.Member.UserID = got.ID
		b.results.Done(op.ID, b.joinNew(ctx, op))
	case g.OK():
		b.results.Done(op.ID, applied(status))
	default:
		b.results.Done(op.ID, sdk.Result{Outcome: sdk.OutcomeFailed, Failure: g.Failure("join the group"), RemoteStatus: status})
	}
}

// refused deals with an invitation that was refused as a whole: each person by
// themselves, and somebody alone without their groups.
func (b *batch) refused(ctx context.Context, people []invitation, rules []atlassian.Rule, err error) {
	reason := sdk.AsFailure(err).Reason
	switch {
	case reason == sdk.ReasonAuthentication || reason == sdk.ReasonRateLimited:
		b.failAll(people, err)
	case len(people) > 1:
		b.oneByOne(ctx, people)
	case len(rules) > 0 && len(people[0].joins) > 0 && reason != sdk.ReasonQuota:
		b.bare(ctx, people[0])
	default:
		b.failAll(people, err)
	}
}

// oneByOne invites until there are no seats left: each refusal would be the same.
func (b *batch) oneByOne(ctx context.Context, people []invitation) {
	for i := range people {
		b.invite(ctx, people[i:i+1])
		r, _ := b.results.Result(people[i].create.ID)
		if r.Failure != nil && (r.Failure.Reason == sdk.ReasonQuota || r.Failure.Reason == sdk.ReasonPermission || r.Failure.Reason == sdk.ReasonAuthentication) {
			b.failAll(people[i+1:], r.Failure)
			return
		}
	}
}

// bare invites somebody without the groups, one of which is in the way, and adds the
// memberships one by one, so that the bad one fails alone.
func (b *batch) bare(ctx context.Context, p invitation) {
	b.invite(ctx, []invitation{{create: p.create}})
	for _, op := range p.joins {
		op, refused, ok := b.results.Ready(op)
		if !ok {
			b.results.Done(op.ID, refused)
			continue
		}
		b.results.Done(op.ID, b.joinNew(ctx, op))
	}
}

// joinNew adds somebody just invited, whom not every part of the organisation knows yet.
func (b *batch) joinNew(ctx context.Context, op sdk.Operation) (r sdk.Result) {
	for _, wait := range brief {
		if err := b.target.pause(ctx, wait); err != nil {
			return failed(err)
		}
		if r = b.join(ctx, op); r.OK() || r.Failure.RemoteCode != atlassian.CodeUserNotFound {
			break
		}
	}
	return r
}

// profile writes what the source knows of somebody to their new account, where that is
// wanted. That it could not be written is worth telling, and no failure.
func (b *batch) profile(ctx context.Context, op sdk.Operation, id string) sdk.Problems {
	if !b.target.config.ManagedProfiles || op.Kind != sdk.CreateUser {
		return nil
	}
	a := op.User.Attributes
	p := atlassian.Profile{Name: op.User.DisplayName, Nickname: a.First("nickname"), Extended: atlassian.Extended{
		JobTitle: a.First("job_title"), Department: a.First("department"), Organization: a.First("organization"), Location: a.First("location")}}
	if p == (atlassian.Profile{}) {
		return nil
	}
	if err := b.org.SetProfile(ctx, id, p); err != nil {
		return sdk.Problems{{Severity: sdk.SeverityWarning, Code: "jira-cloud.profile",
			Summary: fmt.Sprintf("invited, but their profile was not written: %v", err)}}
	}
	return nil
}
