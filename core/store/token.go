package store

import "time"

// Token is a credential by which clients push to a source. Hash is the SHA-256 of its
// text, which is kept nowhere.
type Token struct {
	ID       string
	Source   string // address: "source.scim.idp"
	Name     string // what people call it
	Scope    string // "", or "read-only"
	Hash     []byte
	Created  time.Time
	Expires  time.Time // zero: never
	LastUsed time.Time
	Revoked  time.Time // zero: it is not
}

// TokenReader reads tokens.
type TokenReader interface {
	// Tokens lists the tokens of a source, oldest first; source "" means all.
	Tokens(source string) ([]Token, error)
}

// TokenWriter writes tokens.
type TokenWriter interface {
	PutToken(Token) error
}
