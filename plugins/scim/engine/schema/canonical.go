package schema

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"syncgateway/plugins/scim/engine/value"
)

// ValueError says which attribute got a value of the wrong sort.
type ValueError struct {
	Path string
	What string
}

func (e *ValueError) Error() string { return e.Path + " " + e.What }

// mostValues bounds a multi-valued attribute, whose values are compared with each other.
const mostValues = 1000

func wrong(path, want string, v any) error {
	return &ValueError{path, "must be " + want + ", not " + value.Kind(v)}
}

// Canonical brings a value of the attribute into the form it is stored in: names in
// the schema's spelling and order, booleans that came as text made booleans, unknown
// and readOnly sub-attributes left out. nil means unassigned, which null, an empty array
// and an empty object are too.
func (a *Attribute) Canonical(v any) (any, error) { return a.canonical(a.Name, v) }

func (a *Attribute) canonical(path string, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	list, isList := v.([]any)
	if !a.MultiValued {
		if isList {
			return nil, wrong(path, a.sort(), v)
		}
		return a.One(path, v)
	}
	if _, isObject := v.(value.Object); !isList && !isObject && a.Type == Complex {
		return nil, wrong(path, "an array", v)
	}
	if !isList {
		list = []any{v}
	}
	if err := a.few(path, list); err != nil {
		return nil, err
	}
	var out []any
	for _, e := range list {
		one, err := a.One(path, e)
		if err != nil {
			return nil, err
		}
		if one == nil && e != nil && a.Relation {
			return nil, &ValueError{path, "need a value each: the id of a user or a group"}
		}
		if one != nil {
			out = append(out, one)
		}
	}
	if out == nil {
		return nil, nil
	}
	return out, nil
}

// Few refuses more values than an attribute may have.
func (a *Attribute) Few(list []any) error { return a.few(a.Name, list) }

func (a *Attribute) few(path string, list []any) error {
	if len(list) > mostValues && !a.Relation {
		return &ValueError{path, "has too many values; " + strconv.Itoa(mostValues) + " are the most"}
	}
	return nil
}

// One is Canonical for a single value of the attribute, multi-valued or not.
func (a *Attribute) One(path string, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	if a.Type == Complex {
		return a.object(path, v)
	}
	switch x := v.(type) {
	case bool:
		if a.Type == Boolean {
			return x, nil
		}
	case value.Number:
		if a.Type == Decimal || a.Type == Integer && x.Integral() {
			return x, nil
		}
	case string:
		return a.text(path, x)
	}
	return nil, wrong(path, a.sort(), v)
}

func (a *Attribute) text(path, s string) (any, error) {
	switch a.Type {
	case String, Reference:
		return s, nil
	case Boolean:
		if b, ok := ParseBool(s); ok {
			return b, nil
		}
		return nil, &ValueError{path, "must be true or false"}
	case Integer, Decimal:
		if strings.TrimSpace(s) == "" { // clients that fill in templates have no null
			return nil, nil
		}
	case DateTime:
		switch _, ok := ParseTime(s); {
		case strings.TrimSpace(s) == "":
			return nil, nil
		case ok && strings.ContainsAny(s, "Tt"): // a date alone is none (RFC 7643 section 2.3.5)
			return s, nil
		}
		return nil, &ValueError{path, "must be a date and time such as 2011-08-01T21:32:44Z"}
	case Binary:
		if isBase64(s) {
			return s, nil
		}
		return nil, &ValueError{path, "must be base64"}
	}
	return nil, wrong(path, a.sort(), s)
}

func (a *Attribute) object(path string, v any) (any, error) {
	o, ok := v.(value.Object)
	if s, plain := v.(string); plain && a.PlainValue {
		o, ok = value.Object{{Name: "value", Value: s}}, true
	}
	if !ok {
		return nil, wrong(path, a.sort(), v)
	}
	var out value.Object
	for _, sub := range a.Sub {
		if sub.Mutability == ReadOnly {
			continue
		}
		given, ok := sub.In(o)
		if !ok {
			continue
		}
		c, err := sub.canonical(path+"."+sub.Name, given)
		if err != nil {
			return nil, err
		}
		if c != nil && !sub.blank(c) {
			out = append(out, value.Member{Name: sub.Name, Value: c})
		}
	}
	if out == nil {
		return nil, nil
	}
	return out, nil
}

// In finds the attribute's value in an object, whatever spelling or alias it has there.
func (a *Attribute) In(o value.Object) (any, bool) {
	if v, ok := o.Fold(a.Name); ok {
		return v, true
	}
	for _, alias := range a.Aliases {
		if v, ok := o.Fold(alias); ok {
			return v, true
		}
	}
	return nil, false
}

func (a *Attribute) sort() string {
	switch a.Type {
	case Complex:
		return "an object"
	case Boolean:
		return "a boolean"
	case Integer:
		return "a whole number"
	case Decimal:
		return "a number"
	}
	return "a string"
}

// ParseBool takes true and false in any letter case.
func ParseBool(s string) (b, ok bool) {
	return strings.EqualFold(s, "true"), strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
}

// ParseTime takes the forms of xsd:dateTime, and a date alone. Without an offset UTC
// is meant.
func ParseTime(s string) (time.Time, bool) {
	s = strings.ToUpper(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func isBase64(s string) bool {
	s = strings.NewReplacer("\r", "", "\n", "", " ", "").Replace(s)
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if _, err := e.DecodeString(s); err == nil {
			return true
		}
	}
	return false
}

// Ordered puts the members of an object into the order of the schema.
func (a *Attribute) Ordered(o value.Object) value.Object {
	out := make(value.Object, 0, len(o))
	for _, sub := range a.Sub {
		if v := o.Get(sub.Name); v != nil {
			out = append(out, value.Member{Name: sub.Name, Value: v})
		}
	}
	return out
}

// blank reports whether a value of the sub-attribute says nothing: clients that fill in
// templates send "" where they have no address and nobody.
func (a *Attribute) blank(v any) bool {
	return v == "" && (a.Name == "value" || a.Type == Reference)
}

// said is an object without what is blank in it.
func (a *Attribute) said(o value.Object) value.Object {
	for _, m := range o {
		if sub := a.Child(m.Name); sub != nil && sub.blank(m.Value) {
			return slices.DeleteFunc(o.Clone(), func(m value.Member) bool { return a.Child(m.Name).blank(m.Value) })
		}
	}
	return o
}

// hollow reports whether an element says only what it is for, although it could say
// more: an e-mail address without an address.
func (a *Attribute) hollow(v any) bool {
	o, ok := v.(value.Object)
	label := func(name string) bool { return name == "type" || name == "primary" }
	return ok && !slices.ContainsFunc(o, func(m value.Member) bool { return !label(m.Name) }) &&
		slices.ContainsFunc(a.Sub, func(s *Attribute) bool { return !label(s.Name) })
}

// Without takes a sub-attribute from the elements; those that then say nothing go.
func (a *Attribute) Without(list []any, sub *Attribute) []any {
	var out []any
	for _, e := range list {
		o := e.(value.Object).Clone()
		if o.Set(sub.Name, nil); !a.hollow(o) {
			out = append(out, o)
		}
	}
	return out
}
