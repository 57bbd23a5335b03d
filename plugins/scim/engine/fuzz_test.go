package engine

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"syncgateway/plugins/scim/engine/memdir"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// fuzzed is an engine with one user and one group in it.
func fuzzed(t testing.TB) (*Engine, *memdir.Directory) {
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	d := memdir.New(func() time.Time { clock = clock.Add(time.Second); return clock })
	ids := []string{"g", "u"}
	next := func() string {
		if len(ids) == 0 {
			return "more"
		}
		id := ids[len(ids)-1]
		ids = ids[:len(ids)-1]
		return id
	}
	e, err := New(d, Options{BaseURL: "https://x.example/in/i", Token: testToken, NewID: next, UserExtensions: withAcme().UserExtensions})
	if err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{"/v2/Users": start} {
		if a := sendTo(e, "POST", path, body); a.Code != 201 {
			t.Fatal(a.Body)
		}
	}
	if a := sendTo(e, "POST", "/v2/Groups", `{"displayName":"g","members":["u","x"]}`); a.Code != 201 {
		t.Fatal(a.Body)
	}
	return e, d
}

func sendTo(e *Engine, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+testToken)
	r.Header.Set("Content-Type", "application/scim+json")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

// sound checks what must hold whatever was sent: no answer is a fault of ours, a refusal
// changed nothing, what is stored is as canonical as if it were sent again, and its keys
// are those of its document.
func sound(t *testing.T, e *Engine, d *memdir.Directory, sent string, a *httptest.ResponseRecorder, before map[string]string) {
	t.Helper()
	if a.Code >= 500 {
		t.Fatalf("%q: %d %s", sent, a.Code, a.Body)
	}
	if a.Body.Len() > 0 {
		if _, err := value.Parse(a.Body.Bytes(), maxDepth+4); err != nil {
			t.Fatalf("%q: %s: %v", sent, a.Body, err)
		}
	}
	for i, entry := range stored(t, d) {
		of := e.types[i]
		doc, err := document(&entry)
		if err != nil {
			t.Fatal(err)
		}
		if a.Code >= 400 && before[of.Kind] != entry.Version {
			t.Fatalf("%q was refused (%s), and changed the %s", sent, a.Body, of.Kind)
		}
		again, err := of.Document(doc)
		if err == nil {
			again, err = of.Finish(again)
		}
		if err != nil || string(value.Append(nil, again)) != string(entry.Document) {
			t.Fatalf("%q: stored %s, which would be stored as %s, %v", sent, entry.Document, value.Append(nil, again), err)
		}
		checkValues(t, of, doc)
	}
}

func stored(t *testing.T, d *memdir.Directory) (out []record.Entry) {
	for kind, id := range map[string]string{"user": "u", "group": "g"} {
		r, err := d.Call(context.Background(), record.DirectoryCall{Kind: kind, Get: id})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Entries[0])
	}
	if out[0].User == nil {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

// checkValues checks what no change may break: one primary at most.
func checkValues(t *testing.T, of *schema.ResourceType, doc value.Object) {
	for _, m := range doc {
		list, _ := m.Value.([]any)
		primaries := 0
		for _, e := range list {
			if o, ok := e.(value.Object); ok && o.Get("primary") == true {
				primaries++
			}
		}
		if primaries > 1 {
			t.Fatalf("%s has %d primary values", m.Name, primaries)
		}
	}
	if doc.Get("userName") == nil && of.Kind == "user" {
		t.Fatal("a user has no userName")
	}
}

func versions(t *testing.T, d *memdir.Directory) map[string]string {
	all := stored(t, d)
	return map[string]string{"user": all[0].Version, "group": all[1].Version}
}

func FuzzPatch(f *testing.F) {
	for _, s := range []string{`{"op":"add","path":"emails[type eq \"x\"].value","value":"y"}`, `{"op":"replace","value":{"name.givenName":"x","members":[{"value":"u"}]}}`,
		`{"op":"remove","path":"members[value eq \"u\"]"}`, `{"op":"Remove","path":"emails","value":[{"value":"w@x"}]}`, `{"op":"add","path":"addresses[type eq \"work\"].country","value":"UK"}`,
		`{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":[{"value":"2"}]}`, `{"op":"replace","path":"urn:x:acme:2.0:User:tags[value sw \"r\"]","value":"x"}`,
		`{"op":"replace","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":"True"}]},{"op":"remove","path":"emails.type"}`} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, list string, user bool) {
		e, d := fuzzed(t)
		path := "/v2/Groups/g"
		if user {
			path = "/v2/Users/u"
		}
		before := versions(t, d)
		sound(t, e, d, list, sendTo(e, "PATCH", path, ops(list)), before)
		again := versions(t, d)
		if a := sendTo(e, "PUT", "/v2/Users/u", sendTo(e, "GET", "/v2/Users/u", "").Body.String()); a.Code != 200 || versions(t, d)["user"] != again["user"] {
			t.Fatalf("%q: PUT of what GET returned was a change: %s", list, a.Body)
		}
	})
}

func FuzzV11(f *testing.F) {
	for _, s := range []string{`{"title":"x","meta":{"attributes":["title","emails"]}}`, `{"emails":[{"value":"w@x","operation":"delete"}]}`, `{"members":[{"value":"u","operation":"delete"},{"value":"z"}]}`,
		`{"urn:scim:schemas:extension:enterprise:1.0":{"manager":{"managerId":"m"}}}`, `{"userName":"x","active":"False"}`} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(1))
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, body string, how uint8) {
		e, d := fuzzed(t)
		before := versions(t, d)
		switch how % 3 {
		case 0:
			sound(t, e, d, body, sendTo(e, "PATCH", "/v1/Users/u", body), before)
		case 1:
			sound(t, e, d, body, sendTo(e, "PATCH", "/v1/Groups/g", body), before)
		default:
			sound(t, e, d, body, sendTo(e, "PUT", "/v1/Users/u", body), before)
		}
	})
}
