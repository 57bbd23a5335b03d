// Package identity holds the records the pipeline works on (people, groups and
// memberships as one system shows them) and how their names compare. It is pure:
// no storage, no network, no configuration.
package identity

import "time"

// User is one person's account in one system. ID never changes in that system.
type User struct {
	ID          string
	Kind        string // "user" when the system has only one kind of account
	Username    string
	Email       string
	DisplayName string
	GivenName   string
	FamilyName  string
	Active      bool
	Attributes  Attributes
	Version     string // etag, lastUpdated: whatever the system offers
	ExternalID  string
	// StatusChanged is when Active last changed, by the system's own clock; zero where
	// the system does not say. It is kept to the microsecond.
	StatusChanged time.Time `json:",omitzero"`
}

// Group is one group in one system, without its members.
type Group struct {
	ID          string
	Kind        string
	Name        string
	Description string
	Attributes  Attributes
	Version     string
	ReadOnly    string // targets: why a change would be refused; empty: it would not
	Privileged  string // targets: what power or product access membership gives; empty: none
}

// Members are memberships of one group: direct users and child groups, by id.
type Members struct {
	GroupID  string
	UserIDs  []string
	ChildIDs []string
}

// Attribute is one attribute beyond the typed fields.
type Attribute struct {
	Name   string
	Values []string
}

// Attributes are sorted by name, each name once.
type Attributes []Attribute

// Get returns the values of the named attribute, nil when it is absent.
func (as Attributes) Get(name string) []string {
	lo, hi := 0, len(as)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if as[mid].Name < name {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(as) && as[lo].Name == name {
		return as[lo].Values
	}
	return nil
}
