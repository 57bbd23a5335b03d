package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// harnessProtocol is the version of the protocol between the kit and a harness that is
// a process of its own.
const harnessProtocol = 1

// greeting is the line that a harness process writes first.
type greeting struct {
	Protocol  int      `json:"protocol"`
	Control   string   `json:"control"`             // base address of the control API
	Abilities []string `json:"abilities,omitempty"` // "change", "expire", "dump", "client"
	About
}

// The abilities of a harness beyond seeding and showing its state.
const (
	abilityChange = "change"
	abilityExpire = "expire"
	abilityDump   = "dump"
	abilityClient = "client"
)

// ProcessHarness is a harness in any language: the command is started once for every
// fake. It writes one line of JSON on standard output, which says where its control
// API is, and ends when its standard input closes. The protocol is in
// docs/conformance.md.
func ProcessHarness(command string, args ...string) Harness {
	return ProcessHarnessIn("", command, args...)
}

// ProcessHarnessIn is ProcessHarness for a command that is run in a folder of its own.
func ProcessHarnessIn(dir, command string, args ...string) Harness {
	return HarnessFunc(func(ctx context.Context) (Remote, error) { return startHarness(ctx, dir, command, args) })
}

// greetingTime is how long a harness may take to say where it is.
const greetingTime = 30 * time.Second

func startHarness(ctx context.Context, dir, command string, args []string) (Remote, error) {
	p := &processRemote{cmd: exec.Command(command, args...)}
	p.cmd.Dir = dir
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stderr = &p.stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the harness: %w", err)
	}
	p.stdin = in
	stop := context.AfterFunc(ctx, p.kill)
	timer := time.AfterFunc(greetingTime, p.kill)
	lines := bufio.NewReader(out)
	line, err := lines.ReadBytes('\n')
	stop()
	timer.Stop()
	if err == nil {
		err = json.Unmarshal(line, &p.greeting)
	}
	if err == nil && (p.greeting.Protocol != harnessProtocol || p.greeting.Control == "") {
		err = fmt.Errorf("it speaks protocol %d, and its control API is at %q", p.greeting.Protocol, p.greeting.Control)
	}
	if err != nil {
		_ = p.Close()
		return nil, fmt.Errorf("the first line of the harness is not what it must be: %w: %.200q; on standard error: %.500s", err, line, p.stderr.String())
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return p, nil
}

// processRemote is a fake in a process of its own.
type processRemote struct {
	cmd      *exec.Cmd
	stdin    io.Closer
	stderr   tail
	greeting greeting
}

func (p *processRemote) kill() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// About is what the process said of itself.
func (p *processRemote) About() About { return p.greeting.About }

// Seed posts the company.
func (p *processRemote) Seed(ctx context.Context, c Company) (map[string]string, error) {
	var out struct {
		IDs map[string]string `json:"ids"`
	}
	err := p.call(ctx, http.MethodPost, "/seed", c, &out)
	return out.IDs, err
}

// State asks for the state.
func (p *processRemote) State(ctx context.Context) (c Company, err error) {
	err = p.call(ctx, http.MethodGet, "/state", nil, &c)
	return c, err
}

// closeTime is how long a harness may take to end after its standard input closed.
const closeTime = 3 * time.Second

// Close closes the standard input of the process, and ends it if it does not go.
func (p *processRemote) Close() error {
	err := p.stdin.Close()
	timer := time.AfterFunc(closeTime, p.kill)
	defer timer.Stop()
	_ = p.cmd.Wait() // how it ends does not matter
	p.kill()
	return err
}

// call makes one call to the control API. An answer other than 2xx is an error, or a
// Skip when it says so.
func (p *processRemote) call(ctx context.Context, method, path string, body, out any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(p.greeting.Control, "/")+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return errors.Join(err, errors.New(p.stderr.String()))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return refusal(resp.StatusCode, answer)
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer to %s is not what it must be: %w", path, err)
	}
	return nil
}

func refusal(status int, answer []byte) error {
	var said struct {
		Error string `json:"error"`
		Skip  string `json:"skip"`
	}
	_ = json.Unmarshal(answer, &said) // what is not JSON is shown as it is
	switch {
	case said.Skip != "":
		return Skip("%s", said.Skip)
	case said.Error != "":
		return errors.New(said.Error)
	}
	return fmt.Errorf("it answered %d: %.200q", status, answer)
}

// offers is a Skip unless the process has an ability.
func (p *processRemote) offers(ability string) error {
	if contains(p.greeting.Abilities, ability) {
		return nil
	}
	return Skip("the harness does not offer %q", ability)
}

// Change posts a change.
func (p *processRemote) Change(ctx context.Context, c Change) error {
	if err := p.offers(abilityChange); err != nil {
		return err
	}
	return p.call(ctx, http.MethodPost, "/change", c, nil)
}

// Expire asks to make the cursors too old.
func (p *processRemote) Expire(ctx context.Context) error {
	if err := p.offers(abilityExpire); err != nil {
		return err
	}
	return p.call(ctx, http.MethodPost, "/expire", nil, nil)
}

// Dump asks for everything.
func (p *processRemote) Dump(ctx context.Context) (out map[string]string, err error) {
	if err := p.offers(abilityDump); err != nil {
		return nil, err
	}
	err = p.call(ctx, http.MethodGet, "/dump", nil, &out)
	return out, err
}

// Requests asks what clients send.
func (p *processRemote) Requests(ctx context.Context) (out Requests, err error) {
	if err := p.offers(abilityClient); err != nil {
		return out, err
	}
	err = p.call(ctx, http.MethodGet, "/requests", nil, &out)
	return out, err
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// tailBytes is how much of a harness's standard error is kept for messages.
const tailBytes = 4 << 10

// Write takes text.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append([]byte(nil), t.text[over:]...)
	}
	return len(b), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
