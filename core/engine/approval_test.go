package engine

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"syncgateway/core/plan"
)

const strict = `
  groups { keep_existing = false }
  limits {
    floor = 0
    max_shrink = 100
    %s
    deactivate { count = 2 }
    remove_member {
      percent = 20
      per_group = true
    }
  }
`

// six leave, four lose engineering, and somebody new comes.
func (b *bench) busyDay() {
	for i := 10; i < 16; i++ {
		b.leave(i)
	}
	for i := range 4 {
		delete(b.hr.members["g2"], fmt.Sprintf("s%d", i))
	}
	b.hr.put("new", "new@example.org", "New", true)
}

func (b *bench) members(name string) (n int) {
	for id, g := range b.app.groups {
		if g.Name == name {
			n = len(b.app.members[id])
		}
	}
	return n
}

func TestApprovalOfAPart(t *testing.T) {
	for _, c := range []struct {
		only             []string
		active, members  int
		waiting, created int
	}{
		{nil, 15, 1, 0, 1},
		{[]string{"class=deactivate"}, 15, 5, 4, 1},
		{[]string{"group=eng*"}, 21, 1, 6, 1},
		{[]string{"user=p10@*", "user=p0@example.org"}, 20, 4, 8, 1},
		{[]string{"class=deactivate,user=p11@*"}, 20, 5, 9, 1},
	} {
		t.Run(strings.Join(c.only, " or "), func(t *testing.T) {
			b := newBench(t, t.TempDir(), fmt.Sprintf(strict, ""))
			defer b.close()
			b.company(20)
			b.run(Options{Apply: true})
			b.busyDay()
			held := b.run(Options{Apply: true})
			if held.Waiting != held.Plan.Steps.Len() || b.active() != 20 || b.account("new@example.org") != nil {
				t.Fatalf("%d of %d wait: %+v", held.Waiting, held.Plan.Steps.Len(), held.Verdict.Trips)
			}
			b.approve(held.Digest, "ada", c.only...)
			r := b.run(Options{Apply: true})
			if r.Approved != "ada" || r.Waiting != c.waiting || b.active() != c.active || b.members("engineering") != c.members {
				t.Errorf("approved by %q, %d wait, %d active, %d in engineering", r.Approved, r.Waiting, b.active(), b.members("engineering"))
			}
			if (b.account("new@example.org") != nil) != (c.created == 1) {
				t.Error("the part that takes nothing away did not go on")
			}
			// Once: what is left is another plan.
			if c.waiting > 0 {
				if again := b.run(Options{Apply: true}); again.Waiting == 0 || b.active() != c.active {
					t.Errorf("the approval was used twice: %d active", b.active())
				}
			}
		})
	}
}

func TestFourEyes(t *testing.T) {
	b := newBench(t, t.TempDir(), fmt.Sprintf(strict, "approvers = 2"))
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	b.busyDay()
	held := b.run(Options{Apply: true})
	b.approve(held.Digest, "ada")
	b.approve(held.Digest, "ada", "class=deactivate")
	if r := b.run(Options{Apply: true}); r.Approved != "" || r.Apply != nil || !slices.Equal(r.Approvals, []string{"ada"}) || r.Approvers != 2 {
		t.Fatalf("one person released it: %+v", r)
	}
	// The second releases a part: what both chose.
	b.approve(held.Digest, "bob", "class=remove_member")
	if r := b.run(Options{Apply: true}); r.Approved != "ada, bob" || r.Waiting != 6 || b.active() != 21 || b.members("engineering") != 1 {
		t.Errorf("approved by %q, %d wait, %d active", r.Approved, r.Waiting, b.active())
	}
}

func TestApprovalsExpireAndAreVoid(t *testing.T) {
	b := newBench(t, t.TempDir(), fmt.Sprintf(strict, ""))
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	b.busyDay()
	held := b.run(Options{Apply: true})
	b.approve(held.Digest, "ada")
	b.leave(16)
	if r := b.run(Options{Apply: true}); r.Apply != nil {
		t.Errorf("released for other inputs: %+v", r)
	}
	b.hr.put("s16", "p16@example.org", "Person 16", true)
	b.now = b.now.Add(25 * 3600 * 1e9)
	if r := b.run(Options{Apply: true}); r.Apply != nil || r.Digest != held.Digest {
		t.Errorf("released after the approval ended: %+v", r)
	}
	b.approve(held.Digest, "ada")
	if r := b.run(Options{Apply: true}); r.Apply == nil || b.active() != 15 {
		t.Errorf("not released: %+v", r)
	}
}

// An approved plan is not void because a source, asked again, keeps somebody.
func TestApprovalSurvivesASecondLook(t *testing.T) {
	b := newBench(t, t.TempDir(), "  groups {}\n  limits {\n max_shrink = 100\n min_population = 0\n deactivate { count = 2 }\n }\n")
	defer b.close()
	b.company(40)
	b.run(Options{Apply: true})
	for i := 10; i < 20; i++ {
		b.hr.drop(fmt.Sprintf("s%d", i))
	}
	believe := Options{Apply: true, Believe: []string{refs}}
	held := b.run(believe)
	if !held.Held() {
		t.Fatalf("%+v", held.Verdict)
	}
	b.approve(held.Digest, "ada")
	b.hr.put("s19", "p19@example.org", "Person 19", true)
	b.hr.hidden["s19"] = true
	r := b.run(believe)
	if r.Approved != "ada" || len(r.Kept) != 1 || b.active() != 31 || !b.account("p19@example.org").Active {
		t.Errorf("approved by %q, kept %v, %d active", r.Approved, r.Kept, b.active())
	}
}

// A group is not deleted while somebody is in it whose removal was not approved.
func TestPartOfAPlanKeepsItsGroups(t *testing.T) {
	all := &plan.Plan{Steps: plan.Pack([]plan.Step{
		{Head: plan.Head{Class: plan.RemoveMember, Group: &plan.Ref{Name: "a"}, User: &plan.Ref{Name: "x"}}}, {Head: plan.Head{Class: plan.RemoveMember, Group: &plan.Ref{Name: "b"}, User: &plan.Ref{Name: "x"}}},
		{Head: plan.Head{Class: plan.DeleteGroup, Group: &plan.Ref{Name: "a"}}}, {Head: plan.Head{Class: plan.DeleteGroup, Group: &plan.Ref{Name: "b"}}},
	}...)}
	some := whole(all, all.Where(func(s *plan.Head) bool { return s.Class == plan.DeleteGroup || s.Group.Name == "b" }))
	if some.Steps.Len() != 2 || some.Steps.At(0).Group.Name != "b" || some.Steps.At(1).Group.Name != "b" {
		t.Errorf("%+v", some.Steps.List())
	}
	if got := whole(all, all); got.Steps.Len() != 4 {
		t.Errorf("%+v", got.Steps.List())
	}
}

// What is printed to release a part can be pasted into a shell, whatever groups are
// called.
func TestApproveCommand(t *testing.T) {
	got := ApproveCommand("0123456789abcdef", []string{"class=deactivate", `group="it's, $HOME"`})
	if want := `gateway approve 0123456789ab -only class=deactivate -only 'group="it'\''s, $HOME"'`; got != want {
		t.Errorf("%s", got)
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "gateway() { for a; do echo \"$a\"; done; }; "+got).Output()
	if err != nil || string(out) != "approve\n0123456789ab\n-only\nclass=deactivate\n-only\ngroup=\"it's, $HOME\"\n" {
		t.Errorf("%q, %v", out, err)
	}
}
