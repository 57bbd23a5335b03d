package store

import "time"

// AuditEntry is one entry of the audit record. Hash is over the entry and the Hash of
// the one before it, which package audit computes; Seq counts from 1 without a gap.
type AuditEntry struct {
	Seq  int64
	At   time.Time
	Kind string
	Who  string // empty: the gateway itself
	Sync string
	Run  string
	Body []byte // JSON
	Hash []byte
}

// AuditHead names the newest entry; the zero AuditHead is an empty record.
type AuditHead struct {
	Seq  int64
	Hash []byte
}

// AuditReader reads the audit record.
type AuditReader interface {
	// AuditHead is the newest entry.
	AuditHead() (AuditHead, error)
	// Audit calls f for the entries from this one on, oldest first.
	Audit(from int64, f func(AuditEntry) error) error
}

// AuditWriter appends to the audit record. Nothing is ever changed in it or taken away.
type AuditWriter interface {
	AppendAudit([]AuditEntry) error
}
