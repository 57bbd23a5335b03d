package conformance

import (
	"fmt"
	"strings"
)

// domain is where everybody in a seed has their address.
const domain = "@kit.example"

// person is somebody unremarkable.
func person(n int) User {
	name := fmt.Sprintf("user%04d", n)
	return User{ID: name, Username: name + domain, Email: name + domain, DisplayName: fmt.Sprintf("Person Number%04d", n),
		GivenName: "Person", FamilyName: fmt.Sprintf("Number%04d", n), Active: true}
}

// fewMembers fit on any page.
const fewMembers = 9

// crowd is so many people and groups; the first of them are in the first group.
func crowd(people, groups int) *Company {
	c := &Company{}
	for n := range people {
		c.Users = append(c.Users, person(n))
	}
	for n := range groups {
		c.Groups = append(c.Groups, Group{ID: fmt.Sprintf("group%04d", n), Name: fmt.Sprintf("kit-group-%04d", n)})
	}
	for n := range min(people, fewMembers) {
		if groups > 0 {
			c.Groups[0].Users = append(c.Groups[0].Users, c.Users[n].ID)
		}
	}
	return c
}

// assembly is one group of so many people.
func assembly(people int) *Company {
	c := crowd(people, 1)
	c.Groups[0].Users = nil
	for _, u := range c.Users {
		c.Groups[0].Users = append(c.Groups[0].Users, u.ID)
	}
	return c
}

// The people of the cast, by what is odd about them.
const (
	unicodeUser = "unicode"
	caseUser    = "case"
	spacesUser  = "spaces"
	longUser    = "long"
	mailless    = "mailless"
	inactive    = "inactive"
	regular     = "regular" // nothing is odd about them
)

// cast is a small company in which everybody is odd in one way.
var cast = &Company{
	Users: []User{
		person(1), person(2),
		{ID: regular, Username: regular + domain, Email: regular + domain, DisplayName: "Regular Person", GivenName: "Regular", FamilyName: "Person", Active: true},
		{ID: unicodeUser, Username: "zoë.大江" + domain, Email: "zoë.大江" + domain, DisplayName: "Zoë 大江 🦉 \u202eabc", GivenName: "Zoë", FamilyName: "大江 e\u0301", Active: true},
		{ID: caseUser, Username: "MiXed.CaSe" + domain, Email: "MiXed.CaSe@KIT.example", DisplayName: "miXed CASE", GivenName: "miXed", FamilyName: "CASE", Active: true},
		{ID: spacesUser, Username: "o'spaces+x" + domain, Email: "o'spaces+x" + domain, DisplayName: "  two  spaces  ", GivenName: " lead", FamilyName: "trail ", Active: true},
		{ID: longUser, Username: strings.Repeat("l", 60) + domain, Email: strings.Repeat("l", 60) + domain, DisplayName: strings.Repeat("Long ", 40) + "Name",
			GivenName: strings.Repeat("g", 50), FamilyName: strings.Repeat("f", 50), Active: true},
		{ID: mailless, Username: "mailless" + domain, DisplayName: "No Mail", GivenName: "No", FamilyName: "Mail", Active: true},
		{ID: inactive, Username: "inactive" + domain, Email: "inactive" + domain, DisplayName: "Left Already", GivenName: "Left", FamilyName: "Already"},
	},
	Groups: []Group{
		{ID: "odd", Name: "kit Ødd & <b> 組", Users: []string{unicodeUser, caseUser, spacesUser, longUser}},
		{ID: "plain", Name: "kit-plain", Users: []string{"user0001", "user0002", inactive}},
		{ID: "empty", Name: "kit-empty"},
	},
}
