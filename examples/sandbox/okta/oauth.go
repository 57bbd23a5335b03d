package okta

import (
	"crypto"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Role is an administrator role, of a service app or of the person who made the API token.
type Role string

// Roles that differ in what they may read.
const (
	NoRole        Role = ""                // every call is 403, whatever scopes are granted
	Limited       Role = "LIMITED"         // a resource set without anybody: listings are 200 and empty
	ReadOnlyAdmin Role = "READ_ONLY_ADMIN" // everything here
	SuperAdmin    Role = "SUPER_ADMIN"
)

const (
	tokenLife      = time.Hour
	assertionLife  = time.Hour // the furthest exp of a client assertion
	nonceLife      = 72 * time.Hour
	assertionType  = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	maxSkewAllowed = 5 * time.Minute
)

var signingMethods = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}

// ServiceApp is an "API Services" application.
type ServiceApp struct {
	ClientID    string
	Keys        map[string]crypto.PublicKey // by kid
	Scopes      []string                    // granted by the administrator
	Role        Role
	RequireDPoP bool
}

// AllReadScopes are the scopes that the stand-in knows.
func AllReadScopes() []string {
	out := make([]string, 0, len(scopes))
	for _, s := range scopes {
		out = append(out, s.scope)
	}
	return out
}

// grant is what an access token stands for.
type grant struct {
	client  string
	scopes  map[string]bool
	expires time.Time
	jkt     string // thumbprint of the DPoP key; "" = Bearer
}

type principal struct {
	role   Role
	scopes map[string]bool // nil: an API token, which has no scopes
}

type principalKey struct{}

// AddServiceApp registers an app, or replaces the one with its client id.
func (o *Org) AddServiceApp(a ServiceApp) {
	o.authMu.Lock()
	defer o.authMu.Unlock()
	o.services[a.ClientID] = &a
}

// SetRole changes the role of the API token's owner and of all service apps.
func (o *Org) SetRole(role Role) {
	o.authMu.Lock()
	defer o.authMu.Unlock()
	o.role = role
	for _, a := range o.services {
		a.Role = role
	}
}

// SetScopes changes the scopes granted to all service apps; tokens issued before keep theirs.
func (o *Org) SetScopes(granted []string) {
	o.authMu.Lock()
	defer o.authMu.Unlock()
	for _, a := range o.services {
		a.Scopes = slices.Clone(granted)
	}
}

// RevokeTokens makes every access token invalid, as an expiry would.
func (o *Org) RevokeTokens() {
	o.authMu.Lock()
	defer o.authMu.Unlock()
	clear(o.access)
}

// authenticate finds who calls; the second result writes the refusal.
func (o *Org) authenticate(r *http.Request) (principal, func(http.ResponseWriter)) {
	refuse := func(w http.ResponseWriter) {
		o.fail(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	o.authMu.Lock()
	defer o.authMu.Unlock()
	if scheme == "SSWS" && token == o.token {
		return principal{role: o.role}, nil
	}
	g := o.access[token]
	if g == nil || !o.now().Before(g.expires) || (scheme == "DPoP") != (g.jkt != "") || (scheme != "DPoP" && scheme != "Bearer") {
		return principal{}, refuse
	}
	if g.jkt != "" {
		if reason := o.checkProof(r, proofWant{token: token, jkt: g.jkt}); reason != "" {
			return principal{}, func(w http.ResponseWriter) {
				w.Header().Set("WWW-Authenticate", `DPoP error="invalid_dpop_proof", error_description="`+reason+`"`)
				o.fail(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
			}
		}
	}
	app := o.services[g.client]
	if app == nil {
		return principal{}, refuse
	}
	return principal{role: app.Role, scopes: g.scopes}, nil
}

func oauthError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

func (o *Org) serveToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request", "The body is not form encoded.")
		return
	}
	o.authMu.Lock()
	defer o.authMu.Unlock()
	f := r.PostForm
	switch {
	case f.Get("grant_type") != "client_credentials":
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
		return
	case f.Get("client_assertion_type") != assertionType:
		oauthError(w, http.StatusUnauthorized, "invalid_client", "Client authentication failed: a private_key_jwt client assertion is needed.")
		return
	}
	app, reason := o.checkAssertion(f.Get("client_assertion"))
	if reason != "" {
		oauthError(w, http.StatusUnauthorized, "invalid_client", reason)
		return
	}
	asked := strings.Fields(f.Get("scope"))
	for _, s := range asked {
		if !slices.Contains(app.Scopes, s) {
			oauthError(w, http.StatusBadRequest, "invalid_scope", "One or more scopes are not configured for the authorization server resource.")
			return
		}
	}
	if len(asked) == 0 {
		oauthError(w, http.StatusBadRequest, "invalid_scope", "The scope parameter is missing.")
		return
	}
	jkt, ok := o.bindDPoP(w, r, app)
	if !ok {
		return
	}
	o.issue(w, app, asked, jkt)
}

func (o *Org) issue(w http.ResponseWriter, app *ServiceApp, asked []string, jkt string) {
	g := &grant{client: app.ClientID, scopes: map[string]bool{}, expires: o.now().Add(tokenLife), jkt: jkt}
	for _, s := range asked {
		g.scopes[s] = true
	}
	token := o.tokens.Text("eyJ", 120)
	o.access[token] = g
	kind := "Bearer"
	if jkt != "" {
		kind = "DPoP"
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"token_type": kind, "expires_in": int(tokenLife.Seconds()), "access_token": token, "scope": strings.Join(asked, " "),
	})
}

// checkAssertion verifies a client assertion; reason is empty when it is good.
func (o *Org) checkAssertion(text string) (app *ServiceApp, reason string) {
	claims := &jwt.RegisteredClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods(signingMethods), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(text, claims, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		if app = o.services[claims.Issuer]; app == nil || app.Keys[kid] == nil {
			return nil, jwt.ErrTokenUnverifiable
		}
		return app.Keys[kid], nil
	})
	now := o.now()
	switch {
	case err != nil:
		return nil, "The client_assertion signature or key is invalid."
	case claims.Subject != claims.Issuer:
		return nil, "The sub and iss of the client_assertion must be the client id."
	case !slices.Contains(claims.Audience, o.base+"/oauth2/v1/token"):
		return nil, "The audience of the client_assertion is not the token endpoint of this org."
	case claims.ExpiresAt == nil || !claims.ExpiresAt.After(now.Add(-maxSkewAllowed)):
		return nil, "The client_assertion has expired."
	case claims.ExpiresAt.After(now.Add(assertionLife)):
		return nil, "The client_assertion expires more than one hour from now."
	case claims.ID != "" && o.seenJTI(claims.ID):
		return nil, "The client_assertion was used before."
	}
	return app, ""
}

// seenJTI remembers an id and tells whether it was used before.
func (o *Org) seenJTI(id string) bool {
	_, seen := o.usedJTI[id]
	o.usedJTI[id] = o.now()
	return seen
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
