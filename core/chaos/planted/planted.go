// Package planted builds the chaos command with protections of the gateway that can be
// switched off, one at a time, so that the corpus can show that it would notice. The
// gateway's own source has no such switches: they are put into copies of its files that
// only this build sees (go build -overlay).
package planted

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Variable is the environment variable that names the protection to switch off.
const Variable = "GATEWAY_PLANTED"

// Violation is one protection, and how it is switched off: Code is put behind the line
// that holds the text At, which File holds once, or in place of that text where Instead
// is set. OFF stands for the condition.
type Violation struct {
	Name    string
	Off     string // what no longer holds, in words
	File    string
	At      string
	Code    string
	Instead bool
}

// off is the condition, as it stands in the copies.
func off(name string) string { return fmt.Sprintf("planted == %q", name) }

// Build builds the packages, commands of the gateway, with all violations in them into the
// directory out; root is the module.
func Build(root, out string, packages ...string) error {
	dir, err := os.MkdirTemp("", "planted")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	overlay, err := write(root, dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	cmd := exec.Command("go", append([]string{"build", "-overlay", overlay, "-o", out + string(filepath.Separator)}, packages...)...)
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build with planted violations: %w\n%s", err, text)
	}
	return nil
}

// write makes the copies and the file that names them.
func write(root, dir string) (string, error) {
	copies := map[string]string{}
	for _, v := range All {
		if _, done := copies[v.File]; !done {
			b, err := os.ReadFile(filepath.Join(root, v.File))
			if err != nil {
				return "", err
			}
			copies[v.File] = string(b)
		}
		text, err := v.into(copies[v.File])
		if err != nil {
			return "", err
		}
		copies[v.File] = text
	}
	replace := map[string]string{}
	put := func(file, text string) error {
		path := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		replace[filepath.Join(root, file)] = path
		return os.WriteFile(path, []byte(text), 0o600)
	}
	for file, text := range copies {
		if err := put(file, text); err != nil {
			return "", err
		}
		folder := filepath.Dir(file)
		switches := fmt.Sprintf("package %s\n\nimport \"os\"\n\nvar planted = os.Getenv(%q)\n", filepath.Base(folder), Variable)
		if err := put(folder+"/planted.go", switches); err != nil {
			return "", err
		}
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}

// into puts the switch into a file's text.
func (v *Violation) into(text string) (string, error) {
	if n := strings.Count(text, v.At); n != 1 {
		return "", fmt.Errorf("%s holds %d times %q, where core/chaos/planted puts the violation %q: where is this protection now?", v.File, n, v.At, v.Name)
	}
	code := strings.ReplaceAll(v.Code, "OFF", off(v.Name))
	if v.Instead {
		return strings.Replace(text, v.At, code, 1), nil
	}
	from := strings.Index(text, v.At)
	line := from + strings.IndexByte(text[from:], '\n') + 1
	return text[:line] + code + "\n" + text[line:], nil
}
