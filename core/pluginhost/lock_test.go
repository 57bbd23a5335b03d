package pluginhost

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLockFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.lock.hcl")
	changes, err := LockPlugins(t.Context(), pluginDir, path, []string{"good", "badlog"}, Options{})
	if err != nil || len(changes) != 2 || changes[0].Type != "good" || changes[0].Version != "0.0.1" || changes[0].Old != "" {
		t.Fatal(changes, err)
	}
	first, _ := os.ReadFile(path)
	lock, err := LoadLock(path)
	if err != nil || len(lock.Plugins) != 2 {
		t.Fatal(lock, err)
	}
	if _, err := lock.Verify("good", Binary(pluginDir, "good")); err != nil {
		t.Error(err)
	}
	other := lock.Plugins["good"]
	other.SHA256["plan9_arm"] = strings.Repeat("a", 64)
	if err := lock.Write(); err != nil {
		t.Fatal(err)
	}
	changes, err = LockPlugins(t.Context(), pluginDir, path, []string{"good"}, Options{})
	if err != nil || changes[0].Old != changes[0].New {
		t.Error(changes, err)
	}
	if lock, _ = LoadLock(path); lock.Plugins["good"].SHA256["plan9_arm"] == "" {
		t.Error("the same version lost its hash for another platform")
	}
	other.Version = "0.0.0"
	lock.Plugins["good"] = other
	_ = lock.Write()
	if _, err = LockPlugins(t.Context(), pluginDir, path, []string{"good"}, Options{}); err != nil {
		t.Fatal(err)
	}
	if last, _ := os.ReadFile(path); string(last) != string(first) {
		t.Errorf("not normalised, or the hash of an older version was kept:\n%s\n%s", first, last)
	}
}

func TestLockPluginsAllOrNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.lock.hcl")
	if _, err := LockPlugins(t.Context(), pluginDir, path, []string{"good", "exits"}, Options{}); err == nil {
		t.Error("a plugin that does not run was locked")
	}
	if _, err := LockPlugins(t.Context(), pluginDir, path, []string{"absent"}, Options{}); err == nil {
		t.Error("a plugin that is not there was locked")
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("a lock file was written")
	}
}

func TestBadLockFiles(t *testing.T) {
	sum := strings.Repeat("a", 64)
	for name, content := range map[string]string{
		"syntax": `plugin "x" {`, "unknown": `plugin "x" { version = "1" sha256 = {} color = 1 }`, "short": "plugin \"x\" {\n version=\"1\"\n sha256={a=\"ab\"}\n}",
		"twice": strings.Repeat("plugin \"x\" {\n version=\"1\"\n sha256={a=\""+sum+"\"}\n}\n", 2), "type": "plugin \"../x\" {\n version=\"1\"\n sha256={}\n}",
	} {
		path := filepath.Join(t.TempDir(), name)
		_ = os.WriteFile(path, []byte(content), 0o600)
		if _, err := LoadLock(path); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if l, err := LoadLock(filepath.Join(t.TempDir(), "absent")); err != nil || len(l.Plugins) != 0 {
		t.Error(l, err)
	}
}

func TestInstalled(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"gateway-b": 0o755, "gateway-a": 0o755, "gateway-text": 0o644, "other": 0o755, "gateway-Bad": 0o755} {
		_ = os.WriteFile(filepath.Join(dir, name), nil, mode)
	}
	_ = os.Mkdir(filepath.Join(dir, "gateway-dir"), 0o755)
	if types, err := Installed(dir); err != nil || strings.Join(types, " ") != "a b" {
		t.Error(types, err)
	}
	if types, err := Installed(filepath.Join(dir, "absent")); err != nil || types != nil {
		t.Error(types, err)
	}
}

// With Conformant set, a binary runs only while the lock says that exactly it passed.
func TestConformanceIsRecordedAndForgotten(t *testing.T) {
	dir := t.TempDir()
	path, binary := filepath.Join(dir, "lock.hcl"), Binary(dir, "acme")
	put := func(text string) string {
		t.Helper()
		if err := os.WriteFile(binary, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		sum, err := hashFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	verify := func() error {
		t.Helper()
		l, err := LoadLock(path)
		if err != nil {
			t.Fatal(err)
		}
		l.Conformant = true
		_, err = l.Verify("acme", binary)
		return err
	}
	lock := func(sum string) {
		t.Helper()
		l, err := LoadLock(path)
		if err != nil {
			t.Fatal(err)
		}
		l.accept(LockChange{Type: "acme", Version: "1", New: sum})
		if err := l.Write(); err != nil {
			t.Fatal(err)
		}
	}
	one := put("one")
	lock(one)
	var refused *LockError
	if err := verify(); !errors.As(err, &refused) || !refused.Untested {
		t.Fatalf("before the record: %v", err)
	}
	if err := RecordConformance(path, "acme", binary, strings.Repeat("0", 64), "7"); !errors.As(err, &refused) || refused.Untested {
		t.Fatalf("another binary was recorded: %v", err)
	}
	if err := RecordConformance(path, "acme", binary, one, "7"); err != nil {
		t.Fatal(err)
	}
	if err := verify(); err != nil {
		t.Fatalf("after the record: %v", err)
	}
	lock(one)
	if err := verify(); err != nil {
		t.Fatalf("locked again as it was: %v", err)
	}
	lock(put("two"))
	if err := verify(); !errors.As(err, &refused) || !refused.Untested {
		t.Fatalf("the record outlived its binary: %v", err)
	}
}
