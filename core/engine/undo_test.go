package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"syncgateway/core/identity"
)

// picture is what a system has: accounts with their groups, and groups.
func (s *system) picture() map[string]string {
	out := map[string]string{}
	for id, u := range s.users {
		var groups []string
		for g, m := range s.members {
			if m[id] {
				groups = append(groups, g)
			}
		}
		slices.Sort(groups)
		out["user "+id] = fmt.Sprintf("%s %q %v %v", u.Email, u.DisplayName, u.Active, groups)
	}
	for id, g := range s.groups {
		out["group "+id] = fmt.Sprintf("%s %q", g.Name, g.Description)
	}
	return out
}

// Whatever a run did: undone, everything that was there before is as it was, and what
// the run made is inactive or gone. An undo of the undo does it again.
func TestUndoRestores(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		body := fmt.Sprintf(`
  users {
    include = contains(user.groups, "everybody")
    map {
      email        = user.email
      display_name = upper(user.display_name)
    }
  }
  groups {
    include       = !contains(["off-limits"], group.name)
    name          = lower(group.name)
    keep_existing = %v
    on_leave      = %q
  }
`, rapid.Bool().Draw(rt, "keep_existing"), rapid.SampledFrom([]string{"keep", "retire"}).Draw(rt, "groups on_leave"))
		b := newBench(t, fmt.Sprintf("%s/%d", t.TempDir(), n), body+generous)
		defer b.close()
		b.company(6)
		b.app.put("x", "P3@example.org", "By hand", true)
		b.app.group("xg", "Engineering")
		b.app.members["xg"]["x"] = true
		o := Options{Mode: ModeFull, Believe: []string{"target.fake.app", refs}, Apply: true}
		if rapid.Bool().Draw(rt, "settled before") {
			b.run(o)
		}
		for range rapid.IntRange(1, 8).Draw(rt, "changes") {
			randomly(rt, b.hr, false)
		}
		before := b.app.picture()
		done := b.run(o)
		if done.Apply == nil {
			return
		}
		after := b.app.picture()
		undone := b.undo(rt, done.Run.ID)
		b.compare(rt, before, "undone")
		if undone.Apply == nil || undone.Paused == nil {
			if !maps.Equal(before, after) {
				rt.Fatalf("nothing was undone: %v", undone.Undo.Left)
			}
			return
		}
		if more := b.run(o); more.Apply != nil {
			rt.Fatalf("done again although the sync is paused: %+v", more.Apply)
		}
		b.compare(rt, before, "paused")
		if _, err := b.e.Resume(context.Background(), "staff", "me"); err != nil {
			rt.Fatal(err)
		}
	})
}

func (b *bench) undo(t *rapid.T, id string) *Report {
	r := b.run(Options{Undo: &Undo{Run: id}, Apply: true})
	if r.Verdict.Hold() || r.Apply != nil && !r.Apply.Done() {
		t.Fatalf("held or not applied: %+v %+v", r.Verdict.Trips, r.Apply)
	}
	return r
}

// compare finds what is not as it was before, but for what a run has made since.
func (b *bench) compare(t *rapid.T, before map[string]string, when string) {
	now := b.app.picture()
	for key, was := range before {
		if now[key] != was {
			t.Fatalf("%s: %s was %s, is %s", when, key, was, now[key])
		}
	}
	for key, is := range now {
		if _, was := before[key]; was {
			continue
		}
		id, isUser := key[len("user "):], key[:5] == "user "
		if u := b.app.users[id]; !isUser || u.Active {
			t.Fatalf("%s: %s was made, and is %s", when, key, is)
		}
	}
}

// Protected accounts lose nothing by an undo either.
func TestUndoSparesProtected(t *testing.T) {
	b := newBench(t, t.TempDir(), "users {}\n groups {}\n limits {\n min_population = 0\n deactivate { count = 100 }\n remove_member { count = 100 }\n protect = [\"p1@example.org\"]\n }")
	defer b.close()
	b.company(3)
	done := b.run(Options{Mode: ModeFull, Apply: true})
	r := b.run(Options{Undo: &Undo{Run: done.Run.ID}, Apply: true})
	if r.Apply == nil || len(r.Undo.Left) == 0 {
		t.Fatalf("%+v", r.Undo)
	}
	for _, u := range b.app.users {
		if protected := identity.Fold(u.Email) == "p1@example.org"; u.Active != protected {
			t.Errorf("%s is active: %v", u.Email, u.Active)
		}
	}
}
