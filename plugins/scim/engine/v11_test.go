package engine

import (
	"strings"
	"testing"
)

func v11(t *testing.T) *client {
	c := newClient(t, withAcme())
	c.face = "/v1"
	return c
}

func (c *client) refused11(status int, method, path string, body any, headers ...string) {
	c.t.Helper()
	a := c.want(status, method, path, body, headers...)
	if a.at("Errors[0].code") != `"`+itoa(status)+`"` || a.at("Errors[0].description") == "null" || a.at("detail") == "null" || a.Header.Get("Content-Type") != "application/json" {
		c.t.Errorf("%s %s: %v %s", method, path, a.Header, a.text)
	}
}

func TestV11Resources(t *testing.T) {
	c := v11(t)
	a := c.want(201, "POST", "/Users", `{"schemas":["urn:scim:schemas:core:1.0","urn:scim:schemas:extension:enterprise:1.0"],"userName":"ada","password":"p",
	 "urn:scim:schemas:extension:enterprise:1.0":{"department":"d","manager":{"managerId":"m","displayName":"Boss"}}}`, "Content-Type", "application/json")
	id := a.json["id"].(string)
	c.shows(a, "schemas", `["urn:scim:schemas:core:1.0","urn:scim:schemas:extension:enterprise:1.0"]`)
	c.shows(a, `["urn:scim:schemas:extension:enterprise:1.0"].manager`, `{"managerId":"m"}`)
	c.shows(a, "meta.resourceType", "null")
	if strings.Contains(a.text, "2.0:") || a.Header.Get("Location") != c.server.URL+"/in/idp/v1/Users/"+id || a.Header.Get("Content-Type") != "application/json" {
		t.Error(a.Header, a.text)
	}
	group := c.create("/Groups", `{"schemas":["urn:scim:schemas:core:1.0","urn:okta:custom:group:1.0"],"displayName":"g","urn:okta:custom:group:1.0":{"description":"x"},"members":[{"value":"`+id+`","display":"ada"}]}`)
	c.shows(c.want(200, "GET", "/Groups/"+group, nil), "members[0]", `{"display":"ada","type":"User","value":"`+id+`"}`)
	c.shows(c.want(200, "GET", "/Users/"+id, nil), "groups[0].display", `"g"`)
	for filter, want := range map[string]string{"userName+eq+%22ADA%22": "ada", "urn:scim:schemas:core:1.0:userName+sw+%22a%22": "ada",
		"urn:scim:schemas:extension:enterprise:1.0:department+eq+%22d%22": "ada", "urn:scim:schemas:extension:enterprise:1.0:manager.managerId+eq+%22m%22": "ada"} {
		a := c.want(200, "GET", "/Users?filter="+filter, nil)
		c.shows(a, "schemas", `["urn:scim:schemas:core:1.0"]`)
		if got := c.names(a); got != want {
			t.Errorf("%s: %s", filter, got)
		}
	}
	c.refused11(400, "GET", "/Users?filter=userName+zz+1", nil)
	c.refused11(409, "POST", "/Users", `{"userName":"Ada"}`)
	c.refused11(404, "GET", "/Users/none", nil)
	c.refused11(400, "POST", "/Users", `{"schemas":["`+userSchema+`"],"userName":"b"}`)
	c.refused11(401, "GET", "/Users", nil, "Authorization", "")
	c.refused11(404, "POST", "/.search", `{}`)
	c.refused11(501, "GET", "/Me", nil)
	c.want(200, "GET", "/Users.json", nil, "Accept", "application/xml")
	c.want(200, "GET", "/Users/"+id+".json", nil)
	c.refused11(406, "GET", "/Users.xml", nil)
	c.refused11(406, "GET", "/Users", nil, "Accept", "application/xml")
	c.refused11(415, "POST", "/Users", `<User/>`, "Content-Type", "application/xml")
	c.shows(c.want(200, "PUT", "/Users/"+id, `{"userName":"ada","title":"t"}`), "title", `"t"`)
	c.shows(c.want(200, "POST", "/Users/"+id, `{"title":"o"}`, "X-HTTP-Method-Override", "PATCH"), "title", `"o"`)
	c.want(204, "POST", "/Users/"+id, nil, "X-HTTP-Method-Override", "DELETE")
	c.refused11(404, "GET", "/Users/"+id, nil)
	c.face = "/v2"
	c.want(405, "POST", "/Users/"+id, nil, "X-HTTP-Method-Override", "DELETE")
}

