package engine

import (
	"context"
	"fmt"
	"testing"

	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// BenchmarkEvaluateFirst looks at people who have no account yet: each is made, with
// their memberships.
func BenchmarkEvaluateFirst(b *testing.B) {
	const n = 10_000
	x := newBench(b, b.TempDir(), `
  users {
    map {
      email        = lower(user.email)
      display_name = upper(user.display_name)
    }
  }
  groups {}
`+generous)
	defer x.close()
	x.company(n)
	for g := range 100 {
		id := fmt.Sprintf("team%d", g)
		x.hr.groups[id] = identity.Group{ID: id, Kind: "group", Name: id}
		x.hr.members[id] = map[string]bool{}
	}
	i := 0
	for id := range x.hr.users {
		for j := range 10 {
			x.hr.members[fmt.Sprintf("team%d", (i*7+j*13)%100)][id] = true
		}
		i++
	}
	x.run(Options{})
	r := &run{Engine: x.e, sync: x.e.Config.Sync("staff"), report: &Report{}, began: x.now, conn: x.app}
	if err := r.begin(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		ev := r.evaluation()
		if err := x.e.Store.View(context.Background(), ev.run); err != nil {
			b.Fatal(err)
		}
		if counts := (&plan.Plan{Steps: ev.steps}).Counts(); counts[plan.CreateUser] != n || counts[plan.AddMember] < 10*n {
			b.Fatal(counts)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/person")
}

// BenchmarkEvaluate looks at people for whom nothing is to do: read from the store,
// mapped, matched, compared.
func BenchmarkEvaluate(b *testing.B) {
	const n = 10_000
	x := newBench(b, b.TempDir(), `
  users {
    include = contains(user.groups, "everybody")
    map {
      email        = lower(user.email)
      display_name = upper(user.display_name)
    }
  }
  groups {}
`+generous)
	defer x.close()
	x.company(n)
	x.run(Options{Apply: true})
	r := &run{Engine: x.e, sync: x.e.Config.Sync("staff"), report: &Report{}, began: x.now, conn: x.app}
	if err := r.begin(context.Background()); err != nil {
		b.Fatal(err)
	}
	var all []store.ID
	err := x.e.Store.View(context.Background(), func(v store.Reader) error {
		for ep := range r.sources {
			if err := v.Heads(ep, func(h store.Head) error { all = append(all, h.N); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(all) != n {
		b.Fatal(len(all), err)
	}
	b.ReportAllocs()
	for b.Loop() {
		ev := r.evaluation()
		ev.only = all
		if err := x.e.Store.View(context.Background(), ev.run); err != nil {
			b.Fatal(err)
		}
		if ev.steps.Len() > 0 || ev.results.len() != n {
			b.Fatalf("%d people, %d steps", ev.results.len(), ev.steps.Len())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/person")
}
