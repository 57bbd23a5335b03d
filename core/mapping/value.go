package mapping

import (
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Kind is what a Value is.
type Kind uint8

// The kinds of Value. Any is no value's kind: it stands for "not known before".
const (
	Null Kind = iota
	String
	Number
	Bool
	List
	Any
)

// Value is the result of an expression. Numbers are whole and exact; an expression
// that leaves them is hcl's to evaluate.
type Value struct {
	kind Kind
	n    int64 // Number; Bool: 0 or 1
	s    string
	l    []string
}

// Kind tells what the value is.
func (v Value) Kind() Kind { return v.kind }

// Strings are the value's texts: none for null, one for a single value. The caller
// must not change them.
func (v Value) Strings() []string {
	switch v.kind {
	case Null:
		return nil
	case List:
		return v.l
	}
	return []string{v.Text()}
}

// Text is the value as text, a list's elements separated by commas.
func (v Value) Text() string {
	switch v.kind {
	case String:
		return v.s
	case Number:
		return strconv.FormatInt(v.n, 10)
	case Bool:
		return strconv.FormatBool(v.n == 1)
	case List:
		return strings.Join(v.l, ", ")
	}
	return ""
}

// empty tells whether coalesce skips the value.
func (v Value) empty() bool {
	return v.kind == Null || v.kind == String && v.s == "" || v.kind == List && len(v.l) == 0
}

// text makes a String of what hcl would see: hcl's strings are in Unicode's NFC.
func text(s string) Value { return Value{kind: String, s: normal(s)} }

func normal(s string) string {
	if isASCII(s) {
		return s
	}
	return cty.NormalizeString(s)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func list(ss []string) Value {
	for i, s := range ss {
		if !isASCII(s) {
			return Value{kind: List, l: normalFrom(ss, i)}
		}
	}
	return Value{kind: List, l: ss}
}

func normalFrom(ss []string, i int) []string {
	out := append([]string(nil), ss...)
	for ; i < len(out); i++ {
		out[i] = normal(out[i])
	}
	return out
}

func truth(b bool) Value {
	if b {
		return Value{kind: Bool, n: 1}
	}
	return Value{kind: Bool}
}

func number(n int64) Value { return Value{kind: Number, n: n} }

// maxExact bounds the whole numbers that are computed outside hcl.
const maxExact = 1 << 53

// fromCty converts what fits into a Value. It refuses unknown and marked values,
// fractions and nested collections.
func fromCty(v cty.Value) (Value, bool) {
	if v.IsMarked() || !v.IsKnown() {
		return Value{}, false
	}
	t := v.Type()
	switch {
	case v.IsNull():
		return Value{}, true
	case t == cty.String:
		return Value{kind: String, s: v.AsString()}, true
	case t == cty.Bool:
		return truth(v.True()), true
	case t == cty.Number:
		n, accuracy := v.AsBigFloat().Int64()
		return number(n), accuracy == 0 && n <= maxExact && n >= -maxExact
	case t.IsListType() || t.IsSetType() || t.IsTupleType():
		return listFromCty(v)
	}
	return Value{}, false
}

func listFromCty(v cty.Value) (Value, bool) {
	out := make([]string, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if e.IsMarked() || !e.IsKnown() || e.IsNull() {
			return Value{}, false
		}
		s, err := convert.Convert(e, cty.String)
		if err != nil {
			return Value{}, false
		}
		out = append(out, s.AsString())
	}
	return Value{kind: List, l: out}, true
}

// cty converts a Value; t is the type of a null.
func (v Value) cty(t cty.Type) cty.Value {
	switch v.kind {
	case String:
		return cty.StringVal(v.s)
	case Number:
		return cty.NumberIntVal(v.n)
	case Bool:
		return cty.BoolVal(v.n == 1)
	case List:
		return listToCty(v.l)
	}
	return cty.NullVal(t)
}

func listToCty(ss []string) cty.Value {
	if len(ss) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	vals := make([]cty.Value, len(ss))
	for i, s := range ss {
		vals[i] = cty.StringVal(s)
	}
	return cty.ListVal(vals)
}
