package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// daemon is a running gateway with its plugins.
type daemon struct {
	dir    string
	cmd    *exec.Cmd
	client *http.Client
}

const configuration = `
gateway {
  plugin_dir = %q
}
source "synthetic-source" "people" {
  users    = %d
  groups   = %d
  per_user = %d
  control  = %q
}
target "synthetic-target" "accounts" {
  latency = %q
}
sync "bench" {
  from = [source.synthetic-source.people]
  to   = target.synthetic-target.accounts
  users {
    map {
      username     = user.username
      email        = lower(user.email)
      display_name = coalesce(user.display_name, "${user.given_name} ${user.family_name}")
      attributes   = { department = user.attributes.department }
    }
  }
  groups {
    mode = "by_name"
    name = replace(group.name, "group-", "team-")
  }
}
`

func startDaemon(bin, dir string, people, perUser int, latency time.Duration) (*daemon, error) {
	plugins, err := filepath.Abs(filepath.Join(bin, "plugins"))
	if err != nil {
		return nil, err
	}
	gateway, err := filepath.Abs(filepath.Join(bin, "gateway"))
	if err != nil {
		return nil, err
	}
	groups := max(perUser, people/100)
	hcl := fmt.Sprintf(configuration, plugins, people, groups, perUser, filepath.Join(dir, "control.json"), latency)
	if err := os.WriteFile(filepath.Join(dir, "gateway.hcl"), []byte(hcl), 0o600); err != nil {
		return nil, err
	}
	lock := exec.Command(gateway, "plugins", "lock", "synthetic-source", "synthetic-target")
	lock.Dir = dir
	if out, err := lock.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("lock the plugins: %w\n%s", err, out)
	}
	d := &daemon{dir: dir, cmd: exec.Command(gateway, "serve")}
	d.cmd.Dir, d.cmd.Stderr = dir, os.Stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	if !bufio.NewScanner(out).Scan() {
		d.stop()
		return nil, errors.New("the daemon did not start")
	}
	socket := filepath.Join(dir, "data", "gateway.sock")
	d.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var nd net.Dialer
		return nd.DialContext(ctx, "unix", socket)
	}}}
	// Start the plugins, so that the first run does not measure that.
	return d, d.post("/v1/checks", map[string]any{}, func(json.RawMessage) error { return nil })
}

func (d *daemon) stop() {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	_ = d.cmd.Wait()
}

// call runs the sync and returns its summary.
func (d *daemon) call(mode string, apply bool) (summary string, err error) {
	err = d.post("/v1/runs", map[string]any{"sync": "bench", "mode": mode, "apply": apply, "brief": true}, func(result json.RawMessage) error {
		var a struct {
			Held   bool `json:"held"`
			Report struct {
				Run struct {
					Summary string `json:"summary"`
				} `json:"run"`
			} `json:"report"`
		}
		if err := json.Unmarshal(result, &a); err != nil {
			return err
		}
		if summary = a.Report.Run.Summary; a.Held {
			return fmt.Errorf("%w: %s", errHeld, summary)
		}
		return nil
	})
	return summary, err
}

// post follows a streamed answer to its result.
func (d *daemon) post(path string, body any, result func(json.RawMessage) error) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	resp, err := d.client.Post("http://gateway"+path, "application/json", bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	dec := json.NewDecoder(resp.Body)
	for {
		var ev struct {
			Result json.RawMessage `json:"result"`
			Error  *struct {
				Message string `json:"message"`
			} `json:"error"`
		}
		switch err := dec.Decode(&ev); {
		case errors.Is(err, io.EOF):
			return errors.New("the daemon ended before it answered")
		case err != nil:
			return err
		case ev.Error != nil:
			return errors.New(ev.Error.Message)
		case ev.Result != nil:
			return result(ev.Result)
		}
	}
}

func (d *daemon) names() []string { return []string{"gateway", "source", "target"} }

// usage is what the daemon and its plugins used so far. reset starts peaks anew.
func (d *daemon) usage(reset bool) ([]Process, error) {
	pids, err := d.pids()
	if err != nil {
		return nil, err
	}
	var out []Process
	for _, name := range d.names() {
		p, err := processUsage(name, pids[name], reset)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (d *daemon) pids() (map[string]int, error) {
	pids := map[string]int{"gateway": d.cmd.Process.Pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		var pid, parent int
		var comm, state string
		if _, err := fmt.Sscanf(string(b), "%d %s %s %d", &pid, &comm, &state, &parent); err != nil || parent != d.cmd.Process.Pid {
			continue
		}
		cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			continue
		}
		for _, name := range []string{"source", "target"} {
			if strings.Contains(string(cmdline), "gateway-synthetic-"+name) {
				pids[name] = pid
			}
		}
	}
	return pids, nil
}

// clockTick is the unit of CPU times in /proc: a hundredth of a second on Linux.
const clockTick = 0.01

func processUsage(name string, pid int, reset bool) (Process, error) {
	p := Process{Name: name}
	if pid == 0 {
		return p, nil
	}
	if reset {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return p, err
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, err
	}
	// Fields 14 and 15, counted after the name, which may hold spaces.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var user, system float64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return p, err
	}
	p.CPU = (user + system) * clockTick
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return p, err
	}
	for line := range strings.Lines(string(status)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kb); err == nil {
			p.PeakMB = kb / 1024
		}
	}
	return p, nil
}
