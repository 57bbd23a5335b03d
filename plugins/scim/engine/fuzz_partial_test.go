package engine

import (
	"fmt"
	"strings"
	"testing"

	"syncgateway/plugins/scim/engine/schema"
)

// partial makes the body of a PATCH of SCIM 1.1, in the words of 2.0 or of 1.1. It is not
// steady when a name reaches into elements, which are others then when it is done again.
func (m *maker) partial() (body string, steady bool) {
	steady = true
	named := func(r schema.Ref) string {
		steady = steady && !reaches(r)
		return m.name(r)
	}
	var parts []string
	seen := map[string]bool{}
	add := func(name, v string) {
		if folded := strings.ToLower(name); !seen[folded] {
			seen[folded] = true
			parts = append(parts, quoted(name)+":"+v)
		}
	}
	if m.below(3) == 0 {
		var names []string
		for range 1 + m.below(3) {
			names = append(names, quoted(named(m.ref())))
		}
		add("meta", `{"attributes":[`+strings.Join(names, ",")+`]}`)
	}
	for range m.below(4) {
		r := m.ref()
		v := m.value(r)
		if r.Attr != nil && r.Sub == nil && r.Attr.MultiValued && r.Attr.Type == schema.Complex && m.below(2) == 0 {
			less := m.element(r.Attr)
			steady = steady && strings.Contains(strings.ToLower(less), `"value"`) // else it chooses by what the other may change
			v = `[` + strings.Replace(less, "{", `{"operation":"delete",`, 1) + `,` + m.element(r.Attr) + `]`
		}
		add(named(r), v)
	}
	body = `{` + strings.Join(parts, ",") + `}`
	if m.below(2) == 0 {
		body = strings.ReplaceAll(body, schema.EnterpriseURI, schema.EnterpriseURI11)
	}
	return body, steady
}

// FuzzPartial: what FuzzOperations says, of the PATCH of SCIM 1.1.
func FuzzPartial(f *testing.F) {
	for i := range 48 {
		f.Add([]byte(fmt.Sprint(i*i*7919)+"\x02\x03\x05\x07\x0b\x0d\x11"), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, user bool) {
		e, d := fuzzed(t)
		of, id := e.types[1], "g"
		if user {
			of, id = e.types[0], "u"
		}
		body, steady := (&maker{data: data, t: of}).partial()
		path := "/v1" + of.Endpoint + "/" + id
		before := stateOf(t, e, d, of, id)
		versionsBefore := versions(t, d)
		a := sendTo(e, "PATCH", path, body)
		sound(t, e, d, body, a, versionsBefore)
		after := stateOf(t, e, d, of, id)
		if a.Code >= 400 && after != before {
			t.Fatalf("%s was refused and changed %v to %v", body, before, after)
		}
		if after.fixed != before.fixed {
			t.Fatalf("%s changed what is readOnly: %v to %v", body, before, after)
		}
		conformsAll(t, body, of, after.document)
		if a.Code >= 300 || !steady {
			return
		}
		if sendTo(e, "PATCH", path, body); stateOf(t, e, d, of, id) != after {
			t.Fatalf("%s, done again, changed %v to %v", body, after, stateOf(t, e, d, of, id))
		}
	})
}
