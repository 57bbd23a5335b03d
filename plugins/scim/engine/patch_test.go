package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

const start = `{"externalId":"e","userName":"ada","name":{"familyName":"Byron","givenName":"Ada"},"title":"t","active":true,` +
	`"emails":[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}],` +
	`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d"},"urn:x:acme:2.0:User":{"level":1,"born":"1815","tags":["red"]}}`

// patched applies operations to start, as the engine does, and returns what differs from
// it, by name: null for what has gone.
func patched(t *testing.T, list string) (string, error) {
	t.Helper()
	of := schema.Types(true, withAcme().UserExtensions, nil)[0]
	v, err := value.Parse([]byte(ops(list)), maxDepth)
	if err != nil {
		t.Fatal(list, err)
	}
	before, _ := value.Parse([]byte(start), maxDepth)
	operations, err := operations(&face{}, v.(value.Object), false)
	if err != nil {
		return "", err
	}
	p := &patcher{t: of, id: "me", doc: before.(value.Object)}
	if err := p.aim(operations); err != nil {
		return "", err
	}
	if err := p.all(operations); err != nil {
		return "", err
	}
	after, err := of.Finish(p.doc)
	if string(value.Append(nil, before)) != start {
		t.Fatal("the document before was changed: ", string(value.Append(nil, before)))
	}
	diff := value.Object{}
	for _, m := range before.(value.Object) {
		if now := after.Get(m.Name); !value.Equal(now, m.Value) {
			diff = append(diff, value.Member{Name: strings.TrimPrefix(strings.TrimPrefix(m.Name, "urn:ietf:params:scim:schemas:extension:"), "urn:x:"), Value: now})
		}
	}
	for _, m := range after {
		if before.(value.Object).Get(m.Name) == nil {
			diff = append(diff, m)
		}
	}
	return string(value.Append(nil, diff)), err
}

const enterprise = `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`

