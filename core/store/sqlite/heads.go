package sqlite

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"syncgateway/core/store"
)

// The heads of an endpoint's accounts are kept a second time, packed, so that a read of
// everything need not look at every account. It is a log: whoever writes accounts appends
// their heads in the same transaction, and what is behind takes the place of what is
// before.

// headsPerRow is where more heads in one row stop paying.
const headsPerRow = 4096

// Heads implements store.MirrorReader. What the log begins with comes in its order.
func (x *tx) Heads(ep store.EndpointID, f func(store.Head) error) error {
	var seen idBits
	once := func(h store.Head) error {
		if !seen.add(h.N) {
			return nil
		}
		return f(h)
	}
	if err := x.headsOf(ep, false, once); err != nil {
		return err
	}
	return x.headsOf(ep, true, once)
}

// headsOf calls f for the heads of the base, in their order, or for those behind it, the
// last one first.
func (x *tx) headsOf(ep store.EndpointID, base bool, f func(store.Head) error) error {
	query := `SELECT heads FROM account_head WHERE ep = ? AND base = ? ORDER BY seq`
	if !base {
		query += ` DESC`
	}
	return x.each(func(r *sql.Rows) error {
		var packed sql.RawBytes
		if err := r.Scan(&packed); err != nil {
			return err
		}
		return eachHead(string(packed), f)
	}, query, ep, base)
}

// eachHead calls f for the heads of a row. Their texts are parts of packed.
func eachHead(packed string, f func(store.Head) error) error {
	for len(packed) > 0 {
		h, size := unpackHead(packed)
		if size == 0 {
			return fmt.Errorf("%w: the heads of accounts cannot be read", store.ErrDamaged)
		}
		if err := f(h); err != nil {
			return err
		}
		packed = packed[size:]
	}
	return nil
}

// packHead is the inverse of unpackHead.
func packHead(b []byte, h *store.Head) []byte {
	b = binary.AppendUvarint(b, uint64(h.N))
	b = append(append(b, byte(h.Flags)), h.Fingerprint[:]...)
	b = binary.AppendUvarint(b, uint64(len(h.Ext)))
	return append(b, h.Ext...)
}

// unpackHead takes the first head of packed. size is 0 when that is damaged.
func unpackHead(packed string) (h store.Head, size int) {
	n, at := uvarint(packed)
	if at == 0 || n > 1<<32-1 || len(packed) < at+1+len(h.Fingerprint) {
		return h, 0
	}
	h.N, h.Flags = store.ID(n), store.Flags(packed[at])
	at += 1 + copy(h.Fingerprint[:], packed[at+1:])
	length, used := uvarint(packed[at:])
	if at += used; used == 0 || length > uint64(len(packed)-at) {
		return h, 0
	}
	h.Ext = packed[at : at+int(length)]
	return h, at + int(length)
}

// uvarint is binary.Uvarint of a text; used is 0 when there is none.
func uvarint(s string) (v uint64, used int) {
	for i := 0; i < len(s) && i < binary.MaxVarintLen32; i++ {
		v |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// noteHeads appends the heads of accounts that were written, in this order.
func (x *tx) noteHeads(as []store.Account) error {
	for len(as) > 0 {
		n := 1
		for n < min(len(as), headsPerRow) && as[n].Endpoint == as[0].Endpoint {
			n++
		}
		var packed []byte
		for i := n - 1; i >= 0; i-- {
			packed = packHead(packed, &as[i].Head)
		}
		if err := x.appendHeads(as[0].Endpoint, false, n, packed); err != nil {
			return err
		}
		as = as[n:]
	}
	return nil
}

// noteFlags appends the heads of accounts whose flags were written.
func (x *tx) noteFlags(heads []store.Head) error {
	ns := make([]store.ID, len(heads))
	for i, h := range heads {
		ns[i] = h.N
	}
	var as []store.Account
	err := x.byIDs(ns, func(r *sql.Rows) error {
		var a store.Account
		var fp sql.RawBytes
		err := r.Scan(&a.N, &a.Endpoint, &a.Ext, &fp, &a.Flags)
		copy(a.Fingerprint[:], fp)
		as = append(as, a)
		return err
	}, `SELECT n, ep, ext, fp, flags FROM account WHERE n IN (SELECT value FROM json_each(?)) ORDER BY ep, n`)
	if err != nil {
		return err
	}
	return x.noteHeads(as)
}

func (x *tx) appendHeads(ep store.EndpointID, base bool, n int, packed []byte) error {
	return x.exec(`INSERT INTO account_head (ep, base, n, heads) VALUES (?, ?, ?, ?)`, ep, base, n, packed)
}

// The log is begun anew when it has more behind its base than half of that, or so many
// rows.
const looseHeads, looseRows = 1000, 500

// TidyHeads implements store.MirrorWriter.
func (x *tx) TidyHeads(ep store.EndpointID) error {
	var base, loose, rows int
	_, err := x.one([]any{&base, &loose, &rows}, `SELECT coalesce(sum(n) FILTER (WHERE base = 1), 0), coalesce(sum(n) FILTER (WHERE base = 0), 0),
		count(*) FILTER (WHERE base = 0) FROM account_head WHERE ep = ?`, ep)
	if err != nil || loose <= base/2+looseHeads && rows <= looseRows {
		return err
	}
	// The base in its order, what came behind it in the order it came: so do records, mostly.
	var kept, fresh headRows
	var seen idBits
	keep := func(rows *headRows) func(store.Head) error {
		return func(h store.Head) error {
			if seen.add(h.N) {
				rows.add(&h)
			}
			return nil
		}
	}
	if err := x.headsOf(ep, false, keep(&fresh)); err != nil {
		return err
	}
	if err := x.headsOf(ep, true, keep(&kept)); err != nil {
		return err
	}
	if err := x.exec(`DELETE FROM account_head WHERE ep = ?`, ep); err != nil {
		return err
	}
	if err := fresh.reverse(); err != nil {
		return err
	}
	for _, row := range append(kept, fresh...) {
		if err := x.appendHeads(ep, true, row.n, row.heads); err != nil {
			return err
		}
	}
	return nil
}

// headRows are rows of the log in the making.
type headRows []struct {
	n     int
	heads []byte
}

func (r *headRows) add(h *store.Head) {
	last := len(*r) - 1
	if last < 0 || (*r)[last].n == headsPerRow {
		*r, last = append(*r, struct {
			n     int
			heads []byte
		}{}), last+1
	}
	(*r)[last].n++
	(*r)[last].heads = packHead((*r)[last].heads, h)
}

// reverse puts the heads in the opposite order.
func (r headRows) reverse() error {
	slices.Reverse(r)
	for i := range r {
		var heads []store.Head
		if err := eachHead(string(r[i].heads), func(h store.Head) error { heads = append(heads, h); return nil }); err != nil {
			return err
		}
		r[i].heads = r[i].heads[:0]
		for j := len(heads) - 1; j >= 0; j-- {
			r[i].heads = packHead(r[i].heads, &heads[j])
		}
	}
	return nil
}

// idBits is a set of ids, for those that are dense.
type idBits []uint64

// add adds an id, and reports whether it was not there.
func (b *idBits) add(n store.ID) bool {
	word, bit := int(n/64), uint64(1)<<(n%64)
	if word >= len(*b) {
		*b = append(*b, make([]uint64, max(word+1-len(*b), len(*b)))...)
	}
	fresh := (*b)[word]&bit == 0
	(*b)[word] |= bit
	return fresh
}
