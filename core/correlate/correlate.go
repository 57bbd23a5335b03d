// Package correlate decides which account of the target is whose: by the stored link
// first, then by match keys. It never guesses: where more than one answer is possible
// the person is disputed and stays as they are. It is pure, and it does not decide
// what happens to an account.
package correlate

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"syncgateway/core/idset"
)

// Verdict is what correlation found for a person.
type Verdict uint8

// The verdicts.
const (
	// Linked: the account stored for them is there.
	Linked Verdict = iota + 1
	// Adopt: exactly one free account matches.
	Adopt
	// None: no account matches; one may be created.
	None
	// Disputed: several answers, or an answer somebody else has.
	Disputed
)

// Account is one account of the target, as far as correlation looks at it.
type Account struct {
	N     idset.ID
	Label string // what a person recognises it by
	Gone  bool
	Owner idset.ID // the person it is linked to; 0: nobody
}

// Match is a key a person is looked for by, and the accounts that have it.
type Match struct {
	Key      string // "email"
	Value    string // folded; never empty
	Accounts []Account
}

// Person is one person with what was found for them. Linked is nil without a link.
type Person struct {
	P       idset.ID
	Label   string
	Linked  *Account
	Matches []Match // in the order of users.match
}

// Result is the verdict for one person. Account is set for Linked and Adopt; Key is
// the match key that decided an adoption.
type Result struct {
	Verdict Verdict
	Account Account
	Key     string
	Reason  string // of a dispute, a sentence
}

// One correlates a single person against the target.
//
//	link, account there            Linked
//	link, account gone, or no link the first key with any account decides:
//	    one account, free          Adopt
//	    one account, of another    Disputed
//	    several accounts           Disputed
//	no key has an account          None
func One(p *Person) Result {
	if p.Linked != nil && !p.Linked.Gone {
		return Result{Verdict: Linked, Account: *p.Linked}
	}
	for _, m := range p.Matches {
		present := slices.DeleteFunc(slices.Clone(m.Accounts), func(a Account) bool { return a.Gone })
		switch len(present) {
		case 0:
			continue
		case 1:
			return free(p, m, present[0])
		default:
			return Result{Verdict: Disputed, Reason: fmt.Sprintf("%d accounts have the %s %q: %s", len(present), m.Key, m.Value, labels(present))}
		}
	}
	return Result{Verdict: None}
}

func free(p *Person, m Match, a Account) Result {
	if a.Owner != 0 && a.Owner != p.P {
		return Result{Verdict: Disputed, Reason: fmt.Sprintf("the account with the %s %q, %s, is linked to somebody else", m.Key, m.Value, a.Label)}
	}
	return Result{Verdict: Adopt, Account: a, Key: m.Key}
}

func labels(as []Account) string {
	const most = 5
	var b strings.Builder
	for i, a := range as {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(as)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.Label)
	}
	return b.String()
}

// Claims finds people who want the same thing: the same account, or the same key for
// a new one. It is fed person by person, and answers when all have been.
type Claims struct {
	accounts map[idset.ID]idset.ID // who claimed it first
	keys     map[claim]idset.ID
	disputed map[idset.ID]string
}

// claim is a key that a new account would have.
type claim struct{ key, value string }

// NewClaims starts without any.
func NewClaims() *Claims {
	return &Claims{accounts: map[idset.ID]idset.ID{}, keys: map[claim]idset.ID{}, disputed: map[idset.ID]string{}}
}

// Add notes what the person claims, given their result.
func (c *Claims) Add(p *Person, r Result) {
	switch r.Verdict {
	case Linked, Adopt:
		if other, taken := c.accounts[r.Account.N]; !taken {
			c.accounts[r.Account.N] = p.P
		} else if other != p.P {
			c.dispute(p.P, other, "the account "+r.Account.Label)
		}
	case None:
		for _, m := range p.Matches {
			k := claim{m.Key, m.Value}
			if other, taken := c.keys[k]; !taken {
				k.value = strings.Clone(k.value) // it may be a part of a record
				c.keys[k] = p.P
			} else if other != p.P {
				c.dispute(p.P, other, fmt.Sprintf("the %s %q", m.Key, m.Value))
			}
		}
	}
}

func (c *Claims) dispute(p, other idset.ID, what string) {
	reason := "two people are mapped to " + what
	c.disputed[p], c.disputed[other] = reason, reason
}

// All are the people whose claims are disputed, with why.
func (c *Claims) All() iter.Seq2[idset.ID, string] { return maps.All(c.disputed) }

// Disputed tells why the person's claim is disputed, "" when it is not.
func (c *Claims) Disputed(p idset.ID) string { return c.disputed[p] }
