package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"syncgateway/core/store"
)

func collectDrifts(out *[]store.Drift) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var d store.Drift
		var differences []byte
		if err := r.Scan(&d.P, &d.Missing, &differences); err != nil {
			return err
		}
		if err := json.Unmarshal(differences, &d.Differences); err != nil {
			return fmt.Errorf("%w: the drift of a person: %w", store.ErrDamaged, err)
		}
		*out = append(*out, d)
		return nil
	}
}

func (x *tx) DriftsOf(ps []store.ID) (out []store.Drift, err error) {
	err = x.byIDs(ps, collectDrifts(&out), `SELECT p, missing, differences FROM drift WHERE p IN (SELECT value FROM json_each(?)) ORDER BY p`)
	return out, err
}

func (x *tx) Drifts(s store.SyncID, limit int) (out []store.Drift, err error) {
	err = x.each(collectDrifts(&out), `SELECT p, missing, differences FROM drift WHERE sync = ? ORDER BY since, p LIMIT ?`, s, limit)
	return out, err
}

func (x *tx) CountDrift(s store.SyncID, after time.Time) (c store.DriftCount, err error) {
	_, err = x.one([]any{&c.Late, &c.Lost, &c.Contradicted}, `SELECT count(*) FILTER (WHERE since > ?1), count(*) FILTER (WHERE since <= ?1 AND missing = 1),
		count(*) FILTER (WHERE since <= ?1 AND missing = 0) FROM drift WHERE sync = ?2`, micros(after), s)
	return c, err
}

func (x *tx) PutDrifts(s store.SyncID, ds []store.Drift) error {
	texts := make([][]byte, len(ds))
	for i := range ds {
		texts[i], _ = json.Marshal(ds[i].Differences) // plain data: cannot fail
	}
	return x.insert(`INSERT INTO drift (p, sync, since, missing, differences) VALUES `,
		` ON CONFLICT (p) DO UPDATE SET sync = excluded.sync, since = excluded.since, missing = excluded.missing, differences = excluded.differences`,
		5, len(ds), func(i int, to []any) []any {
			return append(to, ds[i].P, s, micros(ds[i].Since()), ds[i].Missing, texts[i])
		})
}

func (x *tx) DeleteDrifts(ps []store.ID) error {
	return x.execIDs(ps, `DELETE FROM drift WHERE p IN (SELECT value FROM json_each(?))`)
}
