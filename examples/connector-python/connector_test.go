// Package connectorpython holds the test of a connector that is not written in Go.
package connectorpython

import (
	"os/exec"
	"path/filepath"
	"testing"

	"syncgateway/sdk/conformance"
)

// python finds one that has what the connector needs.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.Command(path, "-c", "import grpc, google.protobuf, cryptography").Run() == nil {
			return path
		}
	}
	t.Skip("no Python with grpcio, protobuf and cryptography is installed (Debian: python3-grpcio python3-protobuf python3-cryptography)")
	return ""
}

func TestConformance(t *testing.T) {
	py := python(t)
	binary := filepath.Join(t.TempDir(), "gateway-hr-csv")
	if out, err := exec.Command(py, "-m", "zipapp", "app", "-o", binary, "-p", py).CombinedOutput(); err != nil {
		t.Fatalf("zipapp: %v\n%s", err, out)
	}
	report := conformance.Source(t, conformance.Options{Binary: binary, Harness: conformance.ProcessHarness(py, "harness.py")})
	if passed, _, _ := report.Count(); passed < 15 {
		t.Errorf("%d checks passed: too few to tell anything", passed)
	}
}
