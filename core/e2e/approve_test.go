package e2e

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// pasted is a printed command of the gateway, as somebody would paste it.
func pasted(t *testing.T, text, pattern string) []string {
	t.Helper()
	line := regexp.MustCompile(pattern).FindString(text)
	if line == "" {
		t.Fatalf("%q is not in %s", pattern, text)
	}
	out, err := exec.Command("sh", "-c", `gateway() { for a; do printf '%s\n' "$a"; done; }; `+line).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// A refusal names the limit, the numbers, ten rows and the commands; the command that
// releases one part does that and no more.
func TestReleasingAPart(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 60)
	g.edit("source.json", func(f *file) {
		for i := range 8 {
			f.Users[i].Groups = []string{"g1"}
		}
		for i := 20; i < 32; i++ {
			f.Users[i].Active = false
		}
		f.Users = append(f.Users, user{ID: "new", Email: "new@example.org", Active: true})
	})
	held := g.must(g.run("apply"), 4, "HELD", "deactivate 12 users of 60 accounts (20.0 %), the limit is 5 % in 24 hours [limits.deactivate",
		`group "engineering" would lose 8 of its 10 members (80.0 %)`, "and 2 more", "deactivate user "+mail(20))
	g.active(mail(20), true)
	g.must(g.run("approve", "-only", "group=none", digest.FindStringSubmatch(held.out)[1]), 2, "no step of the plan is chosen")
	g.must(g.run("approve", "-only", "grp=x", digest.FindStringSubmatch(held.out)[1]), 2, "group, user and class")
	g.must(g.run(pasted(t, held.out, `gateway approve \S+ -only .*engineering.*`)...), 0, "8 of the", "released, once")
	after := g.must(g.run("apply"), 4, "HELD", "approved a part", "12 steps wait")
	g.inGroups(mail(3), "everybody")
	g.active(mail(20), true)
	if f := g.get("target.json"); f.account("new@example.org") == nil {
		t.Errorf("what takes nothing away did not go on: %s", after)
	}
	// The rest is another plan, and one approval releases one.
	next := g.must(g.run("apply"), 4, "HELD")
	g.must(g.run(pasted(t, next.out, `gateway approve [0-9a-f]+\n`)...), 0)
	g.must(g.run("apply"), 0, "approved it")
	g.active(mail(20), false)
	g.active(mail(33), true)
}

// as runs the gateway command as another user of this machine.
func (g *gateway) as(u *actor, args ...string) result {
	g.Helper()
	var out, errOut bytes.Buffer
	cmd := g.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: u.uid, Gid: u.gid}}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		g.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// actor is a user of this machine with the group they act in.
type actor struct {
	name, group string
	uid, gid    uint32
}

func nobody(t *testing.T) *actor {
	t.Helper()
	u, err := osuser.Lookup("nobody")
	if os.Getuid() != 0 || err != nil {
		t.Skip("needs root, and a user to be")
	}
	g, err := osuser.LookupGroupId(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &actor{u.Username, g.Name, uint32(uid), uint32(gid)}
}

// Four eyes: two users of the machine, each named by the kernel and not by what their
// command says.
func TestFourEyesOverTheSocket(t *testing.T) {
	t.Parallel()
	other := nobody(t)
	g := synced(t, strings.Replace(usual, "min_population = 1", "\nmin_population = 1\napprovers = 2\n", 1), 60)
	socket := filepath.Join(g.dir, "run", "gateway.sock")
	if err := os.Mkdir(filepath.Dir(socket), 0o755); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(g.read("gateway.hcl"), "gateway {", "gateway {\n  socket = \""+socket+"\"\n  socket_group = \""+other.group+"\"\n", 1)
	g.write("gateway.hcl", text)
	for path, mode := range map[string]os.FileMode{bin: 0o755, filepath.Dir(g.dir): 0o755, g.dir: 0o755, filepath.Join(g.dir, "gateway.hcl"): 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	defer g.serve()()
	g.edit("source.json", leavers(12))
	held := g.must(g.run("apply"), 4, "HELD")
	d := digest.FindStringSubmatch(held.out)[1]
	g.must(g.run("approve", d), 0, "approved by root", "It takes 1 person more")
	g.must(g.run("approve", d), 0, "It takes 1 person more")
	g.must(g.run("apply"), 4, "It takes the approval of 2 people; root gave one")
	g.active(mail(0), true)
	// Whoever they say they are, the kernel knows better.
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	resp, err := client.Post("http://gateway/v1/approvals", "application/json", strings.NewReader(`{"digest":"`+d+`","who":"somebody else"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	g.must(g.run("apply"), 4, "root gave one")
	g.must(g.as(other, "approve", "-reason", "seen", d), 0, "released, once")
	g.must(g.run("apply"), 0, "root, nobody approved it", "12 applied")
	g.active(mail(0), false)
}
