package okta

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/okta"
	"syncgateway/examples/sandbox/reqlog"
	"syncgateway/sdk"
	"syncgateway/sdk/sdktest"
)

// service is the block of a service app; more goes over it.
func (o *org) service(client string, more map[string]any) map[string]any {
	o.t.Helper()
	key, err := o.PrivateKeyPEM()
	if err != nil {
		o.t.Fatal(err)
	}
	block := map[string]any{"client_id": o.Env()[client], "private_key": string(key), "key_id": sandbox.KeyID}
	maps.Copy(block, more)
	return map[string]any{"oauth": block}
}

func (o *org) tokenRequests() []reqlog.Entry {
	return o.Log.Entries(reqlog.Filter{Server: sandbox.Okta, Path: tokenPath})
}

func TestServiceApp(t *testing.T) {
	for _, client := range []string{"OKTA_CLIENT_ID", "OKTA_DPOP_CLIENT_ID"} {
		o := startOrg(t, sandbox.Options{Seed: 1})
		in := o.open(o.service(client, nil))
		completed(t, users(t, in, sdk.ReadRequest{}))
		completed(t, groups(t, in, sdk.ReadRequest{}))
		asked := len(o.tokenRequests())
		if want := map[string]int{"OKTA_CLIENT_ID": 1, "OKTA_DPOP_CLIENT_ID": 3}[client]; asked != want {
			t.Errorf("%s: %d token requests, want %d", client, asked, want)
		}
		o.Okta.RevokeTokens()
		completed(t, groups(t, in, sdk.ReadRequest{}))
		o.clock.jump(59 * time.Minute)
		completed(t, users(t, in, sdk.ReadRequest{}))
		if n := len(o.tokenRequests()) - asked; n != 2 {
			t.Errorf("%s: %d token requests for a revoked and an old token", client, n)
		}
	}
}

func TestServiceAppAfterADay(t *testing.T) { // the nonce is too old by then
	o := startOrg(t, sandbox.Options{Seed: 1})
	in := o.open(o.service("OKTA_DPOP_CLIENT_ID", nil))
	completed(t, users(t, in, sdk.ReadRequest{}))
	o.clock.jump(5 * 24 * time.Hour)
	completed(t, users(t, in, sdk.ReadRequest{}))
}

func TestServiceAppIsRefused(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1})
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der := x509.MarshalPKCS1PrivateKey(stranger)
	wrong := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}))
	for name, test := range map[string]struct {
		config map[string]any
		scopes []string
		role   okta.Role
		reason sdk.Reason
		says   string
	}{
		"another key":    {o.service("OKTA_CLIENT_ID", map[string]any{"private_key": wrong}), okta.AllReadScopes(), okta.ReadOnlyAdmin, sdk.ReasonAuthentication, "registered"},
		"unknown client": {o.service("OKTA_CLIENT_ID", map[string]any{"client_id": "0oaNobody"}), okta.AllReadScopes(), okta.ReadOnlyAdmin, sdk.ReasonAuthentication, "client_id"},
		"scope":          {o.service("OKTA_CLIENT_ID", nil), []string{scopeUsers, scopeGroups}, okta.ReadOnlyAdmin, sdk.ReasonPermission, scopeLogs},
		"no role":        {o.service("OKTA_CLIENT_ID", nil), okta.AllReadScopes(), okta.NoRole, sdk.ReasonPermission, "administrator role"},
		"narrow role":    {o.service("OKTA_CLIENT_ID", nil), okta.AllReadScopes(), okta.Limited, sdk.ReasonPermission, "the service app has"},
		"narrow scopes":  {o.service("OKTA_CLIENT_ID", map[string]any{"scopes": []string{scopeGroups}}), okta.AllReadScopes(), okta.ReadOnlyAdmin, sdk.ReasonPermission, "lacks the scope " + scopeUsers},
		"dpop refused":   {o.service("OKTA_DPOP_CLIENT_ID", map[string]any{"dpop": "refuse"}), okta.AllReadScopes(), okta.ReadOnlyAdmin, sdk.ReasonAuthentication, "Demonstrating Proof"},
	} {
		o.Okta.SetScopes(test.scopes)
		o.Okta.SetRole(test.role)
		in, before := o.open(test.config), len(o.tokenRequests())
		for range 3 {
			r := users(t, in, sdk.ReadRequest{})
			if r.Complete != nil || r.Failure.Reason != test.reason || !strings.Contains(r.Failure.Message, test.says) {
				t.Errorf("%s: %v: %v", name, r.Complete, r.Failure)
			}
		}
		if n := len(o.tokenRequests()) - before; n > 3 && test.role == okta.ReadOnlyAdmin || n > 4 {
			t.Errorf("%s: %d token requests", name, n)
		}
	}
}

