package e2e

import (
	"slices"
	"strings"
	"testing"
)

func TestFirstSyncThenNothingToDo(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 30)
	f := g.get("target.json")
	if len(f.Users) != 30 || len(f.Groups) != 2 {
		t.Fatalf("%d users, %d groups", len(f.Users), len(f.Groups))
	}
	g.inGroups(mail(3), "engineering", "everybody")
	g.inGroups(mail(20), "everybody")
	writes := f.Writes
	for range 2 {
		g.must(g.run("apply", "-full"), 0, "nothing to do")
	}
	if f := g.get("target.json"); f.Writes != writes {
		t.Errorf("runs without changes wrote %d times", f.Writes-writes)
	}
	g.must(g.run("plan", "-detailed-exitcode"), 0)
}

func TestPlansFromTheSameInputsAreIdentical(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simple(usual), "jsonfile-source", "jsonfile-target")
	g.put("source.json", company(40))
	g.put("target.json", file{Users: []user{{ID: "x1", Email: "P3@Example.org", Active: true}}})
	for _, out := range []string{"a.plan", "b.plan"} {
		g.must(g.run("plan", "-out", out), 0)
	}
	if a, b := g.read("a.plan"), g.read("b.plan"); a != b {
		t.Errorf("two plans from the same inputs differ:\n%s\n%s", a, b)
	}
	g.must(g.run("plan", "-detailed-exitcode"), 2)
}

func TestExistingAccountsAreAdopted(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simple(usual), "jsonfile-source", "jsonfile-target")
	g.put("source.json", company(12))
	g.put("target.json", file{Groups: []group{{ID: "x", Name: "Engineering"}, {ID: "y", Name: "by-hand"}},
		Users: []user{{ID: "old", Email: "P3@EXAMPLE.org", Active: true, Groups: []string{"y"}}, {ID: "off", Email: mail(4)}}})
	g.must(g.run("apply"), 0, "adopt account: 2", "activate user: 1")
	f := g.get("target.json")
	if len(f.Users) != 12 || f.account(mail(3)).ID != "old" {
		t.Errorf("accounts were made twice: %d", len(f.Users))
	}
	g.inGroups(mail(3), "Engineering", "by-hand", "everybody")
	g.active(mail(4), true)
}

func TestLeaverAndReturner(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 30)
	g.edit("source.json", func(f *file) { f.Users[3].Active = false })
	g.must(g.run("plan"), 0, "deactivate user: 1", "inactive in source.jsonfile-source.hr")
	g.must(g.run("apply"), 0)
	g.active(mail(3), false)
	g.inGroups(mail(3), "engineering", "everybody") // given back with the account
	g.must(g.run("apply"), 0, "nothing to do")
	g.edit("source.json", func(f *file) { f.Users[3].Active = true })
	g.must(g.run("apply"), 0, "activate user: 1")
	g.active(mail(3), true)
}

func TestDeletedInTheSource(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 30)
	g.edit("source.json", func(f *file) { f.Users = slices.Delete(f.Users, 5, 6) })
	g.must(g.run("apply"), 0, "deactivate user: 1", "no longer in source.jsonfile-source.hr")
	g.active(mail(5), false)
}

// A listing that forgets somebody is contradicted by asking for them directly.
func TestForgottenByTheListing(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 30)
	g.edit("source.json", func(f *file) { f.Faults = []string{"hide:s5"} })
	g.must(g.run("apply"), 0, "still has them")
	g.active(mail(5), true)
	g.edit("source.json", func(f *file) { f.Faults = []string{"hide:s6", "lookup_fail"} })
	g.must(g.run("apply"), 0, "gave no answer")
	g.active(mail(6), true)
	g.edit("source.json", func(f *file) { f.Faults = nil })
	g.must(g.run("apply"), 0, "nothing to do")
}

func TestBadReadRemovesNobody(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*file){
		"empty":            func(f *file) { f.Users, f.Groups = nil, nil },
		"half":             func(f *file) { f.Users = f.Users[:20] },
		"users break off":  func(f *file) { f.Faults = []string{"users_fail"} },
		"groups break off": func(f *file) { f.Faults = []string{"groups_fail"} },
		"no groups":        func(f *file) { f.Groups = nil },
		"no memberships": func(f *file) {
			for i := range f.Users {
				f.Users[i].Groups = nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := synced(t, `
  users { include = user.active && contains(user.groups, "everybody") }
  groups {
    mode = "by_name"
    keep_existing = false
  }
  limits {
    min_population = 1
    deactivate { percent = 100 }
    remove_member { percent = 100 }
  }
`, 40)
			before := g.read("target.json")
			good := g.read("source.json")
			g.edit("source.json", spoil)
			g.must(g.run("apply"), 1, "Nobody is removed on the word of this read")
			if g.read("target.json") != before {
				t.Error("the target was changed")
			}
			g.write("source.json", good)
			g.must(g.run("apply"), 0, "nothing to do")
		})
	}
}

