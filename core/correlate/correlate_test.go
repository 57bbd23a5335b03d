package correlate

import (
	"strings"
	"testing"
)

func TestOne(t *testing.T) {
	account := func(n, owner uint32, gone bool) Account { return Account{N: n, Label: "x", Owner: owner, Gone: gone} }
	email := func(as ...Account) Match { return Match{Key: "email", Value: "ada@example.org", Accounts: as} }
	linked, lost := account(7, 1, false), account(7, 1, true)
	for name, c := range map[string]struct {
		p    Person
		want Verdict
		n    uint32
	}{
		"link wins over match":           {Person{P: 1, Linked: &linked, Matches: []Match{email(account(8, 0, false))}}, Linked, 7},
		"link to a lost account":         {Person{P: 1, Linked: &lost}, None, 0},
		"lost account, another matches":  {Person{P: 1, Linked: &lost, Matches: []Match{email(account(7, 1, true), account(8, 0, false))}}, Adopt, 8},
		"one free account":               {Person{P: 1, Matches: []Match{email(account(8, 0, false))}}, Adopt, 8},
		"account of somebody else":       {Person{P: 1, Matches: []Match{email(account(8, 2, false))}}, Disputed, 0},
		"two accounts":                   {Person{P: 1, Matches: []Match{email(account(8, 0, false), account(9, 0, false))}}, Disputed, 0},
		"nothing":                        {Person{P: 1, Matches: []Match{email()}}, None, 0},
		"the second key decides":         {Person{P: 1, Matches: []Match{email(), {Key: "username", Value: "ada", Accounts: []Account{account(8, 0, false)}}}}, Adopt, 8},
		"the first key with one decides": {Person{P: 1, Matches: []Match{email(account(9, 0, false)), {Key: "username", Value: "ada", Accounts: []Account{account(8, 0, false)}}}}, Adopt, 9},
	} {
		if got := One(&c.p); got.Verdict != c.want || got.Account.N != c.n {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestClaimsDisputeBoth(t *testing.T) {
	c := NewClaims()
	match := []Match{{Key: "email", Value: "sam@example.org"}}
	for p := uint32(1); p <= 3; p++ {
		person := Person{P: p, Matches: match}
		if p == 3 {
			person.Matches = []Match{{Key: "email", Value: "other@example.org"}}
		}
		c.Add(&person, One(&person))
	}
	if c.Disputed(1) == "" || c.Disputed(2) == "" || c.Disputed(3) != "" {
		t.Fatalf("%q %q %q", c.Disputed(1), c.Disputed(2), c.Disputed(3))
	}
	if !strings.Contains(c.Disputed(1), "sam@example.org") {
		t.Error("the reason does not name the value")
	}
}