func TestV11Patch(t *testing.T) {
	for body, want := range map[string]string{
		`{"title":"x","active":false}`:                                                             `title="x" active=false`,
		`{"name":{"givenName":"B"}}`:                                                               `name={"familyName":"f","givenName":"B"}`,
		`{"meta":{"attributes":["title","name.givenName","id","nope"]}}`:                           `title=null name={"familyName":"f"}`,
		`{"emails":[{"value":"n@x","type":"home"}]}`:                                               `emails=[{"primary":true,"type":"work","value":"w@x"},{"type":"home","value":"n@x"}]`,
		`{"emails":[{"value":"w@x","type":"work","display":"D"}]}`:                                 `emails=[{"display":"D","primary":true,"type":"work","value":"w@x"}]`,
		`{"emails":[{"value":"w@x","operation":"delete"}]}`:                                        `emails=null`,
		`{"emails":[{"value":"w@x","type":"work","operation":"DELETE"},{"value":"n@x"}]}`:          `emails=[{"value":"n@x"}]`,
		`{"meta":{"attributes":["emails"]},"emails":[{"value":"n@x"}]}`:                            `emails=[{"value":"n@x"}]`,
		`{"emails":[{"value":"n@x","primary":true}]}`:                                              `emails=[{"primary":false,"type":"work","value":"w@x"},{"primary":true,"value":"n@x"}]`,
		`{"urn:scim:schemas:extension:enterprise:1.0":{"department":"e"}}`:                         `urn:scim:schemas:extension:enterprise:1.0={"department":"e"}`,
		`{"meta":{"attributes":["urn:scim:schemas:extension:enterprise:1.0:department"]}}`:         `urn:scim:schemas:extension:enterprise:1.0=null`,
		`{"meta":{"attributes":["urn:scim:schemas:extension:enterprise:1.0"]},"title":"x"}`:        `title="x" urn:scim:schemas:extension:enterprise:1.0=null`,
		`{"urn:scim:schemas:extension:enterprise:1.0":{"manager":{"managerId":"n"}}}`:              `urn:scim:schemas:extension:enterprise:1.0={"department":"d","manager":{"managerId":"n"}}`,
		`{"schemas":["urn:scim:schemas:core:1.0"],"id":"x","groups":[{"value":"g"}],"title":null}`: `title=null`,
		`{}`: ``,
	} {
		c := v11(t)
		id := c.create("/Users", `{"userName":"ada","title":"t","name":{"givenName":"g","familyName":"f"},"emails":[{"value":"w@x","type":"work","primary":true}],"urn:scim:schemas:extension:enterprise:1.0":{"department":"d"}}`)
		before := c.want(200, "GET", "/Users/"+id, nil)
		after := c.want(200, "PATCH", "/Users/"+id, body, "Content-Type", "application/json")
		var got []string
		for _, name := range []string{"title", "active", "name", "emails", "urn:scim:schemas:extension:enterprise:1.0"} {
			path := `["` + name + `"]`
			if now := after.at(path); now != before.at(path) {
				got = append(got, name+"="+now)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, wanted %s", body, got, want)
		}
	}
	c := v11(t)
	id := c.create("/Users", `{"userName":"ada","urn:scim:schemas:extension:enterprise:1.0":{"department":"d","manager":{"managerId":"m"}}}`)
	for _, none := range []string{`{"managerId":""}`, `{"managerId":null}`, `{"value":""}`, `""`, `null`} {
		a := c.want(200, "PATCH", "/Users/"+id, `{"urn:scim:schemas:extension:enterprise:1.0":{"manager":`+none+`}}`)
		c.shows(a, `["urn:scim:schemas:extension:enterprise:1.0"]`, `{"department":"d"}`)
		c.want(200, "PATCH", "/Users/"+id, `{"urn:scim:schemas:extension:enterprise:1.0":{"manager":{"managerId":"m"}}}`)
	}
	c.refused11(400, "PATCH", "/Users/"+id, `{"meta":{"attributes":["userName"]}}`)
	c.refused11(400, "PATCH", "/Users/"+id, `{"active":"perhaps"}`)
	c.refused11(413, "PATCH", "/Users/"+id, `{"meta":{"attributes":[`+strings.Repeat(`"title",`, maxPatchOperations)+`"title"]}}`)
	c.refused11(413, "PATCH", "/Users/"+id, `{"emails":[`+strings.Repeat(`{"value":"x"},`, maxPatchOperations)+`{"value":"x"}]}`)
	group := c.create("/Groups", `{"displayName":"g","members":[{"value":"a"},{"value":"b"}]}`)
	calls := c.dir.Calls()
	c.want(204, "PATCH", "/Groups/"+group, `{"members":[{"value":"c"},{"value":"a","operation":"delete"}]}`)
	if n := c.dir.Calls() - calls; n != 1 {
		t.Error(n, "calls for two members")
	}
	c.shows(c.want(200, "GET", "/Groups/"+group, nil), "members", `[{"value":"b"},{"value":"c"}]`)
	c.want(204, "PATCH", "/Groups/"+group, `{"displayName":"h","meta":{"attributes":["members"]},"members":[{"value":"z"}]}`)
	a := c.want(200, "GET", "/Groups/"+group, nil)
	c.shows(a, "members", `[{"value":"z"}]`)
	c.shows(a, "displayName", `"h"`)
}

func TestV11Discovery(t *testing.T) {
	c := v11(t)
	for _, path := range []string{"/ServiceProviderConfigs", "/ServiceProviderConfig"} {
		a := c.want(200, "GET", path, nil)
		c.shows(a, "schemas", `["urn:scim:schemas:core:1.0"]`)
		c.shows(a, "xmlDataFormat.supported", "false")
		c.refused11(405, "POST", path, `{}`)
	}
	a := c.want(200, "GET", "/Schemas", nil)
	c.shows(a, "schemas", `["urn:scim:schemas:core:1.0","urn:scim:schemas:core:1.0:ListResponse"]`)
	for _, id := range []string{"Users", "User", "urn:scim:schemas:core:1.0:User"} {
		a = c.want(200, "GET", "/Schemas/"+id, nil)
		c.shows(a, "endpoint", `"/Users"`)
		if strings.Contains(a.text, ":2.0:User\",\"readOnly") && strings.Contains(a.text, "enterprise:2.0") {
			t.Error(a.text)
		}
	}
	c.shows(c.want(200, "GET", "/ResourceTypes", nil), "Resources[0].schema", `"urn:scim:schemas:core:1.0"`)
	bulk := c.want(200, "POST", "/Bulk", `{"schemas":["urn:scim:schemas:core:1.0"],"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"}},{"method":"DELETE","path":"/Users/none"}]}`)
	c.shows(bulk, "Operations[0].status.code", `"201"`)
	c.shows(bulk, "Operations[1].status.code", `"404"`)
}

// TestFacesShareTheStore: what one version writes the other shows in its own words.
func TestFacesShareTheStore(t *testing.T) {
	c := v11(t)
	id := c.create("/Users", `{"userName":"ada","urn:scim:schemas:extension:enterprise:1.0":{"manager":{"managerId":"m"}}}`)
	c.face = "/v2"
	a := c.want(200, "GET", "/Users/"+id, nil)
	c.shows(a, `["`+enterprise+`"].manager.value`, `"m"`)
	if strings.Contains(a.text, "1.0") || strings.Contains(a.text, "/v1/") {
		t.Error(a.text)
	}
}
