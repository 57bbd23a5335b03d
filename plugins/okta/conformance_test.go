package okta

import (
	"os/exec"
	"path/filepath"
	"testing"

	"syncgateway/examples/sandbox/kit"
	"syncgateway/sdk/conformance"
)

// TestConformance runs the whole kit on the binary that is shipped.
func TestConformance(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "gateway-okta")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/gateway-okta").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	report := conformance.Source(t, conformance.Options{Binary: binary, Harness: kit.Okta()})
	passed, failed, skipped := report.Count()
	t.Logf("%d passed, %d failed, %d skipped in %s", passed, failed, skipped, report.Duration)
}
