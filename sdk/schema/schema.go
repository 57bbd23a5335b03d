// Package schema is how a connector declares the configuration it takes. One
// declaration gives the host its decoding, its error messages, the reference page
// and the list of values that are secret. It decodes nothing itself.
package schema

// Schema is the body of a configuration block, fields in documentation order.
type Schema struct {
	Fields []Field
	Blocks []Nested
}

// Type is the type of a Field.
type Type uint8

// The types, numbered as in the plugin contract.
const (
	TypeString Type = iota + 1
	TypeInt
	TypeFloat
	TypeBool
	TypeDuration
	TypeStringList
	TypeStringMap
)

// Field is one attribute of a block. Default is nil, string, float64, bool, []any or
// map[string]any, as JSON gives it.
type Field struct {
	Name       string
	Type       Type
	Doc        string
	Required   bool
	Sensitive  bool
	Default    any
	OneOf      []string
	Pattern    string
	Min, Max   *float64
	Example    string
	Deprecated string
}

// Nested is a block inside a block. MaxItems 0 means any number; Label is what the
// block's label means, empty when it has none.
type Nested struct {
	Name     string
	Doc      string
	Body     Schema
	MinItems int
	MaxItems int
	Label    string
}

// Item is what Of and Block take: a field or a nested block under construction.
type Item interface{ addTo(*Schema) }

// Of makes a schema of fields and blocks.
func Of(items ...Item) Schema {
	var s Schema
	for _, item := range items {
		item.addTo(&s)
	}
	return s
}
