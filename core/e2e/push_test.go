package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

const pushToken = "token-of-the-pushing-idp-0123456789"

// pushing is a gateway with a source that is pushed to, and the client that pushes.
type pushing struct {
	*daemon
	base   string
	client *http.Client
}

// pushConfig listens at a fixed address, so that a restarted daemon is found again.
func pushConfig(t *testing.T, body string) *gateway {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	g := &gateway{T: t, dir: t.TempDir(), env: []string{"SCIM_TOKEN=" + pushToken}}
	g.write("gateway.hcl", fmt.Sprintf("gateway {\n  plugin_dir = %q\n  listen = %q\n}\n", filepath.Join(bin, "plugins"), address)+`
source "scim" "idp" { token = env("SCIM_TOKEN") }
target "jsonfile-target" "app" { path = "target.json" }
sync "staff" {
  from = [source.scim.idp]
  to   = target.jsonfile-target.app
  schedule { on = ["event"] }
`+body+"\n}\n")
	g.must(g.run("plugins", "lock", "scim", "jsonfile-target"), 0)
	g.put("target.json", file{})
	return g
}

func (g *gateway) push() *pushing {
	g.Helper()
	d := g.daemon()
	p := &pushing{daemon: d, base: d.public + "/in/idp/v2", client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	g.eventually("the listener answers", func() bool {
		status, _, err := p.try("GET", "/ServiceProviderConfig", pushToken, nil)
		return err == nil && status == http.StatusOK
	})
	return p
}

// try sends one request; an error means that there was no answer.
func (p *pushing) try(method, path, token string, body any) (status int, answer map[string]any, err error) {
	data := []byte{}
	if body != nil {
		if data, err = json.Marshal(body); err != nil {
			return 0, nil, err
		}
	}
	req, err := http.NewRequest(method, p.base+path, bytes.NewReader(data))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, err
	}
	_ = json.Unmarshal(text, &answer) // 204 has none
	return resp.StatusCode, answer, nil
}

// ask sends a request and fails the test unless it is answered with the status.
func (p *pushing) ask(want int, method, path string, body any) map[string]any {
	p.Helper()
	status, answer, err := p.try(method, path, pushToken, body)
	if err != nil || status != want {
		p.Fatalf("%s %s: want %d, got %d %v, %v", method, path, want, status, answer, err)
	}
	return answer
}

func person(i int) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": mail(i), "displayName": fmt.Sprintf("Person %d", i),
		"active": true, "emails": []any{map[string]any{"value": mail(i), "type": "work", "primary": true}}}
}

func (p *pushing) hire(i int) (id string) {
	p.Helper()
	return p.ask(http.StatusCreated, "POST", "/Users", person(i))["id"].(string)
}

func patch(op, path string, value any) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []any{map[string]any{"op": op, "path": path, "value": value}}}
}

func (p *pushing) group(name string, members ...string) (id string) {
	p.Helper()
	var list []any
	for _, m := range members {
		list = append(list, map[string]any{"value": m})
	}
	return p.ask(http.StatusCreated, "POST", "/Groups", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"},
		"displayName": name, "members": list})["id"].(string)
}

const pushedGroups = `
  users { match = ["email"] }
  groups { mode = "by_name" }
  limits {
    min_population = 1
    deactivate {
      count   = 3
      percent = 50
    }
  }`

