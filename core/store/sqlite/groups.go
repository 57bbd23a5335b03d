package sqlite

import (
	"database/sql"

	"syncgateway/core/store"
)

func (x *tx) ids(query string, args ...any) (out []store.ID, err error) {
	err = x.each(func(r *sql.Rows) error {
		var n store.ID
		err := r.Scan(&n)
		out = append(out, n)
		return err
	}, query, args...)
	return out, err
}

func (x *tx) OwnGroups(s store.SyncID) ([]store.ID, error) {
	return x.ids(`SELECT n FROM own_group WHERE sync = ? ORDER BY n`, s)
}

func (x *tx) OwnGroupCount(s store.SyncID) (n int, err error) {
	_, err = x.one([]any{&n}, `SELECT count(*) FROM own_group o JOIN grp g ON g.n = o.n WHERE o.sync = ? AND g.flags & ? = 0`, s, store.Gone)
	return n, err
}

func (x *tx) RetiredGroups(s store.SyncID) ([]store.ID, error) {
	return x.ids(`SELECT n FROM own_group WHERE sync = ? AND retired = 1 ORDER BY n`, s)
}

func (x *tx) PutRetired(groups []store.ID, retired bool) error {
	if err := x.groupsChanged(); err != nil {
		return err
	}
	return x.execIDs(groups, `UPDATE own_group SET retired = ? WHERE n IN (SELECT value FROM json_each(?))`, retired)
}

func (x *tx) GroupsVersion() (n int64, err error) {
	_, err = x.one([]any{&n}, `SELECT value FROM counter WHERE name = 'groups'`)
	return n + 1, err
}

// groupsChanged moves GroupsVersion on.
func (x *tx) groupsChanged() error {
	return x.exec(`INSERT INTO counter (name, value) VALUES ('groups', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1`)
}

func (x *tx) GroupsSettled(s store.SyncID) (n int64, err error) {
	_, err = x.one([]any{&n}, `SELECT version FROM groups_settled WHERE sync = ?`, s)
	return n, err
}

func (x *tx) PutGroupsSettled(s store.SyncID, version int64) error {
	return x.exec(`INSERT INTO groups_settled (sync, version) VALUES (?, ?) ON CONFLICT (sync) DO UPDATE SET version = excluded.version`, s, version)
}
