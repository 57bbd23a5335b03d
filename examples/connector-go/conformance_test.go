package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"syncgateway/sdk/conformance"
)

// The connector's binary keeps the contract, against the pretend system.
func TestConformance(t *testing.T) {
	dir := t.TempDir()
	build(t, filepath.Join(dir, "connector"), ".")
	build(t, filepath.Join(dir, "fake"), "./fake")
	conformance.Source(t, conformance.Options{Binary: filepath.Join(dir, "connector"), Harness: conformance.ProcessHarness(filepath.Join(dir, "fake"))})
}

func build(t *testing.T, to, from string) {
	t.Helper()
	if out, err := exec.Command("go", "build", "-o", to, from).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", from, err, out)
	}
}
