package okta

import (
	"net/http"
	"strings"
	"testing"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/okta"
	"syncgateway/sdk"
	"syncgateway/sdk/record"
	"syncgateway/sdk/sdktest"
)

// outcome is a check on one line: "reach authenticate !read users -read members".
func outcome(t *testing.T, in *sdktest.Instance) (line, words string) {
	t.Helper()
	steps, err := in.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		sign := map[record.CheckOutcome]string{record.CheckFailed: "!", record.CheckSkipped: "-"}[s.Outcome]
		line += " " + sign + strings.ReplaceAll(s.Name, " ", "-")
		words += s.Detail + "\n" + s.Problems.Error() + "\n"
	}
	return strings.TrimSpace(line), words
}

func TestCheck(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1})
	token, app, bound := map[string]any{}, o.service("OKTA_CLIENT_ID", nil), o.service("OKTA_DPOP_CLIENT_ID", nil)
	const allPass = "reach authenticate read-users read-groups read-members read-system-log"
	for name, test := range map[string]struct {
		config map[string]any
		role   okta.Role
		scopes []string
		rule   fault.Rule
		want   string
		says   []string
	}{
		"token":          {config: token, want: allPass, says: []string{"users visible", "groups visible", "API token accepted"}},
		"service app":    {config: app, want: allPass, says: []string{"Bearer token with okta.groups.read, okta.logs.read, okta.users.read"}},
		"bound":          {config: bound, want: allPass, says: []string{"DPoP token"}},
		"app scope":      {config: map[string]any{"app_id": o.Okta.AppID()}, want: "reach authenticate app read-users read-groups read-members read-system-log", says: []string{"Jira Cloud", "assigned users"}},
		"unknown app":    {config: map[string]any{"app_id": "0oaNobody"}, want: "reach authenticate !app !read-users !read-groups -read-members read-system-log", says: []string{"look up app_id"}},
		"without logs":   {config: map[string]any{"logs": false}, want: "reach authenticate read-users read-groups read-members"},
		"wrong token":    {config: map[string]any{"api_token": "wrong"}, want: "reach !authenticate -read-users -read-groups -read-members -read-system-log", says: []string{"make a new one", "E0000011"}},
		"no role":        {config: token, role: okta.NoRole, want: "reach authenticate !read-users !read-groups -read-members !read-system-log", says: []string{"Read-only Administrator"}},
		"narrow role":    {config: app, role: okta.Limited, want: "reach authenticate !read-users !read-groups -read-members read-system-log", says: []string{"the service app has", "Read-only Administrator"}},
		"missing scopes": {config: app, scopes: []string{scopeUsers}, want: "reach !authenticate -read-users -read-groups -read-members -read-system-log", says: []string{"not granted okta.groups.read, okta.logs.read", "Okta API Scopes"}},
		"scope left out": {config: o.service("OKTA_CLIENT_ID", map[string]any{"scopes": []string{scopeUsers}}), want: "reach authenticate read-users !read-groups -read-members !read-system-log", says: []string{"lacks the scope okta.groups.read", "lacks the scope okta.logs.read"}},
		"down":           {config: token, rule: fault.Rule{Kind: fault.DropRequest}, want: "!reach -authenticate -read-users -read-groups -read-members -read-system-log", says: []string{"Check org_url"}},
		"a web page":     {config: token, rule: fault.Rule{Kind: fault.HTML}, want: "!reach -authenticate -read-users -read-groups -read-members -read-system-log", says: []string{"web page"}},
		"log broken":     {config: token, rule: fault.Rule{Kind: fault.LostScope, Path: logsPath}, want: "reach authenticate read-users read-groups read-members !read-system-log", says: []string{"403"}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Okta.SetRole(okta.ReadOnlyAdmin)
			if test.role != "" || name == "no role" {
				o.Okta.SetRole(test.role)
			}
			o.Okta.SetScopes(okta.AllReadScopes())
			if test.scopes != nil {
				o.Okta.SetScopes(test.scopes)
			}
			if test.rule.Kind != "" {
				o.fault(test.rule)
				defer o.Faults.Clear()
			}
			got, words := outcome(t, o.open(test.config))
			if got != test.want {
				t.Errorf("%s\nwant %s\n%s", got, test.want, words)
			}
			for _, s := range test.says {
				if !strings.Contains(words, s) {
					t.Errorf("%q is not said:\n%s", s, words)
				}
			}
			if strings.Contains(words, o.Okta.Token()) {
				t.Error("the token shows")
			}
		})
	}
}

func TestCheckOfSomethingElse(t *testing.T) {
	line, words := outcome(t, odd(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"hello":"world"}`)) }))
	if !strings.HasPrefix(line, "reach authenticate !read-users") || !strings.Contains(words, "does not look like Okta") {
		t.Errorf("%s\n%s", line, words)
	}
	in := sdktest.Open(t, map[string]any{"org_url": "http://127.0.0.1:1", "api_token": "t"}, func() (*sdk.Plugin, error) { return sdk.SourcePlugin(About("test"), New()) })
	if line, words := outcome(t, in); !strings.HasPrefix(line, "!reach -authenticate") || !strings.Contains(words, "refused") {
		t.Errorf("%s\n%s", line, words)
	}
}
