package api

import (
	"testing"
	"time"
)

func TestDelays(t *testing.T) {
	for _, c := range []struct {
		n             int
		p50, p95, top time.Duration
	}{{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 1, 2, 2}, {20, 10, 19, 20}, {100, 50, 95, 100}} {
		var ds []time.Duration
		for i := range c.n {
			ds = append(ds, time.Duration(c.n-i))
		}
		if got, want := delays(ds), (Delays{c.n, c.p50, c.p95, c.top}); got != want {
			t.Errorf("%d: %+v, want %+v", c.n, got, want)
		}
	}
}
