package jiracloud_test

import (
	"strings"
	"testing"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/atlassian"
	jiracloud "syncgateway/plugins/jira-cloud"
	"syncgateway/sdk/record"
	"syncgateway/sdk/sdktest"
)

func (b *bench) check() map[string]record.CheckStep {
	b.t.Helper()
	steps, err := b.in.Check(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string]record.CheckStep{}
	for _, s := range steps {
		out[s.Name] = s
	}
	return out
}

func TestCheckPasses(t *testing.T) {
	b := open(t, sandbox.Options{})
	steps := b.check()
	if len(steps) != 8 {
		t.Errorf("%d steps", len(steps))
	}
	for name, s := range steps {
		if s.Outcome != record.CheckPassed || len(s.Problems) > 0 {
			t.Errorf("%s: %v", name, s.Problems)
		}
	}
	if !strings.Contains(steps["seats"].Detail, "seats used") || !strings.Contains(steps["users and groups"].Detail, "11 groups") {
		t.Errorf("%q, %q", steps["seats"].Detail, steps["users and groups"].Detail)
	}
	b.changed()
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	b := open(t, sandbox.Options{})
	env := b.Env()
	for _, c := range []struct {
		step, text string
		change     []func(map[string]any)
	}{
		{"organisation", "does not accept the API key", []func(map[string]any){with("api_key", "nonsense")}},
		{"organisation", "no such organisation", []func(map[string]any){with("org_id", "e1f0")}},
		{"key may write", "has scopes", []func(map[string]any){with("api_key", env["ATLASSIAN_SCOPED_ORG_KEY"])}},
		{"key may write", "has scopes", []func(map[string]any){with("api_key", env["ATLASSIAN_SCOPED_ORG_KEY"]), with("email", ""), with("api_token", "")}},
		{"directory", "no such directory", []func(map[string]any){with("directory_id", "d")}},
		{"products", "no site", []func(map[string]any){with("site", "http://127.0.0.1:1"), with("email", ""), with("api_token", "")}},
		{"products", "has no product", []func(map[string]any){with("products", []string{"jira-core"})}},
		{"site sign-in", "does not accept email and api_token", []func(map[string]any){with("api_token", env["JIRA_SCOPED_TOKEN"])}},
	} {
		b.in = b.reopen(c.change...)
		s := b.check()[c.step]
		if s.Outcome != record.CheckFailed || !strings.Contains(s.Problems.Error(), c.text) {
			t.Errorf("%s: %d %v, want %q", c.step, s.Outcome, s.Problems, c.text)
		}
	}
	b.in = b.reopen()
	b.Atlassian.SetSiteRole(atlassian.SiteUser)
	if s := b.check()["site permissions"]; s.Outcome != record.CheckFailed || !strings.Contains(s.Problems.Error(), "Administer Jira") {
		t.Errorf("%+v", s)
	}
	b.changed()
}

func TestConfigure(t *testing.T) {
	b := open(t, sandbox.Options{})
	for text, change := range map[string]func(map[string]any){
		"belong together":        with("email", ""),
		"must match https":       with("site", "http://acme.atlassian.net"),
		"must start with https":  with("admin_url", "http://api.atlassian.com"),
		"org_id is the id alone": with("org_id", "https://admin.atlassian.com/o/1"),
		"needs email":            func(c map[string]any) { c["disable"], c["email"], c["api_token"] = "remove_groups", "", "" },
		"needs products":         func(c map[string]any) { c["disable"], c["products"] = "remove_groups", []string{} },
	} {
		_, problems := sdktest.Configure(t, b.config(change), b.plugin)
		if !problems.Failed() || !strings.Contains(problems.Error(), text) {
			t.Errorf("%v, want %q", problems, text)
		}
	}
}

func TestAboutIsWhole(t *testing.T) {
	about := jiracloud.About("test")
	for _, f := range about.Config.Fields {
		if f.Doc == "" {
			t.Errorf("%s has no description", f.Name)
		}
	}
	for _, k := range about.Kinds {
		for _, a := range k.Attributes {
			if a.Doc == "" {
				t.Errorf("%s.%s has no description", k.Name, a.Name)
			}
		}
	}
}