func TestTokenEndpointTrouble(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1})
	for name, test := range map[string]struct {
		rule fault.Rule
		ok   bool
	}{
		"passing error": {fault.Rule{Kind: fault.Status, Status: 503, Count: 2}, true},
		"limited":       {fault.Rule{Kind: fault.Status, Status: 429, Count: 2}, true},
		"lost answer":   {fault.Rule{Kind: fault.LostResponse, Count: 1}, true},
		"web page":      {fault.Rule{Kind: fault.HTML}, false},
		"not found":     {fault.Rule{Kind: fault.HTML, Status: 404}, false},
		"cut":           {fault.Rule{Kind: fault.CutBody}, false},
	} {
		for _, client := range []string{"OKTA_CLIENT_ID", "OKTA_DPOP_CLIENT_ID"} {
			test.rule.Path = tokenPath
			o.fault(test.rule)
			_, err := o.open(o.service(client, nil)).Lookup(t.Context(), sdk.LookupRequest{Username: ada})
			if (err == nil) != test.ok || sdk.Is(err, sdk.ReasonNotFound) {
				t.Errorf("%s, %s: %v", name, client, err)
			}
			o.Faults.Clear()
		}
	}
}

func TestWrongClockIsNamed(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1})
	config := o.service("OKTA_CLIENT_ID", nil)
	config["org_url"] = o.OktaURL
	in := sdktest.Open(t, config, func() (*sdk.Plugin, error) {
		s := o.source()
		s.now = func() time.Time { return o.clock.Now().Add(-time.Hour) }
		return sdk.SourcePlugin(About("test"), s)
	})
	r := users(t, in, sdk.ReadRequest{})
	if r.Failure == nil || r.Failure.Reason != sdk.ReasonAuthentication || !strings.Contains(r.Failure.Message, "clock differs from Okta's by ") {
		t.Errorf("%v", r.Failure)
	}
}

func TestKeys(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(ecKey)
	sec1, _ := x509.MarshalECPrivateKey(ecKey)
	d, _ := ecKey.Bytes()
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	jwk := func(m map[string]string) string { data, _ := json.Marshal(m); return string(data) }
	whole := map[string]string{"kty": "RSA", "kid": "k", "n": b64(rsaKey.N.Bytes()), "e": b64(big.NewInt(int64(rsaKey.E)).Bytes()), "d": b64(rsaKey.D.Bytes()),
		"p": b64(rsaKey.Primes[0].Bytes()), "q": b64(rsaKey.Primes[1].Bytes())}
	for name, test := range map[string]struct {
		text, alg string
		same      crypto.PublicKey
	}{
		"PKCS #1": {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), "RS256", &rsaKey.PublicKey},
		"PKCS #8": {block("PRIVATE KEY", pkcs8), "ES384", &ecKey.PublicKey},
		"SEC 1":   {"\n" + block("EC PRIVATE KEY", sec1), "ES384", &ecKey.PublicKey},
		"RSA JWK": {jwk(whole), "RS256", &rsaKey.PublicKey},
		"EC JWK":  {jwk(map[string]string{"kty": "EC", "crv": "P-384", "kid": "k", "d": b64(d)}), "ES384", &ecKey.PublicKey},
	} {
		key, err := parseKey(test.text, "id")
		if err != nil || key.method.Alg() != test.alg || key.id != "id" || !key.private.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(test.same) {
			t.Errorf("%s: %v, %+v", name, err, key.method)
		}
	}
	weak, _ := rsa.GenerateKey(rand.Reader, 1024)
	half := maps.Clone(whole)
	delete(half, "d")
	spoilt := maps.Clone(whole)
	spoilt["q"] = spoilt["p"]
	for name, text := range map[string]string{
		"not a key": "canary-secret", "short": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(weak)), "public": jwk(half), "spoilt": jwk(spoilt),
		"empty JWK": "{}", "odd type": `{"kty":"oct","d":"canary"}`, "no numbers": `{"kty":"RSA","d":"?","kid":"canary"}`, "bad curve": `{"kty":"EC","crv":"P-1","d":"AA"}`,
		"bad point": `{"kty":"EC","crv":"P-256","d":"AA"}`, "bad JSON": `{"kty":`, "certificate": block("CERTIFICATE", []byte("x")),
		"encrypted": block("ENCRYPTED PRIVATE KEY", pkcs8), "garbage": block("PRIVATE KEY", []byte("canary")),
	} {
		_, err := parseKey(text, "id")
		if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "oauth.private_key") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parseKey(block("PRIVATE KEY", pkcs8), ""); err == nil || !strings.Contains(err.Error(), "oauth.key_id") {
		t.Errorf("no key id: %v", err)
	}
}

// A proof is for one request: the query is left out of it, and it is never used twice.
func TestProofs(t *testing.T) {
	p, err := newProver(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequest("GET", "https://example.okta.com/api/v1/users/a%2Fb?limit=1#x", nil)
	one, err1 := p.proof(r.Method, r.URL, "", "token")
	two, err2 := p.proof(r.Method, r.URL, "", "token")
	if err1 != nil || err2 != nil || one == two {
		t.Fatal(err1, err2)
	}
	claims, _ := base64.RawURLEncoding.DecodeString(strings.Split(one, ".")[1])
	if !strings.Contains(string(claims), `"htu":"https://example.okta.com/api/v1/users/a%2Fb"`) || strings.Contains(string(claims), "nonce") {
		t.Errorf("%s", claims)
	}
}
