package engine

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User"

func TestUserLifeCycle(t *testing.T) {
	c := newClient(t, withAcme())
	a := c.want(201, "POST", "/Users", `{"schemas":["URN:ietf:params:scim:schemas:core:2.0:user","urn:other"],"id":"mine","userName":"Ada@X.example","meta":{"created":"1999"},
	 "groups":[{"value":"g"}],"password":"secret-word","unknown":{"a":1},"externalId":"e1","urn:x:acme:2.0:User":{"level":12345678901234567890,"hidden":"h","pin":"1234","stamp":"s"}}`)
	id := a.json["id"].(string)
	c.shows(a, "schemas", `["`+userSchema+`","urn:x:acme:2.0:User"]`)
	c.shows(a, "active", "true")
	c.shows(a, "meta.location", `"`+a.Header.Get("Location")+`"`)
	c.shows(a, "meta.version", strings.ReplaceAll(`"`+strings.ReplaceAll(a.Header.Get("ETag"), `"`, `\"`)+`"`, "W/", "W/"))
	if !strings.Contains(a.text, `"level":12345678901234567890`) || id == "mine" || strings.Contains(a.text, "secret-word") || strings.Contains(a.text, "1234\"") || strings.Contains(a.text, "hidden") {
		t.Error(a.text)
	}
	c.shows(c.want(200, "GET", "/Users/"+id+"?attributes=urn:x:acme:2.0:User:hidden", nil), `["urn:x:acme:2.0:User"].hidden`, `"h"`)
	kept, _ := c.dir.Call(context.Background(), record.DirectoryCall{Kind: "user", Get: id})
	if doc := string(kept.Entries[0].Document); strings.Contains(doc, "secret-word") || strings.Contains(doc, "1234\"") {
		t.Error("a password was stored: ", doc)
	}
	c.refused(409, uniqueness, "POST", "/Users", `{"userName":"ADA@x.EXAMPLE"}`)
	other := c.create("/Users", `{"userName":"bob","externalId":"e1"}`)
	c.refused(409, uniqueness, "PUT", "/Users/"+other, `{"userName":"ada@x.example"}`)
	c.refused(409, uniqueness, "PATCH", "/Users/"+other, ops(`{"op":"replace","path":"userName","value":"ada@x.example"}`))
	c.want(200, "PUT", "/Users/"+id, `{"userName":"ADA@x.example"}`)
	c.want(204, "DELETE", "/Users/"+id, nil)
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		c.refused(404, "", method, "/Users/"+id, `{"userName":"x","Operations":[]}`)
	}
	c.create("/Users", `{"userName":"ada@x.example"}`)
	c.refused(404, "", "GET", "/Groups/"+other, nil)
}

func TestRefusedResources(t *testing.T) {
	c := newClient(t, withAcme())
	for body, kind := range map[string]string{`{}`: invalidValue, `{"userName":""}`: invalidValue, `{"userName":null}`: invalidValue, `{"userName":7}`: invalidValue,
		`{"schemas":["urn:nope"],"userName":"a"}`: invalidSyntax, `{"schemas":"x","userName":"a"}`: invalidSyntax, `{"userName":"a","name":"x"}`: invalidValue,
		`{"userName":"a","emails":"x"}`: invalidValue, `{"userName":"a","active":"maybe"}`: invalidValue, `{"userName":"a","urn:x:acme:2.0:User":{"level":"high"}}`: invalidValue} {
		c.refused(400, kind, "POST", "/Users", body)
	}
	c.refused(400, invalidValue, "POST", "/Groups", `{"members":[]}`)
	c.refused(400, invalidValue, "POST", "/Groups", `{"displayName":"g","members":[{"display":"x"}]}`)
	c.refused(400, invalidValue, "POST", "/Groups", `{"displayName":"g","members":5}`)
}

