package engine

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"syncgateway/plugins/scim/engine/memdir"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// maker makes the operations of a PATCH out of bytes. loud spells the same operations
// otherwise: names in capitals, and with the URI of their schema.
type maker struct {
	data []byte
	t    *schema.ResourceType
	loud bool
}

// made is one operation. steady ones do not choose by a filter, so that doing them again
// must change nothing.
type made struct {
	text    string
	steady  bool
	reaches bool // into elements: also those that are gone again when the request ends
}

func (m *maker) below(n int) int {
	if len(m.data) == 0 {
		return 0
	}
	b := m.data[0]
	m.data = m.data[1:]
	return int(b) % n
}

func (m *maker) of(list ...string) string { return list[m.below(len(list))] }

func (m *maker) spelled(name string) string {
	if m.loud {
		return strings.ToUpper(name)
	}
	return name
}

// operations are up to four; the rest of the bytes is not used.
func (m *maker) operations() []made {
	out := make([]made, 1+m.below(4))
	for i := range out {
		out[i] = m.operation()
	}
	return out
}

func (m *maker) operation() made {
	verb := m.of("add", "replace", "remove", "Add", "Replace", "Remove", "rEPLACE")
	if m.loud {
		verb = verb[:1] + strings.ToUpper(verb[1:])
	}
	r := m.ref()
	path, steady := m.path(r)
	reaching := reaches(r)
	parts := []string{`"` + m.spelled("op") + `":"` + verb + `"`}
	switch form := m.below(8); {
	case form == 0 && r.Attr != nil:
		body := `{` + quoted(path) + `:` + m.value(r) + `}`
		if m.below(2) == 1 {
			other := m.ref()
			reaching = reaching || reaches(other)
			steady = steady && !reaching // into elements that the other adds
			body = `{` + quoted(path) + `:` + m.value(r) + `,` + quoted(m.name(other)) + `:` + m.value(other) + `}`
		}
		parts = append(parts, `"`+m.spelled("value")+`":`+body)
	case form == 1 && strings.EqualFold(verb, "remove"):
		parts = append(parts, `"`+m.spelled("path")+`":`+quoted(path))
	default:
		parts = append(parts, `"`+m.spelled("path")+`":`+quoted(path))
		if !strings.EqualFold(verb, "remove") || m.below(3) == 0 {
			parts = append(parts, `"`+m.spelled("value")+`":`+m.value(r))
		}
	}
	return made{`{` + strings.Join(parts, ",") + `}`, steady, reaching}
}

// reaches tells a name that reaches into the elements there are.
func reaches(r schema.Ref) bool { return r.Sub != nil && r.Attr.MultiValued }

func quoted(s string) string { return string(value.AppendText(nil, s)) }

// ref is any attribute of the type, or a whole extension.
func (m *maker) ref() schema.Ref {
	var all []schema.Ref
	for _, a := range schema.Common {
		all = append(all, schema.Ref{Attr: a})
	}
	for _, x := range m.t.Extensions {
		all = append(all, schema.Ref{Ext: x.Schema})
	}
	m.t.Walk(func(r schema.Ref) {
		if r.Sub == nil || m.t.Kind == "group" {
			all = append(all, r)
		}
	})
	r := all[m.below(len(all))]
	if r.Attr != nil && r.Sub == nil && len(r.Attr.Sub) > 0 && m.below(2) == 1 {
		r.Sub = r.Attr.Sub[m.below(len(r.Attr.Sub))]
	}
	return r
}

// name is a path without a filter.
func (m *maker) name(r schema.Ref) string {
	path := m.spelled(r.String())
	if m.loud && r.Ext == nil && !slices.Contains(schema.Common, r.Attr) {
		path = m.t.Core.ID + ":" + path
	}
	return path
}

func (m *maker) path(r schema.Ref) (path string, steady bool) {
	if r.Attr == nil || !r.Attr.MultiValued || m.below(2) == 0 {
		return m.name(r), true
	}
	path = m.name(schema.Ref{Ext: r.Ext, Attr: r.Attr}) + "[" + m.filter(r.Attr, 2) + "]"
	if r.Sub != nil {
		path += "." + m.spelled(r.Sub.Name)
	}
	return path, false
}

