package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// leavers makes the first n people inactive in the source.
func leavers(n int) func(*file) {
	return func(f *file) {
		for i := range n {
			f.Users[i].Active = false
		}
	}
}

var digest = regexp.MustCompile(`gateway approve ([0-9a-f]{12})`)

func TestHeldApprovedApplied(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 60)
	g.edit("source.json", leavers(6))
	held := g.must(g.run("apply"), 4, "HELD", "limits.deactivate", "10.0 %", "p0@example.org")
	g.active(mail(0), true)
	d := digest.FindStringSubmatch(held.out)
	if d == nil {
		t.Fatalf("no digest to approve in %s", held)
	}
	g.must(g.run("status"), 0, "HELD: a plan waits for an approval: gateway approve "+d[1])
	g.must(g.run("approve", "0000000000"), 1, "no held plan")
	g.must(g.run("approve", "-reason", "the branch closed", d[1]), 0, "released, once")
	g.must(g.run("apply"), 0, "approved it", "6 applied")
	g.active(mail(0), false)
	g.active(mail(7), true)
	// The approval is used up: the next six wait again.
	g.edit("source.json", leavers(12))
	g.must(g.run("apply"), 4, "HELD")
}

func TestApprovalIsVoidWhenInputsChange(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 60)
	g.edit("source.json", leavers(6))
	held := g.must(g.run("apply"), 4)
	g.must(g.run("approve", digest.FindStringSubmatch(held.out)[1]), 0)
	g.edit("source.json", leavers(7))
	g.must(g.run("apply"), 4, "HELD")
	g.active(mail(0), true)
}

func TestAdditionsGoOnWhereConfigured(t *testing.T) {
	t.Parallel()
	g := synced(t, strings.Replace(usual, "min_population = 1", "\nmin_population = 1\non_trip = \"hold_removals\"\n", 1), 60)
	g.edit("source.json", func(f *file) {
		leavers(6)(f)
		f.Users = append(f.Users, user{ID: "new", Email: "new@example.org", Active: true})
	})
	g.must(g.run("apply"), 4, "HELD", "1 applied")
	g.active("new@example.org", true)
	g.active(mail(0), true)
}

func TestMinPopulation(t *testing.T) {
	t.Parallel()
	g := synced(t, "  users {}\n  limits { min_population = 10 }\n", 11)
	g.edit("source.json", leavers(2))
	g.must(g.run("apply"), 4, "limits.min_population")
	g.active(mail(0), true)
}

// One of two is half, and not a disaster; a whole group is.
func TestFloorAndGroups(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 60)
	g.edit("source.json", leavers(3))
	g.must(g.run("apply"), 0, "deactivate user: 3")
	g.must(g.run("status"), 0, "3 of 3 deactivate in 24 hours used", "3 of 3 deactivate in 7 days used")
	g.edit("source.json", func(f *file) {
		for i := 3; i < 10; i++ {
			f.Users[i].Groups = []string{"g1"}
		}
	})
	g.must(g.run("apply"), 4, `group "engineering" would lose 7 of its 10 members`)
}

func TestPlanFile(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 40)
	g.edit("source.json", func(f *file) {
		f.Users[0].Active = false
		f.Users[1].DisplayName = "Renamed"
		f.Users[2].DisplayName = "Renamed too"
	})
	g.must(g.run("plan", "-out", "p.plan"), 0)
	g.write("altered.plan", strings.Replace(g.read("p.plan"), mail(0), mail(9), 1))
	g.must(g.run("apply", "altered.plan"), 2, "altered")
	g.must(g.run("apply", "source.json"), 2, "not a plan file")
	// Exactly what was planned, but nothing that changed in the meantime.
	g.edit("source.json", func(f *file) { f.Users[5].Active = false })
	g.edit("target.json", func(f *file) { f.account(mail(2)).DisplayName = "By hand" })
	g.must(g.run("apply", "p.plan"), 0, "left out", "display_name was changed since", "2 applied")
	g.active(mail(0), false)
	g.active(mail(5), true)
	f := g.get("target.json")
	if f.account(mail(1)).DisplayName != "Renamed" || f.account(mail(2)).DisplayName != "By hand" {
		t.Errorf("%+v %+v", f.account(mail(1)), f.account(mail(2)))
	}
	// Another configuration makes another plan.
	g.config(simple(strings.Replace(usual, "min_population = 1", "min_population = 2", 1)))
	g.must(g.run("apply", "p.plan"), 1, "another configuration")
}

