package engine

import (
	"runtime/debug"
	"sync"
)

// sparing says how the garbage of large reads is collected. What a read holds of a
// directory has no pointers: a collection costs next to nothing, and the heap need not
// grow to twice of it before there is one. Elsewhere, in evaluations above all, more
// collections would cost more than the memory is worth.
var sparing struct {
	sync.Mutex
	reads  int // large ones under way
	before int // the percentage when there are none
}

// A read is large from so many users on; below, the memory it takes is no matter.
const largeRead, sparingPercent = 250_000, 50

// spare collects garbage sooner, for a read of so many users, until the returned function
// is called.
func spare(users int) (end func()) {
	if users < largeRead {
		return func() {}
	}
	sparing.Lock()
	defer sparing.Unlock()
	if sparing.reads++; sparing.reads == 1 {
		sparing.before = debug.SetGCPercent(sparingPercent)
		if sparing.before >= 0 && sparing.before < sparingPercent {
			debug.SetGCPercent(sparing.before) // GOGC asks for more
		}
	}
	return func() {
		sparing.Lock()
		defer sparing.Unlock()
		if sparing.reads--; sparing.reads == 0 {
			debug.SetGCPercent(sparing.before)
		}
	}
}
