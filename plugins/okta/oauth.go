package okta

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

const (
	tokenPath     = "/oauth2/v1/token" // of the org's own authorization server
	assertionLife = 10 * time.Minute   // Okta allows an hour
	early         = 2 * time.Minute    // how long before its end a token is replaced
	sulk          = time.Minute        // how long a refusal is believed before asking again
	clockSlack    = 2 * time.Minute
)

// serviceApp signs in with private_key_jwt and puts the token into requests. Where
// the app demands it, tokens are bound to a key of this process (DPoP).
type serviceApp struct {
	clientID string
	key      signingKey
	scopes   []string
	refuse   bool // do not bind tokens
	audience string
	prover   *prover
	api      *httpx.Client
	now      func() time.Time

	mu      sync.Mutex
	token   token
	serial  int  // of the token
	bound   bool // the app demands DPoP
	nonce   string
	skew    time.Duration // our clock less the org's, when it last refused
	refused error
	until   time.Time // before which a refusal is not put to the test
}

// token is an access token as the org gave it.
type token struct {
	Scheme    string `json:"token_type"`
	Value     string `json:"access_token"`
	ExpiresIn int64  `json:"expires_in"`
	Scope     string `json:"scope"`
	expires   time.Time
}

func newServiceApp(org string, s *settings, now func() time.Time, more []httpx.Option) (*serviceApp, error) {
	key, err := parseKey(s.OAuth.PrivateKey, s.OAuth.KeyID)
	if err != nil {
		return nil, err
	}
	prover, err := newProver(now)
	if err != nil {
		return nil, err
	}
	a := &serviceApp{clientID: s.OAuth.ClientID, key: key, scopes: s.OAuth.Scopes, refuse: s.OAuth.DPoP == dpopRefuse,
		audience: org + tokenPath, prover: prover, now: now}
	if len(a.scopes) == 0 {
		a.scopes = s.scopes()
	}
	options := []httpx.Option{httpx.Errors(a.decodeRefusal), httpx.Auth(a.prove), httpx.MaxWait(3 * time.Minute)}
	a.api = httpx.New(org, append(options, more...)...)
	return a, a.api.Err()
}

// authorize puts the token, and where it is bound a proof, into a request.
func (a *serviceApp) authorize(ctx context.Context, r *http.Request) error {
	t, err := a.current(ctx)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", t.Scheme+" "+t.Value)
	if t.Scheme != schemeDPoP {
		return nil
	}
	proof, err := a.prover.proof(r.Method, r.URL, "", t.Value)
	if err == nil {
		r.Header.Set(schemeDPoP, proof)
	}
	return err
}

// current is the token, asked for when there is none. Calls wait for one request
// together. A refusal is kept for a minute: asking again and again locks the app out.
func (a *serviceApp) current(ctx context.Context) (token, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if a.token.Value != "" && now.Before(a.token.expires) {
		return a.token, nil
	}
	if a.refused != nil && now.Before(a.until) {
		return token{}, a.refused
	}
	t, err := a.ask(ctx, a.scopes)
	if err != nil {
		if !sdk.Is(err, sdk.ReasonUnavailable) && ctx.Err() == nil {
			a.refused, a.until = err, now.Add(sulk)
		}
		return token{}, err
	}
	a.token, a.refused = t, nil
	a.serial++
	return t, nil
}

// issued numbers the token in use.
func (a *serviceApp) issued() int {
	if a == nil {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.serial
}

// drop forgets the token with this number after the org refused it, and reports
// whether another try is worth it. That is not so when no token was to be had.
func (a *serviceApp) drop(serial int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.serial == serial && a.token.Value != "" {
		a.token = token{}
	}
	return a.refused == nil
}

// granted are the scopes of the last token.
func (a *serviceApp) granted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Fields(a.token.Scope)
}

