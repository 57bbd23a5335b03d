package chaos

import (
	"bytes"
	"context"
	"encoding/json"
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

// sandbox is the pretend company of examples/sandbox in a process of its own, driven and
// read through its control API.
type sandbox struct {
	env     []string
	control string
	cmd     *exec.Cmd
	stdin   io.Closer
}

// startSandbox starts one. It ends with close, or with this process.
func startSandbox(ctx context.Context, binary, dir string, args ...string) (*sandbox, error) {
	addresses := filepath.Join(dir, "addresses")
	cmd := exec.CommandContext(ctx, binary, append([]string{"-addr-file", addresses, "-exit-with-stdin", "-without-oauth"}, args...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &sandbox{cmd: cmd, stdin: stdin}
	for range 3000 {
		if b, err := os.ReadFile(addresses); err == nil {
			s.env = strings.Split(strings.TrimSpace(string(b)), "\n")
			s.control = s.value("SANDBOX_CONTROL")
			return s, nil
		}
		time.Sleep(10 * time.Millisecond) // until it has written its addresses
	}
	s.close()
	return nil, fmt.Errorf("the sandbox did not start")
}

func (s *sandbox) close() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
}

func (s *sandbox) value(name string) string {
	for _, line := range s.env {
		if v, ok := strings.CutPrefix(line, name+"="); ok {
			return v
		}
	}
	return ""
}

// ask calls the control API.
func (s *sandbox) ask(ctx context.Context, method, path string, body, answer any) error {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.control+"/"+path, in)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s %s %w", method, path, resp.Status, b, err)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(b, answer)
}

type profile struct {
	Login       string `json:"login"`
	Email       string `json:"email"`
	FirstName   string `json:"firstName"`
	LastName    string `json:"lastName"`
	DisplayName string `json:"displayName,omitempty"`
	Department  string `json:"department,omitempty"`
	Status      string `json:"status,omitempty"`
}

type mutation struct {
	Op      string   `json:"op"`
	Person  string   `json:"person,omitempty"`
	Group   string   `json:"group,omitempty"`
	Field   string   `json:"field,omitempty"`
	Value   string   `json:"value,omitempty"`
	Profile *profile `json:"profile,omitempty"`
}

func (s *sandbox) mutate(ctx context.Context, m mutation) error {
	return s.ask(ctx, http.MethodPost, "mutate", m, nil)
}

// sides is the state of both sides.
type sides struct {
	Okta struct {
		Users []struct {
			Profile profile  `json:"profile"`
			Groups  []string `json:"groups"`
		} `json:"users"`
		Groups []struct {
			Name string `json:"name"`
		} `json:"groups"`
	} `json:"okta"`
	Atlassian struct {
		Users []struct {
			ID     string   `json:"id"`
			Email  string   `json:"email"`
			Name   string   `json:"name"`
			Kind   string   `json:"kind"`
			Status string   `json:"status"`
			Roles  []string `json:"roles"`
			Groups []string `json:"groups"`
		} `json:"users"`
		Groups []struct {
			ID        string `json:"id"`
			Name      string `json:"name"`
			ManagedBy string `json:"managed_by"`
		} `json:"groups"`
	} `json:"atlassian"`
}

func (s *sandbox) state(ctx context.Context) (out sides, err error) {
	err = s.ask(ctx, http.MethodGet, "state", nil, &out)
	return out, err
}

// request is one request that changed something, by the sandbox's own record.
type request struct {
	Seq     int64 `json:"seq"`
	Effects []struct {
		N         int64  `json:"n"`
		Op        string `json:"op"`
		User      string `json:"user"`
		Email     string `json:"email"`
		Group     string `json:"group"`
		GroupName string `json:"group_name"`
	} `json:"effects"`
}

func (s *sandbox) log(ctx context.Context, after int64) (out []request, err error) {
	err = s.ask(ctx, http.MethodGet, "log?"+url.Values{"after": {fmt.Sprint(after)}, "effects": {"1"}}.Encode(), nil, &out)
	return out, err
}

// rule is a fault as the sandbox takes it.
type rule struct {
	ID     string `json:"id,omitempty"`
	Kind   string `json:"kind"`
	Server string `json:"server,omitempty"`
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	Skip   int    `json:"skip,omitempty"`
	Count  int    `json:"count,omitempty"`
	Status int    `json:"status,omitempty"`
	Retry  int    `json:"retry_after,omitempty"`
	Delay  int    `json:"delay_ms,omitempty"`
	Skew   int    `json:"skew_seconds,omitempty"`
	Fired  int    `json:"fired,omitempty"`
}

func (s *sandbox) faults(ctx context.Context) (out []rule, err error) {
	var all []map[string]any
	if err := s.ask(ctx, http.MethodGet, "faults", nil, &all); err != nil {
		return nil, err
	}
	b, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(b, &out)
}
