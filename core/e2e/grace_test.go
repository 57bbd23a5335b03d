package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// A timer of grace is kept between processes, shown, and cancelled by a return.
func TestGrace(t *testing.T) {
	t.Parallel()
	g := synced(t, strings.Replace(usual, "include = user.active", "\ngrace = \"1h\"\n", 1), 30)
	g.edit("source.json", func(f *file) { f.Users[3].Active, f.Users[4].Active = false, false })
	g.must(g.run("apply"), 0, "nothing to do")
	type entry struct {
		Person     string
		Since, Due time.Time
	}
	leaving := func() []entry {
		var status struct{ Syncs []struct{ Leaving []entry } }
		if err := json.Unmarshal([]byte(g.must(g.run("status", "-json"), 0).out), &status); err != nil {
			t.Fatal(err)
		}
		return status.Syncs[0].Leaving
	}
	first := leaving()
	if len(first) != 2 || first[0].Person != mail(3) || first[0].Due.Sub(first[0].Since) != time.Hour {
		t.Fatalf("%+v", first)
	}
	g.must(g.run("status"), 0, "leaving at", mail(4), "since")
	stop := g.serve() // another process, that is asked to look at everybody
	g.must(g.run("apply", "-everyone", "-full"), 0, "nothing to do")
	if again := leaving(); !slices.Equal(again, first) {
		t.Errorf("the timers began anew: %+v, then %+v", first, again)
	}
	stop()
	g.active(mail(3), true)
	g.edit("source.json", func(f *file) { f.Users[3].Active = true })
	g.must(g.run("apply"), 0)
	if left := leaving(); len(left) != 1 || left[0] != first[1] {
		t.Errorf("the return did not cancel its timer alone: %+v", left)
	}
}
