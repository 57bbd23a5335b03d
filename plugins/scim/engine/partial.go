package engine

import (
	"net/http"
	"strings"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// partial applies a PATCH of SCIM 1.1: a part of a resource. meta.attributes names what
// is taken away first; then simple values replace, complex ones merge, and the values of
// multi-valued attributes are added, merged by value, or removed when they say
// "operation": "delete".
func (p *patcher) partial(f *face, in value.Object) error {
	if err := f.checkSchemas(in, schema.CoreURI11); err != nil {
		return err
	}
	if meta, ok := in.Fold("meta"); ok {
		if err := p.removeNamed(meta); err != nil {
			return err
		}
	}
	for _, m := range in {
		switch strings.ToLower(m.Name) {
		case "schemas", "meta", "id":
			continue
		}
		t, err := p.target(m.Name)
		if err != nil {
			continue
		}
		if inner, ok := m.Value.(value.Object); ok && t.Attr == nil && t.Ext != nil {
			for _, x := range inner {
				if t, err := p.target(t.Ext.ID + ":" + x.Name); err == nil {
					if err := p.part(t, x.Value); err != nil {
						return err
					}
				}
			}
			continue
		}
		if err := p.part(t, m.Value); err != nil {
			return err
		}
	}
	return nil
}

func (p *patcher) removeNamed(meta any) error {
	o, _ := meta.(value.Object)
	v, _ := o.Fold("attributes")
	list, _ := v.([]any)
	if len(list) > maxPatchOperations {
		return tooManyOperations()
	}
	for _, e := range list {
		name, _ := e.(string)
		t, err := p.target(name)
		remove := &operation{verb: verbRemove}
		switch {
		case err != nil || t.Attr == nil && t.Ext == nil || t.Attr != nil && t.Attr.Mutability == schema.ReadOnly:
			continue
		case t.Attr == nil:
			err = p.whole(remove, t)
		default:
			err = p.attribute(remove, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// part applies the value of one attribute.
func (p *patcher) part(t target, v any) error {
	if t.Attr == nil || t.Leaf().Mutability == schema.ReadOnly {
		return nil
	}
	list, many := v.([]any)
	if !many || !t.Attr.MultiValued {
		verb := verbReplace
		if t.Attr.MultiValued {
			verb = verbAdd
		}
		return p.attribute(&operation{verb: verb, value: v}, t)
	}
	if !t.Attr.Relation { // members are not compared with each other
		p.values += len(list)
	}
	if p.values > maxPatchOperations {
		return refuse(http.StatusRequestEntityTooLarge, "A PATCH may change %d values at most.", maxPatchOperations)
	}
	for _, e := range list {
		op := operation{verb: verbAdd, value: []any{e}}
		if o, ok := e.(value.Object); ok {
			if word, _ := o.Fold("operation"); isDelete(word) {
				op.verb = verbRemove
				op.value = []any{withoutOperation(o)}
			}
		}
		if err := p.attribute(&op, t); err != nil {
			return err
		}
	}
	return nil
}

func isDelete(word any) bool {
	s, _ := word.(string)
	return strings.EqualFold(s, "delete")
}

// withoutOperation is what names the value to be removed: its value where it has one.
func withoutOperation(o value.Object) value.Object {
	if v, ok := o.Fold("value"); ok {
		return value.Object{{Name: "value", Value: v}}
	}
	out := value.Object{}
	for _, m := range o {
		if !strings.EqualFold(m.Name, "operation") {
			out = append(out, m)
		}
	}
	return out
}
