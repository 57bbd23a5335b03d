// Package token keeps the credentials by which clients push: made once, shown once,
// and stored as a hash. Two of a source may live at a time, so that one can replace
// the other without an outage. It knows nothing of HTTP.
package token

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"syncgateway/core/store"
)

// ReadOnly is the scope of a token that may look and not write.
const ReadOnly = "read-only"

// prefix is what the text of every token begins with, so that scanners for secrets
// recognise one.
const prefix = "sgw_"

// live is how many tokens of one source may be in use at a time.
const live = 2

// Errors that callers tell apart.
var (
	// ErrTooMany: two tokens of the source are in use.
	ErrTooMany = errors.New("two tokens of this source are in use; revoke one first")
	// ErrUnknown: there is no such token.
	ErrUnknown = errors.New("there is no such token")
)

// Book is all tokens of a gateway. It is safe for concurrent use.
type Book struct {
	Store store.Store
	Now   func() time.Time
	// Record is called in the transaction of every change, to write down who did it;
	// nil does not.
	Record func(tx store.Tx, who, did string, t store.Token) error

	mu     sync.RWMutex
	loaded bool
	known  map[[sha256.Size]byte]*store.Token
	used   map[string]time.Time // by id, since the last Flush
}

// New is a token to be made.
type New struct {
	Source string // address of a source
	Name   string
	Scope  string        // "", or ReadOnly
	Lasts  time.Duration // 0: for ever
	Who    string        // who asked
}

// Create makes a token. The text is returned this once, and kept nowhere.
func (b *Book) Create(ctx context.Context, n New) (text string, t store.Token, err error) {
	if n.Scope != "" && n.Scope != ReadOnly {
		return "", t, fmt.Errorf("there is no scope %q: it may be left out, or be %s", n.Scope, ReadOnly)
	}
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", t, fmt.Errorf("make a token: %w", err)
	}
	text = prefix + base64.RawURLEncoding.EncodeToString(secret[:])
	hash := sha256.Sum256([]byte(text))
	now := b.Now().UTC().Truncate(time.Second)
	t = store.Token{ID: hex.EncodeToString(hash[:4]), Source: n.Source, Name: n.Name, Scope: n.Scope, Hash: hash[:], Created: now}
	if t.Name == "" {
		t.Name = t.ID
	}
	if n.Lasts > 0 {
		t.Expires = now.Add(n.Lasts)
	}
	err = b.Store.Update(ctx, func(tx store.Tx) error {
		all, err := tx.Tokens(n.Source)
		if err != nil {
			return err
		}
		inUse := 0
		for i := range all {
			if InUse(&all[i], now) {
				inUse++
			}
		}
		if inUse >= live {
			return ErrTooMany
		}
		if err := tx.PutToken(t); err != nil {
			return err
		}
		return b.record(tx, n.Who, "created", t)
	})
	if err != nil {
		return "", t, err
	}
	b.forget()
	return text, t, nil
}

// Revoke ends a token of a source, by its id or name, at once.
func (b *Book) Revoke(ctx context.Context, source, name, who string) (t store.Token, err error) {
	err = b.Store.Update(ctx, func(tx store.Tx) error {
		all, err := tx.Tokens(source)
		if err != nil {
			return err
		}
		for _, x := range all {
			if (x.ID == name || x.Name == name) && x.Revoked.IsZero() {
				t = x
				t.Revoked = b.Now().UTC().Truncate(time.Second)
				if err := tx.PutToken(t); err != nil {
					return err
				}
				return b.record(tx, who, "revoked", t)
			}
		}
		return ErrUnknown
	})
	b.forget()
	return t, err
}

// List returns the tokens of a source, "" of all.
func (b *Book) List(ctx context.Context, source string) (out []store.Token, err error) {
	if err := b.Flush(ctx); err != nil {
		return nil, err
	}
	err = b.Store.View(ctx, func(r store.Reader) error {
		out, err = r.Tokens(source)
		return err
	})
	return out, err
}

// InUse reports whether a token is accepted.
func InUse(t *store.Token, now time.Time) bool {
	return t.Revoked.IsZero() && (t.Expires.IsZero() || now.Before(t.Expires))
}

// Accept finds the token of a source in the value of an Authorization header. The
// lookup goes by the digest, so that its time tells nothing of any token.
func (b *Book) Accept(ctx context.Context, source, authorization string) (store.Token, bool) {
	scheme, text, ok := strings.Cut(authorization, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return store.Token{}, false
	}
	known, err := b.book(ctx)
	if err != nil {
		return store.Token{}, false
	}
	t := known[sha256.Sum256([]byte(strings.TrimSpace(text)))]
	now := b.Now()
	if t == nil || t.Source != source || !InUse(t, now) {
		return store.Token{}, false
	}
	b.mu.Lock()
	b.used[t.ID] = now
	b.mu.Unlock()
	return *t, true
}

// book is what is stored, read once after every change.
func (b *Book) book(ctx context.Context) (map[[sha256.Size]byte]*store.Token, error) {
	b.mu.RLock()
	known, loaded := b.known, b.loaded
	b.mu.RUnlock()
	if loaded {
		return known, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []store.Token
	err := b.Store.View(ctx, func(r store.Reader) (err error) {
		all, err = r.Tokens("")
		return err
	})
	if err != nil {
		return nil, err
	}
	known = map[[sha256.Size]byte]*store.Token{}
	for i := range all {
		known[[sha256.Size]byte(all[i].Hash)] = &all[i]
	}
	if b.known, b.loaded = known, true; b.used == nil {
		b.used = map[string]time.Time{}
	}
	return known, nil
}

func (b *Book) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.loaded = false
}

// Flush writes down when tokens were used last. It is called now and then, not with
// every request.
func (b *Book) Flush(ctx context.Context) error {
	b.mu.Lock()
	used := b.used
	b.used = map[string]time.Time{}
	b.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	return b.Store.Update(ctx, func(tx store.Tx) error {
		all, err := tx.Tokens("")
		if err != nil {
			return err
		}
		for _, t := range all {
			if at, ok := used[t.ID]; ok && at.After(t.LastUsed) {
				t.LastUsed = at
				if err := tx.PutToken(t); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (b *Book) record(tx store.Tx, who, did string, t store.Token) error {
	if b.Record == nil {
		return nil
	}
	return b.Record(tx, who, did, t)
}
