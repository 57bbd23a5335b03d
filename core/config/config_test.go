package config

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"syncgateway/core/diag"

	"syncgateway/core/identity"
	"syncgateway/core/schema"
)

func mustParse(t testing.TB, src string) *Config {
	t.Helper()
	c, ds := Parse([]byte(src), "gateway.hcl", world())
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	return c
}

func read(t testing.TB, file string) string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

// The whole grammar, as the design shows it, with two settings of a limit on a line.
func TestFull(t *testing.T) {
	c := mustParse(t, read(t, "testdata/good/full.hcl"))
	if want := (Gateway{DataDir: "data", PluginDir: "bin/plugins", LockFile: "gateway.lock.hcl", Socket: "data/gateway.sock",
		Listen: "127.0.0.1:8080", PublicURL: "https://gateway.example", LogLevel: "info"}); c.Gateway != want {
		t.Errorf("gateway %+v", c.Gateway)
	}
	s := c.Sync("staff")
	if len(s.From) != 2 || s.From[0].Ref() != "source.okta.corp" || s.From[1].ID() != "ldap.hq" || s.To.Ref() != "target.jira-cloud.acme" {
		t.Errorf("from %v to %v", s.From, s.To)
	}
	if want := (Schedule{Every: 15 * time.Minute, FullEvery: 24 * time.Hour, OnEvent: true, OnLogin: true}); s.Schedule != want {
		t.Errorf("schedule %+v", s.Schedule)
	}
	if want := (Users{Kind: "user", Match: []string{"email"}, Create: true, Update: true, Activate: true, Deactivate: true,
		OnLeave: "deactivate", Grace: 72 * time.Hour}); !reflect.DeepEqual(s.Users, want) {
		t.Errorf("users %+v", s.Users)
	}
	if want := (Groups{Kind: "group", Mode: GroupsByName, Create: true, KeepExisting: true, Nested: NestedFlatten, OnLeave: LeaveRetire,
		ForNewUsers: []string{"jira-software-users"}, ForAllUsers: []string{"everyone"}}); !reflect.DeepEqual(s.Groups, want) {
		t.Errorf("groups %+v", s.Groups)
	}
	at := func(line int) hcl.Range {
		for _, l := range append(slices.Clone(s.Limits.Deactivate), s.Limits.RemoveMember...) {
			if l.Range.Start.Line == line {
				return l.Range
			}
		}
		return hcl.Range{}
	}
	want := defaultLimits()
	want.Deactivate = []Limit{{Count: 25, Percent: 5, Per: day, Range: at(75)}}
	want.RemoveMember = []Limit{{Count: Unlimited, Percent: 20, PerGroup: true, Range: at(76)}}
	want.MinPopulation, want.Protect, want.Floor, want.OnTrip, want.MaxShrink = 10, []string{"admin@example.org"}, 3, TripHoldAll, 20
	want.MaxLookups, want.Approvers, want.ApprovalLasts = 2000, 1, day
	if !reflect.DeepEqual(s.Limits, want) {
		t.Errorf("limits %+v", s.Limits)
	}
	if r := s.RangeOf("limits.deactivate.per"); r.Start.Line != 75 {
		t.Errorf("limits.deactivate.per is at line %d", r.Start.Line)
	}
	account, err := s.Rules.MapUser(&identity.User{Active: true, Username: "ada@x", Email: "Ada@X"}, []string{"atlassian-users"}, "okta.corp", nil)
	if err != nil || account.Username != "ada" || account.Email != "ada@x" {
		t.Errorf("account %+v, %v", account, err)
	}
}

func TestDefaults(t *testing.T) {
	c := mustParse(t, `
source "okta" "corp" {}
target "jira-cloud" "acme" {}
sync "staff" {
  from = source.okta.corp
  to   = target.jira-cloud.acme
}`)
	s := c.Syncs[0]
	if !s.Users.Create || !s.Users.Deactivate || s.Users.OnLeave != LeaveDeactivate || s.Groups.Mode != GroupsOff || s.Limits.MinPopulation != AutoPopulation {
		t.Errorf("%+v", s)
	}
	if s.Schedule.Every != 0 || s.From[0].Host.ReadTimeout != 6*time.Hour {
		t.Errorf("%+v %+v", s.Schedule, s.From[0].Host)
	}
	if want := []string{"display_name", "email", "family_name", "given_name", "username"}; !slices.Equal(s.Rules.Managed(), want) {
		t.Errorf("managed %v", s.Rules.Managed())
	}
	if rule, _ := s.Rules.Field("email"); rule.Where() != "default" {
		t.Errorf("a default is at %s", rule.Where())
	}
}