// Additions go on while removals wait for a read that can be believed.
func TestBadReadStillAdds(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 30)
	g.edit("source.json", func(f *file) {
		f.Users = append([]user{{ID: "new", Email: "new@example.org", Active: true}}, f.Users...)
		f.Users[3].Active = false
		f.Faults = []string{"users_fail"}
	})
	g.must(g.run("apply"), 1, "create user: 1")
	g.active("new@example.org", true)
	g.active(mail(2), true)
	g.edit("source.json", func(f *file) { f.Faults = nil })
	g.must(g.run("apply"), 0, "deactivate user: 1")
	g.active(mail(2), false)
}

func TestUnreadableTargetPlansNothing(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 30)
	good := g.get("target.json")
	g.put("target.json", file{})
	g.must(g.run("apply", "-full"), 1, "could not be read completely")
	if f := g.get("target.json"); len(f.Users) != 0 {
		t.Error("accounts were made again")
	}
	good.Faults = []string{"state_fail"}
	g.put("target.json", good)
	g.must(g.run("apply", "-full"), 1, "nobody answers")
}

func TestShrunkenReadCanBeBelieved(t *testing.T) {
	t.Parallel()
	g := synced(t, usual+"\n", 40)
	g.edit("source.json", func(f *file) { f.Users = f.Users[:30] })
	g.must(g.run("plan"), 1, "-believe source.jsonfile-source.hr")
	g.must(g.run("plan", "-believe", "source.jsonfile-source.hr"), 4, "deactivate user: 10", "HELD")
}

func TestMoverChangesGroups(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 60)
	g.edit("source.json", func(f *file) {
		f.Groups = append(f.Groups, group{ID: "g3", Name: "platform"})
		f.Users[3].Groups = []string{"g1", "g3"}
	})
	g.must(g.run("apply"), 0, `create group: 1`, `add to group "platform": 1`, `remove from group "engineering": 1`)
	g.inGroups(mail(3), "everybody", "platform")
}

func TestKeepExisting(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{true, false} {
		body := strings.Replace(usual, `mode = "by_name"`, "\nmode = \"by_name\"\nkeep_existing = "+map[bool]string{true: "true", false: "false"}[keep]+"\n", 1)
		g := synced(t, body, 30)
		g.edit("target.json", func(f *file) {
			f.Groups = append(f.Groups, group{ID: "hand", Name: "by-hand"})
			u := f.account(mail(20))
			u.Groups = append(u.Groups, "hand", f.Groups[slices.IndexFunc(f.Groups, func(g group) bool { return g.Name == "engineering" })].ID)
		})
		g.must(g.run("apply", "-full"), 0)
		if keep {
			g.inGroups(mail(20), "by-hand", "engineering", "everybody")
		} else {
			g.inGroups(mail(20), "by-hand", "everybody")
		}
	}
}

func TestNestedGroups(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simple(usual), "jsonfile-source", "jsonfile-target")
	f := company(12)
	f.Groups = []group{{ID: "g1", Name: "everybody", Children: []string{"g2"}}, {ID: "g2", Name: "engineering", Children: []string{"g1"}},
		{ID: "top", Name: "top", Children: []string{"g2", "top"}}}
	g.put("source.json", f)
	g.put("target.json", file{})
	g.must(g.run("apply"), 0)
	g.inGroups(mail(11), "engineering", "everybody", "top")
	g.edit("source.json", func(f *file) { f.Groups[2].Children = nil })
	g.must(g.run("apply"), 4, "remove_member") // everybody would leave "top"
	g.config(simple(strings.Replace(usual, `mode = "by_name"`, "\nmode = \"by_name\"\nnested = \"direct\"\n", 1)))
	g.must(g.run("plan"), 4, `remove from group "top": 12`)
}

