package okta

import (
	"errors"
	"slices"
	"strings"

	"syncgateway/sdk"
)

// The OAuth scopes that are read with.
const (
	scopeUsers  = "okta.users.read"
	scopeGroups = "okta.groups.read"
	scopeApps   = "okta.apps.read"
	scopeLogs   = "okta.logs.read"
)

// scopeOf is the scope a path needs.
func scopeOf(path string) string {
	switch first, _, _ := strings.Cut(strings.TrimPrefix(pathOf(path), "/api/v1/"), "/"); first {
	case "groups":
		return scopeGroups
	case "apps":
		return scopeApps
	case "logs":
		return scopeLogs
	}
	return scopeUsers
}

// advise adds to a refusal what to do about it, and takes a 404 for what it says only
// when it is Okta's own: a proxy's must never pass for "no such person".
func (c *client) advise(err error, path string) error {
	var f *sdk.Failure
	if !errors.As(err, &f) {
		return err
	}
	out := *f
	switch {
	case f.Reason == sdk.ReasonNotFound && f.RemoteCode != codeNotFound:
		out.Reason = sdk.ReasonUnavailable
		out.Message += "; the answer lacks Okta's error code, so something else gave it: check org_url and proxies"
	case f.Reason == sdk.ReasonPermission:
		out.Message += "; " + c.missing(scopeOf(path))
	case f.Reason == sdk.ReasonAuthentication && c.app == nil:
		out.Message += "; the API token is wrong, revoked, unused for 30 days or tied to another network zone, or the " +
			"administrator who made it is no longer active: make a new one under Security > API > Tokens"
	}
	return &out
}

// missing says what a credential that was refused lacks.
func (c *client) missing(scope string) string {
	switch {
	case c.app == nil:
		return "the administrator who made the API token may not read this: give them the Read-only Administrator role, " +
			"or make a token as one who has it"
	case !slices.Contains(c.app.granted(), scope):
		return "the token lacks the scope " + scope + ": grant it to the service app under Okta API Scopes, and name it in oauth.scopes where that is set"
	}
	return "the service app has the scope " + scope + " but no administrator role that covers this: assign it one, such as " +
		"Read-only Administrator (Admin roles)"
}

// blind is the failure of a listing that can never be empty, and is. An org has at
// least the administrator and the group Everyone.
func (c *client) blind(what string) error {
	who := "the administrator who made the API token has"
	if c.app != nil {
		who = "the service app has"
	}
	return sdk.Denied("Okta answered with an empty list of %s, which no org has: %s lost the role, or has one that covers no %s. "+
		"Assign the Read-only Administrator role, or a custom role whose resource set covers them", what, who, what)
}

// isGone reports whether Okta itself said that the object does not exist.
func isGone(err error) bool { return sdk.Is(err, sdk.ReasonNotFound) }
