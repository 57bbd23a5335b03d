package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"strings"
	"time"

	"syncgateway/core/store"
)

const entryColumns = `e.n, e.ep, e.kind, e.ext, e.name, e.seq, e.pos, e.created, e.modified, e.gone, e.rec`

func scanEntry(r interface{ Scan(...any) error }, e *store.Entry, more ...any) error {
	var created, modified int64
	err := r.Scan(append([]any{&e.N, &e.Endpoint, &e.Kind, &e.ID, &e.Name, &e.Seq, &e.Position, &created, &modified, &e.Gone, &e.Record}, more...)...)
	e.Created, e.Modified = fromMicros(created), fromMicros(modified)
	return err
}

func (x *tx) entries(query string, args ...any) ([]store.Entry, error) {
	var out []store.Entry
	err := x.each(func(r *sql.Rows) error {
		var e store.Entry
		if err := scanEntry(r, &e, &e.Document); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	}, query, args...)
	return out, err
}

// Entry implements store.DirectoryReader.
func (x *tx) Entry(ep store.EndpointID, id string) (store.Entry, error) {
	found, err := x.entries(`SELECT `+entryColumns+`, e.doc FROM entry e WHERE e.ep = ? AND e.ext = ?`, ep, id)
	if err == nil && len(found) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Entry{}, err
	}
	return found[0], nil
}

// EntriesByN implements store.DirectoryReader.
func (x *tx) EntriesByN(ns []store.ID) ([]store.Entry, error) {
	var out []store.Entry
	err := x.byIDs(ns, func(r *sql.Rows) error {
		var e store.Entry
		if err := scanEntry(r, &e); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	}, `SELECT `+entryColumns+` FROM entry e WHERE e.n IN (SELECT value FROM json_each(?)) ORDER BY e.n`)
	return out, err
}

// where is a query's FROM and WHERE, and the order of its rows. The first key drives
// it, and SQLite is not asked for its opinion: it would rather walk through all entries
// in their order than sort the few that have the key.
func where(q store.EntryQuery) (from, order string, args []any) {
	driver, order := `entry e`, ` ORDER BY e.pos`
	var and strings.Builder
	var first, rest []any
	for _, c := range q.All {
		order = ` ORDER BY +e.pos`
		switch {
		case c.Attribute == "id":
			and.WriteString(` AND e.ext = ?`)
			rest = append(rest, c.Equals)
		case c.Attribute == "member":
			and.WriteString(` AND e.n IN (SELECT m.g FROM member m JOIN entry x ON x.n = m.m WHERE x.ep = ? AND x.ext = ? AND m.gone = 0)`)
			rest = append(rest, q.Endpoint, c.Equals)
		case first == nil:
			driver = `entry_key k CROSS JOIN entry e ON e.n = k.n AND k.key = ?`
			first = []any{appendKey(nil, q.Endpoint, q.Kind, c.Attribute, c.Equals)}
		default:
			and.WriteString(` AND EXISTS (SELECT 1 FROM entry_key k WHERE k.key = ? AND k.n = e.n)`)
			rest = append(rest, appendKey(nil, q.Endpoint, q.Kind, c.Attribute, c.Equals))
		}
	}
	args = append(append(first, q.Endpoint, q.Kind), rest...)
	return ` FROM ` + driver + ` WHERE e.ep = ? AND e.kind = ? AND e.gone = 0` + and.String(), order, args
}

// Entries implements store.DirectoryReader.
func (x *tx) Entries(q store.EntryQuery) ([]store.Entry, error) {
	from, order, args := where(q)
	if q.After > 0 {
		from += ` AND e.pos > ?`
		args = append(args, q.After)
	}
	return x.entries(`SELECT `+entryColumns+`, e.doc`+from+order+` LIMIT ? OFFSET ?`, append(args, q.Limit, q.Offset)...)
}

// EntryCount implements store.DirectoryReader. All of a kind are counted as they come
// and go.
func (x *tx) EntryCount(q store.EntryQuery) (n int, err error) {
	if len(q.All) == 0 {
		_, err = x.one([]any{&n}, `SELECT n FROM entry_count WHERE ep = ? AND kind = ?`, q.Endpoint, q.Kind)
		return n, err
	}
	from, _, args := where(q)
	_, err = x.one([]any{&n}, `SELECT count(*)`+from, args...)
	return n, err
}