func TestPut(t *testing.T) {
	c := newClient(t, withAcme())
	id := c.create("/Users", `{"userName":"a","title":"t","active":false,"urn:x:acme:2.0:User":{"born":"1815","level":1}}`)
	before := c.want(200, "GET", "/Users/"+id, nil)
	after := c.want(200, "PUT", "/Users/"+id, before.text)
	c.shows(after, "meta", before.at("meta"))
	a := c.want(200, "PUT", "/Users/"+id, `{"userName":"a","id":"other","groups":[{"value":"x"}]}`)
	c.shows(a, "title", "null")
	c.shows(a, "active", "true")
	c.shows(a, "id", `"`+id+`"`)
	c.shows(a, `["urn:x:acme:2.0:User"]`, `{"born":"1815"}`)
	c.refused(400, mutability, "PUT", "/Users/"+id, `{"userName":"a","urn:x:acme:2.0:User":{"born":"1816"}}`)
	c.refused(400, invalidValue, "PUT", "/Users/"+id, `{"title":"x"}`)
	c.refused(404, "", "PUT", "/Users/nobody", `{"userName":"n"}`)
	if got := c.find(`userName eq "n"`); got != "" {
		t.Error("PUT created", got)
	}
}

func TestVersions(t *testing.T) {
	c := newClient(t, Options{})
	id := c.create("/Users", `{"userName":"a"}`)
	tag := c.want(200, "GET", "/Users/"+id, nil).Header.Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) {
		t.Fatal(tag)
	}
	for _, match := range []string{tag, "*", `W/"zz", ` + tag, strings.TrimPrefix(tag, "W/")} {
		if a := c.want(304, "GET", "/Users/"+id, nil, "If-None-Match", match); a.text != "" || a.Header.Get("ETag") != tag {
			t.Error(match, a.text)
		}
	}
	c.want(200, "GET", "/Users/"+id, nil, "If-None-Match", `W/"zz"`)
	patch := func(title string) string { return ops(`{"op":"replace","path":"title","value":"` + title + `"}`) }
	c.want(200, "PATCH", "/Users/"+id, patch("1"), "If-Match", tag)
	c.refused(412, "", "PATCH", "/Users/"+id, patch("2"), "If-Match", tag)
	c.refused(412, "", "PUT", "/Users/"+id, `{"userName":"a"}`, "If-Match", tag)
	c.refused(412, "", "DELETE", "/Users/"+id, nil, "If-Match", tag)
	c.refused(412, "", "PUT", "/Users/"+id, `{"userName":"a"}`, "If-None-Match", "*")
	c.want(200, "PATCH", "/Users/"+id, patch("3"), "If-Match", "*")
	c.refused(404, "", "PATCH", "/Users/none", patch("3"), "If-Match", "*")
	now := c.want(200, "GET", "/Users/"+id, nil)
	same := c.want(200, "PATCH", "/Users/"+id, patch("3"))
	c.shows(same, "meta", now.at("meta"))
	c.want(204, "DELETE", "/Users/"+id, nil, "If-Match", now.Header.Get("ETag"))
}

