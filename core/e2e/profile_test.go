package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// -profile has the gateway and the plugins it started leave profiles of themselves.
func TestProfilesOfAllProcesses(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simple(usual), "jsonfile-source", "jsonfile-target")
	g.put("source.json", company(10))
	g.put("target.json", file{})
	g.must(g.run("plan", "-profile", "profiles"), 0)
	for _, name := range []string{"gateway", "jsonfile-source", "jsonfile-target"} {
		for _, kind := range []string{"cpu", "mem"} {
			files, err := filepath.Glob(filepath.Join(g.dir, "profiles", name+"-*."+kind+".pprof"))
			if err != nil || len(files) == 0 {
				t.Errorf("there is no %s profile of %s: %v", kind, name, err)
				continue
			}
			// A process that only said what it is may have ended before it was asked to.
			size := int64(0)
			for _, f := range files {
				if info, err := os.Stat(f); err == nil {
					size = max(size, info.Size())
				}
			}
			if size == 0 {
				t.Errorf("the %s profiles of %s are empty", kind, name)
			}
		}
	}
}
