package sandbox_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/okta"
)

func privateKey(c caller) *rsa.PrivateKey {
	c.t.Helper()
	text, err := c.sb.PrivateKeyPEM()
	if err != nil {
		c.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		c.t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

var assertions int

// signIn asks for a token with a client assertion; edit may spoil the claims or the headers.
func signIn(c caller, client, scope string, edit func(jwt.MapClaims, *http.Request)) answer {
	c.t.Helper()
	assertions++
	claims := jwt.MapClaims{
		"iss": client, "sub": client, "aud": c.sb.OktaURL + "/oauth2/v1/token", "exp": time.Now().Add(5 * time.Minute).Unix(),
		"jti": fmt.Sprintf("%s-%d", c.t.Name(), assertions),
	}
	request, err := http.NewRequest("POST", c.sb.OktaURL+"/oauth2/v1/token", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if edit != nil {
		edit(claims, request)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = sandbox.KeyID
	signed, err := token.SignedString(privateKey(c))
	if err != nil {
		c.t.Fatal(err)
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {scope}, "client_assertion": {signed},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	return c.do("POST", c.sb.OktaURL+"/oauth2/v1/token", form.Encode(), func(r *http.Request) {
		r.Header = request.Header.Clone()
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	})
}

func withToken(scheme string, token any) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", fmt.Sprintf("%s %v", scheme, token)) }
}

func TestServiceAppSignsInAndReads(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, People: 20})
	c := newCaller(t, sb)
	client := sb.Env()["OKTA_CLIENT_ID"]
	got := signIn(c, client, "okta.users.read", nil).want(http.StatusOK).object()
	if got["token_type"] != "Bearer" || got["expires_in"] != 3600.0 {
		t.Errorf("token answer %v", got)
	}
	c.do("GET", sb.OktaURL+"/api/v1/users", nil, withToken("Bearer", got["access_token"])).want(http.StatusOK)
	c.do("GET", sb.OktaURL+"/api/v1/groups", nil, withToken("Bearer", got["access_token"])).want(http.StatusForbidden)
	c.do("GET", sb.OktaURL+"/api/v1/users", nil, withToken("DPoP", got["access_token"])).want(http.StatusUnauthorized)

	sb.Okta.SetRole(okta.Limited)
	if users := c.do("GET", sb.OktaURL+"/api/v1/users", nil, withToken("Bearer", got["access_token"])).want(http.StatusOK).list(); len(users) != 0 {
		t.Errorf("a limited role reads %d users", len(users))
	}
	sb.Okta.SetRole(okta.NoRole)
	c.do("GET", sb.OktaURL+"/api/v1/users", nil, withToken("Bearer", got["access_token"])).want(http.StatusForbidden)
	sb.Okta.SetRole(okta.ReadOnlyAdmin)
	sb.Okta.RevokeTokens()
	c.do("GET", sb.OktaURL+"/api/v1/users", nil, withToken("Bearer", got["access_token"])).want(http.StatusUnauthorized)
}

func TestTokenEndpointRefuses(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, People: 20})
	c := newCaller(t, sb)
	client := sb.Env()["OKTA_CLIENT_ID"]
	sb.Okta.SetScopes([]string{"okta.users.read"})
	for name, test := range map[string]struct {
		client, scope string
		edit          func(jwt.MapClaims, *http.Request)
		status        int
		code          string
	}{
		"unknown client":    {"0oaunknown", "okta.users.read", nil, 401, "invalid_client"},
		"scope not granted": {client, "okta.groups.read", nil, 400, "invalid_scope"},
		"too long":          {client, "okta.users.read", func(m jwt.MapClaims, _ *http.Request) { m["exp"] = time.Now().Add(2 * time.Hour).Unix() }, 401, "invalid_client"},
		"expired":           {client, "okta.users.read", func(m jwt.MapClaims, _ *http.Request) { m["exp"] = time.Now().Add(-time.Hour).Unix() }, 401, "invalid_client"},
		"other audience":    {client, "okta.users.read", func(m jwt.MapClaims, _ *http.Request) { m["aud"] = sb.OktaURL + "/oauth2/default/v1/token" }, 401, "invalid_client"},
		"subject differs":   {client, "okta.users.read", func(m jwt.MapClaims, _ *http.Request) { m["sub"] = "x" }, 401, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			got := signIn(caller{t, sb, c.client}, test.client, test.scope, test.edit).want(test.status).object()
			if got["error"] != test.code {
				t.Errorf("error %v, want %s", got["error"], test.code)
			}
		})
	}
	same := func(m jwt.MapClaims, _ *http.Request) { m["jti"] = "again" }
	signIn(c, client, "okta.users.read", same).want(http.StatusOK)
	signIn(c, client, "okta.users.read", same).want(http.StatusUnauthorized)
}

