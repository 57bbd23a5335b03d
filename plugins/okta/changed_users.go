package okta

import (
	"context"
	"maps"
)

// changes sends who changed since the cursor was handed out.
func (r *userRead) changes(ctx context.Context, delta []byte) error {
	win, why, err := r.open(ctx, "users", delta, r.attributes)
	if err != nil {
		return err
	}
	if why == "" && r.AppID != "" {
		why, err = r.changedAssigned(ctx, &win)
	} else if why == "" {
		_, err = r.list(ctx, win.filter("lastUpdated"))
	}
	if err != nil {
		return err
	}
	if why != "" {
		return r.w.Reset(why)
	}
	if err := r.w.Remove(sorted(win.log.gone)...); err != nil { // last: searches show the deleted for a while
		return err
	}
	next, err := r.shut(ctx, "users", &win)
	if err != nil {
		return err
	}
	return r.w.Complete(next, nil)
}

// changedAssigned asks the app about everyone who changed or whose assignment did.
func (r *userRead) changedAssigned(ctx context.Context, win *window) (why string, err error) {
	ask := maps.Clone(win.log.people)
	for p, err := range list[userRecord](ctx, r.client, "/api/v1/users", win.filter("lastUpdated")) {
		if err != nil {
			return "", err
		}
		for _, u := range p.items {
			ask[u.ID] = true
		}
	}
	maps.DeleteFunc(ask, func(id string, _ bool) bool { return win.log.gone[id] || !isID(id) })
	if why := tooMany(len(ask)); why != "" {
		return why, nil
	}
	read := func(ctx context.Context, id string) (*userRecord, error) { return r.client.appUser(ctx, r.AppID, id) }
	return "", inOrder(ctx, r.Concurrency, sorted(ask), read, func(id string, u *userRecord, err error) error {
		switch {
		case isGone(err):
			return r.w.Remove(id)
		case err != nil:
			return err
		}
		return r.add(u)
	})
}
