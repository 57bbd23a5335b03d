package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// generous lets everything through: what the guard holds back is tested with it.
const generous = `
  limits {
    min_population = 0
    max_shrink     = 100
    deactivate { count = 1000 }
    delete { count = 1000 }
    remove_member { count = 1000 }
    delete_group { count = 1000 }
  }
`

// randomly changes a source or a target as anybody might.
func randomly(t *rapid.T, s *system, target bool) {
	user := rapid.Custom(func(t *rapid.T) string {
		ids := slices.Sorted(maps.Keys(s.users))
		if len(ids) == 0 || !target && rapid.IntRange(0, 3).Draw(t, "new") == 0 {
			return fmt.Sprintf("s%d", rapid.IntRange(0, 9).Draw(t, "id"))
		}
		return rapid.SampledFrom(ids).Draw(t, "user")
	})
	u := user.Draw(t, "whom")
	mail := fmt.Sprintf("p%d@example.org", rapid.IntRange(0, 9).Draw(t, "mail"))
	group := rapid.SampledFrom([]string{"g1", "g2", "g3", "g4"}).Draw(t, "group")
	if ids := slices.Sorted(maps.Keys(s.groups)); target && len(ids) > 0 {
		group = rapid.SampledFrom(ids).Draw(t, "its group")
	}
	_, there := s.users[u]
	switch what := rapid.IntRange(0, 9).Draw(t, "change"); {
	case what <= 1 && (there || !target):
		was := s.users[u]
		if !there || what == 1 {
			was.Email = mail
		}
		s.put(u, was.Email, fmt.Sprintf("Name %d", rapid.IntRange(0, 3).Draw(t, "name")), true)
	case what == 2:
		s.drop(u)
	case what == 3 && there:
		was := s.users[u]
		s.put(u, was.Email, was.DisplayName, !was.Active)
	case what == 4 || what == 5:
		s.group(group, rapid.SampledFrom([]string{"everybody", "engineering", "Research", "off-limits"}).Draw(t, "group name"))
	case what == 6:
		delete(s.groups, group)
		delete(s.members, group)
		delete(s.children, group)
	case what <= 8 && there && s.members[group] != nil:
		if s.members[group][u] {
			delete(s.members[group], u)
		} else {
			s.members[group][u] = true
		}
	case what == 9 && !target && s.groups[group].ID != "":
		s.children[group] = nil
		if other := rapid.SampledFrom([]string{"g1", "g2", "g3", "g4"}).Draw(t, "child"); s.groups[other].ID != "" {
			s.children[group] = []string{other}
		}
	}
}

func text(p *plan.Plan) string {
	var b strings.Builder
	for s := range p.Steps.All() {
		fmt.Fprintf(&b, "%s (%s)\n", s.Line(), s.Reason)
	}
	return b.String()
}

// Looking only at those for whom something changed plans what looking at everybody
// plans, and a plan that was applied leaves nothing to do.
func TestIncrementalEqualsFull(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		body := fmt.Sprintf(`
  users {
    include  = contains(user.groups, "everybody")
    on_leave = %q
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
`, rapid.SampledFrom([]string{"deactivate", "delete", "keep"}).Draw(rt, "on_leave"), rapid.Bool().Draw(rt, "keep_existing"),
			rapid.SampledFrom([]string{"keep", "retire", "delete"}).Draw(rt, "groups on_leave"))
		b := newBench(t, fmt.Sprintf("%s/%d", t.TempDir(), n), body+generous)
		defer b.close()
		b.company(6)
		b.app.put("x", "P3@example.org", "By hand", true)
		b.app.group("xg", "Engineering")
		for range rapid.IntRange(1, 5).Draw(rt, "rounds") {
			for range rapid.IntRange(1, 5).Draw(rt, "changes") {
				target := rapid.IntRange(0, 3).Draw(rt, "side") == 0
				side := b.hr
				if target {
					side = b.app
				}
				randomly(rt, side, target)
			}
			everyone := []string{"target.fake.app", refs}
			some := b.run(Options{Mode: ModeFull, Believe: everyone})
			all := b.run(Options{Mode: ModeFull, Believe: everyone, Everyone: true})
			if a, z := text(some.Plan), text(all.Plan); a != z || some.Digest != all.Digest {
				rt.Fatalf("who changed:\n%s\neverybody:\n%s", a, z)
			}
			if rapid.IntRange(0, 3).Draw(rt, "plan only") == 0 {
				continue
			}
			b.settle(rt, Options{Mode: ModeFull, Believe: everyone, Apply: true})
			b.wanted(rt)
		}
	})
}

