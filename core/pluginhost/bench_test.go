package pluginhost

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// BenchmarkTenPlugins starts ten plugins side by side, until each is configured.
func BenchmarkTenPlugins(b *testing.B) {
	h, _ := newHost(b)
	for b.Loop() {
		plugins := make([]*Plugin, 10)
		var wg sync.WaitGroup
		for i := range plugins {
			wg.Go(func() {
				in := instance("good", "", 0)
				in.Address = fmt.Sprint("source.good.a", i)
				p, err := h.Start(b.Context(), in)
				if err != nil {
					b.Error(err)
				}
				plugins[i] = p
			})
		}
		wg.Wait()
		b.StopTimer()
		for _, p := range plugins {
			p.Close()
		}
		b.StartTimer()
	}
}

// BenchmarkReadUsers reads pages of 500 users from a plugin process.
func BenchmarkReadUsers(b *testing.B) {
	p := start(b, "many", 500)
	b.ReportAllocs()
	for b.Loop() {
		end, err := p.ReadUsers(b.Context(), ReadOptions{}, discard{})
		if err != nil || end.Count != 100_000 {
			b.Fatal(end, err)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "users/s")
}

// discard is a sink that looks at nothing.
type discard struct{ collected }

func (discard) Users(context.Context, UserPage) error { return nil }
func (discard) Checkpoint([]byte)                     {}
func (discard) Notice(Notice)                         {}
func (discard) Waiting(Waiting)                       {}
