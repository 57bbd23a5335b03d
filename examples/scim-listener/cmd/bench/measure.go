package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const configuration = `
gateway {
  plugin_dir = %q
  listen     = %q
  log_level  = "warn"
}
source "scim" "idp" {
  token = env("SCIM_TOKEN")
}
`

// measure runs every load on both servers in turn, each with a directory of its own.
func measure(bin string, users, connections int, each time.Duration) ([]row, error) {
	dir, err := os.MkdirTemp("", "bench-scim")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	gateway, err := startGateway(bin, dir)
	if err != nil {
		return nil, err
	}
	defer gateway.stop()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	bareAddress, err := freeAddress()
	if err != nil {
		return nil, err
	}
	bare := &process{cmd: exec.Command(self, "-bare", bareAddress)}
	if err := bare.cmd.Start(); err != nil {
		return nil, err
	}
	defer bare.stop()
	ours, theirs := newServer("http://"+gateway.address+"/in/idp/v2", 64), newServer("http://"+bareAddress, 64)
	if err := waitFor(bareAddress); err != nil {
		return nil, err
	}
	for _, s := range []*server{ours, theirs} {
		if err := s.fill(users); err != nil {
			return nil, fmt.Errorf("fill the directory: %w", err)
		}
	}
	var rows []row
	for _, l := range loads {
		r := row{Load: l.name, Users: users}
		before := gateway.cpu()
		got, err := run(ours, l, connections, each)
		if err != nil {
			return nil, err
		}
		after := gateway.cpu()
		r.Gateway, r.P50, r.P99 = got.perSecond, got.p50, got.p99
		r.CPU = after.since(before, got.count)
		if got, err = run(theirs, l, connections, each); err != nil {
			return nil, err
		}
		r.Bare, r.Ratio = got.perSecond, r.Gateway/got.perSecond
		rows = append(rows, r)
	}
	return rows, nil
}

// process is a server that was started for this.
type process struct {
	cmd     *exec.Cmd
	address string
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func waitFor(address string) error {
	for range 200 {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the server did not start")
}

func startGateway(bin, dir string) (*process, error) {
	binary, err := filepath.Abs(filepath.Join(bin, "gateway"))
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	hcl := fmt.Sprintf(configuration, filepath.Join(filepath.Dir(binary), "plugins"), address)
	if err := os.WriteFile(filepath.Join(dir, "gateway.hcl"), []byte(hcl), 0o600); err != nil {
		return nil, err
	}
	lock := exec.Command(binary, "plugins", "lock", "scim")
	lock.Dir, lock.Env = dir, append(os.Environ(), "SCIM_TOKEN="+bearer)
	if out, err := lock.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("lock the plugin: %w\n%s", err, out)
	}
	p := &process{cmd: exec.Command(binary, "serve"), address: address}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = dir, lock.Env, os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if !bufio.NewScanner(out).Scan() {
		p.stop()
		return nil, errors.New("the gateway did not start")
	}
	return p, p.answers()
}

// answers waits until the listener does.
func (p *process) answers() error {
	s := newServer("http://"+p.address+"/in/idp/v2", 1)
	for range 200 {
		if _, err := s.do(http.MethodGet, "/ServiceProviderConfig", nil); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the listener does not answer")
}

// usage is the processor time of host, plugin and this process so far.
type usage struct{ host, plugin, client time.Duration }

func (p *process) cpu() (u usage) {
	u.host = cpuOf(p.cmd.Process.Pid)
	for _, pid := range children(p.cmd.Process.Pid) {
		u.plugin += cpuOf(pid)
	}
	u.client = cpuOf(os.Getpid())
	return u
}

func (u usage) since(before usage, requests int64) cpu {
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(requests) }
	return cpu{Host: per(u.host - before.host), Plugin: per(u.plugin - before.plugin), Client: per(u.client - before.client)}
}

// tick is the unit of /proc/PID/stat.
const tick = 10 * time.Millisecond

// cpuOf reads a process's time, 0 where the system does not show it.
func cpuOf(pid int) time.Duration {
	fields := stat(pid)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

// stat are the fields of /proc/PID/stat behind the process's name.
func stat(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return strings.Fields(rest)
}

func children(of int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if fields := stat(pid); len(fields) > 1 && fields[1] == strconv.Itoa(of) {
			out = append(out, pid)
		}
	}
	return out
}
