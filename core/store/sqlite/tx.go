package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"syncgateway/core/store"
)

// tx implements store.Tx (and, on a reader's transaction, store.Reader). Without a
// transaction, every statement reads by itself.
type tx struct {
	ctx      context.Context
	tx       *sql.Tx // nil: none
	all      *statements
	prepared map[string]*sql.Stmt
	appended store.AuditHead            // the newest entry that this transaction appended to the audit record
	seqs     map[store.EndpointID]int64 // the last numbers of directories that this transaction has given
}

// statements are prepared once for a database handle, which keeps them for each of its
// connections.
type statements struct {
	db *sql.DB
	mu sync.Mutex
	m  map[string]*sql.Stmt
}

func newStatements(db *sql.DB) *statements { return &statements{db: db, m: map[string]*sql.Stmt{}} }

func (s *statements) get(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[query]
}

// mostStatements bounds what is kept: queries that are put together from conditions
// are of many forms.
const mostStatements = 500

// steady puts a plus before every parameter. It means nothing, but keeps SQLite from
// planning a statement anew whenever values are bound to it, in case they allow for a
// better plan: with a join or a LIMIT that takes longer than most look-ups.
func steady(query string) string { return strings.ReplaceAll(query, "?", "+?") }

// prepare prepares a statement for the handle, or returns the one there is.
func (s *statements) prepare(ctx context.Context, query string) (stmt *sql.Stmt, kept bool, err error) {
	if stmt := s.get(query); stmt != nil {
		return stmt, true, nil
	}
	if stmt, err = s.db.PrepareContext(ctx, steady(query)); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.m[query]; other != nil {
		return other, true, stmt.Close()
	}
	if kept = len(s.m) < mostStatements; kept {
		s.m[query] = stmt
	}
	return stmt, kept, nil
}

func (x *tx) close() {
	for _, s := range x.prepared {
		s.Close()
	}
}

// remember prepares for the handle what a transaction had to prepare for itself. It is
// called when the transaction has ended, and its connection is free. That it fails
// costs time alone.
func (x *tx) remember() {
	for query := range x.prepared {
		if x.all.get(query) == nil {
			if s, kept, err := x.all.prepare(x.ctx, query); err == nil && !kept {
				s.Close()
			}
		}
	}
}

// stmt prepares a statement once for the transaction. A transaction holds its
// connection: what the handle has not prepared yet is prepared on that alone.
func (x *tx) stmt(query string) (*sql.Stmt, error) {
	if s := x.prepared[query]; s != nil {
		return s, nil
	}
	var s *sql.Stmt
	var err error
	switch known := x.all.get(query); {
	case x.tx == nil:
		var kept bool
		if s, kept, err = x.all.prepare(x.ctx, query); err == nil && kept {
			return s, nil
		}
	case known != nil:
		s = x.tx.StmtContext(x.ctx, known)
	default:
		s, err = x.tx.PrepareContext(x.ctx, steady(query))
	}
	if err != nil {
		return nil, err
	}
	if x.prepared == nil {
		x.prepared = map[string]*sql.Stmt{}
	}
	x.prepared[query] = s
	return s, nil
}

func (x *tx) exec(query string, args ...any) error {
	s, err := x.stmt(query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(x.ctx, args...)
	return err
}

// each calls row for every row of the answer.
func (x *tx) each(row func(*sql.Rows) error, query string, args ...any) error {
	s, err := x.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(x.ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one scans the only row; found is false when there is none.
func (x *tx) one(dest []any, query string, args ...any) (found bool, err error) {
	s, err := x.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(x.ctx, args...).Scan(dest...)
	if err == sql.ErrNoRows {
		return false, nil
	}
	return err == nil, err
}

// rowsPerStatement is where more rows in one INSERT stop paying.
const rowsPerStatement = 50

// insert writes rows of width columns with as few statements as it can. head is
// "INSERT … VALUES", tail the conflict clause; args gives the columns of row i.
func (x *tx) insert(head, tail string, width, rows int, args func(i int, to []any) []any) error {
	buf := make([]any, 0, width*min(rows, rowsPerStatement))
	for start := 0; start < rows; start += rowsPerStatement {
		n := min(rowsPerStatement, rows-start)
		buf = buf[:0]
		for i := start; i < start+n; i++ {
			buf = args(i, buf)
		}
		if err := x.exec(head+values(width, n)+tail, buf...); err != nil {
			return err
		}
	}
	return nil
}

// values is "(?,?),(?,?)" for width 2 and n 2.
func values(width, n int) string {
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	return strings.Repeat(row+",", n-1) + row
}

// idsPerQuery bounds one list of ids handed to SQLite.
const idsPerQuery = 10_000

// byIDs runs a query with "IN (SELECT value FROM json_each(?))" over the list, in
// parts; extra arguments come first.
func (x *tx) byIDs(ns []store.ID, row func(*sql.Rows) error, query string, extra ...any) error {
	for len(ns) > 0 {
		n := min(len(ns), idsPerQuery)
		if err := x.each(row, query, append(append([]any{}, extra...), jsonIDs(ns[:n]))...); err != nil {
			return err
		}
		ns = ns[n:]
	}
	return nil
}

func (x *tx) execIDs(ns []store.ID, query string, extra ...any) error {
	for len(ns) > 0 {
		n := min(len(ns), idsPerQuery)
		if err := x.exec(query, append(append([]any{}, extra...), jsonIDs(ns[:n]))...); err != nil {
			return err
		}
		ns = ns[n:]
	}
	return nil
}

func (x *tx) byStrings(keys []string, row func(*sql.Rows) error, query string, extra ...any) error {
	for len(keys) > 0 {
		n := min(len(keys), idsPerQuery)
		list, err := json.Marshal(keys[:n])
		if err != nil {
			return err
		}
		if err := x.each(row, query, append(append([]any{}, extra...), string(list))...); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

func jsonIDs(ns []store.ID) string {
	b := make([]byte, 0, len(ns)*8+2)
	b = append(b, '[')
	for i, n := range ns {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return string(append(b, ']'))
}

// micros is how times are stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// intern returns the id of a name, giving it one on first use.
func (x *tx) intern(kind, name string) (int64, error) {
	if err := x.exec(`INSERT INTO name (kind, name) VALUES (?, ?) ON CONFLICT DO NOTHING`, kind, name); err != nil {
		return 0, err
	}
	var id int64
	_, err := x.one([]any{&id}, `SELECT id FROM name WHERE kind = ? AND name = ?`, kind, name)
	return id, err
}

func names[T ~int32](x *tx, kind string) (map[string]T, error) {
	out := map[string]T{}
	err := x.each(func(r *sql.Rows) error {
		var name string
		var id T
		if err := r.Scan(&name, &id); err != nil {
			return err
		}
		out[name] = id
		return nil
	}, `SELECT name, id FROM name WHERE kind = ?`, kind)
	return out, err
}
