package jiracloud

import (
	"context"
	"strings"
	"time"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// patience is how long to wait between looks at a search that lags.
var patience = []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second}

// brief is the patience for what is there at the first look as a rule.
var brief = patience[:3]

// join adds a member. A conflict may mean that they are one already or that there are
// no seats, and the organisation does not always say which.
func (b *batch) join(ctx context.Context, op sdk.Operation) sdk.Result {
	m := op.Member
	if m.ChildGroupID != "" {
		return sdk.Failed(sdk.Unsupported("groups in groups are not possible in Jira Cloud"))
	}
	status, err := b.org.AddMember(ctx, m.GroupID, m.UserID)
	switch {
	case err == nil:
		return applied(status)
	case !sdk.Is(err, sdk.ReasonConflict):
		return failed(err)
	}
	there := false
	for _, wait := range brief {
		if err := b.target.pause(ctx, wait); err != nil {
			return failed(err)
		}
		u, found, look := b.account(ctx, m.UserID)
		switch {
		case look != nil:
			return failed(look)
		case found && u.In(m.GroupID), found && saysAlready(err): // the search may lag behind what the refusal knows
			return already(atlassian.Status(err))
		}
		there = there || found
	}
	return failed(unexplained(err, there))
}

// unexplained words a conflict without a membership: what is left is the licence, or
// another directory.
func unexplained(err error, there bool) error {
	f := sdk.AsFailure(err)
	out := &sdk.Failure{Reason: sdk.ReasonQuota, RemoteCode: f.RemoteCode, RequestID: f.RequestID,
		Message: "the account did not become a member; most likely no seat is left for a product that the group grants: " + f.Message}
	if !there {
		out.Reason, out.Message = sdk.ReasonConflict, "the account is not in the directory of the group: "+f.Message
	}
	return out
}

func saysAlready(err error) bool {
	text := strings.ToLower(sdk.AsFailure(err).Message)
	return strings.Contains(text, "already") && !strings.Contains(text, "limit") && !strings.Contains(text, "licen")
}

// account searches for an account with its groups.
func (b *batch) account(ctx context.Context, id string) (u atlassian.User, there bool, err error) {
	users, err := b.org.AllUsers(ctx, atlassian.UserQuery{AccountIDs: []string{id}, Expand: expand})
	for _, u := range users {
		if u.AccountID == id && !absent(&u) {
			return u, true, err
		}
	}
	return u, false, err
}

// leave removes a member. Who is none, or is gone, has left.
func (b *batch) leave(ctx context.Context, op sdk.Operation) sdk.Result {
	m := op.Member
	status, err := b.org.RemoveMember(ctx, m.GroupID, m.UserID)
	switch {
	case err == nil:
		return applied(status)
	case !sdk.Is(err, sdk.ReasonNotFound) || atlassian.Code(err) == atlassian.CodeOrgNotFound:
		return failed(err)
	case atlassian.Code(err) == atlassian.CodeGroupNotFound, atlassian.Code(err) == atlassian.CodeUserNotFound:
		return already(atlassian.Status(err))
	}
	for _, wait := range brief {
		if sleep := b.target.pause(ctx, wait); sleep != nil {
			return failed(sleep)
		}
		u, _, look := b.account(ctx, m.UserID)
		if look != nil {
			return failed(look)
		}
		if !u.In(m.GroupID) {
			return already(atlassian.Status(err))
		}
	}
	return failed(err)
}