// TestVersionOfGroups: coming into a group is no change of a user, but the user looks
// another way.
func TestVersionOfGroups(t *testing.T) {
	c := newClient(t, Options{})
	id := c.create("/Users", `{"userName":"a"}`)
	alone := c.want(200, "GET", "/Users/"+id, nil)
	group := c.create("/Groups", `{"displayName":"g","members":["`+id+`"]}`)
	seen := map[string]bool{alone.Header.Get("ETag"): true}
	current := func(change string) {
		t.Helper()
		a := c.want(200, "GET", "/Users/"+id, nil)
		tag := a.Header.Get("ETag")
		c.shows(a, "meta.version", string(value.Append(nil, tag)))
		c.shows(a, "meta.lastModified", alone.at("meta.lastModified"))
		list := c.want(200, "GET", "/Users", nil)
		c.shows(list, "Resources[0].meta", a.at("meta"))
		if got := c.find(`meta.version eq ` + a.at("meta.version")); got != "a" {
			t.Errorf("%s is not found: %q", tag, got)
		}
		c.want(304, "GET", "/Users/"+id, nil, "If-None-Match", tag)
		c.want(200, "PATCH", "/Users/"+id, ops(``), "If-Match", tag)
		if seen[tag] {
			t.Errorf("after %s the version is still %s", change, tag)
		}
		seen[tag] = true
	}
	current("a group came")
	c.want(204, "PATCH", "/Groups/"+group, ops(`{"op":"replace","path":"displayName","value":"h"}`))
	current("the group has another name")
	outer := c.create("/Groups", `{"displayName":"o","members":["`+group+`"]}`)
	current("the group is in a group")
	c.want(204, "DELETE", "/Groups/"+outer, nil)
	c.want(204, "PATCH", "/Groups/"+group, ops(`{"op":"remove","path":"members"}`))
	c.shows(c.want(200, "GET", "/Users/"+id, nil), "meta", alone.at("meta"))
	c.want(304, "GET", "/Users/"+id+"?excludedAttributes=groups", nil, "If-None-Match", alone.Header.Get("ETag"))
}

