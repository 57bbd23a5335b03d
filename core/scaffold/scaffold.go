// Package scaffold writes the skeleton that a new connector starts from: a source that
// works, the pretend system it is tested against, and what the conformance kit needs.
// It knows nothing of how connectors are run.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed all:template
var templates embed.FS

// typeName is what a connector's type looks like.
var typeName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// values are what templates may use.
type values struct {
	Type  string // "acme-hr"
	Title string // "Acme hr"
	Env   string // "ACME_HR", what names of variables begin with
	SDK   string // folder of the Sync Gateway's source, as go.mod names it
	Go    string // version, as go.mod names it
}

// Write makes the folder gateway-TYPE in dir and the skeleton of a source of that type
// in it, and returns the names of its files, in order. sdk is the folder of the Sync
// Gateway's source. It overwrites nothing: a folder that is there is an error.
func Write(dir, typ, sdk string) (folder string, files []string, err error) {
	if !typeName.MatchString(typ) {
		return "", nil, fmt.Errorf("%q cannot be a connector's type: small letters, digits and single hyphens, such as \"acme-hr\"", typ)
	}
	folder = filepath.Join(dir, "gateway-"+typ)
	if err := os.Mkdir(folder, 0o755); errors.Is(err, fs.ErrExist) {
		return "", nil, fmt.Errorf("%s is there already; nothing was written", folder)
	} else if err != nil {
		return "", nil, fmt.Errorf("make the folder of the connector: %w", err)
	}
	v := values{Type: typ, Title: title(typ), Env: strings.ToUpper(strings.ReplaceAll(typ, "-", "_")), SDK: filepath.ToSlash(sdk), Go: goVersion(sdk)}
	err = fs.WalkDir(templates, "template", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, "template/"), ".tmpl")
		files = append(files, name)
		return v.write(path, filepath.Join(folder, filepath.FromSlash(name)))
	})
	return folder, files, err
}

func (v values) write(from, to string) (err error) {
	t, err := template.New(filepath.Base(from)).Delims("<<", ">>").ParseFS(templates, from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return t.Execute(f, v)
}

func title(typ string) string {
	words := strings.ReplaceAll(typ, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

var goLine = regexp.MustCompile(`(?m)^go (\S+)$`)

// goVersion is the one that the SDK is written for.
func goVersion(sdk string) string {
	text, err := os.ReadFile(filepath.Join(sdk, "go.mod"))
	if m := goLine.FindSubmatch(text); err == nil && m != nil {
		return string(m[1])
	}
	return "1.26"
}

// FindSDK looks for the Sync Gateway's source: the folder of a go.mod that says
// "module syncgateway", in dir or above it.
func FindSDK(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if IsSDK(at) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", errors.New("the Sync Gateway's source, which has the SDK, is not here: name its folder with -sdk")
		}
	}
}

// IsSDK tells whether a folder is the top of the Sync Gateway's source.
func IsSDK(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.HasPrefix(string(text), "module syncgateway\n")
}
