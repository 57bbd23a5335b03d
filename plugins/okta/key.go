package okta

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"syncgateway/sdk"
)

// signingKey is what client assertions are signed with.
type signingKey struct {
	id      string
	private crypto.Signer
	method  jwt.SigningMethod
}

// leastRSA is how many bits Okta wants at least.
const leastRSA = 2048

// parseKey reads a private key in PEM or as a JWK. The given id goes before the JWK's.
// Its errors never repeat any of the text.
func parseKey(text, id string) (signingKey, error) {
	text = strings.TrimSpace(text)
	var key signingKey
	var err error
	if strings.HasPrefix(text, "{") {
		key, err = parseJWK([]byte(text))
	} else {
		key.private, err = parsePEM([]byte(text))
	}
	if err == nil {
		key.method, err = methodOf(key.private)
	}
	if err != nil {
		return key, sdk.At("oauth.private_key").Code("okta.private_key").Errorf("Not a usable private key\n%s", err)
	}
	if key.id = cmp.Or(id, key.id); key.id == "" {
		return key, sdk.At("oauth.key_id").Code("okta.key_id").Errorf("Missing key id\nGive the kid that Okta shows beside the public key in the service app.")
	}
	return key, nil
}

func parsePEM(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, sentence("It is neither PEM (-----BEGIN PRIVATE KEY-----) nor a JWK ({\"kty\": …}).")
	}
	if strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
		return nil, sentence("The key is encrypted with a password. Give it without one, in a file that only the gateway's user can read.")
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if strings.Contains(block.Type, "PUBLIC") || strings.Contains(block.Type, "CERTIFICATE") {
		return nil, sentence("This is a public key or a certificate; the private key belongs here.")
	}
	return nil, sentence("The PEM block holds no RSA or EC private key (PKCS #8, PKCS #1 or SEC 1).")
}

func methodOf(key crypto.Signer) (jwt.SigningMethod, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < leastRSA {
			return nil, sentence("The RSA key is too short: Okta wants 2048 bits or more.")
		}
		return jwt.SigningMethodRS256, nil
	case *ecdsa.PrivateKey:
		switch k.Curve {
		case elliptic.P256():
			return jwt.SigningMethodES256, nil
		case elliptic.P384():
			return jwt.SigningMethodES384, nil
		case elliptic.P521():
			return jwt.SigningMethodES512, nil
		}
	}
	return nil, sentence("Okta takes RSA keys, and EC keys on P-256, P-384 or P-521.")
}

func parseJWK(text []byte) (signingKey, error) {
	var jwk struct{ Kty, Kid, Crv, N, E, D, P, Q string }
	if json.Unmarshal(text, &jwk) != nil {
		return signingKey{}, sentence("The JWK is not well formed.")
	}
	if jwk.D == "" {
		return signingKey{}, sentence(`The JWK has no private part ("d"): it is the public key, or a set of keys.`)
	}
	out := signingKey{id: jwk.Kid}
	switch jwk.Kty {
	case "RSA":
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: number(jwk.N), E: int(number(jwk.E).Int64())}, D: number(jwk.D),
			Primes: []*big.Int{number(jwk.P), number(jwk.Q)}}
		if key.Validate() != nil {
			return out, sentence("The parts of the RSA key (n, e, d, p, q) do not fit together.")
		}
		key.Precompute()
		out.private = key
	case "EC":
		curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[jwk.Crv]
		if curve == nil {
			return out, sentence("The curve of the EC key is none of P-256, P-384 and P-521.")
		}
		raw, err := base64.RawURLEncoding.DecodeString(jwk.D)
		key, bad := ecdsa.ParseRawPrivateKey(curve, raw)
		if err != nil || bad != nil {
			return out, sentence(`The private part ("d") of the EC key does not fit its curve.`)
		}
		out.private = key
	default:
		return out, sentence(`The type of the key ("kty") must be RSA or EC.`)
	}
	return out, nil
}

// number reads a big number of a JWK; what is no number is 0, which no key has.
func number(text string) *big.Int {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return new(big.Int)
	}
	return new(big.Int).SetBytes(raw)
}
