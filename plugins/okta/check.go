package okta

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// Check tries every permission that a read needs. Each step's error says what to do.
func (s *Source) Check(ctx context.Context, steps sdk.Steps) {
	c := s.client
	steps.Run("reach", func() error { return s.reach(ctx, steps) })
	steps.Run("authenticate", func() error { return c.authenticates(ctx, steps) })
	if s.AppID != "" {
		steps.Run("app", func() error { return s.checkApp(ctx, steps) }, "authenticate")
	}
	steps.Run("read users", func() error { return s.checkUsers(ctx, steps) }, "authenticate")
	group := ""
	steps.Run("read groups", func() (err error) {
		group, err = s.checkGroups(ctx, steps)
		return err
	}, "authenticate")
	steps.Run("read members", func() error { return c.checkMembers(ctx, steps, group) }, "read groups")
	if s.Logs {
		steps.Run("read system log", func() error { return c.checkLog(ctx, steps) }, "authenticate")
	}
}

// reach asks without a credential: any answer of an API shows that name, TLS and
// address are right.
func (s *Source) reach(ctx context.Context, steps sdk.Steps) error {
	options := append([]httpx.Option{httpx.Attempts(1), httpx.Errors(decodeError)}, s.options...)
	anonymous := httpx.New(s.OrgURL, options...)
	var out any
	resp, err := anonymous.Do(ctx, httpx.Request{Method: http.MethodGet, Path: "/api/v1/users", Query: limit(1), Out: &out})
	if sdk.Is(err, sdk.ReasonUnavailable) {
		f := *sdk.AsFailure(err)
		f.Message += "\nCheck org_url, and the gateway's DNS, proxy and firewall."
		return &f
	}
	if err == nil && resp != nil { // nobody gives users away without a credential
		return sdk.At("org_url").Warnf("This does not look like Okta\nIt answers without a credential.")
	}
	steps.Detailf("%s answers", s.OrgURL)
	return ctx.Err()
}

// authenticates passes when the credential is accepted, whatever it may read.
func (c *client) authenticates(ctx context.Context, steps sdk.Steps) error {
	if c.app != nil {
		return c.app.signsIn(ctx, steps)
	}
	if _, err := c.get(ctx, "/api/v1/users", limit(1), nil); err != nil && !sdk.Is(err, sdk.ReasonPermission) {
		return err
	}
	steps.Detailf("API token accepted")
	return nil
}

// signsIn gets a token. When a scope is missing it asks for each alone, to name it.
func (a *serviceApp) signsIn(ctx context.Context, steps sdk.Steps) error {
	t, err := a.current(ctx)
	if sdk.AsFailure(err) != nil && sdk.AsFailure(err).RemoteCode == "invalid_scope" {
		return a.missingScopes(ctx, err)
	}
	if err != nil {
		return err
	}
	steps.Detailf("%s token with %s", t.Scheme, strings.Join(slices.Sorted(slices.Values(strings.Fields(t.Scope))), ", "))
	return nil
}

func (a *serviceApp) missingScopes(ctx context.Context, refusal error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var missing []string
	for _, scope := range a.scopes {
		_, err := a.ask(ctx, []string{scope})
		if f := sdk.AsFailure(err); f != nil && f.RemoteCode == "invalid_scope" {
			missing = append(missing, scope)
		}
	}
	if len(missing) == 0 {
		return refusal
	}
	f := sdk.Denied("the service app was not granted %s\nGrant it in the Okta admin console: Applications > the app > Okta API Scopes.",
		strings.Join(missing, ", "))
	f.RemoteCode = "invalid_scope"
	return f
}

func (s *Source) checkApp(ctx context.Context, steps sdk.Steps) error {
	var app struct{ Label, Status string }
	if _, err := s.client.get(ctx, appPath(s.AppID), nil, &app); err != nil {
		if isGone(err) {
			_, err = s.client.seesApp(ctx, s.AppID)
		}
		return err
	}
	steps.Detailf("%q, %s", app.Label, strings.ToLower(app.Status))
	return nil
}

// firstPage reads the first page of a listing and says how many there are, as far as
// one page tells.
func firstPage[T any](ctx context.Context, c *client, steps sdk.Steps, path, what string, query url.Values) ([]T, error) {
	for p, err := range list[T](ctx, c, path, query) {
		if err != nil {
			return nil, err
		}
		more := ""
		if query.Get("limit") == "200" && len(p.items) == 200 {
			more = " or more"
		}
		steps.Detailf("%d%s %s visible", len(p.items), more, what)
		return p.items, nil
	}
	return nil, ctx.Err()
}

func (s *Source) checkUsers(ctx context.Context, steps sdk.Steps) error {
	users, err := firstPage[userRecord](ctx, s.client, steps, "/api/v1/users", "users", limit(200))
	if err == nil && len(users) == 0 {
		err = s.client.blind("users")
	}
	if err != nil || s.AppID == "" {
		return err
	}
	assigned, err := firstPage[appUser](ctx, s.client, steps, appPath(s.AppID, "users"), "assigned users", limit(200))
	if err == nil && len(assigned) == 0 {
		return sdk.At("app_id").Warnf("Nobody is assigned to the app\nAssign people or groups to it in Okta.")
	}
	return err
}

// checkGroups returns a group to try the members of.
func (s *Source) checkGroups(ctx context.Context, steps sdk.Steps) (string, error) {
	path, what := "/api/v1/groups", "groups"
	if s.AppID != "" {
		path, what = appPath(s.AppID, "groups"), "assigned groups"
	}
	groups, err := firstPage[groupRecord](ctx, s.client, steps, path, what, limit(200))
	switch {
	case err != nil:
		return "", err
	case len(groups) == 0 && s.AppID == "":
		return "", s.client.blind("groups")
	case len(groups) == 0:
		return "", sdk.At("app_id").Warnf("No group is assigned to the app\nMemberships will not be read.")
	}
	at := max(slices.IndexFunc(groups, func(g groupRecord) bool { return s.reads(&g) }), 0)
	return groups[at].ID, nil
}

func (c *client) checkMembers(ctx context.Context, steps sdk.Steps, group string) error {
	if group == "" {
		steps.Detailf("no group to try it on")
		return nil
	}
	_, err := firstPage[struct{ ID string }](ctx, c, steps, "/api/v1/groups/"+url.PathEscape(group)+"/users", "members of the first group", limit(200))
	return err
}

func (c *client) checkLog(ctx context.Context, steps sdk.Steps) error {
	if err := c.logReadable(ctx, pollFrom(c.now().Add(-time.Hour), logged["users"])); err != nil {
		return err
	}
	steps.Detailf("deletions will be seen between full reads")
	return nil
}
