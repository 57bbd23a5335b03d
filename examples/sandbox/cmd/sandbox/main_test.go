package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// announced is closed by the first write, which comes when the ports listen.
type announced struct{ c chan string }

func (a announced) Write(p []byte) (int, error) {
	a.c <- string(p)
	return len(p), nil
}

func TestRunAnnouncesServesAndEndsWithStdin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sandbox.env")
	log := filepath.Join(t.TempDir(), "requests.jsonl")
	stdin, hold := io.Pipe()
	out := announced{make(chan string, 1)}
	result := make(chan error, 1)
	go func() {
		result <- run([]string{"-people", "20", "-addr-file", file, "-log", log, "-exit-with-stdin"}, stdin, out)
	}()
	var control string
	for line := range strings.Lines(<-out.c) {
		if name, address, _ := strings.Cut(strings.TrimSpace(line), " "); name == "control" {
			control = address
		}
	}
	resp, err := http.Get(control + "/env")
	if err != nil {
		t.Fatal(err)
	}
	env, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(env), "OKTA_API_TOKEN=00") {
		t.Errorf("env %s, %v", env, err)
	}
	hold.Close()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	for _, name := range []string{
		"OKTA_ORG_URL", "OKTA_API_TOKEN", "OKTA_APP_ID", "OKTA_CLIENT_ID", "OKTA_PRIVATE_KEY_FILE", "ATLASSIAN_ADMIN_URL", "ATLASSIAN_ORG_KEY",
		"ATLASSIAN_ORG_ID", "JIRA_SITE_URL", "JIRA_EMAIL", "JIRA_API_TOKEN", "SANDBOX_CONTROL",
	} {
		if values[name] == "" {
			t.Errorf("%s is missing from the address file", name)
		}
	}
	if info, err := os.Stat(values["OKTA_PRIVATE_KEY_FILE"]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info, err)
	}
}

func TestRunRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"people"}, {"-port-okta", "99999999"}, {"-log", "/nowhere/at/all"}} {
		if err := run(args, strings.NewReader(""), io.Discard); err == nil {
			t.Errorf("%v runs", args)
		}
	}
}
