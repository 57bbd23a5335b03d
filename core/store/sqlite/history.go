package sqlite

import (
	"database/sql"
	"encoding/json"
	"time"

	"syncgateway/core/idset"
	"syncgateway/core/store"
)

const runColumns = `SELECT id, sync, ep, mode, state, started, ended, digest, cause, summary, approved, detail FROM run `

func scanRun(r interface{ Scan(...any) error }) (store.Run, error) {
	var run store.Run
	var started, ended int64
	err := r.Scan(&run.ID, &run.Sync, &run.Endpoint, &run.Mode, &run.State, &started, &ended, &run.Digest, &run.Trigger, &run.Summary, &run.Approved, &run.Detail)
	run.Started, run.Ended = fromMicros(started), fromMicros(ended)
	return run, err
}

func (x *tx) Run(id string) (store.Run, error) {
	s, err := x.stmt(runColumns + `WHERE id = ?`)
	if err != nil {
		return store.Run{}, err
	}
	run, err := scanRun(s.QueryRowContext(x.ctx, id))
	if err == sql.ErrNoRows {
		return run, store.ErrNotFound
	}
	return run, err
}

func (x *tx) Runs(sync string, limit int) (out []store.Run, err error) {
	err = x.each(func(r *sql.Rows) error {
		run, err := scanRun(r)
		out = append(out, run)
		return err
	}, runColumns+`WHERE ?1 = '' OR sync = ?1 ORDER BY started DESC, id DESC LIMIT ?2`, sync, limit)
	return out, err
}

const operationColumns = `SELECT id, run, ep, class, p, n, g, state, step, remote_id, answer, at FROM operation `

func eachOperation(f func(store.Operation) error) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var o store.Operation
		var at int64
		if err := r.Scan(&o.ID, &o.Run, &o.Endpoint, &o.Class, &o.P, &o.N, &o.G, &o.State, &o.Step, &o.RemoteID, &o.Answer, &at); err != nil {
			return err
		}
		o.At = fromMicros(at)
		return f(o)
	}
}

func collectOperations(out *[]store.Operation) func(*sql.Rows) error {
	return eachOperation(func(o store.Operation) error {
		*out = append(*out, o)
		return nil
	})
}

func (x *tx) Operations(run string, f func(store.Operation) error) error {
	return x.each(eachOperation(f), operationColumns+`WHERE run = ? ORDER BY seq`, run)
}

func (x *tx) OperationsOn(n store.ID, limit int) (out []store.Operation, err error) {
	err = x.each(collectOperations(&out), operationColumns+`WHERE n = ?1 OR p = ?1 ORDER BY seq DESC LIMIT ?2`, n, limit)
	return out, err
}

func (x *tx) OperationsOnGroup(g store.ID, limit int) (out []store.Operation, err error) {
	err = x.each(collectOperations(&out), operationColumns+`WHERE g = ?1 AND g <> 0 ORDER BY seq DESC LIMIT ?2`, g, limit)
	return out, err
}

func (x *tx) KeepEvidence(run string, s store.SyncID, ps []store.ID) error {
	return x.execIDs(ps, `INSERT INTO evidence (run, p, n, ep, flags, rec, groups)
		SELECT ?1, pa.p, a.n, a.ep, a.flags, a.rec, coalesce(s.groups, x'') FROM person_account pa JOIN account a ON a.n = pa.n
		LEFT JOIN account_set s ON s.n = a.n WHERE pa.sync = ?2 AND pa.p IN (SELECT value FROM json_each(?3)) ON CONFLICT DO NOTHING`, run, s)
}

func (x *tx) Evidence(run string, p store.ID) (out []store.Evidence, err error) {
	err = x.each(func(r *sql.Rows) error {
		var e store.Evidence
		var groups []byte
		if err := r.Scan(&e.N, &e.Endpoint, &e.Flags, &e.Record, &groups); err != nil {
			return err
		}
		var err error
		if len(groups) > 0 {
			e.Groups, err = idset.Unpack(nil, groups)
		}
		out = append(out, e)
		return err
	}, `SELECT n, ep, flags, rec, groups FROM evidence WHERE run = ? AND p = ? ORDER BY n`, run, p)
	return out, err
}

func (x *tx) Unfinished(ep store.EndpointID) (out []store.Operation, err error) {
	err = x.each(collectOperations(&out), operationColumns+`WHERE ep = ? AND state = 'intent' ORDER BY seq`, ep)
	return out, err
}

func (x *tx) plan(where string, arg string) (p store.Plan, err error) {
	var created int64
	found, err := x.one([]any{&p.Digest, &p.Sync, &p.Run, &created, &p.Verdict, &p.Body},
		`SELECT digest, sync, run, created, verdict, body FROM plan `+where, arg)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	p.Created = fromMicros(created)
	return p, err
}