func TestPatch(t *testing.T) {
	for list, want := range map[string]string{
		``: `{}`,
		// without a path
		`{"op":"replace","value":{"title":"x","nickName":"n"}}`:                                                         `{"title":"x","nickName":"n"}`,
		`{"op":"add","value":{"name.givenName":"A","name":{"middleName":"M"}}}`:                                         `{"name":{"familyName":"Byron","givenName":"A","middleName":"M"}}`,
		`{"op":"Replace","value":{"` + enterprise + `:employeeNumber":"7"}}`:                                            `{"enterprise:2.0:User":{"employeeNumber":"7","department":"d"}}`,
		`{"op":"replace","value":{"` + enterprise + `":{"department":"x"}}}`:                                            `{"enterprise:2.0:User":{"department":"x"}}`,
		`{"op":"replace","value":{"` + enterprise + `":null}}`:                                                          `{"enterprise:2.0:User":null}`,
		`{"op":"replace","value":{"` + userSchema + `":{"title":"x"}}}`:                                                 `{"title":"x"}`,
		`{"op":"replace","value":{"emails[type eq \"work\"].value":"n@x"}}`:                                             `{"emails":[{"value":"n@x","type":"work","primary":true},{"value":"h@x","type":"home"}]}`,
		`{"op":"replace","value":{"id":"me","unknown":1,"schemas":[],"meta":{"version":"1"},"groups":[{"value":"g"}]}}`: `{}`,
		`{"op":"replace","value":{"title":null,"emails":[]}}`:                                                           `{"title":null,"emails":null}`,
		// simple and complex
		`{"op":"ADD","path":"TITLE","value":"x"}`:                                          `{"title":"x"}`,
		`{"op":"replace","path":"` + userSchema + `:title","value":"x"}`:                   `{"title":"x"}`,
		`{"op":"replace","path":"active","value":"False"}`:                                 `{"active":false}`,
		`{"op":"remove","path":"title"}`:                                                   `{"title":null}`,
		`{"op":"remove","path":"nickName"}`:                                                `{}`,
		`{"op":"replace","path":"title","value":null}`:                                     `{"title":null}`,
		`{"op":"replace","path":"name","value":{"givenName":"A"}}`:                         `{"name":{"familyName":"Byron","givenName":"A"}}`,
		`{"op":"add","path":"name","value":{"givenName":null,"honorificPrefix":"Dr"}}`:     `{"name":{"familyName":"Byron","honorificPrefix":"Dr"}}`,
		`{"op":"replace","path":"name.familyName","value":"L"}`:                            `{"name":{"familyName":"L","givenName":"Ada"}}`,
		`{"op":"remove","path":"name.familyName"},{"op":"remove","path":"name.givenName"}`: `{"name":null}`,
		`{"op":"remove","path":"name"}`:                                                    `{"name":null}`,
		`{"op":"add","path":"nickName","value":[{"$ref":null,"value":"Babs"}]}`:            `{"nickName":"Babs"}`,
		`{"op":"replace","path":"password","value":"new"}`:                                 `{}`,
		`{"op":"add","path":"schemas","value":["urn:y"]}`:                                  `{}`,
		// extensions
		`{"op":"Add","path":"` + enterprise + `:manager","value":"boss"}`:                                    `{"enterprise:2.0:User":{"department":"d","manager":{"value":"boss"}}}`,
		`{"op":"Add","path":"` + enterprise + `.manager","value":"boss"}`:                                    `{"enterprise:2.0:User":{"department":"d","manager":{"value":"boss"}}}`,
		`{"op":"Add","path":"` + enterprise + `:manager","value":[{"$ref":"http://x/Users/2","value":"2"}]}`: `{"enterprise:2.0:User":{"department":"d","manager":{"value":"2","$ref":"http://x/Users/2"}}}`,
		`{"op":"replace","path":"` + enterprise + `:manager.value","value":"2"}`:                             `{"enterprise:2.0:User":{"department":"d","manager":{"value":"2"}}}`,
		`{"op":"Remove","path":"` + enterprise + `:department"}`:                                             `{"enterprise:2.0:User":null}`,
		`{"op":"remove","path":"` + enterprise + `"}`:                                                        `{"enterprise:2.0:User":null}`,
		`{"op":"add","path":"` + enterprise + `","value":{"costCenter":"c"}}`:                                `{"enterprise:2.0:User":{"costCenter":"c","department":"d"}}`,
		`{"op":"add","path":"urn:x:acme:2.0:User:tags","value":["RED","blue"]}`:                              `{"acme:2.0:User":{"level":1,"born":"1815","tags":["red","blue"]}}`,
		`{"op":"remove","path":"urn:x:acme:2.0:User:tags[value eq \"red\"]"}`:                                `{"acme:2.0:User":{"level":1,"born":"1815"}}`,
		`{"op":"add","path":"urn:x:acme:2.0:User:born","value":"1815"}`:                                      `{}`,
		// multi-valued
		`{"op":"add","path":"emails","value":[{"value":"o@x","type":"other"}]}`:                                                                                                   `{"emails":[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"value":"o@x","type":"other"}]}`,
		`{"op":"add","path":"emails","value":{"value":"H@X","type":"home"}}`:                                                                                                      `{"emails":[{"value":"w@x","type":"work","primary":true},{"value":"H@X","type":"home"}]}`,
		`{"op":"add","path":"emails","value":[{"value":"w@x","type":"work"}]}`:                                                                                                    `{}`,
		`{"op":"add","path":"addresses","value":{"formatted":"x","primary":true}},{"op":"add","path":"addresses","value":[{"formatted":"x","primary":true}]}`:                     `{"addresses":[{"formatted":"x","primary":true}]}`,
		`{"op":"add","path":"addresses","value":[{"formatted":"x"},{"formatted":"y","primary":true}]},{"op":"add","path":"addresses","value":[{"formatted":"x","primary":true}]}`: `{"addresses":[{"formatted":"x","primary":true},{"formatted":"y","primary":false}]}`,
		`{"op":"add","path":"emails","value":[]}`:                                                                                                                                 `{}`,
		`{"op":"add","path":"emails","value":[{"value":"o@x","primary":true}]}`:                                                                                                   `{"emails":[{"value":"w@x","type":"work","primary":false},{"value":"h@x","type":"home"},{"value":"o@x","primary":true}]}`,
		`{"op":"replace","path":"emails","value":[{"value":"o@x"}]}`:                                                                                                              `{"emails":[{"value":"o@x"}]}`,
		`{"op":"replace","path":"emails","value":{"value":"o@x"}}`:                                                                                                                `{"emails":[{"value":"o@x"}]}`,
		`{"op":"replace","path":"emails","value":[]}`:                                                                                                                             `{"emails":null}`,
		`{"op":"remove","path":"emails"}`:                                                                                                                                         `{"emails":null}`,
		`{"op":"Remove","path":"emails","value":[{"value":"w@x"}]}`:                                                                                                               `{"emails":[{"value":"h@x","type":"home"}]}`,
		`{"op":"remove","path":"emails","value":[]}`:                                                                                                                              `{}`,
		`{"op":"remove","path":"emails","value":[{"value":"W@X","type":"WORK"}]}`:                                                                                                 `{"emails":[{"value":"h@x","type":"home"}]}`,
		`{"op":"remove","path":"emails","value":[{"value":"w@x","type":"home"}]}`:                                                                                                 `{}`,
		`{"op":"remove","path":"emails","value":[{"type":"work"},{"value":"H@X"}]}`:                                                                                               `{"emails":null}`,
		`{"op":"remove","path":"urn:x:acme:2.0:User:tags","value":["RED"]}`:                                                                                                       `{"acme:2.0:User":{"level":1,"born":"1815"}}`,
		`{"op":"replace","path":"emails.type","value":"other"}`:                                                                                                                   `{"emails":[{"value":"w@x","type":"other","primary":true},{"value":"h@x","type":"other"}]}`,
		`{"op":"remove","path":"emails.type"}`:                                                                                                                                    `{"emails":[{"value":"w@x","primary":true},{"value":"h@x"}]}`,
		`{"op":"add","path":"phoneNumbers.value","value":"1"}`:                                                                                                                    `{"phoneNumbers":[{"value":"1"}]}`,
		`{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n@x"}}`:                                                                                              `{"emails":[{"value":"n@x"},{"value":"h@x","type":"home"}]}`,
		`{"op":"add","path":"emails[type eq \"work\"]","value":{"display":"D"}}`:                                                                                                  `{"emails":[{"value":"w@x","display":"D","type":"work","primary":true},{"value":"h@x","type":"home"}]}`,
		`{"op":"replace","path":"emails[type eq \"home\"].primary","value":"True"}`:                                                                                               `{"emails":[{"value":"w@x","type":"work","primary":false},{"value":"h@x","type":"home","primary":true}]}`,
		`{"op":"remove","path":"emails[type eq \"home\" and value sw \"h\"]"}`:                                                                                                    `{"emails":[{"value":"w@x","type":"work","primary":true}]}`,
		`{"op":"remove","path":"emails[not (type eq \"home\")].primary"}`:                                                                                                         `{"emails":[{"value":"w@x","type":"work"},{"value":"h@x","type":"home"}]}`,
		`{"op":"remove","path":"emails[type eq \"home\"].value"}`:                                                                                                                 `{"emails":[{"value":"w@x","type":"work","primary":true}]}`,
		// values that a filter describes and that are not there
		`{"op":"Add","path":"addresses[type eq \"work\"].locality","value":"L"},{"op":"Add","path":"addresses[type eq \"work\"].country","value":"UK"}`: `{"addresses":[{"locality":"L","country":"UK","type":"work"}]}`,
		`{"op":"add","path":"phoneNumbers[type eq \"mobile\" and primary eq true].value","value":"1"}`:                                                  `{"phoneNumbers":[{"value":"1","type":"mobile","primary":true}]}`,
		`{"op":"Replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"1"}`:                                                                  `{"phoneNumbers":[{"value":"1","type":"mobile"}]}`,
		`{"op":"Add","path":"roles[primary eq \"True\"].value","value":"{\"id\":\"1\"}"}`:                                                               `{"roles":[{"value":"{\"id\":\"1\"}","primary":true}]}`,
		`{"op":"Remove","path":"phoneNumbers[type eq \"mobile\"].value"}`:                                                                               `{}`,
		// in order, and atomic
		`{"op":"add","path":"title","value":"1"},{"op":"replace","path":"title","value":"2"},{"op":"remove","path":"title"}`: `{"title":null}`,
	} {
		if got, err := patched(t, list); err != nil || got != want {
			t.Errorf("%s\n got  %s, %v\n want %s", list, got, err, want)
		}
	}
}

