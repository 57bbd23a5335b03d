package okta

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type proofClaims struct {
	jwt.RegisteredClaims
	Method string `json:"htm"`
	URL    string `json:"htu"`
	Nonce  string `json:"nonce"`
	Hash   string `json:"ath"`
}

// proofWant says what a proof must be bound to beside the request.
type proofWant struct {
	token string // access token to hash; "" at the token endpoint
	jkt   string // thumbprint of the key; "" = any
	seen  *proofClaims
	key   *string
}

// checkProof verifies the DPoP header; it returns why it is refused, or "".
func (o *Org) checkProof(r *http.Request, want proofWant) string {
	proofs := r.Header.Values("DPoP")
	if len(proofs) != 1 {
		return "exactly one DPoP header is needed"
	}
	claims := &proofClaims{}
	thumb := ""
	parser := jwt.NewParser(jwt.WithValidMethods(signingMethods), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(proofs[0], claims, func(t *jwt.Token) (any, error) {
		if t.Header["typ"] != "dpop+jwt" {
			return nil, fmt.Errorf("typ is not dpop+jwt")
		}
		jwk, _ := t.Header["jwk"].(map[string]any)
		key, print, err := publicKey(jwk)
		thumb = print
		return key, err
	})
	now := o.now()
	switch {
	case err != nil:
		return "the proof cannot be verified"
	case want.jkt != "" && thumb != want.jkt:
		return "the proof's key is not the token's"
	case claims.Method != r.Method:
		return "htm is not the request's method"
	case claims.URL != o.base+r.URL.EscapedPath():
		return "htu is not the request's URL without query"
	case claims.IssuedAt == nil || claims.IssuedAt.Before(now.Add(-maxSkewAllowed)) || claims.IssuedAt.After(now.Add(maxSkewAllowed)):
		return "iat is not now"
	case claims.ID == "" || o.seenJTI(claims.ID):
		return "jti is missing or was used before"
	}
	if sum := sha256.Sum256([]byte(want.token)); want.token != "" && claims.Hash != encode(sum[:]) {
		return "ath is not the token's hash"
	}
	if want.seen != nil {
		*want.seen, *want.key = *claims, thumb
	}
	return ""
}

// bindDPoP goes through the nonce dance of the token endpoint. It returns the key's thumbprint, "" without DPoP.
func (o *Org) bindDPoP(w http.ResponseWriter, r *http.Request, app *ServiceApp) (jkt string, ok bool) {
	if r.Header.Get("DPoP") == "" {
		if !app.RequireDPoP {
			return "", true
		}
		oauthError(w, http.StatusBadRequest, "invalid_dpop_proof", "The DPoP proof JWT header is missing.")
		return "", false
	}
	var claims proofClaims
	if reason := o.checkProof(r, proofWant{seen: &claims, key: &jkt}); reason != "" {
		oauthError(w, http.StatusBadRequest, "invalid_dpop_proof", "The DPoP proof is invalid: "+reason+".")
		return "", false
	}
	if made, known := o.nonces[claims.Nonce]; !known || o.now().Sub(made) > nonceLife {
		nonce := o.freshNonce()
		w.Header().Set("dpop-nonce", nonce)
		oauthError(w, http.StatusBadRequest, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
		return "", false
	}
	return jkt, true
}

// freshNonce returns the day's nonce; older ones stay good for a while.
func (o *Org) freshNonce() string {
	now := o.now()
	for nonce, made := range o.nonces {
		if now.Sub(made) < 24*time.Hour {
			return nonce
		}
	}
	nonce := o.tokens.Text("", 32)
	o.nonces[nonce] = now
	return nonce
}

// publicKey reads a JWK and gives its RFC 7638 thumbprint.
func publicKey(jwk map[string]any) (crypto.PublicKey, string, error) {
	part := func(name string) *big.Int {
		text, _ := jwk[name].(string)
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(raw) == 0 {
			return nil
		}
		return new(big.Int).SetBytes(raw)
	}
	if _, private := jwk["d"]; private {
		return nil, "", fmt.Errorf("the proof carries a private key")
	}
	switch jwk["kty"] {
	case "RSA":
		n, e := part("n"), part("e")
		if n == nil || e == nil || !e.IsInt64() {
			return nil, "", fmt.Errorf("incomplete RSA key")
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, thumbprint(`{"e":%q,"kty":"RSA","n":%q}`, jwk["e"], jwk["n"]), nil
	case "EC":
		curves := map[any]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
		curve, x, y := curves[jwk["crv"]], part("x"), part("y")
		if curve == nil || x == nil || y == nil {
			return nil, "", fmt.Errorf("incomplete EC key")
		}
		size := (curve.Params().BitSize + 7) / 8
		if len(x.Bytes()) > size || len(y.Bytes()) > size {
			return nil, "", fmt.Errorf("EC key out of range")
		}
		point := append([]byte{4}, make([]byte, 2*size)...)
		x.FillBytes(point[1 : 1+size])
		y.FillBytes(point[1+size:])
		key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
		if err != nil {
			return nil, "", fmt.Errorf("read EC key: %w", err)
		}
		return key, thumbprint(`{"crv":%q,"kty":"EC","x":%q,"y":%q}`, jwk["crv"], jwk["x"], jwk["y"]), nil
	}
	return nil, "", fmt.Errorf("unknown key type")
}

func thumbprint(format string, parts ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, format, parts...))
	return encode(sum[:])
}
