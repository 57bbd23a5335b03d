package sdk

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "n")
		ops := make([]Operation, n)
		for i := range ops {
			ops[i].ID = fmt.Sprint(i)
			for range rapid.IntRange(0, 2).Draw(t, "predecessors") {
				ops[i].After = append(ops[i].After, fmt.Sprint(rapid.IntRange(0, 14).Draw(t, "after")))
			}
			if rapid.Bool().Draw(t, "refers") {
				ops[i].Member.UserOperation = fmt.Sprint(rapid.IntRange(0, n-1).Draw(t, "user"))
			}
		}
		sorted, stuck := inOrder(ops)
		done := map[string]bool{}
		for _, op := range sorted {
			for _, id := range predecessors(op) {
				if !done[id] {
					t.Fatalf("%s comes before %s", op.ID, id)
				}
			}
			done[op.ID] = true
		}
		if len(sorted)+len(stuck) != n || len(done) != len(sorted) {
			t.Fatalf("%d sorted and %d stuck of %d", len(sorted), len(stuck), n)
		}
		for _, op := range stuck { // at least one predecessor is stuck too, or is not there
			if !slices.ContainsFunc(predecessors(op), func(id string) bool { return !done[id] }) {
				t.Fatalf("%s need not be stuck", op.ID)
			}
		}
	})
}

func TestOrderIsKeptWherePossible(t *testing.T) {
	sorted, _ := inOrder([]Operation{{ID: "a", After: []string{"c"}}, {ID: "b"}, {ID: "c"}, {ID: "d"}})
	var got string
	for _, op := range sorted {
		got += op.ID
	}
	if got != "bcad" {
		t.Error(got)
	}
}
