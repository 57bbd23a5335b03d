package idset

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func draw(t *rapid.T, name string) (Set, map[ID]bool) {
	ids := rapid.SliceOf(rapid.Uint32Range(0, 200)).Draw(t, name)
	model := map[ID]bool{}
	for _, id := range ids {
		model[id] = true
	}
	return Of(ids), model
}

func keys(m map[ID]bool) Set {
	var s Set
	for id, in := range m {
		if in {
			s = append(s, id)
		}
	}
	slices.Sort(s)
	return s
}

// The packed sets behave as a plain map does.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, ma := draw(t, "a")
		b, mb := draw(t, "b")
		union, less := map[ID]bool{}, map[ID]bool{}
		for id := range ma {
			union[id] = true
			less[id] = !mb[id]
		}
		for id := range mb {
			union[id] = true
		}
		if got := a.With(b); !slices.Equal(got, keys(union)) {
			t.Fatalf("With: %v, want %v", got, keys(union))
		}
		if got := a.Without(b); !slices.Equal(got, keys(less)) {
			t.Fatalf("Without: %v, want %v", got, keys(less))
		}
		var added, removed Set
		a.Diff(b, func(id ID) { added = append(added, id) }, func(id ID) { removed = append(removed, id) })
		if !added.Equal(b.Without(a)) || !removed.Equal(a.Without(b)) {
			t.Fatalf("Diff: +%v -%v", added, removed)
		}
		for id := ID(0); id < 200; id++ {
			if a.Has(id) != ma[id] {
				t.Fatalf("Has(%d)", id)
			}
		}
		packed := Packed(Pack(nil, a))
		got, err := Unpack(nil, packed)
		if err != nil || !slices.Equal(got, a) {
			t.Fatalf("round trip: %v, %v", got, err)
		}
		if n, err := packed.Len(); n != len(a) || err != nil {
			t.Fatalf("Len: %d, %v, want %d", n, err, len(a))
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add(Pack(nil, Set{1, 5, 1 << 31}))
	f.Add([]byte{1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Unpack(nil, b)
		if err == nil && !slices.IsSorted(s) {
			t.Fatal("not sorted")
		}
		if n, lenErr := Packed(b).Len(); err == nil && (n != len(s) || lenErr != nil) {
			t.Fatalf("Len: %d, %v; unpacked %d, %v", n, lenErr, len(s), err)
		}
	})
}

func BenchmarkDiffUnchanged(b *testing.B) {
	s := make(Set, 100_000)
	for i := range s {
		s[i] = ID(i * 3)
	}
	packed := Pack(nil, s)
	buf := make(Set, 0, len(s))
	b.ReportAllocs()
	for b.Loop() {
		got, err := Unpack(buf[:0], packed)
		if err != nil {
			b.Fatal(err)
		}
		s.Diff(got, func(ID) { b.Fatal("added") }, func(ID) { b.Fatal("removed") })
	}
}
