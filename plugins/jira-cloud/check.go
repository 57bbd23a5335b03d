package jiracloud

import (
	"context"
	"fmt"
	"strings"

	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// Names of steps that others need.
const (
	stepOrg       = "organisation"
	stepDirectory = "directory"
	stepSite      = "site sign-in"
)

// Check tries what a sync will need, without changing anything.
func (t *Target) Check(ctx context.Context, steps sdk.Steps) {
	c := &checking{target: t, steps: steps}
	steps.Run(stepOrg, func() error { return c.organisation(ctx) })
	steps.Run(stepDirectory, func() error { return c.directory(ctx) }, stepOrg)
	steps.Run("products", func() error { return c.products(ctx) }, stepOrg)
	if t.site == nil {
		steps.Run(stepSite, func() error {
			return sdk.At("api_token").Code("jira-cloud.no_site").Warnf("email and api_token are not set\nLicences are not read: a plan cannot tell that seats run out, and groups that grant them are known by role alone.")
		}, stepOrg)
	} else {
		steps.Run(stepSite, func() error { return c.signIn(ctx) }, stepOrg)
		steps.Run("site permissions", func() error { return c.permissions(ctx) }, stepSite)
		steps.Run("seats", func() error { return c.seats(ctx) }, stepSite)
	}
	steps.Run("key may write", func() error { return c.mayWrite(ctx) }, stepDirectory)
	steps.Run("users and groups", func() error { return c.listings(ctx) }, stepDirectory)
}

type checking struct {
	target      *Target
	steps       sdk.Steps
	directories []atlassian.Directory
	own         string
}

func (c *checking) organisation(ctx context.Context) (err error) {
	c.directories, err = c.target.org.Directories(ctx)
	switch {
	case sdk.Is(err, sdk.ReasonAuthentication):
		return sdk.At("api_key").Code("jira-cloud.key").Errorf("the organisation does not accept the API key\nIt is mistyped, expired or revoked. Make one under Settings → API keys of admin.atlassian.com, without scopes. (%v)", err)
	case sdk.Is(err, sdk.ReasonNotFound):
		return sdk.At("org_id").Code("jira-cloud.org").Errorf("there is no such organisation\nCopy what follows /o/ in the address of admin.atlassian.com. (%v)", err)
	case sdk.Is(err, sdk.ReasonPermission):
		return sdk.At("api_key").Code("jira-cloud.key").Errorf("the API key may not read the organisation\nIt belongs to another organisation, or has scopes. (%v)", err)
	}
	return err
}

func (c *checking) directory(_ context.Context) error {
	want := c.target.config.DirectoryID
	if want == "" {
		if _, err := only(c.directories); err != nil {
			return sdk.At("directory_id").Code("jira-cloud.directory").Errorf("%v", err)
		}
		want = c.directories[0].ID
	}
	var names []string
	for _, d := range c.directories {
		if d.ID == want {
			c.steps.Detailf("%s", d.Name)
			return nil
		}
		names = append(names, d.ID+" ("+d.Name+")")
	}
	return sdk.At("directory_id").Code("jira-cloud.directory").Errorf("the organisation has no such directory\nIt has: %s.", strings.Join(names, ", "))
}

func (c *checking) products(ctx context.Context) error {
	all, err := c.target.org.Workspaces(ctx)
	if err != nil {
		return err
	}
	rules, err := c.target.rules(all)
	if err != nil {
		return sdk.At("products").Code("jira-cloud.products").Errorf("%v", err)
	}
	c.steps.Detailf("the site belongs to the organisation; %d products for people who are invited", len(rules))
	return nil
}

func (c *checking) signIn(ctx context.Context) error {
	me, err := c.target.site.Myself(ctx)
	if sdk.Is(err, sdk.ReasonAuthentication) {
		return sdk.At("api_token").Code("jira-cloud.token").Errorf("the site does not accept email and api_token\nThe token is mistyped, expired, of another account, or has scopes: a token with scopes does not work on the site's own address. (%v)", err)
	}
	if err != nil {
		return err
	}
	c.own = me.AccountID
	c.steps.Detailf("signed in as %s", me.DisplayName)
	return nil
}

func (c *checking) permissions(ctx context.Context) error {
	have, err := c.target.site.Permissions(ctx, "ADMINISTER", "USER_PICKER")
	if err != nil {
		return err
	}
	var missing []string
	for _, p := range [...][2]string{{"ADMINISTER", "Administer Jira"}, {"USER_PICKER", "Browse users and groups"}} {
		if !have[p[0]] {
			missing = append(missing, p[1])
		}
	}
	if len(missing) > 0 {
		return sdk.At("email").Code("jira-cloud.permission").Errorf("the account of the site's token lacks %s\nLicences cannot be read without it. Grant it under Jira settings → System → Global permissions.", strings.Join(missing, " and "))
	}
	return nil
}

func (c *checking) seats(ctx context.Context) error {
	licences, err := c.target.site.ApplicationRoles(ctx)
	if err != nil {
		return err
	}
	var all, full []string
	for _, l := range licences {
		text := fmt.Sprintf("%s: %d of %d seats used", l.Name, l.Used, l.Seats)
		if l.Unlimited {
			text = fmt.Sprintf("%s: %d seats used, no limit", l.Name, l.Used)
		} else if l.Remaining <= 0 {
			full = append(full, l.Name)
		}
		all = append(all, text)
	}
	c.steps.Detailf("%s", strings.Join(all, "; "))
	if len(full) > 0 {
		return sdk.At("site").Code("jira-cloud.seats").Warnf("no seats are left for %s\nInvitations and memberships that need one will be refused.", strings.Join(full, ", "))
	}
	return nil
}

// mayWrite finds out before the first write whether the key has scopes: then it is
// refused here too.
func (c *checking) mayWrite(ctx context.Context) error {
	id := c.own
	if id == "" {
		org, err := c.target.dir(ctx)
		if err != nil {
			return err
		}
		for users, err := range org.Users(ctx, atlassian.UserQuery{}) {
			if err != nil {
				return err
			}
			if len(users) > 0 {
				id = users[0].AccountID
			}
			break
		}
	}
	err := c.target.org.MayManage(ctx, id)
	text := ""
	if err != nil {
		text = strings.ToLower(err.Error())
	}
	if sdk.Is(err, sdk.ReasonPermission) && (strings.Contains(text, "scope") || strings.Contains(text, "manage:org")) {
		return sdk.At("api_key").Code("jira-cloud.scoped_key").Errorf("the API key has scopes: it can read, but every change would be refused\nMake a key without scopes under Settings → API keys of admin.atlassian.com. (%v)", err)
	}
	if sdk.Is(err, sdk.ReasonAuthentication) || sdk.Is(err, sdk.ReasonUnavailable) {
		return err
	}
	return nil // what the key may do to this one account does not matter
}

func (c *checking) listings(ctx context.Context) error {
	org, err := c.target.dir(ctx)
	if err != nil {
		return err
	}
	users, err := org.CountUsers(ctx)
	if err != nil {
		return err
	}
	groups, err := org.CountGroups(ctx)
	if err != nil {
		return err
	}
	if users == 0 {
		return sdk.Denied("the API key sees no users in the directory: it is not of an organisation administrator")
	}
	c.steps.Detailf("%d accounts and %d groups visible", users, groups)
	return nil
}
