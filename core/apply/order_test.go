package apply

import (
	"testing"

	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// A group is not deleted while somebody is in it whom the plan could not take out.
func TestGroupStaysWhileSomebodyIsInIt(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.st.Close()
	b.account("on", 1, true)
	b.group("g", "g", "on")
	b.sys.fate = func(op *pluginhost.Operation) fate {
		if op.Kind == schema.RemoveMember {
			return refused
		}
		return done
	}
	report, err := b.run(t.Context(), []plan.Step{b.example(plan.RemoveMember), b.example(plan.DeleteGroup)})
	if err != nil || report.Failed != 1 || report.NotAttempted != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if _, there := b.sys.groups["g"]; !there {
		t.Error("the group is gone, and somebody was in it")
	}
}

// Memberships that came with an account are noted on that account, also when they are
// settled later and an account of old was theirs.
func TestRecoveredMembershipsAreOfTheNewAccount(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.st.Close()
	b.account("old", 1, true)
	b.group("g", "g")
	delete(b.sys.users, "old")
	b.sys.fate = func(*pluginhost.Operation) fate { return lostAnswer }
	member := plan.Step{Head: plan.Head{Class: plan.AddMember, P: 1, Person: "fresh@example.org", User: &plan.Ref{Name: "fresh@example.org"}, Group: &plan.Ref{ID: "g", Name: "g"}, G: b.groups["g"]}}
	if _, err := b.run(t.Context(), []plan.Step{create(1, "fresh@example.org"), member}); err != nil {
		t.Fatal(err)
	}
	if n, err := Recover(t.Context(), b.opts); err != nil || n != 2 {
		t.Fatalf("%d settled, %v", n, err)
	}
	b.view(func(v store.Reader) error {
		sets, err := v.GroupSets([]store.ID{b.groups["g"]})
		if err != nil || len(sets) != 1 || len(sets[0].Users) != 1 || sets[0].Users[0] == b.accounts["old"] {
			t.Errorf("%+v, the old account is %d: %v", sets, b.accounts["old"], err)
		}
		return nil
	})
}
