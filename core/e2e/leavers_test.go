package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

type departure struct {
	Person    string    `json:"person"`
	Reason    string    `json:"reason"`
	State     string    `json:"state"`
	Said      time.Time `json:"said"`
	Seen      time.Time `json:"seen"`
	Asked     time.Time `json:"asked"`
	Confirmed time.Time `json:"confirmed"`
	Tried     time.Time `json:"tried"`
}

func (g *gateway) departures(args ...string) map[string]departure {
	g.Helper()
	var a struct {
		Leavers []departure `json:"leavers"`
	}
	if err := json.Unmarshal([]byte(g.must(g.run(append([]string{"leavers", "-json"}, args...)...), 0).out), &a); err != nil {
		g.Fatal(err)
	}
	out := map[string]departure{}
	for _, d := range a.Leavers {
		if _, twice := out[strings.ToLower(d.Person)]; twice {
			g.Errorf("%s is listed twice", d.Person)
		}
		out[strings.ToLower(d.Person)] = d
	}
	return out
}

// A departure is confirmed by reading the account again, not by the answer to the
// deactivation. Okta tells when somebody was suspended.
func TestLeaversAreReadBack(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t, "-people", "80", "-groups", "12")
	g := onSandbox(t, sb)
	g.must(g.run("apply"), 0)
	g.must(g.run("leavers"), 0, "Nobody")
	people := active(sb.world())
	sb.mutate(mutation{Op: "set-status", Person: people[2], Value: "SUSPENDED"})
	from := sb.last()
	g.must(g.run("apply", "-delta"), 0, "1 applied")
	if d := g.departures()[people[2]]; d.State != "confirmed" {
		t.Errorf("confirmed at once: %+v", d)
	}
	searches := sb.searches(from) // the last of them read the account again
	sb.mutate(mutation{Op: "set-status", Person: people[0], Value: "SUSPENDED"})
	sb.mutate(mutation{Op: "set-status", Person: people[1], Value: "SUSPENDED"})
	g.must(g.run("plan"), 0, "deactivate user: 2")
	if d := g.departures()[people[0]]; d.State != "waiting" || d.Said.IsZero() || d.Said.After(d.Seen) {
		t.Errorf("planned: %+v", d)
	}
	// The deactivations are answered, and reading the accounts again fails.
	sb.fault(at("api", "POST", "/admin/v2/**/users/search", map[string]any{"kind": "status", "status": http.StatusForbidden, "skip": searches - 1}))
	g.must(g.run("apply", "-delta"), 0, "2 applied", "read again")
	sb.fired()
	if d := g.departures()[people[0]]; d.State != "asked" && d.State != "waiting" || !d.Confirmed.IsZero() {
		t.Errorf("not read back: %+v", d)
	}
	from = sb.last()
	g.must(g.run("apply", "-delta"), 0, "nothing to do")
	for _, p := range people[:2] {
		d := g.departures()[p]
		if d.State != "confirmed" || d.Asked.IsZero() || d.Asked.After(d.Confirmed) || d.Seen.After(d.Asked) || !strings.Contains(d.Reason, "inactive") {
			t.Errorf("confirmed: %+v", d)
		}
	}
	if sb.searches(from) == 0 {
		t.Error("confirmed without a read of the account")
	}
	from = sb.last()
	g.must(g.run("apply", "-delta"), 0)
	g.must(g.run("leavers"), 0, people[0], "confirmed", "0 departures open", "From when the source said so (3): half within")
	if n := sb.searches(from); n > 0 {
		t.Errorf("read once more: %d searches", n)
	}
}

// searches counts the successful searches for accounts of Atlassian after a request.
func (sb *sandbox) searches(after int) (n int) {
	sb.Helper()
	var log []entry
	sb.ask("GET", fmt.Sprintf("log?after=%d", after), nil, &log)
	for _, e := range log {
		if e.Method == http.MethodPost && strings.HasSuffix(e.Path, "/users/search") && e.Status == http.StatusOK {
			n++
		}
	}
	return n
}

// Who is still active when read back is not confirmed; who returns is not a leaver;
// who vanishes is one too.
func TestLeaversStories(t *testing.T) {
	t.Parallel()
	g := synced(t, strings.Replace(undoable, "users { include = user.active }", "users {\n include = true\n grace = \"1s\"\n }", 1), 30)
	g.edit("source.json", leavers(2))
	g.must(g.run("apply"), 0)
	if d := g.departures()[mail(0)]; d.State != "waiting" {
		t.Errorf("in grace: %+v", d)
	}
	g.edit("source.json", func(f *file) { f.Users[0].Active = true })
	g.edit("source.json", func(f *file) { f.Users = f.Users[:29] })
	g.must(g.run("apply", "-full"), 0)
	if d := g.departures()[mail(0)]; d.State != "returned" {
		t.Errorf("returned: %+v", d)
	}
	for range 100 { // until the time of grace has run out
		if d := g.departures(); d[mail(1)].State == "confirmed" && d[mail(29)].State == "confirmed" {
			break
		}
		g.must(g.run("apply"), 0)
	}
	d := g.departures()
	if d[mail(1)].State != "confirmed" || d[mail(29)].State != "confirmed" || !strings.Contains(d[mail(29)].Reason, "no longer in") || !d[mail(29)].Said.IsZero() {
		t.Errorf("%+v %+v", d[mail(1)], d[mail(29)])
	}
	g.active(mail(1), false)
	g.active(mail(29), false)
	if n := len(g.departures("-since", "2999-01-01")); n != 0 {
		t.Errorf("%d from the future", n)
	}
	// Somebody who leaves again is listed for it once.
	g.must(g.run("apply", "-full", "-everyone"), 0)
	if n := len(g.departures()); n != 3 {
		t.Errorf("%d departures", n)
	}
}
