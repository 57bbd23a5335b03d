package sqlite

import (
	"fmt"
	"testing"
	"time"

	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// benchStore is a store with n accounts, whose ids it returns.
func benchStore(b *testing.B, n int) (*DB, []store.ID) {
	b.Helper()
	db, err := Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	accounts, ids := make([]store.Account, n), make([]store.ID, n)
	first := db.NewIDs(n)
	for i := range accounts {
		ids[i] = first + store.ID(i)
		accounts[i] = benchAccount(ids[i], i)
	}
	update(b, db, func(tx store.Tx) error {
		ep, err := tx.Endpoint("source.okta.corp")
		for i := range accounts {
			accounts[i].Endpoint = ep
		}
		if err != nil {
			return err
		}
		return tx.PutAccounts(accounts)
	})
	return db, ids
}

func benchAccount(id store.ID, i int) store.Account {
	mail := fmt.Sprintf("person%06d@example.org", i)
	return store.Account{Head: store.Head{N: id, Ext: fmt.Sprintf("00u%017d", i), Flags: store.Active}, EmailKey: mail, UsernameKey: mail,
		Record: make([]byte, 400)}
}

func update(b *testing.B, db *DB, f func(store.Tx) error) {
	b.Helper()
	if err := db.Update(b.Context(), f); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPutAccounts writes accounts that have changed, 2,000 in a transaction.
func BenchmarkPutAccounts(b *testing.B) {
	const n = 2000
	db, ids := benchStore(b, n)
	accounts := make([]store.Account, n)
	for round := byte(1); b.Loop(); round++ {
		update(b, db, func(tx store.Tx) error {
			ep, err := tx.Endpoint("source.okta.corp")
			if err != nil {
				return err
			}
			for i := range accounts {
				accounts[i] = benchAccount(ids[i], i)
				accounts[i].Endpoint, accounts[i].Fingerprint = ep, [16]byte{round}
			}
			return tx.PutAccounts(accounts)
		})
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "accounts/s")
}

// BenchmarkAccounts reads accounts by their ids, 2,000 at a time.
func BenchmarkAccounts(b *testing.B) {
	const n = 2000
	db, ids := benchStore(b, n)
	b.ReportAllocs()
	for b.Loop() {
		err := db.View(b.Context(), func(v store.Reader) error {
			got, err := v.Accounts(ids)
			if err == nil && len(got) != n {
				err = fmt.Errorf("%d accounts", len(got))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "accounts/s")
}

// BenchmarkPutGroupSets writes a hundred groups of a thousand people.
func BenchmarkPutGroupSets(b *testing.B) {
	db, ids := benchStore(b, 1000)
	first := db.NewIDs(100)
	sets := make([]store.GroupSet, 100)
	for i := range sets {
		sets[i] = store.GroupSet{N: first + store.ID(i), Users: idset.Of(ids)}
	}
	for b.Loop() {
		update(b, db, func(tx store.Tx) error { return tx.PutGroupSets(sets) })
	}
	b.ReportMetric(100*1000*float64(b.N)/b.Elapsed().Seconds(), "memberships/s")
}

// BenchmarkJournal commits operations, durably: one in a transaction, as when results
// trickle in, and many, as when they pour.
func BenchmarkJournal(b *testing.B) {
	for _, many := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("together=%d", many), func(b *testing.B) {
			db, ids := benchStore(b, 100)
			ops, next := make([]store.Operation, many), 0
			for b.Loop() {
				update(b, db, func(tx store.Tx) error {
					for i := range ops {
						next++
						ops[i] = store.Operation{ID: fmt.Sprint("op", next), Run: "r", Class: "update_user", N: ids[next%len(ids)], State: store.OpApplied,
							Step: make([]byte, 300), Answer: "204", At: time.Unix(int64(next), 0)}
					}
					return tx.PutOperations(ops)
				})
			}
			b.ReportMetric(float64(many)*float64(b.N)/b.Elapsed().Seconds(), "operations/s")
		})
	}
}
