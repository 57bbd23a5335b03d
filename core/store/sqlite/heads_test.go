package sqlite

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"syncgateway/core/store"
)

// Whatever is written, and undone, the packed heads say what the accounts say.
func TestHeadsAreThoseOfTheAccounts(t *testing.T) {
	n := 0
	rapid.Check(t, func(t2 *rapid.T) {
		n++
		db, err := Open(context.Background(), fmt.Sprintf("%s/%d", t.TempDir(), n))
		if err != nil {
			t2.Fatal(err)
		}
		defer db.Close()
		for range rapid.IntRange(1, 12).Draw(t2, "transactions") {
			undo := fmt.Errorf("undone")
			err := db.Update(context.Background(), func(tx store.Tx) error {
				for range rapid.IntRange(1, 3).Draw(t2, "writes") {
					if err := drawWrite(t2, tx); err != nil {
						return err
					}
				}
				if rapid.IntRange(0, 4).Draw(t2, "undone") == 0 {
					return undo
				}
				return nil
			})
			if err != nil && err != undo {
				t2.Fatal(err)
			}
			for ep := store.EndpointID(1); ep <= 2; ep++ {
				sameHeads(t2, db, ep)
			}
		}
	})
}

func drawWrite(t *rapid.T, tx store.Tx) error {
	if rapid.IntRange(0, 4).Draw(t, "tidy") == 0 {
		return tx.TidyHeads(store.EndpointID(rapid.IntRange(1, 2).Draw(t, "endpoint")))
	}
	var as []store.Account
	var heads []store.Head
	for range rapid.IntRange(1, 700).Draw(t, "accounts") {
		n := store.ID(rapid.IntRange(1, 2000).Draw(t, "n"))
		h := store.Head{N: n, Ext: fmt.Sprint("id ", n), Fingerprint: [16]byte{rapid.Byte().Draw(t, "fingerprint")}, Flags: store.Flags(rapid.IntRange(0, 3).Draw(t, "flags"))}
		heads = append(heads, store.Head{N: n, Flags: h.Flags})
		as = append(as, store.Account{Head: h, Endpoint: store.EndpointID(1 + n%2), Record: []byte{1}})
	}
	if rapid.Bool().Draw(t, "flags alone") {
		return tx.SetFlags(heads, false)
	}
	return tx.PutAccounts(as)
}

func sameHeads(t *rapid.T, db *DB, ep store.EndpointID) {
	got, want := map[store.ID]store.Head{}, map[store.ID]store.Head{}
	err := db.View(context.Background(), func(v store.Reader) error {
		err := v.Heads(ep, func(h store.Head) error {
			if _, twice := got[h.N]; twice {
				t.Fatalf("account %d comes twice", h.N)
			}
			got[h.N] = h
			return nil
		})
		if err != nil {
			return err
		}
		return v.(*tx).heads(ep, func(h store.Head) error { want[h.N] = h; return nil }, `SELECT n, ext, fp, flags FROM account WHERE ep = ?`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Fatalf("endpoint %d: the heads are\n%v\nand the accounts\n%v", ep, got, want)
	}
}

// Damaged heads are an error, whatever they are.
func FuzzHeads(f *testing.F) {
	f.Add(packHead(packHead(nil, &store.Head{N: 1 << 31, Ext: "one"}), &store.Head{N: 2, Flags: store.Gone}))
	f.Fuzz(func(t *testing.T, packed []byte) {
		var again []byte
		err := eachHead(string(packed), func(h store.Head) error { again = packHead(again, &h); return nil })
		if err == nil && len(again) > len(packed) {
			t.Errorf("%d bytes of %d", len(again), len(packed))
		}
	})
}

// BenchmarkHeads reads the heads of 100,000 accounts, packed and from their rows.
func BenchmarkHeads(b *testing.B) {
	db, err := Open(b.Context(), b.TempDir()+"/data")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const accounts = 100_000
	err = db.Update(b.Context(), func(tx store.Tx) error {
		var as []store.Account
		for n := store.ID(1); n <= accounts; n++ {
			ext := fmt.Sprintf("00u%017d", n)
			as = append(as, store.Account{Head: store.Head{N: n, Ext: ext}, Endpoint: 1, EmailKey: ext, Record: make([]byte, 500)})
		}
		if err := tx.PutAccounts(as); err != nil {
			return err
		}
		return tx.TidyHeads(1)
	})
	if err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func(*tx, func(store.Head) error) error{
		"packed": func(x *tx, f func(store.Head) error) error { return x.Heads(1, f) },
		"rows": func(x *tx, f func(store.Head) error) error {
			return x.heads(1, f, `SELECT n, ext, fp, flags FROM account WHERE ep = ?`)
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				n := 0
				err := db.View(b.Context(), func(v store.Reader) error {
					return read(v.(*tx), func(store.Head) error { n++; return nil })
				})
				if err != nil || n != accounts {
					b.Fatal(n, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/accounts, "ns/head")
		})
	}
}
