package sqlite

import (
	"database/sql"
	"time"

	"syncgateway/core/store"
)

func (x *tx) Sync(name string) (store.SyncID, error) {
	id, err := x.intern("sync", name)
	return store.SyncID(id), err
}

func (x *tx) Syncs() (map[string]store.SyncID, error) { return names[store.SyncID](x, "sync") }

func (x *tx) SyncState(s store.SyncID) (st store.SyncState, err error) {
	_, err = x.one([]any{&st.Epoch}, `SELECT epoch FROM sync_state WHERE sync = ?`, s)
	return st, err
}

func (x *tx) AppliedConfig(s store.SyncID) (c store.AppliedConfig, err error) {
	var at int64
	found, err := x.one([]any{&c.Epoch, &c.Kept, &at}, `SELECT epoch, kept, at FROM sync_config WHERE sync = ?`, s)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	c.At = fromMicros(at)
	return c, err
}

func (x *tx) PutAppliedConfig(s store.SyncID, c store.AppliedConfig) error {
	return x.exec(`INSERT INTO sync_config (sync, epoch, kept, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (sync) DO UPDATE SET epoch = excluded.epoch, kept = excluded.kept, at = excluded.at`, s, c.Epoch, notNull(c.Kept), micros(c.At))
}

func (x *tx) PutSyncState(s store.SyncID, st store.SyncState) error {
	return x.exec(`INSERT INTO sync_state (sync, epoch) VALUES (?, ?) ON CONFLICT (sync) DO UPDATE SET epoch = excluded.epoch`, s, st.Epoch)
}

func (x *tx) Paused(s store.SyncID) (store.Pause, error) {
	p := store.Pause{Sync: s}
	var since int64
	found, err := x.one([]any{&since, &p.Who, &p.Reason, &p.Run, &p.Epoch}, `SELECT since, who, reason, run, epoch FROM pause WHERE sync = ?`, s)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	p.Since = fromMicros(since)
	return p, err
}

func (x *tx) PutPause(p store.Pause) error {
	return x.exec(`INSERT INTO pause (sync, since, who, reason, run, epoch) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (sync) DO UPDATE SET since = excluded.since, who = excluded.who, reason = excluded.reason, run = excluded.run, epoch = excluded.epoch`,
		p.Sync, micros(p.Since), p.Who, p.Reason, p.Run, p.Epoch)
}

func (x *tx) DeletePause(s store.SyncID) error { return x.exec(`DELETE FROM pause WHERE sync = ?`, s) }

func (x *tx) Dirty(s store.SyncID) (out []store.ID, err error) {
	err = x.each(func(r *sql.Rows) error {
		var n store.ID
		err := r.Scan(&n)
		out = append(out, n)
		return err
	}, `SELECT n FROM dirty WHERE sync = ? ORDER BY n`, s)
	return out, err
}

func (x *tx) MarkDirty(s store.SyncID, ns []store.ID) error {
	return x.insert(`INSERT INTO dirty (sync, n) VALUES `, ` ON CONFLICT DO NOTHING`, 2, len(ns),
		func(i int, to []any) []any { return append(to, s, ns[i]) })
}

func (x *tx) MarkAllDirty(s store.SyncID, ep store.EndpointID) error {
	return x.exec(`INSERT INTO dirty (sync, n) SELECT ?, n FROM account WHERE ep = ? ON CONFLICT DO NOTHING`, s, ep)
}

func (x *tx) ClearDirty(s store.SyncID, ns []store.ID) error {
	return x.execIDs(ns, `DELETE FROM dirty WHERE sync = ? AND n IN (SELECT value FROM json_each(?))`, s)
}

func collectPeople(out *[]store.Person) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var p store.Person
		err := r.Scan(&p.P, &p.Sync, &p.Key, &p.Label, &p.Outcome, &p.Detail)
		*out = append(*out, p)
		return err
	}
}

