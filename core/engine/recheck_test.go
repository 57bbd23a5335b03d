package engine

import (
	"context"
	"errors"
	"testing"

	"syncgateway/core/config"
	"syncgateway/core/identity"
)

// A target whose listing forgets an account is not planned for: the account would be
// made a second time.
func TestTargetListingThatForgets(t *testing.T) {
	b := newBench(t, t.TempDir(), generous)
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	before := b.app.writes
	b.app.hidden[b.account("p3@example.org").ID] = true
	if _, err := b.e.Run(context.Background(), "staff", Options{Mode: ModeFull, Apply: true}); !errors.Is(err, ErrTargetUnread) {
		t.Errorf("want that the target was not read, got %v", err)
	}
	b.app.hidden = map[string]bool{}
	if b.run(Options{Mode: ModeFull, Apply: true}); b.app.writes != before {
		t.Errorf("%d writes", b.app.writes-before)
	}
}

// A replica that is behind lists who has come back as away: asked directly, they are
// there.
func TestListedAsTheyOnceWere(t *testing.T) {
	b := newBench(t, t.TempDir(), "  groups {}\n"+generous)
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	old := b.hr.users["s3"]
	old.Active = false
	b.hr.outdated = map[string]identity.User{"s3": old}
	if r := b.run(Options{Apply: true}); len(r.Kept) != 1 || !b.account("p3@example.org").Active {
		t.Errorf("kept %v, %s", r.Kept, text(r.Plan))
	}
	b.hr.outdated = nil
	b.hr.users["s3"] = old
	if r := b.run(Options{Apply: true}); b.account("p3@example.org").Active {
		t.Errorf("they are away now: %s", text(r.Plan))
	}
}

// A listing that leaves a group out of a group takes nothing from those in it.
func TestGroupLeftOutOfAGroup(t *testing.T) {
	b := newBench(t, t.TempDir(), "  groups {}\n"+generous)
	defer b.close()
	b.company(20)
	b.hr.group("g3", "everyone-and-more")
	b.hr.children["g3"] = []string{"g1"}
	b.run(Options{Apply: true})
	before := b.app.writes
	b.hr.flat = true
	if r := b.run(Options{Apply: true}); len(r.Doubts()) != 1 || b.app.writes != before {
		t.Errorf("%v, %s", r.Doubts(), text(r.Plan))
	}
	b.hr.flat = false
	b.hr.children["g3"] = nil
	if r := b.run(Options{Apply: true}); len(r.Doubts()) != 0 || b.app.writes != before+20 {
		t.Errorf("it is so: %v, %s", r.Doubts(), text(r.Plan))
	}
}

// The people of a source that is no longer part of a sync lose their accounts.
func TestSourceThatIsDropped(t *testing.T) {
	b := newBench(t, t.TempDir(), generous)
	defer b.close()
	b.company(10)
	annex := newSystem()
	annex.put("x1", "x1@example.org", "X", true)
	b.e.Connectors = connectors{refs: b.hr, "source.fake.annex": annex, "target.fake.app": b.app}
	both := "source \"fake\" \"hr\" {}\nsource \"fake\" \"annex\" {}\ntarget \"fake\" \"app\" {}\nsync \"staff\" {\n  from = [source.fake.hr, source.fake.annex]\n" +
		"  to = target.fake.app\n  join = lower(user.email)\n" + generous + "\n}\n"
	one := b.e.Config
	cfg, ds := config.Parse([]byte(both), "gateway.hcl", config.World{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	b.e.Config = cfg
	b.run(Options{Apply: true})
	if u := b.account("x1@example.org"); u == nil || !u.Active {
		t.Fatalf("%+v", u)
	}
	b.e.Config = one
	if r := b.run(Options{Apply: true}); b.account("x1@example.org").Active {
		t.Errorf("%s", text(r.Plan))
	}
}

// A listing that calls a group by the name of old moves nobody back.
func TestGroupByItsOldName(t *testing.T) {
	b := newBench(t, t.TempDir(), "  groups {}\n"+generous)
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	b.hr.group("g2", "platform")
	b.run(Options{Apply: true})
	before := b.app.writes
	b.hr.titles = map[string]string{"g2": "engineering"}
	if r := b.run(Options{Apply: true}); len(r.Doubts()) != 1 || b.app.writes != before {
		t.Errorf("%v, %s", r.Doubts(), text(r.Plan))
	}
	b.hr.titles = nil
	if r := b.run(Options{Apply: true}); len(r.Doubts()) != 0 || b.app.writes != before {
		t.Errorf("as it is: %v, %s", r.Doubts(), text(r.Plan))
	}
}

// A group that a listing left out is there when it is asked for.
func TestGroupLeftOut(t *testing.T) {
	b := newBench(t, t.TempDir(), "  groups {}\n"+generous)
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	before := b.app.writes
	b.hr.omit = "g2"
	if r := b.run(Options{Apply: true}); len(r.Doubts()) != 1 || b.app.writes != before {
		t.Errorf("%v, %s", r.Doubts(), text(r.Plan))
	}
	b.hr.omit = ""
	delete(b.hr.groups, "g2")
	delete(b.hr.members, "g2")
	if r := b.run(Options{Apply: true}); len(r.Doubts()) != 0 || len(b.app.members[b.groupID("engineering")]) != 0 {
		t.Errorf("it is gone: %v, %s", r.Doubts(), text(r.Plan))
	}
}

// groupID is the target's id of the group with the name.
func (b *bench) groupID(name string) string {
	for id, g := range b.app.groups {
		if g.Name == name {
			return id
		}
	}
	b.Fatalf("the target has no group %q", name)
	return ""
}

// A group is not deleted by an old picture of it: an administrator took somebody of ours
// out and put a stranger in.
func TestGroupThatIsNotEmptyAnyMore(t *testing.T) {
	b := newBench(t, t.TempDir(), "  groups { on_leave = \"delete\" }\n"+generous)
	defer b.close()
	b.company(20)
	b.run(Options{Apply: true})
	id := b.groupID("engineering")
	delete(b.app.members[id], b.account("p0@example.org").ID)
	b.app.put("stranger", "stranger@elsewhere.example", "Stranger", true)
	b.app.members[id]["stranger"] = true
	delete(b.hr.groups, "g2")
	delete(b.hr.members, "g2")
	r := b.run(Options{Mode: ModeDelta, Apply: true})
	if _, there := b.app.groups[id]; !there || !b.app.members[id]["stranger"] {
		t.Errorf("the stranger lost the group: %s", text(r.Plan))
	}
	delete(b.app.members[id], "stranger")
	b.run(Options{Mode: ModeFull, Apply: true, Everyone: true})
	if _, there := b.app.groups[id]; there {
		t.Error("the group is empty, and still there")
	}
}
