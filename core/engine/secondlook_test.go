package engine

import (
	"fmt"
	"strings"
	"testing"
)

// hide makes the listing leave out the first n people.
func (b *bench) hide(n int) {
	for i := range n {
		b.hr.hidden[fmt.Sprintf("s%d", i)] = true
	}
}

func (b *bench) dropped(from, to int) {
	for i := from; i < to; i++ {
		b.hr.drop(fmt.Sprintf("s%d", i))
	}
}

// The plan says how many were asked about, and what came of it.
func TestSecondLookIsTold(t *testing.T) {
	b := newBench(t, t.TempDir(), generous)
	defer b.close()
	b.company(40)
	b.run(Options{Apply: true})
	b.hide(1)
	b.dropped(10, 21)
	r := b.run(Options{Apply: true, Believe: []string{refs}})
	if got := r.SecondLook.String(); got != "12 of 12 asked, 11 confirmed, 1 kept" || b.active() != 29 {
		t.Errorf("%s; %d active", got, b.active())
	}
	b.hr.hidden = map[string]bool{}
	if r := b.run(Options{Apply: true}); r.SecondLook != nil {
		t.Errorf("nobody is in doubt: %s", r.SecondLook)
	}
}

// A run asks as often as it may, and removes nobody whom it has not asked about. The
// next run goes on.
func TestQuestionsAreBounded(t *testing.T) {
	b := newBench(t, t.TempDir(), strings.Replace(generous, "limits {", "limits {\n max_lookups = 10", 1))
	defer b.close()
	b.company(60)
	b.run(Options{Apply: true})
	b.dropped(10, 35)
	o := Options{Apply: true, Believe: []string{refs}}
	for i, active := range []int{50, 40, 35} {
		before := b.hr.lookups
		r := b.run(o)
		if b.active() != active || b.hr.lookups-before > 10 {
			t.Fatalf("run %d: %d active after %d questions: %s", i, b.active(), b.hr.lookups-before, r.SecondLook)
		}
		if i == 0 && (r.SecondLook.Over != 15 || !strings.Contains(r.Kept[0], "limits.max_lookups")) {
			t.Errorf("%s: %q", r.SecondLook, r.Kept)
		}
	}
	if r := b.run(o); r.Plan.Steps.Len() != 0 {
		t.Errorf("%s", text(r.Plan))
	}
}

// With a plan that is held, more questions tell nothing; whoever was not asked about is
// when it is released, and all of them are.
func TestHeldPlansAskLittle(t *testing.T) {
	b := newBench(t, t.TempDir(), "  limits {\n min_population = 0\n max_lookups = 30\n deactivate { count = 5 }\n }\n")
	defer b.close()
	b.company(100)
	b.run(Options{Apply: true})
	b.dropped(10, 60)
	o := Options{Apply: true, Believe: []string{refs}}
	before := b.hr.lookups
	held := b.run(o)
	if !held.Held() || b.hr.lookups-before > 16 || held.SecondLook.Waiting+held.SecondLook.Asked != 50 {
		t.Fatalf("%d questions: %s", b.hr.lookups-before, held.SecondLook)
	}
	b.approve(held.Digest, "ada")
	before = b.hr.lookups
	if r := b.run(o); b.active() != 50 || b.hr.lookups-before != 50 {
		t.Errorf("%d active, %d questions: %s", b.active(), b.hr.lookups-before, r.SecondLook)
	}
}

// Listings that lack many who are there are seen through, whatever the limits say, and
// nobody waits for an approval.
func TestManyForgottenNeedNoApproval(t *testing.T) {
	b := newBench(t, t.TempDir(), "")
	defer b.close()
	b.company(100)
	b.run(Options{Apply: true})
	b.hide(60)
	r := b.run(Options{Apply: true, Believe: []string{refs}})
	if r.Held() || r.SecondLook.Kept != 60 || b.active() != 100 {
		t.Errorf("held %v: %s", r.Held(), r.SecondLook)
	}
}

// A source that gives no answers is left in peace, and nobody is removed.
func TestMuteSourceIsAskedLittle(t *testing.T) {
	b := newBench(t, t.TempDir(), generous)
	defer b.close()
	b.company(100)
	b.run(Options{Apply: true})
	b.dropped(0, 90)
	b.hr.mute = true
	before := b.hr.lookups
	r := b.run(Options{Apply: true, Believe: []string{refs}})
	if b.active() != 100 || b.hr.lookups-before > mostMute+asksAtOnce || len(r.Kept) != 90 {
		t.Errorf("%d active, %d questions, %d kept", b.active(), b.hr.lookups-before, len(r.Kept))
	}
}

// Whoever was not asked about is not removed by an approval of an earlier plan that
// happens to be the same.
func TestUnaskedAreNotReleased(t *testing.T) {
	b := newBench(t, t.TempDir(), "  limits {\n min_population = 0\n deactivate { count = 5 }\n }\n")
	defer b.close()
	b.company(100)
	b.run(Options{Apply: true})
	b.dropped(10, 60)
	o := Options{Apply: true, Believe: []string{refs}}
	held := b.run(o)
	b.approve(held.Digest, "ada")
	b.leave(99) // makes another plan, and so the latest one is not the one approved
	b.run(Options{Believe: []string{refs}})
	b.hr.put("s99", "p99@example.org", "Person 99", true)
	r := b.run(o)
	if asked := r.SecondLook.Asked; 100-b.active() > asked {
		t.Errorf("%d were removed, %d asked about", 100-b.active(), asked)
	}
}
