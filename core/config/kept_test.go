package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"syncgateway/core/identity"
)

const keptSource = `# CANARY-1 of a comment
gateway {
  listen = "127.0.0.1:8080" // CANARY-2
}
locals {
  unused  = "CANARY-3"
  staff   = [local.prefix, plain_env("STAFF")] /* CANARY-4 */
  prefix  = "staff" # CANARY-5
  another = 1
}
source "okta" "corp" {
  org_url   = "https://example.okta.com/CANARY-6"
  domain    = "example.org"
  api_token = env("OKTA_API_TOKEN")
  gateway {
    read_timeout = "1h"
  }
}
target "jira-cloud" "acme" { site = "https://CANARY-7.atlassian.net" }
sync "other" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
  users { include = user.department != "CANARY-8" }
}
sync "staff" {
  from = [source.okta.corp] # CANARY-9
  to   = target.jira-cloud.acme
  users {
    include = contains(local.staff, user.department) && ends_with(user.email, source.okta.corp.domain)
    map {
      email      = user.email
      attributes = {
        city = user.city
        team = user.team
      }
    }
  }
  groups {
    mode = "mapped"
    map  = {
      "admins" = ["jira-admins"]
      "devs"   = ["jira-users", "engineering"] # CANARY-10
    }
  }
  limits {
    deactivate { count = 3 percent = 4 }
  }
}
`

func keptWorld(staff string) World {
	return World{
		LookupEnv: func(name string) (string, bool) {
			v, ok := map[string]string{"STAFF": staff, "OKTA_API_TOKEN": "CANARY-11"}[name]
			return v, ok
		},
		ReadFile: func(string) ([]byte, error) { return []byte("CANARY-12"), nil },
	}
}

func parsed(t *testing.T, src, staff string) *Config {
	t.Helper()
	c, ds := Parse([]byte(src), "gateway.hcl", keptWorld(staff))
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	return c
}

// What is kept of a sync means what the sync meant, and holds nothing else of the file.
func TestWhatIsKeptOfASync(t *testing.T) {
	c := parsed(t, strings.Replace(keptSource, `contains(local.staff, user.department) && ends_with(user.email, source.okta.corp.domain)`, `contains(local.staff, user.department)`, 1), "lab")
	k := c.Keep("staff")
	if text := fmt.Sprintf("%+v", k); strings.Contains(text, "CANARY") {
		t.Errorf("kept: %s", text)
	}
	old, ds := k.Parse()
	if ds.HasErrors() {
		t.Fatalf("%v\n%s", ds, k.Text)
	}
	a, b := c.Sync("staff"), old.Sync("staff")
	if len(old.Syncs) != 1 || b.From[0].Ref() != "source.okta.corp" || b.To.Ref() != "target.jira-cloud.acme" {
		t.Fatalf("%+v", b)
	}
	for _, department := range []string{"staff", "lab", "other"} {
		u := identity.User{Active: true, Email: "ada@example.org", Attributes: identity.Attributes{{Name: "department", Values: []string{department}}}}
		x, err := a.Rules.MapUser(&u, nil, "okta.corp", nil)
		y, err2 := b.Rules.MapUser(&u, nil, "okta.corp", nil)
		if err != nil || err2 != nil || x.In != y.In || x.In != (department != "other") || x.Email != y.Email {
			t.Errorf("%s: %+v %v, %+v %v", department, x, err, y, err2)
		}
	}
	if a.RangeOf("users.include") != b.RangeOf("users.include") || b.Limits.Deactivate[0].Count != 3 {
		t.Errorf("%v %v", a.RangeOf("users.include"), b.RangeOf("users.include"))
	}
}

