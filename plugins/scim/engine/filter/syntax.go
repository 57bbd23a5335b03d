// Package filter reads the filters and paths of SCIM (RFC 7644 sections 3.4.2.2 and
// 3.5.2) into one syntax tree, ties the tree to the attributes of a type of resource,
// evaluates it, and says which parts of it an index can answer.
package filter

import (
	"fmt"
	"strings"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// Op is a comparison.
type Op string

// The operators.
const (
	Eq      Op = "eq"
	Ne      Op = "ne"
	Co      Op = "co"
	Sw      Op = "sw"
	Ew      Op = "ew"
	Gt      Op = "gt"
	Ge      Op = "ge"
	Lt      Op = "lt"
	Le      Op = "le"
	Present Op = "pr"
)

// Node is a part of a filter: *Compare, *Within, *Not, And or Or.
type Node any

type (
	// And holds when all of its parts do.
	And []Node
	// Or holds when one of its parts does.
	Or []Node
	// Not holds when its part does not.
	Not struct{ Node Node }
	// Compare is an attribute, an operator and, other than for Present, a literal.
	Compare struct {
		Path    string
		Op      Op
		Literal Literal
		At      int
	}
	// Within holds when one element of a multi-valued attribute meets the filter.
	Within struct {
		Path string
		Node Node
		At   int
	}
)

// Literal is what an attribute is compared with. Value is nil, bool, string or
// value.Number; Text is what it reads as text.
type Literal struct {
	Value any
	Text  string
}

// Path is the target of a PATCH operation: an attribute, a filter over its elements
// or nil, and a sub-attribute of those or "".
type Path struct {
	Attribute string
	Filter    Node
	Sub       string
}

// Error says what is wrong with a filter or a path, and where. InFilter is false when
// the fault lies in a path outside of brackets.
type Error struct {
	What     string
	At       int
	InFilter bool
}

func (e *Error) Error() string { return fmt.Sprintf("%s (at character %d)", e.What, e.At+1) }

// Terms counts the comparisons of a filter.
func Terms(n Node) int {
	switch x := n.(type) {
	case And:
		return sum(x)
	case Or:
		return sum(x)
	case *Not:
		return Terms(x.Node)
	case *Within:
		return Terms(x.Node)
	case *Compare:
		return 1
	}
	return 0
}

func sum(list []Node) (n int) {
	for _, e := range list {
		n += Terms(e)
	}
	return n
}

// literal makes the value of a word that is no string: true, false, null and numbers
// are what they are, anything else is text.
func literal(word string) Literal {
	if b, ok := schema.ParseBool(word); ok {
		return Literal{b, word}
	}
	if strings.EqualFold(word, "null") {
		return Literal{nil, word}
	}
	if n, ok := value.ParseNumber(word); ok {
		return Literal{n, word}
	}
	return Literal{word, word}
}
