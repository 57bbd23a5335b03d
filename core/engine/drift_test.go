package engine

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
)

// pushBench is a bench whose sync has two sources of one identity provider: hr, which is
// read, and pushed, to which the provider pushes.
type pushBench struct {
	*bench
	pushed *system
}

func newPushBench(t *testing.T, body string) *pushBench {
	t.Helper()
	text := `
source "push" "idp" {}
source "fake" "hr" {}
target "fake" "app" {}
sync "staff" {
  from = [source.push.idp, source.fake.hr]
  to   = target.fake.app
  join = coalesce(user.external_id, user.id)
  groups { mode = "by_name" }
  limits {
    min_population = 0
    deactivate { count = 100 }
  }
` + body + "\n}\n"
	cfg, ds := config.Parse([]byte(text), "gateway.hcl", config.World{})
	if ds.HasErrors() {
		t.Fatalf("%v", ds)
	}
	st, err := sqlite.Open(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &pushBench{bench: &bench{TB: t, hr: newSystem(), app: newSystem(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), database: st}, pushed: newSystem()}
	t.Cleanup(b.close)
	b.e = &Engine{Store: st, Config: cfg, Log: hclog.NewNullLogger(), Now: func() time.Time { return b.now },
		Connectors: connectors{"source.fake.hr": b.hr, "source.push.idp": b.pushed, "target.fake.app": b.app},
		Pushed:     func(typ string) bool { return typ == "push" }}
	return b
}

// push makes what the provider has of somebody what was pushed of them.
func (b *pushBench) push(id string) {
	u := b.hr.users[id]
	u.ID, u.ExternalID = "pushed-"+id, id
	b.pushed.users[u.ID] = u
}

// people are n people whom both sources have.
func (b *pushBench) people(n int) {
	for i := range n {
		id := fmt.Sprintf("s%d", i)
		b.hr.put(id, fmt.Sprintf("p%d@example.org", i), fmt.Sprintf("Person %d", i), true)
		b.push(id)
	}
}

// count checks how many people drift, by kind.
func (b *pushBench) count(what string, d *DriftReport, late, lost, contradicted int) {
	b.Helper()
	if d == nil || d.Late != late || d.Lost != lost || d.Contradicted != contradicted {
		b.Errorf("%s: %+v, want %d late, %d lost, %d contradicted", what, d, late, lost, contradicted)
	}
}

// A push that was lost is late, then lost, and named when it comes after all. Meanwhile
// what was read stands for it.
func TestLostPushes(t *testing.T) {
	b := newPushBench(t, `drift { patience = "2m" }`)
	b.people(3)
	b.hr.put("s9", "lost@example.org", "Lost", true)
	r := b.run(Options{Apply: true})
	b.count("at once", r.Drift, 1, 0, 0)
	if u := b.account("lost@example.org"); u == nil || !u.Active {
		t.Error("whom the read has and no push brought got no account")
	}
	began := b.now
	b.count("a minute later", b.run(Options{Apply: true}).Drift, 1, 0, 0)
	r = b.run(Options{Apply: true})
	b.count("after drift.patience", r.Drift, 0, 1, 0)
	if s := r.Drift.Standing; len(s) != 1 || s[0].Person != "lost@example.org" || s[0].Kind != DriftLost || !s[0].Since.Equal(began) {
		t.Errorf("standing: %+v", s)
	}
	b.push("s9")
	r = b.run(Options{Apply: true})
	b.count("when it came", r.Drift, 0, 0, 0)
	if a := r.Drift.Arrivals; r.Drift.Arrived != 1 || len(a) != 1 || a[0].Person != "lost@example.org" || !a[0].Since.Equal(began) {
		t.Errorf("arrivals: %+v", r.Drift)
	}
	if r = b.run(Options{Apply: true}); r.Drift.Arrived != 0 {
		t.Errorf("it arrived again: %+v", r.Drift)
	}
}

// A push that came in time is not worth a word.
func TestPushesInTime(t *testing.T) {
	b := newPushBench(t, `drift { patience = "10m" }`)
	b.people(3)
	b.run(Options{Apply: true})
	b.hr.put("s1", "new@example.org", "Person 1", true)
	b.count("before the push", b.run(Options{Apply: true}).Drift, 1, 0, 0)
	b.push("s1")
	r := b.run(Options{Apply: true})
	b.count("after it", r.Drift, 0, 0, 0)
	if r.Drift.Arrived != 0 {
		t.Errorf("arrived: %+v", r.Drift)
	}
}

func TestContradictedPushes(t *testing.T) {
	b := newPushBench(t, `drift { patience = "0s" }`)
	b.people(6)
	for _, s := range []*system{b.hr, b.pushed} {
		s.group("both", "both")
	}
	b.hr.group("read", "read alone")
	b.pushed.group("pushed", "pushed alone")
	b.hr.members["read"]["s0"], b.pushed.members["pushed"]["pushed-s0"] = true, true
	b.hr.members["both"]["s3"], b.pushed.members["both"]["pushed-s4"] = true, true
	b.hr.put("s1", "other@example.org", "", true) // a name that one side lacks is no difference
	b.hr.put("s2", "P2@Example.org", "Another Name", true)
	named := func(s *system, id, given, display string) {
		u := s.users[id]
		u.GivenName, u.FamilyName, u.DisplayName = given, "Byron", display
		s.users[id] = u
	}
	named(b.hr, "s5", "Ada", "Ada B.")
	named(b.pushed, "pushed-s5", "Augusta", "Augusta Byron")
	r := b.run(Options{Apply: true})
	b.count("contradictions", r.Drift, 0, 0, 5)
	got := map[string][]store.Difference{}
	for _, v := range r.Drift.Standing {
		got[v.Person] = v.Differences
	}
	for person, want := range map[string]store.Difference{
		"p1@example.org": {Field: "email", Pushed: "p1@example.org", Pulled: "other@example.org"},
		"p2@example.org": {Field: "display_name", Pushed: "Person 2", Pulled: "Another Name"},
		"p5@example.org": {Field: "given_name", Pushed: "Augusta", Pulled: "Ada"},
		"p3@example.org": {Field: "group", Pulled: "both"},
		"p4@example.org": {Field: "group", Pushed: "both"},
	} {
		want.Since = b.now
		if d := got[person]; len(d) != 1 || d[0] != want {
			t.Errorf("%s: %+v, want %+v", person, d, want)
		}
	}
	if u := b.account("p1@example.org"); u == nil {
		t.Error("the first source of the sync does not say what the e-mail address is")
	}
	x, err := b.e.Explain(t.Context(), Question{Sync: "staff", User: "p3@example.org"})
	if err != nil || len(x.Drift) != 1 || x.Drift[0].Pulled != "both" {
		t.Errorf("explained: %+v, %v", x, err)
	}
	b.pushed.members["both"] = map[string]bool{"pushed-s3": true}
	b.push("s1")
	b.push("s2")
	b.push("s5")
	b.count("set right", b.run(Options{Apply: true}).Drift, 0, 0, 0)
}

// Who the rules leave out is not missed, and what is not to be compared is not.
func TestDriftThatIsNone(t *testing.T) {
	b := newPushBench(t, `users { include = ends_with(lower(user.email), "@example.org") }
  drift {
    patience = "0s"
    compare  = ["groups"]
  }`)
	b.people(3)
	b.hr.put("s8", "out@elsewhere.example", "Out", true)
	b.hr.put("s7", "gone@example.org", "Gone", false)
	b.hr.put("s1", "other@example.org", "Otherwise", true)
	b.count("none", b.run(Options{Apply: true}).Drift, 0, 0, 0)

	plain := newPushBench(t, "")
	plain.e.Pushed = func(string) bool { return false }
	plain.people(1)
	if r := plain.run(Options{Apply: true}); r.Drift != nil {
		t.Errorf("two sources that are read: %+v", r.Drift)
	}
}

// Either side may say that somebody left, and neither by saying nothing.
func TestWhoLeavesAPair(t *testing.T) {
	inactive := func(s *system, id string) {
		u := s.users[id]
		u.Active = false
		s.users[id] = u
	}
	for name, x := range map[string]struct {
		change func(b *pushBench)
		stays  bool
		drift  int
	}{
		"both active":               {func(*pushBench) {}, true, 0},
		"pushed inactive":           {func(b *pushBench) { inactive(b.pushed, "pushed-s1") }, false, 1},
		"read as inactive":          {func(b *pushBench) { inactive(b.hr, "s1") }, false, 1},
		"both inactive":             {func(b *pushBench) { inactive(b.hr, "s1"); inactive(b.pushed, "pushed-s1") }, false, 0},
		"pushed deleted":            {func(b *pushBench) { b.pushed.drop("pushed-s1") }, false, 1},
		"absent from what was read": {func(b *pushBench) { b.hr.drop("s1") }, true, 1},
		"gone from both":            {func(b *pushBench) { b.hr.drop("s1"); b.pushed.drop("pushed-s1") }, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newPushBench(t, `drift { patience = "0s" }`)
			b.people(12)
			b.run(Options{Apply: true})
			x.change(b)
			r := b.run(Options{Apply: true})
			if u := b.account("p1@example.org"); u == nil || u.Active != x.stays {
				t.Errorf("the account is %+v", u)
			}
			if d := r.Drift; d.Late+d.Lost+d.Contradicted != x.drift {
				t.Errorf("drift: %+v", d)
			}
			b.hr.put("s1", "p1@example.org", "Person 1", true)
			b.push("s1")
			b.run(Options{Apply: true})
			if u := b.account("p1@example.org"); u == nil || !u.Active {
				t.Errorf("back in both, the account is %+v", u)
			}
		})
	}
}

