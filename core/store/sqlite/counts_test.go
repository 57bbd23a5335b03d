package sqlite

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"syncgateway/core/store"
)

// What is counted as it is written is what a count of everything gives.
func TestCountsAreTrue(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		db, err := Open(context.Background(), fmt.Sprintf("%s/%d", t.TempDir(), n))
		if err != nil {
			rt.Fatal(err)
		}
		defer db.Close()
		err = db.Update(context.Background(), func(tx store.Tx) error {
			for range rapid.IntRange(1, 40).Draw(rt, "writes") {
				if err := drawPeople(rt, tx); err != nil {
					return err
				}
			}
			for s := store.SyncID(1); s <= 2; s++ {
				sameCounts(rt, tx, s)
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}

func drawPeople(t *rapid.T, tx store.Tx) error {
	id := func(what string) store.ID { return store.ID(rapid.IntRange(1, 6).Draw(t, what)) }
	flags := store.Flags(rapid.IntRange(0, 3).Draw(t, "flags"))
	n, p := id("account"), id("person")
	sync := store.SyncID(1 + p%2)
	switch rapid.IntRange(0, 4).Draw(t, "write") {
	case 0:
		outcome := rapid.SampledFrom([]string{"in_sync", "planned", "left"}).Draw(t, "outcome")
		return tx.PutPeople([]store.Person{{P: p, Sync: sync, Key: fmt.Sprint(p), Outcome: outcome}})
	case 1:
		return tx.PutAccounts([]store.Account{{Head: store.Head{N: n, Ext: fmt.Sprint(n), Flags: flags}, Endpoint: 1}})
	case 2:
		return tx.SetFlags([]store.Head{{N: n, Flags: flags}}, false)
	case 3:
		if err := tx.DeleteLinks([]store.ID{n}); err != nil {
			return err
		}
		return tx.PutLinks([]store.Link{{N: n, P: p, Sync: sync}})
	}
	return tx.DeleteLinks([]store.ID{n})
}

func sameCounts(t *rapid.T, v store.Tx, s store.SyncID) {
	x := v.(*tx)
	outcomes, err := x.Outcomes(s)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, outcome := range []string{"in_sync", "planned", "left"} {
		var n int
		if _, err := x.one([]any{&n}, `SELECT count(*) FROM person WHERE sync = ? AND outcome = ?`, s, outcome); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			want[outcome] = n
		}
	}
	links, err := x.LinkCount(s)
	var counted int
	if err == nil {
		_, err = x.one([]any{&counted}, `SELECT count(*) FROM link l JOIN account a ON a.n = l.n WHERE l.sync = ? AND a.flags & 3 = 1`, s)
	}
	if err != nil || links != counted || !maps.Equal(outcomes, want) {
		t.Fatalf("outcomes %v, want %v; %d links, want %d; %v", outcomes, want, links, counted, err)
	}
}
