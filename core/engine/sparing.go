package engine

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// sparing says how the garbage of large runs is collected: sooner than Go would, which
// lets the heap grow to twice of what is alive. What a run holds of a large directory has
// hardly any pointers, so that a collection costs little. A small heap is left to Go,
// where more collections would cost more than the memory is worth.
var sparing struct {
	sync.Mutex
	runs   int  // under way
	on     bool // for one of them
	before int  // the percentage without
}

// largeHeap is from how many bytes alive garbage is collected sooner, at sparingPercent.
const largeHeap, sparingPercent = 40 << 20, 50

// spareAtEnd is called when a run begins; what it returns, when it ends, leaves the
// collector as the first run found it.
func spareAtEnd() (end func()) {
	sparing.Lock()
	defer sparing.Unlock()
	sparing.runs++
	return func() {
		sparing.Lock()
		defer sparing.Unlock()
		if sparing.runs--; sparing.runs == 0 && sparing.on {
			debug.SetGCPercent(sparing.before)
			sparing.on = false
		}
	}
}

// spare looks how large the heap is. It is called between pages and between people.
func spare() {
	alive := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(alive)
	if alive[0].Value.Kind() == metrics.KindUint64 {
		spareFrom(alive[0].Value.Uint64())
	}
}

func spareFrom(alive uint64) {
	sparing.Lock()
	defer sparing.Unlock()
	if sparing.on || sparing.runs == 0 || alive < largeHeap {
		return
	}
	sparing.before, sparing.on = debug.SetGCPercent(sparingPercent), true
	if sparing.before >= 0 && sparing.before < sparingPercent {
		debug.SetGCPercent(sparing.before) // GOGC asks for more
	}
}
