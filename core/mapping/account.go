package mapping

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"syncgateway/core/identity"
)

// The names of the typed fields of an account, as in users.map.
const (
	FieldUsername    = "username"
	FieldEmail       = "email"
	FieldDisplayName = "display_name"
	FieldGivenName   = "given_name"
	FieldFamilyName  = "family_name"
)

// Account is what the rules want a target's account to be for one person. Fields and
// attributes that the rules do not manage are empty: Rules.Managed tells an empty
// wish from none.
type Account struct {
	In          bool // users.include holds; when false the other fields are empty
	Active      bool // a source says that the person is active
	Username    string
	Email       string
	DisplayName string
	GivenName   string
	FamilyName  string
	Attributes  identity.Attributes // managed ones with a value; a managed one that is absent is to be empty
}

// Field returns the value of a typed field by its name, "" for any other name.
func (a *Account) Field(name string) string {
	if p := a.field(name); p != nil {
		return *p
	}
	return ""
}

func (a *Account) field(name string) *string {
	switch name {
	case FieldUsername:
		return &a.Username
	case FieldEmail:
		return &a.Email
	case FieldDisplayName:
		return &a.DisplayName
	case FieldGivenName:
		return &a.GivenName
	case FieldFamilyName:
		return &a.FamilyName
	}
	return nil
}

// Rule names one rule of a sync: the setting, and where it is written. A default that
// nobody wrote has an empty Range.
type Rule struct {
	Name  string // "users.include", "users.map.email", "groups.map[\"okta-admins\"]"
	Range hcl.Range
}

// Where is the rule's place as people write it, "gateway.hcl:31", or "default".
func (r Rule) Where() string {
	if r.Range.Filename == "" {
		return "default"
	}
	return fmt.Sprintf("%s:%d", r.Range.Filename, r.Range.Start.Line)
}

// String is the rule's name and place.
func (r Rule) String() string { return r.Name + " (" + r.Where() + ")" }

// TraceStep is one rule's result for one record.
type TraceStep struct {
	Rule  Rule
	Value string // the result as text
	Err   string // why it has none
}

// Trace collects what every rule said about one record, for explain. A nil *Trace
// collects nothing and costs nothing.
type Trace struct {
	Steps []TraceStep
}

// RecordError says which rule failed for one record. It concerns that record alone.
type RecordError struct {
	Rule    Rule
	Summary string // "Invalid template interpolation value"
	Detail  string // what to do
}

// Error gives rule, place and reason in one line.
func (e *RecordError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Rule, e.Summary, e.Detail)
}
