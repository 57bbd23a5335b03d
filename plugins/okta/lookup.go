package okta

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"syncgateway/sdk"
)

// Lookup finds one person with their groups, or one group, in the scope of the
// settings. Not found is Okta's own word: people are removed by it.
func (s *Source) Lookup(ctx context.Context, req sdk.LookupRequest) (sdk.Found, error) {
	if req.GroupID != "" {
		return s.lookupGroup(ctx, req.GroupID)
	}
	u, err := s.client.find(ctx, req)
	if err != nil {
		return sdk.Found{}, err
	}
	if s.AppID != "" {
		if u, err = s.client.appUser(ctx, s.AppID, u.ID); err != nil {
			return sdk.Found{}, err
		}
	}
	if u.Status == staged && s.Staged == stagedSkip {
		return sdk.Found{}, sdk.NotFound("user %s is there, but %s", u.ID, s.skipped(u))
	}
	var inApp map[string]bool
	if s.AppID != "" {
		if inApp, err = s.client.appGroupIDs(ctx, s.AppID); err != nil {
			return sdk.Found{}, err
		}
	}
	groups, err := s.groupsOf(ctx, u.ID, inApp)
	if err != nil {
		return sdk.Found{}, err
	}
	user, _ := u.user(nil)
	found := sdk.Found{User: &user}
	for i := range groups {
		found.Groups = append(found.Groups, groups[i].group(nil))
	}
	return found, nil
}

func (s *Source) lookupGroup(ctx context.Context, id string) (sdk.Found, error) {
	if !isID(id) {
		return sdk.Found{}, sdk.NotFound("no group can have the id %q", id)
	}
	var g groupRecord
	if _, err := s.client.get(ctx, "/api/v1/groups/"+url.PathEscape(id), nil, &g); err != nil {
		return sdk.Found{}, err
	}
	switch {
	case g.ID != id:
		return sdk.Found{}, sdk.Unavailable("Okta was asked for group %s and answered with %q", id, g.ID)
	case !s.reads(&g):
		return sdk.Found{}, sdk.NotFound("group %s is there, but of type %s, which group_types leaves out", id, g.Type)
	}
	if s.AppID != "" {
		_, err := s.client.get(ctx, appPath(s.AppID, "groups", id), nil, nil)
		if isGone(err) {
			if _, err := s.client.seesApp(ctx, s.AppID); err != nil {
				return sdk.Found{}, err
			}
			return sdk.Found{}, sdk.NotFound("group %s is not assigned to app %s", id, s.AppID)
		}
		if err != nil {
			return sdk.Found{}, err
		}
	}
	return sdk.Found{Groups: []sdk.Group{g.group(nil)}}, nil
}

func (c *client) find(ctx context.Context, req sdk.LookupRequest) (*userRecord, error) {
	switch {
	case req.ID != "":
		return c.byID(ctx, req.ID)
	case req.Username != "":
		return c.byLogin(ctx, req.Username)
	case req.Email != "":
		return c.byEmail(ctx, req.Email)
	}
	return nil, sdk.Invalid("a lookup needs an id, a username or an e-mail address")
}

// byID reads the user itself, which is always up to date. Okta takes a login, and the
// word "me", in the same place: what comes back may be somebody else.
func (c *client) byID(ctx context.Context, id string) (*userRecord, error) {
	if !isID(id) {
		return nil, sdk.NotFound("no user can have the id %q", id)
	}
	u, err := c.user(ctx, id)
	if err == nil && u.ID != id {
		return nil, sdk.NotFound("no user has the id %s", id)
	}
	return u, err
}

func (c *client) user(ctx context.Context, idOrLogin string) (*userRecord, error) {
	var u userRecord
	if _, err := c.get(ctx, "/api/v1/users/"+url.PathEscape(idOrLogin), nil, &u); err != nil {
		return nil, err
	}
	if !isID(u.ID) {
		return nil, sdk.Unavailable("Okta answered with a user who has no id")
	}
	return &u, nil
}

func (c *client) byLogin(ctx context.Context, login string) (*userRecord, error) {
	is := func(u *userRecord) bool { return strings.EqualFold(u.Profile.first("login"), login) }
	if strings.ContainsAny(login, `/\`) || strings.Trim(login, ".") == "" { // Okta cannot have these in a path
		return c.only(ctx, "login", login, is)
	}
	u, err := c.user(ctx, login)
	if err == nil && !is(u) { // found by the part before the @
		return nil, sdk.NotFound("no user has the login %q", login)
	}
	return u, err
}

// byEmail searches, and since a search shows a new person late, looks whether the
// address is a login too. The user found is then read itself.
func (c *client) byEmail(ctx context.Context, email string) (*userRecord, error) {
	is := func(u *userRecord) bool { return strings.EqualFold(u.Profile.first("email"), email) }
	u, err := c.only(ctx, "email", email, is)
	if isGone(err) {
		if u, err = c.byLogin(ctx, email); err == nil && !is(u) {
			return nil, sdk.NotFound("no user has the e-mail address %q", email)
		}
		return u, err
	}
	if err != nil {
		return nil, err
	}
	return c.byID(ctx, u.ID)
}

// only finds the one user whose property has the value: of several, the only one who
// is active.
func (c *client) only(ctx context.Context, property, value string, is func(*userRecord) bool) (*userRecord, error) {
	var found []userRecord
	query := url.Values{"search": {"profile." + property + " eq " + quoted(value)}, "limit": {"200"}}
	for p, err := range list[userRecord](ctx, c, "/api/v1/users", query) {
		if err != nil {
			return nil, err
		}
		found = append(found, p.items...)
	}
	found = slices.DeleteFunc(found, func(u userRecord) bool { return !is(&u) })
	if len(found) == 0 {
		if _, err := c.probe(ctx, "users"); err != nil { // who sees nobody finds nobody
			return nil, err
		}
		return nil, sdk.NotFound("no user has the %s %q", property, value)
	}
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(u userRecord) bool { return !u.active() })
	}
	if len(found) != 1 {
		return nil, sdk.Conflict("several users have the %s %q, and not just one of them is active: ask by id", property, value)
	}
	return &found[0], nil
}

// groupsOf lists the groups of a user that are in scope; inApp is nil for a whole org.
func (s *Source) groupsOf(ctx context.Context, user string, inApp map[string]bool) ([]groupRecord, error) {
	var all []groupRecord
	for p, err := range list[groupRecord](ctx, s.client, "/api/v1/users/"+url.PathEscape(user)+"/groups", nil) {
		if err != nil {
			return nil, err
		}
		all = append(all, p.items...)
	}
	return slices.DeleteFunc(all, func(g groupRecord) bool { return !s.reads(&g) || inApp != nil && !inApp[g.ID] }), nil
}
