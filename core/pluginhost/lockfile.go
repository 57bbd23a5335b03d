package pluginhost

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"syncgateway/core/pluginhost/internal/convert"
)

type lockFile struct {
	Plugins []lockBlock `hcl:"plugin,block"`
}

type lockBlock struct {
	Type    string            `hcl:"type,label"`
	Version string            `hcl:"version"`
	SHA256  map[string]string `hcl:"sha256"`
	Passed  map[string]string `hcl:"conformance,optional"`
}

// LoadLock reads a lock file. One that is not there locks nothing, so that nothing
// runs.
func LoadLock(path string) (*Lock, error) {
	l := &Lock{Path: path, Plugins: map[string]LockedPlugin{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the lock file: %w", err)
	}
	file, diags := hclparse.NewParser().ParseHCL(data, path)
	var content lockFile
	if !diags.HasErrors() {
		diags = gohcl.DecodeBody(file.Body, nil, &content)
	}
	if diags.HasErrors() {
		return nil, fmt.Errorf("read the lock file: %w", diags)
	}
	for _, b := range content.Plugins {
		if err := b.check(l.Plugins); err != nil {
			return nil, fmt.Errorf("read the lock file %s: %w", path, err)
		}
		l.Plugins[b.Type] = LockedPlugin{Version: b.Version, SHA256: b.SHA256, Conformance: b.Passed}
	}
	return l, nil
}

func (b lockBlock) check(known map[string]LockedPlugin) error {
	if _, twice := known[b.Type]; twice || !convert.ValidType(b.Type) {
		return fmt.Errorf("the plugin %q is there twice, or its name is not well formed", b.Type)
	}
	for platform, sum := range b.SHA256 {
		if raw, err := hex.DecodeString(sum); err != nil || len(raw) != 32 || sum != strings.ToLower(sum) {
			return fmt.Errorf("the hash of plugin %q for %s is not a SHA-256 in lower-case hexadecimal", b.Type, platform)
		}
	}
	return nil
}

// Write writes the lock file, normalised, and so that at any moment either the old
// or the new one is there whole.
func (l *Lock) Write() error {
	data := l.encode()
	if old, err := os.ReadFile(l.Path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := replaceFile(l.Path, data); err != nil {
		return fmt.Errorf("write the lock file: %w", err)
	}
	return nil
}

func (l *Lock) encode() []byte {
	file := hclwrite.NewEmptyFile()
	root := file.Body()
	root.AppendUnstructuredTokens(hclwrite.Tokens{{Type: 'C', Bytes: []byte(
		"# The plugin binaries that may run. \"gateway plugins lock\" maintains this file.\n")}})
	for _, typ := range slices.Sorted(maps.Keys(l.Plugins)) {
		p := l.Plugins[typ]
		root.AppendNewline()
		body := root.AppendNewBlock("plugin", []string{typ}).Body()
		body.SetAttributeValue("version", cty.StringVal(p.Version))
		body.SetAttributeValue("sha256", objectOf(p.SHA256))
		if len(p.Conformance) > 0 {
			body.SetAttributeValue("conformance", objectOf(p.Conformance))
		}
	}
	return hclwrite.Format(file.Bytes())
}

func objectOf(m map[string]string) cty.Value {
	values := map[string]cty.Value{}
	for key, text := range m {
		values[key] = cty.StringVal(text)
	}
	return cty.ObjectVal(values)
}

func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".lock-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// LockChange is what locking did to one plugin. Old is empty for a plugin that was
// not locked before; Old and New are equal when nothing changed.
type LockChange struct {
	Type    string `json:"type"`
	Version string `json:"version"`
	Old     string `json:"old,omitempty"` // SHA-256
	New     string `json:"new"`
}

// LockPlugins accepts the named plugins in dir as they are now, all of them when none
// is named, and writes the lock file. Each is hashed first and then run, as exactly
// that, to learn its version. Either all are locked or none.
func LockPlugins(ctx context.Context, dir, path string, names []string, o Options) ([]LockChange, error) {
	lock, err := LoadLock(path)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		if names, err = Installed(dir); err != nil {
			return nil, err
		}
	}
	changes := make([]LockChange, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i, typ := range names {
		group.Go(func() (err error) {
			changes[i], err = inspect(ctx, dir, typ, lock.Plugins[typ].SHA256[Platform], o)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, c := range changes {
		lock.accept(c)
	}
	return changes, lock.Write()
}

// inspect hashes a binary and asks it for its version.
func inspect(ctx context.Context, dir, typ, old string, o Options) (LockChange, error) {
	sum, err := hashFile(Binary(dir, typ))
	if errors.Is(err, fs.ErrNotExist) {
		return LockChange{}, &LockError{Type: typ, Binary: Binary(dir, typ)}
	}
	if err != nil {
		return LockChange{}, fmt.Errorf("read plugin %q: %w", typ, err)
	}
	o.PluginDir = dir
	o.Lock = &Lock{Plugins: map[string]LockedPlugin{typ: {SHA256: map[string]string{Platform: sum}}}}
	h := New(o)
	defer h.Close()
	p, err := h.Describe(ctx, typ)
	if err != nil {
		return LockChange{}, err
	}
	return LockChange{Type: typ, Version: p.Version, Old: old, New: sum}, nil
}

// accept keeps the hashes of other platforms only while they are of the same version.
// That a binary passed the conformance kit is forgotten with its hash.
func (l *Lock) accept(c LockChange) {
	now := LockedPlugin{Version: c.Version, SHA256: map[string]string{Platform: c.New}, Conformance: map[string]string{}}
	before := l.Plugins[c.Type]
	for platform, sum := range before.SHA256 {
		if platform != Platform && before.Version == c.Version {
			now.SHA256[platform] = sum
		}
		if kit := before.Conformance[platform]; kit != "" && now.SHA256[platform] == sum {
			now.Conformance[platform] = kit
		}
	}
	l.Plugins[c.Type] = now
}

// RecordConformance writes into the lock file that the plugin's binary with this hash
// passed the conformance kit of that version. Another binary than the locked one is a
// *LockError, and nothing is written.
func RecordConformance(path, typ, binary, sum, kit string) error {
	l, err := LoadLock(path)
	if err != nil {
		return err
	}
	p := l.Plugins[typ]
	if want := p.SHA256[Platform]; want == "" || want != sum {
		return &LockError{Type: typ, Binary: binary, Lock: path, Want: want, Got: sum}
	}
	if p.Conformance == nil {
		p.Conformance = map[string]string{}
	}
	p.Conformance[Platform] = kit
	l.Plugins[typ] = p
	return l.Write()
}
