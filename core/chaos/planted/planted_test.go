package planted

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"syncgateway/core/chaos"
)

// few are violations that a few seeds are enough for; make chaos PLANTED=all tries all.
var few = []string{"broken-read", "max-shrink", "second-look-target", "limits", "window", "min-population", "ownership", "ambiguous", "recovery"}

// With a protection switched off, the oracle objects. Every violation must still find
// its place in the gateway's source, or the build fails.
func TestPlantedViolationsAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the gateway again")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "chaos")
	if err := Build(root, dir, "./core/cmd/chaos"); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", dir+"/plugins/", root+"/examples/httpdir/cmd/gateway-httpdir-source", root+"/examples/httpdir/cmd/gateway-httpdir-target").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range few {
		t.Run(name, func(t *testing.T) {
			r := untilWrong(t.Context(), t, binary, dir, name, "1-100")
			if len(r.Failures) == 0 {
				t.Errorf("not caught in %d seeds", r.Seeds)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		if r := untilWrong(t.Context(), t, binary, dir, "", "1-10"); len(r.Failures) > 0 {
			t.Errorf("the build itself fails: %+v", r.Failures)
		}
	})
}

func untilWrong(ctx context.Context, t *testing.T, binary, dir, name, seeds string) (r chaos.Report) {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary, "-bin", dir, "-seeds", seeds, "-until-wrong")
	cmd.Env, cmd.Stderr = append(os.Environ(), Variable+"="+name), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	return r
}