func TestPatchRefuses(t *testing.T) {
	for list, kind := range map[string]string{
		`{"op":"remove"}`:                                                                        noTarget,
		`{"op":"Remove","value":{"title":"x"}}`:                                                  noTarget,
		`{"op":"add","path":"title"}`:                                                            invalidValue,
		`{"op":"add","value":"x"}`:                                                               invalidValue,
		`{"op":"move","path":"title"}`:                                                           invalidSyntax,
		`{"path":"title","value":"x"}`:                                                           invalidSyntax,
		`5`:                                                                                      invalidSyntax,
		`{"op":"add","path":5,"value":"x"}`:                                                      invalidPath,
		`{"op":"add","path":"","value":"x"}`:                                                     invalidPath,
		`{"op":"add","path":"nope","value":"x"}`:                                                 invalidPath,
		`{"op":"add","path":"urn:nope:a","value":"x"}`:                                           invalidPath,
		`{"op":"add","path":"name.nope","value":"x"}`:                                            invalidPath,
		`{"op":"add","path":"emails[type eq \"work\"","value":"x"}`:                              invalidFilter,
		`{"op":"add","path":"emails[type zz \"work\"].value","value":"x"}`:                       invalidFilter,
		`{"op":"add","path":"emails[nope eq \"work\"].value","value":"x"}`:                       invalidFilter,
		`{"op":"add","path":"emails[type eq \"work\"].nope","value":"x"}`:                        invalidPath,
		`{"op":"add","path":"title[value eq \"x\"]","value":"x"}`:                                invalidPath,
		`{"op":"replace","path":"emails[type eq \"x\"].value","value":"x"}`:                      noTarget,
		`{"op":"replace","path":"emails[type eq \"x\"]","value":{}}`:                             noTarget,
		`{"op":"remove","path":"emails[type eq \"x\"]"}`:                                         noTarget,
		`{"op":"add","path":"phoneNumbers[type sw \"m\"].value","value":"1"}`:                    noTarget,
		`{"op":"remove","path":"userName"}`:                                                      mutability,
		`{"op":"replace","path":"userName","value":null}`:                                        mutability,
		`{"op":"replace","path":"userName","value":""}`:                                          invalidValue,
		`{"op":"replace","path":"id","value":"x"}`:                                               mutability,
		`{"op":"replace","path":"meta.created","value":"x"}`:                                     mutability,
		`{"op":"add","path":"groups","value":[{"value":"g"}]}`:                                   mutability,
		`{"op":"remove","path":"schemas"}`:                                                       mutability,
		`{"op":"replace","value":{"id":"other"}}`:                                                mutability,
		`{"op":"replace","path":"urn:x:acme:2.0:User:born","value":"1816"}`:                      mutability,
		`{"op":"remove","path":"urn:x:acme:2.0:User:born"}`:                                      mutability,
		`{"op":"replace","path":"urn:x:acme:2.0:User:stamp","value":"x"}`:                        mutability,
		`{"op":"replace","path":"` + enterprise + `:manager.displayName","value":"x"}`:           mutability,
		`{"op":"replace","path":"name","value":"text"}`:                                          invalidValue,
		`{"op":"replace","path":"active","value":"perhaps"}`:                                     invalidValue,
		`{"op":"replace","path":"title","value":{"a":1}}`:                                        invalidValue,
		`{"op":"replace","path":"title","value":["a","b"]}`:                                      invalidValue,
		`{"op":"replace","path":"urn:x:acme:2.0:User:level","value":"high"}`:                     invalidValue,
		`{"op":"add","path":"emails","value":"x"}`:                                               invalidValue,
		`{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"nope","value":"x"}`: invalidPath,
	} {
		got, err := patched(t, list)
		if err == nil || asError(err).Type != kind || asError(err).Status != 400 {
			t.Errorf("%s: %s, %v, wanted %s", list, got, err, kind)
		}
	}
}