func (m *maker) filter(a *schema.Attribute, depth int) string {
	if depth > 0 {
		switch m.below(8) {
		case 0:
			return m.filter(a, depth-1) + m.spelled(" and ") + m.filter(a, depth-1)
		case 1:
			return m.filter(a, depth-1) + m.spelled(" or ") + m.filter(a, depth-1)
		case 2:
			return m.spelled("not") + " (" + m.filter(a, depth-1) + ")"
		}
	}
	sub := "value"
	if len(a.Sub) > 0 {
		sub = a.Sub[m.below(len(a.Sub))].Name
	}
	op := m.of("eq", "eq", "ne", "co", "sw", "ew", "pr", "gt", "le")
	if op == "pr" {
		return m.spelled(sub + " " + op)
	}
	return m.spelled(sub+" "+op) + " " + m.of(`"work"`, `"home"`, `"w@x"`, `true`, `"u"`, `"x"`, `null`, `"red"`, `"False"`, `7`)
}

// value is mostly what the attribute takes.
func (m *maker) value(r schema.Ref) string {
	if m.below(6) == 0 {
		return m.of(`null`, `[]`, `{}`, `""`, `"x"`, `7`, `true`, `[null]`, `[[]]`, `{"value":"x"}`, `[{"value":"w@x","type":"work"}]`, `["a","A"]`, `{"id":"u"}`)
	}
	switch {
	case r.Attr == nil:
		a := r.Ext.Attributes[m.below(len(r.Ext.Attributes))]
		return `{` + quoted(m.spelled(a.Name)) + `:` + m.value(schema.Ref{Ext: r.Ext, Attr: a}) + `}`
	case r.Sub != nil:
		return m.simple(r.Sub)
	case !r.Attr.MultiValued:
		return m.element(r.Attr)
	}
	list := make([]string, m.below(4))
	for i := range list {
		list[i] = m.element(r.Attr)
	}
	if len(list) == 1 && m.below(3) == 0 {
		return list[0]
	}
	return `[` + strings.Join(list, ",") + `]`
}

func (m *maker) element(a *schema.Attribute) string {
	if a.Type != schema.Complex {
		return m.simple(a)
	}
	var parts []string
	seen := map[string]bool{}
	for range 1 + m.below(4) {
		sub := a.Sub[m.below(len(a.Sub))]
		if !seen[sub.Name] {
			seen[sub.Name] = true
			parts = append(parts, quoted(m.spelled(sub.Name))+`:`+m.simple(sub))
		}
	}
	return `{` + strings.Join(parts, ",") + `}`
}

func (m *maker) simple(a *schema.Attribute) string {
	switch a.Type {
	case schema.Boolean:
		return m.of(`true`, `false`, `"True"`, `"False"`, `null`)
	case schema.Integer, schema.Decimal:
		return m.of(`1`, `2.0`, `1e2`, `-7`, `0.5`)
	case schema.DateTime:
		return m.of(`"2020-01-01T00:00:00Z"`, `"2020-01-01"`, `"2020-01-01T01:00:00+01:00"`, `"soon"`)
	case schema.Binary:
		return m.of(`"QUJD"`, `"QUI="`, `"?"`)
	}
	if a.Name == "type" {
		return m.of(`"work"`, `"home"`, `"WORK"`, `""`, `null`)
	}
	return m.of(`"x"`, `"w@x"`, `"W@X"`, `"h@x"`, `"u"`, `"g"`, `""`, `null`, `"ſ"`, `"1815"`)
}

// state is all that a PATCH may change, and what it may not.
type state struct{ document, members, fixed string }

func stateOf(t *testing.T, e *Engine, d *memdir.Directory, of *schema.ResourceType, id string) state {
	t.Helper()
	r, err := d.Call(context.Background(), record.DirectoryCall{Kind: of.Kind, Get: id})
	if err != nil {
		t.Fatal(err)
	}
	shown := sendTo(e, "GET", "/v2"+of.Endpoint+"/"+id, "")
	v, err := value.Parse(shown.Body.Bytes(), maxDepth)
	if err != nil || shown.Code != 200 {
		t.Fatal(shown.Body, err)
	}
	o := v.(value.Object)
	meta := o.Get("meta").(value.Object)
	s := state{document: string(r.Entries[0].Document), members: string(value.Append(nil, inOrder(o.Get("members"))))}
	s.fixed = fmt.Sprint(o.Get("id"), o.Get("groups"), meta.Get("created"), meta.Get("location"), meta.Get("resourceType"))
	return s
}

// inOrder are members by their text: their order says nothing.
func inOrder(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b any) int { return bytes.Compare(value.Append(nil, a), value.Append(nil, b)) })
	return list
}