// settle applies until a look at everybody finds nothing to do. An address that one
// person gives up and another takes needs a second run.
func (b *bench) settle(t *rapid.T, o Options) {
	for range 4 {
		done := b.run(o)
		if done.Verdict.Hold() || done.Apply != nil && !done.Apply.Done() {
			t.Fatalf("held or not applied: %+v %+v", done.Verdict.Trips, done.Apply)
		}
		look := o
		look.Apply, look.Everyone = false, true
		if rest := b.run(look); rest.Plan.Steps.Len() == 0 {
			return
		}
	}
	t.Fatalf("the sync does not come to rest")
}

// wanted checks the target against the source by rules written here once more, for the
// people whose address is theirs alone.
func (b *bench) wanted(t *rapid.T) {
	owners := map[string]int{}
	for _, u := range b.hr.users {
		owners[u.Email]++
	}
	in := b.flat()
	for id, u := range b.hr.users {
		if owners[u.Email] != 1 || !u.Active || !in[id]["everybody"] {
			continue
		}
		var accounts []identity.User
		for _, a := range b.app.users {
			if identity.Fold(a.Email) == identity.Fold(u.Email) {
				accounts = append(accounts, a)
			}
		}
		if len(accounts) != 1 {
			continue // disputed, or somebody else's: nobody is guessed
		}
		a := accounts[0]
		if a.DisplayName != strings.ToUpper(u.DisplayName) || !a.Active {
			continue // linked to somebody else
		}
		for g, m := range b.app.members {
			name := identity.Fold(b.app.groups[g].Name)
			if m[a.ID] && !in[id][name] && b.once(name) && b.e.Config.Syncs[0].Groups.KeepExisting == false && b.managed(name) {
				t.Fatalf("%s is in %s and should not be", u.Email, name)
			}
		}
		for name := range in[id] {
			if name == "off-limits" || !b.once(name) {
				continue
			}
			if !slices.ContainsFunc(slices.Collect(maps.Keys(b.app.groups)), func(g string) bool {
				return identity.Fold(b.app.groups[g].Name) == name && b.app.members[g][a.ID]
			}) {
				t.Fatalf("%s is not in %s", u.Email, name)
			}
		}
	}
}

// once tells whether one group of the target at most has the name.
func (b *bench) once(name string) bool {
	n := 0
	for _, g := range b.app.groups {
		if identity.Fold(g.Name) == name {
			n++
		}
	}
	return n <= 1
}

func (b *bench) managed(name string) bool {
	for _, g := range b.hr.groups {
		if identity.Fold(g.Name) == name && name != "off-limits" {
			return true
		}
	}
	return false
}

// flat is the folded names of the source groups of everybody, through all levels.
func (b *bench) flat() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	var under func(g string, seen map[string]bool)
	under = func(g string, seen map[string]bool) {
		if seen[g] || b.hr.groups[g].ID == "" {
			return
		}
		seen[g] = true
		for _, c := range b.hr.children[g] {
			under(c, seen)
		}
	}
	for g := range b.hr.groups {
		seen := map[string]bool{}
		under(g, seen)
		for below := range seen {
			for u := range b.hr.members[below] {
				if out[u] == nil {
					out[u] = map[string]bool{}
				}
				out[u][identity.Fold(b.hr.groups[g].Name)] = true
			}
		}
	}
	return out
}

