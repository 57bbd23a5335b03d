package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// kills is how often the host or a plugin is killed, over all lanes.
const kills, killLanes = 200, 4

// At a random moment of a sync the host or a plugin is killed, and the sync started
// again. The sandbox's own log and state judge: nothing lost, nothing done twice,
// nobody removed without cause.
func TestKilledAtAnyMoment(t *testing.T) {
	each := kills / killLanes
	if testing.Short() {
		each = 4
	}
	for lane := range killLanes {
		t.Run(fmt.Sprintf("lane %d", lane), func(t *testing.T) {
			t.Parallel()
			sb := startSandbox(t, "-seed", strconv.Itoa(lane+1), "-people", "60", "-groups", "12")
			// Slow enough that there is a middle to be killed in.
			sb.fault(map[string]any{"kind": "slow", "server": "api", "method": "POST", "path": "/admin/**", "delay_ms": 15})
			k := &killing{sb: sb, g: onSandbox(t, sb), rng: rand.New(rand.NewPCG(uint64(lane), 7)), ours: map[string]bool{}, length: time.Second}
			for ; k.killed[1]+k.killed[2]+k.killed[3] < each; k.run++ {
				if k.once(t); t.Failed() || k.run > 5*each {
					t.Fatalf("lane %d, run %d: killed %v", lane, k.run, k.killed)
				}
			}
			t.Logf("%d runs: %d too late, host %d, source %d, target %d killed; %d effects judged", k.run, k.killed[0], k.killed[1], k.killed[2], k.killed[3], k.judged)
		})
	}
}

type killing struct {
	sb     *sandbox
	g      *gateway
	rng    *rand.Rand
	run    int
	ours   map[string]bool // memberships that the gateway made
	length time.Duration   // about how long a sync takes
	killed [4]int          // nothing in time, host, source, target
	judged int
}

func (k *killing) once(t *testing.T) {
	if k.run > 0 {
		for range 1 + k.rng.IntN(6) {
			k.change()
		}
	}
	from := k.sb.last()
	args := []string{"apply"}
	if k.rng.IntN(2) == 0 {
		args = append(args, "-full")
	}
	k.interrupt(t, args)
	var last result
	for range 5 {
		if last = k.g.run("apply"); last.code == 0 {
			break
		}
	}
	if last.code != 0 {
		t.Errorf("the sync does not end well after the kill: %s", last)
	}
	k.judge(t, from)
	start := time.Now()
	if again := k.g.run("apply", "-full", "-everyone"); again.code != 0 || !strings.Contains(again.out, "nothing to do") {
		t.Errorf("the sync does not come to rest: %s", again)
	}
	k.length = time.Since(start) * 5 / 4
}

// change does something to the company.
func (k *killing) change() {
	w := k.sb.world()
	u := w.Okta.Users[k.rng.IntN(len(w.Okta.Users))].Profile.Login
	if w.closed(u) {
		return // no site can give an account back that is deactivated as a whole
	}
	groups := []string{"jira-users", "engineering", "research", "platform", "jira-administrators", "data-platform"}
	g := groups[k.rng.IntN(len(groups))]
	switch k.rng.IntN(6) {
	case 0:
		k.sb.mutate(mutation{Op: "set-status", Person: u, Value: "SUSPENDED"})
	case 1:
		k.sb.mutate(mutation{Op: "set-status", Person: u, Value: "ACTIVE"})
	case 2, 3:
		k.sb.mutate(mutation{Op: "member-add", Person: u, Group: g})
	case 4:
		k.sb.mutate(mutation{Op: "member-remove", Person: u, Group: g})
	case 5:
		n := fmt.Sprintf("new%d-%d", k.run, k.rng.IntN(1e6))
		k.sb.mutate(mutation{Op: "create", Person: n + "@harbour.example", Profile: map[string]any{"login": n + "@harbour.example",
			"email": n + "@harbour.example", "firstName": "New", "lastName": n}})
		k.sb.mutate(mutation{Op: "set-status", Person: n + "@harbour.example", Value: "ACTIVE"})
		for _, g := range []string{"jira-users", g} {
			k.sb.mutate(mutation{Op: "member-add", Person: n + "@harbour.example", Group: g})
		}
	}
}

// interrupt starts a sync and kills the host or a plugin somewhere in it.
func (k *killing) interrupt(t *testing.T, args []string) {
	cmd := k.g.command(args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	victim := 1 + k.rng.IntN(3)
	select {
	case <-ended:
		k.killed[0]++
		return
	case <-time.After(time.Duration(k.rng.Int64N(int64(k.length)))):
	}
	pid := cmd.Process.Pid
	if victim > 1 {
		pid = child(cmd, []string{"gateway-okta", "gateway-jira-cloud"}[victim-2])
	}
	if pid == 0 || syscall.Kill(pid, syscall.SIGKILL) != nil {
		k.killed[0]++
	} else {
		k.killed[victim]++
	}
	<-ended
}

// child is the process id of a plugin of the gateway, 0 when it does not run.
func child(cmd *exec.Cmd, name string) int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var pid, parent int
		var comm, state string
		if _, err := fmt.Sscanf(string(b), "%d %s %s %d", &pid, &comm, &state, &parent); err != nil || parent != cmd.Process.Pid {
			continue
		}
		if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.Contains(string(line), name) {
			return pid
		}
	}
	return 0
}

// judge reads what the remote system says happened since from.
func (k *killing) judge(t *testing.T, from int) {
	w := k.sb.world()
	for _, d := range w.differences() {
		t.Errorf("lost: %s", d)
	}
	wish := w.wish()
	seen := map[string]int{}
	for _, e := range k.sb.log(from) {
		for _, x := range e.Effects {
			k.judged++
			email, group := strings.ToLower(x.Email), strings.ToLower(x.GroupName)
			if seen[x.String()]++; seen[x.String()] > 1 {
				t.Errorf("done twice: %s", x)
			}
			groups, wanted := wish[email]
			membership := email + " " + group
			switch x.Op {
			case "user.invite", "user.restore":
				if !wanted {
					t.Errorf("without cause: %s", x)
				}
			case "user.suspend", "user.remove":
				if wanted {
					t.Errorf("removed without cause: %s", x)
				}
			case "member.add":
				// An invitation puts people into the product's default group by itself.
				k.ours[membership] = group != "jira-users-harbour"
			case "member.remove":
				if groups[group] || !k.ours[membership] {
					t.Errorf("removed without cause: %s", x)
				}
				delete(k.ours, membership)
			}
		}
	}
	k.surplus(t, &w, wish)
}

// surplus finds memberships that the gateway made and should have ended.
func (k *killing) surplus(t *testing.T, w *world, wish map[string]map[string]bool) {
	for _, u := range w.Atlassian.Users {
		email := strings.ToLower(u.Email)
		groups, wanted := wish[email]
		for _, g := range u.Groups {
			g = strings.ToLower(g)
			if wanted && k.ours[email+" "+g] && !groups[g] && wantedGroups.MatchString(g) {
				t.Errorf("not ended: %s is in %s", email, g)
			}
		}
	}
}
