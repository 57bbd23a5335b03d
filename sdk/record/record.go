// Package record holds the plain values that cross between a connector and the
// gateway: people, groups, operations, results, failures. Package sdk names every
// one of them again, so that an author imports sdk alone. It knows nothing of gRPC,
// of processes or of any vendor.
package record

import (
	"slices"
	"strings"
	"time"
)

// User is one person's account as a system shows it. ID must never change in that
// system. Kind may stay empty, which means "user". ExternalID is what the system
// itself calls its foreign key.
type User struct {
	ID          string
	Username    string
	Email       string
	DisplayName string
	GivenName   string
	FamilyName  string
	Active      bool
	Attributes  Attributes
	Version     string // etag, lastUpdated: whatever the system offers
	Kind        string
	ExternalID  string
	// StatusChanged is when Active last changed, by the system's own clock, where it
	// says so: the gateway reports how long it took until a leaver lost access.
	StatusChanged time.Time
}

// Group is one group as a system shows it. UserIDs and ChildIDs are its direct
// members where the listing carries them; a group of any size may be given, it is
// split on the wire. Kind may stay empty, which means "group".
type Group struct {
	ID               string
	Name             string
	Description      string
	Attributes       Attributes
	Version          string
	Kind             string
	ReadOnlyReason   string // targets: why a change would be refused; empty: it would not
	PrivilegedReason string // targets: what power or product access membership gives; empty: none
	UserIDs          []string
	ChildIDs         []string
}

// Attribute is one attribute beyond the typed fields, with its values in the order
// the system gives them.
type Attribute struct {
	Name   string
	Values []string
}

// Attributes is a list rather than a map so that a record has the same bytes every
// time. The order an author uses does not matter: it is sorted on its way out.
type Attributes []Attribute

// Set gives the attribute these values, leaving out empty ones. Without any it
// removes the attribute.
func (as *Attributes) Set(name string, values ...string) {
	kept := values
	if slices.Contains(values, "") {
		kept = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	}
	at := slices.IndexFunc(*as, func(a Attribute) bool { return a.Name == name })
	switch {
	case len(kept) == 0 && at >= 0:
		*as = slices.Delete(*as, at, at+1)
	case len(kept) == 0:
	case at >= 0:
		(*as)[at].Values = kept
	default:
		*as = append(*as, Attribute{Name: name, Values: kept})
	}
}

// Get returns the attribute's values, nil when it is absent.
func (as Attributes) Get(name string) []string {
	for i := range as {
		if as[i].Name == name {
			return as[i].Values
		}
	}
	return nil
}

// First returns the attribute's first value, empty when it is absent.
func (as Attributes) First(name string) string {
	if values := as.Get(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Sorted returns the attributes by name, each name once. Values given under one
// name twice are joined, attributes without values are left out. The receiver stays
// as it is.
func (as Attributes) Sorted() Attributes {
	if as.canonical() {
		return as
	}
	sorted := slices.Clone(as)
	slices.SortStableFunc(sorted, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	out := sorted[:0]
	for _, a := range sorted {
		switch last := len(out) - 1; {
		case len(a.Values) == 0:
		case last >= 0 && out[last].Name == a.Name:
			out[last].Values = append(slices.Clip(out[last].Values), a.Values...)
		default:
			out = append(out, a)
		}
	}
	return out
}

func (as Attributes) canonical() bool {
	for i := range as {
		if len(as[i].Values) == 0 || i > 0 && as[i-1].Name >= as[i].Name {
			return false
		}
	}
	return true
}

// Members are memberships of one group: direct users and child groups, by id.
type Members struct {
	GroupID  string
	UserIDs  []string
	ChildIDs []string
}

// UserPage is a part of a read of users. Removed is for delta reads only.
type UserPage struct {
	Users   []User
	Removed []string
}

// GroupPage is a part of a read of groups. The groups' own UserIDs and ChildIDs are
// not sent; Members are. In a delta read the Members of a group named in Replace are
// the whole new set, the others are added, RemovedMembers are taken away.
type GroupPage struct {
	Groups         []Group
	Members        []Members
	Removed        []string
	RemovedMembers []Members
	Replace        []string
}

// StatePage is a part of a read of a target's state.
type StatePage struct {
	Users     []User
	Groups    []Group
	Members   []Members
	Protected []Protected
	Quotas    []Quota
}

// Protected is an account that must never be removed from anything: the
// credential's own, an administrator.
type Protected struct {
	UserID string
	Reason string
}

// Quota is something that runs out: the seats of a licence. Whoever is in one of
// the groups uses one.
type Quota struct {
	Name      string
	Total     uint64
	Used      uint64
	Unlimited bool
	GroupIDs  []string
	NewUsers  bool // every user that is created takes one
}
