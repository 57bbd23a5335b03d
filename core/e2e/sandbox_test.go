package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// sandbox is a running pretend company: its own process, driven and read through its
// control API.
type sandbox struct {
	*testing.T
	env     []string
	control string
}

func startSandbox(t *testing.T, args ...string) *sandbox {
	t.Helper()
	addresses := filepath.Join(t.TempDir(), "addresses")
	cmd := exec.Command(filepath.Join(bin, "sandbox"), append([]string{"-addr-file", addresses, "-exit-with-stdin"}, args...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	sb := &sandbox{T: t}
	for range 600 {
		if b, err := os.ReadFile(addresses); err == nil {
			sb.env = strings.Split(strings.TrimSpace(string(b)), "\n")
			sb.control = sb.value("SANDBOX_CONTROL")
			return sb
		}
		time.Sleep(50 * time.Millisecond) // until the process has written its addresses
	}
	t.Fatal("the sandbox did not start")
	return nil
}

func (sb *sandbox) value(name string) string {
	for _, line := range sb.env {
		if v, ok := strings.CutPrefix(line, name+"="); ok {
			return v
		}
	}
	sb.Fatalf("the sandbox has no %s", name)
	return ""
}

// ask calls the control API.
func (sb *sandbox) ask(method, path string, body, answer any) {
	sb.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			sb.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(sb.Context(), method, sb.control+"/"+path, in)
	if err != nil {
		sb.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		sb.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		sb.Fatalf("%s %s: %s %s %v", method, path, resp.Status, b, err)
	}
	if answer != nil {
		if err := json.Unmarshal(b, answer); err != nil {
			sb.Fatalf("%s %s: %v: %.200s", method, path, err, b)
		}
	}
}

type mutation struct {
	Op      string         `json:"op"`
	Person  string         `json:"person,omitempty"`
	Group   string         `json:"group,omitempty"`
	Field   string         `json:"field,omitempty"`
	Value   string         `json:"value,omitempty"`
	Profile map[string]any `json:"profile,omitempty"`
}

func (sb *sandbox) mutate(m mutation) { sb.Helper(); sb.ask("POST", "mutate", m, nil) }

func (sb *sandbox) fault(rule map[string]any) { sb.Helper(); sb.ask("POST", "faults", rule, nil) }

// fired fails the test unless every fault that was asked for happened, and clears them.
func (sb *sandbox) fired() {
	sb.Helper()
	var faults []struct {
		Kind  string `json:"kind"`
		Fired int    `json:"fired"`
	}
	sb.ask("GET", "faults", nil, &faults)
	for _, f := range faults {
		if f.Fired == 0 {
			sb.Errorf("the fault %s never happened", f.Kind)
		}
	}
	sb.ask("DELETE", "faults", nil, nil)
}

// world is the state of both sides.
type world struct {
	Okta struct {
		Users []struct {
			Profile struct {
				Login  string `json:"login"`
				Email  string `json:"email"`
				Status string `json:"status"`
			} `json:"profile"`
			Groups []string `json:"groups"`
		} `json:"users"`
	} `json:"okta"`
	Atlassian struct {
		Users []struct {
			Email  string   `json:"email"`
			Kind   string   `json:"kind"`
			Status string   `json:"status"`
			Groups []string `json:"groups"`
		} `json:"users"`
		Groups []struct {
			Name      string `json:"name"`
			ManagedBy string `json:"managed_by"`
		} `json:"groups"`
	} `json:"atlassian"`
}

func (sb *sandbox) world() (w world) {
	sb.Helper()
	sb.ask("GET", "state", nil, &w)
	return w
}

// effect is something that a request changed.
type effect struct {
	Op        string `json:"op"`
	Email     string `json:"email"`
	GroupName string `json:"group_name"`
}

func (e effect) String() string { return strings.TrimSpace(e.Op + " " + e.Email + " " + e.GroupName) }

type entry struct {
	Seq     int      `json:"seq"`
	Server  string   `json:"server"`
	Method  string   `json:"method"`
	Path    string   `json:"path"`
	Status  int      `json:"status"`
	Effects []effect `json:"effects"`
}

// log is every request after seq that changed something, oldest first.
func (sb *sandbox) log(after int) (es []entry) {
	sb.Helper()
	sb.ask("GET", "log?"+url.Values{"after": {fmt.Sprint(after)}, "effects": {"1"}}.Encode(), nil, &es)
	return es
}

// last is the number of the newest request.
func (sb *sandbox) last() int {
	sb.Helper()
	var es []entry
	sb.ask("GET", "log", nil, &es)
	n := 0
	for _, e := range es {
		n = max(n, e.Seq)
	}
	return n
}

const companyConfig = `
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
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
  users {
    include = contains(user.groups, "jira-users")
    map { email = lower(user.email) }
  }
  groups {
    mode    = "by_name"
    include = regex_match("^(jira-|project-|data-)|^(engineering|research|platform|support|design)$", group.name)
    name    = replace(group.name, "jira-administrators", "jira-admins")
  }
  limits {
    min_population = 1
    max_shrink     = 50
    deactivate { count = 1000 }
    remove_member { count = 1000 }
    delete_group { count = 1000 }
    privileged { count = 1000 }
  }
}
`

// onSandbox is a gateway between the two sides of a sandbox.
func onSandbox(t *testing.T, sb *sandbox) *gateway {
	t.Helper()
	g := &gateway{T: t, dir: t.TempDir(), env: sb.env}
	g.config(companyConfig)
	g.must(g.run("plugins", "lock", "okta", "jira-cloud"), 0)
	return g
}

var wantedGroups = regexp.MustCompile(`^(jira-|project-|data-)|^(engineering|research|platform|support|design)$`)

// wish is what the company's Okta wants of Atlassian, worked out here and not by the
// gateway: groups by account, both folded.
func (w *world) wish() map[string]map[string]bool {
	active := map[string]bool{"ACTIVE": true, "PROVISIONED": true, "RECOVERY": true, "PASSWORD_EXPIRED": true, "LOCKED_OUT": true}
	out := map[string]map[string]bool{}
	for _, u := range w.Okta.Users {
		groups, member := map[string]bool{}, false
		for _, g := range u.Groups {
			member = member || g == "jira-users"
			if wantedGroups.MatchString(g) {
				groups[strings.ToLower(strings.Replace(g, "jira-administrators", "jira-admins", 1))] = true
			}
		}
		if active[u.Profile.Status] && member && u.Profile.Email != "" {
			out[strings.ToLower(u.Profile.Email)] = groups
		}
	}
	return out
}

// differences tells where Atlassian is not what Okta wants.
func (w *world) differences() []string {
	var out []string
	accounts := map[string]map[string]bool{}
	for _, u := range w.Atlassian.Users {
		if u.Status != "active" {
			continue
		}
		groups := map[string]bool{}
		for _, g := range u.Groups {
			groups[strings.ToLower(g)] = true
		}
		accounts[strings.ToLower(u.Email)] = groups
	}
	for email, groups := range w.wish() {
		has, ok := accounts[email]
		if !ok {
			out = append(out, email+" has no active account")
		}
		for g := range groups {
			if ok && !has[g] {
				out = append(out, email+" is not in "+g)
			}
		}
	}
	return out
}

// closed tells whether somebody's Atlassian account is deactivated as a whole.
func (w *world) closed(email string) bool {
	for _, u := range w.Atlassian.Users {
		if strings.EqualFold(u.Email, email) {
			return u.Status == "deactivated"
		}
	}
	return false
}