// A rule that refers to a setting of another block has that setting kept, and no other.
func TestKeptWithASettingOfAnotherBlock(t *testing.T) {
	src := strings.Replace(keptSource, "prefix  = \"staff\"", "prefix  = source.okta.corp.domain", 1)
	src = strings.Replace(src, ` && ends_with(user.email, source.okta.corp.domain)`, "", 1)
	k := parsed(t, src, "lab").Keep("staff")
	if strings.Contains(k.Text, "CANARY") || !strings.Contains(k.Text, `domain    = "example.org"`) || strings.Contains(k.Text, "org_url") {
		t.Errorf("%s", k.Text)
	}
	if _, ds := k.Parse(); ds.HasErrors() {
		t.Error(ds)
	}
}

func TestEveryGoodConfigurationCanBeKept(t *testing.T) {
	files, _ := filepath.Glob("testdata/good/*.hcl")
	files = append(files, "../../gateway.hcl", "../../examples/minimal/gateway.hcl")
	for _, file := range files {
		c, ds := Parse([]byte(read(t, file)), file, World{LookupEnv: func(string) (string, bool) { return "x", true }, ReadFile: func(string) ([]byte, error) { return []byte("x"), nil }})
		if ds.HasErrors() {
			t.Errorf("%s: %v", file, ds)
			continue
		}
		for _, s := range c.Syncs {
			k := c.Keep(s.Name)
			old, ds := k.Parse()
			if ds.HasErrors() {
				t.Errorf("%s: %v", file, ds)
				continue
			}
			if got := Changes(k, old, c.Keep(s.Name), c, s.Name); len(got) != 0 {
				t.Errorf("%s: nothing was changed, but: %+v", file, got)
			}
		}
	}
}

func TestChanges(t *testing.T) {
	base := strings.Replace(keptSource, ` && ends_with(user.email, source.okta.corp.domain)`, "", 1)
	was := parsed(t, base, "lab").Keep("staff")
	for name, c := range map[string]struct{ from, to, want string }{
		"a filter":          {"contains(local.staff, user.department)", "false || contains(local.staff, user.department)", "users.include gateway.hcl line 29"},
		"layout":            {"contains(local.staff, user.department)", "contains( local.staff,user.department )", ""},
		"a comment":         {"# CANARY-9", "# other", ""},
		"an item of a map":  {`"admins" = ["jira-admins"]`, `"admins" = ["jira-users"]`, `groups.map["admins"] gateway.hcl line 41`},
		"an item removed":   {"      \"admins\" = [\"jira-admins\"]\n", "", `groups.map["admins"] gateway.hcl line 40`},
		"an attribute":      {"city = user.city", "city = user.town", `users.map.attributes["city"] gateway.hcl line 33`},
		"a local":           {`prefix  = "staff"`, `prefix  = "crew"`, "local.prefix gateway.hcl line 8"},
		"a local not used":  {`unused  = "CANARY-3"`, `unused  = "x"`, ""},
		"a connector":       {"org_url   = \"https://example.okta.com/CANARY-6\"", "org_url = \"https://other.okta.com\"", "source.okta.corp gateway.hcl line 11"},
		"a schedule":        {"  limits {", "  schedule { every = \"1h\" }\n  limits {", ""},
		"a limit":           {"count = 3", "count = 5", ""},
		"who is protected":  {"  limits {", "  limits {\n    protect = [\"ada\"]", "limits.protect gateway.hcl line 46"},
		"a setting written": {"mode = \"mapped\"", "keep_existing = false\n    mode = \"mapped\"", "groups.keep_existing gateway.hcl line 39"},
	} {
		if !strings.Contains(base, c.from) {
			t.Fatalf("%s: %q is not there", name, c.from)
		}
		now := parsed(t, strings.Replace(base, c.from, c.to, 1), "lab")
		old, _ := was.Parse()
		var got []string
		for _, x := range Changes(was, old, now.Keep("staff"), now, "staff") {
			got = append(got, x.Setting+" "+x.Where())
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	now := parsed(t, base, "field")
	old, _ := was.Parse()
	if got := Changes(was, old, now.Keep("staff"), now, "staff"); len(got) != 1 || got[0].Setting != "plain_env.STAFF" || got[0].Where() != "the environment" {
		t.Errorf("%+v", got)
	}
}
