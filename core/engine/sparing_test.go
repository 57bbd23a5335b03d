package engine

import (
	"runtime/debug"
	"testing"
)

// Large runs that overlap leave the collector as they found it; small ones never touch it.
func TestLargeRunsSpareMemory(t *testing.T) {
	percent := func() int {
		now := debug.SetGCPercent(77)
		debug.SetGCPercent(now)
		return now
	}
	defer debug.SetGCPercent(debug.SetGCPercent(120))
	spareFrom(10 * largeHeap)
	if percent() != 120 {
		t.Errorf("without a run: %d", percent())
	}
	first, second := spareAtEnd(), spareAtEnd()
	if spareFrom(largeHeap - 1); percent() != 120 {
		t.Errorf("small runs: %d", percent())
	}
	spareFrom(largeHeap)
	first()
	if percent() != sparingPercent {
		t.Errorf("while one is under way: %d", percent())
	}
	second()
	if percent() != 120 {
		t.Errorf("afterwards: %d", percent())
	}
}
