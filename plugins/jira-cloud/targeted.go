package jiracloud

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// named reads what a request names: those that exist, users with their groups, groups
// with all their members.
func (r *reading) named(ctx context.Context, req sdk.StateRequest) error {
	asked, err := r.namedGroups(ctx, req)
	if err != nil {
		return err
	}
	joined := map[string][]string{}
	for _, q := range userQueries(req) {
		users, err := r.org.AllUsers(ctx, q)
		if err != nil {
			return fmt.Errorf("look up users: %w", err)
		}
		for i := range users {
			if err := r.addUser(&users[i], joined); err != nil {
				return err
			}
		}
	}
	for id := range asked {
		delete(joined, id) // comes below, whole
	}
	if err := r.groupsByID(ctx, slices.Sorted(maps.Keys(joined))); err != nil {
		return err
	}
	if err := r.addMembers(joined); err != nil {
		return err
	}
	if err := r.membersOf(ctx, asked); err != nil {
		return err
	}
	return r.w.Complete(nil)
}

// userQueries are the searches that a request needs. Addresses are asked for in lower
// case too: that the search does not mind their case is not documented.
func userQueries(req sdk.StateRequest) []atlassian.UserQuery {
	var out []atlassian.UserQuery
	for part := range slices.Chunk(unique(req.UserIDs), atlassian.MostIDs) {
		out = append(out, atlassian.UserQuery{AccountIDs: part, Expand: expand})
	}
	for part := range slices.Chunk(spellings(req.Emails), atlassian.MostEmails) {
		out = append(out, atlassian.UserQuery{Emails: part, Expand: expand})
	}
	return out
}

func spellings(emails []string) []string {
	var all []string
	for _, e := range emails {
		all = append(all, e, strings.ToLower(e))
	}
	return unique(all)
}

// unique sorts values, and leaves out empty and repeated ones.
func unique(values []string) []string {
	out := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	slices.Sort(out)
	return slices.Compact(out)
}

// namedGroups sends the groups that a request names, and returns their ids.
func (r *reading) namedGroups(ctx context.Context, req sdk.StateRequest) (map[string]bool, error) {
	if err := r.groupsByID(ctx, unique(req.GroupIDs)); err != nil {
		return nil, err
	}
	for part := range slices.Chunk(unique(req.GroupNames), atlassian.MostNames) {
		groups, err := r.org.AllGroups(ctx, atlassian.GroupQuery{Names: part})
		if err != nil {
			return nil, fmt.Errorf("look up groups by name: %w", err)
		}
		if err := r.addGroups(groups); err != nil {
			return nil, err
		}
	}
	asked := map[string]bool{}
	for id := range r.groups {
		asked[id] = true
	}
	return asked, nil
}

// membersOf sends all members of groups.
func (r *reading) membersOf(ctx context.Context, asked map[string]bool) error {
	for part := range slices.Chunk(slices.Sorted(maps.Keys(asked)), atlassian.MostIDs) {
		joined, counted := map[string][]string{}, map[string]bool{}
		for users, err := range r.org.Users(ctx, atlassian.UserQuery{GroupIDs: part, Expand: expand}) {
			if err != nil {
				return fmt.Errorf("list members of groups: %w", err)
			}
			for i := range users {
				u := &users[i]
				if counted[u.AccountID] || !belongs(u) {
					continue
				}
				counted[u.AccountID] = true
				for _, g := range u.Groups {
					if asked[g.ID] && slices.Contains(part, g.ID) {
						joined[g.ID] = append(joined[g.ID], u.AccountID)
					}
				}
			}
		}
		if err := r.addMembers(joined); err != nil {
			return err
		}
	}
	return nil
}
