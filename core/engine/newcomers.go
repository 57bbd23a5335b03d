package engine

import (
	"cmp"
	"slices"
	"strings"

	"syncgateway/core/store"
)

// newcomers are people who were met for the first time, and accounts that were given a
// person.
type newcomers struct {
	byKey    map[string]store.ID // while accounts are assigned
	people   []newcomer
	accounts []store.PersonAccount
}

type newcomer struct {
	p   store.ID
	key string
}

// person is the newcomer with a join key.
func (c *newcomers) person(key string, newIDs func(int) store.ID) store.ID {
	p, ok := c.byKey[key]
	if !ok {
		p, key = newIDs(1), strings.Clone(key) // it may be a part of a record
		c.byKey[key] = p
		c.people = append(c.people, newcomer{p, key})
	}
	return p
}

// settle ends the assigning: from here on newcomers are asked about.
func (c *newcomers) settle() {
	c.byKey = nil
	slices.SortFunc(c.people, func(a, b newcomer) int { return cmp.Compare(a.p, b.p) })
	slices.SortFunc(c.accounts, func(a, b store.PersonAccount) int { return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(a.N, b.N)) })
}

// key is the join key of a newcomer; ok is false of anybody else.
func (c *newcomers) key(p store.ID) (key string, ok bool) {
	i, ok := slices.BinarySearchFunc(c.people, p, func(x newcomer, p store.ID) int { return cmp.Compare(x.p, p) })
	if !ok {
		return "", false
	}
	return c.people[i].key, true
}

// of are the accounts that were given to a person.
func (c *newcomers) of(p store.ID) []store.PersonAccount {
	byPerson := func(x store.PersonAccount, p store.ID) int { return cmp.Compare(x.P, p) }
	begin, _ := slices.BinarySearchFunc(c.accounts, p, byPerson)
	end := begin
	for end < len(c.accounts) && c.accounts[end].P == p {
		end++
	}
	return c.accounts[begin:end]
}

// byAccount are the accounts that were given a person, ascending. It ends the asking.
func (c *newcomers) byAccount() []store.PersonAccount {
	slices.SortFunc(c.accounts, func(a, b store.PersonAccount) int { return cmp.Compare(a.N, b.N) })
	return c.accounts
}
