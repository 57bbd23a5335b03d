package engine

import (
	"strings"
	"testing"
)

// TestEntraDialects: what Entra sends, in both of its dialects, does what it means.
func TestEntraDialects(t *testing.T) {
	for name, x := range map[string]struct{ start, ops, want string }{
		"one operation an attribute": {``, `{"op":"Replace","path":"displayName","value":"D"},{"op":"Add","path":"name.givenName","value":"G"},{"op":"Replace","path":"active","value":"False"}`,
			`{"active":false,"displayName":"D","name":{"givenName":"G"}}`},
		"names with dots":      {``, `{"op":"replace","value":{"displayName":"D","name.givenName":"G","name.familyName":"F","active":false,"` + enterprise + `:employeeNumber":"7"}}`, `{"active":false,"displayName":"D","ext":{"employeeNumber":"7"},"name":{"familyName":"F","givenName":"G"}}`},
		"a filter as a name":   {``, `{"op":"replace","value":{"emails[type eq \"work\"].value":"w@x"}}`, `{}`},
		"a value that is made": {``, `{"op":"Add","path":"emails[type eq \"work\"].value","value":"w@x"}`, `{"emails":[{"type":"work","value":"w@x"}]}`},
		"a value that is replaced": {`"emails":[{"type":"work","value":"o@x","primary":true}]`, `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"w@x"}`,
			`{"emails":[{"primary":true,"type":"work","value":"w@x"}]}`},
		"replace of what is not there": {``, `{"op":"Replace","path":"emails[type eq \"work\"].value","value":"w@x"}`, `{"emails":[{"type":"work","value":"w@x"}]}`},
		"an address in parts": {``, `{"op":"Add","path":"addresses[type eq \"work\"].formatted","value":"F"},{"op":"Add","path":"addresses[type eq \"work\"].streetAddress","value":"S"},{"op":"Add","path":"addresses[type eq \"other\"].country","value":"C"}`,
			`{"addresses":[{"formatted":"F","streetAddress":"S","type":"work"},{"country":"C","type":"other"}]}`},
		"phones":                       {``, `{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"1"},{"op":"Add","path":"phoneNumbers[type eq \"fax\"].value","value":"2"}`, `{"phoneNumbers":[{"type":"mobile","value":"1"},{"type":"fax","value":"2"}]}`},
		"manager as text":              {``, `{"op":"Add","path":"` + enterprise + `:manager","value":"m1"}`, `{"ext":{"manager":{"value":"m1"}}}`},
		"manager as object":            {``, `{"op":"Add","path":"` + enterprise + `:manager","value":{"value":"m1","displayName":"Boss"}}`, `{"ext":{"manager":{"value":"m1"}}}`},
		"manager.value":                {``, `{"op":"Replace","path":"` + enterprise + `:manager.value","value":"m1"}`, `{"ext":{"manager":{"value":"m1"}}}`},
		"manager as list":              {``, `{"op":"Add","path":"` + enterprise + `:manager","value":[{"$ref":null,"value":"m1"}]}`, `{"ext":{"manager":{"value":"m1"}}}`},
		"manager taken away":           {`"` + enterprise + `":{"manager":{"value":"m1"},"department":"d"}`, `{"op":"Remove","path":"` + enterprise + `:manager"}`, `{"ext":{"department":"d"}}`},
		"manager emptied":              {`"` + enterprise + `":{"manager":{"value":"m1"},"department":"d"}`, `{"op":"Replace","path":"` + enterprise + `:manager","value":""}`, `{"ext":{"department":"d"}}`},
		"roles by primary":             {`"roles":[{"value":"r1","primary":true}]`, `{"op":"Replace","path":"roles[primary eq \"True\"].value","value":"r2"}`, `{"roles":[{"primary":true,"value":"r2"}]}`},
		"roles all at once":            {`"roles":[{"value":"r1","primary":true}]`, `{"op":"replace","path":"roles","value":[{"value":"{\"id\":\"1\"}","type":"WindowsAzureActiveDirectoryRole"}]}`, `{"roles":[{"type":"WindowsAzureActiveDirectoryRole","value":"{\"id\":\"1\"}"}]}`},
		"removal of what is not there": {``, `{"op":"Remove","path":"emails[type eq \"work\"].value"},{"op":"Remove","path":"title"},{"op":"Remove","path":"` + enterprise + `:department"}`, `{}`},
		"removal with a value":         {`"title":"t"`, `{"op":"Remove","path":"title","value":"t"}`, `{}`},
		"a single value in an array":   {``, `{"op":"Replace","path":"title","value":["t"]},{"op":"Add","path":"nickName","value":[{"$ref":null,"value":"n"}]}`, `{"nickName":"n","title":"t"}`},
		"nothing at all":               {`"title":"t"`, ``, `{"title":"t"}`},
	} {
		c := newClient(t, Options{})
		body := `{"userName":"u"`
		if x.start != "" {
			body += "," + x.start
		}
		id := c.create("/Users", body+"}")
		path := "/Users/" + id
		if name == "a filter as a name" {
			path += "?aadOptscim062020"
			x.want = `{"emails":[{"type":"work","value":"w@x"}]}`
		}
		c.want(200, "PATCH", path, ops(x.ops))
		a := c.want(200, "GET", "/Users/"+id, nil)
		if ext := a.json[enterprise]; ext != nil {
			a.json["ext"] = ext
			delete(a.json, enterprise)
		}
		for _, n := range []string{"id", "schemas", "userName", "meta"} {
			delete(a.json, n)
		}
		if a.json["active"] == true {
			delete(a.json, "active")
		}
		if got := (&answer{json: map[string]any{"x": a.json}}).at("x"); got != x.want {
			t.Errorf("%s: %s, wanted %s", name, got, x.want)
		}
	}
}

