package scaffold

import (
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The skeleton of "acme" is what examples/connector-go has: that it works is tested
// there, against the conformance kit.
func TestSkeletonIsTheExample(t *testing.T) {
	folder, files, err := Write(t.TempDir(), "acme", filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{"README.md": true, "go.mod": true, "gateway.hcl": true}
	compared := 0
	for _, name := range files {
		if own[name] {
			continue
		}
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("..", "..", "examples", "connector-go", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s of the skeleton is not that of examples/connector-go", name)
		}
		compared++
	}
	if compared < 6 {
		t.Errorf("%d files were compared", compared)
	}
}

func TestSkeletonOfAnyName(t *testing.T) {
	folder, files, err := Write(t.TempDir(), "my-hr-2", ".")
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(folder) != "gateway-my-hr-2" {
		t.Errorf("it is in %s", folder)
	}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "<<") || strings.Contains(string(text), "acme") {
			t.Errorf("%s still has a place to fill in", name)
		}
		if filepath.Ext(name) == ".go" {
			if neat, err := format.Source(text); err != nil || string(neat) != string(text) {
				t.Errorf("%s is not formatted: %v", name, err)
			}
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := Write(dir, "acme", "."); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Write(dir, "acme", "."); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("the second time: %v", err)
	}
}

func TestNames(t *testing.T) {
	for _, bad := range []string{"", "Acme", "a b", "../x", "-a", "a-", "a--b", "1a", "a/b"} {
		if _, _, err := Write(t.TempDir(), bad, "."); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestFindSDK(t *testing.T) {
	if dir, err := FindSDK("."); err != nil || !IsSDK(dir) {
		t.Errorf("%s, %v", dir, err)
	}
	if _, err := FindSDK(t.TempDir()); err == nil {
		t.Error("found where there is none")
	}
}
