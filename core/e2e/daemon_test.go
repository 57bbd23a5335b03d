package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// daemon is a running `gateway serve`.
type daemon struct {
	*gateway
	cmd    *exec.Cmd
	public string // base URL of the listen address
}

const withSchedule = `
  schedule {
    every = "%s"
    on    = ["event", "login"]
  }
` + usual

// daemonConfig listens on a free port.
func (g *gateway) daemonConfig(every string) {
	g.Helper()
	g.write("gateway.hcl", fmt.Sprintf("gateway {\n  plugin_dir = %q\n  listen = \"127.0.0.1:0\"\n}\n", filepath.Join(bin, "plugins"))+
		simple(fmt.Sprintf(withSchedule, every)))
}

func (g *gateway) daemon() *daemon {
	g.Helper()
	d := &daemon{gateway: g, cmd: g.command("serve")}
	var log strings.Builder
	d.cmd.Stderr = &log
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		g.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		g.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		_ = d.cmd.Wait()
		g.Fatalf("the daemon did not start: %s", log.String())
	}
	if m := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text()); m != "" {
		d.public = m
	}
	g.Cleanup(func() {
		if d.cmd.ProcessState == nil {
			_ = d.cmd.Process.Kill()
			_ = d.cmd.Wait()
		}
	})
	return d
}

func (d *daemon) stop() { d.Helper(); end(d.T, d.cmd) }

// eventually fails the test unless the condition holds before long.
func (g *gateway) eventually(what string, holds func() bool) {
	g.Helper()
	for range 600 {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond) // another process works at it
	}
	g.Fatalf("it never happened: %s", what)
}

func (g *gateway) isActive(email string) bool {
	f := g.get("target.json")
	u := f.account(email)
	return u != nil && u.Active
}

// unix is a client of the daemon's socket.
func (d *daemon) unix() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(d.dir, "data", "gateway.sock"))
	}}}
}

func get(t *testing.T, c *http.Client, method, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestWhatFacesTheNetwork(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 12)
	g.daemonConfig("1h")
	d := g.daemon()
	defer d.stop()
	for path, text := range map[string]string{"/healthz": "ok", "/metrics": "syncgateway_people", "/openapi.json": `"openapi"`} {
		if code, body := get(t, http.DefaultClient, "GET", d.public+path); code != 200 || !strings.Contains(body, text) {
			t.Errorf("%s: %d %.300s", path, code, body)
		}
	}
	for _, x := range []string{"GET /v1/status", "GET /v1/runs", "GET /v1/runs/latest", "GET /v1/people", "GET /v1/explain", "GET /v1/lookup",
		"POST /v1/runs", "POST /v1/checks", "POST /v1/approvals", "POST /v1/triggers"} {
		method, path, _ := strings.Cut(x, " ")
		if code, body := get(t, http.DefaultClient, method, d.public+path); code != 404 {
			t.Errorf("%s over the network: %d %.300s", x, code, body)
		}
		if code, _ := get(t, d.unix(), method, "http://gateway"+path); code == 404 && !strings.Contains(path, "/v1/people") && !strings.Contains(path, "explain") &&
			path != "/v1/approvals" && path != "/v1/triggers" {
			t.Errorf("%s over the socket: not found", x)
		}
	}
	socket := filepath.Join(g.dir, "data", "gateway.sock")
	if st, err := os.Stat(socket); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v %v", st.Mode(), err)
	}
	if st, err := os.Stat(filepath.Dir(socket)); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the data directory: %v %v", st.Mode(), err)
	}
}

