package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const pairConfig = `
source "scim" "idp" { token = env("SCIM_TOKEN") }
source "okta" "corp" {
  org_url    = plain_env("OKTA_ORG_URL")
  api_token  = env("OKTA_API_TOKEN")
  rate_share = 1
}
target "jira-cloud" "acme" {
  site      = plain_env("JIRA_SITE_URL")
  email     = plain_env("JIRA_EMAIL")
  api_token = env("JIRA_API_TOKEN")
  org_id    = plain_env("ATLASSIAN_ORG_ID")
  api_key   = env("ATLASSIAN_ORG_KEY")
  admin_url = plain_env("ATLASSIAN_API_URL")
}
sync "staff" {
  from = [source.scim.idp, source.okta.corp]
  to   = target.jira-cloud.acme
  join = coalesce(user.external_id, user.id)
  schedule { on = ["event"] }
  users {
    include = contains(user.groups, "jira-users")
    map { email = lower(user.email) }
  }
  groups {
    mode    = "by_name"
    include = group.name == "jira-users"
  }
  limits {
    min_population = 1
    deactivate { count = 1000 }
    remove_member { count = 1000 }
  }
  drift { patience = "0s" }
}
`

// oktaUser is somebody as the sandbox's Okta shows them.
type oktaUser struct {
	ID      string `json:"id"`
	Profile struct {
		Login, Email, FirstName, LastName, Status string
	} `json:"profile"`
	Groups []string `json:"groups"`
}

// oktaUsers are the people who are to have Jira.
func (sb *sandbox) oktaUsers() (out []oktaUser) {
	sb.Helper()
	var state struct {
		Okta struct {
			Users []oktaUser `json:"users"`
		} `json:"okta"`
	}
	sb.ask("GET", "state", nil, &state)
	for _, u := range state.Okta.Users {
		active := slices.Contains([]string{"ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"}, u.Profile.Status)
		if active && slices.Contains(u.Groups, "jira-users") {
			out = append(out, u)
		}
	}
	return out
}

func (u *oktaUser) scim() map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": u.Profile.Login, "externalId": u.ID, "active": true,
		"name":   map[string]any{"givenName": u.Profile.FirstName, "familyName": u.Profile.LastName},
		"emails": []any{map[string]any{"value": u.Profile.Email, "type": "work", "primary": true}}}
}

