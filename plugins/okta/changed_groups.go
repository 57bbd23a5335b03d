package okta

import (
	"context"
	"maps"
	"slices"
	"time"
)

// changes sends the groups that changed, or whose members did, with all their members.
func (r *groupRead) changes(ctx context.Context, delta []byte) error {
	win, why, err := r.open(ctx, "groups", delta, r.attributes)
	if err != nil {
		return err
	}
	if why != "" {
		return r.w.Reset(why)
	}
	people, err := r.newcomers(ctx, &win)
	if err != nil {
		return err
	}
	if why := tooMany(len(people)); why != "" {
		return r.w.Reset(why)
	}
	var groups []groupRecord
	if r.AppID != "" {
		groups, err = r.changedOfApp(ctx, &win)
	} else {
		groups, _, err = r.client.groups(ctx, win.filter("lastUpdated", "lastMembershipUpdated"))
	}
	if err == nil {
		groups = slices.DeleteFunc(groups, func(g groupRecord) bool { return win.log.gone[g.ID] })
		err = r.send(ctx, groups)
	}
	if err == nil {
		err = r.join(ctx, people)
	}
	if err == nil {
		err = r.w.Remove(sorted(win.log.gone)...)
	}
	if err != nil {
		return err
	}
	next, err := r.shut(ctx, "groups", &win)
	if err != nil {
		return err
	}
	return r.w.Complete(next, nil)
}

// changedOfApp lists the app's groups that changed. Groups that are no longer assigned
// join those that are gone.
func (r *groupRead) changedOfApp(ctx context.Context, win *window) ([]groupRecord, error) {
	groups, _, err := r.client.appGroups(ctx, r.AppID)
	if err != nil {
		return nil, err
	}
	touched := maps.Clone(win.log.groups)
	groups = slices.DeleteFunc(groups, func(g groupRecord) bool {
		assignedAnew := touched[g.ID]
		delete(touched, g.ID)
		updated, err := time.Parse(time.RFC3339, g.LastUpdated)
		return !assignedAnew && err == nil && !updated.After(win.cutoff()) &&
			!g.LastMembershipUpdated.IsZero() && !g.LastMembershipUpdated.After(win.cutoff())
	})
	maps.Copy(win.log.gone, touched)
	return groups, nil
}

// newcomers are the people whom earlier reads may have left out by the settings, and
// whose memberships were of no use then: their groups need not have changed since.
func (r *groupRead) newcomers(ctx context.Context, win *window) ([]string, error) {
	ask := maps.Clone(win.log.people)
	if r.Staged == stagedSkip || !r.IncludeDeprovisioned {
		for p, err := range list[userRecord](ctx, r.client, "/api/v1/users", win.filter("lastUpdated")) {
			if err != nil {
				return nil, err
			}
			for i := range p.items {
				if u := &p.items[i]; u.active() && (u.StatusChanged.IsZero() || u.StatusChanged.After(win.cutoff())) {
					ask[u.ID] = true
				}
			}
		}
	}
	maps.DeleteFunc(ask, func(id string, _ bool) bool { return !isID(id) })
	return sorted(ask), nil
}

// join sends the memberships that the people have.
func (r *groupRead) join(ctx context.Context, people []string) error {
	var inApp map[string]bool
	var err error
	if r.AppID != "" && len(people) > 0 {
		if inApp, err = r.client.appGroupIDs(ctx, r.AppID); err != nil {
			return err
		}
	}
	read := func(ctx context.Context, id string) ([]groupRecord, error) { return r.groupsOf(ctx, id, inApp) }
	return inOrder(ctx, r.Concurrency, people, read, func(id string, groups []groupRecord, err error) error {
		if isGone(err) {
			return nil
		}
		for i := range groups {
			if err == nil {
				err = r.w.AddMembers(groups[i].ID, id)
			}
		}
		return err
	})
}