// proof makes a DPoP proof with the service app's own key.
func proof(c caller, method, address, nonce, jti, accessToken string) string {
	c.t.Helper()
	key := privateKey(c)
	claims := jwt.MapClaims{"htm": method, "htu": address, "iat": time.Now().Unix(), "jti": jti}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["typ"] = "dpop+jwt"
	token.Header["jwk"] = map[string]string{
		"kty": "RSA", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
	signed, err := token.SignedString(key)
	if err != nil {
		c.t.Fatal(err)
	}
	return signed
}

func TestDPoPDance(t *testing.T) {
	sb := start(t, sandbox.Options{Seed: 1, People: 20})
	c := newCaller(t, sb)
	client, endpoint := sb.Env()["OKTA_DPOP_CLIENT_ID"], sb.OktaURL+"/oauth2/v1/token"
	with := func(nonce, jti string) func(jwt.MapClaims, *http.Request) {
		return func(_ jwt.MapClaims, r *http.Request) {
			r.Header.Set("DPoP", proof(c, "POST", endpoint, nonce, jti, ""))
		}
	}
	if got := signIn(c, client, "okta.users.read", nil).want(http.StatusBadRequest).object(); got["error"] != "invalid_dpop_proof" {
		t.Errorf("without a proof: %v", got)
	}
	first := signIn(c, client, "okta.users.read", with("", "a")).want(http.StatusBadRequest)
	nonce := first.header.Get("dpop-nonce")
	if first.object()["error"] != "use_dpop_nonce" || nonce == "" {
		t.Fatalf("first proof: %s, nonce %q", first.raw, nonce)
	}
	signIn(c, client, "okta.users.read", with(nonce, "a")).want(http.StatusBadRequest) // the same jti
	got := signIn(c, client, "okta.users.read", with(nonce, "b")).want(http.StatusOK).object()
	token, _ := got["access_token"].(string)
	if got["token_type"] != "DPoP" {
		t.Errorf("token type %v", got["token_type"])
	}
	users := sb.OktaURL + "/api/v1/users"
	use := func(proofText string) answer {
		return c.do("GET", users+"?limit=1", nil, func(r *http.Request) {
			r.Header.Set("Authorization", "DPoP "+token)
			r.Header.Set("DPoP", proofText)
		})
	}
	use(proof(c, "GET", users, "", "c", token)).want(http.StatusOK)
	use(proof(c, "GET", users, "", "c", token)).want(http.StatusUnauthorized)            // replayed
	use(proof(c, "GET", users, "", "d", "another token")).want(http.StatusUnauthorized)  // ath
	use(proof(c, "POST", users, "", "e", token)).want(http.StatusUnauthorized)           // htm
	use(proof(c, "GET", users+"?limit=1", "", "f", token)).want(http.StatusUnauthorized) // htu has a query
	c.do("GET", users, nil, withToken("Bearer", token)).want(http.StatusUnauthorized)    // downgraded
	if strings.Contains(string(first.raw), token) {
		t.Error("the refusal carries a token")
	}
}
