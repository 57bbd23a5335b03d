// Package diag holds the diagnostics that a person reads: what is wrong, where in
// gateway.hcl, and what to do. It renders them without ever printing a source line
// that may hold a secret. It is not a logging package and not for errors that a
// program handles.
package diag

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Severity says whether work can go on.
type Severity uint8

// The severities, as in the plugin contract.
const (
	Error Severity = iota + 1
	Warning
)

// Step is one step of a Path: a name (Kind NameStep), an index or a map key.
type Step struct {
	Kind  StepKind
	Name  string // NameStep, KeyStep
	Index int    // IndexStep
}

// StepKind tells the steps of a Path apart.
type StepKind uint8

// The kinds of Step.
const (
	NameStep StepKind = iota + 1
	IndexStep
	KeyStep
)

// Path leads from the root of a configuration block to one value in it.
type Path []Step

// String prints the path as it would be written in an expression: `auth[0].keys["a"]`.
func (p Path) String() string {
	var b strings.Builder
	for i, s := range p {
		switch s.Kind {
		case IndexStep:
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		case KeyStep:
			b.WriteString("[" + strconv.Quote(s.Name) + "]")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Name)
		}
	}
	return b.String()
}

// Diagnostic is one message. Path is set by plugins, Subject by whoever knows the
// source; a Diagnostic with a Path and no Subject still needs resolving.
type Diagnostic struct {
	Severity Severity
	Code     string // stable, for programs: "okta.auth.invalid_client"
	Summary  string // one line, no full stop
	Detail   string // sentences: what is wrong and what to do
	Path     Path
	Subject  *hcl.Range
}

// Diagnostics is a list in the order of discovery.
type Diagnostics []Diagnostic

// HasErrors reports whether any of them is an Error.
func (ds Diagnostics) HasErrors() bool {
	for _, d := range ds {
		if d.Severity == Error {
			return true
		}
	}
	return false
}
