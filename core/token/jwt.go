package token

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Issued accepts tokens (JWT) that somebody else issues, such as an identity provider
// itself. It is safe for concurrent use.
type Issued struct {
	Issuer   string
	Audience string
	Claims   map[string]string // that must have these values
	Keys     *Keys
	Now      func() time.Time
}

// longestJWT bounds what is parsed.
const longestJWT = 16 << 10

// leeway is by how much clocks may differ.
const leeway = time.Minute

// methods are the signatures that are taken: those by a key that the issuer alone has.
var methods = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}

// Accept judges the value of an Authorization header, and tells for whom the token was
// issued. The error says what is wrong with a token, without anything of it.
func (x *Issued) Accept(ctx context.Context, authorization string) (caller string, err error) {
	scheme, text, ok := strings.Cut(authorization, " ")
	text = strings.TrimSpace(text)
	if !ok || !strings.EqualFold(scheme, "Bearer") || strings.Count(text, ".") != 2 || len(text) > longestJWT {
		return "", ErrUnknown
	}
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithIssuer(x.Issuer), jwt.WithAudience(x.Audience), jwt.WithExpirationRequired(),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(x.Now))
	if _, err := parser.ParseWithClaims(text, claims, func(t *jwt.Token) (any, error) { return x.key(ctx, t) }); err != nil {
		return "", plainly(err)
	}
	for name, want := range x.Claims {
		if got, ok := claims[name].(string); !ok || got != want {
			return "", fmt.Errorf("its claim %s is not what the configuration wants", name)
		}
	}
	return subject(claims), nil
}

func (x *Issued) key(ctx context.Context, t *jwt.Token) (any, error) {
	id, _ := t.Header["kid"].(string)
	return x.Keys.key(ctx, id, t.Method.Alg())
}

// plainly tells what is wrong without a word of the token.
func plainly(err error) error {
	for _, known := range []error{errNoKey, jwt.ErrTokenExpired, jwt.ErrTokenNotValidYet, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenInvalidAudience,
		jwt.ErrTokenSignatureInvalid, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenMalformed} {
		if errors.Is(err, known) {
			return known
		}
	}
	return jwt.ErrTokenUnverifiable
}

// longestSubject bounds how callers are named.
const longestSubject = 64

// subject names whom a token was issued for, in letters that a header and a log bear.
func subject(claims jwt.MapClaims) string {
	name := ""
	for _, claim := range []string{"sub", "appid", "azp", "oid"} {
		if name, _ = claims[claim].(string); name != "" {
			break
		}
	}
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._@-", r) {
			return r
		}
		return '_'
	}, name)
	return "jwt:" + name[:min(len(name), longestSubject)]
}
