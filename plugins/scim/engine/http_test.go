package engine

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"syncgateway/plugins/scim/engine/memdir"
	"syncgateway/plugins/scim/engine/schema"
)

// client talks to a server of its own.
type client struct {
	t      testing.TB
	server *httptest.Server
	dir    *memdir.Directory
	face   string
}

func newClient(t testing.TB, o Options) *client {
	server, d := newServer(t, o)
	return &client{t: t, server: server, dir: d, face: "/v2"}
}

// answer is a response, read.
type answer struct {
	*http.Response
	text string
	json map[string]any
}

// do sends a request; headers come as names and values in turn. A body that is not a
// string is written as JSON.
func (c *client) do(method, path string, body any, headers ...string) *answer {
	c.t.Helper()
	var data []byte
	switch b := body.(type) {
	case nil:
	case string:
		data = []byte(b)
	default:
		data, _ = json.Marshal(b)
	}
	r, err := http.NewRequest(method, c.server.URL+"/in/idp"+c.face+path, bytes.NewReader(data))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	if body != nil {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Del(headers[i]); headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	a := &answer{Response: resp, text: string(text)}
	_ = json.Unmarshal(text, &a.json)
	return a
}

// want checks the status and returns the answer.
func (c *client) want(status int, method, path string, body any, headers ...string) *answer {
	c.t.Helper()
	a := c.do(method, path, body, headers...)
	if a.StatusCode != status {
		c.t.Errorf("%s %s %v: %s, wanted %d\n%.300s", method, path, body, a.Status, status, a.text)
	}
	return a
}

// refused checks status and scimType.
func (c *client) refused(status int, kind, method, path string, body any, headers ...string) *answer {
	c.t.Helper()
	a := c.want(status, method, path, body, headers...)
	if got, _ := a.json["scimType"].(string); got != kind {
		c.t.Errorf("%s %s %v: scimType %q, wanted %q: %s", method, path, body, got, kind, a.text)
	}
	if a.json["detail"] == "" || a.json["status"] != itoa(status) {
		c.t.Errorf("%s %s: %s", method, path, a.text)
	}
	return a
}

// create makes a resource and returns its id.
func (c *client) create(path string, body any) string {
	c.t.Helper()
	id, _ := c.want(201, "POST", path, body).json["id"].(string)
	return id
}

// find returns the userNames that a filter finds, in order.
func (c *client) find(filter string) string {
	c.t.Helper()
	a := c.want(200, "GET", "/Users?filter="+url.QueryEscape(filter), nil)
	return c.names(a)
}

func (c *client) names(a *answer) string {
	list, _ := a.json["Resources"].([]any)
	var names []string
	for _, e := range list {
		o := e.(map[string]any)
		name, ok := o["userName"].(string)
		if !ok {
			name, _ = o["displayName"].(string)
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// at is what an answer has at a path, as JSON.
func (a *answer) at(path string) string {
	data, _ := json.Marshal(walk(any(a.json), path))
	return string(data)
}

func (c *client) shows(a *answer, path, want string) {
	c.t.Helper()
	if got := a.at(path); got != want {
		c.t.Errorf("%s is %s, wanted %s\n%.400s", path, got, want, a.text)
	}
}

var acme = &schema.Schema{ID: "urn:x:acme:2.0:User", Name: "Acme", Attributes: []*schema.Attribute{
	{Name: "badge", Type: schema.String, Uniqueness: schema.Server, CaseExact: true}, {Name: "level", Type: schema.Integer},
	{Name: "born", Type: schema.String, Mutability: schema.Immutable}, {Name: "tags", Type: schema.String, MultiValued: true},
	{Name: "hidden", Type: schema.String, Returned: schema.Request}, {Name: "pin", Type: schema.String, Mutability: schema.WriteOnly},
	{Name: "stamp", Type: schema.String, Mutability: schema.ReadOnly}, {Name: "since", Type: schema.DateTime},
}}

func withAcme() Options { return Options{UserExtensions: []schema.Extension{{Schema: acme}}} }

func TestCredentials(t *testing.T) {
	c := newClient(t, Options{})
	for _, path := range []string{"/Users", "/ServiceProviderConfig", "/nothing", "/Me", "/Users/x"} {
		for _, credential := range []string{"", "Bearer", "Bearer wrong", "Basic " + testToken, testToken, "Bearer " + testToken + "x"} {
			a := c.refused(401, "", "GET", path, nil, "Authorization", credential)
			if !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: %v", path, a.Header)
			}
		}
	}
	c.want(401, "GET", "/Users?access_token="+testToken, nil, "Authorization", "")
	c.want(200, "GET", "/Users", nil, "Authorization", "bearer "+testToken)
	c.want(200, "GET", "/Users", nil, "Authorization", "BEARER  "+testToken)
}

func TestTransport(t *testing.T) {
	c := newClient(t, Options{MaxBody: 2000})
	user := `{"userName":"a"}`
	c.want(415, "POST", "/Users", user, "Content-Type", "text/xml")
	c.want(415, "POST", "/Users", user, "Content-Type", "application/xml; charset=utf-8")
	c.want(415, "POST", "/Users", user, "Content-Encoding", "gzip")
	c.want(406, "GET", "/Users", nil, "Accept", "application/xml")
	c.want(406, "GET", "/Users", nil, "Accept", "application/json;q=0")
	for _, accept := range []string{"", "*/*", "application/json", "application/scim+json, application/json;q=0.9", "text/html, */*;q=0.1", "application/*"} {
		a := c.want(200, "GET", "/Users", nil, "Accept", accept)
		if a.Header.Get("Content-Type") != "application/scim+json" {
			t.Error(a.Header)
		}
	}
	c.want(201, "POST", "/Users/", `{"userName":"b"}`, "Content-Type", "application/json; charset=iso-8859-1")
	c.want(201, "POST", "/Users", `{"userName":"c"}`, "Content-Type", "")
	c.want(200, "GET", "/Users?aadOptscim062020", nil)
	c.refused(400, invalidValue, "GET", "/Users?filter=%zz", nil)
	c.refused(400, invalidValue, "GET", "/Users?count=1&count=2", nil)
	c.refused(413, "", "POST", "/Users", `{"userName":"`+strings.Repeat("x", 3000)+`"}`)
	c.refused(400, invalidSyntax, "POST", "/Users", `{"userName":`)
	c.refused(400, invalidSyntax, "POST", "/Users", `[]`)
	c.refused(400, invalidSyntax, "POST", "/Users", ``)
	c.refused(400, invalidSyntax, "POST", "/Users", `{"userName":"d","USERNAME":"e"}`)
	for method, path := range map[string]string{"DELETE": "/Users", "PUT": "/Groups", "POST": "/Users/x", "PATCH": "/Schemas", "GET": "/Bulk", "TRACE": "/Users"} {
		if a := c.refused(405, "", method, path, nil); a.Header.Get("Allow") == "" {
			t.Error(method, path, "without Allow")
		}
	}
	if a := c.want(204, "OPTIONS", "/Users", nil); a.Header.Get("Allow") != "GET, HEAD, OPTIONS, POST" {
		t.Error(a.Header)
	}
	if a := c.want(200, "HEAD", "/Users", nil); a.text != "" {
		t.Error(a.text)
	}
	for _, path := range []string{"/nothing", "/Users/x/y", "/users", "/ServiceProviderConfig/x", "/ServiceProviderConfigs", "/Users//"} {
		if path == "/Users//" {
			c.want(200, "GET", path, nil)
			continue
		}
		c.refused(404, "", "GET", path, nil)
	}
	c.refused(501, "", "GET", "/Me", nil)
	c.refused(501, "", "PATCH", "/Me", `{}`)
	c.face = "/v3"
	c.refused(400, invalidVers, "GET", "/Users", nil)
	c.face = ""
	c.want(200, "GET", "/Users", nil)
}

func TestDeepAndHostile(t *testing.T) {
	c := newClient(t, Options{})
	deep := strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000)
	c.refused(400, invalidSyntax, "POST", "/Users", deep)
	c.refused(400, invalidSyntax, "POST", "/Users", strings.Repeat("[", 500000))
	c.refused(400, invalidFilter, "GET", "/Users?filter="+strings.Repeat("(", 5000), nil)
	c.refused(400, invalidFilter, "POST", "/Users/.search", map[string]any{"filter": strings.Repeat("userName pr or ", 5000) + "userName pr"})
	c.refused(400, invalidSyntax, "POST", "/Users", "{\"userName\":\"\xff\"}")
	for _, names := range []string{strings.Repeat("title,", mostNames) + "title", `emails[` + strings.Repeat(`value pr or `, 1500) + `value pr]`, strings.Repeat(`emails[value pr],`, 2000)} {
		c.refused(400, invalidValue, "POST", "/Users/.search", map[string]any{"attributes": names})
		c.refused(400, invalidValue, "POST", "/Users/.search", map[string]any{"excludedAttributes": []string{names}})
	}
	id := c.create("/Users", `{"userName":"💩 \u0000 ａ","displayName":"\u202e"}`)
	c.shows(c.want(200, "GET", "/Users/"+id, nil), "userName", "\"💩 \\u0000 ａ\"")
	c.want(404, "GET", "/Users/..%2f..%2fetc", nil)
	c.want(404, "GET", "/Users/%27%20or%201=1", nil)
}

func TestDiscovery(t *testing.T) {
	c := newClient(t, withAcme())
	a := c.want(200, "GET", "/ServiceProviderConfig", nil)
	for path, want := range map[string]string{"patch.supported": "true", "bulk.maxOperations": "1000", "filter.maxResults": "1000", "sort.supported": "true",
		"etag.supported": "true", "changePassword.supported": "false", "pagination.cursor": "true", "pagination.defaultPaginationMethod": `"index"`,
		"authenticationSchemes[0].type": `"oauthbearertoken"`, "meta.resourceType": `"ServiceProviderConfig"`} {
		c.shows(a, path, want)
	}
	a = c.want(200, "GET", "/Schemas", nil)
	c.shows(a, "totalResults", "7")
	c.shows(a, "schemas[0]", `"`+listURI+`"`)
	a = c.want(200, "GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", nil)
	c.shows(a, "attributes[0]", `{"caseExact":false,"description":"The name that identifies the user at this service. No two users share one, letter case aside.","multiValued":false,"mutability":"readWrite","name":"userName","required":true,"returned":"default","type":"string","uniqueness":"server"}`)
	c.shows(a, "meta.location", `"`+c.server.URL+`/in/idp/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"`)
	if strings.Contains(a.text, "null") {
		t.Error("a schema has nulls")
	}
	c.want(200, "GET", "/Schemas/urn:x:acme:2.0:User", nil)
	c.refused(404, "", "GET", "/Schemas/urn:nope", nil)
	a = c.want(200, "GET", "/ResourceTypes", nil)
	c.shows(a, "totalResults", "2")
	c.shows(c.want(200, "GET", "/ResourceTypes/User", nil), "schemaExtensions.length", "2")
	c.refused(404, "", "GET", "/ResourceTypes/Device", nil)
	for _, path := range []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig"} {
		c.refused(403, "", "GET", path+"?filter=id+pr", nil)
		c.refused(405, "", "POST", path, `{}`)
	}
}

// newHandlerServer serves an engine whose public address has no path.
func newHandlerServer(t *testing.T, e *Engine) *httptest.Server {
	server := httptest.NewServer(http.StripPrefix("/in/idp", e))
	t.Cleanup(server.Close)
	return server
}
