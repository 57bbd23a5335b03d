package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"syncgateway/core/store"
	"syncgateway/core/store/storetest"
)

func open(t *testing.T, dir string) *DB {
	t.Helper()
	db, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestConformance(t *testing.T) {
	dirs := map[string]string{}
	storetest.Run(t, func(t *testing.T) store.Store {
		if dirs[t.Name()] == "" {
			dirs[t.Name()] = t.TempDir()
		}
		return open(t, dirs[t.Name()])
	})
}

func TestOneProcessPerDirectory(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	defer db.Close()
	if _, err := Open(t.Context(), dir); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a second gateway opened the directory: %v", err)
	}
}

func TestDamagedDatabase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, []byte("this is no database, whatever its name says, and long enough to be looked at as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got[:4]) != "this" {
		t.Errorf("the file was touched: %q, %v", got, err)
	}
}

func TestNewerDatabase(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	if _, err := db.writer.Exec(`PRAGMA user_version = 99`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir); !errors.Is(err, store.ErrNewer) {
		t.Errorf("got %v", err)
	}
}

func TestFilesAreForTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, dir)
	defer db.Close()
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, FileName): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

// A full disk is told as such, and what was committed before is there.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	defer db.Close()
	if _, err := db.writer.Exec(`PRAGMA max_page_count = 60`); err != nil {
		t.Fatal(err)
	}
	var ep store.EndpointID
	err := db.Update(t.Context(), func(tx store.Tx) (err error) { ep, err = tx.Endpoint("source.a.a"); return err })
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx store.Tx) error {
		return tx.PutAccounts([]store.Account{{Head: store.Head{N: 1, Ext: "x"}, Endpoint: ep, Record: make([]byte, 1<<20)}})
	})
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("got %v", err)
	}
	err = db.View(t.Context(), func(v store.Reader) error {
		eps, err := v.Endpoints()
		if eps["source.a.a"] != ep {
			t.Errorf("what was committed before is gone: %v", eps)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