func TestHeldPlanFileNeedsApprovalToo(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 60)
	g.edit("source.json", leavers(6))
	held := g.must(g.run("plan", "-out", "p.plan"), 4)
	g.must(g.run("apply", "p.plan"), 4)
	g.active(mail(0), true)
	g.must(g.run("approve", digest.FindStringSubmatch(held.out)[1]), 0)
	g.must(g.run("apply", "p.plan"), 0, "6 applied")
	g.active(mail(0), false)
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 12)
	good := g.read("gateway.hcl")
	for name, c := range map[string]struct {
		from, to string
		code     int
		text     string
	}{
		"unknown attribute":   {`path = "source.json"`, `pth = "source.json"`, 2, `Did you mean "path"`},
		"unknown block":       {"limits {", "limit {", 2, `Did you mean "limits"`},
		"wrong type":          {"min_population = 1", `min_population = "many"`, 2, "gateway.hcl:"},
		"missing variable":    {`path = "source.json"`, `path = plain_env("NO_SUCH_VARIABLE")`, 2, "NO_SUCH_VARIABLE"},
		"dangling reference":  {"from = [source.jsonfile-source.hr]", "from = [source.jsonfile-source.rh]", 2, "gateway.hcl:"},
		"unknown plugin":      {`source "jsonfile-source" "hr"`, `source "jsonfile-sauce" "hr"`, 2, "jsonfile-sauce"},
		"unreadable file":     {`path = "source.json"`, `path = file("secrets/none")`, 2, "secrets/none"},
		"not a configuration": {"sync \"staff\" {", "sync {{{", 2, "gateway.hcl:"},
		"plugin not locked":   {`plugin_dir =`, "lock_file = \"other.lock.hcl\"\nplugin_dir =", 3, "gateway plugins lock"},
	} {
		if !strings.Contains(good, c.from) {
			t.Fatalf("%s: %q is not in the configuration", name, c.from)
		}
		bad := strings.Replace(good, c.from, c.to, 1)
		if name == "unknown plugin" || name == "dangling reference" {
			bad = strings.ReplaceAll(bad, "[source.jsonfile-source.hr]", strings.TrimPrefix(strings.Replace("[source.jsonfile-source.hr]", c.from, c.to, 1), ""))
		}
		g.write("gateway.hcl", bad)
		before := g.read("target.json")
		r := g.run("validate")
		if r.code != c.code || !strings.Contains(r.out+r.err, c.text) {
			t.Errorf("%s: want exit %d and %q, got %s", name, c.code, c.text, r)
		}
		if r := g.run("apply"); r.code == 0 {
			t.Errorf("%s: apply went on: %s", name, r)
		}
		if g.read("target.json") != before {
			t.Errorf("%s: the target was changed", name)
		}
	}
	g.write("gateway.hcl", good)
	g.must(g.run("paln"), 2, `Did you mean "plan"`)
	g.must(g.run("plan", "-nonsense"), 2)
	g.must(g.run("plan", "-sync", "none"), 2, `there is no sync "none"`)
}

func TestDamagedAndForeignData(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 12)
	db := filepath.Join("data", "gateway.db")
	for _, rest := range []string{"-wal", "-shm"} {
		_ = os.Remove(filepath.Join(g.dir, db+rest))
	}
	g.write(db, strings.Repeat("not a database ", 1000))
	g.must(g.run("plan"), 3, "damaged", "full sync")
	if err := os.RemoveAll(filepath.Join(g.dir, "data")); err != nil {
		t.Fatal(err)
	}
	// Without its memory the gateway finds every account again and makes none twice.
	g.must(g.run("apply"), 0, "adopt account: 12")
	if f := g.get("target.json"); len(f.Users) != 12 {
		t.Errorf("%d accounts", len(f.Users))
	}
}

func TestTwoDaemonsAndTheCommandLine(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 12)
	stop := g.serve()
	g.must(g.run("serve"), 3, "in use by another gateway")
	g.must(g.run("status"), 0, "the daemon runs")
	g.edit("source.json", leavers(1))
	g.must(g.run("apply"), 0, "1 applied")
	stop()
	g.must(g.run("status"), 0, "no daemon runs")
	g.active(mail(0), false)
}

func TestChangedPluginIsNotRun(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 12)
	lock := g.read("gateway.lock.hcl")
	hash := regexp.MustCompile(`[0-9a-f]{64}`).FindString(lock)
	g.write("gateway.lock.hcl", strings.ReplaceAll(lock, hash, strings.Repeat("0", 64)))
	g.must(g.run("plan"), 3, hash, strings.Repeat("0", 64), "gateway plugins lock")
}