func TestPatchMessage(t *testing.T) {
	c := newClient(t, Options{})
	id := c.create("/Users", `{"userName":"a"}`)
	c.shows(c.want(200, "PATCH", "/Users/"+id, `{"operations":{"OP":"Add","PATH":"title","VALUE":"x"}}`), "title", `"x"`)
	c.want(200, "PATCH", "/Users/"+id, `{"Operations":[]}`)
	c.refused(400, invalidSyntax, "PATCH", "/Users/"+id, `{}`)
	c.refused(400, invalidSyntax, "PATCH", "/Users/"+id, `{"schemas":["`+userSchema+`"],"Operations":[]}`)
	c.refused(404, "", "PATCH", "/Users/nobody", ops(``))
	c.refused(404, "", "PATCH", "/Users/nobody", ops(`{"op":"add","path":"title","value":"y"}`))
	c.refused(400, invalidPath, "PATCH", "/Users/nobody", ops(`{"op":"add","path":"title","value":"y"},{"op":"add","path":"nope","value":"y"}`))
	many := make([]json.RawMessage, maxPatchOperations+1)
	for i := range many {
		many[i] = json.RawMessage(`{"op":"add","path":"title","value":"x"}`)
	}
	c.refused(413, "", "PATCH", "/Users/"+id, map[string]any{"Operations": many})
	named := map[string]any{}
	for i := range maxPatchOperations + 1 {
		named[fmt.Sprintf(`emails[value eq "%d"].display`, i)] = "x"
	}
	c.refused(413, "", "PATCH", "/Users/"+id, map[string]any{"Operations": []any{map[string]any{"op": "add", "value": named}}})
	c.refused(400, invalidPath, "PATCH", "/Users/"+id, ops(`{"op":"add","path":"title","value":"y"},{"op":"add","path":"nope","value":"y"}`))
	c.shows(c.want(200, "GET", "/Users/"+id, nil), "title", `"x"`)
	c.refused(400, noTarget, "PATCH", "/Users/"+id, ops(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"x"}`))
	c.want(200, "PATCH", "/Users/"+id+"?aadOptscim062020", ops(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"x"}`))
}

