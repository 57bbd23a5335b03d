package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"syncgateway/core/chaos/remote"
)

// bin holds the binaries that the corpus runs.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		panic(err)
	}
	bin = dir
	code := 1
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build() error {
	for _, x := range [][]string{
		{bin + "/", "../cmd/gateway", "../../examples/sandbox/cmd/sandbox"},
		{bin + "/plugins/", "../../examples/httpdir/cmd/...", "../../plugins/okta/cmd/...", "../../plugins/jira-cloud/cmd/..."},
	} {
		if err := os.MkdirAll(x[0], 0o755); err != nil {
			return err
		}
		if out, err := exec.Command("go", append([]string{"build", "-o"}, x...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("build %v: %w\n%s", x[1:], err, out)
		}
	}
	return nil
}

// scratch is in memory where the system has such a place.
func scratch(t *testing.T) string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return t.TempDir()
}

// The faults that the fixed set must have met.
var everyKind = []remote.Kind{remote.DropPage, remote.Empty, remote.Unavailable, remote.Storm, remote.CutBody, remote.RepeatedCursor, remote.LostScope,
	remote.HiddenScope, remote.SizeLimit, remote.Stale, remote.DuplicatePage, remote.Reordered, remote.NoLookup, remote.LostAnswer, remote.HalfBatch,
	remote.Refused, remote.PluginCrash, hostKill, clockSkew, configEdit, idReused, caseFlip}

// A short fixed part of the corpus; make chaos runs the long one.
func TestCorpus(t *testing.T) {
	seeds := Seeds{1, 160}
	if testing.Short() {
		seeds.Last = 20
	}
	r, err := RunFast(t.Context(), FastOptions{Plugins: filepath.Join(bin, "plugins"), Scratch: scratch(t), Seeds: seeds, Workers: 2, Out: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	r.Table(t.Output(), "In this process, over the real contract", "make chaos SEEDS=%d")
	for _, f := range r.Failures {
		t.Errorf("seed %d: %s", f.Seed, f.Wrong)
	}
	for _, kind := range everyKind {
		if r.Fired[kind] == 0 && !testing.Short() {
			t.Errorf("the fault %q never happened", kind)
		}
	}
}

func TestProcesses(t *testing.T) {
	rounds := Seeds{1, 12}
	if testing.Short() {
		rounds.Last = 2
	}
	r, err := RunProcesses(t.Context(), ProcessOptions{Bin: bin, Scratch: scratch(t), Rounds: rounds, Workers: 2, Out: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Failures {
		t.Errorf("round %d: %s", f.Seed, f.Wrong)
	}
	if r.Judged == 0 || r.Fired[hostKill]+r.Fired[remote.PluginCrash] == 0 {
		t.Errorf("nothing was judged, or nothing killed: %+v", r)
	}
}

func TestSeeds(t *testing.T) {
	for text, want := range map[string]Seeds{"4711": {4711, 4711}, "1-10000": {1, 10000}} {
		if got, err := ParseSeeds(text); err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "5-1", "-3", "1-"} {
		if got, err := ParseSeeds(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

// The same seed is the same story.
func TestOneSeedOneStory(t *testing.T) {
	f, err := NewFast(t.Context(), filepath.Join(bin, "plugins"), scratch(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := f.Run(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Run(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if a.Runs != b.Runs || a.Judged != b.Judged || !slices.Equal(a.Wrong, b.Wrong) {
		t.Errorf("%d runs and %d changes, then %d and %d", a.Runs, a.Judged, b.Runs, b.Judged)
	}
}
