package okta

import (
	"strings"
	"testing"

	"syncgateway/sdk"
	"syncgateway/sdk/sdktest"
)

func TestSettings(t *testing.T) {
	const canary = "canary-0a1b2c"
	with := func(more map[string]any) map[string]any {
		all := map[string]any{"org_url": "https://example.okta.com", "api_token": canary}
		for name, value := range more {
			if all[name] = value; value == nil {
				delete(all, name)
			}
		}
		return all
	}
	app := map[string]any{"client_id": "0oa1", "private_key": canary, "key_id": "k"}
	for name, test := range map[string]struct {
		more map[string]any
		at   []string // paths of the problems; none: fine
	}{
		"defaults":           {nil, nil},
		"slash at the end":   {map[string]any{"org_url": "https://example.okta.com/"}, nil},
		"loopback":           {map[string]any{"org_url": "http://127.0.0.1:8080"}, nil},
		"loopback by name":   {map[string]any{"org_url": "http://localhost:8080"}, nil},
		"own domain":         {map[string]any{"org_url": "https://login.example.org"}, nil},
		"in the clear":       {map[string]any{"org_url": "http://example.okta.com"}, []string{"org_url"}},
		"loopback's cousin":  {map[string]any{"org_url": "http://127.0.0.1.example.org"}, []string{"org_url"}},
		"console":            {map[string]any{"org_url": "https://example-admin.okta.com"}, []string{"org_url"}},
		"with a path":        {map[string]any{"org_url": "https://example.okta.com/api/v1"}, []string{"org_url"}},
		"with a password":    {map[string]any{"org_url": "https://u:" + canary + "@example.okta.com"}, []string{"org_url"}},
		"no address":         {map[string]any{"org_url": "example.okta.com"}, []string{"org_url"}},
		"no credential":      {map[string]any{"api_token": nil}, []string{""}},
		"two credentials":    {map[string]any{"oauth": app}, []string{"oauth"}},
		"token with word":    {map[string]any{"api_token": "SSWS " + canary}, []string{"api_token"}},
		"not a key":          {map[string]any{"api_token": nil, "oauth": app}, []string{"oauth.private_key"}},
		"odd app":            {map[string]any{"app_id": "../users"}, []string{"app_id"}},
		"no types":           {map[string]any{"group_types": []string{}}, []string{"group_types"}},
		"odd type":           {map[string]any{"group_types": []string{"OKTA_GROUP", "TEAM"}}, []string{"group_types[1]"}},
		"several":            {map[string]any{"staged": "x", "rate_share": 2, "concurrency": 0, "member_page": 5000}, []string{"staged", "rate_share", "concurrency", "member_page"}},
		"a number for a URL": {map[string]any{"org_url": 5}, []string{"org_url"}},
	} {
		_, problems := sdktest.Configure(t, with(test.more), func() (*sdk.Plugin, error) { return sdk.SourcePlugin(About("test"), New()) })
		var at []string
		for _, p := range problems {
			at = append(at, p.Path.String())
			if strings.Contains(p.Error(), canary) || p.Summary == "" {
				t.Errorf("%s: %v", name, p)
			}
		}
		if strings.Join(at, " ") != strings.Join(test.at, " ") || problems.Failed() != (len(test.at) > 0) {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// What the host shows and the tests use must be the same defaults.
func TestDefaultsAreThoseOfTheSchema(t *testing.T) {
	d := defaults()
	want := map[string]any{"include_deprovisioned": d.IncludeDeprovisioned, "staged": d.Staged, "logs": d.Logs, "rate_share": d.RateShare,
		"concurrency": float64(d.Concurrency), "member_page": float64(d.MemberPage), "group_types": []any{d.GroupTypes[0], d.GroupTypes[1]}}
	for _, f := range configSchema.Fields {
		if w, ok := want[f.Name]; ok && !equalJSON(t, f.Default, w) {
			t.Errorf("%s: %v in the schema, %v in use", f.Name, f.Default, w)
		}
		delete(want, f.Name)
	}
	if len(want) > 0 {
		t.Errorf("not in the schema: %v", want)
	}
}
