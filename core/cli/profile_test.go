package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A command leaves profiles of itself, and tells plugins where to leave theirs.
func TestProfile(t *testing.T) {
	t.Setenv(profileKey, "") // put back afterwards
	dir := filepath.Join(t.TempDir(), "profiles")
	var out bytes.Buffer
	if code := Main("1.0.0", nil, []string{"version", "-profile", dir}, nil, &out, &out); code != exitDone {
		t.Fatal(code, out.String())
	}
	for _, pattern := range []string{"gateway-*.cpu.pprof", "gateway-*.mem.pprof"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) != 1 {
			t.Fatal(pattern, files, err)
		}
		if info, err := os.Stat(files[0]); err != nil || info.Size() == 0 {
			t.Error(files[0], info, err)
		}
	}
	if got := os.Getenv(profileKey); got != dir {
		t.Error(got)
	}
}
