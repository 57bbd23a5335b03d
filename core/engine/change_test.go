package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"syncgateway/core/config"
	"syncgateway/core/store"
)

// edit gives the sync another body, as somebody who edits gateway.hcl does.
func (b *bench) edit(body string) {
	b.Helper()
	cfg, ds := config.Parse([]byte(fileOf(body)), "gateway.hcl", config.World{})
	if ds.HasErrors() {
		b.Fatalf("%v", ds)
	}
	b.e.Config = cfg
}

const byDepartment = `
  users {
    include = contains(user.groups, "%s")
    %s
  }
  groups {
    include = regex_match("%s", group.name)
    keep_existing = false
  }
  limits {
    min_population = 0
    on_trip = "hold_removals"
  }
`

func (b *bench) appliedEpoch() (epoch string) {
	b.Helper()
	err := b.database.View(context.Background(), func(v store.Reader) error {
		c, err := v.AppliedConfig(1)
		epoch = c.Epoch
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return epoch
}

// A filter that is edited so that it removes people trips the budget, and the message
// names its line.
func TestEditedFilterIsNamed(t *testing.T) {
	b := newBench(t, t.TempDir(), fmt.Sprintf(byDepartment, "everybody", "", "."))
	defer b.close()
	b.company(40)
	b.run(Options{Apply: true})
	before := b.appliedEpoch()
	b.leave(39) // who leaves anyway does not come from the change
	b.edit(fmt.Sprintf(byDepartment, "engineering", "", "."))
	for _, o := range []Options{{}, {Apply: true}, {Apply: true, Mode: ModeFull}} {
		r := b.run(o)
		if !r.Held() || b.active() != 40 {
			t.Fatalf("not held, %d active", b.active())
		}
		trip := r.Verdict.Trips[0]
		if want := "34 of them come from your change of users.include (gateway.hcl line 8)"; !strings.Contains(trip.Message, want) {
			t.Errorf("%q is not in %q", want, trip.Message)
		}
		if len(r.Causes) != 1 || r.Causes[0].Steps != 34 || r.Causes[0].Before != `contains(user.groups, "everybody")` {
			t.Errorf("%+v", r.Causes)
		}
	}
	if b.appliedEpoch() != before {
		t.Error("a configuration that was held counts as applied")
	}
	// Released, it is the one that later changes are compared with.
	held := b.run(Options{})
	b.approve(held.Digest, "ada")
	if r := b.run(Options{Apply: true}); r.Held() || b.active() != 5 {
		t.Fatalf("%d active: %+v", b.active(), r.Verdict)
	}
	if b.appliedEpoch() == before {
		t.Error("a configuration that was applied does not count as applied")
	}
	if r := b.run(Options{Apply: true, Mode: ModeFull, Everyone: true}); len(r.Causes) != 0 || r.Plan.Steps.Len() != 0 {
		t.Errorf("%+v %s", r.Causes, text(r.Plan))
	}
}

// Put back before anything was done, nothing comes of it.
func TestEditTakenBack(t *testing.T) {
	b := newBench(t, t.TempDir(), fmt.Sprintf(byDepartment, "everybody", "", "."))
	defer b.close()
	b.company(40)
	b.run(Options{Apply: true})
	b.edit(fmt.Sprintf(byDepartment, "nobody", "", "."))
	if r := b.run(Options{Apply: true}); !r.Held() {
		t.Fatal("not held")
	}
	b.edit(fmt.Sprintf(byDepartment, "everybody", "", "."))
	if r := b.run(Options{Apply: true}); r.Held() || r.Plan.Steps.Len() != 0 || b.active() != 40 {
		t.Errorf("%s", text(r.Plan))
	}
}

// Of several changes, each step comes from those that decide about its class; a change
// within the budget is told too.
func TestSeveralChangesAtOnce(t *testing.T) {
	b := newBench(t, t.TempDir(), fmt.Sprintf(byDepartment, "everybody", "", "."))
	defer b.close()
	b.company(40)
	b.hr.group("g3", "small")
	b.hr.members["g3"] = map[string]bool{"s7": true, "s8": true}
	b.run(Options{Apply: true})
	b.edit(fmt.Sprintf(byDepartment, "everybody", "", "^(every|engin)"))
	r := b.run(Options{Apply: true})
	if r.Held() || r.Plan.Steps.Len() != 3 || len(r.Causes) != 1 || r.Causes[0].Setting != "groups.include" || r.Causes[0].Line != 12 {
		t.Errorf("%s: %+v", text(r.Plan), r.Causes)
	}
	if len(r.Plan.Warnings) != 1 || !strings.Contains(r.Plan.Warnings[0], "3 of them come from your change of groups.include (gateway.hcl line 12)") {
		t.Errorf("%q", r.Plan.Warnings)
	}
	b.edit(fmt.Sprintf(byDepartment, "engineering", "on_leave = \"delete\"", "^every"))
	r = b.run(Options{Apply: true})
	found := map[string]string{}
	for _, trip := range r.Verdict.Trips {
		found[string(trip.Action)] += trip.Message
	}
	if !strings.Contains(found["delete"], "this comes from your change of users.include (gateway.hcl line 8)") || strings.Contains(found["delete"], "groups.include") {
		t.Errorf("delete: %s", found["delete"])
	}
	if !strings.Contains(found["remove_member"], "groups.include (gateway.hcl line 12)") {
		t.Errorf("remove_member: %s", found["remove_member"])
	}
}

// A time of grace does not wash the change away: when it ends, what was changed is
// still known.
func TestEditedFilterWithGrace(t *testing.T) {
	b := newBench(t, t.TempDir(), fmt.Sprintf(byDepartment, "everybody", "grace = \"48h\"", "."))
	defer b.close()
	b.company(40)
	b.run(Options{Apply: true})
	b.edit(fmt.Sprintf(byDepartment, "engineering", "grace = \"48h\"", "."))
	for range 2 {
		if r := b.run(Options{Apply: true}); r.Held() || r.Outcomes[Leaving] != 35 {
			t.Fatalf("%v: %s", r.Outcomes, text(r.Plan))
		}
		b.now = b.now.Add(time.Hour)
	}
	b.now = b.now.Add(48 * time.Hour)
	r := b.run(Options{Apply: true})
	if !r.Held() || !strings.Contains(r.Verdict.Trips[0].Message, "this comes from your change of users.include (gateway.hcl line 8)") || b.active() != 40 {
		t.Errorf("%d active: %+v", b.active(), r.Verdict.Trips)
	}
}

// What a source that is left out of the list had is removed by that change.
func TestEditedListOfSources(t *testing.T) {
	b := newBench(t, t.TempDir(), "  join = lower(user.email)\n  users {}\n")
	defer b.close()
	two := func(cfg string) {
		b.edit("  join = lower(user.email)\n  users {}\n")
		text := strings.Replace(fileOf("  join = lower(user.email)\n  users {}\n"), "from = [source.fake.hr]", cfg, 1)
		text = strings.Replace(text, "target ", "source \"fake\" \"more\" {}\ntarget ", 1)
		c, ds := config.Parse([]byte(text), "gateway.hcl", config.World{})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		b.e.Config = c
	}
	more := newSystem()
	b.e.Connectors.(connectors)["source.fake.more"] = more
	b.company(30)
	for i := range 10 {
		more.put(fmt.Sprintf("m%d", i), fmt.Sprintf("m%d@example.org", i), fmt.Sprintf("More %d", i), true)
	}
	two("from = [source.fake.hr, source.fake.more]")
	b.run(Options{Apply: true})
	if b.active() != 40 {
		t.Fatalf("%d active", b.active())
	}
	two("from = [source.fake.hr]")
	r := b.run(Options{Apply: true})
	if !r.Held() || b.active() != 40 || !strings.Contains(r.Verdict.Trips[0].Message, "this comes from your change of from (gateway.hcl line 5)") {
		t.Errorf("%d active: %+v", b.active(), r.Verdict.Trips)
	}
}
