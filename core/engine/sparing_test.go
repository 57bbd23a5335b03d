package engine

import (
	"runtime/debug"
	"testing"
)

// Large reads that overlap leave the collector as they found it; small ones never touch it.
func TestLargeReadsSpareMemory(t *testing.T) {
	percent := func() int {
		now := debug.SetGCPercent(77)
		debug.SetGCPercent(now)
		return now
	}
	defer debug.SetGCPercent(debug.SetGCPercent(120))
	small := spare(largeRead - 1)
	if percent() != 120 {
		t.Errorf("a small read: %d", percent())
	}
	first, second := spare(largeRead), spare(10*largeRead)
	small()
	first()
	if percent() != sparingPercent {
		t.Errorf("while one is under way: %d", percent())
	}
	second()
	if percent() != 120 {
		t.Errorf("afterwards: %d", percent())
	}
}
