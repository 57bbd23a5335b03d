package okta

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// client is the org's API. Its errors say what an administrator can do about them.
type client struct {
	api *httpx.Client
	app *serviceApp // nil with an API token
	now func() time.Time
}

func newClient(org string, s *settings, now func() time.Time, more []httpx.Option) (*client, error) {
	c := &client{now: now}
	options := []httpx.Option{httpx.Share(s.RateShare), httpx.Route(bucket), httpx.Errors(decodeError), httpx.UserAgent("sync-gateway (okta)")}
	if s.OAuth == nil {
		options = append(options, httpx.SecretHeader("Authorization", "SSWS "+s.APIToken, s.APIToken))
	} else {
		app, err := newServiceApp(org, s, now, more)
		if err != nil {
			return nil, err
		}
		c.app, options = app, append(options, httpx.Auth(app.authorize))
	}
	c.api = httpx.New(org, append(options, more...)...)
	return c, c.api.Err()
}

// bucket is the rate limit that a path counts against: Okta has one for each listing
// and one for all that is below a single object of it.
func bucket(_, path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/api/v1/"), "/")
	switch {
	case len(parts) == 1:
		return parts[0]
	case len(parts) > 2 && parts[0] == "users":
		return "users/*/" + parts[2]
	}
	return parts[0] + "/*"
}

// slim asks for users without what only sign-in needs, which Okta gives sooner.
var slim = http.Header{"Content-Type": {"application/json; okta-response=omitCredentials,omitCredentialsLinks,omitTransitioningToStatus"}}

// get reads what is at path into out. A token that ended early is replaced once.
func (c *client) get(ctx context.Context, path string, query url.Values, out any) (*httpx.Response, error) {
	request := httpx.Request{Method: http.MethodGet, Path: path, Query: query, Out: out}
	if strings.HasPrefix(path, "/api/v1/users") && !strings.HasSuffix(path, "/groups") {
		request.Header = slim
	}
	before := c.app.issued()
	resp, err := c.api.Do(ctx, request)
	if c.app != nil && sdk.Is(err, sdk.ReasonAuthentication) && c.app.drop(before) {
		resp, err = c.api.Do(ctx, request)
	}
	if err != nil {
		return nil, c.advise(err, path)
	}
	return resp, nil
}

// serverTime is the org's clock when it answered, or ours where that is behind: a
// moment taken too early costs a few records read twice, one too late loses changes.
func (c *client) serverTime(resp *httpx.Response) time.Time {
	now := c.now()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil && date.Before(now) {
		return date.UTC()
	}
	return now.UTC()
}

// page is a part of a listing, and when the org gave it.
type page[T any] struct {
	items []T
	at    time.Time
}

// list follows a listing to its end or to the first error.
func list[T any](ctx context.Context, c *client, path string, query url.Values) iter.Seq2[page[T], error] {
	return func(yield func(page[T], error) bool) {
		var guard httpx.Guard
		for {
			var p page[T]
			resp, err := c.get(ctx, path, query, &p.items)
			if err == nil {
				p.at, err = c.serverTime(resp), whole(p.items, path)
			}
			if err == nil && resp.Next != "" {
				err = guard.Next(resp.Next)
			}
			if !yield(p, err) || err != nil || resp.Next == "" {
				return
			}
			path, query = resp.Next, nil
		}
	}
}

// whole refuses an answer without a list: null, or no body at all, is not an empty one.
func whole[T any](items []T, path string) error {
	if items == nil {
		return sdk.Unavailable("GET %s: Okta answered without a list", pathOf(path))
	}
	return nil
}

func pathOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Path
	}
	return "a page"
}

// probe reads one record of a listing, for the org's clock and to see that the
// credential still sees anything: without its administrator role Okta answers every
// listing with 200 and nothing.
func (c *client) probe(ctx context.Context, what string) (time.Time, error) {
	var one []struct{}
	path := "/api/v1/" + what
	resp, err := c.get(ctx, path, limit(1), &one)
	if err == nil {
		err = whole(one, path)
	}
	if err != nil {
		return time.Time{}, err
	}
	if len(one) == 0 {
		return time.Time{}, c.blind(what)
	}
	return c.serverTime(resp), nil
}

// quoted is a value in a filter or search expression.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// isID reports whether s can be the id of anything in Okta.
func isID(s string) bool {
	return len(s) > 0 && len(s) <= 64 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// Okta's error codes that something depends on.
const (
	codeNotFound = "E0000007"
	codeFilter   = "E0000053"
	codeSearch   = "E0000031"
)

func decodeError(r *httpx.Refusal) {
	var body struct {
		ErrorCode    string
		ErrorSummary string
		ErrorCauses  []struct{ ErrorSummary string }
		Error        string // of OAuth
		Description  string `json:"error_description"`
	}
	_ = r.JSON(&body) // what fits is read even where something else does not
	r.Code, r.Message = cmp.Or(body.ErrorCode, body.Error), cmp.Or(body.ErrorSummary, body.Description)
	for _, cause := range body.ErrorCauses {
		r.Message += "; " + cause.ErrorSummary
	}
}
