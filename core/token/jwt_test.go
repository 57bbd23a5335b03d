package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	issuer   = "https://sts.windows.net/tenant/"
	audience = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// public is a key as its set shows it.
func public(kid string, key crypto.PublicKey) map[string]any {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "kid": kid, "use": "sig", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		half := (len(point) - 1) / 2
		return map[string]any{"kty": "EC", "kid": kid, "crv": k.Curve.Params().Name, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}
	}
	panic("no such key")
}

func set(t *testing.T, keys ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sign(t *testing.T, method jwt.SigningMethod, kid string, key any, claims jwt.MapClaims) string {
	t.Helper()
	x := jwt.NewWithClaims(method, claims)
	x.Header["kid"] = kid
	text, err := x.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestTokensThatOthersIssue(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	good, stranger, short := rsaKey(t, 2048), rsaKey(t, 2048), rsaKey(t, 1024)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pinned := public("pinned", &good.PublicKey)
	pinned["alg"] = "RS512"
	encrypts := public("encrypts", &good.PublicKey)
	encrypts["use"] = "enc"
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(file, set(t, public("rsa", &good.PublicKey), public("ec", &curve.PublicKey), public("short", &short.PublicKey), pinned, encrypts,
		map[string]any{"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}), 0o600); err != nil {
		t.Fatal(err)
	}
	x := &Issued{Issuer: issuer, Audience: audience, Claims: map[string]string{"appid": "provisioning"}, Keys: NewKeys(file, func() time.Time { return now }),
		Now: func() time.Time { return now }}
	claims := func(change func(jwt.MapClaims)) jwt.MapClaims {
		c := jwt.MapClaims{"iss": issuer, "aud": audience, "sub": "the provider\nof it", "appid": "provisioning", "exp": now.Add(time.Hour).Unix(), "nbf": now.Add(-time.Hour).Unix()}
		if change != nil {
			change(c)
		}
		return c
	}
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"RSA":                 {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(nil)), true},
		"PSS":                 {sign(t, jwt.SigningMethodPS256, "rsa", good, claims(nil)), true},
		"EC":                  {sign(t, jwt.SigningMethodES256, "ec", curve, claims(nil)), true},
		"several audiences":   {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { c["aud"] = []string{"x", audience} })), true},
		"another key":         {sign(t, jwt.SigningMethodRS256, "rsa", stranger, claims(nil)), false},
		"an unknown key":      {sign(t, jwt.SigningMethodRS256, "none", good, claims(nil)), false},
		"a short key":         {sign(t, jwt.SigningMethodRS256, "short", short, claims(nil)), false},
		"a key to encrypt":    {sign(t, jwt.SigningMethodRS256, "encrypts", good, claims(nil)), false},
		"another algorithm":   {sign(t, jwt.SigningMethodRS256, "pinned", good, claims(nil)), false},
		"no signature":        {sign(t, jwt.SigningMethodNone, "rsa", jwt.UnsafeAllowNoneSignatureType, claims(nil)), false},
		"the key as a secret": {sign(t, jwt.SigningMethodHS256, "rsa", good.N.Bytes(), claims(nil)), false},
		"a secret of the set": {sign(t, jwt.SigningMethodHS256, "secret", []byte("secret"), claims(nil)), false},
		"another issuer":      {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { c["iss"] = "https://sts.windows.net/other/" })), false},
		"another audience":    {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { c["aud"] = "other" })), false},
		"no audience":         {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { delete(c, "aud") })), false},
		"another claim":       {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { c["appid"] = "other" })), false},
		"a claim of a number": {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { c["appid"] = 7 })), false},
		"expired":             {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { c["exp"] = now.Add(-2 * time.Minute).Unix() })), false},
		"just expired":        {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { c["exp"] = now.Add(-30 * time.Second).Unix() })), true},
		"for ever":            {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { delete(c, "exp") })), false},
		"not yet":             {sign(t, jwt.SigningMethodRS256, "rsa", good, claims(func(c jwt.MapClaims) { c["nbf"] = now.Add(2 * time.Minute).Unix() })), false},
		"cut off":             {strings.TrimRight(sign(t, jwt.SigningMethodRS256, "rsa", good, claims(nil)), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), false},
		"huge":                {"a." + strings.Repeat("b", longestJWT) + ".c", false},
		"no JWT":              {"sgw_something", false},
	} {
		caller, err := x.Accept(t.Context(), "bearer "+c.text)
		if ok := err == nil; ok != c.ok {
			t.Errorf("%s: accepted %v (%v)", name, ok, err)
		} else if ok && caller != "jwt:the_provider_of_it" {
			t.Errorf("%s: the caller is %q", name, caller)
		}
		if err != nil && len(c.text) > 20 && strings.Contains(err.Error(), c.text[:20]) {
			t.Errorf("%s: the error has the token: %v", name, err)
		}
	}
	if _, err := x.Accept(t.Context(), "Basic "+sign(t, jwt.SigningMethodRS256, "rsa", good, claims(nil))); err == nil {
		t.Error("another scheme is accepted")
	}
}

// Keys at an address are asked for when a token names a new one, not more than once a
// minute, and are kept for a day when nobody answers.
func TestKeysAtAnAddress(t *testing.T) {
	var hours atomic.Int64 // keys that have aged are asked for in the background
	now := func() time.Time { return time.Date(2026, 3, 1, int(hours.Load()), 0, 0, 0, time.UTC) }
	first, second := rsaKey(t, 2048), rsaKey(t, 2048)
	var asked atomic.Int64
	var answer atomic.Value
	answer.Store(set(t, public("first", &first.PublicKey)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if text := answer.Load().([]byte); len(text) > 0 {
			_, _ = w.Write(text)
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer server.Close()
	k := NewKeys(server.URL, now)
	has := func(id string) bool {
		_, err := k.key(context.Background(), id, "RS256")
		return err == nil
	}
	if !has("first") || has("second") || has("third") {
		t.Error("the first answer is not what counts")
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times for unknown keys within a minute", n)
	}
	answer.Store(set(t, public("second", &second.PublicKey)))
	hours.Add(1)
	if !has("second") || has("first") {
		t.Error("after a change of keys")
	}
	answer.Store([]byte{})
	hours.Add(23)
	if !has("second") {
		t.Error("the keys are not kept while nobody answers")
	}
	hours.Add(2)
	if has("second") {
		t.Error("the keys are kept for ever")
	}
}

// A file of keys is read again when it changes; one that is broken leaves none in doubt.
func TestKeysInAFile(t *testing.T) {
	key := rsaKey(t, 2048)
	file := filepath.Join(t.TempDir(), "keys.json")
	k := NewKeys(file, time.Now)
	has := func(id string) bool {
		_, err := k.key(t.Context(), id, "RS256")
		return err == nil
	}
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if has("one") {
		t.Error("a key without a file")
	}
	write(set(t, public("one", &key.PublicKey)))
	if !has("one") {
		t.Error("the file is not read when it is there")
	}
	write([]byte(`{"keys": [`))
	if !has("one") {
		t.Error("a broken file takes the keys")
	}
	write(set(t, public("another", &key.PublicKey)))
	if has("one") || !has("another") {
		t.Error("the file is not read again")
	}
}
