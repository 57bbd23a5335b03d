package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// company is the running sandbox: the pretend company, and the oracle of what really
// happened to it.
type company struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	env     []string // addresses and credentials, as the gateway's configuration wants them
	control string
	client  http.Client
}

const (
	startWithin = 20 * time.Second
	endWithin   = 5 * time.Second
)

// startCompany starts the sandbox on free ports of loopback and waits until it answers.
// It ends with its standard input, so that it cannot outlive this process.
func startCompany(ctx context.Context, program, dir string) (*company, error) {
	addresses := filepath.Join(dir, "addresses")
	c := &company{cmd: child(ctx, program, "-addr-file", addresses, "-exit-with-stdin"), client: http.Client{Timeout: startWithin}}
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	c.stdin, c.cmd.Stderr = stdin, os.Stderr
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the pretend company: %w", err)
	}
	for end := time.Now().Add(startWithin); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if lines, err := os.ReadFile(addresses); err == nil {
			return c, c.learn(string(lines))
		}
	}
	return nil, errors.Join(errors.New("the pretend company did not start"), c.stop())
}

func (c *company) learn(lines string) error {
	c.env = strings.Fields(lines)
	for _, line := range c.env {
		if v, ok := strings.CutPrefix(line, "SANDBOX_CONTROL="); ok {
			c.control = v
			return nil
		}
	}
	return errors.New("the pretend company does not say where it is controlled")
}

func (c *company) stop() error {
	timer := time.AfterFunc(endWithin, func() { _ = c.cmd.Process.Kill() })
	defer timer.Stop()
	_ = c.stdin.Close() // which is what it ends by; it may have ended already
	var exited *exec.ExitError
	if err := c.cmd.Wait(); err != nil && !errors.As(err, &exited) && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// ask calls the control API; answer may be nil.
func (c *company) ask(ctx context.Context, method, path string, body, answer any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.control+"/"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if b, err = io.ReadAll(resp.Body); err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(b, answer)
}

// account is an Atlassian account as the company itself sees it.
type account struct {
	Status string   `json:"status"`
	Groups []string `json:"groups"`
}

func (c *company) account(ctx context.Context, email string) (a account, err error) {
	return a, c.ask(ctx, http.MethodGet, "state/atlassian/users/"+url.PathEscape(email), nil, &a)
}

// entry is one request in the company's log that changed something.
type entry struct {
	Seq     int64 `json:"seq"`
	Effects []struct {
		Op    string `json:"op"`
		Email string `json:"email"`
		Group string `json:"group_name"`
	} `json:"effects"`
}

// effects are what changed after an entry, and the number of the last entry.
func (c *company) effects(ctx context.Context, after int64) (counts map[string]int, last int64, err error) {
	var entries []entry
	counts, last = map[string]int{}, after
	if err := c.ask(ctx, http.MethodGet, fmt.Sprintf("log?effects=1&after=%d", after), nil, &entries); err != nil {
		return nil, 0, err
	}
	for _, e := range entries {
		last = max(last, e.Seq)
		for _, x := range e.Effects {
			counts[x.Op]++
		}
	}
	return counts, last, nil
}

// spoil makes Okta's listings of users wrong; heal makes everything right again. fired
// tells how often a fault happened.
func (c *company) spoil(ctx context.Context, kind string) error {
	return c.ask(ctx, http.MethodPost, "faults", map[string]string{"kind": kind, "server": "okta", "path": "/api/v1/users"}, nil)
}

func (c *company) heal(ctx context.Context) (fired int, err error) {
	var faults []struct {
		Fired int `json:"fired"`
	}
	if err := c.ask(ctx, http.MethodGet, "faults", nil, &faults); err != nil {
		return 0, err
	}
	for _, f := range faults {
		fired += f.Fired
	}
	return fired, c.ask(ctx, http.MethodDelete, "faults", nil, nil)
}
