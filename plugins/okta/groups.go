package okta

import (
	"context"
	"net/url"
	"slices"
	"time"

	"syncgateway/sdk"
)

// groupRecord is a group as Okta gives it.
type groupRecord struct {
	ID                    string    `json:"id"`
	Type                  string    `json:"type"`
	LastUpdated           string    `json:"lastUpdated"`
	LastMembershipUpdated time.Time `json:"lastMembershipUpdated"`
	Profile               fields    `json:"profile"`
}

func (g *groupRecord) group(attributes []string) sdk.Group {
	p := g.Profile
	out := sdk.Group{ID: g.ID, Name: p.take("name"), Description: p.take("description"), Version: g.LastUpdated}
	p.take("type")
	if g.Type != "" {
		p = append(p, sdk.Attribute{Name: "type", Values: []string{g.Type}})
	}
	out.Attributes = p.wanted(attributes)
	return out
}

// reads reports whether groups of this type are read.
func (s *Source) reads(g *groupRecord) bool { return slices.Contains(s.GroupTypes, g.Type) }

// groupRead is one read of groups on its way.
type groupRead struct {
	*Source
	w          *sdk.GroupWriter
	attributes []string
}

// StreamGroups reads every group with its members, or those that changed.
func (s *Source) StreamGroups(ctx context.Context, req sdk.ReadRequest, w *sdk.GroupWriter) error {
	r := &groupRead{Source: s, w: w, attributes: req.Attributes}
	if len(req.Delta) > 0 {
		return r.changes(ctx, req.Delta)
	}
	groups, started, err := r.all(ctx)
	if err != nil {
		return err
	}
	if err := r.send(ctx, groups); err != nil {
		return err
	}
	next, err := s.handOut(ctx, "groups", started, req.Attributes, w.Notice)
	if err != nil {
		return err
	}
	return w.Complete(next, nil)
}

// all lists the groups in scope, without members.
func (r *groupRead) all(ctx context.Context) ([]groupRecord, time.Time, error) {
	if r.AppID != "" {
		return r.client.appGroups(ctx, r.AppID)
	}
	groups, started, err := r.client.groups(ctx, limit(200))
	if err == nil && len(groups) == 0 {
		err = r.client.blind("groups")
	}
	return groups, started, err
}

// groups lists groups, each once, and returns when the first page was given.
func (c *client) groups(ctx context.Context, query url.Values) (all []groupRecord, started time.Time, err error) {
	for p, err := range list[groupRecord](ctx, c, "/api/v1/groups", query) {
		if err != nil {
			return nil, started, err
		}
		if started.IsZero() {
			started = p.at
		}
		all = append(all, p.items...)
	}
	return distinct(all), started, nil
}

func distinct(groups []groupRecord) []groupRecord {
	seen := map[string]bool{}
	return slices.DeleteFunc(groups, func(g groupRecord) bool {
		twice := g.ID != "" && seen[g.ID]
		seen[g.ID] = true
		return twice
	})
}

// send sends the groups of the types in scope with their members, several of which are
// read at a time, in the order of the list.
func (r *groupRead) send(ctx context.Context, groups []groupRecord) error {
	groups = slices.DeleteFunc(groups, func(g groupRecord) bool { return !r.reads(&g) })
	return inOrder(ctx, r.Concurrency, groups,
		func(ctx context.Context, g groupRecord) ([]string, error) {
			return r.client.members(ctx, g.ID, r.MemberPage)
		},
		func(g groupRecord, members []string, err error) error {
			if isGone(err) {
				return r.w.Notice(g.ID, "deleted while the groups were read; left out")
			}
			if err != nil {
				return err
			}
			out := g.group(r.attributes)
			out.UserIDs = members // never nil: in a delta read these are all there are
			return r.w.Add(out)
		})
}

// members lists the ids of a group's members, each once. Not found means that the group
// itself is not there either.
func (c *client) members(ctx context.Context, group string, size int) ([]string, error) {
	ids, seen := []string{}, map[string]bool{}
	path := "/api/v1/groups/" + url.PathEscape(group)
	for p, err := range list[struct{ ID string }](ctx, c, path+"/users", limit(size)) {
		if isGone(err) {
			if _, err := c.get(ctx, path, nil, nil); err != nil {
				return nil, err
			}
			return nil, sdk.Unavailable("Okta says that the members of group %s do not exist, and that the group does", group)
		}
		if err != nil {
			return nil, err
		}
		for _, m := range p.items {
			if m.ID == "" {
				return nil, sdk.Unavailable("a member of group %s came without an id", group)
			}
			if !seen[m.ID] {
				seen[m.ID] = true
				ids = append(ids, m.ID)
			}
		}
	}
	return ids, nil
}
