package engine

import (
	"testing"
	"time"

	"syncgateway/core/store"
)

func (b *bench) departures() (out []LeaverView) {
	b.Helper()
	err := b.database.View(b.Context(), func(v store.Reader) (err error) {
		out, err = ViewLeavers(v, "staff", time.Time{})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// What a target answers confirms nothing: only what it shows of the account does.
func TestAnAnswerConfirmsNothing(t *testing.T) {
	b := newBench(t, t.TempDir(), generous)
	defer b.close()
	b.company(6)
	b.run(Options{Mode: ModeFull, Apply: true})
	b.hr.put("s0", "p0@example.org", "Person 0", false)
	b.app.liar = true
	if r := b.run(Options{Mode: ModeFull, Apply: true}); r.Apply == nil || r.Apply.Applied == 0 {
		t.Fatalf("%+v", r.Apply)
	}
	for range 2 {
		d := b.departures()
		if len(d) != 1 || d[0].State != "asked" || !d[0].Confirmed.IsZero() || d[0].Tried.IsZero() {
			t.Fatalf("still active: %+v", d)
		}
		b.run(Options{Mode: ModeDelta, Apply: true})
	}
	b.app.liar = false
	b.run(Options{Mode: ModeFull, Apply: true}) // reads the truth, and asks again
	d := b.departures()
	if len(d) != 1 || d[0].State != "confirmed" || d[0].Confirmed.Before(d[0].Tried) || d[0].Took <= 0 {
		t.Fatalf("%+v", d)
	}
	b.hr.put("s0", "p0@example.org", "Person 0", true)
	b.run(Options{Mode: ModeFull, Apply: true})
	b.hr.drop("s0")
	b.run(Options{Mode: ModeFull, Apply: true, Believe: []string{refs}})
	d = b.departures()
	if len(d) != 2 || !d[1].Said.IsZero() || d[0].Returned.IsZero() || d[1].State != "confirmed" || d[1].Reason != "no longer in source.fake.hr" {
		t.Fatalf("left, returned, vanished: %+v", d)
	}
}

// A listing that leaves somebody out has no time for it; asked directly, the source
// tells.
func TestAskedDirectlyTheSourceTellsWhen(t *testing.T) {
	b := newBench(t, t.TempDir(), generous)
	defer b.close()
	b.company(6)
	b.run(Options{Mode: ModeFull, Apply: true})
	when := b.now.Add(10 * time.Second)
	u := b.hr.users["s0"]
	u.Active, u.StatusChanged = false, when
	b.hr.users["s0"] = u
	b.hr.hidden["s0"] = true
	b.run(Options{Mode: ModeFull, Apply: true, Believe: []string{refs}})
	d := b.departures()
	if len(d) != 1 || d[0].State != "confirmed" || !d[0].Said.Equal(when) || d[0].Took != d[0].Confirmed.Sub(when) {
		t.Errorf("%+v", d)
	}
}

// Whom a second look saves has not left.
func TestSparedIsNoDeparture(t *testing.T) {
	b := newBench(t, t.TempDir(), generous)
	defer b.close()
	b.company(6)
	b.run(Options{Mode: ModeFull, Apply: true})
	b.hr.hidden["s0"] = true
	r := b.run(Options{Mode: ModeFull, Apply: true, Believe: []string{refs}})
	if len(r.Kept) != 1 {
		t.Fatalf("kept: %v", r.Kept)
	}
	if d := b.departures(); len(d) != 0 {
		t.Errorf("%+v", d)
	}
}