// TestGroupDialects: members as the providers add, remove and replace them.
func TestGroupDialects(t *testing.T) {
	c := newClient(t, Options{})
	a, b, d := c.create("/Users", `{"userName":"a"}`), c.create("/Users", `{"userName":"b"}`), c.create("/Users", `{"userName":"d"}`)
	fill := strings.NewReplacer("$A", a, "$B", b, "$D", d)
	back := strings.NewReplacer(a, "A", b, "B", d, "D")
	for list, want := range map[string]string{
		`{"op":"add","path":"members","value":[{"value":"$D","display":"d@x"}]}`:                                        "A B D",
		`{"op":"add","path":"members","value":[{"value":"$D","$ref":"https://other/Users/zzz","type":"Group"}]}`:        "A B D",
		`{"op":"Add","path":"members","value":[{"$ref":null,"value":"$D"}]}`:                                            "A B D",
		`{"op":"add","value":{"members":[{"value":"$D"}]}}`:                                                             "A B D",
		`{"op":"add","path":"members","value":[{"value":"$A"},{"value":"$A"}]}`:                                         "A B",
		`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"$A"}]}`:                                         "B",
		`{"op":"remove","path":"members","value":[{"value":"$A"},{"value":"$D"}]}`:                                      "B",
		`{"op":"remove","path":"members","value":{"value":"$A"}}`:                                                       "B",
		`{"op":"remove","path":"members","value":"$A"}`:                                                                 "B",
		`{"op":"remove","path":"members[value eq \"$A\"]"}`:                                                             "B",
		`{"op":"remove","path":"members[VALUE EQ \"$A\"]"},{"op":"add","path":"members","value":[{"value":"$D"}]}`:      "B D",
		`{"op":"remove","path":"members[value eq \"$A\" and type eq \"User\"]"}`:                                        "B",
		`{"op":"remove","path":"members[display eq \"a\"]"}`:                                                            "B",
		`{"op":"remove","path":"members[type eq \"User\"]"}`:                                                            "",
		`{"op":"remove","path":"members"}`:                                                                              "",
		`{"op":"replace","path":"members","value":[]}`:                                                                  "",
		`{"op":"replace","value":{"id":"$G","displayName":"g","members":[]}}`:                                           "",
		`{"op":"replace","value":{"id":"$G","displayName":"renamed"}}`:                                                  "A B",
		`{"op":"replace","value":{"id":"$G","displayName":"g"}},{"op":"add","path":"members","value":[{"value":"$D"}]}`: "A B D",
		`{"op":"replace","path":"members","value":[{"value":"$D"},{"value":"$A"}]}`:                                     "A D",
		`{"op":"replace","path":"members","value":[{"value":"$D"}]},{"op":"add","path":"members","value":[{"value":"$B"}]},{"op":"remove","path":"members[value eq \"$D\"]"}`: "B",
		`{"op":"remove","path":"members[value eq \"nobody\"]"}`:                                              "A B",
		`{"op":"Replace","path":"displayName","value":"x"},{"op":"Replace","path":"externalId","value":"y"}`: "A B",
	} {
		id := c.create("/Groups", fill.Replace(`{"displayName":"g","members":[{"value":"$A"},{"value":"$B"}]}`))
		c.want(204, "PATCH", "/Groups/"+id, ops(strings.ReplaceAll(fill.Replace(list), "$G", id)))
		now := c.want(200, "GET", "/Groups/"+id, nil)
		var got []string
		members, _ := now.json["members"].([]any)
		for _, m := range members {
			o := m.(map[string]any)
			if o["type"] != "User" || o["$ref"] != c.server.URL+"/in/idp/v2/Users/"+o["value"].(string) || !strings.Contains("abd", o["display"].(string)) {
				t.Errorf("%s: %v", list, o)
			}
			got = append(got, back.Replace(o["value"].(string)))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, wanted %s", list, got, want)
		}
		c.want(204, "DELETE", "/Groups/"+id, nil)
	}
}
