package engine

import (
	"slices"
	"strings"
	"testing"

	"syncgateway/plugins/scim/engine/schema"
)

// every is an extension with an attribute of every type and characteristic.
var every = &schema.Schema{ID: "urn:x:every:2.0:User", Name: "Every", Attributes: []*schema.Attribute{
	{Name: "text", Type: schema.String}, {Name: "exact", Type: schema.String, CaseExact: true}, {Name: "flag", Type: schema.Boolean}, {Name: "whole", Type: schema.Integer},
	{Name: "number", Type: schema.Decimal}, {Name: "when", Type: schema.DateTime}, {Name: "bytes", Type: schema.Binary}, {Name: "link", Type: schema.Reference, CaseExact: true},
	{Name: "flags", Type: schema.Boolean, MultiValued: true}, {Name: "wholes", Type: schema.Integer, MultiValued: true}, {Name: "texts", Type: schema.String, MultiValued: true},
	{Name: "fixed", Type: schema.String, Mutability: schema.Immutable}, {Name: "shown", Type: schema.String, Returned: schema.Always}, {Name: "asked", Type: schema.String, Returned: schema.Request},
	{Name: "unseen", Type: schema.String, Returned: schema.Never}, {Name: "secret", Type: schema.String, Mutability: schema.WriteOnly}, {Name: "own", Type: schema.String, Mutability: schema.ReadOnly},
	{Name: "pair", Type: schema.Complex, Sub: []*schema.Attribute{{Name: "must", Type: schema.String, Required: true}, {Name: "may", Type: schema.Integer}, {Name: "fixed", Type: schema.String, Mutability: schema.Immutable}}},
	{Name: "pairs", Type: schema.Complex, MultiValued: true, Sub: []*schema.Attribute{{Name: "must", Type: schema.String, Required: true}, {Name: "whens", Type: schema.DateTime, MultiValued: true}, {Name: "primary", Type: schema.Boolean}, {Name: "fixed", Type: schema.String, Mutability: schema.Immutable}}},
}}

const everyURI = "urn:x:every:2.0:User"

func withEvery() Options { return Options{UserExtensions: []schema.Extension{{Schema: every}}} }

// TestUnassigned is section 2.5: null, an empty array and nothing are one state, on every
// way in.
func TestUnassigned(t *testing.T) {
	c := newClient(t, withEvery())
	full := `{"userName":"a","title":"t","name":{"givenName":"g"},"emails":[{"value":"x"}],"externalId":"e","active":false,"` + everyURI + `":{"texts":["x"],"flag":true,"pair":{"must":"m"}}}`
	for _, body := range []string{`{"userName":"a"}`, `{"userName":"a","title":null,"name":null,"emails":null,"externalId":null,"active":null,"` + everyURI + `":null}`,
		`{"userName":"a","name":{},"emails":[],"` + everyURI + `":{"texts":[],"flag":null,"pair":{}}}`, `{"userName":"a","` + everyURI + `":{"whole":"","number":" ","when":"","wholes":[""],"bytes":null,"pairs":[]}}`, `{"userName":"a","name":{"givenName":null},"emails":[null],"` + everyURI + `":{"texts":[null],"pair":{"must":null}}}`} {
		id := c.create("/Users", full)
		if a := c.want(200, "PUT", "/Users/"+id, body); !strings.HasPrefix(a.text, `{"schemas":["`+userSchema+`"],"id":"`+id+`","userName":"a","active":true,"meta":`) {
			t.Errorf("%s: %s", body, a.text)
		}
		c.want(204, "DELETE", "/Users/"+id, nil)
	}
	id := c.create("/Users", full)
	for _, op := range []string{`{"op":"replace","path":"title","value":null}`, `{"op":"replace","value":{"name":null,"emails":[]}}`, `{"op":"remove","path":"externalId"}`,
		`{"op":"replace","path":"` + everyURI + `:texts","value":[]}`, `{"op":"remove","path":"` + everyURI + `:flag"}`, `{"op":"remove","path":"` + everyURI + `:pair"}`, `{"op":"remove","path":"active"}`} {
		c.want(200, "PATCH", "/Users/"+id, ops(op))
	}
	if a := c.want(200, "GET", "/Users/"+id, nil); !strings.HasPrefix(a.text, `{"schemas":["`+userSchema+`"],"id":"`+id+`","userName":"a","active":true,"meta":`) {
		t.Error(a.text)
	}
}

