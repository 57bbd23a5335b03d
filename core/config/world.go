package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"syncgateway/core/mapping"
	"syncgateway/core/schema"
)

// World is what a configuration may read besides its own text. The zero World is the
// process's environment and files.
type World struct {
	LookupEnv func(name string) (string, bool)
	ReadFile  func(path string) ([]byte, error)
}

func (w World) orReal() World {
	if w.LookupEnv == nil {
		w.LookupEnv = os.LookupEnv
	}
	if w.ReadFile == nil {
		w.ReadFile = readSecretFile
	}
	return w
}

// maxSecretFile bounds what file() reads.
const maxSecretFile = 1 << 20

func readSecretFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err == nil && len(text) > maxSecretFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxSecretFile)
	}
	return text, err
}

// functions are the language's functions and those that look outside.
func (c *Config) functions() map[string]function.Function {
	all := mapping.Functions()
	all["env"] = c.outside("name", nil, func(name string, _ []cty.Value) (cty.Value, error) {
		v, ok := c.world.LookupEnv(name)
		if !ok || v == "" {
			return cty.NilVal, missingVariable(name)
		}
		return c.secret(v), nil
	})
	all["file"] = c.outside("path", nil, func(path string, _ []cty.Value) (cty.Value, error) { return c.file(path) })
	all["plain_env"] = c.outside("name", &function.Parameter{Name: "default", Type: cty.String}, c.plainEnv)
	return all
}

// outside makes a function of one text and, where rest is given, more.
func (c *Config) outside(name string, rest *function.Parameter, get func(string, []cty.Value) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: name, Type: cty.String}},
		VarParam: rest,
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return get(args[0].AsString(), args[1:])
		},
	})
}

func (c *Config) secret(s string) cty.Value {
	c.addSecrets(s)
	return cty.StringVal(s).Mark(schema.Secret)
}

// file reads a secret file. One newline at its end is an editor's and not part of
// the secret.
func (c *Config) file(path string) (cty.Value, error) {
	full := c.path(path)
	text, err := c.world.ReadFile(full)
	if err != nil {
		return cty.NilVal, unreadable(path, full, err)
	}
	s := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if s == "" {
		return cty.NilVal, unreadable(path, full, errors.New("it is empty"))
	}
	return c.secret(s), nil
}

// plainEnv is a setting, not a secret: it may be shown.
func (c *Config) plainEnv(name string, more []cty.Value) (cty.Value, error) {
	v, ok := c.world.LookupEnv(name)
	switch {
	case ok && v != "":
		return cty.StringVal(v), nil
	case len(more) > 0:
		return more[0], nil
	}
	return cty.NilVal, missingVariable(name)
}

// path resolves a path against the directory of the file.
func (c *Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.Dir, p)
}

// callError is the failure of a function that looks outside, in the words of a
// diagnostic.
type callError struct{ code, summary, detail string }

func (e *callError) Error() string { return e.summary + ": " + e.detail }

// Diagnostic is what core/diag shows instead of hcl's "Error in function call".
func (e *callError) Diagnostic() (code, summary, detail string) { return e.code, e.summary, e.detail }

// variableName is how environment variables are named. Anything else that is not set
// may be the secret itself, written where its name belongs, and is not repeated.
var variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

func missingVariable(name string) error {
	if !variableName.MatchString(name) {
		return &callError{"config.missing_variable", "Missing environment variable",
			"What is given here is no name of an environment variable that is set. Names have capital letters, digits and _: env(\"OKTA_API_TOKEN\")."}
	}
	return &callError{"config.missing_variable", "Missing environment variable",
		fmt.Sprintf("The environment variable %s is not set, or empty. Set it where the gateway is started: export %s=…", name, name)}
}

func unreadable(path, full string, err error) error {
	reason := err.Error()
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		reason = pathErr.Err.Error()
	}
	return &callError{"config.unreadable_file", "Unreadable file",
		fmt.Sprintf("The file %q (%s) cannot be read: %s. Relative paths are relative to the directory of the configuration file; the gateway's user must be able to read it.", path, full, reason)}
}
