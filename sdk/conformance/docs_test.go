package conformance

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of checks into the documentation")

// TestDocumentationListsTheChecks keeps docs/conformance.md true. `make docs` writes the
// table anew.
func TestDocumentationListsTheChecks(t *testing.T) {
	const begin, end = "<!-- checks: begin -->\n", "<!-- checks: end -->\n"
	path := filepath.Join("..", "..", "docs", "conformance.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the checks", path)
	}
	want := before + begin + documentation() + end + after
	if want == string(data) {
		return
	}
	if !*update {
		t.Fatalf("%s does not list the checks as they are: run make docs", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func documentation() string {
	var b strings.Builder
	titles := map[string]string{roleAll: "Every connector", roleSource: "Sources", roleTarget: "Targets", roleListener: "Listeners"}
	role := ""
	for _, c := range Checks() {
		if c.Role != role {
			role = c.Role
			fmt.Fprintf(&b, "\n### %s\n\n| check | what a good connector does | look at, when it fails |\n|---|---|---|\n", titles[role])
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.ID, c.Title, c.Look)
	}
	fmt.Fprintf(&b, "\n%d checks, each of which a connector in `sdk/conformance/broken` fails, and that one alone.\n\n", len(Checks()))
	return b.String()
}