// ask gets a token: as it is, then bound to a key when the org demands that, then with
// the nonce it gives for it. a.mu is held.
func (a *serviceApp) ask(ctx context.Context, scopes []string) (token, error) {
	for attempt := 1; ; attempt++ {
		nonce := a.nonce
		t, err := a.request(ctx, scopes)
		if err == nil {
			return t, nil
		}
		code := sdk.AsFailure(err).RemoteCode
		demanded := code == "invalid_dpop_proof" && !a.bound || code == "use_dpop_nonce" && a.nonce != nonce
		if demanded && a.refuse {
			return token{}, sdk.Unauthenticated("the service app demands DPoP and oauth.dpop = %q refuses it: allow it with %q, or switch off "+
				`"Require Demonstrating Proof of Possession" in the app`, dpopRefuse, dpopAuto)
		}
		if !demanded || attempt == 3 {
			return token{}, a.explain(err, scopes)
		}
		a.bound = true
	}
}

func (a *serviceApp) request(ctx context.Context, scopes []string) (token, error) {
	assertion, err := a.assertion()
	if err != nil {
		return token{}, err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	var t token
	_, err = a.api.Do(ctx, httpx.Request{Method: http.MethodPost, Path: tokenPath, Body: form, Out: &t, Repeatable: true})
	if err != nil {
		return token{}, err
	}
	sdk.Redact(t.Value)
	switch {
	case strings.EqualFold(t.Scheme, "Bearer"):
		t.Scheme = "Bearer"
	case strings.EqualFold(t.Scheme, schemeDPoP) && a.bound:
		t.Scheme = schemeDPoP
	default:
		return token{}, sdk.Unavailable("the token endpoint gave a token of type %q, which was not asked for", t.Scheme)
	}
	if t.Value == "" {
		return token{}, sdk.Unavailable("the token endpoint answered without a token")
	}
	life := time.Duration(min(max(t.ExpiresIn, 0), 3600)) * time.Second
	t.expires = a.now().Add(life - min(early, life/2))
	return t, nil
}

// assertion says who asks. It has no jti, so that a request without an answer may be
// made again.
func (a *serviceApp) assertion() (string, error) {
	now := a.now()
	unsigned := jwt.NewWithClaims(a.key.method, jwt.MapClaims{"iss": a.clientID, "sub": a.clientID, "aud": a.audience,
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix()})
	unsigned.Header["kid"] = a.key.id
	signed, err := unsigned.SignedString(a.key.private)
	if err != nil {
		return "", fmt.Errorf("sign the client assertion: %w", err)
	}
	sdk.Redact(signed)
	return signed, nil
}

// prove adds a proof to every attempt at the token endpoint, once the app demands it.
func (a *serviceApp) prove(_ context.Context, r *http.Request) error {
	if !a.bound {
		return nil
	}
	proof, err := a.prover.proof(r.Method, r.URL, a.nonce, "")
	if err == nil {
		r.Header.Set(schemeDPoP, proof)
	}
	return err
}

func (a *serviceApp) decodeRefusal(r *httpx.Refusal) {
	decodeError(r)
	if nonce := r.Header.Get("DPoP-Nonce"); nonce != "" {
		a.nonce = nonce
	}
	a.skew = 0
	if date, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		a.skew = a.now().Sub(date)
	}
	if r.Code == "invalid_client" {
		r.Reason = sdk.ReasonAuthentication
	}
	if r.Code == "invalid_scope" {
		r.Reason = sdk.ReasonPermission
	}
}

// explain says what to do about a refusal of the token endpoint.
func (a *serviceApp) explain(err error, scopes []string) error {
	f := *sdk.AsFailure(err)
	switch f.RemoteCode {
	case "invalid_scope":
		f.Message += fmt.Sprintf("; not all of these scopes are granted to the service app: %s. Grant them under Okta API Scopes",
			strings.Join(slices.Sorted(slices.Values(scopes)), ", "))
	case "invalid_client":
		f.Message += "; check client_id and key_id, that the public key of private_key is registered in the app, and that the app is active"
	}
	if a.skew.Abs() > clockSlack && f.Reason != sdk.ReasonUnavailable {
		f.Message += fmt.Sprintf("; this machine's clock differs from Okta's by %s: set it right", a.skew.Abs().Round(time.Second))
	}
	return &f
}
