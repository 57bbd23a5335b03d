package mirror

import (
	"bytes"
	"context"
	"fmt"

	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// writing is changed accounts that are being written while the next pages come.
type writing struct {
	rows    []store.Account
	done    chan struct{}
	changed int
	err     error
}

// writeOn hands the changed accounts to a writer. There is one at a time, so that no
// more than two lots are in memory.
func (r *Reading) writeOn(ctx context.Context) error {
	if err := r.Settle(); err != nil {
		return err
	}
	w := &writing{rows: r.accountRows, done: make(chan struct{})}
	r.accountRows, r.spare, r.writing = r.spare[:0], nil, w
	known := r.knownOf(w.rows)
	ctx = context.WithoutCancel(ctx) // the stream that a page came by may end before it is written
	go func() {
		defer close(w.done)
		w.err = r.st.Update(ctx, func(tx store.Tx) (err error) {
			w.changed, err = putAccounts(tx, r.syncs, w.rows, known)
			return err
		})
	}()
	return nil
}

// Settle waits until nothing of the reading is being written. Who gives a reading up
// calls it before the store is closed; the error is that of the last write.
func (r *Reading) Settle() error {
	w := r.writing
	if w == nil {
		return nil
	}
	<-w.done
	r.writing, r.spare = nil, w.rows
	r.stats.Changed += w.changed
	if w.err != nil {
		return fmt.Errorf("write the mirror: %w", w.err)
	}
	return nil
}

// knownOf are those of the accounts that were in the store before this read.
func (r *Reading) knownOf(rows []store.Account) idset.Set {
	var known []store.ID
	for i := range rows {
		if e := r.users.get(rows[i].Ext); e.known {
			known = append(known, e.n)
		}
	}
	return idset.Of(known)
}

// putAccounts writes accounts, marks those whose content really changed, and counts
// them.
func putAccounts(tx store.Tx, syncs []store.SyncID, rows []store.Account, known idset.Set) (int, error) {
	changed, err := reallyChanged(tx, rows, known)
	if err != nil {
		return 0, err
	}
	if err := tx.PutAccounts(rows); err != nil {
		return 0, err
	}
	return len(changed), markDirty(tx, syncs, changed)
}

// reallyChanged compares by content those whose fingerprint differs: another
// serialization of the same record is no change.
func reallyChanged(tx store.Tx, rows []store.Account, known idset.Set) ([]store.ID, error) {
	before, err := tx.Accounts(known)
	if err != nil {
		return nil, err
	}
	same := map[store.ID][]byte{}
	for i := range before {
		if b := &before[i]; !b.Flags.Has(store.Gone) {
			same[b.N] = b.Record
		}
	}
	out := make([]store.ID, 0, len(rows))
	for i := range rows {
		if rec, ok := same[rows[i].N]; !ok || !bytes.Equal(rec, rows[i].Record) {
			out = append(out, rows[i].N)
		}
	}
	return out, nil
}
