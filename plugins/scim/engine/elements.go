package engine

import (
	"slices"
	"strings"

	"syncgateway/plugins/scim/engine/filter"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// elements applies an operation to the elements that the filter of its path chooses.
func (p *patcher) elements(op *operation, t target) error {
	if p.chosen++; p.chosen > maxPatchOperations { // names without a path may be more
		return tooManyOperations()
	}
	meets, err := filter.Elements(t.Attr, t.filter)
	if err != nil {
		return filterError(err)
	}
	attr := schema.Ref{Ext: t.Ext, Attr: t.Attr}
	list, _ := schema.At(p.doc, attr).([]any)
	matched := slices.ContainsFunc(list, meets)
	adds := op.verb == verbAdd && op.value != nil
	switch {
	case op.verb == verbRemove && !matched && op.lenient, adds && isNothing(op.value):
		return nil
	case op.verb != verbRemove && !matched && (op.verb == verbAdd || op.lenient):
		return p.create(op, t, list)
	case !matched:
		return bad(noTarget, "No value of %s meets the filter of the path.", t.Attr.Name)
	case op.verb == verbRemove || isNothing(op.value):
		return p.removeElements(t, list, meets)
	}
	change, err := changed(op, t)
	if err != nil {
		return err
	}
	out := slices.Clone(list)
	for i, e := range list {
		if !meets(e) {
			continue
		}
		now := change(e)
		if o, ok := now.(value.Object); ok && o.Get("primary") == true {
			schema.Demote(out)
		}
		out[i] = now
	}
	return p.put(attr, slices.DeleteFunc(out, func(e any) bool { return e == nil }))
}

// changed makes what turns an element into the element it becomes, nil for none.
func changed(op *operation, t target) (func(any) any, error) {
	if t.Sub != nil {
		v, err := t.Sub.Canonical(unwrapped(t.Sub, op.value))
		return func(e any) any {
			o := e.(value.Object).Clone()
			o.Set(t.Sub.Name, v)
			return t.Attr.Ordered(o)
		}, err
	}
	v := op.value
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	c, err := t.Attr.One(t.Attr.Name, v)
	set, isObject := c.(value.Object)
	return func(e any) any {
		switch {
		case op.verb == verbAdd && c == nil:
			return e
		case !isObject || op.verb == verbReplace:
			return c
		}
		o := e.(value.Object).Clone()
		for _, m := range set {
			o.Set(m.Name, m.Value)
		}
		return t.Attr.Ordered(o)
	}, err
}

func (p *patcher) removeElements(t target, list []any, meets func(any) bool) error {
	attr := schema.Ref{Ext: t.Ext, Attr: t.Attr}
	if t.Sub != nil && t.Sub.Required || t.Sub == nil && t.Attr.Required && !slices.ContainsFunc(list, func(e any) bool { return !meets(e) }) {
		return bad(mutability, "%s is required, it cannot be removed.", t.Ref)
	}
	var out []any
	for _, e := range list {
		switch {
		case !meets(e):
			out = append(out, e)
		case t.Sub != nil:
			out = append(out, t.Attr.Without([]any{e}, t.Sub)...)
		}
	}
	return p.put(attr, out)
}

// create makes the element that a filter describes and that is not there yet: its
// equalities are the first sub-attributes. Several operations fill one element so.
func (p *patcher) create(op *operation, t target, list []any) error {
	if isNothing(op.value) {
		return nil
	}
	if t.Attr.Type != schema.Complex {
		v, err := t.Attr.Canonical(op.value)
		if err != nil {
			return err
		}
		more, _ := v.([]any)
		return p.put(schema.Ref{Ext: t.Ext, Attr: t.Attr}, append(slices.Clone(list), more...))
	}
	made, ok := described(t.Attr, t.filter)
	if !ok {
		return bad(noTarget, "No value of %s meets the filter of the path.", t.Attr.Name)
	}
	add := operation{verb: verbAdd, value: op.value}
	change, err := changed(&add, t)
	if err != nil {
		return err
	}
	return p.put(schema.Ref{Ext: t.Ext, Attr: t.Attr}, t.Attr.Merge(list, change(made)))
}

// described makes an element of the equalities of a filter; any other term is in the way.
func described(a *schema.Attribute, n filter.Node) (o value.Object, ok bool) {
	parts, isAnd := n.(filter.And)
	if !isAnd {
		parts = filter.And{n}
	}
	for _, part := range parts {
		c, isCompare := part.(*filter.Compare)
		if !isCompare || c.Op != filter.Eq || c.Literal.Value == nil {
			return nil, false
		}
		sub := a.Child(c.Path[strings.LastIndexByte(c.Path, '.')+1:])
		if sub == nil || sub.Mutability == schema.ReadOnly {
			return nil, false
		}
		var v any = c.Literal.Text
		if !sub.Textual() {
			v = c.Literal.Value
		}
		v, err := sub.Canonical(v)
		if err != nil {
			return nil, false
		}
		o.Set(sub.Name, v)
	}
	return a.Ordered(o), true
}
