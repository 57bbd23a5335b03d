package storetest

import (
	"errors"
	"time"

	"syncgateway/core/store"
)

// audit: entries stay as they were appended, in their order, and the anchor follows
// what was committed and nothing else.
func (s *suite) audit() {
	anchor := func(want int64) {
		s.Helper()
		a, err := s.st.AuditAnchor()
		s.check(err)
		equal(s, "anchor", a.Seq, want)
	}
	entry := func(seq int64) store.AuditEntry {
		return store.AuditEntry{Seq: seq, At: time.UnixMicro(1_700_000_000_000_000 + seq).UTC(), Kind: "plan", Who: "ada", Sync: "staff", Run: "r1",
			Body: []byte(`{"n":1}`), Hash: []byte{byte(seq), 0, 255}}
	}
	anchor(0)
	s.view(func(v store.Reader) error {
		h, err := v.AuditHead()
		equal(s, "head of an empty record", h.Seq, 0)
		return err
	})
	s.update(func(tx store.Tx) error {
		s.check(tx.AppendAudit([]store.AuditEntry{entry(1), entry(2)}))
		h, err := tx.AuditHead()
		equal(s, "head in the transaction", h.Seq, 2)
		return err
	})
	anchor(2)
	rolledBack := errors.New("no")
	err := s.st.Update(s.Context(), func(tx store.Tx) error {
		s.check(tx.AppendAudit([]store.AuditEntry{entry(3)}))
		return rolledBack
	})
	equal(s, "rolled back", errors.Is(err, rolledBack), true)
	anchor(2)
	if err := s.st.Update(s.Context(), func(tx store.Tx) error { return tx.AppendAudit([]store.AuditEntry{entry(2)}) }); err == nil {
		s.Error("an entry was written over")
	}
	s.check(s.st.Close())
	s.st = s.open(s.T)
	anchor(2)
	s.view(func(v store.Reader) error {
		var got []store.AuditEntry
		s.check(v.Audit(2, func(e store.AuditEntry) error { got = append(got, e); return nil }))
		equal(s, "entries from the second on", len(got), 1)
		e, want := got[0], entry(2)
		if e.Seq != want.Seq || !e.At.Equal(want.At) || e.Kind != want.Kind || e.Who != want.Who || e.Sync != want.Sync || e.Run != want.Run ||
			string(e.Body) != string(want.Body) || string(e.Hash) != string(want.Hash) {
			s.Errorf("entry: %+v", e)
		}
		h, err := v.AuditHead()
		equal(s, "head", string(h.Hash), string(want.Hash))
		return err
	})
}