// EntryWith implements store.DirectoryReader.
func (x *tx) EntryWith(ep store.EndpointID, kind store.EntryKind, k store.EntryKey) (n store.ID, err error) {
	_, err = x.one([]any{&n}, `SELECT n FROM entry_key WHERE key = ? LIMIT 1`, appendKey(nil, ep, kind, k.Attribute, k.Value))
	return n, err
}

func (x *tx) members(query string, args ...any) ([]store.EntryMember, error) {
	var out []store.EntryMember
	err := x.each(func(r *sql.Rows) error {
		var m store.EntryMember
		if err := r.Scan(&m.Group, &m.Member, &m.Gone, &m.Kind, &m.ID, &m.Name); err != nil {
			return err
		}
		out = append(out, m)
		return nil
	}, `SELECT m.g, m.m, m.gone, iif(e.gone AND NOT m.gone, 0, e.kind), e.ext, e.name `+query, args...)
	return out, err
}

// EntryMembers implements store.DirectoryReader.
func (x *tx) EntryMembers(group, after store.ID, limit int) ([]store.EntryMember, error) {
	return x.members(`FROM member m JOIN entry e ON e.n = m.m WHERE m.g = ? AND m.m > ? AND m.gone = 0 ORDER BY m.m LIMIT ?`, group, after, limit)
}

// EntryMember implements store.DirectoryReader.
func (x *tx) EntryMember(ep store.EndpointID, group store.ID, id string) (m store.EntryMember, err error) {
	m.Group = group
	found, err := x.one([]any{&m.Member, &m.Gone, &m.Kind, &m.ID, &m.Name}, `SELECT e.n, m.gone IS NOT 0, iif(e.gone, 0, e.kind), e.ext, e.name
		FROM entry e LEFT JOIN member m ON m.g = ? AND m.m = e.n WHERE e.ep = ? AND e.ext = ?`, group, ep, id)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return m, err
}

// GroupsWith implements store.DirectoryReader; ID, Name and Kind are the group's.
func (x *tx) GroupsWith(ns []store.ID) ([]store.EntryMember, error) {
	var out []store.EntryMember
	row := func(r *sql.Rows) error {
		m := store.EntryMember{Kind: store.GroupEntry}
		if err := r.Scan(&m.Group, &m.Member, &m.ID, &m.Name); err != nil {
			return err
		}
		out = append(out, m)
		return nil
	}
	if len(ns) == 1 { // as nearly always
		err := x.each(row, `SELECT m.g, m.m, e.ext, e.name FROM member m JOIN entry e ON e.n = m.g WHERE m.m = ? AND m.gone = 0 ORDER BY m.g`, ns[0])
		return out, err
	}
	err := x.byIDs(ns, row, `SELECT m.g, m.m, e.ext, e.name FROM member m JOIN entry e ON e.n = m.g WHERE m.m IN (SELECT value FROM json_each(?)) AND m.gone = 0 ORDER BY m.g, m.m`)
	return out, err
}

// EntriesSince implements store.DirectoryReader.
func (x *tx) EntriesSince(ep store.EndpointID, kind store.EntryKind, seq int64, after store.ID, limit int) ([]store.Entry, error) {
	return x.entries(`SELECT `+entryColumns+`, NULL FROM entry e WHERE e.ep = ? AND e.kind = ? AND (e.seq, e.n) > (?, ?) ORDER BY e.seq, e.n LIMIT ?`,
		ep, kind, seq, after, limit)
}

// MembersSince implements store.DirectoryReader.
func (x *tx) MembersSince(ep store.EndpointID, seq, to int64, after store.EntryMember, limit int) ([]store.EntryMember, error) {
	return x.members(`FROM member m JOIN entry e ON e.n = m.m WHERE m.ep = ? AND m.seq > ? AND m.seq <= ? AND (m.g, m.m) > (?, ?)
		ORDER BY m.g, m.m LIMIT ?`, ep, seq, to, after.Group, after.Member, limit)
}

// DirectorySeq implements store.DirectoryReader.
func (x *tx) DirectorySeq(ep store.EndpointID) (last, forgotten int64, err error) {
	_, err = x.one([]any{&last, &forgotten}, `SELECT seq, forgotten FROM directory WHERE ep = ?`, ep)
	if given, ok := x.seqs[ep]; ok {
		last = given
	}
	return last, forgotten, err
}

