// Package audit keeps the record of who had what done: an append-only chain of
// entries, each with a hash over itself and the entry before. It appends, verifies and
// exports; what happened is told to it by engine, apply and api. Whoever can write to
// the database can still write a whole new record: against that the newest hash is
// printed, for keeping somewhere else.
package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"syncgateway/core/diag"
	"syncgateway/core/store"
)

// The kinds of entry.
const (
	Config     = "config"     // a sync runs with another configuration than before
	Plan       = "plan"       // a plan with steps was made
	Approval   = "approval"   // somebody released a plan
	Released   = "released"   // an approval was used up
	Operations = "operations" // what the target answered, with before and after
	Ended      = "ended"      // a run that changed something, or failed
	Paused     = "paused"     // a sync waits until somebody resumes it
	Resumed    = "resumed"    //
	Token      = "token"      // access to the gateway was given or taken
	Broken     = "broken"     // the record was found shorter than its anchor, or the anchor missing
)

// Event is something to record. Body becomes JSON.
type Event struct {
	Kind string
	Who  string // empty: the gateway itself
	Sync string
	Run  string
	Body any
}

// Log appends events. It keeps secrets out of them.
type Log struct {
	Redact *diag.Redactor
	Now    func() time.Time
}

// Append writes events at the end of the record, in the transaction of what they are
// about.
func (l *Log) Append(tx store.Tx, events ...Event) error {
	head, err := tx.AuditHead()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	entries := make([]store.AuditEntry, len(events))
	at := l.Now().UTC().Truncate(time.Microsecond) // as it is stored
	for i, ev := range events {
		body, err := encode(ev.Body)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		e := store.AuditEntry{Seq: head.Seq + 1, At: at, Kind: ev.Kind, Who: l.Redact.String(ev.Who), Sync: ev.Sync, Run: ev.Run, Body: l.Redact.Bytes(body)}
		e.Hash = hash(head.Hash, &e)
		head = store.AuditHead{Seq: e.Seq, Hash: e.Hash}
		entries[i] = e
	}
	if err := tx.AppendAudit(entries); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// hash is the SHA-256 over the hash before and every field of the entry, each with its
// length.
func hash(before []byte, e *store.AuditEntry) []byte {
	b := make([]byte, 0, 256+len(e.Body))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	for _, s := range [...]string{string(before), e.Kind, e.Who, e.Sync, e.Run} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(append(b, e.Body...))
	return sum[:]
}

func encode(body any) ([]byte, error) {
	if ops, ok := body.([]Operation); ok {
		return appendOperations(nil, ops), nil
	}
	return json.Marshal(body)
}

// Operation is one answered operation; the body of an Operations entry is a list of
// them. Step is the plan's step: who, what, before and after, the reason and its rule.
type Operation struct {
	ID       string          `json:"id"`
	Step     json.RawMessage `json:"step"`
	State    string          `json:"state"`
	RemoteID string          `json:"remote_id,omitempty"`
	Answer   string          `json:"answer,omitempty"`
}

// appendOperations is json.Marshal for a large list, without reading every step again.
func appendOperations(b []byte, ops []Operation) []byte {
	text := func(name, value string) {
		if value != "" {
			quoted, _ := json.Marshal(value) // a string: cannot fail
			b = append(append(append(b, `,"`...), name...), `":`...)
			b = append(b, quoted...)
		}
	}
	b = append(b, '[')
	for i := range ops {
		op := &ops[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"step":`...)
		b = append(b, op.Step...)
		text("id", op.ID)
		text("state", op.State)
		text("remote_id", op.RemoteID)
		text("answer", op.Answer)
		b = append(b, '}')
	}
	return append(b, ']')
}

// Entry is an entry as it is exported.
type Entry struct {
	Seq  int64           `json:"seq"`
	At   time.Time       `json:"at"`
	Kind string          `json:"kind"`
	Who  string          `json:"who,omitempty"`
	Sync string          `json:"sync,omitempty"`
	Run  string          `json:"run,omitempty"`
	Body json.RawMessage `json:"body"`
	Hash string          `json:"hash"`
}

// Export calls f for every entry since a time, oldest first.
func Export(v store.Reader, since time.Time, f func(Entry) error) error {
	return v.Audit(1, func(e store.AuditEntry) error {
		if e.At.Before(since) {
			return nil
		}
		body := json.RawMessage(e.Body)
		if !json.Valid(body) { // somebody wrote into the database
			body, _ = json.Marshal(string(e.Body))
		}
		return f(Entry{Seq: e.Seq, At: e.At, Kind: e.Kind, Who: e.Who, Sync: e.Sync, Run: e.Run, Body: body, Hash: fmt.Sprintf("%x", e.Hash)})
	})
}
