package mirror

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"syncgateway/core/store"
)

// The packed index finds what a plain map finds.
func TestIndexAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, model := newIndex(rapid.IntRange(0, 20).Draw(t, "room")), map[string]entry{}
		x.whole = true
		ids := rapid.SliceOfNDistinct(rapid.StringN(0, 6, -1), 1, 200, rapid.ID).Draw(t, "ids")
		known := rapid.IntRange(0, len(ids)).Draw(t, "known")
		for i, id := range ids {
			e := entry{n: store.ID(i*7 + 1), flags: store.Flags(i % 4), fp: [16]byte{byte(i)}, known: i < known}
			if model[id] = e; e.known {
				x.load(store.Head{N: e.n, Ext: id, Fingerprint: e.fp, Flags: e.flags})
			} else {
				x.add(id, e)
			}
		}
		for i, id := range append(ids, rapid.SliceOf(rapid.StringN(0, 6, -1)).Draw(t, "others")...) {
			want, ok := model[id]
			at := x.find(id)
			if (at != 0) != ok || at != x.findBytes([]byte(id)) {
				t.Fatalf("%q is at %d, there: %v", id, at, ok)
			}
			if !ok {
				continue
			}
			if got := x.entries[at]; got.n != want.n || got.known != want.known || x.head(at) != (store.Head{N: want.n, Ext: id, Fingerprint: want.fp, Flags: want.flags}) {
				t.Fatalf("%q: %+v, want %+v", id, got, want)
			}
			if i < known && x.byID.at(want.n) != at {
				t.Fatalf("%d is at %d, want %d", want.n, x.byID.at(want.n), at)
			}
		}
		if got := x.exts(func(e *entry) bool { return e.known }); !slices.Equal(got, slices.Sorted(slices.Values(ids[:known]))) {
			t.Fatalf("known: %q", got)
		}
		if at := x.byID.at(1 << 31); at != 0 {
			t.Fatalf("an id that is nobody's is at %d", at)
		}
	})
}

// BenchmarkIndex loads 100,000 records and finds each.
func BenchmarkIndex(b *testing.B) {
	const n = 100_000
	heads := make([]store.Head, n)
	for i := range heads {
		heads[i] = store.Head{N: store.ID(i + 1), Ext: fmt.Sprintf("00u%017d", i*7919%n)}
	}
	b.ReportAllocs()
	for b.Loop() {
		x := newIndex(n)
		x.whole = true
		for _, h := range heads {
			x.load(h)
		}
		for i := range heads {
			if x.find(heads[i*31%n].Ext) == 0 {
				b.Fatal("lost")
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}