// What is pushed reaches the target by itself, and so does its end; a flood of ends is
// held, while the identity provider gets its normal answers.
func TestPushesReachTheTarget(t *testing.T) {
	t.Parallel()
	p := pushConfig(t, pushedGroups).push()
	defer p.stop()
	var ids []string
	for i := range 12 {
		ids = append(ids, p.hire(i))
	}
	devs := p.group("devs", ids[0], ids[1])
	in := func(i int, group string) bool {
		f := p.get("target.json")
		for _, g := range f.groupsOf(mail(i)) {
			if g == group {
				return true
			}
		}
		return false
	}
	p.eventually("everybody has an account", func() bool { return p.isActive(mail(11)) && p.isActive(mail(0)) })
	p.eventually("the group arrives", func() bool { return in(0, "devs") && in(1, "devs") })
	p.ask(http.StatusNoContent, "PATCH", "/Groups/"+devs, patch("add", "members", []any{map[string]any{"value": ids[2]}}))
	p.ask(http.StatusNoContent, "PATCH", "/Groups/"+devs, patch("remove", `members[value eq "`+ids[0]+`"]`, nil))
	p.eventually("members come and go", func() bool { return in(2, "devs") && !in(0, "devs") })

	p.ask(http.StatusOK, "PATCH", "/Users/"+ids[3], patch("replace", "active", false))
	p.eventually("who is deactivated loses the account", func() bool { return !p.isActive(mail(3)) })
	p.ask(http.StatusNoContent, "DELETE", "/Users/"+ids[4], nil)
	p.eventually("who is deleted loses the account", func() bool { return !p.isActive(mail(4)) })
	p.ask(http.StatusOK, "PATCH", "/Users/"+ids[3], patch("replace", "active", true))
	p.eventually("who returns gets it back", func() bool { return p.isActive(mail(3)) })

	for _, id := range ids[5:11] {
		p.ask(http.StatusOK, "PATCH", "/Users/"+id, patch("replace", "active", "False"))
	}
	p.eventually("the flood is held", func() bool {
		return strings.Contains(p.run("status").out, "held") || strings.Contains(p.run("runs").out, "held")
	})
	lost := 0
	for i := 5; i < 11; i++ {
		if !p.isActive(mail(i)) {
			lost++
		}
	}
	if lost > 3 {
		t.Errorf("%d people lost their accounts in a flood, and the limit is 3", lost)
	}
}

// A token that the gateway made is accepted until it is revoked; a source is told apart
// from another.
func TestTokensOfAPushedSource(t *testing.T) {
	t.Parallel()
	p := pushConfig(t, "").push()
	defer p.stop()
	made := p.must(p.run("tokens", "create", "idp", "-name", "okta", "-lasts", "200h"), 0, "the only time it is shown", p.public+"/in/idp")
	text := strings.TrimSpace(made.out)
	if status, _, err := p.try("POST", "/Users", text, person(1)); err != nil || status != http.StatusCreated {
		t.Fatalf("with the token: %d, %v", status, err)
	}
	p.must(p.run("tokens", "list"), 0, "okta", "in use")
	p.must(p.run("status"), 0, "token \"okta\"", "ends in 8 days")
	p.must(p.run("check", "source.scim.idp"), 0, "paste as the base URL, for SCIM 2.0: "+p.base, `"okta", last used`)
	reader := strings.TrimSpace(p.must(p.run("tokens", "create", "idp", "-name", "reader", "-read-only"), 0).out)
	if status, _, err := p.try("GET", "/Users", reader, nil); err != nil || status != http.StatusOK {
		t.Errorf("a reader reads: %d, %v", status, err)
	}
	if status, _, err := p.try("POST", "/Users", reader, person(2)); err != nil || status != http.StatusForbidden {
		t.Errorf("a reader writes: %d, %v", status, err)
	}
	p.must(p.run("tokens", "create", "idp"), 2, "two tokens")
	p.must(p.run("tokens", "create", "nobody"), 2, "idp")
	p.must(p.run("tokens", "revoke", "idp", "okta"), 0)
	if status, _, err := p.try("GET", "/Users", text, nil); err != nil || status != http.StatusUnauthorized {
		t.Errorf("after it was revoked: %d, %v", status, err)
	}
	p.must(p.run("audit", "export"), 0, `"token"`, "created", "revoked")
	for _, secret := range []string{text, reader, pushToken} {
		files, err := filepath.Glob(filepath.Join(p.dir, "data", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if data, err := os.ReadFile(f); err == nil && bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s has a token", filepath.Base(f))
			}
		}
	}
}

