package jiracloud_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/reqlog"
)

// specs are the vendor's descriptions, which are not part of the project.
var specs = sync.OnceValues(func() (map[string]routers.Router, error) {
	dir := os.Getenv("SYNCGATEWAY_SPECS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "specs")
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, nil
	}
	out := map[string]routers.Router{}
	for file, base := range map[string]string{
		"atlassian-admin-organizations.trimmed.json": "/admin",
		"atlassian-admin-user-management.json":       "/",
		"jira-cloud-platform-v3.trimmed.json":        "/",
	} {
		doc, err := load(filepath.Join(dir, file))
		if err != nil {
			return nil, err
		}
		doc.Servers = openapi3.Servers{{URL: base}}
		if out[file], err = gorillamux.NewRouter(doc); err != nil {
			return nil, err
		}
	}
	return out, nil
})

func load(path string) (*openapi3.T, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	mend(tree)
	// A change of a profile is described as a part of it, and yet required to be whole.
	if schemas, ok := tree["components"].(map[string]any)["schemas"].(map[string]any); ok {
		if user, ok := schemas["AtlassianAccountUser"].(map[string]any); ok {
			whole(user)
		}
	}
	// A path is there twice, with two names for its parameter.
	const users = "/v2/orgs/{orgId}/directories/{directoryId}/users/"
	if paths, ok := tree["paths"].(map[string]any); ok {
		if twin, ok := paths[users+"{userId}"].(map[string]any); ok {
			paths[users+"{accountId}"].(map[string]any)["get"] = twin["get"]
			delete(paths, users+"{userId}")
		}
	}
	if raw, err = json.Marshal(tree); err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(raw)
}

// whole takes out what a description of a whole record requires.
func whole(node map[string]any) {
	delete(node, "required")
	for _, list := range []string{"allOf", "anyOf", "oneOf"} {
		parts, _ := node[list].([]any)
		for _, part := range parts {
			if p, ok := part.(map[string]any); ok {
				whole(p)
			}
		}
	}
}

// mend repairs what no validator can use.
func mend(node any) {
	switch n := node.(type) {
	case map[string]any:
		if d, ok := n["discriminator"].(map[string]any); ok && d["propertyName"] == "allowed" {
			delete(n, "discriminator")
		}
		if p, ok := n["pattern"].(string); ok {
			n["pattern"] = strings.TrimSpace(p)
		}
		for _, child := range n {
			mend(child)
		}
	case []any:
		for _, child := range n {
			mend(child)
		}
	}
}

// honoured holds every request that reached the stand-ins against the vendor's
// descriptions. Without them it does nothing.
func (b *bench) honoured(entries []reqlog.Entry) {
	b.t.Helper()
	all, err := specs()
	if err != nil {
		b.t.Fatalf("the vendor's descriptions: %v", err)
	}
	for _, e := range entries {
		if len(all) == 0 {
			return
		}
		if problem := against(all, e); problem != "" {
			b.t.Errorf("%s %s?%s %s: %.600s", e.Method, e.Path, e.Query, e.Body, problem)
		}
	}
}

func against(all map[string]routers.Router, e reqlog.Entry) string {
	for _, router := range all {
		r, err := http.NewRequest(e.Method, e.Path+"?"+e.Query, bytes.NewReader([]byte(e.Body)))
		if err != nil {
			return err.Error()
		}
		if e.Body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		route, params, err := router.FindRoute(r)
		if err != nil {
			continue
		}
		input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			return err.Error()
		}
		return ""
	}
	if e.Method == http.MethodGet && e.Path == "/rest/api/3/permissionscheme" {
		return "" // described by the vendor, and left out of the excerpt these tests use
	}
	return "the vendor describes no such request"
}

func TestRequestsAreCheckedAgainstTheVendor(t *testing.T) {
	all, err := specs()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Skip("the vendor's API descriptions are not here; set SYNCGATEWAY_SPECS to the directory that holds them")
	}
	bad := reqlog.Entry{Method: "POST", Path: "/admin/v2/orgs/o/directories/d/users/search", Server: sandbox.API, Body: `{"limit":101}`}
	if against(all, bad) == "" {
		t.Error("a page of 101 passes")
	}
	bad.Path = "/admin/v2/orgs/o/nothing"
	if against(all, bad) == "" {
		t.Error("a path that is not described passes")
	}
}
