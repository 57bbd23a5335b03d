package schema

import (
	"strings"

	"syncgateway/plugins/scim/engine/value"
)

// Document brings a resource that a client sent into the form it is stored in: the
// attributes of the type that clients set, spelled and ordered as in the schema.
// Unknown and readOnly attributes are left out, and so is what is never returned, since
// nothing here has a use for a password. Relations are in it; the caller takes them out.
func (t *ResourceType) Document(in value.Object) (value.Object, error) {
	flat := value.Object{}
	extensions := map[*Schema]value.Object{}
	for _, m := range in {
		r, known := Ref{}, false
		if strings.Contains(m.Name, ":") {
			r, known = t.Resolve(m.Name)
		}
		switch {
		case !known:
			flat = append(flat, m)
		case r.Ext == nil && r.Attr != nil && r.Sub == nil:
			flat = append(flat, value.Member{Name: r.Attr.Name, Value: m.Value})
		case r.Ext != nil && r.Attr == nil:
			o, ok := m.Value.(value.Object)
			if !ok && m.Value != nil {
				return nil, wrong(r.Ext.ID, "an object", m.Value)
			}
			extensions[r.Ext] = append(extensions[r.Ext], o...)
		case r.Ext != nil && r.Sub == nil:
			extensions[r.Ext] = append(extensions[r.Ext], value.Member{Name: r.Attr.Name, Value: m.Value})
		}
	}
	doc, err := pick(nil, []*Attribute{ExternalID}, flat)
	if err == nil {
		doc, err = pick(doc, t.Core.Attributes, flat)
	}
	for _, e := range t.Extensions {
		if err != nil {
			return nil, err
		}
		var o value.Object
		if o, err = pick(nil, e.Schema.Attributes, extensions[e.Schema]); o != nil {
			doc = append(doc, value.Member{Name: e.Schema.ID, Value: o})
		}
	}
	return doc, err
}

func pick(doc value.Object, list []*Attribute, from value.Object) (value.Object, error) {
	for _, a := range list {
		v, ok := a.In(from)
		if !ok || a.Mutability == ReadOnly {
			continue
		}
		c, err := a.Canonical(v)
		if err != nil {
			return nil, err
		}
		if c != nil && a.Shown() != Never {
			doc = append(doc, value.Member{Name: a.Name, Value: c})
		}
	}
	return doc, nil
}

// Finish makes a document ready to be stored: defaults are filled in, lists tidied,
// empty extensions taken away, and what is required must be there.
func (t *ResourceType) Finish(doc value.Object) (value.Object, error) {
	out := make(value.Object, 0, len(doc)+1)
	out, err := finished(out, "", append([]*Attribute{ExternalID}, t.Core.Attributes...), doc)
	for _, e := range t.Extensions {
		if err != nil {
			return nil, err
		}
		o, _ := doc.Get(e.Schema.ID).(value.Object)
		if len(o) == 0 && !e.Required {
			continue
		}
		if o, err = finished(nil, e.Schema.ID+":", e.Schema.Attributes, o); len(o) > 0 {
			out = append(out, value.Member{Name: e.Schema.ID, Value: o})
		}
	}
	return out, err
}

func finished(out value.Object, prefix string, list []*Attribute, from value.Object) (value.Object, error) {
	for _, a := range list {
		v := from.Get(a.Name)
		switch x := v.(type) {
		case []any:
			if !a.Relation {
				v = some(a.Tidy(x))
			}
		case value.Object:
			v = filled(a.said(x))
		}
		if v == nil {
			v = a.Default
		}
		if err := a.complete(prefix+a.Name, v); err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, value.Member{Name: a.Name, Value: v})
		}
	}
	return out, nil
}

// complete checks that a required attribute is there, and the required sub-attributes
// of what is.
func (a *Attribute) complete(path string, v any) error {
	if s, isText := v.(string); a.Required && !a.Relation && (v == nil || isText && strings.TrimSpace(s) == "") {
		return &ValueError{path, "is required and must not be empty"}
	}
	values, many := v.([]any)
	if !many {
		values = []any{v}
	}
	for _, e := range values {
		o, ok := e.(value.Object)
		for _, sub := range a.Sub {
			if !ok || !sub.Required {
				continue
			}
			if err := sub.complete(path+"."+sub.Name, o.Get(sub.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Keep carries what is immutable from an old document into a new one that leaves it
// out, and names the first immutable attribute that differs.
func (t *ResourceType) Keep(old, doc value.Object) (kept value.Object, conflict string) {
	doc = doc.Clone()
	t.immutable(old, doc, func(r Ref, before, now any) {
		switch {
		case conflict != "":
		case now == nil:
			doc = Put(doc, r, before)
		default:
			conflict = r.String()
		}
	})
	return doc, conflict
}

// Changed names the first immutable attribute that an old document has and a new one has
// with another value or not at all; "" when there is none.
func (t *ResourceType) Changed(old, doc value.Object) (conflict string) {
	t.immutable(old, doc, func(r Ref, _, _ any) {
		if conflict == "" {
			conflict = r.String()
		}
	})
	return conflict
}

// immutable calls f for every immutable attribute that has a value in the old document and
// not the same in the new one. What is inside of a complex value goes with all of it.
func (t *ResourceType) immutable(old, doc value.Object, f func(r Ref, before, now any)) {
	t.Walk(func(r Ref) {
		if r.Leaf().Mutability != Immutable || r.Attr.Relation || r.Sub != nil && r.Attr.MultiValued {
			return
		}
		before, now := At(old, r), At(doc, r)
		if before == nil || value.Equal(before, now) || r.Sub != nil && At(doc, Ref{Ext: r.Ext, Attr: r.Attr}) == nil {
			return
		}
		f(r, before, now)
	})
}

// At is what a document has at a path that leads through no multi-valued attribute.
func At(doc value.Object, r Ref) any {
	if r.Ext != nil {
		doc, _ = doc.Get(r.Ext.ID).(value.Object)
	}
	if r.Attr == nil {
		if doc == nil {
			return nil
		}
		return doc
	}
	v := doc.Get(r.Attr.Name)
	if r.Sub == nil {
		return v
	}
	o, _ := v.(value.Object)
	return o.Get(r.Sub.Name)
}

// Put returns the document with a value at a path that leads through no multi-valued
// attribute; nil unassigns. What becomes empty goes.
func Put(doc value.Object, r Ref, v any) value.Object {
	doc = doc.Clone()
	if r.Ext != nil {
		inner, _ := doc.Get(r.Ext.ID).(value.Object)
		doc.Set(r.Ext.ID, filled(Put(inner, Ref{Attr: r.Attr, Sub: r.Sub}, v)))
		return doc
	}
	if r.Sub != nil {
		inner, _ := doc.Get(r.Attr.Name).(value.Object)
		inner = inner.Clone()
		inner.Set(r.Sub.Name, v)
		v = filled(r.Attr.Ordered(inner))
	}
	doc.Set(r.Attr.Name, v)
	return doc
}

func some(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

func filled(o value.Object) any {
	if len(o) == 0 {
		return nil
	}
	return o
}