func TestScheduleAndTriggers(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 40)
	g.must(g.run("trigger", "event"), 2, "only the daemon")
	g.daemonConfig("1s")
	d := g.daemon()
	g.edit("source.json", leavers(1))
	g.eventually("the schedule runs", func() bool { return !g.isActive(mail(0)) })
	g.edit("source.json", leavers(2))
	g.eventually("the schedule runs again", func() bool { return !g.isActive(mail(1)) })
	g.must(g.run("runs", "-json"), 0, `"trigger": "schedule"`)
	d.stop()

	g.daemonConfig("1h")
	d = g.daemon()
	g.eventually("a daemon starts with a run", func() bool { return strings.Contains(g.run("status").out, "next") })
	runs := func() int { return strings.Count(g.run("runs").out, "\n") }
	n := runs()
	g.eventually("the first run ends", func() bool { m := n; n = runs(); return m == n && !strings.Contains(g.run("runs").out, "running") })
	g.edit("source.json", func(f *file) { leavers(3)(f); f.Users[10].DisplayName = "Renamed" })
	g.must(g.run("trigger", "event"), 0)
	g.eventually("an event starts a run", func() bool { return !g.isActive(mail(2)) })
	g.edit("source.json", func(f *file) { f.Users[11].DisplayName, f.Users[12].DisplayName = "At Login", "Not asked about" })
	g.must(g.run("trigger", "login", mail(11)), 0)
	g.eventually("a login brings one person up to date", func() bool { f := g.get("target.json"); return f.account(mail(11)).DisplayName == "At Login" })
	if f := g.get("target.json"); f.account(mail(12)).DisplayName != "Person 12" {
		t.Error("a login changed somebody else")
	}
	g.must(g.run("trigger", "login"), 2, "a login needs a user")
	g.must(g.run("trigger", "nonsense"), 2, "schedule.on")
	d.stop()
}

// plugins are the processes of the gateway's plugins that run in the directory.
func (g *gateway) plugins() (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range stats {
		line, err := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
		if err != nil || !strings.Contains(string(line), filepath.Join(bin, "plugins")) {
			continue
		}
		cwd, _ := os.Readlink(link)
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(filepath.Dir(link)), "%d", &pid); err == nil && strings.HasPrefix(cwd, g.dir) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestDaemonIsKilledAndStartsAgain(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 40)
	g.daemonConfig("1h")
	d := g.daemon()
	g.must(g.run("apply"), 0)
	running := g.plugins()
	if len(running) == 0 {
		t.Fatal("no plugin of the daemon runs")
	}
	if err := d.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = d.cmd.Wait()
	g.eventually("the plugins end with the daemon", func() bool { return len(g.plugins()) == 0 })
	if _, err := os.Stat(filepath.Join(g.dir, "data", "gateway.sock")); err != nil {
		t.Fatalf("the killed daemon left no socket: %v", err)
	}
	// Without a daemon the commands work by themselves, beside the stale socket.
	g.edit("source.json", leavers(1))
	g.must(g.run("apply"), 0, "1 applied")
	d = g.daemon()
	g.edit("source.json", leavers(2))
	g.must(g.run("apply"), 0) // or the run with which a daemon starts
	g.active(mail(1), false)
	d.stop()
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("SIGTERM ends it with %d", code)
	}
	if n := g.plugins(); len(n) > 0 {
		t.Errorf("plugins outlive the daemon: %v", n)
	}
	if _, err := os.Stat(filepath.Join(g.dir, "data", "gateway.sock")); err == nil {
		t.Error("the daemon left its socket")
	}
}

func TestPluginIsKilledWhileTheDaemonIsIdle(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 40)
	g.daemonConfig("1h")
	d := g.daemon()
	defer d.stop()
	g.must(g.run("apply"), 0)
	for i := range 2 {
		pids := g.plugins()
		if len(pids) < 2 {
			t.Fatalf("%d plugins run", len(pids))
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		g.edit("source.json", leavers(i+1))
		g.must(g.run("apply"), 0)
		g.active(mail(i), false)
	}
}

// A daemon that is asked to end in the middle of a sync ends well, and what it began is
// finished by the next.
func TestAskedToEndInTheMiddleOfASync(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t, "-people", "60", "-groups", "12")
	g := onSandbox(t, sb)
	head := fmt.Sprintf("gateway {\n  plugin_dir = %q\n}\n", filepath.Join(bin, "plugins"))
	g.write("gateway.hcl", head+strings.Replace(companyConfig, "  users {", "  schedule { every = \"1h\" }\n  users {", 1))
	sb.fault(map[string]any{"kind": "slow", "server": "api", "method": "POST", "path": "/admin/**", "delay_ms": 40})
	from := sb.last()
	d := g.daemon()
	g.eventually("the sync is in its middle", func() bool { return len(sb.log(from)) > 10 })
	d.stop()
	if w := sb.world(); len(w.differences()) == 0 {
		t.Error("the sync was over before it was asked to end")
	}
	sb.fired()
	(&remote{sandbox: sb, g: g}).settle()
	seen := map[string]bool{}
	for _, e := range sb.log(from) {
		for _, x := range e.Effects {
			if seen[x.String()] {
				t.Errorf("done twice: %s", x)
			}
			seen[x.String()] = true
		}
	}
}
