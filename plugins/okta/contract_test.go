package okta

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// specs are the vendor's descriptions, which are not part of the project.
func specs(t *testing.T, base string) []routers.Router {
	t.Helper()
	dir := os.Getenv("SYNCGATEWAY_SPECS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "specs")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the vendor's API descriptions are not here; set SYNCGATEWAY_SPECS to the directory that holds them")
	}
	var all []routers.Router
	for _, pattern := range []string{"okta-management-*.json", "okta-oauth-token-*.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		doc, err := openapi3.NewLoader().LoadFromFile(files[len(files)-1])
		if err != nil {
			t.Fatal(err)
		}
		doc.Servers = openapi3.Servers{{URL: base}}
		router, err := gorillamux.NewRouter(doc)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, router)
	}
	return all
}

// contract holds every request that passes against the vendor's descriptions.
type contract struct {
	t       *testing.T
	routers []routers.Router
	mu      sync.Mutex
	seen    map[string]bool
}

func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := c.check(r); err != nil {
		c.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (c *contract) check(r *http.Request) error {
	for _, router := range c.routers {
		route, params, err := router.FindRoute(r)
		if err != nil {
			continue
		}
		c.mu.Lock()
		c.seen[r.Method+" "+route.Path] = true
		c.mu.Unlock()
		for name := range r.URL.Query() {
			if !declared(route, name) {
				return fmt.Errorf("there is no parameter %q", name)
			}
		}
		if r.Body != nil {
			defer func() { r.Body, _ = r.GetBody() }()
		}
		input := &openapi3filter.RequestValidationInput{Request: r.Clone(context.Background()), PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
		if r.Method == http.MethodGet {
			input.Request.Body = io.NopCloser(strings.NewReader(""))
		}
		return openapi3filter.ValidateRequest(context.Background(), input)
	}
	return fmt.Errorf("no such operation")
}

func declared(route *routers.Route, name string) bool {
	is := func(p *openapi3.ParameterRef) bool { return p.Value.In == "query" && p.Value.Name == name }
	return slices.ContainsFunc(route.Operation.Parameters, is) || slices.ContainsFunc(route.PathItem.Parameters, is)
}

func TestRequestsFollowTheVendorsDescription(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1})
	c := &contract{t: t, routers: specs(t, o.OktaURL), seen: map[string]bool{}}
	app := o.service("OKTA_DPOP_CLIENT_ID", nil)
	app["app_id"] = o.Okta.AppID()
	for _, config := range []map[string]any{nil, app} {
		in := o.open(config, httpx.Transport(c))
		if _, err := in.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		u, g := completed(t, users(t, in, sdk.ReadRequest{})), completed(t, groups(t, in, sdk.ReadRequest{}))
		o.clock.jump(time.Hour)
		o.mutate(company.Mutation{Op: company.SetProfile, Person: ada, Field: "title", Value: "Countess"},
			company.Mutation{Op: company.MemberRemove, Person: emil, Group: "jira-users"},
			company.Mutation{Op: company.MemberAdd, Person: emil, Group: "jira-users"})
		completed(t, users(t, in, sdk.ReadRequest{Delta: u.Complete.Delta}))
		completed(t, groups(t, in, sdk.ReadRequest{Delta: g.Complete.Delta}))
		for _, by := range []sdk.LookupRequest{{ID: u.Users[0].ID}, {Username: u.Users[0].Username}, {Email: u.Users[0].Email}, {GroupID: g.Groups[0].ID}} {
			if _, err := in.Lookup(t.Context(), by); err != nil {
				t.Errorf("%+v: %v", by, err)
			}
		}
	}
	if len(c.seen) < 12 {
		t.Errorf("only %d operations were seen: %v", len(c.seen), c.seen)
	}
}
