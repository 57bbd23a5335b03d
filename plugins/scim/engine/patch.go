package engine

import (
	"strings"

	"syncgateway/plugins/scim/engine/filter"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// patcher applies the operations of a PATCH to a document, in order. The document it
// began with is not changed. members is nil for types without.
type patcher struct {
	t       *schema.ResourceType
	id      string
	doc     value.Object
	members *membership

	membersOnly bool // only to find out whether members are all that is changed
	values      int  // of multi-valued attributes, in a PATCH of SCIM 1.1
	chosen      int  // how often elements were chosen by a filter
}

// target is a path tied to the type: an attribute with its extension, elements that a
// filter chooses, a sub-attribute.
type target struct {
	schema.Ref
	filter filter.Node
}

func (p *patcher) target(path string) (target, error) {
	parsed, err := filter.ParsePath(path)
	if err != nil {
		return target{}, filterError(err)
	}
	r, ok := p.t.Resolve(parsed.Attribute)
	if !ok {
		return target{}, bad(invalidPath, "A %s has no attribute %s.", p.t.Name, value.Visible(parsed.Attribute))
	}
	if parsed.Filter != nil {
		if r.Attr == nil || r.Sub != nil || !r.Attr.MultiValued {
			return target{}, bad(invalidPath, "%s has no values that a filter could choose from.", value.Visible(parsed.Attribute))
		}
		if parsed.Sub != "" {
			if r.Sub = r.Attr.Child(parsed.Sub); r.Sub == nil {
				return target{}, bad(invalidPath, "%s has no sub-attribute %s.", r.Attr.Name, value.Visible(parsed.Sub))
			}
		}
	}
	return target{r, parsed.Filter}, nil
}

// aim finds out what the paths of operations name.
func (p *patcher) aim(ops []operation) (err error) {
	for i := range ops {
		if op := &ops[i]; op.hasPath {
			if op.target, err = p.target(op.path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *patcher) all(ops []operation) error {
	for i := range ops {
		if err := p.one(&ops[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *patcher) one(op *operation) error {
	if !op.hasPath {
		return p.attributes(op, "", op.value)
	}
	if op.target.Attr == nil {
		return p.whole(op, op.target)
	}
	return p.attribute(op, op.target)
}

// attributes applies an operation without a path, or with the URI of a schema as path:
// each name of the value is a path of its own. Names that mean nothing and what is
// readOnly are passed over, as in any resource that is sent.
func (p *patcher) attributes(op *operation, prefix string, v any) error {
	o, ok := v.(value.Object)
	if !ok {
		return bad(invalidValue, "Without a path the value must be an object of attributes.")
	}
	for _, m := range o {
		if prefix == "" && strings.EqualFold(m.Name, "id") {
			if m.Value != nil && m.Value != p.id {
				return bad(mutability, "The id of a resource cannot be changed.")
			}
			continue
		}
		t, err := p.target(prefix + m.Name)
		if err != nil {
			continue
		}
		part := operation{verb: op.verb, value: m.Value, hasValue: true, lenient: op.lenient}
		switch {
		case t.Attr == nil && m.Value == nil:
			err = p.whole(&operation{verb: verbRemove}, t)
		case t.Attr == nil:
			err = p.whole(&part, t)
		case t.Leaf().Mutability != schema.ReadOnly && t.Attr.Mutability != schema.ReadOnly:
			err = p.attribute(&part, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// whole applies an operation to all of a schema.
func (p *patcher) whole(op *operation, t target) error {
	switch {
	case p.membersOnly:
		return errNotQuick
	case op.verb != verbRemove && t.Ext == nil:
		return p.attributes(op, "", op.value)
	case op.verb != verbRemove:
		return p.attributes(op, t.Ext.ID+":", op.value)
	case t.Ext == nil:
		return bad(mutability, "The attributes of %s cannot all be removed.", p.t.Core.ID)
	}
	p.doc = p.doc.Clone()
	p.doc.Set(t.Ext.ID, nil)
	return nil
}

// attribute applies an operation to what its path names.
func (p *patcher) attribute(op *operation, t target) error {
	leaf := t.Leaf()
	switch {
	case p.membersOnly && (!t.Attr.Relation || t.Attr.Mutability == schema.ReadOnly):
		return errNotQuick
	case t.Attr.Name == "schemas" && op.verb != verbRemove:
		return nil // they follow from what a resource has
	case t.Attr.Relation && p.members != nil:
		return p.members.patch(op, t)
	case t.Attr.Mutability == schema.ReadOnly || leaf.Mutability == schema.ReadOnly:
		return bad(mutability, "%s is read-only.", t.Ref)
	case leaf.Shown() == schema.Never:
		_, err := leaf.Canonical(op.value)
		return err
	case op.verb != verbRemove && t.filter == nil:
		op.value = unwrapped(t.Leaf(), op.value)
		if isNothing(op.value) && !(op.verb == verbAdd && op.value != nil) {
			return p.clear(t)
		}
	}
	if leaf.Mutability == schema.Immutable {
		if err := p.settable(op, t); err != nil {
			return err
		}
	}
	switch {
	case t.filter != nil:
		return p.elements(op, t)
	case op.verb == verbRemove:
		return p.remove(op, t)
	case t.Sub != nil && t.Attr.MultiValued:
		return p.everywhere(op, t)
	}
	return p.set(op, t)
}

// settable refuses to change what is immutable and has a value.
func (p *patcher) settable(op *operation, t target) error {
	if have := schema.At(p.doc, t.Ref); have != nil && (op.verb == verbRemove || !value.Equal(have, op.value)) {
		return fixed(t.String())
	}
	if t.Sub == nil || !t.Attr.MultiValued {
		return nil
	}
	meets := func(any) bool { return true }
	if t.filter != nil {
		var err error
		if meets, err = filter.Elements(t.Attr, t.filter); err != nil {
			return filterError(err)
		}
	}
	list, _ := schema.At(p.doc, schema.Ref{Ext: t.Ext, Attr: t.Attr}).([]any)
	for _, e := range list {
		o, _ := e.(value.Object)
		if have := o.Get(t.Sub.Name); have != nil && meets(e) && (op.verb == verbRemove || !value.Equal(have, op.value)) {
			return fixed(t.String())
		}
	}
	return nil
}

// unwrapped takes a single value out of the array, and a simple one out of the object,
// that some clients put around it.
func unwrapped(a *schema.Attribute, v any) any {
	if a.MultiValued {
		return v
	}
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
		if o, ok := v.(value.Object); ok && a.Type != schema.Complex {
			v, _ = o.Fold("value")
		}
	}
	return v
}

// isNothing reports whether a value means unassigned.
func isNothing(v any) bool {
	list, ok := v.([]any)
	return v == nil || ok && len(list) == 0
}

// set adds or replaces an attribute or the sub-attribute of a single one.
func (p *patcher) set(op *operation, t target) error {
	v, err := t.Leaf().Canonical(op.value)
	if err != nil {
		return err
	}
	given, isObject := op.value.(value.Object)
	switch {
	case isObject && t.Sub == nil && !t.Attr.MultiValued:
		p.merge(t, given, v)
	case op.verb == verbAdd && t.Attr.MultiValued:
		list, _ := schema.At(p.doc, t.Ref).([]any)
		more, _ := v.([]any)
		return p.put(t.Ref, t.Attr.Merge(list, more...))
	default:
		p.doc = schema.Put(p.doc, t.Ref, v)
	}
	return nil
}

// put stores a list; an empty one means unassigned.
func (p *patcher) put(r schema.Ref, list []any) error {
	if len(list) == 0 {
		p.doc = schema.Put(p.doc, r, nil)
		return nil
	}
	p.doc = schema.Put(p.doc, r, list)
	return r.Attr.Few(list)
}

// merge sets the sub-attributes that are given; those that are null go, others stay.
func (p *patcher) merge(t target, given value.Object, canonical any) {
	set, _ := canonical.(value.Object)
	for _, sub := range t.Attr.Sub {
		r := schema.Ref{Ext: t.Ext, Attr: t.Attr, Sub: sub}
		v := set.Get(sub.Name)
		if named, ok := sub.In(given); v == nil && (!ok || named != nil && named != "") {
			continue
		}
		p.doc = schema.Put(p.doc, r, v)
	}
}

// everywhere sets a sub-attribute in all elements, or makes one where there is none.
func (p *patcher) everywhere(op *operation, t target) error {
	v, err := t.Sub.Canonical(op.value)
	if err != nil {
		return err
	}
	attr := schema.Ref{Ext: t.Ext, Attr: t.Attr}
	list, _ := schema.At(p.doc, attr).([]any)
	if len(list) == 0 {
		list = []any{value.Object{}}
	}
	out := make([]any, len(list))
	for i, e := range list {
		o := e.(value.Object).Clone()
		o.Set(t.Sub.Name, v)
		out[i] = t.Attr.Ordered(o)
	}
	return p.put(attr, out)
}

// clear unassigns what a path names.
func (p *patcher) clear(t target) error {
	return p.remove(&operation{verb: verbRemove}, t)
}

func (p *patcher) remove(op *operation, t target) error {
	attr := schema.Ref{Ext: t.Ext, Attr: t.Attr}
	list, _ := schema.At(p.doc, attr).([]any)
	switch {
	case t.Leaf().Required && (t.Sub == nil || schema.At(p.doc, attr) != nil):
		return bad(mutability, "%s is required, it cannot be removed.", t.Ref)
	case t.Sub == nil && t.Attr.MultiValued && op.value != nil:
		return p.removeValues(op, attr, list)
	case t.Sub != nil && t.Attr.MultiValued:
		return p.put(attr, t.Attr.Without(list, t.Sub))
	default:
		p.doc = schema.Put(p.doc, t.Ref, nil)
	}
	return nil
}

// removeValues removes the values that a remove lists, a form of Entra.
func (p *patcher) removeValues(op *operation, attr schema.Ref, list []any) error {
	v, err := attr.Attr.Canonical(op.value)
	if err != nil {
		return err
	}
	gone, _ := v.([]any)
	return p.put(attr, attr.Attr.Minus(list, gone))
}
