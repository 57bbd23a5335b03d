package cli

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"syncgateway/core/api"
	"syncgateway/core/diag"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

func TestFlagsMayFollowArguments(t *testing.T) {
	for in, want := range map[string]string{
		"USER -json":                "-json -- USER",
		"-json USER":                "-json -- USER",
		"USER -sync staff -json":    "-sync staff -json -- USER",
		"USER -sync=staff more":     "-sync=staff -- USER more",
		"USER --sync staff":         "--sync staff -- USER",
		"-json -- -USER -json":      "-json -- -USER -json",
		"-":                         "-- -",
		"USER -sync":                "-sync -- USER",
		"USER -unknown -json other": "-unknown -json -- USER other",
		"":                          "--",
	} {
		fs := flag.NewFlagSet("x", flag.ContinueOnError)
		fs.Bool("json", false, "")
		fs.String("sync", "", "")
		if got := strings.Join(reorder(fs, strings.Fields(in)), " "); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// run is the command line in this process, in an empty directory.
func run(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main("1.2.3", nil, args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, x := range []struct {
		args []string
		code int
		text string
	}{
		{nil, exitDone, "Exit codes: 0 done"},
		{[]string{"help"}, exitDone, "gateway COMMAND"},
		{[]string{"--help"}, exitDone, "gateway COMMAND"},
		{[]string{"aply"}, exitUsage, `Did you mean "apply"`},
		{[]string{"apply", "-h"}, exitDone, "[PLANFILE]"},
		{[]string{"apply", "-nonsense"}, exitUsage, "-nonsense"},
		{[]string{"apply", "-full", "-delta"}, exitUsage, ""},
		{[]string{"version"}, exitDone, "1.2.3"},
		{[]string{"validate"}, exitUsage, "gateway.hcl"},
		{[]string{"validate", "-config", "other.hcl"}, exitUsage, "other.hcl"},
	} {
		code, out, errOut := run(t, x.args...)
		if code != x.code || !strings.Contains(out+errOut, x.text) {
			t.Errorf("%v: exit %d, want %d and %q: %s%s", x.args, code, x.code, x.text, out, errOut)
		}
	}
	for _, c := range commands() {
		code, out, errOut := run(t, c.name, "-h")
		if code != exitDone || !strings.Contains(errOut, "Usage: gateway "+c.name) || !strings.Contains(errOut, "-config") || out != "" {
			t.Errorf("%s -h: exit %d: %s%s", c.name, code, out, errOut)
		}
	}
}

func TestArgumentsAreCounted(t *testing.T) {
	t.Chdir(t.TempDir())
	config := "source \"a\" \"b\" {}\ntarget \"a\" \"b\" {}\nsync \"s\" {\n from = [source.a.b]\n to = target.a.b\n}\n"
	if err := os.WriteFile("gateway.hcl", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"approve"}, {"approve", "a", "b"}, {"explain"}, {"lookup"}, {"show", "a", "b"}, {"apply", "a", "b"}, {"trigger"},
		{"plugins"}, {"plugins", "nonsense"}, {"plugins", "describe"}} {
		if code, out, errOut := run(t, args...); code != exitUsage {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errOut)
		}
	}
	if code, _, errOut := run(t, "apply", "no.plan"); code != exitUsage || !strings.Contains(errOut, "no.plan") {
		t.Errorf("a plan file that is not there: exit %d: %s", code, errOut)
	}
	if code, _, errOut := run(t, "plan", "-full", "-delta"); code != exitUsage || !strings.Contains(errOut, "exclude") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// Every kind of error has its exit code, however deep it is wrapped.
func TestExitCodes(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("while doing something: %w", err) }
	for _, x := range []struct {
		err  error
		code int
	}{
		{nil, exitDone},
		{errors.New("anything"), exitFailed},
		{exit{code: exitHeld}, exitHeld},
		{wrap(exit{exitUsage, "wrong"}), exitUsage},
		{store.ErrInUse, exitEnvironment},
		{wrap(store.ErrDamaged), exitEnvironment},
		{wrap(store.ErrFull), exitEnvironment},
		{wrap(store.ErrNewer), exitEnvironment},
		{wrap(&pluginhost.LockError{Type: "x"}), exitEnvironment},
		{diag.Diagnostics{{Severity: diag.Error, Summary: "wrong"}}, exitUsage},
		{wrap(&api.Error{Code: api.CodeUsage}), exitUsage},
		{&api.Error{Code: api.CodeConfig}, exitUsage},
		{&api.Error{Code: api.CodeEnvironment}, exitEnvironment},
		{&api.Error{Code: api.CodeNotFound}, exitFailed},
		{&api.Error{Code: api.CodeFailed}, exitFailed},
		{errors.Join(&api.Error{Code: api.CodeUsage}, nil), exitUsage},
	} {
		c := &call{out: io.Discard, errOut: io.Discard}
		if got := c.report(x.err); got != x.code {
			t.Errorf("%v: exit %d, want %d", x.err, got, x.code)
		}
	}
}

// Of several syncs the one that failed decides, then one that is held.
func TestWorstOfSeveral(t *testing.T) {
	held, failed := exit{code: exitHeld}, exit{code: exitFailed}
	for _, x := range []struct {
		ends []error
		want error
	}{
		{nil, nil}, {[]error{nil, nil}, nil}, {[]error{nil, held}, held}, {[]error{held, failed, nil}, failed}, {[]error{failed, held}, failed},
	} {
		if got := worst(x.ends); got != x.want {
			t.Errorf("%v: %v", x.ends, got)
		}
	}
}

func TestFmtIsStable(t *testing.T) {
	t.Chdir(t.TempDir())
	ugly := "sync \"s\" {\nfrom=[source.a.b]\n      to   =   target.a.b\n}\n"
	if err := os.WriteFile("gateway.hcl", []byte(ugly), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := run(t, "fmt", "-check"); code != exitFailed {
		t.Errorf("fmt -check of an ugly file: exit %d", code)
	}
	if got, err := os.ReadFile("gateway.hcl"); err != nil || string(got) != ugly {
		t.Errorf("fmt -check wrote: %s", got)
	}
	for range 2 {
		if code, _, errOut := run(t, "fmt"); code != exitDone {
			t.Fatalf("exit %d: %s", code, errOut)
		}
		if code, _, errOut := run(t, "fmt", "-check"); code != exitDone {
			t.Errorf("fmt is not stable: %s", errOut)
		}
	}
	if st, err := os.Stat("gateway.hcl"); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("fmt changed the mode: %v", st.Mode())
	}
	left, _ := filepath.Glob("*")
	if !slices.Equal(left, []string{"gateway.hcl"}) {
		t.Errorf("fmt left %v", left)
	}
}
