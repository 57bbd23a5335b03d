package sdk_test

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
	"syncgateway/sdk/schema"
)

var version = "dev"

// A whole source in its simple form: what a main function looks like.
func ExampleServeSource() {
	sdk.ServeSource(sdk.About{
		Type: "acme", Version: version, Summary: "People and teams of the Acme directory.",
		Config: schema.Of(
			schema.String("base_url").Required().Doc("Root of the Acme API."),
			schema.Secret("token").Required().Doc("API token with the people:read scope."),
		),
	}, &acme{})
}

type config struct {
	BaseURL string `json:"base_url"`
	Token   string `json:"token"`
}

type acme struct{ api *httpx.Client }

func (a *acme) Configure(_ context.Context, c config) error {
	if !strings.HasPrefix(c.BaseURL, "https://") {
		return sdk.At("base_url").Errorf("must start with https://, got %q", c.BaseURL)
	}
	a.api = httpx.New(c.BaseURL, httpx.Bearer(c.Token))
	return nil
}

func (a *acme) Check(ctx context.Context, steps sdk.Steps) {
	steps.Run("authenticate", func() error { return a.api.Get(ctx, "/me", nil, nil) })
}

func (a *acme) ReadUsers(ctx context.Context, p sdk.PageRequest) (sdk.Page[sdk.User], error) {
	var body struct {
		People []struct{ ID, Login, Mail, Name, Status string }
		Next   string
	}
	if err := a.api.Get(ctx, "/people", query(p), &body); err != nil {
		return sdk.Page[sdk.User]{}, err
	}
	page := sdk.Page[sdk.User]{Next: body.Next}
	for _, x := range body.People {
		page.Items = append(page.Items, sdk.User{ID: x.ID, Username: x.Login, Email: x.Mail, DisplayName: x.Name, Active: x.Status == "employed"})
	}
	return page, nil
}

func (a *acme) ReadGroups(ctx context.Context, p sdk.PageRequest) (sdk.Page[sdk.Group], error) {
	var body struct {
		Teams []sdk.Group
		Next  string
	}
	err := a.api.Get(ctx, "/teams", query(p), &body)
	return sdk.Page[sdk.Group]{Items: body.Teams, Next: body.Next}, err
}

func query(p sdk.PageRequest) url.Values {
	return url.Values{"cursor": {p.Cursor}, "limit": {strconv.Itoa(p.Size)}}
}