// TestManyValues: operations together bring no more values than one may, so that what GET
// shows can be sent back.
func TestManyValues(t *testing.T) {
	c := newClient(t, Options{})
	id := c.create("/Users", `{"userName":"a"}`)
	values := func(from, to int) string {
		var list []string
		for i := from; i < to; i++ {
			list = append(list, fmt.Sprintf(`{"value":"v%d"}`, i))
		}
		return strings.Join(list, ",")
	}
	add := func(from, to int) string { return `{"op":"add","path":"emails","value":[` + values(from, to) + `]}` }
	c.want(200, "PATCH", "/Users/"+id, ops(add(0, 600)+","+add(300, 1000)))
	for _, more := range []string{add(0, 1001), add(1000, 1001), add(900, 1100), `{"op":"add","path":"emails[value eq \"x\"].type","value":"work"}`, `{"op":"replace","path":"emails","value":[` + values(0, 600) + `]},` + add(600, 1001)} {
		c.refused(400, invalidValue, "PATCH", "/Users/"+id, ops(more))
	}
	c.refused(400, invalidValue, "PUT", "/Users/"+id, `{"userName":"a","emails":[`+values(0, 1001)+`]}`)
	before := c.want(200, "GET", "/Users/"+id, nil)
	c.shows(before, "emails.length", "1000")
	c.shows(c.want(200, "PUT", "/Users/"+id, before.text), "meta", before.at("meta"))
}

