package sqlite

import (
	"database/sql"
	"time"

	"syncgateway/core/store"
)

const leaverColumns = `SELECT sync, p, n, person, reason, said, seen, asked, confirmed, returned, tried FROM leaver `

func eachLeaver(f func(store.Leaver) error) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var l store.Leaver
		times := [6]int64{}
		err := r.Scan(&l.Sync, &l.P, &l.N, &l.Person, &l.Reason, &times[0], &times[1], &times[2], &times[3], &times[4], &times[5])
		if err != nil {
			return err
		}
		for i, t := range []*time.Time{&l.Said, &l.Seen, &l.Asked, &l.Confirmed, &l.Returned, &l.Tried} {
			*t = fromMicros(times[i])
		}
		return f(l)
	}
}

func collectLeavers(out *[]store.Leaver) func(*sql.Rows) error {
	return eachLeaver(func(l store.Leaver) error {
		*out = append(*out, l)
		return nil
	})
}

func (x *tx) Leavers(s store.SyncID, since time.Time, f func(store.Leaver) error) error {
	return x.each(eachLeaver(f), leaverColumns+`WHERE sync = ? AND seen >= ? ORDER BY seen, p`, s, micros(since))
}

func (x *tx) OpenLeavers(s store.SyncID, limit int) (out []store.Leaver, err error) {
	err = x.each(collectLeavers(&out), leaverColumns+`WHERE sync = ? AND confirmed = 0 AND returned = 0 ORDER BY seen, p LIMIT ?`, s, limit)
	return out, err
}

func (x *tx) Departed(ps []store.ID) (out []store.Leaver, err error) {
	err = x.byIDs(ps, collectLeavers(&out), leaverColumns+`WHERE returned = 0 AND p IN (SELECT value FROM json_each(?)) ORDER BY p`)
	return out, err
}

func (x *tx) PutLeavers(ls []store.Leaver) error {
	return x.insert(`INSERT INTO leaver (sync, p, n, person, reason, said, seen, asked, confirmed, returned, tried) VALUES `,
		` ON CONFLICT (p, seen) DO UPDATE SET n = excluded.n, person = excluded.person, reason = excluded.reason, said = excluded.said, asked = excluded.asked,
		confirmed = excluded.confirmed, returned = excluded.returned, tried = excluded.tried`,
		11, len(ls), func(i int, to []any) []any {
			l := &ls[i]
			return append(to, l.Sync, l.P, l.N, l.Person, l.Reason, micros(l.Said), micros(l.Seen), micros(l.Asked), micros(l.Confirmed), micros(l.Returned), micros(l.Tried))
		})
}
