// Command gateway-acme is a source for Acme.
package main

import (
	"context"
	"net/url"
	"strconv"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
	"syncgateway/sdk/schema"
)

var version = "0.1.0"

func main() {
	sdk.ServeSource(sdk.About{
		Type: "acme", Version: version, Summary: "People and teams of Acme.",
		Config: schema.Of(
			schema.String("base_url").Required().Doc("Root of the API of Acme.").Example("https://api.acme.example"),
			schema.Secret("token").Required().Doc("API token with the people:read scope."),
		),
		Permissions: "The token needs the scope `people:read`.",
	}, &connector{})
}

type config struct {
	BaseURL string `json:"base_url"`
	Token   string `json:"token"`
}

type connector struct{ api *httpx.Client }

// Configure keeps the settings. It makes no request.
func (c *connector) Configure(_ context.Context, s config) error {
	c.api = httpx.New(s.BaseURL, httpx.Bearer(s.Token))
	if err := c.api.Err(); err != nil {
		return sdk.At("base_url").Errorf("%v", err)
	}
	return nil
}

// Check is what `gateway check` shows, step by step.
func (c *connector) Check(ctx context.Context, steps sdk.Steps) {
	steps.Run("authenticate", func() error { return c.api.Get(ctx, "/me", nil, nil) })
	steps.Run("list people", func() error { return c.api.Get(ctx, "/people", url.Values{"limit": {"1"}}, nil) })
}

type person struct{ ID, Login, Mail, Name, Status string }

func (p person) user() sdk.User {
	return sdk.User{ID: p.ID, Username: p.Login, Email: p.Mail, DisplayName: p.Name, Active: p.Status == "employed"}
}

// ReadUsers reads one page. The SDK asks for the next ones, and says that the read is
// complete after the last. An error at any page means that the read is not.
func (c *connector) ReadUsers(ctx context.Context, p sdk.PageRequest) (sdk.Page[sdk.User], error) {
	var body struct {
		People []person
		Next   string
	}
	err := c.api.Get(ctx, "/people", query(p), &body)
	if err == nil && body.People == nil { // "{}" is no listing without people
		err = sdk.Unavailable("the answer has no list of people")
	}
	page := sdk.Page[sdk.User]{Next: body.Next}
	for _, x := range body.People {
		page.Items = append(page.Items, x.user())
	}
	return page, err
}

type team struct {
	ID, Name       string
	People, Within []string // ids of people, and of teams in this team
}

// ReadGroups reads one page of teams with their members.
func (c *connector) ReadGroups(ctx context.Context, p sdk.PageRequest) (sdk.Page[sdk.Group], error) {
	var body struct {
		Teams []team
		Next  string
	}
	err := c.api.Get(ctx, "/teams", query(p), &body)
	if err == nil && body.Teams == nil {
		err = sdk.Unavailable("the answer has no list of teams")
	}
	page := sdk.Page[sdk.Group]{Next: body.Next}
	for _, x := range body.Teams {
		page.Items = append(page.Items, sdk.Group{ID: x.ID, Name: x.Name, UserIDs: x.People, ChildIDs: x.Within})
	}
	return page, err
}

// mostOnPage is the API's: it refuses larger pages.
const mostOnPage = 100

func query(p sdk.PageRequest) url.Values {
	return url.Values{"cursor": {p.Cursor}, "limit": {strconv.Itoa(min(p.Size, mostOnPage))}}
}
