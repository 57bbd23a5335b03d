package engine

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"syncgateway/core/store"
)

// Packed results are what was added, with what was set afterwards.
func TestResultsAreWhatWasAdded(t *testing.T) {
	text := rapid.StringMatching(`[a-z]{0,3}`)
	ids := rapid.SliceOfN(rapid.Uint32Range(1, 9), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		rs := newResults(7)
		want := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) personResult {
			r := personResult{person: store.Person{P: rapid.Uint32().Draw(t, "p"), Sync: 7, Key: text.Draw(t, "key"), Label: text.Draw(t, "label"), Outcome: text.Draw(t, "outcome"), Detail: text.Draw(t, "detail")},
				accounts: append([]store.ID{}, ids.Draw(t, "accounts")...), link: rapid.Uint32().Draw(t, "link"), open: rapid.Bool().Draw(t, "open"), missing: rapid.Bool().Draw(t, "missing")}
			if rapid.Bool().Draw(t, "long") {
				r.person.Key = strings.Repeat("k", 100_000)
			}
			if rapid.Bool().Draw(t, "differs") {
				r.differences = []store.Difference{{Field: "email"}}
			}
			return r
		}), 0, 40, func(r personResult) store.ID { return r.person.P }).Draw(t, "people")
		slices.SortFunc(want, func(a, b personResult) int { return cmp.Compare(a.person.P, b.person.P) })
		for i := range want {
			rs.add(&want[i])
		}
		for i := range want {
			if rapid.Bool().Draw(t, "set") {
				rs.set(want[i].person.P, "other", "since")
				want[i].person.Outcome, want[i].person.Detail = "other", "since"
			}
		}
		var got []personResult
		if err := rs.each(func(r *personResult) error { got = append(got, *r); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(want) != rs.len() || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	})
}
