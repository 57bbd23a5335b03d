package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shellBlock is what a page says to run; a block without a language is to be read.
var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// The commands of a page work, one after the other, in an empty folder or in that of the
// page.
func TestDocumentedCommands(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		page  string
		there bool     // run in the page's folder
		wants []string // of the output
	}{
		{"docs/writing-a-connector.md", false, []string{"0 failed", "ada@acme.example", "Plan: create 1 group, create 2 users, add 2 members"}},
		{"examples/connector-go/README.md", true, []string{"ok  \tgateway-acme"}},
		{"examples/connector-python/README.md", true, []string{"hr-csv 0.1.0", " 0 failed"}},
		{"examples/minimal/README.md", true, []string{"nothing to do", "ada@example.org"}},
	} {
		t.Run(filepath.Base(filepath.Dir(c.page))+"/"+filepath.Base(c.page), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(root, c.page))
			if err != nil {
				t.Fatal(err)
			}
			var script strings.Builder
			script.WriteString("set -eum\n") // -m: background jobs have numbers
			for _, m := range shellBlock.FindAllStringSubmatch(string(text), -1) {
				script.WriteString(m[1])
			}
			if strings.Contains(script.String(), "$PYTHON") {
				t.Setenv("PYTHON", python(t))
			}
			if left := filepath.Join(root, filepath.Dir(c.page), "data"); c.there && !exists(left) {
				t.Cleanup(func() { _ = os.RemoveAll(left) })
			}
			cmd := exec.Command("bash", "-c", script.String())
			if cmd.Dir = t.TempDir(); c.there {
				cmd.Dir = filepath.Join(root, filepath.Dir(c.page))
			}
			cmd.Env = append(os.Environ(), "SYNC_GATEWAY="+root, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range c.wants {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is missing in\n%s", want, out)
				}
			}
		})
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// python finds one that has what examples/connector-python needs.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.Command(path, "-c", "import grpc, google.protobuf, cryptography").Run() == nil {
			return path
		}
	}
	t.Skip("no Python with grpcio, protobuf and cryptography is installed")
	return ""
}
