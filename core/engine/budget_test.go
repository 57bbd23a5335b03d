package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"syncgateway/core/identity"
	"syncgateway/core/plan"
)

// leave makes somebody inactive in the source, which says so itself.
func (b *bench) leave(i int) {
	b.hr.put(fmt.Sprintf("s%d", i), fmt.Sprintf("p%d@example.org", i), fmt.Sprintf("Person %d", i), false)
}

// active counts the target's accounts that may be used.
func (b *bench) active() (n int) {
	for _, u := range b.app.users {
		if u.Active {
			n++
		}
	}
	return n
}

// One percent a day, with the limits that hold when nothing is configured.
func TestBleedIsStoppedByTheWeek(t *testing.T) {
	b := newBench(t, t.TempDir(), "")
	defer b.close()
	const people, daily = 300, 3
	b.company(people)
	b.run(Options{Apply: true})
	left, held := 0, 0
	for day := 1; day <= 7 && held == 0; day++ {
		b.now = b.now.Add(24 * time.Hour)
		for range daily {
			b.leave(left)
			left++
		}
		r := b.run(Options{Apply: true})
		if r.Verdict.Hold() {
			held = day
			if got := r.Verdict.Trips[0].Window; got != "7 days" {
				t.Errorf("held on day %d by a window of %q", day, got)
			}
		}
	}
	if held < 4 || b.active() != people-(held-1)*daily {
		t.Errorf("held on day %d with %d of %d active", held, b.active(), people)
	}
	// What was held for a week is held no longer when the week is over, as far as the
	// budget goes.
	b.now = b.now.Add(7 * 24 * time.Hour)
	if r := b.run(Options{Apply: true}); r.Verdict.Hold() {
		t.Errorf("held after the window: %+v", r.Verdict.Trips)
	}
}

// What somebody approved is looked at, and not counted against those who come after.
func TestApprovedStepsUseNoBudget(t *testing.T) {
	b := newBench(t, t.TempDir(), "  limits {\n deactivate {\n count = 4\n per = \"7d\"\n }\n }\n")
	defer b.close()
	b.company(100)
	b.run(Options{Apply: true})
	for i := range 5 {
		b.leave(i)
	}
	b.approve(b.run(Options{}).Digest, "ada")
	if r := b.run(Options{Apply: true}); r.Apply == nil || b.active() != 95 {
		t.Fatalf("%d are active: %+v", b.active(), r.Verdict)
	}
	for i := 5; i < 9; i++ {
		b.leave(i)
	}
	if r := b.run(Options{Apply: true}); r.Verdict.Hold() || b.active() != 91 {
		t.Errorf("%d are active: %+v", b.active(), r.Verdict)
	}
	b.leave(9)
	if r := b.run(Options{Apply: true}); !r.Verdict.Hold() || b.active() != 91 {
		t.Errorf("%d are active: %+v", b.active(), r.Verdict)
	}
}

// Sixty percent of twelve, with percents that do not count up to eight: the count stops
// it. One of two passes with the defaults.
func TestSmallCompanies(t *testing.T) {
	for _, c := range []struct {
		name, body      string
		people, leaving int
		held            bool
	}{
		{"percent alone", "  limits {\n floor = 8\n deactivate { percent = 5 }\n min_population = 5\n }\n", 12, 7, false},
		{"with a count", "  limits {\n floor = 8\n deactivate {\n count = 5\n percent = 5\n }\n min_population = 5\n }\n", 12, 7, true},
		{"twelve by default", "", 12, 7, true},
		{"two by default", "", 2, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, t.TempDir(), c.body)
			defer b.close()
			b.company(c.people)
			b.run(Options{Apply: true})
			for i := range c.leaving {
				b.leave(i)
			}
			want := c.people
			if !c.held {
				want -= c.leaving
			}
			if r := b.run(Options{Apply: true}); r.Verdict.Hold() != c.held || b.active() != want {
				t.Errorf("%d of %d are active: %+v", b.active(), c.people, r.Verdict.Trips)
			}
		})
	}
}

// Who gets into a group that grants administration is counted over runs, by group.
func TestPrivilegedGroupsHaveABudget(t *testing.T) {
	b := newBench(t, t.TempDir(), "  groups {}\n  limits {\n on_trip = \"hold_removals\"\n privileged {\n count = 5\n per = \"24h\"\n }\n }\n")
	defer b.close()
	b.app.groups["ag"] = identity.Group{ID: "ag", Kind: "group", Name: "engineering", Privileged: "grants administration"}
	b.app.members["ag"] = map[string]bool{}
	b.company(40)
	r := b.run(Options{Apply: true})
	if r.Verdict.Hold() || len(b.app.members["ag"]) != 5 {
		t.Fatalf("five are in engineering: %+v, %v", r.Verdict.Trips, b.app.members["ag"])
	}
	b.hr.members["g2"]["s20"] = true
	b.hr.put("new", "new@example.org", "New", true)
	r = b.run(Options{Apply: true})
	if len(r.Verdict.Trips) != 1 || r.Verdict.Trips[0].Past != 5 || len(b.app.members["ag"]) != 5 {
		t.Errorf("%+v, %v", r.Verdict.Trips, b.app.members["ag"])
	}
	if r.Plan.Counts()[plan.CreateUser] != 1 || b.account("new@example.org") == nil {
		t.Errorf("what exceeds nothing does not go on: %s", text(r.Plan))
	}
	b.now = b.now.Add(25 * time.Hour)
	if r := b.run(Options{Apply: true}); r.Verdict.Hold() || len(b.app.members["ag"]) != 6 {
		t.Errorf("a day later: %+v, %v", r.Verdict.Trips, b.app.members["ag"])
	}
}

// What the gateway took away itself does not make the next read of the target look
// truncated.
func TestTargetShrinksByWhatWasApplied(t *testing.T) {
	b := newBench(t, t.TempDir(), "  users { on_leave = \"delete\" }\n  groups { on_leave = \"delete\" }\n"+strings.Replace(generous, "max_shrink     = 100", "max_shrink = 20", 1))
	defer b.close()
	b.company(40)
	b.run(Options{Apply: true})
	for i := 5; i < 35; i++ {
		b.leave(i)
	}
	if r := b.run(Options{Apply: true}); len(b.app.users) != 10 {
		t.Fatalf("%d accounts: %+v", len(b.app.users), r.Verdict.Trips)
	}
	if r := b.run(Options{Mode: ModeFull}); r.Plan.Steps.Len() != 0 {
		t.Errorf("%s", text(r.Plan))
	}
}
