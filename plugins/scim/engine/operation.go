package engine

import (
	"net/http"
	"strings"

	"syncgateway/plugins/scim/engine/value"
)

type verb uint8

const (
	verbAdd verb = iota + 1
	verbReplace
	verbRemove
)

// operation is one operation of a PATCH.
type operation struct {
	verb     verb
	path     string
	hasPath  bool
	target   target // what the path names, once it is known
	value    any
	hasValue bool
	lenient  bool // of a client that replaces what may not be there, and removes it twice
}

// maxPatchOperations bounds one PATCH.
const maxPatchOperations = 1000

func tooManyOperations() error {
	return refuse(http.StatusRequestEntityTooLarge, "A PATCH may have %d operations at most.", maxPatchOperations)
}

// operations reads the body of a PATCH. Names and verbs may be in any letter case. An
// empty list is taken: Microsoft's validator sends one.
func operations(f *face, in value.Object, lenient bool) ([]operation, error) {
	if err := f.checkSchemas(in, patchURI); err != nil {
		return nil, err
	}
	v, _ := in.Fold("Operations")
	if one, ok := v.(value.Object); ok {
		v = []any{one}
	}
	list, ok := v.([]any)
	if !ok {
		return nil, bad(invalidSyntax, "A PATCH needs Operations, an array.")
	}
	if len(list) > maxPatchOperations {
		return nil, tooManyOperations()
	}
	ops := make([]operation, len(list))
	for i, e := range list {
		o, ok := e.(value.Object)
		if !ok {
			return nil, bad(invalidSyntax, "Operation %d is not an object.", i+1)
		}
		if err := ops[i].read(o, i+1); err != nil {
			return nil, err
		}
		ops[i].lenient = ops[i].lenient || lenient
	}
	return ops, nil
}

// read takes one operation. A verb with a capital is the older dialect of Entra, which
// does not know what the target has.
func (op *operation) read(o value.Object, number int) error {
	v, _ := o.Fold("op")
	name, _ := v.(string)
	switch strings.ToLower(name) {
	case "add":
		op.verb = verbAdd
	case "replace":
		op.verb = verbReplace
	case "remove":
		op.verb = verbRemove
	default:
		return bad(invalidSyntax, "Operation %d needs an op: add, replace or remove.", number)
	}
	op.lenient = name[0] >= 'A' && name[0] <= 'Z'
	if v, ok := o.Fold("path"); ok && v != nil {
		if op.path, ok = v.(string); !ok {
			return bad(invalidPath, "The path of operation %d is not a string.", number)
		}
		op.hasPath = strings.TrimSpace(op.path) != ""
		if !op.hasPath && op.verb != verbRemove {
			return bad(invalidPath, "The path of operation %d is empty.", number)
		}
	}
	op.value, op.hasValue = o.Fold("value")
	switch {
	case op.verb == verbRemove && !op.hasPath:
		return bad(noTarget, "Operation %d removes, and does not say what: it needs a path.", number)
	case op.verb != verbRemove && !op.hasValue:
		return bad(invalidValue, "Operation %d needs a value.", number)
	}
	return nil
}
