package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"syncgateway/sdk"
	"syncgateway/sdk/conformance/broken/acme"
	"syncgateway/sdk/httpx"
	"syncgateway/sdk/schema"
)

// config is the block of all the connectors.
type config struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

func about(typ string, c sdk.Capabilities) sdk.About {
	return sdk.About{Type: typ, Version: "1.0.0", Summary: "The invented Acme system.", Capabilities: c, Config: schema.Of(
		schema.String("url").Required().Pattern("https?://.+").Doc("Address of the system."),
		schema.Secret("token").Required().Doc("Token of its administrator."),
		schema.Int("limit").Default(acme.PageSize).Min(1).Max(acme.PageSize).Doc("Records asked for at a time."),
		schema.String("mode").Default("plain").OneOf("plain", "strict").Doc("Nothing depends on it."),
		schema.Duration("every").Default(time.Minute).Min(1).Doc("Nor on this."),
		schema.StringList("tags").OneOf("a", "b").Doc("Nor on these."),
		schema.Bool("flag").Doc("Nor on this."), schema.StringMap("labels").Doc("Nor on these."), schema.Float("share").Max(1).Doc("Nor on this."),
	)}
}

// base is what the source and the target have in common.
type base struct {
	*violation
	api *httpx.Client
}

// Configure keeps the settings.
func (b *base) Configure(ctx context.Context, c config) error {
	var transport http.RoundTripper = http.DefaultTransport.(*http.Transport).Clone()
	if b.transport != nil {
		transport = b.transport(transport)
	}
	b.api = httpx.New(c.URL, httpx.Bearer(c.Token), httpx.Attempts(2), httpx.Errors(inTheWay), httpx.Transport(transport))
	if b.configured != nil {
		b.configured(b.api, c)
	}
	return b.api.Err()
}

// Check tries what the connectors need.
func (b *base) Check(ctx context.Context, steps sdk.Steps) {
	steps.Run("sign in", func() error { return b.api.Get(ctx, "/me", nil, nil) })
	steps.Run("read people", func() error { return b.api.Get(ctx, "/people", url.Values{"limit": {"1"}}, nil) })
}

// page is a part of a listing.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
	Now   string `json:"now"` // of the log
}

func (p *page[T]) whole() error {
	if p.Items == nil {
		return sdk.Unavailable("the answer is no listing")
	}
	return nil
}

// list follows a listing from a cursor on.
func list[T any](ctx context.Context, b *base, path string, query url.Values, from string, take func([]T, string) error) error {
	var guard httpx.Guard
	q := url.Values{}
	for name, values := range query {
		q[name] = values
	}
	for cursor := from; ; {
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		var p page[T]
		err := b.api.Get(ctx, path, q, &p)
		if err == nil {
			err = p.whole()
		}
		if err == nil && p.Next != "" {
			err = guard.Next(p.Next)
		}
		if err == nil {
			err = take(p.Items, p.Next)
		}
		if err != nil || p.Next == "" {
			return err
		}
		cursor = p.Next
	}
}

func user(p *acme.Person) sdk.User {
	u := sdk.User{ID: p.ID, Username: p.Login, Email: p.Mail, DisplayName: p.Name, GivenName: p.Given, FamilyName: p.Family, Active: p.State == acme.Employed}
	for name, value := range p.More {
		u.Attributes.Set(name, value)
	}
	return u
}

// ids splits the members of a team.
func ids(members []acme.Member) (people, teams []string) {
	for _, m := range members {
		if m.Kind == acme.OfTeams {
			teams = append(teams, m.ID)
		} else {
			people = append(people, m.ID)
		}
	}
	return people, teams
}

// members are all members of a team.
func (b *base) members(ctx context.Context, team string) (people, teams []string, err error) {
	err = list(ctx, b, "/teams/"+url.PathEscape(team)+"/members", nil, "", func(items []acme.Member, _ string) error {
		p, t := ids(items)
		people, teams = append(people, p...), append(teams, t...)
		return nil
	})
	return people, teams, err
}
