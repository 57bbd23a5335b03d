package sandbox_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/atlassian"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/okta"
	"syncgateway/examples/sandbox/reqlog"
)

func none(*http.Request) {}

func TestControlDrivesTheCompany(t *testing.T) {
	c, sb := small(t)
	control := func(method, path string, body any) answer { return c.do(method, sb.ControlURL+path, body, none) }
	control("GET", "/health", nil).want(http.StatusOK)
	control("POST", "/scenario/leaver", nil).want(http.StatusOK)
	control("POST", "/scenario/nothing", nil).want(http.StatusBadRequest)
	control("POST", "/mutate", map[string]any{"op": "member-remove", "person": company.Ada, "group": "engineering"}).want(http.StatusOK)
	control("POST", "/mutate", map[string]any{"op": "member-remove", "person": company.Ada, "grp": "engineering"}).want(http.StatusBadRequest)
	control("POST", "/mutate", map[string]any{"op": "create", "profile": company.Person{Login: "x@harbour.example", FirstName: "X"}}).want(http.StatusOK)
	control("POST", "/atlassian", atlassian.Hand{Op: "member-add", Group: "jira-admins", User: company.Ada}).want(http.StatusOK)
	control("POST", "/settings", map[string]any{"okta_role": okta.Limited, "lag_ms": 5, "limits": "vendor", "site_role": "user"}).want(http.StatusOK)

	if emil, _ := sb.Okta.User(company.Emil); emil.Person.Status != company.Deprovisioned {
		t.Errorf("Emil is %s", emil.Person.Status)
	}
	if ada := control("GET", "/state/okta/users/"+company.Ada, nil).want(http.StatusOK).object(); strings.Contains(ada["id"].(string), "@") || len(ada["groups"].([]any)) != 3 {
		t.Errorf("Ada in Okta: %v", ada)
	}
	if admins := control("GET", "/state/atlassian/groups/JIRA-admins", nil).want(http.StatusOK).object(); len(admins["members"].([]any)) != 3 {
		t.Errorf("jira-admins: %v", admins)
	}
	control("GET", "/state/atlassian/users/nobody", nil).want(http.StatusNotFound)
	if users := c.okta("/users").want(http.StatusOK).list(); len(users) != 0 {
		t.Error("the setting of the role has no effect")
	}
	var state struct {
		Okta, Atlassian struct{ Users, Groups []json.RawMessage }
	}
	control("GET", "/state", nil).want(http.StatusOK).into(&state)
	if len(state.Okta.Users) != 61 || len(state.Atlassian.Groups) == 0 {
		t.Errorf("state has %d people", len(state.Okta.Users))
	}
}

func TestControlFaultsAndLog(t *testing.T) {
	c, sb := small(t)
	control := func(method, path string, body any) answer { return c.do(method, sb.ControlURL+path, body, none) }
	id := control("POST", "/faults", `{"kind":"status","status":500,"server":"okta","count":1}`).want(http.StatusCreated).object()["id"]
	control("POST", "/faults", `{"kind":"nonsense"}`).want(http.StatusBadRequest)
	c.okta("/users").want(http.StatusInternalServerError)
	c.okta("/users").want(http.StatusOK)
	if list := control("GET", "/faults", nil).list(); len(list) != 1 || list[0]["id"] != id || list[0]["fired"] != 1.0 {
		t.Errorf("faults %v", list)
	}
	control("DELETE", "/faults/"+id.(string), nil).want(http.StatusOK)
	control("DELETE", "/faults/"+id.(string), nil).want(http.StatusNotFound)
	c.dir("POST", "/groups", map[string]any{"name": "crew"}).want(http.StatusCreated)

	all := control("GET", "/log", nil).list()
	if len(all) != 3 || all[0]["faults"] == nil || all[0]["status"] != 500.0 {
		t.Errorf("log %v", all)
	}
	if changed := control("GET", "/log?effects=1", nil).list(); len(changed) != 1 || changed[0]["server"] != "api" {
		t.Errorf("changes %v", changed)
	}
	if later := control("GET", "/log?after=2&path=/admin/**", nil).list(); len(later) != 1 {
		t.Errorf("later %v", later)
	}
	control("DELETE", "/log", nil).want(http.StatusOK)
	c.okta("/users")
	if rest := control("GET", "/log", nil).list(); len(rest) != 1 || rest[0]["seq"] != 4.0 {
		t.Errorf("after the reset %v", rest)
	}
}

// TestLogKeepsNoCredential looks for every token in everything that is logged.
func TestLogKeepsNoCredential(t *testing.T) {
	var lines bytes.Buffer
	sb, err := sandbox.Start(sandbox.Options{Seed: 1, People: 20, LogTo: &lines})
	if err != nil {
		t.Fatal(err)
	}
	c := newCaller(t, sb)
	c.okta("/users")
	c.org("GET", "/directories", nil)
	c.site("GET", "/myself", nil)
	token, _ := signIn(c, sb.Env()["OKTA_CLIENT_ID"], "okta.users.read", nil).object()["access_token"].(string)
	if err := sb.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(lines.String(), "\n"); n != 4 || len(sb.Log.Entries(reqlog.Filter{})) != 4 {
		t.Errorf("%d lines", n)
	}
	for name, secret := range map[string]string{
		"SSWS": sb.Okta.Token(), "org": sb.Atlassian.OrgKey, "site": sb.Atlassian.Token, "access": token, "assertion": "eyJ",
	} {
		if strings.Contains(lines.String(), secret) {
			t.Errorf("the log has the %s credential", name)
		}
	}
}

func TestSameSeedSameCompany(t *testing.T) {
	read := func(seed uint64) string {
		sb := start(t, sandbox.Options{Seed: seed, People: 80, WithoutOAuth: true})
		raw, err := json.Marshal([]any{
			sb.Okta.Users(), sb.Okta.Groups(), sb.Atlassian.Users(), sb.Atlassian.Groups(), sb.Atlassian.Credentials, sb.Okta.Token(),
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	first := read(7)
	if again := read(7); again != first {
		t.Error("the same seed gives two companies")
	}
	if read(8) == first {
		t.Error("two seeds give the same company")
	}
}
