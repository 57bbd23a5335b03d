package okta

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// schemeDPoP is the token type, the scheme and the header's name.
const schemeDPoP = "DPoP"

// prover makes DPoP proofs (RFC 9449) with a key that lives as long as the process.
type prover struct {
	key *ecdsa.PrivateKey
	jwk map[string]string // its public part
	now func() time.Time
}

func newProver(now func() time.Time) (*prover, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key for DPoP: %w", err)
	}
	point, err := key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		return nil, fmt.Errorf("encode the key for DPoP: %w", err)
	}
	half := len(point) / 2
	return &prover{key: key, now: now, jwk: map[string]string{"kty": "EC", "crv": "P-256",
		"x": base64.RawURLEncoding.EncodeToString(point[1 : 1+half]), "y": base64.RawURLEncoding.EncodeToString(point[1+half:])}}, nil
}

// proof is for one request, and cannot be used for another. The nonce is for the token
// endpoint, the access token for all others; both may be empty.
func (p *prover) proof(method string, u *url.URL, nonce, accessToken string) (string, error) {
	target := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	claims := jwt.MapClaims{"htm": method, "htu": target.String(), "iat": p.now().Unix(), "jti": rand.Text()}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	unsigned.Header["typ"], unsigned.Header["jwk"] = "dpop+jwt", p.jwk
	signed, err := unsigned.SignedString(p.key)
	if err != nil {
		return "", fmt.Errorf("sign the DPoP proof: %w", err)
	}
	return signed, nil
}
