package e2e

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const filtered = `
  users { include = contains(user.groups, "everybody") } # CANARY of a comment
  groups {
    mode = "by_name"
  }
  limits { min_population = 1 }
`

// narrowed is the configuration with another filter, in the same lines.
func narrowed() string { return strings.Replace(filtered, "everybody", "engineering", 1) }

// A filter that somebody edits, and that would remove half of the company, waits, and
// the message names its line. Nobody loses anything meanwhile.
func TestEditedFilterWaits(t *testing.T) {
	t.Parallel()
	g := synced(t, filtered, 60)
	g.config(simple(narrowed()))
	const why = "deactivate 50 users, the limit is 25 in 24 hours; this comes from your change of users.include (gateway.hcl line 11)"
	g.must(g.run("plan"), 4, why)
	g.must(g.run("apply"), 4, why)
	g.must(g.run("apply", "-full"), 4, why)
	g.active(mail(30), true)
	if f := g.get("target.json"); f.account(mail(30)) == nil {
		t.Error("somebody is gone")
	}
	// Put right, it is as if nothing had been; a run of its own is not needed.
	g.config(simple(filtered))
	g.must(g.run("apply"), 0, "nothing to do")
	// What is remembered of a configuration holds nothing that nobody checks.
	files(t, filepath.Join(g.dir, "data"), func(what, text string) {
		if strings.Contains(text, "CANARY") {
			t.Errorf("%s has a comment of the configuration", what)
		}
	})
}

// The difference between two files is shown by what was read last: nobody is asked,
// nothing is written, no run is made.
func TestImpact(t *testing.T) {
	t.Parallel()
	g := synced(t, filtered, 60)
	head := g.read("gateway.hcl")
	g.write("new.hcl", strings.Replace(strings.Replace(head, `"everybody")`, `"engineering")`, 1), `mode = "by_name"`, `mode = "mapped"
    map = { "engineering" = ["engineers"] }`, 1))
	before, runs := g.read("target.json"), g.must(g.run("runs", "-json"), 0).out
	g.write("source.json", "broken") // nobody reads it
	look := func() {
		t.Helper()
		r := g.must(g.run("impact", "gateway.hcl", "new.hcl"), 0,
			`changed: users.include (new.hcl line 11)`, `was contains(user.groups, "everybody")`, `is  contains(user.groups, "engineering")`,
			"The new configuration would take away", "- deactivate 50 users  [users.include (new.hcl line 11)]", "… and 40 more",
			`+ add 10 memberships of group "engineers"  [groups.map["engineering"] (new.hcl line 14)`)
		if strings.Contains(r.out, "CANARY") {
			t.Error("a comment is shown")
		}
	}
	look()
	stop := g.serve()
	look()
	g.must(g.run("impact", "-detailed-exitcode", "gateway.hcl", "new.hcl"), 2)
	r := g.must(g.run("impact", "new.hcl", "gateway.hcl", "-json"), 0)
	if spared := regexp.MustCompile(`(?s)"spared".*"deactivate_user"`); !spared.MatchString(r.out) {
		t.Errorf("the other way round nobody is spared: %s", r)
	}
	stop()
	g.must(g.run("impact", "-detailed-exitcode", "gateway.hcl", "gateway.hcl"), 0, "Nobody would gain or lose anything")
	g.write("bad.hcl", strings.Replace(head, "contains(", "contians(", 1))
	g.must(g.run("impact", "gateway.hcl", "bad.hcl"), 2, "bad.hcl:11")
	g.must(g.run("impact", "gateway.hcl"), 2, "usage")
	if g.read("target.json") != before || g.must(g.run("runs", "-json"), 0).out != runs {
		t.Error("something was changed")
	}
}
