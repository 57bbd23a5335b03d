package sdk

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// In whatever order ids come, one is seen again exactly when it was there before.
func TestSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, before := newSeen(), map[string]bool{}
		for _, n := range rapid.SliceOf(rapid.IntRange(0, 30)).Draw(t, "ids") {
			id := fmt.Sprint("u", n)
			if got := s.again(id); got != before[id] {
				t.Fatalf("%s: seen %v, and was %v", id, got, before[id])
			}
			before[id] = true
		}
	})
}
