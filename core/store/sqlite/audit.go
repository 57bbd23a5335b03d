package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"syncgateway/core/store"
)

// AnchorName is the file in the data directory that names the newest entry of the
// audit record.
const AnchorName = "audit.head"

// anchorSize is the size of that file, always: it is written in place, in one piece.
const anchorSize = 128

func (x *tx) AuditHead() (h store.AuditHead, err error) {
	if x.appended.Seq > 0 {
		return x.appended, nil
	}
	_, err = x.one([]any{&h.Seq, &h.Hash}, `SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`)
	return h, err
}

func (x *tx) Audit(from int64, f func(store.AuditEntry) error) error {
	return x.each(func(r *sql.Rows) error {
		var e store.AuditEntry
		var at int64
		if err := r.Scan(&e.Seq, &at, &e.Kind, &e.Who, &e.Sync, &e.Run, &e.Body, &e.Hash); err != nil {
			return err
		}
		e.At = fromMicros(at)
		return f(e)
	}, `SELECT seq, at, kind, who, sync, run, body, hash FROM audit WHERE seq >= ? ORDER BY seq`, from)
}

func (x *tx) AppendAudit(es []store.AuditEntry) error {
	err := x.insert(`INSERT INTO audit (seq, at, kind, who, sync, run, body, hash) VALUES `, ``, 8, len(es), func(i int, to []any) []any {
		e := &es[i]
		return append(to, e.Seq, micros(e.At), e.Kind, e.Who, e.Sync, e.Run, notNull(e.Body), e.Hash)
	})
	if n := len(es); err == nil && n > 0 {
		x.appended = store.AuditHead{Seq: es[n-1].Seq, Hash: es[n-1].Hash}
	}
	return err
}

// openAnchor opens the file that names the newest entry. It is made together with an
// empty record, and never again: that it is missing later tells that somebody took it.
func (db *DB) openAnchor(ctx context.Context, path string) error {
	var entries int
	if err := db.writer.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM audit LIMIT 1)`).Scan(&entries); err != nil {
		return err
	}
	flags := os.O_RDWR
	if entries == 0 {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil // AuditAnchor says so, and the next entry makes it
	}
	if err != nil {
		return err
	}
	db.anchor = f
	if st, err := f.Stat(); err != nil || st.Size() > 0 || entries > 0 {
		return err
	}
	_, err = f.WriteAt(anchorLine(store.AuditHead{}), 0)
	return err
}

func anchorLine(h store.AuditHead) []byte {
	line := fmt.Sprintf("%d %s", h.Seq, hex.EncodeToString(h.Hash))
	return fmt.Appendf(nil, "%-*s\n", anchorSize-1, line)
}

// note writes the newest entry into the anchor. It is not synced: after a power cut it
// may be behind, never ahead. What was committed stays so when the file cannot be
// written; it then is behind as well.
func (db *DB) note(h store.AuditHead) {
	if h.Seq == 0 {
		return
	}
	if db.anchor == nil {
		dir := strings.TrimSuffix(db.lock.Path(), "gateway.lock")
		f, err := os.OpenFile(dir+AnchorName, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return
		}
		db.anchor = f
	}
	_, _ = db.anchor.WriteAt(anchorLine(h), 0)
}

// AuditAnchor implements store.Store.
func (db *DB) AuditAnchor() (h store.AuditHead, err error) {
	db.write.Lock()
	defer db.write.Unlock()
	if db.anchor == nil {
		return h, fmt.Errorf("%s: %w", AnchorName, store.ErrNotFound)
	}
	b, err := io.ReadAll(io.NewSectionReader(db.anchor, 0, 2*anchorSize))
	if err != nil {
		return h, fmt.Errorf("read %s: %w", AnchorName, err)
	}
	seq, hash, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	h.Seq, err = strconv.ParseInt(seq, 10, 64)
	if err == nil && h.Seq > 0 {
		h.Hash, err = hex.DecodeString(hash)
	}
	if err != nil || len(b) != anchorSize {
		return store.AuditHead{}, fmt.Errorf("%s: %w", AnchorName, store.ErrDamaged)
	}
	return h, nil
}