func TestMappedGroupsAndFixedOnes(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simple(`
  groups {
    mode = "mapped"
    map  = { "engineering" = ["devs", "coders"], "/^every(.*)$/" = ["all-$1"] }
    for_new_users = ["welcome"]
    for_all_users = ["company"]
  }
`), "jsonfile-source", "jsonfile-target")
	g.put("source.json", company(12))
	g.put("target.json", file{Users: []user{{ID: "old", Email: mail(0), Active: true}}})
	g.must(g.run("apply"), 0)
	g.inGroups(mail(1), "all-body", "coders", "company", "devs", "welcome")
	g.inGroups(mail(0), "all-body", "coders", "company", "devs")
	g.inGroups(mail(11), "all-body", "company", "welcome")
}

func TestReadOnlyGroupIsLeftAlone(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simple(usual), "jsonfile-source", "jsonfile-target")
	g.put("source.json", company(12))
	g.put("target.json", file{Groups: []group{{ID: "x", Name: "engineering", ReadOnly: "synced from another directory"}}})
	g.must(g.run("apply"), 0, "synced from another directory")
	g.inGroups(mail(1), "everybody")
	g.must(g.run("apply"), 0, "nothing to do")
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simple(usual), "jsonfile-source", "jsonfile-target")
	f := company(12)
	f.Users[6].Email = f.Users[5].Email
	g.put("source.json", f)
	g.put("target.json", file{Users: []user{{ID: "x", Email: mail(3), Active: true}, {ID: "y", Email: "P3@example.org", Active: true}}})
	g.must(g.run("apply"), 0)
	if got := g.get("target.json"); len(got.Users) != 2+9 {
		t.Errorf("%d accounts", len(got.Users))
	}
	g.must(g.run("status"), 0, "3 disputed")
	g.must(g.run("status", "-people", "disputed"), 0, "3 people disputed", "two people are mapped to the email")
	g.must(g.run("explain", mail(3)), 0, "2 accounts have the email")
	g.must(g.run("explain", mail(5)), 0, "two people are mapped to")
}

func TestProtectedAccounts(t *testing.T) {
	t.Parallel()
	g := synced(t, strings.Replace(usual, "min_population = 1", "\nmin_population = 1\nprotect = [\"p4@example.org\"]\n", 1), 40)
	g.edit("target.json", func(f *file) { f.account(mail(3)).Protected = "administrator of the site" })
	g.edit("source.json", func(f *file) { f.Users[3].Active, f.Users[4].Active = false, false })
	g.must(g.run("apply", "-full"), 0)
	g.active(mail(3), true)
	g.active(mail(4), true)
	g.must(g.run("explain", mail(3)), 0, "administrator of the site")
}

func TestToggles(t *testing.T) {
	t.Parallel()
	g := synced(t, `
  users {
    create     = false
    update     = false
    activate   = false
    deactivate = false
  }
  limits { min_population = 1 }
`, 12)
	if f := g.get("target.json"); len(f.Users) != 0 {
		t.Fatal("create = false created accounts")
	}
	g.put("target.json", file{Users: []user{{ID: "a", Email: mail(0), DisplayName: "Other", Active: true}, {ID: "b", Email: mail(1)}}})
	g.must(g.run("apply", "-full"), 0)
	g.edit("source.json", func(f *file) { f.Users[0].Active = false })
	g.must(g.run("apply"), 0, "nothing to do")
	f := g.get("target.json")
	if f.Writes != 0 || f.account(mail(0)).DisplayName != "Other" {
		t.Errorf("something was written: %+v", f)
	}
}

func TestOnLeaveDelete(t *testing.T) {
	t.Parallel()
	g := synced(t, `
  users { on_leave = "delete" }
  limits {
    min_population = 1
    delete { count = 5 }
  }
`, 12)
	g.edit("source.json", func(f *file) { f.Users[3].Active = false })
	g.must(g.run("apply"), 0, "delete user: 1")
	if f := g.get("target.json"); f.account(mail(3)) != nil {
		t.Error("still there")
	}
	g.edit("source.json", func(f *file) { f.Users[3].Active = true })
	g.must(g.run("apply"), 0, "create user: 1")
	g.active(mail(3), true)
}

func TestRefusedStepsDoNotStopTheOthers(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simple(usual), "jsonfile-source", "jsonfile-target")
	g.put("source.json", company(12))
	g.put("target.json", file{Refuse: []string{mail(3)}})
	g.must(g.run("apply"), 1, "1 failed", "the address is not allowed")
	if f := g.get("target.json"); len(f.Users) != 11 {
		t.Errorf("%d accounts", len(f.Users))
	}
	g.must(g.run("explain", mail(3)), 0, "not allowed")
	g.edit("target.json", func(f *file) { f.Refuse = nil })
	g.must(g.run("apply"), 0, "create user: 1")
	g.inGroups(mail(3), "engineering", "everybody")
}

