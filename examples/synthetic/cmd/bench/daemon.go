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
	"strconv"
	"syscall"
	"time"

	"syncgateway/examples/synthetic/crowd"
)

// daemon is a running gateway with its plugins.
type daemon struct {
	cmd    *exec.Cmd
	client *http.Client
	pids   map[string]int
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
  users     = %d
  groups    = %d
  per_user  = %d
  control   = %q
  in_flight = %d
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

// startDaemon starts a gateway in the bench's directory, whose target has these accounts
// in the beginning.
func startDaemon(b *bench, target crowd.Size) (*daemon, error) {
	gateway := filepath.Join(b.o.bin, "gateway")
	s := b.size
	hcl := fmt.Sprintf(configuration, filepath.Join(b.o.bin, "plugins"), s.Users, s.Groups, s.PerUser, b.path("source.json"),
		target.Users, target.Groups, target.PerUser, b.path("target.json"), inFlight)
	if err := os.WriteFile(b.path("gateway.hcl"), []byte(hcl), 0o600); err != nil {
		return nil, err
	}
	lock := exec.Command(gateway, "plugins", "lock", "synthetic-source", "synthetic-target")
	lock.Dir = b.dir
	if out, err := lock.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("lock the plugins: %w\n%s", err, out)
	}
	d := &daemon{cmd: exec.Command(gateway, "serve", "-profile", b.o.profile)}
	d.cmd.Dir, d.cmd.Stderr = b.dir, os.Stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	if !bufio.NewScanner(out).Scan() {
		return nil, errors.Join(errors.New("the daemon did not start"), d.stop())
	}
	socket := b.path(filepath.Join("data", "gateway.sock"))
	d.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var nd net.Dialer
		return nd.DialContext(ctx, "unix", socket)
	}}}
	// The first check starts the plugins, so that no run has to.
	if _, err := d.calls(); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	if err := d.find(); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

// forget takes away what the gateway remembers, so that the next one begins anew.
func (b *bench) forget() { _ = os.RemoveAll(b.path("data")) }

func (d *daemon) stop() error {
	return errors.Join(d.cmd.Process.Signal(syscall.SIGTERM), d.cmd.Wait())
}

// before is what the daemon and its plugins used so far; peaks are counted from here on.
func (d *daemon) before() ([]Process, error) {
	calls, err := d.calls()
	if err != nil {
		return nil, err
	}
	out, err := d.processes(true)
	return withCalls(out, calls), err
}

// after is before, later. What asking costs belongs to no run.
func (d *daemon) after() ([]Process, error) {
	out, err := d.processes(false)
	if err != nil {
		return nil, err
	}
	calls, err := d.calls()
	return withCalls(out, calls), err
}

func withCalls(list []Process, calls map[string]int) []Process {
	for i := range list {
		list[i].Calls = calls[list[i].Name]
	}
	return list
}

// calls are the calls that the plugins' remote systems would have got so far: a check of
// the connectors tells.
func (d *daemon) calls() (map[string]int, error) {
	calls := map[string]int{}
	err := d.post(context.Background(), "/v1/checks", struct{}{}, func(ev *event) error {
		if ev.Step != nil && ev.Step.Step == "remote calls" {
			n, err := strconv.Atoi(ev.Step.Detail)
			if err != nil {
				return err
			}
			name := "source"
			if ev.Step.Name == "target.synthetic-target.accounts" {
				name = "target"
			}
			calls[name] = n
		}
		return nil
	})
	return calls, err
}

// request asks for a run.
type request struct {
	Sync  string `json:"sync"`
	Mode  string `json:"mode"`
	Apply bool   `json:"apply"`
	Brief bool   `json:"brief"`
}

// event is a line of a streamed answer.
type event struct {
	Progress *progress `json:"progress"`
	Step     *struct {
		Name   string `json:"name"`
		Step   string `json:"step"`
		Detail string `json:"detail"`
	} `json:"step"`
	Result *struct {
		Held   bool `json:"held"`
		Report struct {
			Run struct {
				Summary string `json:"summary"`
			} `json:"run"`
		} `json:"report"`
	} `json:"result"`
	Error *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// progress is how far a run is.
type progress struct {
	Stage string    `json:"stage"`
	Done  int       `json:"done"`
	Total int       `json:"total"`
	At    time.Time `json:"at"`
}

// errHeld is for runs that the guard stopped: a benchmark that measures nothing.
var errHeld = errors.New("the guard held the plan")

// call runs the sync and returns its summary.
func (d *daemon) call(q request, told func(*progress) error) (summary string, err error) {
	held := false
	err = d.post(context.Background(), "/v1/runs", q, func(ev *event) error {
		if ev.Result != nil {
			summary, held = ev.Result.Report.Run.Summary, ev.Result.Held
		}
		return tellIf(ev, told)
	})
	if err == nil && held {
		err = fmt.Errorf("%w: %s", errHeld, summary)
	}
	return summary, err
}

// callFor runs the sync and goes away when it has applied for a while, with which the
// run ends.
func (d *daemon) callFor(while time.Duration, q request, told func(*progress) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var timer *time.Timer
	err := d.post(ctx, "/v1/runs", q, func(ev *event) error {
		if timer == nil && ev.Progress != nil && ev.Progress.Stage == stageApply {
			timer = time.AfterFunc(while, cancel)
		}
		return tellIf(ev, told)
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func tellIf(ev *event, told func(*progress) error) error {
	if ev.Progress == nil {
		return nil
	}
	return told(ev.Progress)
}

// post follows a streamed answer to its end.
func (d *daemon) post(ctx context.Context, path string, body any, take func(*event) error) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://gateway"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := d.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	dec := json.NewDecoder(resp.Body)
	for {
		var ev event
		if err := dec.Decode(&ev); errors.Is(err, io.EOF) {
			return errors.New("the daemon ended before it answered")
		} else if err != nil {
			return err
		}
		if ev.Error != nil {
			return errors.New(ev.Error.Message)
		}
		if err := take(&ev); err != nil || ev.Result != nil {
			return err
		}
	}
}
