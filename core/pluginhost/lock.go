package pluginhost

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"syncgateway/core/pluginhost/internal/convert"
)

// Prefix is what a plugin binary's name begins with; its type follows.
const Prefix = "gateway-"

// Platform is this machine's, as the lock file names it.
const Platform = runtime.GOOS + "_" + runtime.GOARCH

// Lock says which plugin binaries may run.
type Lock struct {
	Path    string // where it was read from
	Plugins map[string]LockedPlugin
	// Conformant refuses binaries that are not recorded to have passed the conformance
	// kit (gateway.require_conformance).
	Conformant bool
}

// LockedPlugin is one plugin in the lock, by platform: the hashes, in hexadecimal, and
// the version of the conformance kit that the binary of that hash passed, if it did.
type LockedPlugin struct {
	Version     string
	SHA256      map[string]string
	Conformance map[string]string
}

// LockError says that a plugin may not run.
type LockError struct {
	Type     string
	Binary   string
	Lock     string // the lock file
	Want     string // empty: it is not locked
	Got      string // empty: there is no such binary
	Untested bool   // it is the locked one, but has not passed the conformance kit
}

// Error says what is wrong and the command that accepts the binary as it is.
func (e *LockError) Error() string {
	accept := fmt.Sprintf("gateway plugins lock %s", e.Type)
	switch {
	case e.Untested:
		return fmt.Sprintf("plugin %q has not passed the conformance kit, and gateway.require_conformance is set, so it is not run; to test it and record "+
			"that it passed, run: gateway plugins test %s -config TEST.hcl -record", e.Type, e.Binary)
	case e.Got == "":
		return fmt.Sprintf("plugin %q is not installed: there is no file %s", e.Type, e.Binary)
	case e.Want == "":
		return fmt.Sprintf("plugin %q is not locked for %s in %s, so it is not run; to accept %s with SHA-256 %s, run: %s",
			e.Type, Platform, e.Lock, e.Binary, e.Got, accept)
	}
	return fmt.Sprintf("plugin %q is not the one that was locked, so it is not run: %s has SHA-256 %s, %s has %s; to accept the change, run: %s",
		e.Type, e.Binary, e.Got, e.Lock, e.Want, accept)
}

// Verify returns nil when the binary is the locked one, or a *LockError. It reads the
// whole file every time: a hash kept from earlier would be of no use.
func (l *Lock) Verify(typ, binary string) (sum string, err error) {
	refused := &LockError{Type: typ, Binary: binary}
	if l != nil {
		refused.Lock, refused.Want = l.Path, l.Plugins[typ].SHA256[Platform]
	}
	refused.Got, err = hashFile(binary)
	if errors.Is(err, fs.ErrNotExist) {
		return "", refused
	}
	if err != nil {
		return "", fmt.Errorf("read plugin %q: %w", typ, err)
	}
	if refused.Want == "" || refused.Want != refused.Got {
		return "", refused
	}
	if refused.Untested = l.Conformant && l.Plugins[typ].Conformance[Platform] == ""; refused.Untested {
		return "", refused
	}
	return refused.Got, nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Binary is where the plugin of a type is in a plugin directory.
func Binary(dir, typ string) string { return filepath.Join(dir, Prefix+typ) }

// Installed lists the types of the plugins in a directory, sorted. A directory that
// is not there has none.
func Installed(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list plugins: %w", err)
	}
	var types []string
	for _, e := range entries {
		typ, ok := strings.CutPrefix(e.Name(), Prefix)
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if ok && err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 && convert.ValidType(typ) {
			types = append(types, typ)
		}
	}
	slices.Sort(types)
	return types, nil
}
