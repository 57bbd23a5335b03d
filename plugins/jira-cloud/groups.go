package jiracloud

import (
	"context"
	"fmt"
	"strings"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// createGroup makes a group and finds out its id, which the answer does not tell.
func (b *batch) createGroup(ctx context.Context, op sdk.Operation) sdk.Result {
	id, status, err := b.org.CreateGroup(ctx, op.Group.Name, op.Group.Description)
	result := applied(status)
	switch {
	case sdk.Is(err, sdk.ReasonConflict):
		result = already(atlassian.Status(err))
	case err != nil:
		return failed(err)
	}
	if id == "" {
		if id, err = b.findGroup(ctx, op.Group.Name); err != nil {
			r := failed(err)
			r.RemoteStatus = status
			return r
		}
	}
	result.RemoteID = id
	return result
}

// findGroup finds a group that exists. Searches lag; the site is asked too, where that
// is possible.
func (b *batch) findGroup(ctx context.Context, name string) (string, error) {
	for _, wait := range patience {
		if err := b.target.pause(ctx, wait); err != nil {
			return "", err
		}
		groups, err := b.org.AllGroups(ctx, atlassian.GroupQuery{Names: []string{name}})
		if err != nil {
			return "", fmt.Errorf("look for the new group %q: %w", name, err)
		}
		for _, g := range groups {
			if strings.EqualFold(g.Name, name) {
				return g.ID, nil
			}
		}
		if b.target.site == nil {
			continue
		}
		if id, err := b.target.site.GroupByName(ctx, name); err == nil && id != "" {
			return id, nil
		}
	}
	return "", sdk.Unavailable("the group %q exists, but the organisation's search does not show it yet; the next run will find it", name)
}

// advice says what to do about refusals to delete a group.
var advice = map[string]string{
	atlassian.CodeDefaultGroup:  "it is the default group of a product: make another group the default first",
	atlassian.CodeAdminGroup:    "it makes administrators: take its role away first, in admin.atlassian.com",
	atlassian.CodeGroupNotEmpty: "it is not empty: remove its members first",
}

func (b *batch) deleteGroup(ctx context.Context, op sdk.Operation) sdk.Result {
	status, err := b.org.DeleteGroup(ctx, op.Group.ID)
	code := atlassian.Code(err)
	switch {
	case err == nil:
		return applied(status)
	case sdk.Is(err, sdk.ReasonNotFound) && code != atlassian.CodeOrgNotFound && code != "":
		return already(atlassian.Status(err))
	case advice[code] != "":
		return failed(fmt.Errorf("the group stays, since %s: %w", advice[code], err))
	}
	return failed(err)
}
