// Package jiracloud is the target for Jira Cloud. It reads and writes through the
// Organizations API, where people, groups and memberships live that all products of an
// organisation share; the site's own API is asked for licences only. It does not touch
// projects, roles in projects or anything else inside Jira.
package jiracloud

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// Config is the connector's block.
type Config struct {
	Site              string   `json:"site"`
	OrgID             string   `json:"org_id"`
	APIKey            string   `json:"api_key"`
	Email             string   `json:"email"`
	APIToken          string   `json:"api_token"`
	AdminURL          string   `json:"admin_url"`
	DirectoryID       string   `json:"directory_id"`
	Disable           string   `json:"disable"`
	Products          []string `json:"products"`
	Role              string   `json:"role"`
	Notify            bool     `json:"notify"`
	ManagedProfiles   bool     `json:"managed_profiles"`
	VerifyCounts      bool     `json:"verify_counts"`
	Concurrency       int      `json:"concurrency"`
	RateShare         float64  `json:"rate_share"`
	RequestsPerSecond float64  `json:"requests_per_second"`
	CAFile            string   `json:"ca_file"`
}

// Target is the connector. The zero value is ready for Configure.
type Target struct {
	// Clock replaces the system's, for tests.
	Clock httpx.Clock

	config Config
	org    *atlassian.Org
	site   *atlassian.Site // nil without a token
	slots  chan struct{}   // requests of Apply in flight

	mu        sync.Mutex // held while one asks, so that the others need not
	directory string
	resources []atlassian.Rule // what an invitation gives

	guard      sync.Mutex
	protection *protection
}

var (
	_ sdk.Target[Config] = (*Target)(nil)
	_ sdk.BatchApplier   = (*Target)(nil)
)

// Configure checks the settings and makes the clients.
func (t *Target) Configure(_ context.Context, c Config) error {
	if err := c.check(); err != nil {
		return err
	}
	options := []httpx.Option{httpx.Share(c.RateShare), httpx.CAFile(c.CAFile)}
	if t.Clock != nil {
		options = append(options, httpx.WithClock(t.Clock))
	}
	if c.RequestsPerSecond > 0 {
		options = append(options, httpx.Rate(c.RequestsPerSecond, c.Concurrency))
	}
	t.org = atlassian.NewOrg(c.AdminURL, c.OrgID, c.APIKey, options...)
	t.site = nil
	if c.APIToken != "" {
		t.site = atlassian.NewSite(c.Site, c.Email, c.APIToken, options...)
		if err := t.site.Err(); err != nil {
			return sdk.At("site").Code("jira-cloud.url").Errorf("%v", err)
		}
	}
	t.config, t.slots = c, make(chan struct{}, c.Concurrency)
	t.mu.Lock()
	t.directory, t.resources = "", nil
	t.mu.Unlock()
	t.guard.Lock()
	t.protection = nil
	t.guard.Unlock()
	if err := t.org.Err(); err != nil {
		return sdk.At("admin_url").Code("jira-cloud.url").Errorf("%v", err)
	}
	return nil
}

func (c *Config) check() error {
	var wrong []error
	at := func(field, format string, args ...any) {
		wrong = append(wrong, sdk.At(field).Code("jira-cloud."+field).Errorf(format, args...))
	}
	if (c.Email == "") != (c.APIToken == "") {
		at("email", "email and api_token belong together\nGive both, or neither.")
	}
	if c.Disable == disableRemoveGroups && c.APIToken == "" {
		at("disable", "disable = %q needs email and api_token\nOnly the site tells which groups grant a licence.", c.Disable)
	}
	if c.Disable == disableRemoveGroups && len(c.Products) == 0 {
		at("products", "disable = %q needs products\nActivating somebody adds the default groups of products.", c.Disable)
	}
	for _, u := range []struct{ field, value string }{{"site", c.Site}, {"admin_url", c.AdminURL}} {
		if !secure(u.value) {
			at(u.field, "%s must start with https://\nPlain http is for this machine only, since the credential would be readable on its way.", u.field)
		}
	}
	if strings.ContainsAny(c.OrgID, "/ ") {
		at("org_id", "org_id is the id alone\nCopy what follows /o/ in the address of admin.atlassian.com.")
	}
	c.Concurrency, c.RateShare = max(c.Concurrency, 1), max(c.RateShare, 0.05)
	return errors.Join(wrong...)
}

func secure(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch u.Hostname() {
	case "127.0.0.1", "::1", "localhost":
		return u.Scheme == "http" || u.Scheme == "https"
	}
	return u.Scheme == "https" && u.Host != ""
}

// dir is the client for the directory, which is found first if the configuration does
// not name it.
func (t *Target) dir(ctx context.Context) (*atlassian.Org, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.directory == "" {
		id, err := t.findDirectory(ctx)
		if err != nil {
			return nil, err
		}
		t.directory = id
	}
	return t.org.In(t.directory), nil
}

func (t *Target) findDirectory(ctx context.Context) (string, error) {
	if t.config.DirectoryID != "" {
		return t.config.DirectoryID, nil
	}
	all, err := t.org.Directories(ctx)
	if err != nil {
		return "", err
	}
	return only(all)
}

func only(all []atlassian.Directory) (string, error) {
	switch len(all) {
	case 0:
		return "", sdk.Denied("the organisation shows no directory of users: the API key is not of an organisation administrator")
	case 1:
		return all[0].ID, nil
	}
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = d.ID + " (" + d.Name + ")"
	}
	return "", sdk.Invalid("the organisation has %d directories of users; set directory_id to one of %s", len(all), strings.Join(names, ", "))
}

// invitationRules are the roles that an invitation gives, by the configured products.
func (t *Target) invitationRules(ctx context.Context) ([]atlassian.Rule, error) {
	if len(t.config.Products) == 0 {
		return nil, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.resources != nil {
		return t.resources, nil
	}
	all, err := t.org.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	t.resources, err = t.rules(all)
	return t.resources, err
}

func (t *Target) rules(all []atlassian.Workspace) ([]atlassian.Rule, error) {
	here := map[string]string{}
	var names []string
	for _, w := range all {
		if product := atlassian.Product(w.ID); product != "" && atlassian.SameSite(w.Attributes.HostURL, t.config.Site) {
			here[product] = w.ID
			names = append(names, product)
		}
	}
	if len(here) == 0 {
		return nil, sdk.Invalid("the organisation has no site %s: check site and org_id", t.config.Site)
	}
	var rules []atlassian.Rule
	for _, product := range t.config.Products {
		if here[product] == "" {
			return nil, sdk.Invalid("the site has no product %q; it has %s: change products", product, strings.Join(names, ", "))
		}
		rules = append(rules, atlassian.Rule{Resource: here[product], Role: t.config.Role})
	}
	return rules, nil
}

// pause waits for what the organisation does in its own time.
func (t *Target) pause(ctx context.Context, d time.Duration) error {
	if t.Clock != nil {
		return t.Clock.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
