package pluginhost

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/diag"
)

// pluginDir holds the misbehaving plugin, whose hash is pluginSum, under the names that
// make it misbehave.
var pluginDir, pluginSum string

const canary = "c4nary-secret-value"

func TestMain(m *testing.M) {
	if os.Getenv("HOST_OF") != "" {
		hostUntilKilled()
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "pluginhost")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	pluginDir = dir
	binary := filepath.Join(dir, "misbehave")
	if out, err := exec.Command("go", "build", "-o", binary, "./internal/misbehave").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the plugin: %w\n%s", err, out)
	}
	if pluginSum, err = hashFile(binary); err != nil {
		return 0, err
	}
	for _, name := range []string{"good", "exits", "silent", "garbage", "network", "notls", "newer", "dies", "badlog", "wrongtype", "environment", "badschema"} {
		if err := os.Symlink(binary, Binary(dir, name)); err != nil {
			return 0, err
		}
	}
	if err := os.WriteFile(Binary(dir, "text"), []byte("not a program"), 0o755); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// lockAll locks what is in the plugin directory without running it.
func lockAll(t testing.TB) *Lock {
	t.Helper()
	types, err := Installed(pluginDir)
	if err != nil {
		t.Fatal(err)
	}
	l := &Lock{Path: "gateway.lock.hcl", Plugins: map[string]LockedPlugin{}}
	for _, typ := range types {
		sum := pluginSum
		if typ == "text" {
			if sum, err = hashFile(Binary(pluginDir, typ)); err != nil {
				t.Fatal(err)
			}
		}
		l.Plugins[typ] = LockedPlugin{SHA256: map[string]string{Platform: sum}}
	}
	return l
}

// logs is where the host logs in tests.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }
func (l *logs) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func newHost(t testing.TB, change ...func(*Options)) (*Host, *logs) {
	t.Helper()
	out := &logs{}
	o := Options{PluginDir: pluginDir, Lock: lockAll(t), StateDir: t.TempDir(), StartTimeout: 10 * time.Second,
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: out})}
	for _, f := range change {
		f(&o)
	}
	h := New(o)
	t.Cleanup(h.Close)
	return h, out
}

func instance(typ, mode string, users int) Instance {
	config, _ := json.Marshal(map[string]any{"mode": mode, "secret": canary, "users": users})
	return Instance{Address: "source." + typ + ".a", Type: typ, Config: config, Sensitive: []diag.Path{{{Kind: diag.NameStep, Name: "secret"}}}}
}

func start(t testing.TB, mode string, users int, change ...func(*Options)) *Plugin {
	t.Helper()
	h, _ := newHost(t, change...)
	p, err := h.Start(t.Context(), instance("good", mode, users))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// collected is a sink that keeps everything.
type collected struct {
	users       []UserRecord
	names       []string
	groups      []string
	pages       []GroupPage
	states      []StatePage
	checkpoints []string
	notices     []Notice
	waits       []Waiting
	err         error
}

func (c *collected) Users(_ context.Context, p UserPage) error {
	c.users = append(c.users, p.Users...)
	for i := range p.Users {
		u, err := p.Users[i].User()
		if err != nil {
			return err
		}
		c.names = append(c.names, u.Username)
	}
	return c.err
}

func (c *collected) Groups(_ context.Context, p GroupPage) error {
	for i := range p.Groups {
		g, err := p.Groups[i].Group()
		if err != nil {
			return err
		}
		c.groups = append(c.groups, g.ID+"/"+g.Name)
	}
	p.Members = kept(p.Members)
	c.pages = append(c.pages, p)
	return c.err
}

func (c *collected) State(_ context.Context, p StatePage) error {
	p.Members = kept(p.Members)
	c.states = append(c.states, p)
	return c.err
}

// kept copies lists out of a page.
func kept(ms []MembersRecord) (out []MembersRecord) {
	for _, m := range ms {
		m.UserIDs = slices.Clone(m.UserIDs)
		out = append(out, m)
	}
	return out
}

func (c *collected) Checkpoint(r []byte) { c.checkpoints = append(c.checkpoints, string(r)) }
func (c *collected) Notice(n Notice)     { c.notices = append(c.notices, n) }
func (c *collected) Waiting(w Waiting)   { c.waits = append(c.waits, w) }
