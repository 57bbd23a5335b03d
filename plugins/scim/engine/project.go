package engine

import (
	"strings"

	"syncgateway/plugins/scim/engine/filter"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// selection is what a client wants to see: attributes and excludedAttributes as sent.
type selection struct {
	attributes []string
	excluded   []string
}

func (s selection) given() bool { return len(s.attributes)+len(s.excluded) > 0 }

// projection is a selection tied to a type. It keeps to the returned characteristic of
// every attribute: always, default, request, never.
type projection struct {
	t        *schema.ResourceType
	only     bool // the picks are all that is shown, beside what always is
	picks    []pick
	excludes []pick
}

// pick is one name of a selection. meets, where there is a filter in the name, chooses
// the elements.
type pick struct {
	schema.Ref
	meets func(any) bool
}

// project ties a selection to a type. Names that it does not have are passed over.
func project(t *schema.ResourceType, s selection) *projection {
	return &projection{t: t, only: len(s.attributes) > 0, picks: picks(t, s.attributes), excludes: picks(t, s.excluded)}
}

func picks(t *schema.ResourceType, names []string) []pick {
	var out []pick
	for _, name := range names {
		path, err := filter.ParsePath(name)
		if err != nil {
			continue
		}
		r, ok := t.Resolve(path.Attribute)
		if !ok {
			continue
		}
		p := pick{Ref: r}
		if path.Filter != nil && r.Attr != nil {
			if p.meets, err = filter.Elements(r.Attr, path.Filter); err != nil {
				continue
			}
			if path.Sub != "" {
				p.Sub = r.Attr.Child(path.Sub)
			}
		}
		out = append(out, p)
	}
	return out
}

// splitNames parts a list of names at its commas, those in brackets and quotes aside.
func splitNames(list string) []string {
	var out []string
	start, depth, quoted := 0, 0, false
	add := func(end int) {
		if name := strings.TrimSpace(list[start:end]); name != "" {
			out = append(out, name)
		}
		start = end + 1
	}
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ',' && depth <= 0:
			add(i)
		}
	}
	add(len(list))
	return out
}

// wants reports whether any of a core attribute is shown.
func (p *projection) wants(a *schema.Attribute) bool {
	subs, all := p.chosen(nil, a)
	return all || len(subs) > 0
}

// chosen are the picks of an attribute; all means that it is shown without regard to
// them.
func (p *projection) chosen(ext *schema.Schema, a *schema.Attribute) (subs []pick, all bool) {
	switch a.Shown() {
	case schema.Always:
		return nil, true
	case schema.Never:
		return nil, false
	}
	for _, x := range p.excludes {
		if x.covers(ext, a) && x.Sub == nil && x.meets == nil {
			return nil, false
		}
	}
	for _, x := range p.picks {
		switch {
		case !x.covers(ext, a):
		case x.Sub == nil && x.meets == nil:
			return nil, true
		default:
			subs = append(subs, x)
		}
	}
	return subs, !p.only && a.Shown() == schema.Default
}

// covers reports whether a pick names the attribute or all of its schema.
func (x *pick) covers(ext *schema.Schema, a *schema.Attribute) bool {
	return x.Ext == ext && (x.Attr == a || x.Attr == nil)
}

// apply is the part of a full resource that is shown.
func (p *projection) apply(full value.Object) value.Object {
	out := make(value.Object, 0, len(full))
	for _, m := range full {
		if ext := p.t.Extension(m.Name); ext != nil {
			if o := p.members(ext, ext.Attributes, m.Value.(value.Object)); len(o) > 0 {
				out = append(out, value.Member{Name: m.Name, Value: o})
			}
			continue
		}
		if a := p.t.Attribute(m.Name); a != nil {
			if v := p.attribute(nil, a, m.Value); v != nil {
				out = append(out, value.Member{Name: m.Name, Value: v})
			}
		}
	}
	return out
}

func (p *projection) members(ext *schema.Schema, list []*schema.Attribute, o value.Object) value.Object {
	var out value.Object
	for _, a := range list {
		if v := o.Get(a.Name); v != nil {
			if v = p.attribute(ext, a, v); v != nil {
				out = append(out, value.Member{Name: a.Name, Value: v})
			}
		}
	}
	return out
}

func (p *projection) attribute(ext *schema.Schema, a *schema.Attribute, v any) any {
	subs, all := p.chosen(ext, a)
	if !all && len(subs) == 0 {
		return nil
	}
	if all {
		subs = nil
	}
	if a.Type != schema.Complex || subs == nil && len(p.excludes) == 0 && !special(a) {
		return elementsShown(v, func(e any) any { return chosenElement(e, subs) })
	}
	return elementsShown(v, func(e any) any {
		o, ok := e.(value.Object)
		if !ok {
			return e
		}
		var out value.Object
		for _, m := range o {
			if sub := a.Child(m.Name); sub == nil || p.subShown(ext, a, sub, subs, e) {
				out = append(out, m)
			}
		}
		if out == nil {
			return nil
		}
		return out
	})
}

// chosenElement is an element of a simple attribute, or nil when no pick wants it.
func chosenElement(e any, subs []pick) any {
	if subs == nil {
		return e
	}
	for _, x := range subs {
		if x.meets == nil || x.meets(e) {
			return e
		}
	}
	return nil
}

// special reports whether some sub-attribute is not shown by default.
func special(a *schema.Attribute) bool {
	for _, s := range a.Sub {
		if s.Shown() != schema.Default {
			return true
		}
	}
	return false
}

// subShown decides on one sub-attribute of one element.
func (p *projection) subShown(ext *schema.Schema, a, sub *schema.Attribute, subs []pick, element any) bool {
	switch sub.Shown() {
	case schema.Always:
		return true
	case schema.Never:
		return false
	}
	for _, x := range p.excludes {
		if x.Ext == ext && x.Attr == a && x.Sub == sub {
			return false
		}
	}
	if subs == nil {
		return sub.Shown() == schema.Default
	}
	for _, x := range subs {
		if (x.meets == nil || x.meets(element)) && (x.Sub == sub || x.Sub == nil && sub.Shown() == schema.Default) {
			return true
		}
	}
	return false
}

// elementsShown maps the value, or each of several; what becomes nil is left out.
func elementsShown(v any, f func(any) any) any {
	list, many := v.([]any)
	if !many {
		return f(v)
	}
	var out []any
	for _, e := range list {
		if e = f(e); e != nil {
			out = append(out, e)
		}
	}
	if out == nil {
		return nil
	}
	return out
}
