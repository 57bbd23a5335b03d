// Package okta reads people, groups and memberships from an Okta org, whole or as far
// as they are assigned to one app. It only reads: nothing in Okta is ever changed, and
// event hooks are not its business. What Okta's API does is described in the vendor's
// reference for the users, groups, apps, System Log and token endpoints.
package okta

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// Source is the connector. New makes one.
type Source struct {
	settings
	client  *client
	now     func() time.Time
	options []httpx.Option // after our own: tests set the clock
}

// New makes a source that waits to be configured.
func New() *Source { return &Source{now: time.Now} }

var (
	_ sdk.Source[settings] = (*Source)(nil)
	_ sdk.UserStreamer     = (*Source)(nil)
	_ sdk.GroupStreamer    = (*Source)(nil)
	_ sdk.Looker           = (*Source)(nil)
)

// About describes the connector in the given version.
func About(version string) sdk.About {
	return sdk.About{
		Type: "okta", Version: version,
		Summary:     "People and groups of an Okta org, or of one of its apps.",
		Permissions: permissions, Limits: limits, Config: configSchema,
		Kinds: []sdk.Kind{
			{Name: "user", Shape: sdk.UserShape, Attributes: userAttributes},
			{Name: "group", Shape: sdk.GroupShape, Attributes: groupAttributes},
		},
		Capabilities: sdk.Capabilities{Delta: true},
	}
}

// Configure validates and keeps the settings. It makes no request.
func (s *Source) Configure(_ context.Context, c settings) error {
	org, err := c.validate()
	if err != nil {
		return err
	}
	made, err := newClient(org, &c, s.now, s.options)
	if err != nil {
		return err
	}
	s.settings, s.client = c, made
	return nil
}

// limit is a query with nothing but the size of a page.
func limit(n int) url.Values { return url.Values{"limit": {strconv.Itoa(n)}} }