func TestOnePerson(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 30)
	g.edit("source.json", func(f *file) {
		f.Users[3].DisplayName, f.Users[4].DisplayName = "New Name", "Other Name"
		f.Users[3].Groups = []string{"g1"}
	})
	g.must(g.run("apply", "-user", "P3@example.org"), 0, "update user: 1", "remove from group")
	f := g.get("target.json")
	if f.account(mail(3)).DisplayName != "New Name" || f.account(mail(4)).DisplayName == "Other Name" {
		t.Error("one person's run changed the wrong people")
	}
	g.inGroups(mail(3), "everybody")
	g.must(g.run("apply", "-user", "nobody@example.org"), 1, "knows this person")
	g.must(g.run("lookup", mail(4)), 0, "Other Name")
}

func TestChangedRulesReachEverybody(t *testing.T) {
	t.Parallel()
	g := synced(t, usual, 12)
	g.config(simple(`
  users {
    include = user.active
    map {
      email        = lower(user.email)
      display_name = upper(user.display_name)
    }
  }
  groups { mode = "by_name" }
  limits { min_population = 1 }
`))
	g.must(g.run("apply"), 0, "update user: 12", "gateway.hcl:")
	if f := g.get("target.json"); f.account(mail(3)).DisplayName != "PERSON 3" {
		t.Error(f.account(mail(3)).DisplayName)
	}
}

func TestSeveralSources(t *testing.T) {
	t.Parallel()
	g := newGateway(t, `
source "jsonfile-source" "hr" { path = "source.json" }
source "jsonfile-source" "it" { path = "it.json" }
target "jsonfile-target" "app" { path = "target.json" }
sync "staff" {
  from = [source.jsonfile-source.hr, source.jsonfile-source.it]
  to   = target.jsonfile-target.app
  join = lower(user.email)
  users {
    map {
      email        = user.email
      display_name = user.display_name
      attributes   = { department = user.attributes.department }
    }
  }
  groups { mode = "by_name" }
  limits { min_population = 1 }
}
`, "jsonfile-source", "jsonfile-target")
	hr := company(12)
	hr.Users[3].DisplayName = ""
	g.put("source.json", hr)
	g.put("it.json", file{Groups: []group{{ID: "g1", Name: "vpn"}}, Users: []user{
		{ID: "i3", Email: "P3@example.org", DisplayName: "From IT", Active: true, Groups: []string{"g1"}, Attributes: map[string][]string{"department": {"it"}}},
		{ID: "i99", Email: "only@example.org", Active: true}}})
	g.put("target.json", file{})
	g.must(g.run("apply"), 0)
	f := g.get("target.json")
	u := f.account(mail(3))
	if len(f.Users) != 13 || u.DisplayName != "From IT" || u.Attributes["department"][0] != "d" {
		t.Errorf("%d accounts, %+v", len(f.Users), u)
	}
	g.inGroups(mail(3), "engineering", "everybody", "vpn")
	// Leaving one source is not leaving; leaving both is.
	g.edit("source.json", func(f *file) { f.Users[3].Active = false })
	g.must(g.run("apply"), 0)
	g.active(mail(3), true)
	g.edit("it.json", func(f *file) { f.Users[0].Active = false })
	g.must(g.run("apply"), 0, "deactivate user: 1")
	g.active(mail(3), false)
}

func TestGroupsOfOursCanBeDeleted(t *testing.T) {
	t.Parallel()
	g := synced(t, strings.Replace(usual, `mode = "by_name"`, "\nmode = \"by_name\"\non_leave = \"delete\"\n", 1), 30)
	g.edit("target.json", func(f *file) { f.Groups = append(f.Groups, group{ID: "hand", Name: "by-hand"}) })
	g.edit("source.json", func(f *file) {
		f.Groups = f.Groups[:1]
		for i := range f.Users {
			f.Users[i].Groups = []string{"g1"}
		}
	})
	held := g.must(g.run("apply", "-full", "-believe", "source.jsonfile-source.hr"), 4, `group "engineering" would lose 10 of its 10 members`)
	g.must(g.run("approve", digest.FindStringSubmatch(held.out)[1]), 0)
	g.must(g.run("apply", "-full"), 0, "delete group: 1")
	f := g.get("target.json")
	if slices.ContainsFunc(f.Groups, func(g group) bool { return g.Name == "engineering" }) || len(f.Groups) != 2 {
		t.Errorf("groups: %+v", f.Groups)
	}
}