// pushKills is how often plugin or host are killed under load; the environment variable
// PUSH_KILLS says otherwise.
func pushKills(t *testing.T) int {
	n := 12
	if text := os.Getenv("PUSH_KILLS"); text != "" {
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Fatal(err)
		}
	}
	if testing.Short() {
		n = min(n, 3)
	}
	return n
}

// While 64 connections write, host or plugin are killed. Every write that was
// acknowledged is there afterwards, whole, and none is there in part.
func TestKilledWhilePushedTo(t *testing.T) {
	t.Parallel()
	g := pushConfig(t, "")
	p := g.push()
	rng := rand.New(rand.NewPCG(1, 2))
	group := p.group("all")
	var next, acknowledged atomic.Int64
	var known, all sync.Map // userName: what was acknowledged, since the last kill and altogether
	for kill := range pushKills(t) {
		stop := make(chan struct{})
		var writers sync.WaitGroup
		for range 64 {
			writers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					p.write(group, int(next.Add(1)), &known, &acknowledged)
				}
			})
		}
		before := acknowledged.Load()
		p.eventually("writes are acknowledged", func() bool { return acknowledged.Load() >= before+int64(20+rng.IntN(100)) })
		if kill%2 == 0 {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		} else if pid := childNamed(t, p.cmd.Process.Pid, "gateway-scim"); pid != 0 {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				t.Fatal(err)
			}
		}
		close(stop)
		writers.Wait()
		if kill%2 == 0 {
			p = g.push()
		} else {
			p.eventually("the plugin is back", func() bool {
				status, _, err := p.try("GET", "/ServiceProviderConfig", pushToken, nil)
				return err == nil && status == http.StatusOK
			})
		}
		if p.judge(group, &known); t.Failed() {
			t.Fatalf("after kill %d", kill)
		}
		known.Range(func(name, how any) bool { // judged again at the end, not after every kill
			all.Store(name, how)
			known.Delete(name)
			return true
		})
	}
	p.judge(group, &all)
	t.Logf("%d kills, %d writes acknowledged", pushKills(t), acknowledged.Load())
	p.stop()
}

// write makes somebody and puts them into the group. What is acknowledged is noted.
func (p *pushing) write(group string, n int, known *sync.Map, acknowledged *atomic.Int64) {
	status, answer, err := p.try("POST", "/Users", pushToken, person(n))
	if err != nil || status != http.StatusCreated {
		return
	}
	id := answer["id"].(string)
	known.Store(mail(n), id+" alone")
	acknowledged.Add(1)
	if status, _, err = p.try("PATCH", "/Groups/"+group, pushToken, patch("add", "members", []any{map[string]any{"value": id}})); err == nil && status/100 == 2 {
		known.Store(mail(n), id+" member")
		acknowledged.Add(1)
	}
}

// judge looks for everything that was acknowledged.
func (p *pushing) judge(group string, known *sync.Map) {
	p.Helper()
	members := map[string]bool{}
	list, _ := p.ask(http.StatusOK, "GET", "/Groups/"+group, nil)["members"].([]any)
	for _, m := range list {
		members[m.(map[string]any)["value"].(string)] = true
	}
	known.Range(func(name, value any) bool {
		id, how, _ := strings.Cut(value.(string), " ")
		found := p.ask(http.StatusOK, "GET", "/Users?filter="+url.QueryEscape(`userName eq "`+name.(string)+`"`), nil)
		all, _ := found["Resources"].([]any)
		if len(all) != 1 {
			p.Errorf("%s was acknowledged, and is there %d times", name, len(all))
			return false
		}
		u := all[0].(map[string]any)
		if u["id"] != id || u["displayName"] == nil || u["emails"] == nil {
			p.Errorf("%s is not whole: %v", name, u)
		}
		if how == "member" && !members[id] {
			p.Errorf("the membership of %s was acknowledged, and is not there", name)
		}
		return true
	})
}