func (x *tx) People(ps []store.ID) (out []store.Person, err error) {
	err = x.byIDs(ps, collectPeople(&out), `SELECT p, sync, key, label, outcome, detail FROM person WHERE p IN (SELECT value FROM json_each(?)) ORDER BY p`)
	return out, err
}

func (x *tx) PeopleWith(s store.SyncID, outcome string, limit int) (out []store.Person, err error) {
	err = x.each(collectPeople(&out), `SELECT p, sync, key, label, outcome, detail FROM person WHERE sync = ? AND outcome = ? ORDER BY key LIMIT ?`, s, outcome, limit)
	return out, err
}

func (x *tx) PeopleByKey(s store.SyncID, keys []string) (map[string]store.ID, error) {
	out := map[string]store.ID{}
	err := x.byStrings(keys, func(r *sql.Rows) error {
		var key string
		var p store.ID
		if err := r.Scan(&key, &p); err != nil {
			return err
		}
		out[key] = p
		return nil
	}, `SELECT key, p FROM person WHERE sync = ? AND key IN (SELECT value FROM json_each(?))`, s)
	return out, err
}

func collectMembership(out *[]store.PersonAccount) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var pa store.PersonAccount
		err := r.Scan(&pa.N, &pa.P)
		*out = append(*out, pa)
		return err
	}
}

func (x *tx) Owners(s store.SyncID, ns []store.ID) (out []store.Owner, err error) {
	err = x.byIDs(ns, func(r *sql.Rows) error {
		var o store.Owner
		err := r.Scan(&o.N, &o.Endpoint, &o.Ext, &o.Flags, &o.P)
		out = append(out, o)
		return err
	}, `SELECT a.n, a.ep, a.ext, a.flags, ifnull(pa.p, 0) FROM account a LEFT JOIN person_account pa ON pa.sync = ? AND pa.n = a.n
		WHERE a.n IN (SELECT value FROM json_each(?)) ORDER BY a.n`, s)
	return out, err
}

func (x *tx) PeopleOf(s store.SyncID, ns []store.ID) (out []store.PersonAccount, err error) {
	err = x.byIDs(ns, collectMembership(&out), `SELECT n, p FROM person_account WHERE sync = ? AND n IN (SELECT value FROM json_each(?)) ORDER BY n`, s)
	return out, err
}

func (x *tx) AccountsOf(s store.SyncID, ps []store.ID) (out []store.PersonAccount, err error) {
	err = x.byIDs(ps, collectMembership(&out), `SELECT n, p FROM person_account WHERE sync = ? AND p IN (SELECT value FROM json_each(?)) ORDER BY p, n`, s)
	return out, err
}

func collectLinks(out *[]store.Link) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var l store.Link
		err := r.Scan(&l.N, &l.P, &l.Sync, &l.Origin, &l.Run)
		*out = append(*out, l)
		return err
	}
}

func (x *tx) LinksOf(ps []store.ID) (out []store.Link, err error) {
	err = x.byIDs(ps, collectLinks(&out), `SELECT n, p, sync, origin, run FROM link WHERE p IN (SELECT value FROM json_each(?)) ORDER BY p`)
	return out, err
}

func (x *tx) LinksTo(ns []store.ID) (out []store.Link, err error) {
	err = x.byIDs(ns, collectLinks(&out), `SELECT n, p, sync, origin, run FROM link WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n`)
	return out, err
}

func (x *tx) Graces(s store.SyncID) (out []store.Grace, err error) {
	err = x.each(func(r *sql.Rows) error {
		var g store.Grace
		var since, due int64
		if err := r.Scan(&g.P, &since, &due, &g.Reason); err != nil {
			return err
		}
		g.Since, g.Due = fromMicros(since), fromMicros(due)
		out = append(out, g)
		return nil
	}, `SELECT p, since, due, reason FROM grace WHERE sync = ? ORDER BY p`, s)
	return out, err
}

