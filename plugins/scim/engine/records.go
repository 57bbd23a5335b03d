package engine

import (
	"strings"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// userRecord is what the gateway's pipeline sees of a user: the typed fields, and every
// other attribute as text under its name; see attributesOf.
func userRecord(t *schema.ResourceType, id string, doc value.Object) *record.User {
	name, _ := doc.Get("name").(value.Object)
	u := &record.User{ID: id, Username: text(doc, "userName"), Email: preferred(doc.Get("emails")), ExternalID: text(doc, "externalId"),
		DisplayName: text(doc, "displayName"), GivenName: text(name, "givenName"), FamilyName: text(name, "familyName")}
	u.Active, _ = doc.Get("active").(bool)
	if u.DisplayName == "" {
		u.DisplayName = text(name, "formatted")
	}
	if u.DisplayName == "" {
		u.DisplayName = strings.TrimSpace(u.GivenName + " " + u.FamilyName)
	}
	u.Attributes = attributesOf(t, doc)
	return u
}

func groupRecord(t *schema.ResourceType, id string, doc value.Object) *record.Group {
	return &record.Group{ID: id, Name: text(doc, "displayName"), Attributes: attributesOf(t, doc)}
}

func text(o value.Object, name string) string {
	s, _ := o.Get(name).(string)
	return s
}

// preferred is the value that is primary, else the one for work, else the first.
func preferred(v any) string {
	list, _ := v.([]any)
	best, rank := "", 0
	for _, e := range list {
		o, ok := e.(value.Object)
		s := text(o, "value")
		if !ok || s == "" {
			continue
		}
		r := 1
		if strings.EqualFold(text(o, "type"), "work") {
			r = 2
		}
		if o.Get("primary") == true {
			r = 3
		}
		if r > rank {
			best, rank = s, r
		}
	}
	return best
}

// attributesOf flattens a document for mapping rules: title, name.formatted, emails (all
// addresses), emails.work (those of a type), the attributes of extensions by their bare
// names where nothing else has that name, and by schema name where something has:
// department, Acme.title. A complex value without sub-attribute is its value: manager.
func attributesOf(t *schema.ResourceType, doc value.Object) record.Attributes {
	f := flat{}
	for _, m := range doc {
		if inner, ok := m.Value.(value.Object); ok && t.Extension(m.Name) != nil {
			s := t.Extension(m.Name)
			for _, x := range inner {
				name := x.Name
				if t.Attribute(name) != nil || f.has(name) {
					name = s.Name + "." + name
				}
				f.add(name, x.Value)
			}
			continue
		}
		f.add(m.Name, m.Value)
	}
	return f.out.Sorted()
}

type flat struct{ out record.Attributes }

func (f *flat) has(name string) bool { return f.out.Get(name) != nil }

func (f *flat) append(name string, values ...string) {
	f.out.Set(name, append(append([]string(nil), f.out.Get(name)...), values...)...)
}

func (f *flat) add(name string, v any) {
	switch x := v.(type) {
	case string:
		f.append(name, x)
	case value.Number:
		f.append(name, string(x))
	case bool:
		f.append(name, string(value.Append(nil, x)))
	case value.Object:
		for _, m := range x {
			if m.Name == "value" {
				f.add(name, m.Value)
			} else {
				f.add(name+"."+m.Name, m.Value)
			}
		}
	case []any:
		for _, e := range x {
			f.element(name, e)
		}
	}
}

// element adds one value of a multi-valued attribute, also under its type.
func (f *flat) element(name string, v any) {
	o, ok := v.(value.Object)
	if !ok {
		f.add(name, v)
		return
	}
	kind := text(o, "type")
	if s := text(o, "value"); s != "" {
		f.append(name, s)
		if kind != "" {
			f.append(name+"."+kind, s)
		}
		return
	}
	if kind != "" {
		name += "." + kind
	}
	for _, m := range o {
		if m.Name != "type" && m.Name != "primary" {
			f.add(name+"."+m.Name, m.Value)
		}
	}
}