func TestDataDirFromEnvironment(t *testing.T) {
	env := World{LookupEnv: func(name string) (string, bool) { return "/var/lib/gateway", name == "GATEWAY_DATA_DIR" }}
	c, _ := Parse(nil, "conf/gateway.hcl", env)
	if c.Gateway.DataDir != "/var/lib/gateway" || c.Gateway.PluginDir != "conf/bin/plugins" {
		t.Errorf("%+v", c.Gateway)
	}
	c, _ = Parse([]byte("gateway {\n  data_dir = \"x\"\n}"), "conf/gateway.hcl", env)
	if c.Gateway.DataDir != "conf/x" {
		t.Errorf("%+v", c.Gateway)
	}
}

func TestPluginInput(t *testing.T) {
	c := mustParse(t, `
locals {
  base = plain_env("ORG_URL")
}
source "okta" "corp" {
  org_url   = "${local.base}/x"
  api_token = file("secrets/token")
  headers   = { a = env("ORG_KEY") }
  app "jira" {
    id = target.jira-cloud.acme.org_id
  }
  gateway {
    page_size = 200
  }
}
target "jira-cloud" "acme" {
  org_id  = "o"
  api_key = env("NOT_SET")
}`)
	if len(c.Secrets()) != 0 {
		t.Errorf("secrets were read before they were needed: %d", len(c.Secrets()))
	}
	x := c.Connector("source.okta.corp")
	json, sensitive, ds := c.PluginInput(x, okta)
	want := `{"api_token":"c4n4ry-file-token","app":[{"id":"o","label":"jira"}],"headers":{"a":"c4n4ry-org-key"},"org_url":"https://harbour.okta.example/x","share":50,"timeout":"30s"}`
	if ds.HasErrors() || string(json) != want {
		t.Errorf("%s %v", json, ds)
	}
	if len(sensitive) != 2 || sensitive[0].String() != "api_token" || sensitive[1].String() != "headers" {
		t.Errorf("sensitive %v", sensitive)
	}
	if got := c.Secrets(); !slices.Contains(got, "c4n4ry-file-token") || !slices.Contains(got, "c4n4ry-org-key") || len(got) != 2 {
		t.Errorf("%d secrets", len(got))
	}
	if x.Host.PageSize != 200 {
		t.Errorf("host %+v", x.Host)
	}
	ds = c.Resolve(x, diag.Diagnostics{{Severity: diag.Error, Summary: "No such app", Path: diag.Path{{Kind: diag.NameStep, Name: "app"}, {Kind: diag.IndexStep}, {Kind: diag.NameStep, Name: "id"}},
		Detail: "The token c4n4ry-file-token was refused."}})
	var out strings.Builder
	if err := c.Renderer().Text(&out, ds); err != nil {
		t.Fatal(err)
	}
	if text := "gateway.hcl:10:10: error: No such app\n  10 |     id = target.jira-cloud.acme.org_id\n     |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\nThe token [redacted] was refused.\n"; out.String() != text {
		t.Errorf("got:\n%s", out.String())
	}
}

const epochBase = `
locals {
  dept = "R&D"
}
source "okta" "corp" {
  org_url = plain_env("ORG_URL")
}
target "jira-cloud" "acme" {
  site    = "s"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
  schedule {
    every = "15m"
  }
  users {
    include = user.department == local.dept
    map {
      email      = lower(user.email)
      attributes = { department = user.department, manager = user.manager }
    }
  }
}
`

func TestEpoch(t *testing.T) {
	base := mustParse(t, epochBase).Syncs[0].Epoch
	if len(base) != 64 {
		t.Fatalf("epoch %q", base)
	}
	change := func(old, with string) string {
		t.Helper()
		src := strings.Replace(epochBase, old, with, 1)
		if src == epochBase {
			t.Fatalf("%q is not in the source", old)
		}
		return mustParse(t, src).Syncs[0].Epoch
	}
	for old, with := range map[string]string{
		`lower(user.email)`: "lower( # small\n user.email\n )",
		`every = "15m"`:     `every = "1h"`,
		`{ department = user.department, manager = user.manager }`: "{\n department = user.department\n\n manager = user.manager,\n }",
		"  site    = \"s\"\n": "# the site\nsite=\"s\"\n",
		"from = [source.okta.corp]\n  to   = target.jira-cloud.acme": "to = target.jira-cloud.acme\n  from = source.okta.corp",
		"sync \"staff\" {": "sync \"other\" {\n  from = [source.okta.corp]\n  to = target.jira-cloud.acme\n}\nsync \"staff\" {",
	} {
		src := strings.Replace(epochBase, old, with, 1)
		if got := mustParse(t, src).Sync("staff").Epoch; got != base {
			t.Errorf("%q changed the epoch", with)
		}
	}
	for old, with := range map[string]string{
		`lower(user.email)`: `user.email`,
		`"R&D"`:             `"HR"`,
		`"s"`:               `"t"`,
		"  users {":         "  users {\n    grace = \"1h\"",
		`env("ORG_KEY")`:    `env("OKTA_API_TOKEN")`,
		`manager = `:        `boss = `,
	} {
		if change(old, with) == base {
			t.Errorf("%q did not change the epoch", with)
		}
	}
	w := world()
	inner := w.LookupEnv
	w.LookupEnv = func(name string) (string, bool) {
		if name == "ORG_KEY" {
			return "another secret", true
		}
		return inner(name)
	}
	c, _ := Parse([]byte(epochBase), "gateway.hcl", w)
	if c.Syncs[0].Epoch != base {
		t.Error("a secret's value is in the epoch")
	}
	w.LookupEnv = func(name string) (string, bool) { return "https://other", true }
	if c, _ = Parse([]byte(epochBase), "gateway.hcl", w); c.Syncs[0].Epoch == base {
		t.Error("a setting from the environment is not in the epoch")
	}
}

