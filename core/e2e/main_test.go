// Package e2e tests the gateway as its users meet it: the real binaries, real plugin
// processes, a real database. What a remote system did is read from that system, never
// from the gateway's own output.
package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bin holds the binaries: gateway, sandbox, and plugins/gateway-*.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gateway-e2e")
	if err != nil {
		panic(err)
	}
	bin = dir
	code := 1
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build() error {
	for _, x := range [][]string{
		{bin + string(filepath.Separator), "../../core/cmd/gateway", "../../examples/sandbox/cmd/sandbox"},
		{filepath.Join(bin, "plugins") + string(filepath.Separator), "../../plugins/...", "../../examples/jsonfile/cmd/..."},
	} {
		if err := os.MkdirAll(x[0], 0o755); err != nil {
			return err
		}
		out, err := exec.Command("go", append(append([]string{"build"}, buildFlags...), append([]string{"-o"}, x...)...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("build %v: %w\n%s", x[1:], err, out)
		}
	}
	return nil
}

// gateway is a configuration with its data directory.
type gateway struct {
	*testing.T
	dir string
	env []string
}

// result is one finished command.
type result struct {
	code     int
	out, err string
}

func (r result) String() string { return fmt.Sprintf("exit %d\n%s%s", r.code, r.out, r.err) }

// newGateway writes gateway.hcl and locks the plugins it names.
func newGateway(t *testing.T, hcl string, plugins ...string) *gateway {
	t.Helper()
	g := &gateway{T: t, dir: t.TempDir()}
	g.config(hcl)
	g.must(g.run(append([]string{"plugins", "lock"}, plugins...)...), 0)
	return g
}

func (g *gateway) config(hcl string) {
	g.Helper()
	head := fmt.Sprintf("gateway {\n  plugin_dir = %q\n}\n", filepath.Join(bin, "plugins"))
	g.write("gateway.hcl", head+hcl)
}

func (g *gateway) write(name, content string) {
	g.Helper()
	if err := os.WriteFile(filepath.Join(g.dir, name), []byte(content), 0o600); err != nil {
		g.Fatal(err)
	}
}

func (g *gateway) read(name string) string {
	g.Helper()
	b, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		g.Fatal(err)
	}
	return string(b)
}

func (g *gateway) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, "gateway"), args...)
	cmd.Dir, cmd.Env = g.dir, append(os.Environ(), g.env...)
	return cmd
}

// run runs the gateway command to its end.
func (g *gateway) run(args ...string) result {
	g.Helper()
	var out, errOut bytes.Buffer
	cmd := g.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		g.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// must fails the test unless the command ended with the code and printed the texts.
func (g *gateway) must(r result, code int, texts ...string) result {
	g.Helper()
	if r.code != code {
		g.Fatalf("want exit %d, got %s", code, r)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.err, text) {
			g.Fatalf("%q is missing in: %s", text, r)
		}
	}
	return r
}

// file is the content of the JSON file plugins' files.
type file struct {
	Users  []user   `json:"users"`
	Groups []group  `json:"groups"`
	Faults []string `json:"faults,omitempty"`
	Refuse []string `json:"refuse,omitempty"`
	Writes int      `json:"writes,omitempty"`
}

type user struct {
	ID          string              `json:"id"`
	Username    string              `json:"username,omitempty"`
	Email       string              `json:"email,omitempty"`
	DisplayName string              `json:"display_name,omitempty"`
	Active      bool                `json:"active"`
	Attributes  map[string][]string `json:"attributes,omitempty"`
	Groups      []string            `json:"groups,omitempty"`
	Protected   string              `json:"protected,omitempty"`
}

type group struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Children    []string `json:"children,omitempty"`
	ReadOnly    string   `json:"read_only,omitempty"`
}

func (g *gateway) put(name string, f file) {
	g.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		g.Fatal(err)
	}
	g.write(name, string(b))
}

func (g *gateway) get(name string) (f file) {
	g.Helper()
	if err := json.Unmarshal([]byte(g.read(name)), &f); err != nil {
		g.Fatal(err)
	}
	return f
}

// account is the only account of the target with the address, nil without one.
func (f *file) account(email string) *user {
	for i := range f.Users {
		if strings.EqualFold(f.Users[i].Email, email) {
			return &f.Users[i]
		}
	}
	return nil
}

// groupsOf are the names of the groups of an account, sorted.
func (f *file) groupsOf(email string) []string {
	names := []string{}
	if u := f.account(email); u != nil {
		for _, id := range u.Groups {
			for _, g := range f.Groups {
				if g.ID == id {
					names = append(names, g.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

func (g *gateway) inGroups(email string, want ...string) {
	g.Helper()
	f := g.get("target.json")
	if got := f.groupsOf(email); !slices.Equal(got, want) {
		g.Errorf("%s is in %v, want %v", email, got, want)
	}
}

func (g *gateway) active(email string, want bool) {
	g.Helper()
	f := g.get("target.json")
	if u := f.account(email); u == nil || u.Active != want {
		g.Errorf("%s: %+v, want active %v", email, u, want)
	}
}

// edit changes a file.
func (g *gateway) edit(name string, change func(*file)) {
	g.Helper()
	f := g.get(name)
	change(&f)
	g.put(name, f)
}

// company is n people in two groups; the first ten are in "engineering" too.
func company(n int) file {
	f := file{Groups: []group{{ID: "g1", Name: "everybody"}, {ID: "g2", Name: "engineering"}}}
	for i := range n {
		u := user{ID: fmt.Sprintf("s%d", i), Username: fmt.Sprintf("p%d", i), Email: mail(i), DisplayName: fmt.Sprintf("Person %d", i), Active: true,
			Groups: []string{"g1"}, Attributes: map[string][]string{"department": {"d"}}}
		if i < 10 {
			u.Groups = append(u.Groups, "g2")
		}
		f.Users = append(f.Users, u)
	}
	return f
}

func mail(i int) string { return fmt.Sprintf("p%d@example.org", i) }

// simple is a configuration from source.json to target.json; body goes into the sync.
func simple(body string) string {
	return `
source "jsonfile-source" "hr" { path = "source.json" }
target "jsonfile-target" "app" { path = "target.json" }
sync "staff" {
  from = [source.jsonfile-source.hr]
  to   = target.jsonfile-target.app
` + body + `
}
`
}

const usual = `
  users { include = user.active }
  groups { mode = "by_name" }
  limits { min_population = 1 }
`

// synced is a gateway that has brought n people into an empty target.
func synced(t *testing.T, body string, n int) *gateway {
	t.Helper()
	g := newGateway(t, simple(body), "jsonfile-source", "jsonfile-target")
	g.put("source.json", company(n))
	g.put("target.json", file{})
	g.must(g.run("apply"), 0)
	return g
}
