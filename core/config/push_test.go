package config

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"syncgateway/core/schema"
)

// Drift is looked for between what is pushed and what is read, joined by the provider's
// own id.
func TestDriftBlock(t *testing.T) {
	listener := &schema.Plugin{Type: "scim", Roles: []schema.Role{schema.Listener}}
	plugins := func(typ string) (*schema.Plugin, error) {
		if typ == "scim" {
			return listener, nil
		}
		return lookup(typ)
	}
	file := func(from, join, block string) string {
		return `
source "scim" "idp" {}
source "okta" "corp" { org_url = "https://harbour.okta.example" }
target "jira-cloud" "acme" {
  site    = "https://harbour.atlassian.example"
  api_key = env("ORG_KEY")
}
sync "staff" {
  from = [` + from + `]
  to   = target.jira-cloud.acme
  join = ` + join + "\n" + block + "\n}\n"
	}
	const both, byID = "source.scim.idp, source.okta.corp", "coalesce(user.external_id, user.id)"
	for _, x := range []struct {
		from, join, block string
		compares, wrong   bool
	}{
		{both, byID, "", true, false},
		{both, byID, `drift { patience = "2h" }`, true, false},
		{both, "lower(user.email)", "", false, false},
		{both, "lower(user.email)", `drift { patience = "2h" }`, false, true},
		{both, byID, `drift { compare = ["shoe size"] }`, true, true},
		{"source.scim.idp", byID, `drift { patience = "2h" }`, false, true},
	} {
		c, ds := Parse([]byte(file(x.from, x.join, x.block)), "gateway.hcl", world())
		if !ds.HasErrors() {
			ds = append(ds, Validate(c, plugins)...)
			if got := c.Syncs[0].PushAndPull(); got != x.compares {
				t.Errorf("%+v: compares %v", x, got)
			}
		}
		if ds.HasErrors() != x.wrong {
			t.Errorf("%+v: %v", x, ds)
		}
	}
	c := mustParse(t, file(both, byID, ""))
	if d := c.Syncs[0].Drift; d.Patience != time.Hour || !slices.Equal(d.Compare, []string{DriftActive, DriftEmail, DriftUsername, DriftNames, DriftGroups}) {
		t.Errorf("defaults: %+v", d)
	}
}

// Tokens that others issue are for sources that are pushed to, and their keys come from
// where nobody can put others.
func TestJWTBlock(t *testing.T) {
	plugins := func(typ string) (*schema.Plugin, error) {
		return &schema.Plugin{Type: typ, Roles: []schema.Role{map[string]schema.Role{"scim": schema.Listener, "okta": schema.Source}[typ]}}, nil
	}
	for _, x := range []struct {
		typ, keys string
		wrong     bool
	}{
		{"scim", "https://login.example/keys", false},
		{"scim", "http://127.0.0.1:8080/keys", false},
		{"scim", "http://login.example/keys", true},
		{"scim", "ftp://login.example/keys", true},
		{"scim", "secrets/keys.json", false},
		{"okta", "https://login.example/keys", true},
	} {
		c, ds := Parse([]byte(`source "`+x.typ+`" "idp" {
  gateway {
    jwt {
      issuer   = "https://sts.example/"
      audience = "gateway"
      keys     = "`+x.keys+`"
      claims   = { appid = "provisioning" }
    }
  }
}
`), filepath.Join("conf", "gateway.hcl"), world())
		if !ds.HasErrors() {
			ds = append(ds, Validate(c, plugins)...)
		}
		if ds.HasErrors() != x.wrong {
			t.Errorf("%+v: %v", x, ds)
		}
		if x.wrong {
			continue
		}
		j := c.Sources[0].Host.JWT
		if j == nil || j.Issuer != "https://sts.example/" || j.Audience != "gateway" || j.Claims["appid"] != "provisioning" {
			t.Fatalf("%+v: %+v", x, j)
		}
		if x.keys == "secrets/keys.json" && j.Keys != filepath.Join("conf", "secrets", "keys.json") {
			t.Errorf("the file is %s", j.Keys)
		}
	}
	if c := mustParse(t, `source "scim" "idp" {}`); c.Sources[0].Host.JWT != nil {
		t.Error("a block that is not written")
	}
}
