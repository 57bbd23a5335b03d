package engine

import (
	"context"
	"testing"

	"syncgateway/core/store"
)

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