// What was pushed is its own witness, even while the other side cannot be asked. What
// was read is asked about once more.
func TestWitnessesOfAPair(t *testing.T) {
	b := newPushBench(t, "")
	b.people(12)
	b.run(Options{Apply: true})
	b.hr.mute = true
	u := b.pushed.users["pushed-s1"]
	u.Active = false
	b.pushed.users[u.ID] = u
	b.run(Options{Apply: true})
	if u := b.account("p1@example.org"); u == nil || u.Active {
		t.Errorf("pushed as inactive, the account is %+v", u)
	}

	b.hr.mute = false
	stale := b.hr.users["s2"]
	stale.Active = false
	b.hr.outdated = map[string]identity.User{"s2": stale}
	r := b.run(Options{Apply: true})
	if u := b.account("p2@example.org"); u == nil || !u.Active {
		t.Errorf("a listing that is behind took the account: %+v", u)
	}
	if !slices.ContainsFunc(r.Kept, func(s string) bool { return s != "" }) {
		t.Errorf("nobody was kept: %+v", r.Kept)
	}
}

// A report names few people, whatever there are.
func TestDriftIsBounded(t *testing.T) {
	b := newPushBench(t, `drift { patience = "0s" }`)
	b.people(1)
	for i := range 3 * mostDrift {
		b.hr.put(fmt.Sprintf("lost%d", i), fmt.Sprintf("lost%d@example.org", i), "Lost", true)
	}
	r := b.run(Options{Apply: true})
	b.count("many", r.Drift, 0, 3*mostDrift, 0)
	if len(r.Drift.Standing) != mostDrift {
		t.Errorf("%d people are named", len(r.Drift.Standing))
	}
	for i := range 3 * mostDrift {
		b.push(fmt.Sprintf("lost%d", i))
	}
	if r = b.run(Options{Apply: true}); r.Drift.Arrived != 3*mostDrift || len(r.Drift.Arrivals) != mostDrift {
		t.Errorf("%d arrived, %d are named", r.Drift.Arrived, len(r.Drift.Arrivals))
	}
}