// conforms checks a stored document against the table of attributes.
func conforms(t *testing.T, sent string, list []*schema.Attribute, o value.Object) {
	t.Helper()
	for _, m := range o {
		var a *schema.Attribute
		for _, x := range list {
			if x.Name == m.Name {
				a = x
			}
		}
		if a == nil || a.Mutability == schema.ReadOnly || a.Shown() == schema.Never || a.Relation {
			t.Fatalf("%s: %s is stored", sent, m.Name)
		}
		values, many := m.Value.([]any)
		if many != a.MultiValued || many && len(values) == 0 {
			t.Fatalf("%s: %s is %v", sent, m.Name, m.Value)
		}
		if !many {
			values = []any{m.Value}
		}
		primaries := 0
		for i, v := range values {
			c, err := a.One(a.Name, v)
			if err != nil || !value.Equal(c, v) {
				t.Fatalf("%s: %s has the value %v, which is not one: %v, %v", sent, m.Name, v, c, err)
			}
			if inner, ok := v.(value.Object); ok {
				conforms(t, sent, a.Sub, inner)
				if inner.Get("primary") == true {
					primaries++
				}
			}
			for _, other := range values[:i] {
				if a.Same(other, v) {
					t.Fatalf("%s: %s has %v twice", sent, m.Name, v)
				}
			}
		}
		if primaries > 1 {
			t.Fatalf("%s: %s has %d primary values", sent, m.Name, primaries)
		}
	}
	for _, a := range list {
		if a.Required && !a.Relation && a.Mutability != schema.ReadOnly && o.Get(a.Name) == nil {
			t.Fatalf("%s: %s is required and has gone", sent, a.Name)
		}
	}
}

func conformsAll(t *testing.T, sent string, of *schema.ResourceType, document string) {
	t.Helper()
	v, err := value.Parse([]byte(document), maxDepth)
	if err != nil {
		t.Fatal(sent, err)
	}
	var core value.Object
	for _, m := range v.(value.Object) {
		if x := of.Extension(m.Name); x != nil {
			conforms(t, sent, x.Attributes, m.Value.(value.Object))
			continue
		}
		core = append(core, m)
	}
	conforms(t, sent, append([]*schema.Attribute{schema.ExternalID}, of.Core.Attributes...), core)
}

func texts(list []made) string {
	var all []string
	for _, op := range list {
		all = append(all, op.text)
	}
	return ops(strings.Join(all, ","))
}

// FuzzOperations: PATCH keeps its promises whatever well-formed operations come. A
// refusal changes nothing; what is stored is what the table allows; what is readOnly
// stays; an operation that is done again changes nothing; operations one by one come to
// the same as together; and so does another spelling of them.
func FuzzOperations(f *testing.F) {
	for i := range 64 {
		f.Add([]byte(strconv.Itoa(i*i*i*7919)+"\x01\x02\x03\x05\x07\x0b\x0d\x11"), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, user bool) {
		e, d := fuzzed(t)
		of, id := e.types[1], "g"
		if user {
			of, id = e.types[0], "u"
		}
		list := (&maker{data: data, t: of}).operations()
		sent, path := texts(list), "/v2"+of.Endpoint+"/"+id
		before := stateOf(t, e, d, of, id)
		versionsBefore := versions(t, d)
		a := sendTo(e, "PATCH", path, sent)
		sound(t, e, d, sent, a, versionsBefore)
		after := stateOf(t, e, d, of, id)
		if a.Code >= 400 && after != before {
			t.Fatalf("%s was refused and changed %v to %v", sent, before, after)
		}
		if after.fixed != before.fixed {
			t.Fatalf("%s changed what is readOnly: %v to %v", sent, before, after)
		}
		conformsAll(t, sent, of, after.document)
		if a.Code == 200 && a.Body.String() != sendTo(e, "GET", path, "").Body.String() {
			t.Fatalf("%s: the answer %s is not what is there", sent, a.Body)
		}
		if len(list) == 1 && list[0].steady && a.Code < 300 {
			if sendTo(e, "PATCH", path, sent); stateOf(t, e, d, of, id) != after {
				t.Fatalf("%s, done again, changed %v to %v", sent, after, stateOf(t, e, d, of, id))
			}
		}
		e, d = fuzzed(t)
		loud := texts((&maker{data: data, t: of, loud: true}).operations())
		if b := sendTo(e, "PATCH", path, loud); b.Code != a.Code || stateOf(t, e, d, of, id) != after {
			t.Fatalf("%s: %d %v\n%s: %d %v %s", sent, a.Code, after, loud, b.Code, stateOf(t, e, d, of, id), b.Body)
		}
		if slices.ContainsFunc(list, func(op made) bool { return op.reaches }) {
			return
		}
		e, d = fuzzed(t)
		for _, op := range list {
			if b := sendTo(e, "PATCH", path, ops(op.text)); b.Code >= 400 {
				return
			}
		}
		if one := stateOf(t, e, d, of, id); one != after {
			t.Fatalf("%s: together %d %s %v\n one by one %v", sent, a.Code, a.Body, after, one)
		}
	})
}
