// Package core holds the host. The test in this folder keeps the import rules of
// ARCHITECTURE.md.
package core

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "syncgateway/"

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	CgoFiles   []string
	Standard   bool
	Module     *struct{ Path string }
}

func list(t *testing.T, args ...string) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps,CgoFiles,Standard,Module", "-deps"}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]pkg{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

func below(path string, trees ...string) bool {
	return slices.ContainsFunc(trees, func(tree string) bool { return path == module+tree || strings.HasPrefix(path, module+tree+"/") })
}

// ours calls f for every package of this module.
func ours(all map[string]pkg, f func(pkg)) {
	for path, p := range all {
		if strings.HasPrefix(path, module) {
			f(p)
		}
	}
}

// wiring is the one place where host and SDK meet: it hands the conformance kit, which
// stands alone in the SDK, to the command line.
const wiring = "core/cmd/gateway"

func TestTreesKeepApart(t *testing.T) {
	all := list(t, "./...")
	forbidden := map[string][]string{
		"proto":    {"core", "sdk", "plugins", "examples"},
		"sdk":      {"core", "plugins", "examples"},
		"core":     {"sdk", "plugins", "examples"},
		"plugins":  {"core", "examples"},
		"examples": {"core", "plugins"},
	}
	ours(all, func(p pkg) {
		for tree, not := range forbidden {
			if !below(p.ImportPath, tree) {
				continue
			}
			for _, dep := range p.Deps {
				if below(dep, not...) && !(p.ImportPath == module+wiring && below(dep, "sdk/conformance")) {
					t.Errorf("%s depends on %s", p.ImportPath, dep)
				}
			}
		}
	})
}

func TestOnlyTheStoreUsesSQLite(t *testing.T) {
	all := list(t, "./...")
	ours(all, func(p pkg) {
		if slices.Contains(p.Imports, "github.com/mattn/go-sqlite3") && p.ImportPath != module+"core/store/sqlite" {
			t.Errorf("%s imports go-sqlite3", p.ImportPath)
		}
		if below(p.ImportPath, "plugins") && slices.Contains(p.Deps, "github.com/mattn/go-sqlite3") {
			t.Errorf("%s depends on go-sqlite3", p.ImportPath)
		}
	})
}

func TestGeneratedTypesStayAtTheBorder(t *testing.T) {
	all := list(t, "./...")
	ours(all, func(p pkg) {
		if slices.Contains(p.Imports, module+"proto/gateway/plugin/v1") && !below(p.ImportPath, "core/pluginhost", "sdk/internal/wire", "sdk/conformance") {
			t.Errorf("%s imports the generated code", p.ImportPath)
		}
	})
}

// order is the way down: a package may import those after it, never one before it.
var order = []string{"core/cmd/gateway", "core/cli", "core/api", "core/gateway", "core/engine", "core/apply", "core/audit", "core/mirror", "core/directory", "core/ingress", "core/token", "core/pluginhost",
	"core/guard", "core/selector", "core/plan", "core/config", "core/correlate", "core/mapping", "core/schema", "core/identity"}

func TestArrowsGoDown(t *testing.T) {
	all := list(t, "./core/...")
	ours(all, func(p pkg) {
		from := slices.Index(order, strings.TrimPrefix(p.ImportPath, module))
		for _, imp := range p.Imports {
			if to := slices.Index(order, strings.TrimPrefix(imp, module)); from >= 0 && to >= 0 && to < from {
				t.Errorf("%s imports %s, which is above it", p.ImportPath, imp)
			}
		}
	})
}

// pure packages decide; they reach nothing outside.
func TestPurePackages(t *testing.T) {
	all := list(t, "./core/...")
	pure := []string{"core/identity", "core/idset", "core/mapping", "core/correlate", "core/plan", "core/selector", "core/guard"}
	ours(all, func(p pkg) {
		if !below(p.ImportPath, pure...) {
			return
		}
		for _, imp := range p.Imports {
			switch {
			case slices.Contains([]string{"os", "net", "net/http", "database/sql", "os/exec"}, imp):
				t.Errorf("%s imports %s", p.ImportPath, imp)
			case all[imp].Standard, below(imp, pure...):
			case p.ImportPath == module+"core/mapping" && (strings.HasPrefix(imp, "github.com/hashicorp/hcl/v2") || strings.HasPrefix(imp, "github.com/zclconf/go-cty")):
			default:
				t.Errorf("%s imports %s", p.ImportPath, imp)
			}
		}
	})
}

// sdk and proto must be able to become modules of their own.
func TestSDKDependsOnLittle(t *testing.T) {
	all := list(t, "./sdk/...", "./proto/...")
	allowed := []string{"google.golang.org/grpc", "google.golang.org/protobuf", "github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog",
		"golang.org/x/", module}
	ours(all, func(p pkg) {
		for _, imp := range p.Imports {
			if all[imp].Standard || slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(imp, a) }) {
				continue
			}
			t.Errorf("%s imports %s", p.ImportPath, imp)
		}
	})
}
