package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"syncgateway/sdk/conformance"
	"syncgateway/sdk/conformance/broken/acme"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "broken")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "gateway-broken")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func TestHealthyConnectorsPass(t *testing.T) {
	for _, role := range []string{"source", "target"} {
		t.Run(role, func(t *testing.T) {
			r, err := conformance.Run(t.Context(), conformance.Options{Binary: binary, Env: []string{"BROKEN_ROLE=" + role}, Harness: acme.Harness})
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			_ = r.Text(&text)
			if _, failed, skipped := r.Count(); failed+skipped > 0 || !r.Passed() {
				t.Error(text.String())
			}
			t.Log(text.String())
		})
	}
}

// roleOf is the connector in which a check is broken.
func roleOf(id string) string {
	role, _, _ := strings.Cut(id, ".")
	if role == "all" {
		return "source"
	}
	return role
}

// atOnce is how many broken connectors are tested side by side: they wait most of the
// time.
const atOnce = 6

func TestEveryCheckHasAViolation(t *testing.T) {
	checks := map[string]bool{}
	for _, c := range conformance.Checks() {
		checks[c.ID] = true
		if violations[c.ID] == nil {
			t.Errorf("nothing breaks %s", c.ID)
		}
	}
	for id := range violations {
		if !checks[id] {
			t.Errorf("there is no check %s", id)
		}
	}
	t.Logf("%d checks, %d violations", len(checks), len(violations))
}

func TestEachViolationFailsItsCheckAlone(t *testing.T) {
	type verdict struct {
		id     string
		report *conformance.Report
		err    error
	}
	slots, verdicts := make(chan struct{}, atOnce), make(chan verdict)
	for id := range violations {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			r, err := conformance.Run(t.Context(), conformance.Options{Binary: binary, Env: []string{"BROKEN_ROLE=" + roleOf(id), "BROKEN=" + id}, Harness: acme.Harness})
			verdicts <- verdict{id, r, err}
		}()
	}
	for range violations {
		v := <-verdicts
		if v.err != nil {
			t.Fatalf("%s: %v", v.id, v.err)
		}
		for _, c := range v.report.Checks {
			if (c.Outcome == conformance.Failed) != (c.ID == v.id) {
				t.Errorf("violation of %s: %s has %s: %s", v.id, c.ID, c.Outcome, c.Detail)
			}
		}
		t.Logf("%s: %s", v.id, v.report.Duration)
	}
}
