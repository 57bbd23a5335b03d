package crowd_test

import (
	"slices"
	"testing"

	"syncgateway/examples/synthetic/crowd"
)

func TestIDs(t *testing.T) {
	got := crowd.IDs("u", []int32{0, 7, 12345678, 99_999_999, 100_000_000, 2_000_000_000})
	want := []string{"u00000000", "u00000007", "u12345678", "u99999999", "u100000000", "u2000000000"}
	if !slices.Equal(got, want) {
		t.Error(got)
	}
	for i, id := range got {
		n := crowd.Number("u", id)
		if n < 0 || crowd.ID("u", n) != id || crowd.Number("a", id) != -1 || crowd.Number("u", "u12") != -1 {
			t.Errorf("%d: %s is %d", i, id, n)
		}
	}
}

func BenchmarkPerson(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if crowd.Person(i%100_000, 0).Email == "" {
			b.Fatal(i)
		}
	}
}