// NextSeq implements store.DirectoryWriter. The numbers that a transaction gives are
// written down once, at its end.
func (x *tx) NextSeq(ep store.EndpointID) (int64, error) {
	if _, ok := x.seqs[ep]; !ok {
		last, _, err := x.DirectorySeq(ep)
		if err != nil {
			return 0, err
		}
		if x.seqs == nil {
			x.seqs = map[store.EndpointID]int64{}
		}
		x.seqs[ep] = last
	}
	x.seqs[ep]++
	return x.seqs[ep], nil
}

func (x *tx) putSeqs() error {
	for ep, seq := range x.seqs {
		err := x.exec(`INSERT INTO directory (ep, seq, forgotten) VALUES (?, ?, 0) ON CONFLICT (ep) DO UPDATE SET seq = excluded.seq`, ep, seq)
		if err != nil {
			return err
		}
	}
	return nil
}

// PutEntry implements store.DirectoryWriter.
func (x *tx) PutEntry(e store.Entry, keys []store.EntryKey) error {
	old, err := x.keysOf(&e)
	if err != nil {
		return err
	}
	now := old
	if keys != nil {
		now = nil
		for _, k := range keys {
			now = appendKey(now, e.Endpoint, e.Kind, k.Attribute, k.Value)
		}
	}
	err = x.exec(`INSERT INTO entry (n, ep, kind, ext, name, seq, pos, created, modified, gone, rec, doc, keys) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (n) DO UPDATE SET kind = excluded.kind, name = excluded.name, seq = excluded.seq, pos = excluded.pos, created = excluded.created,
		modified = excluded.modified, gone = excluded.gone, rec = excluded.rec, doc = excluded.doc, keys = excluded.keys`,
		e.N, e.Endpoint, e.Kind, e.ID, e.Name, e.Seq, e.Position, micros(e.Created), micros(e.Modified), e.Gone, e.Record, e.Document, now)
	if err != nil || bytes.Equal(old, now) {
		return err
	}
	return x.moveKeys(e.N, old, now)
}

// TouchEntries implements store.DirectoryWriter.
func (x *tx) TouchEntries(ns []store.ID, seq int64, at time.Time) error {
	if len(ns) == 1 { // as nearly always
		return x.exec(`UPDATE entry SET seq = ?, modified = ? WHERE n = ?`, seq, micros(at), ns[0])
	}
	return x.execIDs(ns, `UPDATE entry SET seq = ?, modified = ? WHERE n IN (SELECT value FROM json_each(?))`, seq, micros(at))
}

// DropEntry implements store.DirectoryWriter.
func (x *tx) DropEntry(n store.ID) error {
	return x.exec(`DELETE FROM entry WHERE n = ? AND kind = 0 AND NOT EXISTS (SELECT 1 FROM member WHERE m = ?)`, n, n)
}

// PutEntryMembers implements store.DirectoryWriter.
func (x *tx) PutEntryMembers(ep store.EndpointID, seq int64, ms []store.EntryMember) error {
	return x.insert(`INSERT INTO member (ep, g, m, seq, gone) VALUES `, ` ON CONFLICT (g, m) DO UPDATE SET seq = excluded.seq, gone = excluded.gone`, 5, len(ms),
		func(i int, to []any) []any { return append(to, ep, ms[i].Group, ms[i].Member, seq, ms[i].Gone) })
}

// ForgetDeleted implements store.DirectoryWriter.
func (x *tx) ForgetDeleted(ep store.EndpointID, seq int64) error {
	return errors.Join(x.exec(`DELETE FROM member WHERE ep = ? AND gone = 1 AND seq <= ?`, ep, seq),
		x.exec(`DELETE FROM entry WHERE ep = ? AND gone = 1 AND seq <= ? AND NOT EXISTS (SELECT 1 FROM member WHERE m = entry.n OR g = entry.n)`, ep, seq),
		x.exec(`UPDATE directory SET forgotten = max(forgotten, ?) WHERE ep = ?`, seq, ep))
}

// Part implements store.DirectoryWriter.
func (x *tx) Part(f func() error) error {
	if err := x.exec(`SAVEPOINT part`); err != nil {
		return err
	}
	if err := f(); err != nil {
		return errors.Join(err, x.exec(`ROLLBACK TO part`), x.exec(`RELEASE part`))
	}
	return x.exec(`RELEASE part`)
}
