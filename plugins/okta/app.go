package okta

import (
	"context"
	"net/url"
	"time"

	"syncgateway/sdk"
)

// appUser is an assignment of a user to an app, with the user in it.
type appUser struct {
	ID          string                     `json:"id"`
	Status      string                     `json:"status"`
	Credentials struct{ UserName string }  `json:"credentials"`
	Embedded    struct{ User *userRecord } `json:"_embedded"`
}

// ended are the states in which an assignment is not in force. All others, such as
// PENDING or one that Okta adds, count as in force.
var ended = map[string]bool{"DEPROVISIONED": true, "INACTIVE": true, "REVOKED": true, "SUSPENDED": true, "UNASSIGNED": true}

// record is the user, as far as the app is concerned.
func (a *appUser) record() (*userRecord, error) {
	u := a.Embedded.User
	if u == nil || u.ID != a.ID {
		return nil, sdk.Unavailable("Okta listed the app's user %q without the user", a.ID)
	}
	u.appUsername, u.suspended = a.Credentials.UserName, ended[a.Status]
	return u, nil
}

func appPath(app string, more ...string) string {
	path := "/api/v1/apps/" + url.PathEscape(app)
	for _, part := range more {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// seesApp fails unless the app is there and may be read: without that, an empty list of
// its users, or a user who is not in it, would mean nothing. It returns the org's time.
func (c *client) seesApp(ctx context.Context, app string) (time.Time, error) {
	resp, err := c.get(ctx, appPath(app), nil, nil)
	if isGone(err) {
		return time.Time{}, sdk.Invalid("there is no app %s in this org: look up app_id in the address of the app's page", app)
	}
	if err != nil {
		return time.Time{}, err
	}
	return c.serverTime(resp), nil
}

// assigned reads everyone who is assigned to the app.
func (r *userRead) assigned(ctx context.Context) error {
	started, err := r.client.seesApp(ctx, r.AppID)
	if err != nil {
		return err
	}
	query := url.Values{"limit": {"500"}, "expand": {"user"}}
	for p, err := range list[appUser](ctx, r.client, appPath(r.AppID, "users"), query) {
		if err != nil {
			return err
		}
		for i := range p.items {
			u, err := p.items[i].record()
			if err == nil {
				err = r.add(u)
			}
			if err != nil {
				return err
			}
		}
	}
	return r.complete(ctx, started)
}

// appUser is the user with this id as far as the app is concerned. Not found means that
// the app is there, and the user not assigned to it.
func (c *client) appUser(ctx context.Context, app, id string) (*userRecord, error) {
	var a appUser
	_, err := c.get(ctx, appPath(app, "users", id), url.Values{"expand": {"user"}}, &a)
	if isGone(err) {
		if _, err := c.seesApp(ctx, app); err != nil {
			return nil, err
		}
		return nil, sdk.NotFound("user %s is not assigned to app %s", id, app)
	}
	if err != nil {
		return nil, err
	}
	return a.record()
}

// appGroups lists the groups that are assigned to the app.
func (c *client) appGroups(ctx context.Context, app string) (all []groupRecord, started time.Time, err error) {
	if started, err = c.seesApp(ctx, app); err != nil {
		return nil, started, err
	}
	type assignment struct {
		ID       string
		Embedded struct{ Group *groupRecord } `json:"_embedded"`
	}
	query := url.Values{"limit": {"200"}, "expand": {"group"}}
	for p, err := range list[assignment](ctx, c, appPath(app, "groups"), query) {
		if err != nil {
			return nil, started, err
		}
		for _, a := range p.items {
			if a.Embedded.Group == nil || a.Embedded.Group.ID != a.ID {
				return nil, started, sdk.Unavailable("Okta listed the app's group %q without the group", a.ID)
			}
			all = append(all, *a.Embedded.Group)
		}
	}
	return distinct(all), started, nil
}

// appGroupIDs are the ids of the groups that are assigned to the app.
func (c *client) appGroupIDs(ctx context.Context, app string) (map[string]bool, error) {
	groups, _, err := c.appGroups(ctx, app)
	ids := map[string]bool{}
	for i := range groups {
		ids[groups[i].ID] = true
	}
	return ids, err
}