func (x *tx) Outcomes(s store.SyncID) (map[string]int, error) {
	out := map[string]int{}
	err := x.each(func(r *sql.Rows) error {
		var outcome string
		var n int
		if err := r.Scan(&outcome, &n); err != nil {
			return err
		}
		out[outcome] = n
		return nil
	}, `SELECT outcome, n FROM outcome_count WHERE sync = ? AND n > 0`, s)
	return out, err
}

func (x *tx) Applied(sync, class string, since time.Time) (map[store.ID]int, error) {
	out := map[store.ID]int{}
	err := x.each(func(r *sql.Rows) error {
		var g store.ID
		var n int
		if err := r.Scan(&g, &n); err != nil {
			return err
		}
		out[g] = n
		return nil
	}, `SELECT o.g, count(*) FROM operation o JOIN run r ON r.id = o.run
		WHERE o.class = ? AND o.at >= ? AND o.state = 'applied' AND r.sync = ? AND r.approved = '' GROUP BY o.g`, class, micros(since), sync)
	return out, err
}

func (x *tx) LinkCount(s store.SyncID) (n int, err error) {
	_, err = x.one([]any{&n}, `SELECT n FROM link_count WHERE sync = ?`, s)
	return n, err
}

func (x *tx) PutPeople(ps []store.Person) error {
	return x.insert(`INSERT INTO person (p, sync, key, label, outcome, detail) VALUES `,
		` ON CONFLICT (p) DO UPDATE SET key = excluded.key, label = excluded.label, outcome = excluded.outcome, detail = excluded.detail`,
		6, len(ps), func(i int, to []any) []any {
			p := &ps[i]
			return append(to, p.P, p.Sync, p.Key, p.Label, p.Outcome, p.Detail)
		})
}

func (x *tx) PutPersonAccounts(s store.SyncID, pas []store.PersonAccount) error {
	return x.insert(`INSERT INTO person_account (sync, n, p) VALUES `, ` ON CONFLICT (sync, n) DO UPDATE SET p = excluded.p`,
		3, len(pas), func(i int, to []any) []any { return append(to, s, pas[i].N, pas[i].P) })
}

func (x *tx) PutLinks(ls []store.Link) error {
	ps := make([]store.ID, len(ls))
	for i := range ls {
		ps[i] = ls[i].P
	}
	// A person has one link: a new one takes the place of the old.
	if err := x.execIDs(ps, `DELETE FROM link WHERE p IN (SELECT value FROM json_each(?))`); err != nil {
		return err
	}
	return x.insert(`INSERT INTO link (n, p, sync, origin, run) VALUES `, ``, 5, len(ls),
		func(i int, to []any) []any {
			l := &ls[i]
			return append(to, l.N, l.P, l.Sync, l.Origin, l.Run)
		})
}

func (x *tx) DeleteLinks(ns []store.ID) error {
	return x.execIDs(ns, `DELETE FROM link WHERE n IN (SELECT value FROM json_each(?))`)
}

func (x *tx) PutGraces(s store.SyncID, gs []store.Grace) error {
	return x.insert(`INSERT INTO grace (p, sync, since, due, reason) VALUES `,
		` ON CONFLICT (p) DO UPDATE SET since = excluded.since, due = excluded.due, reason = excluded.reason`,
		5, len(gs), func(i int, to []any) []any {
			g := &gs[i]
			return append(to, g.P, s, micros(g.Since), micros(g.Due), g.Reason)
		})
}

func (x *tx) DeleteGraces(ps []store.ID) error {
	return x.execIDs(ps, `DELETE FROM grace WHERE p IN (SELECT value FROM json_each(?))`)
}

func (x *tx) PutOwnGroups(s store.SyncID, groups []store.ID) error {
	return x.insert(`INSERT INTO own_group (n, sync, retired) VALUES `, ` ON CONFLICT DO NOTHING`, 3, len(groups),
		func(i int, to []any) []any { return append(to, groups[i], s, 0) })
}
