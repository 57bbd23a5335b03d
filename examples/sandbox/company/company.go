// Package company invents the people and groups of Harbour Works, and a day in its life.
//
// It is plain data made from a seed: the same Options give the same company. It knows neither Okta nor Atlassian; the
// stand-ins take from it what they hold at the start, and apply its mutations.
package company

import (
	"fmt"
	"strings"
)

// Domain is the company's claimed e-mail domain.
const Domain = "harbour.example"

// Status is a person's state in the identity provider.
type Status string

// The eight states of a person in Okta.
const (
	Staged          Status = "STAGED"
	Provisioned     Status = "PROVISIONED"
	Active          Status = "ACTIVE"
	Recovery        Status = "RECOVERY"
	PasswordExpired Status = "PASSWORD_EXPIRED"
	LockedOut       Status = "LOCKED_OUT"
	Suspended       Status = "SUSPENDED"
	Deprovisioned   Status = "DEPROVISIONED"
)

// Person is someone in the identity provider. Optional attributes are empty when the person has none.
type Person struct {
	Login          string `json:"login"`
	Email          string `json:"email"`
	FirstName      string `json:"firstName"`
	LastName       string `json:"lastName"`
	DisplayName    string `json:"displayName,omitempty"`
	Department     string `json:"department,omitempty"`
	Title          string `json:"title,omitempty"`
	EmployeeNumber string `json:"employeeNumber,omitempty"`
	CostCentre     string `json:"costCentre,omitempty"`
	MobilePhone    string `json:"mobilePhone,omitempty"`
	NickName       string `json:"nickName,omitempty"`
	Locale         string `json:"locale,omitempty"`
	Status         Status `json:"status"`
}

// GroupKind is where a group comes from.
type GroupKind string

// The kinds of group in Okta.
const (
	OktaGroup GroupKind = "OKTA_GROUP"
	AppGroup  GroupKind = "APP_GROUP"
	BuiltIn   GroupKind = "BUILT_IN"
)

// Group is a group in the identity provider. Members are indices into Company.People, ascending and distinct.
type Group struct {
	Name, Description string
	Kind              GroupKind
	Members           []int
}

// Company is everything the identity provider holds at the start.
type Company struct {
	Seed   uint64
	People []Person
	Groups []Group
}

// Options sizes a company.
type Options struct {
	Seed        uint64
	People      int     // at least the cast of the day; default 500
	Groups      int     // including the built-in one; at least the named ones; default 60
	Memberships float64 // average number of groups per person beside the built-in one; default 5
}

func (o Options) withDefaults() Options {
	if o.People == 0 {
		o.People = 500
	}
	if o.Groups == 0 {
		o.Groups = 60
	}
	if o.Memberships == 0 {
		o.Memberships = 5
	}
	o.People = max(o.People, len(cast))
	o.Groups = max(o.Groups, len(namedGroups))
	return o
}

// Find returns the index of the person with the login, whatever its case, or -1.
func (c *Company) Find(login string) int {
	for i := range c.People {
		if strings.EqualFold(c.People[i].Login, login) {
			return i
		}
	}
	return -1
}

// Op is what a Mutation does.
type Op string

// The operations of a Mutation and the fields each needs.
const (
	Create       Op = "create"        // Profile
	SetStatus    Op = "set-status"    // Person, Value
	SetProfile   Op = "set-profile"   // Person, Field, Value
	Delete       Op = "delete"        // Person
	GroupCreate  Op = "group-create"  // Group
	GroupRename  Op = "group-rename"  // Group, Value
	GroupDelete  Op = "group-delete"  // Group
	MemberAdd    Op = "member-add"    // Group, Person
	MemberRemove Op = "member-remove" // Group, Person
)

// Mutation is one change to the identity provider. Person is a login, Group a name.
type Mutation struct {
	Op      Op      `json:"op"`
	Person  string  `json:"person,omitempty"`
	Group   string  `json:"group,omitempty"`
	Field   string  `json:"field,omitempty"`
	Value   string  `json:"value,omitempty"`
	Profile *Person `json:"profile,omitempty"`
}

// Step is a named part of the day.
type Step struct {
	Name      string     `json:"name"`
	Title     string     `json:"title"`
	Mutations []Mutation `json:"mutations"`
}

// DayStep names the whole day.
const DayStep = "day"

// Steps finds the steps to run for a name: one step, or all of them for DayStep.
func Steps(name string) ([]Step, error) {
	if name == DayStep {
		return Day, nil
	}
	for _, s := range Day {
		if s.Name == name {
			return []Step{s}, nil
		}
	}
	return nil, fmt.Errorf("no step %q in the day", name)
}
