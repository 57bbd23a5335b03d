package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"syncgateway/sdk/conformance/internal/plug"
)

// Options say what is tested, and with what.
type Options struct {
	Binary  string          // the connector
	Args    []string        // beyond what the gateway would give it
	Env     []string        // NAME=value, beyond what the gateway passes on
	Harness Harness         // nil: checks that need one are skipped
	Config  json.RawMessage // nil: the harness's. ${remote} in it stands for the fake's address
	Only    []string        // ids of checks, or patterns such as "source.*"; empty: all
	Roles   []string        // "source", "target", "listener"; empty: all that the connector has
	Lanes   int             // how many checks run side by side; 0: 4
	Observe func(Result)    // called with every row as it is known, one at a time; may be nil
}

// Run checks a binary. Its error says that nothing could be found out: the binary
// cannot be read, or the context ended. A connector that does not even start gets a
// report in which that check has failed.
func Run(ctx context.Context, o Options) (*Report, error) {
	path, err := filepath.Abs(o.Binary)
	if err != nil {
		return nil, err
	}
	if o.Lanes <= 0 {
		o.Lanes = 4
	}
	r := &run{o: o, binary: &plug.Binary{Path: path, Args: o.Args, Env: o.Env}, heard: &plug.Heard{}}
	r.report.Kit, r.report.Binary = Version, path
	if r.report.SHA256, err = r.binary.Sum(); err != nil {
		return nil, fmt.Errorf("read the binary: %w", err)
	}
	return r.all(ctx)
}

// Source checks that the binary is a good source, one sub-test for each check.
func Source(t *testing.T, o Options) *Report { t.Helper(); return role(t, o, roleSource) }

// Target checks that the binary is a good target, one sub-test for each check.
func Target(t *testing.T, o Options) *Report { t.Helper(); return role(t, o, roleTarget) }

// Listener checks that the binary is a good listener, one sub-test for each check.
func Listener(t *testing.T, o Options) *Report { t.Helper(); return role(t, o, roleListener) }

func role(t *testing.T, o Options, name string) *Report {
	t.Helper()
	o.Roles = []string{name}
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if report.Type != "" && len(report.Roles) > 0 && !contains(report.Roles, name) {
		t.Errorf("the connector is no %s, it says that it is: %v", name, report.Roles)
	}
	for _, c := range report.Checks {
		t.Run(c.ID, func(t *testing.T) {
			switch c.Outcome {
			case Failed:
				t.Errorf("%s\n%s\nlook at: %s", c.Title, c.Detail, c.Look)
			case Skipped:
				t.Skip(c.Detail)
			case Passed:
				t.Log(c.Detail)
			}
		})
	}
	return report
}