// Clients that mean no good: memory stays bounded, and others are served meanwhile.
func TestHostileClients(t *testing.T) {
	t.Parallel()
	p := pushConfig(t, "").push()
	defer p.stop()
	p.hire(1)
	address := strings.TrimPrefix(p.public, "http://")
	var slow []net.Conn
	for range 100 { // headers that never end
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /in/idp/v2/Users HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nAuthorization: Bearer %s\r\n", pushToken)
		slow = append(slow, c)
	}
	if status, _, err := p.try("GET", "/Users", pushToken, nil); err != nil || status != http.StatusOK {
		t.Errorf("beside %d slow clients: %d, %v", len(slow), status, err)
	}
	before := memory(t, p.cmd.Process.Pid) + memory(t, childNamed(t, p.cmd.Process.Pid, "gateway-scim"))
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	bombs := strings.Repeat("(", 5000) + `userName eq "x"` + strings.Repeat(")", 5000)
	long := `userName eq "x"` + strings.Repeat(` or userName eq "x"`, 5000)
	for name, c := range map[string]struct {
		method, path, body string
		want               []int
	}{
		"deep JSON":      {"POST", "/Users", deep, []int{400}},
		"deep arrays":    {"POST", "/Users", strings.Repeat("[", 10_000), []int{400}},
		"100 MB":         {"POST", "/Users", strings.Repeat("x", 100<<20), []int{413}},
		"brackets":       {"GET", "/Users?filter=" + url.QueryEscape(bombs), "", []int{400, 414, 431}},
		"a long filter":  {"POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":` + quoted(long) + `}`, []int{400}},
		"not UTF-8":      {"POST", "/Users", "{\"userName\":\"\xff\xfe\"}", []int{400}},
		"many headers":   {"GET", "/Users", "", []int{431}},
		"another tenant": {"GET", "/../other/v2/Users", "", []int{401, 404, 307, 301}},
	} {
		req, err := http.NewRequest(c.method, p.base+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(name, err)
		}
		req.Header.Set("Authorization", "Bearer "+pushToken)
		req.Header.Set("Content-Type", "application/scim+json")
		if name == "many headers" {
			for i := range 5000 {
				req.Header.Set(fmt.Sprintf("X-Flood-%d", i), strings.Repeat("x", 100))
			}
		}
		resp, err := p.client.Do(req)
		if err != nil { // the door may hang up before it has read everything
			if name != "100 MB" && name != "many headers" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		fits := false
		for _, want := range c.want {
			fits = fits || resp.StatusCode == want
		}
		if !fits {
			t.Errorf("%s: %d, want one of %v", name, resp.StatusCode, c.want)
		}
	}
	after := memory(t, p.cmd.Process.Pid) + memory(t, childNamed(t, p.cmd.Process.Pid, "gateway-scim"))
	t.Logf("host and plugin: %d MB before, %d MB after", before>>20, after>>20)
	if after > before+100<<20 {
		t.Errorf("memory grew from %d to %d MB", before>>20, after>>20)
	}
	if status, _, err := p.try("GET", "/Users", pushToken, nil); err != nil || status != http.StatusOK {
		t.Errorf("afterwards: %d, %v", status, err)
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // of a string
	return string(b)
}

// childNamed finds the process of a plugin of a host, 0 when there is none.
func childNamed(t *testing.T, host int, name string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Skip("this system shows no processes")
	}
	for _, e := range entries {
		var pid, parent int
		if _, err := fmt.Sscan(e.Name(), &pid); err != nil {
			continue
		}
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		before, rest, _ := strings.Cut(string(data), ") ")
		var state string
		if _, err := fmt.Sscan(rest, &state, &parent); err == nil && parent == host && strings.HasSuffix(before, "("+name) {
			return pid
		}
	}
	return 0
}

// memory is what a process holds of it, in bytes.
func memory(t *testing.T, pid int) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(data), "VmRSS:")
	var kb int64
	if _, err := fmt.Sscan(after, &kb); err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
