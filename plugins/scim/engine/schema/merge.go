package schema

import (
	"slices"

	"syncgateway/plugins/scim/engine/value"
)

// Same reports whether two elements of a multi-valued attribute are the same entry:
// same value and type where they have a value, same everything where not, whichever is
// primary.
func (a *Attribute) Same(x, y any) bool {
	p, isObject := x.(value.Object)
	q, too := y.(value.Object)
	if !isObject || !too {
		return a.equalText(x, y)
	}
	v := a.Child("value")
	if v == nil || p.Get("value") == nil || q.Get("value") == nil {
		return value.Equal(unmarked(p), unmarked(q))
	}
	kind := a.Child("type")
	return v.equalText(p.Get("value"), q.Get("value")) && (kind == nil || kind.equalText(p.Get("type"), q.Get("type")))
}

func unmarked(o value.Object) value.Object {
	if o.Get("primary") != nil {
		o = o.Clone()
		o.Set("primary", nil)
	}
	return o
}

func (a *Attribute) equalText(x, y any) bool {
	s, isText := x.(string)
	t, too := y.(string)
	if isText && too && !a.CaseExact {
		return value.Fold(s) == value.Fold(t)
	}
	return value.Equal(x, y)
}

// Merge adds elements to those of a multi-valued attribute: each into the one that is the
// same, else behind them. A new primary takes the place of the old.
func (a *Attribute) Merge(list []any, more ...any) []any {
	list = slices.Clone(list)
	var at index
	if len(list)+len(more) > 16 {
		at = a.index(list)
	}
	for _, add := range more {
		i := a.find(list, at, add)
		if isPrimary(add) && (i >= 0 || !a.hollow(add)) { // one that says nothing else will not stay
			Demote(list) // which the one that is the same may be among
		}
		if i < 0 {
			at.add(a, add, len(list))
			list = append(list, add)
		} else if have, ok := list[i].(value.Object); ok {
			merged := have.Clone()
			for _, m := range add.(value.Object) {
				merged.Set(m.Name, m.Value)
			}
			list[i] = a.Ordered(merged)
		}
	}
	return list
}

// index finds elements where there are many. Without one each is looked at.
type index map[identity]int

func (a *Attribute) index(list []any) index {
	at := index{}
	for i, e := range list {
		at.add(a, e, i)
	}
	return at
}

// add notes where an element is, other than behind one that is the same.
func (x index) add(a *Attribute, e any, i int) {
	if x == nil {
		return
	}
	if id, ok := a.identity(e); ok {
		if _, twice := x[id]; !twice {
			x[id] = i
		}
	}
}

// find is where an element that is the same is, -1 when there is none.
func (a *Attribute) find(list []any, at index, e any) int {
	if id, ok := a.identity(e); ok && at != nil {
		if i, there := at[id]; there {
			return i
		}
		return -1
	}
	return slices.IndexFunc(list, func(have any) bool { return a.Same(have, e) })
}

// Minus is a list without the elements that have everything that one of gone names.
func (a *Attribute) Minus(list, gone []any) []any {
	wanted := make([]any, len(gone)) // folded once, since each is compared with each
	for i, g := range gone {
		wanted[i] = a.foldedElement(g)
	}
	return slices.DeleteFunc(slices.Clone(list), func(have any) bool {
		have = a.foldedElement(have)
		return slices.ContainsFunc(wanted, func(want any) bool { return includes(have, want) })
	})
}

func (a *Attribute) foldedElement(e any) any {
	switch x := e.(type) {
	case string:
		return a.folded(x)
	case value.Object:
		out := make(value.Object, len(x))
		for i, m := range x {
			if s, ok := m.Value.(string); ok {
				m.Value = a.Child(m.Name).folded(s)
			}
			out[i] = m
		}
		return out
	}
	return e
}

// includes reports whether an element has everything that another one names.
func includes(have, want any) bool {
	p, isObject := have.(value.Object)
	q, too := want.(value.Object)
	if !isObject || !too {
		return value.Equal(have, want)
	}
	for _, m := range q {
		if !value.Equal(p.Get(m.Name), m.Value) {
			return false
		}
	}
	return true
}

// identity is by what most elements are told apart, in the form it is compared in: text,
// and what it is for.
type identity struct{ value, kind string }

// identity is that of an element; elements without text in their value have none, and are
// the same as none that has.
func (a *Attribute) identity(e any) (id identity, ok bool) {
	o, isObject := e.(value.Object)
	if !isObject {
		s, ok := e.(string)
		return identity{value: a.folded(s)}, ok
	}
	v, kind := a.Child("value"), a.Child("type")
	s, ok := o.Get("value").(string)
	if v == nil || !ok {
		return identity{}, false
	}
	if kind != nil {
		switch t := o.Get("type").(type) {
		case nil:
		case string:
			id.kind = "=" + kind.folded(t)
		default:
			return identity{}, false
		}
	}
	id.value = v.folded(s)
	return id, true
}

func (a *Attribute) folded(s string) string {
	if a.CaseExact {
		return s
	}
	return value.Fold(s)
}

func isPrimary(v any) bool {
	o, ok := v.(value.Object)
	return ok && o.Get("primary") == true
}

// Demote takes primary from the elements in place; the elements themselves are cloned.
func Demote(list []any) {
	for i, e := range list {
		if isPrimary(e) {
			o := e.(value.Object).Clone()
			o.Set("primary", false)
			list[i] = o
		}
	}
}

// Tidy brings the finished list of a multi-valued attribute into shape: every element
// once, one primary, the last that claims it, and none that says nothing but what it is
// for.
func (a *Attribute) Tidy(list []any) []any {
	kept := make([]any, 0, len(list))
	for _, e := range list {
		if o, ok := e.(value.Object); ok {
			e = a.said(o)
		}
		if !a.hollow(e) {
			kept = append(kept, e)
		}
	}
	return a.Merge(nil, kept...)
}
