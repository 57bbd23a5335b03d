package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A client may show a token that somebody else has issued for the gateway, such as
// Entra's own, beside or instead of one that the gateway made.
func TestTokensThatOthersIssue(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	g := pushConfig(t, "")
	b64 := base64.RawURLEncoding.EncodeToString
	keys, err := json.Marshal(map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "k1", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	if err != nil {
		t.Fatal(err)
	}
	g.write("keys.json", string(keys))
	g.write("gateway.hcl", strings.Replace(g.read("gateway.hcl"), `source "scim" "idp" { token = env("SCIM_TOKEN") }`, `source "scim" "idp" {
  token = env("SCIM_TOKEN")
  gateway {
    jwt {
      issuer   = "https://sts.windows.net/tenant/"
      audience = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
      keys     = "keys.json"
      claims   = { tid = "tenant" }
    }
  }
}`, 1))
	p := g.push()
	token := func(change func(jwt.MapClaims)) string {
		claims := jwt.MapClaims{"iss": "https://sts.windows.net/tenant/", "aud": "8adf8e6e-67b2-4cf2-a259-e3dc5476c621", "tid": "tenant", "sub": "provisioning",
			"exp": time.Now().Add(time.Hour).Unix()}
		change(claims)
		x := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
		x.Header["kid"] = "k1"
		text, err := x.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := token(func(jwt.MapClaims) {})
	if status, _, err := p.try("POST", "/Users", good, person(1)); err != nil || status != http.StatusCreated {
		t.Fatalf("with a token of the issuer: %d, %v", status, err)
	}
	p.eventually("the push reaches the target", func() bool { return p.isActive(mail(1)) })
	for name, change := range map[string]func(jwt.MapClaims){
		"expired":          func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Hour).Unix() },
		"another tenant":   func(c jwt.MapClaims) { c["iss"] = "https://sts.windows.net/other/" },
		"another audience": func(c jwt.MapClaims) { c["aud"] = "other" },
		"another claim":    func(c jwt.MapClaims) { c["tid"] = "other" },
	} {
		if status, _, err := p.try("GET", "/Users", token(change), nil); err != nil || status != http.StatusUnauthorized {
			t.Errorf("%s: %d, %v", name, status, err)
		}
	}
	forged := good[:strings.LastIndexByte(good, '.')+1] + b64(make([]byte, 256))
	if status, _, err := p.try("GET", "/Users", forged, nil); err != nil || status != http.StatusUnauthorized {
		t.Errorf("forged: %d, %v", status, err)
	}
	if status, _, err := p.try("GET", "/Users", good, nil); err != nil || status != http.StatusOK {
		t.Errorf("after the refusals: %d, %v", status, err)
	}
	p.must(p.run("check", "source.scim.idp"), 0, "https://sts.windows.net/tenant/")
	p.stop()
	log := fmt.Sprint(p.cmd.Stderr)
	if !strings.Contains(log, "a token of the issuer was refused") {
		t.Errorf("nobody is told of refused tokens: %s", log)
	}
	if strings.Contains(log, good[:40]) || strings.Contains(log, forged[len(forged)-40:]) {
		t.Error("a token is in the log")
	}
}
