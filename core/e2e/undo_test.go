package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var runLine = regexp.MustCompile(`(?m)^Run (\S+): `)

// lastRun is the id of the run that a command printed.
func (g *gateway) lastRun(r result) string {
	g.Helper()
	m := runLine.FindStringSubmatch(r.out)
	if m == nil {
		g.Fatalf("no run in %s", r)
	}
	return m[1]
}

// same compares two states of a target, without the counter of writes.
func (g *gateway) same(what string, got, want file) {
	g.Helper()
	normal := func(f file) string {
		f.Writes = 0
		slices.SortFunc(f.Users, func(a, b user) int { return cmp.Compare(a.Email, b.Email) })
		slices.SortFunc(f.Groups, func(a, b group) int { return cmp.Compare(a.Name, b.Name) })
		for i := range f.Users {
			slices.Sort(f.Users[i].Groups)
		}
		b, err := json.MarshalIndent(f, "", " ")
		if err != nil {
			g.Fatal(err)
		}
		return string(b)
	}
	if a, b := normal(got), normal(want); a != b {
		g.Errorf("%s: got %s\nwant %s", what, a, b)
	}
}

const undoable = `
  users { include = user.active }
  groups { mode = "by_name" }
  limits {
    min_population = 1
    deactivate { count = 100 }
    remove_member { count = 1000 }
  }
`

// A run of every kind of step is taken back; what it made is deactivated, and the
// sync waits until somebody resumes it.
func TestUndo(t *testing.T) {
	t.Parallel()
	g := synced(t, undoable, 40)
	before := g.get("target.json")
	g.edit("source.json", func(f *file) {
		leavers(4)(f)
		f.Users[5].DisplayName = "Renamed"
		f.Users[6].Groups = []string{"g1"}
		f.Users[7].Groups = append(f.Users[7].Groups, "g3")
		f.Groups = append(f.Groups, group{ID: "g3", Name: "fresh"})
		f.Users = append(f.Users, user{ID: "new", Username: "new", Email: "new@example.org", Active: true, Groups: []string{"g1", "g3"}})
	})
	run := g.lastRun(g.must(g.run("apply"), 0, "create user: 1 (undo: lossy)", "Undo would be: 9 exact, 2 lossy."))
	after := g.get("target.json")
	g.must(g.run("undo", run), 0, "undoes run "+run, "activate user: 4", "Nothing was changed", "gateway undo -apply "+run)
	g.same("shown only", g.get("target.json"), after)
	g.must(g.run("undo", "-apply", run), 0, "paused", "gateway resume staff")
	restored := g.get("target.json")
	made := restored.account("new@example.org")
	if made == nil || made.Active || len(made.Groups) > 0 {
		t.Errorf("who was made: %+v", made)
	}
	restored.Users = slices.DeleteFunc(restored.Users, func(u user) bool { return u.Email == "new@example.org" })
	g.same("undone", restored, before)

	// The next run would do it all again. It does not, before it is resumed.
	restored = g.get("target.json")
	g.must(g.run("apply"), 4, "is paused", "deactivate user: 4")
	g.must(g.run("apply", "-user", mail(0)), 4, "is paused")
	g.same("paused", g.get("target.json"), restored)
	g.must(g.run("status"), 0, "PAUSED", "was undone")
	g.must(g.run("undo", "-apply", run), 0, "left as it is", "the account is active already", "Plan: nothing to do")
	g.must(g.run("resume", "staff"), 0)
	g.must(g.run("resume", "staff"), 0, "was not paused")
	g.must(g.run("apply"), 0)
	g.active(mail(0), false)
	g.active("new@example.org", true)
	g.inGroups("new@example.org", "everybody", "fresh")
	g.inGroups(mail(6), "everybody")
	g.inGroups(mail(7), "engineering", "everybody", "fresh")
}