// TestTypes is section 2.3: values of another type are refused on every way in, and those
// of the right one come back as they were sent.
func TestTypes(t *testing.T) {
	c := newClient(t, withEvery())
	good := map[string][]string{
		"text": {`"x"`, `"  x "`, `"é💩"`}, "flag": {`true`, `false`}, "whole": {`7`, `-7`, `0`, `123456789012345678901234567890`}, "number": {`1.5`, `-0.25`, `3`, `1e3`},
		"when": {`"2011-08-01T18:29:49.793Z"`, `"2011-08-01T18:29:49+02:00"`, `"0001-01-01T00:00:00Z"`}, "bytes": {`"QUJD"`, `"QUI="`}, "link": {`"https://x/y?z"`, `"../Users/2"`},
		"flags": {`[true,false]`}, "wholes": {`[1,2]`}, "texts": {`["a","b"]`}, "pair": {`{"must":"m","may":1}`}, "pairs": {`[{"must":"m","whens":["2011-08-01T18:29:49Z"],"primary":true}]`},
	}
	wrong := map[string][]string{
		"text": {`7`, `true`, `{}x`, `["a","b"]`, `{"a":1}`}, "flag": {`"yes"`, `""`, `1`, `{}x`}, "whole": {`1.5`, `"seven"`, `true`}, "number": {`"1,5"`, `true`}, "when": {`"yesterday"`, `7`, `"2011-13-01T00:00:00Z"`, `"2011-08-01T25:00:00Z"`, `"2016-03-01"`, `"2016-03-01T12:22"`, `"2016-03-01T12:22:33+02"`, `"12:22:33"`},
		"bytes": {`"***"`, `7`}, "link": {`7`}, "flags": {`["maybe"]`, `[[true]]`}, "wholes": {`[1,"x"]`}, "texts": {`[1]`, `[["a"]]`}, "pair": {`"m"`, `{"may":1}`, `{"must":"m","may":"x"}`, `{"must":7}`, `{"must":""}`, `[{"must":"m"},{"must":"n"}]`},
		"pairs": {`"m"`, `["m"]`, `[{"whens":["2011-08-01T18:29:49Z"]}]`, `[{"must":"m","whens":["soon"]}]`},
	}
	id := c.create("/Users", `{"userName":"a"}`)
	body := func(name, v string) string { return `{"userName":"b","` + everyURI + `":{"` + name + `":` + v + `}}` }
	for name, values := range good {
		for _, v := range values {
			a := c.want(200, "PUT", "/Users/"+id, body(name, v))
			if !strings.Contains(a.text, `"`+everyURI+`":{"`+name+`":`+v+`}`) {
				t.Errorf("%s: %s", v, a.text)
			}
			c.want(200, "PUT", "/Users/"+id, `{"userName":"b"}`)
			b := c.want(200, "PATCH", "/Users/"+id, ops(`{"op":"add","path":"`+everyURI+`:`+name+`","value":`+v+`}`))
			if !strings.Contains(b.text, `"`+everyURI+`":{"`+name+`":`+v+`}`) {
				t.Errorf("%s: %s", v, b.text)
			}
			c.want(200, "PUT", "/Users/"+id, `{"userName":"b"}`)
		}
	}
	for name, values := range wrong {
		for _, v := range values {
			v = strings.TrimSuffix(v, "x")
			if v == "{}" {
				continue
			}
			c.refused(400, invalidValue, "POST", "/Users", body(name, v))
			c.refused(400, invalidValue, "PUT", "/Users/"+id, body(name, v))
			c.refused(400, invalidValue, "PATCH", "/Users/"+id, ops(`{"op":"replace","path":"`+everyURI+`:`+name+`","value":`+v+`}`))
			c.refused(400, invalidValue, "PATCH", "/Users/"+id, ops(`{"op":"add","value":{"`+everyURI+`":{"`+name+`":`+v+`}}}`))
			c.refused(400, invalidValue, "PATCH", "/Users/"+id, ops(`{"op":"add","value":{"`+everyURI+`:`+name+`":`+v+`}}`))
		}
	}
}

