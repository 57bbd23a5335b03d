package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// canaries are the secrets of a run, in every form they could leak in.
func canaries(values ...string) map[string]string {
	out := map[string]string{}
	for _, v := range values {
		out[v] = v
		out[url.QueryEscape(v)] = v + " (in a URL)"
		out[base64.StdEncoding.EncodeToString([]byte(v))] = v + " (base64)"
		out[base64.RawURLEncoding.EncodeToString([]byte(v))] = v + " (base64 of a URL)"
	}
	return out
}

// No secret is in anything that anybody can read afterwards: outputs, logs, plans, the
// database, the environment and the command lines of processes.
func TestSecretsNeverLeave(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t, "-people", "40", "-groups", "10")
	g := onSandbox(t, sb)
	head := fmt.Sprintf("gateway {\n  plugin_dir = %q\n  log_level = \"debug\"\n}\n", filepath.Join(bin, "plugins"))
	g.write("gateway.hcl", head+companyConfig)
	key, token, api := sb.value("ATLASSIAN_ORG_KEY"), sb.value("OKTA_API_TOKEN"), sb.value("JIRA_API_TOKEN")
	secrets := canaries(key, token, api, sb.value("JIRA_EMAIL")+":"+api)
	seen := func(what, text string) {
		t.Helper()
		for form, name := range secrets {
			if strings.Contains(text, form) {
				t.Errorf("%s has the secret %s", what, name)
			}
		}
	}
	run := func(args ...string) {
		t.Helper()
		r := g.run(args...)
		seen(strings.Join(args, " "), r.out+r.err)
	}
	run("validate")
	run("check")
	run("plan", "-out", "p.plan", "-json")
	sb.fault(map[string]any{"kind": "html", "server": "okta", "path": "/api/v1/groups", "count": 1})
	sb.fault(map[string]any{"kind": "status", "status": 401, "server": "api", "method": "POST", "path": "/admin/**", "skip": 3, "count": 1})
	run("apply")
	sb.fired()
	run("apply", "p.plan")
	run("apply")
	run("explain", "ada.byron@harbour.example", "-json")
	run("show", "-all")
	run("status", "-json")
	g.env = append(append([]string{}, sb.env...), "OKTA_API_TOKEN=00wrong"+token[:12], "ATLASSIAN_ORG_KEY="+key+"x")
	secrets[key+"x"], secrets["00wrong"+token[:12]] = "wrong key", "wrong token"
	run("check")
	run("plan")
	g.env = sb.env
	stop := g.serve()
	run("plan", "-full")
	processes(t, seen)
	stop()
	files(t, g.dir, seen)
}

// processes reads what any user of the machine could see of the plugins.
func processes(t *testing.T, seen func(what, text string)) {
	t.Helper()
	found := 0
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, line := range lines {
		b, err := os.ReadFile(line)
		if err != nil || !bytes.Contains(b, []byte(filepath.Join(bin, "plugins"))) {
			continue
		}
		found++
		seen("a plugin's command line", string(b))
		if env, err := os.ReadFile(filepath.Join(filepath.Dir(line), "environ")); err == nil {
			seen("a plugin's environment", string(env))
		}
	}
	if found == 0 {
		t.Error("no plugin runs: nothing was looked at")
	}
}

// files reads everything the gateway wrote.
func files(t *testing.T, dir string, seen func(what, text string)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		n++
		seen(path, string(b))
		return err
	})
	if err != nil || n < 3 {
		t.Errorf("%d files read: %v", n, err)
	}
}
