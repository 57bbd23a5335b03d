// Package value holds JSON as SCIM needs it: objects that keep their order, numbers
// that keep their digits, and a reader that bounds depth and refuses what two readers
// could understand differently. A value is nil, bool, string, Number, Object or []any.
//
// Values are shared freely and never changed in place: whoever changes an Object
// clones it first.
package value

import (
	"slices"
	"strings"
)

// Number is a JSON number as it was written.
type Number string

// Member is one name of an object with its value.
type Member struct {
	Name  string
	Value any
}

// Object is a JSON object in order. Its names are distinct, letter case aside.
type Object []Member

// Get returns the value of exactly this name, nil when there is none.
func (o Object) Get(name string) any {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return nil
}

// Fold returns the value of a name in any letter case.
func (o Object) Fold(name string) (any, bool) {
	for i := range o {
		if strings.EqualFold(o[i].Name, name) {
			return o[i].Value, true
		}
	}
	return nil, false
}

// Set gives a name a value in place; nil takes the name away.
func (o *Object) Set(name string, v any) {
	at := slices.IndexFunc(*o, func(m Member) bool { return m.Name == name })
	switch {
	case v == nil && at >= 0:
		*o = slices.Delete(*o, at, at+1)
	case v == nil:
	case at >= 0:
		(*o)[at].Value = v
	default:
		*o = append(*o, Member{name, v})
	}
}

// Clone copies the object itself; the values in it are shared.
func (o Object) Clone() Object { return slices.Clone(o) }

// Equal reports whether two values are the same: objects without regard to order,
// numbers by what they are worth.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case Object:
		y, ok := b.(Object)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !Equal(x[i].Value, y.Get(x[i].Name)) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, Equal)
	case Number:
		y, ok := b.(Number)
		return ok && (x == y || x.Compare(y) == 0)
	}
	return a == b
}

// Kind names the sort of value for a message: "a string".
func Kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case Number:
		return "a number"
	case Object:
		return "an object"
	}
	return "an array"
}