// The pushes and the reads of one Okta org are one: what was not pushed is read, and
// named as drift; who was suspended, which Okta does not push, loses access all the same.
func TestPushAndPullAsOne(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t, "-people", "60")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	g := &gateway{T: t, dir: t.TempDir(), env: append(sb.env, "SCIM_TOKEN="+pushToken)}
	g.write("gateway.hcl", fmt.Sprintf("gateway {\n  plugin_dir = %q\n  listen = %q\n}\n", filepath.Join(bin, "plugins"), address)+pairConfig)
	g.must(g.run("plugins", "lock", "scim", "okta", "jira-cloud"), 0)
	g.must(g.run("validate"), 0)
	p := g.push()
	defer p.stop()

	all := sb.oktaUsers()
	if len(all) < 8 {
		t.Fatalf("the company has %d active people who are to have Jira", len(all))
	}
	ids := map[string]string{}
	var members []string
	for i := range all {
		id := p.ask(http.StatusCreated, "POST", "/Users", all[i].scim())["id"].(string)
		ids[all[i].Profile.Login], members = id, append(members, id)
	}
	group := p.group("jira-users", members...)
	account := func(email string) (a struct {
		Status string   `json:"status"`
		Groups []string `json:"groups"`
	}) {
		t.Helper()
		sb.ask("GET", "state/atlassian/users/"+email, nil, &a)
		return a
	}
	p.must(p.run("apply"), 0)
	for i := range all {
		if a := account(all[i].Profile.Email); a.Status != "active" {
			t.Errorf("%s is %s in Atlassian", all[i].Profile.Email, a.Status)
		}
	}
	if out := p.must(p.run("status"), 0).out; strings.Contains(out, "differs from") {
		t.Errorf("drift, with everything pushed: %s", out)
	}

	// In Okta, none of it pushed: a joiner, a marriage, a suspension, one who loses the group.
	const joiner = "grace.joiner@harbour.example"
	renamed, suspended, ungrouped := all[1].Profile.Login, all[2].Profile.Login, all[3].Profile.Login
	sb.mutate(mutation{Op: "create", Profile: map[string]any{"login": joiner, "email": joiner, "firstName": "Grace", "lastName": "Joiner", "status": "ACTIVE"}})
	sb.mutate(mutation{Op: "member-add", Group: "jira-users", Person: joiner})
	sb.mutate(mutation{Op: "set-profile", Person: renamed, Field: "lastName", Value: "Married"})
	sb.mutate(mutation{Op: "set-status", Person: suspended, Value: "SUSPENDED"})
	sb.mutate(mutation{Op: "member-remove", Group: "jira-users", Person: ungrouped})
	run := p.must(p.run("apply"), 0)
	for _, want := range []string{"1 person lost, 0 late, 3 contradicted", "lost " + joiner, `family_name pushed as "` + all[1].Profile.LastName + `", is "Married"`,
		`active pushed as "true", is "false"`, `pushed into group "jira-users", and not in it`} {
		if !strings.Contains(strings.ToLower(run.out), strings.ToLower(want)) {
			t.Errorf("the run does not say %q: %s", want, run.out)
		}
	}
	if a := account(joiner); a.Status != "active" {
		t.Errorf("who was not pushed, and read: %+v", a)
	}
	if a := account(all[2].Profile.Email); a.Status == "active" {
		t.Errorf("who is suspended in Okta, which nobody pushed: %+v", a)
	}
	p.must(p.run("status"), 0, "1 person lost, 0 late, 3 contradicted")
	p.must(p.run("show"), 0, "1 person lost, 0 late, 3 contradicted")
	p.must(p.run("explain", all[1].Profile.Email), 0, `drift: family_name pushed as`)
	metrics := p.fetch("/metrics")
	for _, want := range []string{`syncgateway_drift{kind="lost",sync="staff"} 1`, `syncgateway_drift{kind="contradicted",sync="staff"} 3`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}

	// The administrator has Okta push all of it again.
	for _, u := range sb.oktaUsers() {
		if u.Profile.Login == joiner {
			ids[joiner] = p.ask(http.StatusCreated, "POST", "/Users", u.scim())["id"].(string)
		}
	}
	p.ask(http.StatusNoContent, "PATCH", "/Groups/"+group, patch("add", "members", []any{map[string]any{"value": ids[joiner]}}))
	p.ask(http.StatusNoContent, "PATCH", "/Groups/"+group, patch("remove", `members[value eq "`+ids[ungrouped]+`"]`, nil))
	p.ask(http.StatusOK, "PATCH", "/Users/"+ids[renamed], patch("replace", "name.familyName", "Married"))
	p.ask(http.StatusOK, "PATCH", "/Users/"+ids[suspended], patch("replace", "active", false))
	p.eventually("the drift is over", func() bool {
		var s struct {
			Syncs []struct {
				Drift struct{ Late, Lost, Contradicted int }
			} `json:"syncs"`
		}
		if err := json.Unmarshal([]byte(p.must(p.run("status", "-json"), 0).out), &s); err != nil {
			t.Fatal(err)
		}
		d := s.Syncs[0].Drift
		return d.Late+d.Lost+d.Contradicted == 0
	})
	p.eventually("who was taken out of the group everywhere has no access", func() bool { return account(all[3].Profile.Email).Status != "active" })
}

// fetch gets a page of the public address.
func (p *pushing) fetch(path string) string {
	p.Helper()
	resp, err := p.client.Get(p.public + path)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatal(err)
	}
	return string(text)
}
