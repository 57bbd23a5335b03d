// Package sqlite is the default store: one SQLite file in the data directory, in WAL
// mode, with one writer and a pool of readers. It is the only package that imports
// go-sqlite3, and knows nothing of what the records mean.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/gofrs/flock"
	"github.com/mattn/go-sqlite3"

	"syncgateway/core/store"
)

//go:embed schema*.sql
var migrations embed.FS

// newest is the schema version this gateway writes: the number of migrations.
const newest = 1

// FileName is the database's name in the data directory.
const FileName = "gateway.db"

// DB is a store.Store in one SQLite file.
type DB struct {
	lock    *flock.Flock
	writer  *sql.DB
	readers *sql.DB
	writing *statements
	reading *statements

	write   sync.Mutex // one transaction at a time, without SQLITE_BUSY
	pairing sync.Mutex // of whoever begins two transactions

	anchor *os.File // written by whoever holds write

	ids    sync.Mutex
	nextID store.ID
	topID  store.ID // ids below are reserved on disk
}

// Open opens or makes the database in dir, and takes the directory for this process:
// store.ErrInUse when another has it. dir is made with mode 0700.
func Open(ctx context.Context, dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "gateway.lock"), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("%s: %w", dir, store.ErrInUse)
	}
	db := &DB{lock: lock}
	if err := db.open(ctx, filepath.Join(dir, FileName)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, path string) error {
	// The file must not be readable by others, whatever the umask was.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	if db.writer, err = sql.Open("sqlite3", dsn(path, "immediate", "rwc", 8000)); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	db.writer.SetMaxOpenConns(1)
	if db.readers, err = sql.Open("sqlite3", dsn(path, "deferred", "rw", 4000)); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	db.readers.SetMaxOpenConns(4)
	db.readers.SetMaxIdleConns(4) // each has its statements prepared
	db.writing, db.reading = newStatements(db.writer), newStatements(db.readers)
	if err := db.migrate(ctx); err != nil {
		return fmt.Errorf("%s: %w", path, classify(err))
	}
	if _, err := db.writer.ExecContext(ctx, checkpoints); err != nil {
		return fmt.Errorf("%s: %w", path, classify(err))
	}
	if err := db.openAnchor(ctx, filepath.Join(filepath.Dir(path), AnchorName)); err != nil {
		return fmt.Errorf("open %s: %w", AnchorName, classify(err))
	}
	return classify(db.writer.QueryRowContext(ctx, `SELECT coalesce((SELECT value FROM counter WHERE name = 'id'), 1)`).Scan(&db.nextID))
}

// checkpoints has the log written back to the database at 16 MB: with SQLite's 4 MB a
// page that many pushes change is written back for nearly each of them. A connection that
// is made anew falls back to those, which costs time alone.
const checkpoints = `PRAGMA wal_autocheckpoint = 4000`

// dsn carries the settings that must hold on every pooled connection. cache is how many
// kilobytes of pages it keeps: few, since the system keeps the file in memory too.
func dsn(path, txlock, mode string, cache int) string {
	q := url.Values{
		"_txlock": {txlock}, "mode": {mode}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_busy_timeout": {"10000"},
		"_foreign_keys": {"on"}, "_cache_size": {strconv.Itoa(-cache)}, "_secure_delete": {"off"},
	}
	return "file:" + url.PathEscape(path) + "?" + q.Encode()
}

// Cache sets how many kilobytes of pages the writer keeps. It needs more than it begins
// with where many small writes go to places all over a large directory.
func (db *DB) Cache(ctx context.Context, kilobytes int) error {
	_, err := db.writer.ExecContext(ctx, fmt.Sprintf(`PRAGMA cache_size = %d`, -kilobytes))
	return classify(err)
}

func (db *DB) migrate(ctx context.Context) error {
	var version int
	if err := db.writer.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if version > newest {
		return fmt.Errorf("%w (schema %d, this one knows %d): start the newer gateway, or restore the backup from before it ran",
			store.ErrNewer, version, newest)
	}
	if version > 0 {
		if err := db.quickCheck(ctx); err != nil {
			return err
		}
	}
	for v := version + 1; v <= newest; v++ {
		if err := db.step(ctx, v); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", v, err)
		}
	}
	return nil
}

