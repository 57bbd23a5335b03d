package scim

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"syncgateway/sdk/conformance"
)

// provider is what an identity provider sends. It has no system behind it.
type provider struct{}

func (provider) About() conformance.About {
	return conformance.About{Config: json.RawMessage(`{"token":"` + token + `"}`)}
}

func (provider) Seed(context.Context, conformance.Company) (map[string]string, error) {
	return nil, conformance.Skip("a listener is pushed to")
}

func (provider) State(context.Context) (conformance.Company, error) {
	return conformance.Company{}, conformance.Skip("a listener is pushed to")
}

func (provider) Close() error { return nil }

func (provider) Requests(context.Context) (conformance.Requests, error) {
	header := map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/scim+json"}
	return conformance.Requests{Credential: "Authorization",
		Create: conformance.Request{Method: "POST", Path: "/Users", Header: header,
			Body: `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"user${n}@kit.example","active":true}`},
		Read: conformance.Request{Method: "GET", Path: "/Users?count=1", Header: header}}, nil
}

// TestConformance runs the whole kit on the binary that is shipped.
func TestConformance(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "gateway-scim")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/gateway-scim").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	harness := conformance.HarnessFunc(func(context.Context) (conformance.Remote, error) { return provider{}, nil })
	report := conformance.Listener(t, conformance.Options{Binary: binary, Harness: harness})
	passed, failed, skipped := report.Count()
	t.Logf("%d passed, %d failed, %d skipped in %s", passed, failed, skipped, report.Duration)
}
