package httpx

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"sync"
	"time"

	"syncgateway/sdk/internal/redact"
	"syncgateway/sdk/record"
)

// authorizer puts the credential into a request. refused is told when the system
// answered 401 to it, and says whether another try with a new credential is worth it.
type authorizer interface {
	authorize(ctx context.Context, r *http.Request) error
	refused(r *http.Request) bool
}

type fixed struct{ name, value string }

func (f fixed) authorize(_ context.Context, r *http.Request) error {
	r.Header.Set(f.name, f.value)
	return nil
}

func (fixed) refused(*http.Request) bool { return false }

// Bearer sends the token in the Authorization header.
func Bearer(token string) Option { return SecretHeader("Authorization", "Bearer "+token, token) }

// Basic sends user and password in the Authorization header.
func Basic(user, password string) Option {
	encoded := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	return SecretHeader("Authorization", "Basic "+encoded, encoded, password)
}

// SecretHeader sends a header whose value, with the given parts of it, is a secret:
// SecretHeader("Authorization", "SSWS "+token, token).
func SecretHeader(name, value string, secrets ...string) Option {
	redact.Add(append(secrets, value)...)
	return func(c *Client) { c.auth = fixed{name, value} }
}

// Auth lets a function put the credential into every attempt of a request.
func Auth(authorize func(context.Context, *http.Request) error) Option {
	return func(c *Client) { c.auth = custom(authorize) }
}

type custom func(context.Context, *http.Request) error

func (f custom) authorize(ctx context.Context, r *http.Request) error { return f(ctx, r) }
func (custom) refused(*http.Request) bool                             { return false }

// early is how long before its end a token is replaced.
const early = time.Minute

// Token sends a bearer token that fetch gives when there is none, when it ends within
// a minute, and once more when the system refuses it. A zero expiry never ends. Calls
// wait for one fetch together.
func Token(fetch func(context.Context) (token string, expires time.Time, err error)) Option {
	return func(c *Client) { c.auth = &exchanged{fetch: fetch, now: func() time.Time { return c.clock.Now() }} }
}

type exchanged struct {
	fetch   func(context.Context) (string, time.Time, error)
	now     func() time.Time
	mu      sync.Mutex
	token   string
	expires time.Time
}

func (e *exchanged) authorize(ctx context.Context, r *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.token == "" || !e.expires.IsZero() && e.now().Add(early).After(e.expires) {
		token, expires, err := e.fetch(ctx)
		if err != nil {
			return fmt.Errorf("get an access token: %w", err)
		}
		if token == "" {
			return record.Fail(record.ReasonAuthentication, "the token service gave no token")
		}
		redact.Add(token)
		e.token, e.expires = token, expires
	}
	r.Header.Set("Authorization", "Bearer "+e.token)
	return nil
}

func (e *exchanged) refused(r *http.Request) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Header.Get("Authorization") == "Bearer "+e.token {
		e.token = ""
	}
	return true
}