// What changed since is left and named; the rest is undone. Only chooses.
func TestUndoLeavesWhatChanged(t *testing.T) {
	t.Parallel()
	g := synced(t, undoable, 40)
	g.edit("source.json", func(f *file) {
		leavers(3)(f)
		f.Users[5].DisplayName = "Renamed"
		f.Users[6].DisplayName = "Renamed too"
	})
	run := g.lastRun(g.must(g.run("apply"), 0))
	g.edit("target.json", func(f *file) {
		f.account(mail(0)).Active = true
		f.account(mail(5)).DisplayName = "By hand"
	})
	g.must(g.run("undo", "-only", "class=delete", run), 1, "nothing to undo")
	g.must(g.run("undo", "-only", "nonsense", run), 2)
	g.must(g.run("undo", "20260101-000000-000000"), 1, "no such run")
	g.must(g.run("undo", "-apply", "-only", "user="+mail(1), run), 0)
	g.active(mail(1), true)
	g.active(mail(2), false)
	g.must(g.run("undo", "-apply", run), 0, "the account is active already", "its display_name was changed since")
	g.active(mail(2), true)
	f := g.get("target.json")
	if f.account(mail(5)).DisplayName != "By hand" || f.account(mail(6)).DisplayName != "Person 6" {
		t.Errorf("%+v %+v", f.account(mail(5)), f.account(mail(6)))
	}
}

// An undo is under the limits, can be approved, and can be a plan file.
func TestUndoIsHeldAndApproved(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 60)
	g.edit("source.json", func(f *file) {
		for i := range 30 {
			f.Users = append(f.Users, user{ID: fmt.Sprintf("n%d", i), Email: fmt.Sprintf("n%d@example.org", i), Active: true})
		}
	})
	run := g.lastRun(g.must(g.run("apply"), 0, "30 applied"))
	held := g.must(g.run("undo", "-apply", run), 4, "HELD", "limits.deactivate", "gateway undo -apply "+run)
	g.active("n0@example.org", true)
	g.must(g.run("undo", "-out", "u.plan", run), 4)
	g.must(g.run("apply", "u.plan"), 4)
	g.must(g.run("approve", digest.FindStringSubmatch(held.out)[1]), 0)
	g.must(g.run("apply", "u.plan"), 0, "30 applied", "is paused")
	g.active("n0@example.org", false)
	g.active("n29@example.org", false)
	// Another configuration is the other way on.
	g.config(simple(strings.Replace(usual, "min_population = 1", "min_population = 2", 1)))
	g.must(g.run("apply"), 0, "30 applied")
	g.active("n0@example.org", true)
}

// What was deleted is made again when that is asked for.
func TestUndoIrreversible(t *testing.T) {
	t.Parallel()
	body := `
  users {
    include  = user.active
    on_leave = "delete"
  }
  groups { on_leave = "delete" }
  limits {
    min_population = 1
    max_shrink     = 100
    delete { count = 100 }
    delete_group { count = 100 }
    remove_member { count = 1000 }
  }
`
	g := synced(t, body, 20)
	g.edit("source.json", func(f *file) {
		leavers(1)(f)
		f.Groups = f.Groups[:1]
		for i := range f.Users {
			f.Users[i].Groups = []string{"g1"}
		}
	})
	run := g.lastRun(g.must(g.run("apply"), 0, "delete user: 1 (undo: irreversible)", "delete group: 1 (undo: irreversible)"))
	g.must(g.run("undo", run), 0, "irreversible; -irreversible makes it again")
	g.must(g.run("undo", "-apply", "-irreversible", run), 0, "create user: 1", "create group: 1")
	g.active(mail(0), true)
	g.inGroups(mail(0), "everybody")
	g.inGroups(mail(3), "engineering", "everybody")
}

func TestPause(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 12)
	g.edit("source.json", leavers(1))
	g.must(g.run("pause", "-reason", "the migration runs", "staff"), 0)
	g.must(g.run("pause", "nobody"), 2)
	g.must(g.run("apply"), 4, "the migration runs")
	g.active(mail(0), true)
	g.must(g.run("resume", "staff"), 0)
	g.must(g.run("apply"), 0)
	g.active(mail(0), false)
}
