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
	for _, role := range []string{"source"} {
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
