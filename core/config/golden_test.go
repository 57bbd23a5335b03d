package config

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"syncgateway/core/diag"
	"syncgateway/core/schema"
)

var update = flag.Bool("update", false, "write the golden files")

// canary is in every secret of the tests: it must be in no output.
const canary = "c4n4ry"

// world is an environment for tests.
func world() World {
	env := map[string]string{"OKTA_API_TOKEN": canary + "-okta-token", "ORG_KEY": canary + "-org-key", "ORG_URL": "https://harbour.okta.example"}
	files := map[string]string{"secrets/token": canary + "-file-token\n", "secrets/empty": "\n"}
	return World{
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			if v, ok := files[filepath.ToSlash(path)]; ok {
				return []byte(v), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
		},
	}
}

var (
	five  = 5.0
	hours = 3600.0
	okta  = &schema.Plugin{Type: "okta", Roles: []schema.Role{schema.Source},
		Config: schema.Block{
			Fields: []schema.Field{
				{Name: "org_url", Type: schema.String, Required: true, Doc: "Address of the org.", Pattern: `https?://.+`, Example: "https://example.okta.com"},
				{Name: "api_token", Type: schema.String, Sensitive: true},
				{Name: "scopes", Type: schema.StringList, OneOf: []string{"users", "groups"}},
				{Name: "share", Type: schema.Int, Default: 50.0, Min: &five},
				{Name: "timeout", Type: schema.Duration, Default: "30s", Max: &hours},
				{Name: "token", Type: schema.String, Sensitive: true, Deprecated: "use api_token"},
				{Name: "headers", Type: schema.StringMap, Sensitive: true},
			},
			Blocks: []schema.NestedBlock{{Name: "oauth", MaxItems: 1, Body: schema.Block{Fields: []schema.Field{
				{Name: "client_id", Type: schema.String, Required: true}, {Name: "private_key", Type: schema.String, Required: true, Sensitive: true}}}},
				{Name: "app", Label: "the app's name", Body: schema.Block{Fields: []schema.Field{{Name: "id", Type: schema.String}}}}},
		},
		Kinds: []schema.Kind{
			{Name: "user", Shape: schema.UserShape, Attributes: []schema.Attribute{{Name: "department"}, {Name: "manager"}}},
			{Name: "group", Shape: schema.GroupShape},
		}}
	jira = &schema.Plugin{Type: "jira-cloud", Roles: []schema.Role{schema.Target},
		Config: schema.Block{Fields: []schema.Field{{Name: "site", Type: schema.String, Required: true}, {Name: "org_id", Type: schema.String}, {Name: "api_key", Type: schema.String, Sensitive: true, Required: true}}},
		Kinds: []schema.Kind{
			{Name: "user", Shape: schema.UserShape, Operations: []schema.Operation{schema.CreateUser, schema.UpdateUser, schema.ActivateUser, schema.DeactivateUser},
				Attributes: []schema.Attribute{{Name: "username", Writable: true}, {Name: "email", Writable: true, Required: true}, {Name: "display_name", Writable: true}, {Name: "department", Writable: true}, {Name: "manager", Writable: true}, {Name: "account_type"}}},
			{Name: "group", Shape: schema.GroupShape, Operations: []schema.Operation{schema.CreateGroup, schema.AddMember, schema.RemoveMember}},
		}}
	bitbucket = &schema.Plugin{Type: "bitbucket", Roles: []schema.Role{schema.Target},
		Kinds: []schema.Kind{{Name: "user", Shape: schema.UserShape, Operations: []schema.Operation{schema.CreateUser, schema.DeleteUser},
			Attributes: []schema.Attribute{{Name: "email", Writable: true}}}}}
)

func lookup(typ string) (*schema.Plugin, error) {
	for _, p := range []*schema.Plugin{okta, jira, bitbucket} {
		if p.Type == typ {
			return p, nil
		}
	}
	return nil, &NoPluginError{Type: typ, Available: []string{"bitbucket", "jira-cloud", "okta"}, Hint: "Put its binary into plugin_dir and run gateway plugins lock."}
}

// all is what gateway validate does.
func all(src []byte, name string) (*Config, diag.Diagnostics) {
	c, ds := Parse(src, name, world())
	if !ds.HasErrors() {
		ds = append(ds, Validate(c, lookup)...)
	}
	return c, ds
}

// Every file of testdata/errors is a bad configuration, and beside it is what a
// person reads about it. Secrets of the tests carry a canary.
func TestDiagnostics(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".hcl")
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, ds := all(src, "gateway.hcl")
			if len(ds) == 0 {
				t.Error("nothing was found")
			}
			var text, machine strings.Builder
			if err := c.Renderer().Text(&text, ds); err != nil {
				t.Fatal(err)
			}
			if err := c.Renderer().JSON(&machine, ds); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text.String()+machine.String()+ds.Error(), canary) {
				t.Errorf("a secret is shown:\n%s", text.String())
			}
			golden(t, strings.TrimSuffix(file, ".hcl")+".txt", text.String())
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
