package jiracloud

import (
	"context"
	"fmt"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// deactivate takes somebody's access away, in the configured way.
func (b *batch) deactivate(ctx context.Context, op sdk.Operation) sdk.Result {
	switch b.target.config.Disable {
	case disableRemove:
		return b.remove(ctx, op.User.ID)
	case disableRemoveGroups:
		return b.unlicense(ctx, op.User.ID)
	}
	status, err := b.org.Suspend(ctx, op.User.ID)
	if err == nil {
		return applied(status)
	}
	return b.unless(ctx, op.User.ID, err, func(u *atlassian.User) bool { return u.Status != atlassian.StatusActive })
}

// unless makes a refusal into "already" when the account is, or is gone, as wanted.
func (b *batch) unless(ctx context.Context, id string, refusal error, wanted func(*atlassian.User) bool) sdk.Result {
	if sdk.Is(refusal, sdk.ReasonUnavailable) || sdk.Is(refusal, sdk.ReasonAuthentication) || sdk.Is(refusal, sdk.ReasonRateLimited) {
		return failed(refusal)
	}
	u, err := b.read(ctx, id)
	switch {
	case err != nil:
		return failed(fmt.Errorf("%w (and the account could not be read: %v)", refusal, err))
	case wanted(&u):
		return already(atlassian.Status(refusal))
	}
	return failed(refusal)
}

// read reads an account's status; one that is not there is a StatusNotInvited.
func (b *batch) read(ctx context.Context, id string) (atlassian.User, error) {
	u, err := b.org.User(ctx, id)
	if sdk.Is(err, sdk.ReasonNotFound) && atlassian.Code(err) != atlassian.CodeOrgNotFound {
		return atlassian.User{AccountID: id, Status: atlassian.StatusNotInvited}, nil
	}
	if err == nil && u.AccountID != id {
		err = sdk.Unavailable("the organisation answered with another account than was asked for")
	}
	if err == nil && absent(&u) {
		u.Status = atlassian.StatusNotInvited
	}
	return u, err
}

// remove takes an account out of the directory.
func (b *batch) remove(ctx context.Context, id string) sdk.Result {
	status, err := b.org.RemoveUser(ctx, id)
	if err == nil {
		return applied(status)
	}
	return b.unless(ctx, id, err, func(u *atlassian.User) bool { return u.Status == atlassian.StatusNotInvited })
}

// unlicense takes an account out of every group that gives a licence.
func (b *batch) unlicense(ctx context.Context, id string) sdk.Result {
	licences, err := b.target.site.ApplicationRoles(ctx)
	if err != nil {
		return failed(fmt.Errorf("read the groups that grant a licence: %w", err))
	}
	licensed := (&grants{licences: licences}).licensed()
	u, there, err := b.account(ctx, id)
	switch {
	case err != nil:
		return failed(err)
	case !there:
		return already("")
	}
	result := already("")
	for _, g := range u.Groups {
		if !licensed[g.ID] {
			continue
		}
		r := b.leave(ctx, sdk.Operation{Member: sdk.Member{GroupID: g.ID, UserID: id}})
		if !r.OK() {
			r.Failure = sdk.AsFailure(fmt.Errorf("leave group %q, which grants a licence: %w", g.Name, r.Failure))
			return r
		}
		if r.Outcome == sdk.OutcomeApplied {
			result = r
		}
	}
	return result
}

// activate gives somebody their access back. What is needed depends on how the account
// is now rather than on how it was taken away.
func (b *batch) activate(ctx context.Context, op sdk.Operation) sdk.Result {
	u, err := b.read(ctx, op.User.ID)
	if err != nil {
		return failed(err)
	}
	result := already("")
	switch u.Status {
	case atlassian.StatusActive:
	case atlassian.StatusSuspended:
		result = b.restore(ctx, op.User.ID)
	case atlassian.StatusNotInvited:
		return b.inviteAgain(ctx, op, u)
	default:
		return failed(sdk.Invalid("the Atlassian account itself is %s; it is activated where it is managed (admin.atlassian.com or the identity provider), not in a site", u.Status))
	}
	if b.target.config.Disable != disableRemoveGroups || !result.OK() {
		return result
	}
	return b.license(ctx, op.User.ID, result)
}

func (b *batch) restore(ctx context.Context, id string) sdk.Result {
	status, err := b.org.Restore(ctx, id)
	if err == nil {
		return applied(status)
	}
	return b.unless(ctx, id, err, func(u *atlassian.User) bool { return u.Status == atlassian.StatusActive })
}

// inviteAgain brings somebody back into the directory.
func (b *batch) inviteAgain(ctx context.Context, op sdk.Operation, u atlassian.User) sdk.Result {
	email := u.Email
	if email == "" {
		email = op.User.Email
	}
	if email == "" {
		return failed(sdk.Invalid("the account is not in the directory any more, and cannot be invited again without its e-mail address"))
	}
	again := op
	again.Kind, again.User.Email = sdk.CreateUser, email
	b.invite(ctx, []invitation{{create: again}})
	return answered
}

// license puts an account into the default groups of the configured products.
func (b *batch) license(ctx context.Context, id string, result sdk.Result) sdk.Result {
	licences, err := b.target.site.ApplicationRoles(ctx)
	if err != nil {
		return failed(fmt.Errorf("read the default groups of products: %w", err))
	}
	u, _, err := b.account(ctx, id)
	if err != nil {
		return failed(err)
	}
	for _, l := range b.target.wanted(licences) {
		if holds(&u, l) {
			continue
		}
		for _, ref := range l.DefaultGroups {
			r := b.join(ctx, sdk.Operation{Member: sdk.Member{GroupID: ref.ID, UserID: id}})
			if !r.OK() {
				r.Failure = sdk.AsFailure(fmt.Errorf("join group %q, which grants %s: %w", ref.Name, l.Name, r.Failure))
				return r
			}
			if r.Outcome == sdk.OutcomeApplied {
				result = r
			}
		}
	}
	return result
}

func holds(u *atlassian.User, l atlassian.ApplicationRole) bool {
	for _, ref := range l.Groups {
		if u.In(ref.ID) {
			return true
		}
	}
	return false
}

// wanted are the licences of the configured products.
func (t *Target) wanted(licences []atlassian.ApplicationRole) []atlassian.ApplicationRole {
	var out []atlassian.ApplicationRole
	for _, l := range licences {
		for _, product := range t.config.Products {
			if l.Key == product {
				out = append(out, l)
			}
		}
	}
	return out
}
