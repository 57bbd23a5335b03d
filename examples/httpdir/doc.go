// Package httpdir is a source and a target for a small directory service that speaks
// JSON over HTTP. It shows what a connector for such a service looks like, and is what
// core/chaos runs the gateway with: every fault of an HTTP API can happen to it.
//
// The service is read page by page; a page names the cursor of the next, and may tell
// how many records there are altogether, or that it stopped before the end:
//
//	GET users, groups, memberships ?cursor=  {"items": […], "next": "…", "total": 12, "truncated": false}
//	GET users/ID, users?email=, users?username=  {"user": {…}, "groups": [{…}]} or 404
//	GET groups/ID, groups?name=              {"group": {…}, "members": ["…"]} or 404
//	GET changes?since=7                      {"seq": 9, "users": […], "groups": […], "gone_users": ["…"], …} or 410
//	POST operations                          {"operations": […]} -> {"results": […]}
package httpdir

import (
	"context"
	"sync/atomic"
	"time"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
	"syncgateway/sdk/schema"
)

// Config is the block of either plugin.
type Config struct {
	URL     string `json:"url"`
	Instant bool   `json:"instant"`
}

func configSchema() schema.Schema {
	return schema.Of(
		schema.String("url").Required().Doc("Where the service is.").Example("http://127.0.0.1:8080/directory"),
		schema.Bool("instant").Doc("Count the time that a limit or a retry asks to wait, and do not wait: for tests."),
	)
}

// user is a person or an account as the service shows it.
type user struct {
	ID         string `json:"id"`
	Username   string `json:"username"`
	Email      string `json:"email"`
	Name       string `json:"name"`
	Department string `json:"department,omitempty"`
	Active     bool   `json:"active"`
	Protected  string `json:"protected,omitempty"`
}

func (u *user) record() sdk.User {
	r := sdk.User{ID: u.ID, Username: u.Username, Email: u.Email, DisplayName: u.Name, Active: u.Active}
	r.Attributes.Set("department", u.Department)
	return r
}

// group is a group as the service shows it. Members are in changes alone.
type group struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	ReadOnly string   `json:"read_only,omitempty"`
	Members  []string `json:"members,omitempty"`
	Children []string `json:"children,omitempty"`
}

func (g *group) record() sdk.Group {
	return sdk.Group{ID: g.ID, Name: g.Name, ReadOnlyReason: g.ReadOnly}
}

// membership is one entry of the listing of memberships: a user, or a group in a group.
type membership struct {
	Group string `json:"group"`
	User  string `json:"user,omitempty"`
	Child string `json:"child,omitempty"`
}

// page is one page of a listing.
type page[T any] struct {
	Items     []T    `json:"items"`
	Next      string `json:"next"`
	Total     *int   `json:"total"`
	Truncated bool   `json:"truncated"`
}

// found answers a question about one record.
type found struct {
	User    user     `json:"user"`
	Groups  []group  `json:"groups"`
	Group   group    `json:"group"`
	Members []string `json:"members"`
}

// The retries of a request; a limit may make it wait longer.
const (
	attempts = 3
	patience = time.Minute
)

func (c Config) client() (*httpx.Client, error) {
	options := []httpx.Option{httpx.Attempts(attempts), httpx.MaxWait(patience)}
	if c.Instant {
		options = append(options, httpx.WithClock(&instant{}))
	}
	client := httpx.New(c.URL, options...)
	return client, client.Err()
}

// instant is a clock on which waiting takes no time.
type instant struct{ ahead atomic.Int64 }

// Now implements httpx.Clock.
func (c *instant) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Sleep implements httpx.Clock.
func (c *instant) Sleep(ctx context.Context, d time.Duration) error {
	c.ahead.Add(int64(d))
	return ctx.Err()
}

// list reads a listing to its end. It returns how many records the service says it has,
// nil when it does not say.
func list[T any](ctx context.Context, c *httpx.Client, what string, take func(T) error) (*int, error) {
	var total *int
	for p, err := range httpx.Cursors(ctx, c, what, nil, "cursor", func(p *page[T]) string { return p.Next }) {
		if err != nil {
			return nil, err
		}
		for _, x := range p.Items {
			if err := take(x); err != nil {
				return nil, err
			}
		}
		if p.Truncated {
			return nil, sdk.Unavailable("the service stops the listing of %s at its size limit", what)
		}
		total = p.Total
	}
	return total, ctx.Err()
}
