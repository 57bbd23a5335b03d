package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"syncgateway/core/config"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// looking is a store that cannot be written to.
type looking struct{ store.Store }

var errWritten = errors.New("something is written")

// Update implements store.Store.
func (looking) Update(context.Context, func(store.Tx) error) error { return errWritten }

// NewIDs implements store.Store.
func (looking) NewIDs(int) store.ID { panic(errWritten) }

func kept(t interface{ Fatalf(string, ...any) }, body string) config.Kept {
	c, ds := config.Parse([]byte(fileOf(body)), "gateway.hcl", config.World{})
	if ds.HasErrors() {
		t.Fatalf("%v", ds)
	}
	return c.Keep("staff")
}

// lines are what effects say, one a line, sorted.
func lines(effects ...[]Effect) (out []string) {
	for _, x := range slices.Concat(effects...) {
		for _, n := range x.Names {
			out = append(out, x.Class.String()+" "+n+" "+x.Group)
		}
	}
	slices.Sort(out)
	return out
}

func linesOf(p *plan.Plan) (out []string) {
	for s := range p.Steps.All() {
		name, group := "", ""
		if s.Group != nil {
			name, group = s.Group.Name, s.Group.Name
		}
		if s.User != nil {
			name = s.User.Name
		} else {
			group = ""
		}
		out = append(out, s.Class.String()+" "+name+" "+group)
	}
	slices.Sort(out)
	return out
}

// What the comparison of two configurations tells is what a run by the new one then
// plans; and it tells that without writing anything.
func TestComparisonIsWhatTheNextRunPlans(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		draw := func(label string) string {
			return fmt.Sprintf(`
  users {
    include  = %s
    on_leave = %q
    grace    = %q
    map {
      email        = user.email
      display_name = %s(user.display_name)
    }
  }
  groups {
    include       = %s
    name          = %s
    keep_existing = %v
    nested        = %q
  }
`+generous, rapid.SampledFrom([]string{`contains(user.groups, "everybody")`, `contains(user.groups, "engineering")`, "user.active"}).Draw(rt, label+" include"),
				rapid.SampledFrom([]string{"deactivate", "delete", "keep"}).Draw(rt, label+" leave"), rapid.SampledFrom([]string{"0s", "48h"}).Draw(rt, label+" grace"),
				rapid.SampledFrom([]string{"upper", "lower"}).Draw(rt, label+" case"),
				rapid.SampledFrom([]string{"true || group.name == \"\"", `regex_match("^e", group.name)`, `group.name == "everybody"`}).Draw(rt, label+" groups"),
				rapid.SampledFrom([]string{"group.name", "lower(group.name)", `"${group.name}-x"`}).Draw(rt, label+" name"), rapid.Bool().Draw(rt, label+" keep"),
				rapid.SampledFrom([]string{"flatten", "direct"}).Draw(rt, label+" nested"))
		}
		before, after := draw("old"), draw("new")
		b := newBench(t, fmt.Sprintf("%s/%d", t.TempDir(), n), strings.ReplaceAll(before, "48h", "0s"))
		defer b.close()
		b.company(8)
		for range rapid.IntRange(0, 6).Draw(rt, "changes") {
			randomly(rt, b.hr, false)
		}
		everyone := []string{"target.fake.app", refs}
		b.settle(rt, Options{Mode: ModeFull, Believe: everyone, Apply: true})

		b.e.Store = looking{b.database}
		x, err := b.e.Compare(context.Background(), "staff", kept(rt, before), kept(rt, after), b.app.Description())
		if err != nil {
			rt.Fatalf("%v", err)
		}
		b.e.Store = b.database
		b.edit(strings.ReplaceAll(after, "48h", "0s"))
		next := b.run(Options{Mode: ModeFull, Believe: everyone})
		if got, want := lines(x.Lost, x.Gained), linesOf(next.Plan); !slices.Equal(got, want) {
			rt.Fatalf("told: %q\nplanned: %q", got, want)
		}
		if len(x.Changes) == 0 && len(x.Lost)+len(x.Gained) > 0 {
			rt.Fatalf("nothing was changed: %+v", x)
		}
	})
}
