package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"syncgateway/examples/sandbox"
)

// specsDir finds the vendors' descriptions, which are not part of the project, or skips.
func specsDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SYNCGATEWAY_SPECS")
	if dir == "" {
		root, err := os.Getwd()
		for err == nil {
			if _, missing := os.Stat(filepath.Join(root, "go.mod")); missing == nil {
				break
			}
			if root == filepath.Dir(root) {
				t.Fatal("no go.mod above the test")
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "specs")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the vendors' API descriptions are not here; set SYNCGATEWAY_SPECS to the directory that holds them")
	}
	return dir
}

// contract checks every answer that passes through it against the vendors' descriptions.
type contract struct {
	t       *testing.T
	routers []routers.Router
	allowed map[string]string // "METHOD template status" -> why the stand-in differs
	used    map[string]bool
	checked map[string]bool
}

func newContract(t *testing.T, sb *sandbox.Sandbox, allowed map[string]string) *contract {
	t.Helper()
	dir := specsDir(t)
	c := &contract{t: t, allowed: allowed, used: map[string]bool{}, checked: map[string]bool{}}
	for file, base := range map[string]string{
		"okta-management-2026.06.3.trimmed.json":     sb.OktaURL,
		"okta-oauth-token-2026.06.3.trimmed.json":    sb.OktaURL,
		"atlassian-admin-organizations.trimmed.json": sb.APIURL + "/admin",
		"atlassian-admin-user-management.json":       sb.APIURL,
		"jira-cloud-platform-v3.trimmed.json":        sb.SiteURL,
	} {
		doc, err := load(filepath.Join(dir, file))
		if err != nil {
			t.Fatalf("load %s: %v", file, err)
		}
		doc.Servers = openapi3.Servers{{URL: base}}
		router, err := gorillamux.NewRouter(doc)
		if err != nil {
			t.Fatalf("route %s: %v", file, err)
		}
		c.routers = append(c.routers, router)
	}
	return c
}

func load(path string) (*openapi3.T, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	repair(tree)
	repairPaths(tree)
	if raw, err = json.Marshal(tree); err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(raw)
}

// repair mends, in memory, what no validator can use: a discriminator that is a boolean, a pattern that ends in a newline.
func repair(node any) {
	switch n := node.(type) {
	case map[string]any:
		if d, ok := n["discriminator"].(map[string]any); ok && d["propertyName"] == "allowed" {
			delete(n, "discriminator")
		}
		if p, ok := n["pattern"].(string); ok {
			n["pattern"] = strings.TrimSpace(p)
		}
		for _, child := range n {
			repair(child)
		}
	case []any:
		for _, child := range n {
			repair(child)
		}
	}
}

// repairPaths joins a path that is there twice, with two names for its parameter.
func repairPaths(tree map[string]any) {
	const users = "/v2/orgs/{orgId}/directories/{directoryId}/users/"
	paths, _ := tree["paths"].(map[string]any)
	twin, isTwin := paths[users+"{userId}"].(map[string]any)
	real, isReal := paths[users+"{accountId}"].(map[string]any)
	if isTwin && isReal {
		real["get"] = twin["get"]
		delete(paths, users+"{userId}")
	}
}

func (c *contract) find(r *http.Request) (*routers.Route, map[string]string) {
	for _, router := range c.routers {
		if route, params, err := router.FindRoute(r); err == nil {
			return route, params
		}
	}
	return nil, nil
}

// RoundTrip sends the request and checks the answer.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	route, params := c.find(r)
	if route == nil {
		return resp, nil
	}
	key := fmt.Sprintf("%s %s %d", r.Method, route.Path, resp.StatusCode)
	c.checked[key] = true
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 resp.StatusCode, Header: resp.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	input.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		if c.allowed[key] != "" {
			c.used[key] = true
			return resp, nil
		}
		text := err.Error()
		c.t.Errorf("%s (%s): %s", key, r.URL, text[:min(len(text), 700)])
	}
	return resp, nil
}

// finish reports exceptions that nothing needed: they would hide a later mistake.
func (c *contract) finish() {
	for key := range c.allowed {
		if !c.used[key] {
			c.t.Errorf("the exception %q was not needed", key)
		}
	}
	for _, part := range []string{"/api/v1/", "/v2/orgs", "/manage", "/rest/api/3/"} {
		n := 0
		for key := range c.checked {
			if strings.Contains(key, part) {
				n++
			}
		}
		if n == 0 {
			c.t.Errorf("no answer under %s was checked", part)
		}
	}
	c.t.Logf("%d kinds of answer checked", len(c.checked))
}
