package audit_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"syncgateway/core/audit"
	"syncgateway/core/diag"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
)

const secret = "s3cret-c4nary"

func logger() *audit.Log {
	at := time.Date(2026, 1, 31, 8, 0, 0, 123456789, time.UTC)
	return &audit.Log{Redact: diag.NewRedactor(secret), Now: func() time.Time { at = at.Add(time.Minute); return at }}
}

// filled is the directory of a closed store with n entries, and the newest of them.
func filled(t *testing.T, n int) (dir, head string) {
	t.Helper()
	dir = t.TempDir()
	with(t, dir, func(st store.Store) {
		l := logger()
		for i := range n {
			err := st.Update(t.Context(), func(tx store.Tx) error {
				return l.Append(tx, audit.Event{Kind: audit.Plan, Who: "ada", Sync: "staff", Run: fmt.Sprintf("r%d", i), Body: map[string]int{"n": i}},
					audit.Event{Kind: audit.Ended, Sync: "staff", Body: "done"})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		head = verify(t, st).Head
	})
	return dir, head
}

func with(t *testing.T, dir string, f func(store.Store)) {
	t.Helper()
	st, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	f(st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, st store.Store, marks ...audit.Mark) *audit.Verdict {
	t.Helper()
	v, err := audit.Verify(t.Context(), st, 1, marks...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mark(t *testing.T, head string) audit.Mark {
	t.Helper()
	m, err := audit.ParseMark(head)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// tamper works on the file as somebody would who has got at it.
func tamper(t *testing.T, dir string, queries ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range append([]string{`DROP TRIGGER IF EXISTS audit_stays`, `DROP TRIGGER IF EXISTS audit_is_final`}, queries...) {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func TestWholeRecord(t *testing.T) {
	dir, head := filled(t, 20)
	with(t, dir, func(st store.Store) {
		v := verify(t, st, mark(t, head))
		if !v.Whole() || v.Entries != 40 || !strings.HasPrefix(v.Head, "40:") || v.Last.Sub(v.First) <= 0 {
			t.Errorf("%+v", v)
		}
		part, err := audit.Verify(t.Context(), st, 30)
		if err != nil || !part.Whole() || part.Entries != 11 {
			t.Errorf("from 30: %+v %v", part, err)
		}
	})
}

// An empty record is whole, and so is one that a crash left before its anchor moved.
func TestEmptyAndBehind(t *testing.T) {
	dir, _ := filled(t, 0)
	with(t, dir, func(st store.Store) {
		if v := verify(t, st); !v.Whole() || v.Entries != 0 {
			t.Errorf("empty: %+v", v)
		}
	})
	dir, _ = filled(t, 2)
	old, err := os.ReadFile(filepath.Join(dir, sqlite.AnchorName))
	if err != nil {
		t.Fatal(err)
	}
	with(t, dir, func(st store.Store) {
		if err := st.Update(t.Context(), func(tx store.Tx) error { return logger().Append(tx, audit.Event{Kind: audit.Plan}) }); err != nil {
			t.Fatal(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, sqlite.AnchorName), old, 0o600); err != nil {
		t.Fatal(err)
	}
	reopened(t, dir, func(st store.Store) {
		if v := verify(t, st); !v.Whole() || v.Entries != 5 {
			t.Errorf("behind: %+v", v)
		}
	})
}

// reopened is with after what a gateway does when it starts.
func reopened(t *testing.T, dir string, f func(store.Store)) {
	t.Helper()
	with(t, dir, func(st store.Store) {
		if err := audit.Reconcile(t.Context(), st, logger()); err != nil {
			t.Fatal(err)
		}
		f(st)
	})
}

func TestTamperingIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		queries []string
		at      int64 // the entry that is reported first
		text    string
	}{
		"edited body":    {[]string{`UPDATE audit SET body = CAST('{"n":7}' AS BLOB) WHERE seq = 9`}, 9, "altered"},
		"edited name":    {[]string{`UPDATE audit SET who = 'eve' WHERE seq = 9`}, 9, "altered"},
		"edited time":    {[]string{`UPDATE audit SET at = at + 1 WHERE seq = 9`}, 9, "altered"},
		"moved text":     {[]string{`UPDATE audit SET kind = 'plana', who = 'da' WHERE seq = 9`}, 9, "altered"},
		"copied hash":    {[]string{`UPDATE audit SET body = (SELECT body FROM audit WHERE seq = 7), run = 'r3', hash = (SELECT hash FROM audit WHERE seq = 7) WHERE seq = 9`}, 9, "altered"},
		"deleted":        {[]string{`DELETE FROM audit WHERE seq = 9`}, 9, "entry 9 is missing"},
		"deleted some":   {[]string{`DELETE FROM audit WHERE seq BETWEEN 9 AND 12`}, 9, "entries 9 to 12 are missing"},
		"closed the gap": {[]string{`DELETE FROM audit WHERE seq = 9`, `UPDATE audit SET seq = seq - 1 WHERE seq > 9`}, 9, "altered"},
		"reordered":      {[]string{`UPDATE audit SET seq = -1 WHERE seq = 9`, `UPDATE audit SET seq = 9 WHERE seq = 10`, `UPDATE audit SET seq = 10 WHERE seq = -1`}, 9, "altered"},
		"first deleted":  {[]string{`DELETE FROM audit WHERE seq = 1`}, 1, "entry 1 is missing"},
		"cut by one":     {[]string{`DELETE FROM audit WHERE seq = 40`}, 40, "cut off"},
		"cut by many":    {[]string{`DELETE FROM audit WHERE seq > 5`}, 40, "cut off"},
		"emptied":        {[]string{`DELETE FROM audit`}, 40, "cut off"},
		"inserted":       {[]string{`INSERT INTO audit SELECT 41, at, kind, who, sync, run, body, hash FROM audit WHERE seq = 39`}, 41, "altered"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := filled(t, 20)
			tamper(t, dir, c.queries...)
			with(t, dir, func(st store.Store) { found(t, verify(t, st), c.at, c.text) })
			// A gateway that ran since has moved the anchor, and noted what it knew.
			reopened(t, dir, func(st store.Store) {
				if err := st.Update(t.Context(), func(tx store.Tx) error { return logger().Append(tx, audit.Event{Kind: audit.Plan}) }); err != nil {
					t.Fatal(err)
				}
				if v := verify(t, st); v.Whole() {
					t.Error("a restart made it whole")
				}
			})
		})
	}
}

func found(t *testing.T, v *audit.Verdict, at int64, text string) {
	t.Helper()
	if v.Whole() || v.Problems[0].Seq != at || !strings.Contains(v.Problems[0].Text, text) {
		t.Errorf("want %q at %d, got %+v", text, at, v.Problems)
	}
}

// Who takes the anchor away is found by that, also after a restart.
func TestAnchorTaken(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"deleted": os.Remove,
		"emptied": func(path string) error { return os.Truncate(path, 0) },
		"garbage": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("x"), 128), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := filled(t, 3)
			tamper(t, dir, `DELETE FROM audit WHERE seq > 2`)
			if err := spoil(filepath.Join(dir, sqlite.AnchorName)); err != nil {
				t.Fatal(err)
			}
			reopened(t, dir, func(st store.Store) {
				if v := verify(t, st); v.Whole() {
					t.Errorf("%+v", v)
				}
			})
		})
	}
}

// Who writes the whole record and its anchor anew is found by a mark kept elsewhere.
func TestMarks(t *testing.T) {
	dir, head := filled(t, 20)
	other, _ := filled(t, 19)
	for _, name := range []string{sqlite.FileName, sqlite.AnchorName} {
		b, err := os.ReadFile(filepath.Join(other, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	with(t, dir, func(st store.Store) {
		if v := verify(t, st); !v.Whole() {
			t.Errorf("without the mark: %+v", v)
		}
		found(t, verify(t, st, mark(t, head)), 40, "the given mark knows entry 40")
		forged := mark(t, verify(t, st).Head)
		forged.Hash[0] ^= 1
		found(t, verify(t, st, forged), 38, "written anew")
	})
	for _, bad := range []string{"", "12", "0:00", "x:00", "3:" + strings.Repeat("0", 63)} {
		if _, err := audit.ParseMark(bad); err == nil {
			t.Errorf("%q is taken for a mark", bad)
		}
	}
}

func TestAppendOnly(t *testing.T) {
	dir, _ := filled(t, 2)
	db, err := sql.Open("sqlite3", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{`UPDATE audit SET who = 'eve'`, `DELETE FROM audit WHERE seq = 1`} {
		if _, err := db.ExecContext(t.Context(), q); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", q, err)
		}
	}
}

func TestSecretsStayOut(t *testing.T) {
	dir := t.TempDir()
	with(t, dir, func(st store.Store) {
		l := logger()
		err := st.Update(t.Context(), func(tx store.Tx) error {
			return l.Append(tx, audit.Event{Kind: audit.Operations, Who: "with " + secret, Body: map[string]string{"answer": "401 for " + secret}})
		})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		err = st.View(context.Background(), func(v store.Reader) error {
			return audit.Export(v, time.Time{}, func(e audit.Entry) error {
				b, err := json.Marshal(e)
				lines = append(lines, string(b))
				return err
			})
		})
		if err != nil || len(lines) != 1 || strings.Contains(lines[0], secret) || !strings.Contains(lines[0], "401 for ") {
			t.Errorf("%s %v", lines, err)
		}
		if v := verify(t, st); !v.Whole() {
			t.Errorf("%+v", v)
		}
	})
}

// The list of operations is what json.Marshal would write, with the fields in another order.
func TestOperations(t *testing.T) {
	dir := t.TempDir()
	ops := []audit.Operation{{ID: "r-1", Step: json.RawMessage(`{"class":"adopt"}`), State: "applied", RemoteID: "\"x\"", Answer: "204\n<b>"},
		{ID: "r-2", Step: json.RawMessage(`{}`), State: "failed"}}
	with(t, dir, func(st store.Store) {
		var got []audit.Operation
		err := st.Update(t.Context(), func(tx store.Tx) error {
			if err := logger().Append(tx, audit.Event{Kind: audit.Operations, Body: ops}); err != nil {
				return err
			}
			return audit.Export(tx, time.Time{}, func(e audit.Entry) error { return json.Unmarshal(e.Body, &got) })
		})
		if err != nil || fmt.Sprint(got) != fmt.Sprint(ops) {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestExportSince(t *testing.T) {
	dir, _ := filled(t, 20)
	with(t, dir, func(st store.Store) {
		n := 0
		since := time.Date(2026, 1, 31, 8, 18, 30, 0, time.UTC) // after 18 of 20 minutes
		err := st.View(t.Context(), func(v store.Reader) error {
			return audit.Export(v, since, func(audit.Entry) error { n++; return nil })
		})
		if err != nil || n != 4 {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}

// What one operation costs: a hundred of them in a transaction, as an apply writes them.
func BenchmarkAppend(b *testing.B) {
	st, err := sqlite.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	step := json.RawMessage(`{"class":"add_member","person":"ada.byron@harbour.example","user":{"id":"4b5e89ce9c3eff4f7f1cf097","name":"ada.byron@harbour.example"},"group":{"id":"276f955c-63d7-42c8-9520-92d01dca0625","name":"data-engineering"},"reason":"in group \"data-engineering\" of source.okta.corp","rule":"groups.name (gateway.hcl:52)"}`)
	ops := make([]audit.Operation, 100)
	for i := range ops {
		ops[i] = audit.Operation{ID: fmt.Sprintf("20261122-061704-7fd4b2-%06d", i), Step: step, State: "applied", Answer: "204"}
	}
	l := &audit.Log{Redact: diag.NewRedactor(secret, "another-secret", "one-more-secret"), Now: time.Now}
	b.ResetTimer()
	for b.Loop() {
		err := st.Update(b.Context(), func(tx store.Tx) error {
			for range 100 { // of one commit, which costs the same without a record
				if err := l.Append(tx, audit.Event{Kind: audit.Operations, Body: ops}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/operation")
}
