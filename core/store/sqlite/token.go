package sqlite

import (
	"database/sql"

	"syncgateway/core/store"
)

// Tokens implements store.TokenReader.
func (x *tx) Tokens(source string) ([]store.Token, error) {
	var out []store.Token
	err := x.each(func(r *sql.Rows) error {
		var t store.Token
		var created, expires, used, revoked int64
		if err := r.Scan(&t.ID, &t.Source, &t.Name, &t.Scope, &t.Hash, &created, &expires, &used, &revoked); err != nil {
			return err
		}
		t.Created, t.Expires, t.LastUsed, t.Revoked = fromMicros(created), fromMicros(expires), fromMicros(used), fromMicros(revoked)
		out = append(out, t)
		return nil
	}, `SELECT id, source, name, scope, hash, created, expires, used, revoked FROM token WHERE ? IN ('', source) ORDER BY created, id`, source)
	return out, err
}

// PutToken implements store.TokenWriter.
func (x *tx) PutToken(t store.Token) error {
	return x.exec(`INSERT INTO token (id, source, name, scope, hash, created, expires, used, revoked) VALUES (?,?,?,?,?,?,?,?,?)
		ON CONFLICT (id) DO UPDATE SET used = excluded.used, revoked = excluded.revoked`,
		t.ID, t.Source, t.Name, t.Scope, t.Hash, micros(t.Created), micros(t.Expires), micros(t.LastUsed), micros(t.Revoked))
}