// quickCheck reads the schema and one page of each table; a full integrity check
// would read the whole file at every start.
func (db *DB) quickCheck(ctx context.Context) error {
	for _, table := range []string{"account", "grp", "grp_set", "account_set", "person", "link", "operation", "run", "plan"} {
		var n int
		if err := db.writer.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+table+` LIMIT 1)`).Scan(&n); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) step(ctx context.Context, version int) error {
	script, err := migrations.ReadFile(fmt.Sprintf("schema%d.sql", version))
	if err != nil {
		return err
	}
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, string(script)+fmt.Sprintf(";PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	return tx.Commit()
}

// Close releases the directory.
func (db *DB) Close() error {
	var errs []error
	if db.anchor != nil {
		errs = append(errs, db.anchor.Close())
	}
	if db.readers != nil {
		errs = append(errs, db.readers.Close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.Close())
	}
	return errors.Join(append(errs, db.lock.Unlock())...)
}

// View implements store.Store.
func (db *DB) View(ctx context.Context, f func(store.Reader) error) error {
	t, err := db.readers.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	x := &tx{ctx: ctx, tx: t, all: db.reading}
	defer x.close()
	defer x.remember()
	defer t.Rollback()
	return classify(f(x))
}

// Views implements store.Store. A transaction sees what was committed when it first
// reads: both do so while nobody writes.
func (db *DB) Views(ctx context.Context, f func(a, b store.Reader) error) error {
	return db.pair(ctx, func(a, b *tx) error {
		db.write.Lock()
		for _, x := range []*tx{a, b} {
			if _, err := x.GroupsVersion(); err != nil {
				db.write.Unlock()
				return classify(err)
			}
		}
		db.write.Unlock()
		return classify(f(a, b))
	})
}

// pair begins two reading transactions. Who waits for a second connection lets nobody
// else begin to: the connections are few.
func (db *DB) pair(ctx context.Context, f func(a, b *tx) error) error {
	var xs [2]*tx
	db.pairing.Lock()
	for i := range xs {
		t, err := db.readers.BeginTx(ctx, nil)
		if err != nil {
			db.pairing.Unlock()
			return classify(err)
		}
		x := &tx{ctx: ctx, tx: t, all: db.reading}
		defer x.close()
		defer x.remember()
		defer t.Rollback()
		xs[i] = x
	}
	db.pairing.Unlock()
	return f(xs[0], xs[1])
}

// Look implements store.Store.
func (db *DB) Look(ctx context.Context, f func(store.Reader) error) error {
	x := &tx{ctx: ctx, all: db.reading}
	defer x.close()
	return classify(f(x))
}

// Update implements store.Store.
func (db *DB) Update(ctx context.Context, f func(store.Tx) error) error {
	db.write.Lock()
	defer db.write.Unlock()
	t, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	x := &tx{ctx: ctx, tx: t, all: db.writing}
	defer x.close()
	defer x.remember()
	defer t.Rollback()
	if err := f(x); err != nil {
		return classify(err)
	}
	if err := errors.Join(x.putSeqs(), x.reserve(db)); err != nil {
		return classify(err)
	}
	if err := t.Commit(); err != nil {
		return classify(err)
	}
	db.note(x.appended)
	return nil
}

// idBlock is how many ids one write reserves.
const idBlock = 1 << 12

// NewIDs implements store.Store. The mark on disk moves in the next Update, which is
// the earliest the ids can be used in.
func (db *DB) NewIDs(n int) store.ID {
	db.ids.Lock()
	defer db.ids.Unlock()
	first := db.nextID
	db.nextID += store.ID(n)
	return first
}

func (x *tx) reserve(db *DB) error {
	db.ids.Lock()
	next := db.nextID
	db.ids.Unlock()
	if next <= db.topID {
		return nil
	}
	top := next + idBlock
	_, err := x.tx.ExecContext(x.ctx, `INSERT INTO counter (name, value) VALUES ('id', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, top)
	if err == nil {
		db.topID = top
	}
	return err
}

// classify turns SQLite's codes into the store's errors, keeping the original text.
func classify(err error) error {
	var se sqlite3.Error
	if !errors.As(err, &se) {
		return err
	}
	switch se.Code {
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return fmt.Errorf("%w (%v): restore a backup, or move it away and run a full sync, which finds existing accounts again", store.ErrDamaged, err)
	case sqlite3.ErrFull:
		return fmt.Errorf("%w (%v): make room and run again; nothing was lost", store.ErrFull, err)
	case sqlite3.ErrIoErr:
		if se.SystemErrno == syscall.ENOSPC {
			return fmt.Errorf("%w (%v): make room and run again; nothing was lost", store.ErrFull, err)
		}
	}
	return err
}
