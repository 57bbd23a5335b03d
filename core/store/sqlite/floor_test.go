package sqlite

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"syncgateway/core/idset"
)

// How much the floors write: cmd/bench of examples/synthetic measures them beside its runs.
var (
	floorUsers  = flag.Int("floor.users", 100_000, "accounts that the floors write")
	floorGroups = flag.Int("floor.groups", 1000, "groups that the floors write")
	floorEach   = flag.Int("floor.each", 10, "groups that each account is in")
)

// The floors write straight to SQLite, with the settings of the store and none of its
// code. Every round is a transaction into an empty table, durable in the end.

func floorDB(b *testing.B, table string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite3", dsn(filepath.Join(b.TempDir(), "floor.db"), "immediate", "rwc", 8000))
	if err == nil {
		_, err = db.ExecContext(b.Context(), table)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

// round writes n rows of so many columns, many in a statement.
func round(b *testing.B, db *sql.DB, table string, n, columns int, row func(i int, into []any)) {
	const many = 50
	ctx := context.WithoutCancel(b.Context())
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	one := "(?" + strings.Repeat(",?", columns-1) + ")"
	insert, err := tx.PrepareContext(ctx, "INSERT INTO "+table+" VALUES "+one+strings.Repeat(","+one, many-1))
	if err != nil {
		b.Fatal(err)
	}
	args := make([]any, many*columns)
	for i := 0; i < n; i += many {
		some := min(many, n-i)
		for j := range some {
			row(i+j, args[j*columns:(j+1)*columns])
		}
		if some == many {
			_, err = insert.ExecContext(ctx, args...)
		} else {
			_, err = tx.ExecContext(ctx, "INSERT INTO "+table+" VALUES "+one+strings.Repeat(","+one, some-1), args[:some*columns]...)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

func empty(b *testing.B, db *sql.DB, table string) {
	b.StopTimer()
	if _, err := db.ExecContext(context.WithoutCancel(b.Context()), "DELETE FROM "+table); err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
}

// BenchmarkFloorRows writes a row as an account has it for each, without its indexes.
func BenchmarkFloorRows(b *testing.B) {
	n := *floorUsers
	db := floorDB(b, `CREATE TABLE account (n INTEGER PRIMARY KEY, ep INTEGER, ext TEXT, fp BLOB, flags INTEGER, email TEXT, username TEXT, external TEXT, rec BLOB)`)
	fp, rec := make([]byte, 16), make([]byte, 400)
	for b.Loop() {
		empty(b, db, "account")
		round(b, db, "account", n, 9, func(i int, into []any) {
			mail := fmt.Sprintf("person%06d@example.org", i)
			copy(into, []any{i + 1, 1, fmt.Sprintf("00u%017d", i), fp, 1, mail, mail, "", rec})
		})
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkFloorSets writes the memberships of the groups, packed.
func BenchmarkFloorSets(b *testing.B) {
	groups, each := *floorGroups, *floorUsers**floorEach / *floorGroups
	db := floorDB(b, `CREATE TABLE grp_set (n INTEGER PRIMARY KEY, users BLOB, children BLOB)`)
	sets := make([]idset.Set, groups)
	for g := range sets {
		for u := range each {
			sets[g] = append(sets[g], idset.ID(1+u*max(1, *floorUsers/each)+g%10))
		}
	}
	for b.Loop() {
		empty(b, db, "grp_set")
		round(b, db, "grp_set", groups, 3, func(i int, into []any) {
			copy(into, []any{i + 1, idset.Pack(nil, sets[i]), []byte(nil)})
		})
	}
	b.ReportMetric(float64(groups*each)*float64(b.N)/b.Elapsed().Seconds(), "memberships/s")
}
