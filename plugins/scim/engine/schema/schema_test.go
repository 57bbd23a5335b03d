package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"syncgateway/plugins/scim/engine/value"
)

var acme = &Schema{ID: "urn:x:acme:2.0:User", Name: "Acme", Attributes: []*Attribute{
	{Name: "badge", Type: String, Required: true, Uniqueness: Server, CaseExact: true},
	{Name: "born", Type: String, Mutability: Immutable},
	{Name: "level", Type: Integer}, {Name: "since", Type: DateTime},
	{Name: "home", Type: Complex, Sub: []*Attribute{{Name: "city", Type: String, Required: true}, {Name: "code", Type: String, Mutability: Immutable}}}}}

var types = Types(true, []Extension{{Schema: acme}}, nil)

func object(t *testing.T, text string) value.Object {
	t.Helper()
	v, err := value.Parse([]byte(text), 10)
	if err != nil {
		t.Fatal(text, err)
	}
	return v.(value.Object)
}

func document(t *testing.T, of *ResourceType, text string) (string, error) {
	t.Helper()
	doc, err := of.Document(object(t, text))
	if err == nil {
		doc, err = of.Finish(doc)
	}
	return string(value.Append(nil, doc)), err
}

func TestDocument(t *testing.T) {
	for in, want := range map[string]string{
		`{"USERNAME":"a","id":"7","meta":{},"groups":[{"value":"g"}],"password":"p","nonsense":1,"schemas":["x"]}`:                 `{"userName":"a","active":true}`,
		`{"userName":"a","active":"False","externalId":"e"}`:                                                                       `{"externalId":"e","userName":"a","active":false}`,
		`{"userName":"a","title":null,"emails":[],"name":{},"nickName":""}`:                                                        `{"userName":"a","nickName":"","active":true}`,
		`{"userName":"a","emails":{"VALUE":"a@x","Type":"work","display":"d","x":1}}`:                                              `{"userName":"a","active":true,"emails":[{"value":"a@x","display":"d","type":"work"}]}`,
		`{"userName":"a","emails":[{"value":"a@x","type":"work"},{"type":"work","value":"A@X","primary":true}]}`:                   `{"userName":"a","active":true,"emails":[{"value":"A@X","type":"work","primary":true}]}`,
		`{"userName":"a","emails":[{"value":"a","primary":true},{"value":"b","primary":true},null]}`:                               `{"userName":"a","active":true,"emails":[{"value":"a","primary":false},{"value":"b","primary":true}]}`,
		`{"userName":"a","phoneNumbers":[{"value":"","type":"work"}]}`:                                                             `{"userName":"a","active":true}`,
		`{"userName":"a","urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User":{"department":"d","manager":"m"}}`:           `{"userName":"a","active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d","manager":{"value":"m"}}}`,
		`{"userName":"a","urn:scim:schemas:extension:enterprise:1.0":{"manager":{"managerId":"m","displayName":"Boss"}}}`:          `{"userName":"a","active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"m"}}}`,
		`{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"d"}`:                             `{"userName":"a","active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d"}}`,
		`{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":""},"department":null}}`: `{"userName":"a","active":true}`,
		`{"userName":"a","urn:x:acme:2.0:User":{"badge":"B","level":12345678901234567890,"since":"2020-01-01T00:00:00Z"}}`:         `{"userName":"a","active":true,"urn:x:acme:2.0:User":{"badge":"B","level":12345678901234567890,"since":"2020-01-01T00:00:00Z"}}`,
	} {
		if got, err := document(t, types[0], in); err != nil || got != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
}

func TestDocumentRefuses(t *testing.T) {
	many := `{"userName":"a","emails":[` + strings.Repeat(`{"value":"a"},`, 1000) + `{"value":"b"}]}`
	for in, path := range map[string]string{
		`{}`: "userName", `{"userName":" "}`: "userName", `{"userName":5}`: "userName", `{"userName":["a"]}`: "userName", `{"userName":"a","active":"yes"}`: "active", `{"userName":"a","active":1}`: "active",
		`{"userName":"a","name":"text"}`: "name", `{"userName":"a","emails":"x"}`: "emails", `{"userName":"a","emails":["x"]}`: "emails", `{"userName":"a","emails":[{"value":{}}]}`: "emails.value",
		`{"userName":"a","x509Certificates":[{"value":"not base64!"}]}`: "x509Certificates.value", `{"userName":"a","urn:x:acme:2.0:User":{"level":1.5,"badge":"b"}}`: "level",
		`{"userName":"a","urn:x:acme:2.0:User":{"level":1}}`: "urn:x:acme:2.0:User:badge", `{"userName":"a","urn:x:acme:2.0:User":{"badge":"b","since":"today"}}`: "since",
		`{"userName":"a","urn:x:acme:2.0:User":"x"}`: "urn:x:acme:2.0:User", `{"userName":"a","urn:x:acme:2.0:User":{"badge":"b","home":{"code":"1"}}}`: "urn:x:acme:2.0:User:home.city", many: "emails",
		`{"userName":"a","password":{}}`: "password",
	} {
		_, err := document(t, types[0], in)
		var bad *ValueError
		if !errors.As(err, &bad) || bad.Path != path {
			t.Errorf("%.80s: %v", in, err)
		}
	}
}

func TestResolve(t *testing.T) {
	for path, want := range map[string]string{"USERNAME": "userName", "name.FamilyName": "name.familyName", "meta.created": "meta.created", "externalid": "externalId",
		"urn:ietf:params:scim:schemas:core:2.0:User:name.givenName":                "name.givenName",
		"urn:ietf:params:scim:schemas:core:2.0:User":                               "",
		"urn:scim:schemas:core:1.0:userName":                                       "userName",
		"urn:scim:schemas:core:1.0:User:userName":                                  "userName",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value": EnterpriseURI + ":manager.value",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager":       EnterpriseURI + ":manager",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:user":               EnterpriseURI,
		"urn:scim:schemas:extension:enterprise:1.0:manager.managerId":              EnterpriseURI + ":manager.value",
	} {
		if r, ok := types[0].Resolve(path); !ok || r.String() != want {
			t.Errorf("%s: %s, %v", path, r, ok)
		}
	}
	for _, path := range []string{"", "nope", "name.nope", "urn:x:nope:userName", "department", "members", "name.familyName.x", "urn:ietf:params:scim:schemas:core:2.0:Userx"} {
		if r, ok := types[0].Resolve(path); ok {
			t.Errorf("%s: %s", path, r)
		}
	}
}

func TestKeep(t *testing.T) {
	of := types[0]
	old := object(t, `{"userName":"a","urn:x:acme:2.0:User":{"badge":"b","born":"x","home":{"city":"c","code":"1"}}}`)
	kept, conflict := of.Keep(old, object(t, `{"userName":"a","urn:x:acme:2.0:User":{"badge":"b","home":{"city":"d"}}}`))
	if got := string(value.Append(nil, kept)); conflict != "" || got != `{"userName":"a","urn:x:acme:2.0:User":{"badge":"b","home":{"city":"d","code":"1"},"born":"x"}}` {
		t.Error(got, conflict)
	}
	if _, conflict := of.Keep(old, object(t, `{"urn:x:acme:2.0:User":{"born":"y"}}`)); conflict != "urn:x:acme:2.0:User:born" {
		t.Error(conflict)
	}
}

func TestKeys(t *testing.T) {
	long := strings.Repeat("x", 300)
	keys := types[0].Keys(object(t, `{"externalId":"E","userName":"ADA","emails":[{"value":"A@x"},{"value":"a@X"},{"type":"work"}],"displayName":"`+long+`","urn:x:acme:2.0:User":{"badge":"B"}}`))
	want := []Key{{"externalId", "E", false}, {"userName", "ada", true}, {"displayName", "", false}, {"emails.value", "a@x", false}, {"urn:x:acme:2.0:User:badge", "B", true}}
	if len(keys) != len(want) {
		t.Fatal(keys)
	}
	for i, k := range keys {
		if k.Attribute == "displayName" && strings.HasPrefix(k.Value, "sha256:") {
			k.Value = ""
		}
		if k != want[i] {
			t.Error(k, want[i])
		}
	}
}

func TestCheckExtension(t *testing.T) {
	if err := CheckExtension(acme, Types(true, nil, nil)); err != nil {
		t.Error(err)
	}
	plain := []*Attribute{{Name: "a", Type: String}}
	for _, s := range []*Schema{{ID: "acme", Attributes: plain}, {ID: strings.ToUpper(EnterpriseURI), Attributes: plain}, {ID: acme.ID},
		{ID: acme.ID, Attributes: append(plain, &Attribute{Name: "A", Type: String})}, {ID: acme.ID, Attributes: []*Attribute{{Name: "a.b", Type: String}}},
		{ID: acme.ID, Attributes: []*Attribute{{Name: "a", Type: Complex}}}, {ID: acme.ID, Attributes: []*Attribute{{Name: "a", Type: String, Sub: plain}}},
		{ID: acme.ID, Attributes: []*Attribute{{Name: "a", Type: Complex, Sub: []*Attribute{{Name: "b", Type: Complex}}}}}} {
		if err := CheckExtension(s, Types(true, nil, nil)); err == nil {
			t.Errorf("%+v was taken", s)
		}
	}
}

// TestMergeOfMany: the index of long lists finds what looking at each element finds.
func TestMergeOfMany(t *testing.T) {
	email := func(v, kind string) value.Object {
		o := value.Object{{Name: "value", Value: v}}
		if kind != "-" {
			o = append(o, value.Member{Name: "type", Value: kind})
		}
		return o
	}
	var more []any
	for i := range 60 {
		for _, kind := range []string{"-", "", "work", "WORK", "home"} {
			more = append(more, email(fmt.Sprintf("%c%d", "aA"[i%2], i/4), kind))
		}
		more = append(more, value.Object{{Name: "display", Value: fmt.Sprint(i % 7)}, {Name: "primary", Value: i%3 == 0}}, value.Object{{Name: "value", Value: "p"}, {Name: "type", Value: fmt.Sprint(i)}, {Name: "primary", Value: true}})
	}
	for _, a := range []*Attribute{find(User.Attributes, "emails"), find(User.Attributes, "photos")} {
		var one []any
		for _, e := range more {
			at := slices.IndexFunc(one, func(have any) bool { return a.Same(have, e) })
			if isPrimary(e) {
				Demote(one)
			}
			if at < 0 {
				one = append(one, e)
				continue
			}
			merged := one[at].(value.Object).Clone()
			for _, m := range e.(value.Object) {
				merged.Set(m.Name, m.Value)
			}
			one[at] = a.Ordered(merged)
		}
		if together := a.Merge(nil, more...); !value.Equal(one, together) {
			t.Errorf("%s: %v\n%v", a.Name, one, together)
		}
	}
}
