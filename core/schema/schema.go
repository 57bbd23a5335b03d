// Package schema holds what a plugin says of itself: the configuration it takes and
// the kinds of records it reads or writes. It turns that into an hcldec
// specification, decodes a block body with it, and writes the reference page. It
// knows nothing of gRPC.
package schema

// Type is the type of a Field.
type Type uint8

// The types, as in the plugin contract.
const (
	String Type = iota + 1
	Int
	Float
	Bool
	Duration // "15m", in HCL and in the JSON a plugin receives
	StringList
	StringMap
)

// Block is the body of a configuration block.
type Block struct {
	Fields []Field // in documentation order
	Blocks []NestedBlock
}

// Field is one attribute of a Block. Default is nil, string, float64, bool, []any or
// map[string]any, as JSON gives it.
type Field struct {
	Name       string
	Type       Type
	Doc        string
	Required   bool
	Sensitive  bool
	Default    any
	OneOf      []string
	Pattern    string // RE2, must match the whole value
	Min, Max   *float64
	Example    string
	Deprecated string // what to use instead
}

// NestedBlock is a block inside a Block. MaxItems 0 means any number; Label is what
// the block's label means, empty when it has none.
type NestedBlock struct {
	Name     string
	Doc      string
	Body     Block
	MinItems int
	MaxItems int
	Label    string
}

// Role is what a plugin can be used as.
type Role uint8

// The roles.
const (
	Source Role = iota + 1
	Listener
	Target
)

// Plugin is a plugin's description of itself.
type Plugin struct {
	Type         string // "okta"
	Version      string
	Summary      string
	SDK          string
	Roles        []Role
	Config       Block
	Kinds        []Kind
	Capabilities Capabilities
	Permissions  string // Markdown
	Limits       string // Markdown
}

// Has reports whether the plugin can be used in the role.
func (p *Plugin) Has(r Role) bool {
	for _, x := range p.Roles {
		if x == r {
			return true
		}
	}
	return false
}

// Kind returns the kind of that name, nil when the plugin has none.
func (p *Plugin) Kind(name string) *Kind {
	for i := range p.Kinds {
		if p.Kinds[i].Name == name {
			return &p.Kinds[i]
		}
	}
	return nil
}

// Capabilities are the optional features a plugin has.
type Capabilities struct {
	Delta       bool
	Lookup      bool
	MaxBatch    int // operations per Apply; 0: the host's default
	Concurrency int // Apply calls worth having in flight; 0: one
	GroupUsage  bool
}

// Shape is what a Kind's records look like.
type Shape uint8

// The shapes.
const (
	UserShape Shape = iota + 1
	GroupShape
)

// Kind is one sort of record: "user", "group", "customer", "organization".
type Kind struct {
	Name                 string
	Shape                Shape
	Attributes           []Attribute
	Operations           []Operation // targets; empty: read-only
	CaseInsensitiveNames bool
	MaxNameLength        int
}

// Attribute is one attribute of a Kind. The typed fields of a record (username,
// email, display_name, …) are named too where they may be written.
type Attribute struct {
	Name       string
	Doc        string
	Multi      bool
	Writable   bool
	Required   bool
	CreateOnly bool
	MaxLength  int
}

// Operation is what a target can do to a record.
type Operation uint8

// The operations, numbered as in the plugin contract.
const (
	CreateUser Operation = iota + 1
	UpdateUser
	ActivateUser
	DeactivateUser
	DeleteUser
	CreateGroup
	UpdateGroup
	DeleteGroup
	AddMember
	RemoveMember
)

var operationNames = [...]string{"", "create_user", "update_user", "activate_user", "deactivate_user", "delete_user",
	"create_group", "update_group", "delete_group", "add_member", "remove_member"}

// String is the operation's name in plans, journals and JSON: "create_user".
func (o Operation) String() string {
	if int(o) < len(operationNames) {
		return operationNames[o]
	}
	return "unknown"
}

// Can reports whether the kind's records may be operated on that way.
func (k *Kind) Can(o Operation) bool {
	if k == nil {
		return false
	}
	for _, x := range k.Operations {
		if x == o {
			return true
		}
	}
	return false
}

// Attribute returns the attribute of that name, nil when the kind has none.
func (k *Kind) Attribute(name string) *Attribute {
	for i := range k.Attributes {
		if k.Attributes[i].Name == name {
			return &k.Attributes[i]
		}
	}
	return nil
}