func TestProjectConfiguration(t *testing.T) {
	c, ds := Load("../../gateway.hcl")
	if len(ds) != 0 {
		t.Error(ds)
	}
	if got := string(Format([]byte(read(t, c.Filename)))); got != read(t, c.Filename) {
		t.Error("gateway.hcl is not formatted")
	}
}

func TestLoadMissingFile(t *testing.T) {
	c, ds := Load("testdata/none.hcl")
	if !ds.HasErrors() || c.Renderer().Views(ds)[0].Code != "config.unreadable" {
		t.Error(ds)
	}
}

func TestFormat(t *testing.T) {
	if got := string(Format([]byte("gateway {\ndata_dir=\"x\"\nlisten   = \"y\"\n}\n"))); got != "gateway {\n  data_dir = \"x\"\n  listen   = \"y\"\n}\n" {
		t.Error(got)
	}
}

func TestRoleOfListener(t *testing.T) {
	c := mustParse(t, `source "scim" "hr" {}`)
	ds := Validate(c, func(string) (*schema.Plugin, error) {
		return &schema.Plugin{Type: "scim", Roles: []schema.Role{schema.Listener}}, nil
	})
	if len(ds) != 0 {
		t.Error(ds)
	}
}

func TestReference(t *testing.T) {
	page := string(Reference())
	golden(t, "testdata/reference.md", page)
	for _, want := range []string{"`keep_existing`", "`substr(str, offset, length)`", "`data_dir`", "`max_shrink`"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// Whatever is nested however deep, there is one message and no crash.
func TestNesting(t *testing.T) {
	for _, src := range []string{
		"locals {\n a = " + strings.Repeat("(", 300_000), "locals {\n a = " + strings.Repeat("!", 300_000) + "true\n}",
		strings.Repeat("a {\n", 100_000), "locals {\n a = " + strings.Repeat("\"${", 100_000), "locals {\n a = " + strings.Repeat("true ? 1 : ", 80_000) + "1\n}",
		strings.Repeat("x", 2<<20),
	} {
		if _, ds := Parse([]byte(src), "gateway.hcl", world()); len(ds) != 1 {
			t.Errorf("%.30q: %d diagnostics", src, len(ds))
		}
	}
	long := "source \"okta\" \"corp\" {}\ntarget \"x\" \"y\" {}\nsync \"s\" {\n from = source.okta.corp\n to = target.x.y\n users {\n include = " + strings.Repeat("user.active || ", 40_000) + "true\n }\n}"
	if _, ds := Parse([]byte(long), "gateway.hcl", world()); len(ds) != 1 || ds[0].Summary != "Rule too long" {
		t.Errorf("a long rule: %v", ds)
	}
}

// Whatever the text, there is a Config, and what is wrong with it can be shown.
func FuzzParse(f *testing.F) {
	files, _ := os.ReadDir("testdata/errors")
	for _, e := range files {
		if strings.HasSuffix(e.Name(), ".hcl") {
			f.Add(read(f, "testdata/errors/"+e.Name()))
		}
	}
	f.Add(read(f, "testdata/good/full.hcl"))
	f.Add(epochBase)
	f.Add("source \"okta\" \"a\" { api_token = \"" + canary + "\" x = {} }\nlocals { a = [local.a...] }")
	f.Fuzz(func(t *testing.T, src string) {
		c, ds := all([]byte(src), "gateway.hcl")
		var out strings.Builder
		if err := c.Renderer().Text(&out, ds); err != nil {
			t.Fatal(err)
		}
		Format([]byte(src))
	})
}