func TestGroups(t *testing.T) {
	c := newClient(t, Options{})
	ada, bob := c.create("/Users", `{"userName":"ada","displayName":"Ada B"}`), c.create("/Users", `{"userName":"bob"}`)
	a := c.want(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
	 "displayName":"Inner","members":[{"value":"`+ada+`","display":"x","$ref":null},"`+bob+`",{"value":"`+ada+`"},"ghost"]}`)
	inner := a.json["id"].(string)
	c.shows(a, "members[0]", `{"$ref":"`+c.server.URL+`/in/idp/v2/Users/`+ada+`","display":"Ada B","type":"User","value":"`+ada+`"}`)
	c.shows(a, "members.length", "3")
	c.shows(a, "members[2]", `{"value":"ghost"}`)
	outer := c.create("/Groups", `{"displayName":"Outer","members":[{"value":"`+inner+`"}]}`)
	c.shows(c.want(200, "GET", "/Groups/"+outer, nil), "members[0].type", `"Group"`)
	a = c.want(200, "GET", "/Users/"+ada, nil)
	c.shows(a, "groups[0]", `{"$ref":"`+c.server.URL+`/in/idp/v2/Groups/`+inner+`","display":"Inner","type":"direct","value":"`+inner+`"}`)
	c.shows(a, "groups[1].type", `"indirect"`)
	if got := c.find(`groups.value eq "` + outer + `"`); got != "ada bob" {
		t.Error(got)
	}
	if got := c.find(`groups[display eq "inner" and type eq "direct"]`); got != "ada bob" {
		t.Error(got)
	}
	c.refused(409, uniqueness, "POST", "/Groups", `{"displayName":"INNER"}`)
	for filter, want := range map[string]string{`members eq "` + ada + `"`: "Inner", `id eq "` + inner + `" and members eq "` + bob + `"`: "Inner", `id eq "` + outer + `" and members.value eq "` + bob + `"`: "",
		`members[value eq "ghost"]`: "Inner", `members[type eq "Group"]`: "Outer", `members[display sw "ada"]`: "Inner", `not (members.value eq "` + ada + `")`: "Outer", `members pr`: "Inner Outer"} {
		if got := c.names(c.want(200, "POST", "/Groups/.search", map[string]any{"filter": filter})); got != want {
			t.Errorf("%s: %s", filter, got)
		}
	}
	calls := c.dir.Calls()
	c.shows(c.want(200, "GET", "/Groups/"+inner+"?excludedAttributes=members", nil), "members", "null")
	if n := c.dir.Calls() - calls; n != 1 {
		t.Error(n, "calls")
	}
	version := c.want(200, "GET", "/Groups/"+inner, nil).Header.Get("ETag")
	c.want(204, "DELETE", "/Users/"+ada, nil)
	a = c.want(200, "GET", "/Groups/"+inner, nil)
	c.shows(a, "members.length", "2")
	if a.Header.Get("ETag") == version {
		t.Error("a group lost a member and kept its version")
	}
	c.want(204, "DELETE", "/Groups/"+inner, nil)
	c.shows(c.want(200, "GET", "/Groups/"+outer, nil), "members", "null")
	c.shows(c.want(200, "GET", "/Users/"+bob, nil), "groups", "null")
	c.want(200, "PUT", "/Groups/"+outer, `{"displayName":"Outer","members":[{"value":"`+bob+`"}]}`)
	c.shows(c.want(200, "PUT", "/Groups/"+outer, `{"displayName":"Outer"}`), "members", "null")
	free := newClient(t, Options{DuplicateGroupNames: true})
	free.create("/Groups", `{"displayName":"a"}`)
	free.create("/Groups", `{"displayName":"A"}`)
}

// TestLargeGroup: what one member costs does not depend on how many there are.
func TestLargeGroup(t *testing.T) {
	c := newClient(t, Options{})
	var ids []string
	for i := range 2500 {
		ids = append(ids, fmt.Sprintf(`{"value":"m%04d"}`, i))
	}
	id := c.create("/Groups", `{"displayName":"big","members":[`+strings.Join(ids, ",")+`]}`)
	c.shows(c.want(200, "GET", "/Groups/"+id, nil), "members.length", "2500")
	for _, op := range []string{`{"op":"add","path":"members","value":[{"value":"new"}]}`, `{"op":"remove","path":"members[value eq \"m0001\"]"}`,
		`{"op":"Remove","path":"members","value":[{"value":"m0002"}]}`, `{"op":"add","value":{"members":[{"value":"new2"}]}}`} {
		calls := c.dir.Calls()
		if a := c.want(204, "PATCH", "/Groups/"+id, ops(op)); a.Header.Get("ETag") == "" {
			t.Error(op, a.Header)
		}
		if n := c.dir.Calls() - calls; n != 1 {
			t.Errorf("%s: %d calls", op, n)
		}
	}
	c.shows(c.want(200, "GET", "/Groups/"+id, nil), "members.length", "2500")
}

// TestConcurrentPatches: nobody's change is lost.
func TestConcurrentPatches(t *testing.T) {
	c := newClient(t, Options{})
	group := c.create("/Groups", `{"displayName":"g"}`)
	user := c.create("/Users", `{"userName":"u"}`)
	const writers = 16
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for j := range 5 {
				c.want(204, "PATCH", "/Groups/"+group, ops(fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":"m-%d-%d"}]}`, i, j)))
				c.want(204, "PATCH", "/Groups/"+group, ops(fmt.Sprintf(`{"op":"replace","path":"displayName","value":"g-%d-%d"},{"op":"add","path":"members","value":[{"value":"n-%d-%d"}]}`, i, j, i, j)))
				c.want(200, "PATCH", "/Users/"+user, ops(fmt.Sprintf(`{"op":"add","path":"emails","value":[{"value":"m-%d-%d"}]}`, i, j)))
			}
		})
	}
	all.Wait()
	c.shows(c.want(200, "GET", "/Groups/"+group, nil), "members.length", itoa(writers*10))
	c.shows(c.want(200, "GET", "/Users/"+user, nil), "emails.length", itoa(writers*5))
}

// ops is the body of a PATCH with these operations.
func ops(list string) string {
	return `{"schemas":["` + patchURI + `"],"Operations":[` + list + `]}`
}

func TestIDs(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	first := newID()
	for range 10_000 {
		id := newID()
		if !form.MatchString(id) || seen[id] || id[:8] < first[:8] {
			t.Fatal(id)
		}
		seen[id] = true
	}
}