// TestCharacteristics is section 2.2, and what 7 says of mutability and returned.
func TestCharacteristics(t *testing.T) {
	c := newClient(t, withEvery())
	a := c.want(201, "POST", "/Users", `{"USERNAME":"a","Password":"pass-word","urn:X:every:2.0:USER":{"FIXED":"f","shown":"s","asked":"q","unseen":"u","secret":"w","own":"o","pair":{"MUST":"m","fixed":"1"},"pairs":[{"must":"m","fixed":"1"},{"must":"n"}]}}`)
	id := a.json["id"].(string)
	at := func(a *answer) string { return a.at(`["` + everyURI + `"]`) }
	if got := at(a); got != `{"fixed":"f","pair":{"fixed":"1","must":"m"},"pairs":[{"fixed":"1","must":"m"},{"must":"n"}],"shown":"s"}` || strings.Contains(a.text, "pass-word") {
		t.Error(got)
	}
	path := func(name string) string { return everyURI + ":" + name }
	for query, want := range map[string]string{
		"attributes=" + path("asked"): `{"asked":"q","shown":"s"}`, "attributes=userName": `{"shown":"s"}`, "attributes=" + path("unseen"): `{"shown":"s"}`, "attributes=" + path("secret") + ",password": `{"shown":"s"}`,
		"attributes=" + path("pair.must"): `{"pair":{"must":"m"},"shown":"s"}`, "excludedAttributes=" + path("shown"): `{"fixed":"f","pair":{"fixed":"1","must":"m"},"pairs":[{"fixed":"1","must":"m"},{"must":"n"}],"shown":"s"}`,
		"excludedAttributes=" + path("pair.fixed"): `{"fixed":"f","pair":{"must":"m"},"pairs":[{"fixed":"1","must":"m"},{"must":"n"}],"shown":"s"}`, "excludedAttributes=" + everyURI: `{"shown":"s"}`, "attributes=" + everyURI: `{"asked":"q","fixed":"f","pair":{"fixed":"1","must":"m"},"pairs":[{"fixed":"1","must":"m"},{"must":"n"}],"shown":"s"}`,
	} {
		if got := at(c.want(200, "GET", "/Users/"+id+"?"+query, nil)); got != want {
			t.Errorf("%s: %s, wanted %s", query, got, want)
		}
		list := c.want(200, "GET", "/Users?"+query, nil)
		if got := list.at(`Resources[0].["` + everyURI + `"]`); got != want {
			t.Errorf("list %s: %s, wanted %s", query, got, want)
		}
	}
	for op, kind := range map[string]string{
		`{"op":"replace","path":"` + path("fixed") + `","value":"g"}`:                      mutability,
		`{"op":"add","value":{"` + everyURI + `":{"fixed":"g"}}}`:                          mutability,
		`{"op":"remove","path":"` + path("fixed") + `"}`:                                   mutability,
		`{"op":"replace","path":"` + path("own") + `","value":"g"}`:                        mutability,
		`{"op":"remove","path":"` + path("own") + `"}`:                                     mutability,
		`{"op":"add","path":"groups","value":[{"value":"x"}]}`:                             mutability,
		`{"op":"remove","path":"groups"}`:                                                  mutability,
		`{"op":"replace","path":"meta.lastModified","value":"2020-01-01T00:00:00Z"}`:       mutability,
		`{"op":"remove","path":"id"}`:                                                      mutability,
		`{"op":"remove","path":"` + path("pair.must") + `"}`:                               mutability,
		`{"op":"replace","path":"` + path("pair.fixed") + `","value":"2"}`:                 mutability,
		`{"op":"replace","path":"` + path("pair") + `","value":{"fixed":"2"}}`:             mutability,
		`{"op":"add","value":{"` + path("pair") + `":{"fixed":"2"}}}`:                      mutability,
		`{"op":"remove","path":"` + everyURI + `"}`:                                        mutability,
		`{"op":"replace","value":{"` + everyURI + `":null}}`:                               mutability,
		`{"op":"replace","path":"` + path("pairs") + `[must eq \"m\"].fixed","value":"2"}`: mutability,
		`{"op":"remove","path":"` + path("pairs") + `[must eq \"m\"].fixed"}`:              mutability,
		`{"op":"add","path":"` + path("pairs") + `.fixed","value":"2"}`:                    mutability,
	} {
		c.refused(400, kind, "PATCH", "/Users/"+id, ops(op))
	}
	for _, op := range []string{`{"op":"replace","path":"` + path("fixed") + `","value":"f"}`, `{"op":"replace","path":"` + path("pair.fixed") + `","value":"1"}`, `{"op":"add","path":"` + path("pair") + `","value":{"fixed":"1","must":"m"}}`, `{"op":"add","path":"` + path("pairs") + `[must eq \"m\"].fixed","value":"1"}`,
		`{"op":"add","value":{"groups":[{"value":"x"}],"id":"` + id + `","meta":{"created":"1999"}}}`} {
		if got := c.want(200, "PATCH", "/Users/"+id, ops(op)); got.at("meta") != a.at("meta") {
			t.Errorf("%s was a change", op)
		}
	}
	c.refused(400, mutability, "PUT", "/Users/"+id, `{"userName":"a","`+everyURI+`":{"fixed":"g"}}`)
	c.refused(400, mutability, "PUT", "/Users/"+id, `{"userName":"a","`+everyURI+`":{"pair":{"must":"m","fixed":"2"}}}`)
	b := c.want(200, "PUT", "/Users/"+id, `{"userName":"a","id":"no","groups":[{"value":"x"}],"meta":{"created":"1999-01-01T00:00:00Z","resourceType":"Group"},"`+everyURI+`":{"own":"o"}}`)
	c.shows(b, "id", `"`+id+`"`)
	c.shows(b, "meta.created", a.at("meta.created"))
	c.shows(b, "groups", "null")
	if got := at(b); got != `{"fixed":"f"}` {
		t.Error(got)
	}
	c.refused(400, invalidFilter, "GET", "/Users?filter="+path("unseen")+"+pr", nil)
}

