package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The documented exit codes of the gateway.
const (
	done   = 0
	failed = 1
	held   = 4
)

// stage is where the story is told: a company, a gateway, a screen.
type stage struct {
	*screen
	company *company
	program string // the gateway's binary
	env     []string
	dir     string   // its data directory
	public  string   // where it is pushed to, where its configuration says so
	shown   []string // what the chapter's commands said so far
}

// child is a process that is asked to end when ctx ends, and made to soon after.
func child(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = endWithin
	return cmd
}

// gateway runs the command line, prints it with its output, and checks its exit code
// and that all of want is in the output.
func (s *stage) gateway(ctx context.Context, line string, code int, want ...string) (string, error) {
	return s.gatewayKeeping(ctx, line, 8, 3, code, want...)
}

// gatewayKeeping is gateway with the number of lines that the abridged copy keeps.
func (s *stage) gatewayKeeping(ctx context.Context, line string, head, tail, code int, want ...string) (string, error) {
	s.typed("gateway " + line)
	cmd := child(ctx, s.program, strings.Fields(line)...)
	var out bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", errors.New("interrupted")
	}
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return "", err
	}
	text := out.String()
	s.output(s.again(text), head, tail)
	if got := cmd.ProcessState.ExitCode(); got != code {
		return text, fmt.Errorf("gateway %s: exit code %d, not %d", line, got, code)
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			return text, fmt.Errorf("gateway %s does not say %q", line, w)
		}
	}
	return text, nil
}

// repeated is from how many lines on something is not printed a second time.
const repeated = 6

// chapter begins a chapter.
func (s *stage) chapter(title string) {
	s.shown = nil
	s.screen.chapter(title)
}

// again leaves out what was printed in this chapter already: apply shows what it is
// about to do, and that is often what plan has said.
func (s *stage) again(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	var out []string
	for i := 0; i < len(lines); {
		n := 0
		for j := range s.shown {
			n = max(n, common(lines[i:], s.shown[j:]))
		}
		if n < repeated {
			out = append(out, lines[i])
			i++
			continue
		}
		out = append(out, fmt.Sprintf("[%d lines as above]", n))
		i += n
	}
	s.shown = append(s.shown, lines...)
	return strings.Join(out, "\n")
}

// common is how many lines two texts have in common at their beginnings.
func common(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// access checks what the company itself says of somebody's account.
func (s *stage) access(ctx context.Context, email, status string, groups ...string) error {
	a, err := s.company.account(ctx, email)
	if err != nil {
		return fmt.Errorf("ask the company about %s: %w", email, err)
	}
	if a.Status != status {
		return fmt.Errorf("%s is %s in Atlassian, not %s", email, a.Status, status)
	}
	for _, g := range groups {
		name, out := strings.CutPrefix(g, "!")
		if in := slices.ContainsFunc(a.Groups, func(have string) bool { return strings.EqualFold(have, name) }); in == out {
			return fmt.Errorf("%s is in %v; expected %s", email, a.Groups, g)
		}
	}
	return nil
}

// serving is a daemon that runs.
type serving struct {
	cmd *exec.Cmd
	log bytes.Buffer
}

// start starts the daemon and waits until it says that it is ready.
func (s *stage) start(ctx context.Context) (*serving, error) {
	s.typed("gateway serve &")
	d := &serving{cmd: child(ctx, s.program, "serve")}
	d.cmd.Env, d.cmd.Stderr = s.env, &d.log
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	ready := bufio.NewScanner(out)
	if !ready.Scan() {
		return nil, errors.Join(errors.New("the daemon did not start"), d.cmd.Wait(), errors.New(d.log.String()))
	}
	s.output(strings.ReplaceAll(ready.Text(), s.dir, "data"), 2, 0)
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return d, nil
}

// stop asks the daemon to end, and makes it when it does not.
func (d *serving) stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.AfterFunc(endWithin, func() { _ = d.cmd.Process.Kill() })
	defer timer.Stop()
	if err := d.cmd.Wait(); err != nil {
		return fmt.Errorf("the daemon ended with %w: %s", err, &d.log)
	}
	return nil
}

// kill ends the daemon as a crash would.
func (d *serving) kill() error {
	err := d.cmd.Process.Kill()
	_ = d.cmd.Wait() // it was killed
	return err
}

// serve runs the daemon while f does something with it, and ends it.
func (s *stage) serve(ctx context.Context, f func() error) error {
	d, err := s.start(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(), d.stop())
}

// freeAddress is an address of loopback that nobody listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// get asks the daemon over its socket, and prints the lines of the answer that keep
// lets through.
func (s *stage) get(ctx context.Context, path string, keep func(string) bool) error {
	socket := filepath.Join(s.dir, "gateway.sock")
	s.typed("curl -s --unix-socket data/gateway.sock http://gateway" + path)
	client := http.Client{Timeout: startWithin, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway"+path, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("GET %s: %s", path, resp.Status))
	}
	lines := slices.DeleteFunc(strings.Split(string(b), "\n"), func(l string) bool { return !keep(l) })
	if len(lines) == 0 {
		return fmt.Errorf("GET %s: nothing of what was expected in %q", path, b)
	}
	s.output(strings.Join(lines, "\n"), len(lines), 0)
	return nil
}
