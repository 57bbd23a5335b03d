package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	for _, role := range []string{"source", "target", "listener"} {
		t.Run(role, func(t *testing.T) {
			r, err := conformance.Run(t.Context(), conformance.Options{Binary: binary, Env: []string{"BROKEN_ROLE=" + role}, Harness: harness(role)})
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			_ = r.Text(&text)
			if _, failed, skipped := r.Count(); failed > 0 || skipped > 0 && role != "listener" || !r.Passed() {
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
const atOnce = 10

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

// near are the checks that a violation is held against: its own, and those that stand
// by it in the table, which look at the same thing and do not wait for seconds. With KIT_FULL=1, as in `make kit`,
// it is held against all of them.
func near(id string) []string {
	if os.Getenv("KIT_FULL") != "" {
		return nil
	}
	all := conformance.Checks()
	at := slices.IndexFunc(all, func(c conformance.Info) bool { return c.ID == id })
	out := []string{id}
	for _, c := range all[max(0, at-around):min(len(all), at+around+1)] {
		if !c.Slow {
			out = append(out, c.ID)
		}
	}
	return out
}

// around is how many checks on either side a violation is held against.
const around = 3

func TestEachViolationFailsItsCheckAlone(t *testing.T) {
	type verdict struct {
		id     string
		report *conformance.Report
		err    error
	}
	slots, verdicts := make(chan struct{}, atOnce), make(chan verdict)
	for _, c := range conformance.Checks() {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			role := roleOf(c.ID)
			r, err := conformance.Run(t.Context(), conformance.Options{Binary: binary, Env: []string{"BROKEN_ROLE=" + role, "BROKEN=" + c.ID},
				Harness: harness(role), Only: near(c.ID), Lanes: 2})
			verdicts <- verdict{c.ID, r, err}
		}()
	}
	caught := 0
	for range conformance.Checks() {
		v := <-verdicts
		if v.err != nil {
			t.Fatalf("%s: %v", v.id, v.err)
		}
		for _, c := range v.report.Checks {
			if (c.Outcome == conformance.Failed) != (c.ID == v.id) {
				t.Errorf("violation of %s: %s has %s: %s", v.id, c.ID, c.Outcome, c.Detail)
			}
			if c.ID == v.id && c.Outcome == conformance.Failed {
				caught++
			}
		}
	}
	t.Logf("%d checks, %d planted violations caught", len(conformance.Checks()), caught)
}

// harness is the system for a role.
func harness(role string) conformance.Harness {
	if role == "listener" {
		return acme.Pushing
	}
	return acme.Harness
}