// TestSchemasDescribe is section 7: every schema that anything names is there, by its id
// too, and what describes the service has no attribute that its schema does not have.
func TestSchemasDescribe(t *testing.T) {
	c := newClient(t, withEvery())
	list := c.want(200, "GET", "/Schemas", nil)
	known := map[string][]any{}
	for _, e := range list.json["Resources"].([]any) {
		o := e.(map[string]any)
		id := o["id"].(string)
		known[id] = o["attributes"].([]any)
		one := c.want(200, "GET", "/Schemas/"+id, nil)
		if (&answer{json: o}).at("attributes") != one.at("attributes") {
			t.Error(id, "is another by itself")
		}
		c.shows(one, "meta.resourceType", `"Schema"`)
	}
	var check func(where string, attributes []any, v any)
	check = func(where string, attributes []any, v any) {
		if list, ok := v.([]any); ok {
			for _, e := range list {
				check(where, attributes, e)
			}
			return
		}
		for name, value := range v.(map[string]any) {
			at := slices.IndexFunc(attributes, func(a any) bool { return a.(map[string]any)["name"] == name })
			if at < 0 && strings.HasSuffix(where, ".subAttributes") {
				continue // the schema of schemas describes no third level
			}
			if at < 0 {
				t.Errorf("%s.%s is in no schema", where, name)
				continue
			}
			a := attributes[at].(map[string]any)
			_, many := value.([]any)
			if many != a["multiValued"] {
				t.Errorf("%s.%s is %v", where, name, value)
			}
			if sub, ok := a["subAttributes"].([]any); ok {
				check(where+"."+name, sub, value)
			}
		}
		for _, a := range attributes {
			o := a.(map[string]any)
			if name := o["name"].(string); o["required"] == true && v.(map[string]any)[name] == nil {
				t.Errorf("%s has no %s", where, name)
			}
		}
	}
	for path, id := range map[string]string{"/ServiceProviderConfig": schema.ConfigURI, "/ResourceTypes/User": schema.ResourceTypeURI, "/ResourceTypes/Group": schema.ResourceTypeURI,
		"/Schemas/" + userSchema: schema.SchemaURI, "/Schemas/" + schema.SchemaURI: schema.SchemaURI} {
		a := c.want(200, "GET", path, nil)
		c.shows(a, "schemas", `["`+id+`"]`)
		delete(a.json, "schemas")
		delete(a.json, "meta")
		check(path, known[id], a.json)
	}
	for _, e := range c.want(200, "GET", "/ResourceTypes", nil).json["Resources"].([]any) {
		o := e.(map[string]any)
		for _, x := range o["schemaExtensions"].([]any) {
			if id := x.(map[string]any)["schema"].(string); known[id] == nil {
				t.Error(id, "is not in /Schemas")
			}
		}
		if known[o["schema"].(string)] == nil {
			t.Error(o["schema"])
		}
	}
}