func TestPatchMembers(t *testing.T) {
	for list, want := range map[string]string{
		`{"op":"add","path":"members","value":[{"value":"c"},{"value":"a"}]}`:                                    "a b c",
		`{"op":"add","path":"members","value":{"value":"c"}}`:                                                    "a b c",
		`{"op":"add","path":"members","value":"c"}`:                                                              "a b c",
		`{"op":"add","path":"members.value","value":"c"}`:                                                        "a b c",
		`{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":["c"]}`:                "a b c",
		`{"op":"replace","path":"members","value":[{"value":"c"}]}`:                                              "c",
		`{"op":"replace","path":"members","value":[]}`:                                                           "",
		`{"op":"replace","path":"members","value":null}`:                                                         "",
		`{"op":"remove","path":"members"}`:                                                                       "",
		`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"a"}]}`:                                   "b",
		`{"op":"remove","path":"members","value":[{"value":"zz"}]}`:                                              "a b",
		`{"op":"remove","path":"members","value":[]}`:                                                            "a b",
		`{"op":"remove","path":"members[value eq \"a\"]"}`:                                                       "b",
		`{"op":"remove","path":"members[value eq \"zz\"]"}`:                                                      "a b",
		`{"op":"remove","path":"members[value eq \"a\" or value eq \"b\"]"}`:                                     "",
		`{"op":"remove","path":"members[value sw \"a\"]"}`:                                                       "b",
		`{"op":"remove","path":"members[value eq \"a\"].value"}`:                                                 "b",
		`{"op":"remove","path":"members[value eq \"a\"]"},{"op":"add","path":"members","value":[{"value":"a"}]}`: "a b",
		`{"op":"add","path":"members","value":[{"value":"c"}]},{"op":"remove","path":"members[value ew \"c\"]"}`: "a b",
		`{"op":"replace","path":"members[value eq \"a\"]","value":{"value":"c"}}`:                                "b c",
		`{"op":"replace","value":{"members":[{"value":"c"}],"id":"ID"}}`:                                         "c",
		`{"op":"replace","value":{"displayName":"g2"}},{"op":"add","path":"members","value":["c"]}`:              "a b c",
	} {
		c := newClient(t, Options{})
		id := c.create("/Groups", `{"displayName":"g","members":["a","b"]}`)
		c.want(204, "PATCH", "/Groups/"+id, ops(strings.ReplaceAll(list, "ID", id)))
		a := c.want(200, "GET", "/Groups/"+id+"?attributes=members.value", nil)
		var got []string
		members, _ := a.json["members"].([]any)
		for _, m := range members {
			got = append(got, m.(map[string]any)["value"].(string))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, wanted %s", list, got, want)
		}
	}
	c := newClient(t, Options{})
	id := c.create("/Groups", `{"displayName":"g","members":["a"]}`)
	for list, kind := range map[string]string{
		`{"op":"replace","path":"members[value eq \"a\"].value","value":"b"}`:      mutability,
		`{"op":"replace","path":"members[value eq \"a\"].display","value":"b"}`:    mutability,
		`{"op":"replace","path":"members[value eq \"zz\"]","value":{"value":"b"}}`: noTarget,
		`{"op":"add","path":"members","value":[{"display":"b"}]}`:                  invalidValue,
		`{"op":"add","path":"members","value":7}`:                                  invalidValue,
		`{"op":"remove","path":"members[nope eq \"a\"]"}`:                          invalidFilter,
		`{"op":"remove","path":"displayName"}`:                                     mutability,
		`{"op":"replace","value":{"id":"x","members":[]}}`:                         mutability,
	} {
		c.refused(400, kind, "PATCH", "/Groups/"+id, ops(list))
	}
	c.refused(404, "", "PATCH", "/Groups/none", ops(`{"op":"add","path":"members","value":["a"]}`))
	c.shows(c.want(200, "GET", "/Groups/"+id, nil), "members.length", "1")
}