func TestGraceRunsOutAndIsCancelled(t *testing.T) {
	b := newBench(t, t.TempDir(), "  users { grace = \"72h\" }\n"+generous)
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	b.hr.put("s1", "p1@example.org", "Person 1", false)
	b.hr.put("s2", "p2@example.org", "Person 2", false)
	b.run(Options{Apply: true})
	b.now = b.now.Add(71 * time.Hour)
	b.hr.put("s2", "p2@example.org", "Person 2", true)
	if r := b.run(Options{Apply: true}); r.Plan.Steps.Len() != 0 || r.Outcomes[Leaving] != 1 {
		t.Errorf("an hour too early: %s %v", text(r.Plan), r.Outcomes)
	}
	b.now = b.now.Add(time.Hour)
	r := b.run(Options{Apply: true})
	if !strings.Contains(text(r.Plan), "p1@example.org") || r.Plan.Steps.Len() != 1 || b.account("p1@example.org").Active {
		t.Errorf("after the grace: %s", text(r.Plan))
	}
	if !b.account("p2@example.org").Active {
		t.Error("who came back lost the account")
	}
	b.run(Options{Apply: true})
	err := b.database.View(t.Context(), func(v store.Reader) error {
		left, err := v.Graces(1)
		if len(left) != 0 {
			t.Errorf("timers of those who have nothing left to lose: %+v", left)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	// Whoever leaves again gets the whole time again.
	b.hr.put("s2", "p2@example.org", "Person 2", false)
	if r := b.run(Options{Apply: true}); r.Plan.Steps.Len() != 0 {
		t.Errorf("the second leave has no grace: %s", text(r.Plan))
	}
}

// What a listing leaves out is asked about, and stays when the source still has it.
func TestTwoWitnesses(t *testing.T) {
	b := newBench(t, t.TempDir(), "  users { include = contains(user.groups, \"everybody\") }\n  groups {}\n"+generous)
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	believe := Options{Apply: true, Believe: []string{refs}}
	before := b.app.writes
	b.hr.hidden["s4"] = true
	if r := b.run(believe); len(r.Kept) != 1 || r.Plan.Steps.Len() != 0 {
		t.Errorf("hidden: kept %v, %s", r.Kept, text(r.Plan))
	}
	b.hr.hidden = map[string]bool{}
	b.run(believe)
	b.hr.drop("s5")
	b.hr.mute = true
	if r := b.run(believe); len(r.Kept) != 1 || !strings.Contains(r.Kept[0], "gave no answer") {
		t.Errorf("gone, but no answer: kept %v, %s", r.Kept, text(r.Plan))
	}
	if b.app.writes != before {
		t.Errorf("%d writes", b.app.writes-before)
	}
	b.hr.mute = false
	if r := b.run(believe); len(r.Kept) != 0 || r.Plan.Steps.Len() != 1 || b.account("p5@example.org").Active {
		t.Errorf("gone: kept %v, %s", r.Kept, text(r.Plan))
	}
}

// As many as the limit allows are asked about and confirmed; those beyond are not
// removed unasked when some of the others turn out to be there.
func TestNobodyIsRemovedUnasked(t *testing.T) {
	b := newBench(t, t.TempDir(), "  limits {\n min_population = 0\n deactivate { count = 4 }\n }\n")
	defer b.close()
	b.company(40)
	b.run(Options{Apply: true})
	for i := range 12 {
		id := fmt.Sprintf("s%d", i)
		if i%2 == 0 {
			b.hr.hidden[id] = true
			continue
		}
		b.hr.drop(id)
	}
	r := b.run(Options{Apply: true, Believe: []string{refs}})
	if !r.Verdict.Hold() && r.Apply != nil {
		t.Errorf("six left, and four may: %s", text(r.Plan))
	}
	for i := range 12 {
		if !b.account(fmt.Sprintf("p%d@example.org", i)).Active {
			t.Errorf("p%d was removed", i)
		}
	}
}

func TestBrokenReadTakesNothingAway(t *testing.T) {
	b := newBench(t, t.TempDir(), "  groups { keep_existing = false }\n"+generous)
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	b.hr.broken = true
	b.hr.put("s1", "p1@example.org", "Person 1", false)
	delete(b.hr.members["g2"], "s0")
	r := b.run(Options{Apply: true, Believe: []string{refs}})
	if len(r.Doubts()) != 1 || r.Plan.Steps.Len() != 0 {
		t.Errorf("%v: %s", r.Doubts(), text(r.Plan))
	}
	b.hr.broken = false
	if r := b.run(Options{Apply: true}); r.Plan.Steps.Len() != 2 {
		t.Errorf("after a good read: %s", text(r.Plan))
	}
}
