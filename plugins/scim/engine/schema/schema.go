// Package schema is the one table of attributes that everything else goes by: what is
// taken, how it is spelled, compared, stored, changed and shown, and what /Schemas says.
// It knows nothing of requests.
package schema

import (
	"strings"
	"sync"
)

// Type is the data type of an attribute (RFC 7643 section 2.3).
type Type string

// The types.
const (
	String    Type = "string"
	Boolean   Type = "boolean"
	Decimal   Type = "decimal"
	Integer   Type = "integer"
	DateTime  Type = "dateTime"
	Binary    Type = "binary"
	Reference Type = "reference"
	Complex   Type = "complex"
)

// Mutability says who may set an attribute, and when.
type Mutability string

// The mutabilities.
const (
	ReadWrite Mutability = "readWrite"
	ReadOnly  Mutability = "readOnly"
	Immutable Mutability = "immutable"
	WriteOnly Mutability = "writeOnly"
)

// Returned says when an attribute is in an answer.
type Returned string

// The occasions.
const (
	Always  Returned = "always"
	Default Returned = "default"
	Request Returned = "request"
	Never   Returned = "never"
)

// Uniqueness says among what a value must be the only one.
type Uniqueness string

// The scopes. The gateway keeps Global as it keeps Server.
const (
	None   Uniqueness = "none"
	Server Uniqueness = "server"
	Global Uniqueness = "global"
)

// Attribute describes one attribute or sub-attribute. Empty Mutability, Returned and
// Uniqueness mean ReadWrite, Default and None.
type Attribute struct {
	Name        string
	Type        Type
	Description string
	MultiValued bool
	Required    bool
	CaseExact   bool
	Mutability  Mutability
	Returned    Returned
	Uniqueness  Uniqueness
	Suggested   []string // canonicalValues: hints, others are taken too
	References  []string
	Sub         []*Attribute

	// What the wire does not show.
	Indexed    bool     // the directory finds entries by it
	Relation   bool     // derived from memberships, never in a document
	PlainValue bool     // complex, but a plain string is taken for its value
	Aliases    []string // further names that are taken
	Default    any      // what it is when it is left out
}

// Schema is a set of attributes under a URI. Aliases are further URIs it is known by:
// those of SCIM 1.1.
type Schema struct {
	ID          string
	Name        string
	Description string
	Attributes  []*Attribute
	Aliases     []string
}

// Extension adds a schema to a type of resource.
type Extension struct {
	Schema   *Schema
	Required bool
}

// ResourceType is a type of resource with its endpoint.
type ResourceType struct {
	Name        string // "User"
	Endpoint    string // "/Users"
	Kind        string // the directory's word: "user"
	Description string
	Core        *Schema
	Extensions  []Extension // none is added once documents have keys

	once  sync.Once
	keyed []Ref
}

// Mutable is the attribute's mutability characteristic.
func (a *Attribute) Mutable() Mutability {
	if a.Mutability == "" {
		return ReadWrite
	}
	return a.Mutability
}

// Shown is the attribute's returned characteristic. What is only written is never shown.
func (a *Attribute) Shown() Returned {
	switch {
	case a.Mutability == WriteOnly:
		return Never
	case a.Returned == "":
		return Default
	}
	return a.Returned
}

// Uniquely is the attribute's uniqueness characteristic.
func (a *Attribute) Uniquely() Uniqueness {
	if a.Uniqueness == "" {
		return None
	}
	return a.Uniqueness
}

// Unique reports whether two resources may not share a value.
func (a *Attribute) Unique() bool { return a.Uniqueness == Server || a.Uniqueness == Global }

// Textual reports whether values are text that is compared as text.
func (a *Attribute) Textual() bool {
	return a.Type == String || a.Type == Reference || a.Type == Binary || a.Type == ""
}

// Child finds a sub-attribute by a name in any letter case, or by an alias.
func (a *Attribute) Child(name string) *Attribute { return find(a.Sub, name) }

func find(list []*Attribute, name string) *Attribute {
	for _, a := range list {
		if strings.EqualFold(a.Name, name) {
			return a
		}
	}
	for _, a := range list {
		for _, alias := range a.Aliases {
			if strings.EqualFold(alias, name) {
				return a
			}
		}
	}
	return nil
}

// Common are the attributes of every resource (RFC 7643 section 3.1). They belong to no
// schema.
var Common = []*Attribute{
	{Name: "schemas", Type: Reference, MultiValued: true, Required: true, CaseExact: true, Mutability: ReadOnly, Returned: Always},
	{Name: "id", Type: String, CaseExact: true, Mutability: ReadOnly, Returned: Always, Uniqueness: Server},
	{Name: "externalId", Type: String, CaseExact: true, Indexed: true},
	{Name: "meta", Type: Complex, Mutability: ReadOnly, Sub: []*Attribute{
		{Name: "resourceType", Type: String, CaseExact: true, Mutability: ReadOnly},
		{Name: "created", Type: DateTime, Mutability: ReadOnly},
		{Name: "lastModified", Type: DateTime, Mutability: ReadOnly},
		{Name: "location", Type: Reference, CaseExact: true, Mutability: ReadOnly},
		{Name: "version", Type: String, CaseExact: true, Mutability: ReadOnly},
	}},
}

// ExternalID is the one common attribute that clients set.
var ExternalID = find(Common, "externalId")

// Attribute finds an attribute of the core schema or a common one.
func (t *ResourceType) Attribute(name string) *Attribute {
	if a := find(t.Core.Attributes, name); a != nil {
		return a
	}
	return find(Common, name)
}

// Extension finds an extension of the type by its URI or an alias, in any letter case.
func (t *ResourceType) Extension(uri string) *Schema {
	for _, e := range t.Extensions {
		if e.Schema.is(uri) {
			return e.Schema
		}
	}
	return nil
}

func (s *Schema) is(uri string) bool {
	if strings.EqualFold(s.ID, uri) {
		return true
	}
	for _, a := range s.Aliases {
		if strings.EqualFold(a, uri) {
			return true
		}
	}
	return false
}