func (x *tx) Plan(digest string) (store.Plan, error) { return x.plan(`WHERE digest = ?`, digest) }

func (x *tx) LatestPlan(sync string) (store.Plan, error) {
	return x.plan(`WHERE sync = ? ORDER BY created DESC LIMIT 1`, sync)
}

func (x *tx) Approvals(digest string) (out []store.Approval, err error) {
	err = x.each(func(r *sql.Rows) error {
		var a store.Approval
		var only string
		var at, expires int64
		if err := r.Scan(&a.Digest, &a.Who, &only, &a.Reason, &at, &expires, &a.UsedBy); err != nil {
			return err
		}
		a.At, a.Expires = fromMicros(at), fromMicros(expires)
		out = append(out, a)
		return json.Unmarshal([]byte(only), &out[len(out)-1].Only)
	}, `SELECT digest, who, only_, reason, at, expires, used_by FROM approval WHERE digest = ? ORDER BY at, who, only_`, digest)
	return out, err
}

func (x *tx) Lease(ep store.EndpointID) (store.Lease, error) {
	l := store.Lease{Endpoint: ep}
	var until int64
	found, err := x.one([]any{&l.Owner, &until}, `SELECT owner, until FROM lease WHERE ep = ?`, ep)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	l.Until = fromMicros(until)
	return l, err
}

func (x *tx) PutRun(r store.Run) error {
	return x.exec(`INSERT INTO run (id, sync, ep, mode, state, started, ended, digest, cause, summary, approved, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET mode = excluded.mode, state = excluded.state, ended = excluded.ended, digest = excluded.digest, summary = excluded.summary, approved = excluded.approved, detail = excluded.detail`,
		r.ID, r.Sync, r.Endpoint, r.Mode, r.State, micros(r.Started), micros(r.Ended), r.Digest, r.Trigger, r.Summary, r.Approved, r.Detail)
}

func (x *tx) PutOperations(ops []store.Operation) error {
	return x.insert(`INSERT INTO operation (id, run, ep, class, p, n, g, state, step, remote_id, answer, at) VALUES `,
		` ON CONFLICT (id) DO UPDATE SET p = excluded.p, n = excluded.n, g = excluded.g, state = excluded.state,
		remote_id = excluded.remote_id, answer = excluded.answer, at = excluded.at`,
		12, len(ops), func(i int, to []any) []any {
			o := &ops[i]
			return append(to, o.ID, o.Run, o.Endpoint, o.Class, o.P, o.N, o.G, o.State, notNull(o.Step), o.RemoteID, o.Answer, micros(o.At))
		})
}

func (x *tx) PutPlan(p store.Plan) error {
	return x.exec(`INSERT INTO plan (digest, sync, run, created, verdict, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (digest) DO UPDATE SET run = excluded.run, created = excluded.created, verdict = excluded.verdict`,
		p.Digest, p.Sync, p.Run, micros(p.Created), p.Verdict, notNull(p.Body))
}

func (x *tx) PutApproval(a store.Approval) error {
	only, err := json.Marshal(a.Only)
	if err != nil {
		return err
	}
	return x.exec(`INSERT INTO approval (digest, who, only_, reason, at, expires, used_by) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (digest, who, only_) DO UPDATE SET reason = excluded.reason, at = excluded.at, expires = excluded.expires, used_by = excluded.used_by`,
		a.Digest, a.Who, string(only), a.Reason, micros(a.At), micros(a.Expires), a.UsedBy)
}

func (x *tx) PutLease(l store.Lease) error {
	return x.exec(`INSERT INTO lease (ep, owner, until) VALUES (?, ?, ?) ON CONFLICT (ep) DO UPDATE SET owner = excluded.owner, until = excluded.until`,
		l.Endpoint, l.Owner, micros(l.Until))
}

func (x *tx) Prune(before time.Time) error {
	us := micros(before)
	for _, q := range []string{
		`DELETE FROM operation WHERE at < ?1 AND state <> 'intent'`,
		`DELETE FROM evidence WHERE run IN (SELECT id FROM run WHERE started < ?1)`,
		`DELETE FROM leaver WHERE seen < ?1 AND returned <> 0`,
		`DELETE FROM plan WHERE created < ?1 AND digest NOT IN (SELECT digest FROM approval WHERE used_by = '' AND expires >= ?1)`,
		`DELETE FROM approval WHERE expires < ?1`,
		`DELETE FROM run WHERE started < ?1 AND id NOT IN (SELECT run FROM operation WHERE state = 'intent')`,
	} {
		if err := x.exec(q, us); err != nil {
			return err
		}
	}
	return nil
}
