package e2e

import (
	"slices"
	"strings"
	"testing"
)

func (f *file) groupNamed(name string) *group {
	i := slices.IndexFunc(f.Groups, func(g group) bool { return g.Name == name })
	if i < 0 {
		return nil
	}
	return &f.Groups[i]
}

const manyLimits = `
  users { include = user.active }
  groups {}
  limits {
    min_population = 1
    max_shrink     = 100
    remove_member { count = 1000 }
  }
`

// without takes the group "engineering" out of the source, and puts it back.
func without(there bool) func(*file) {
	return func(f *file) {
		f.Groups = f.Groups[:1]
		for i := range f.Users {
			f.Users[i].Groups = []string{"g1"}
			if there && i < 10 {
				f.Users[i].Groups = []string{"g1", "g2"}
			}
		}
		if there {
			f.Groups = append(f.Groups, group{ID: "g2", Name: "engineering"})
		}
	}
}

// A group of ours whose source group is gone is emptied and says so; it is the same
// group again when the source has it again.
func TestGroupsAreRetired(t *testing.T) {
	t.Parallel()
	g := synced(t, manyLimits, 30)
	g.edit("target.json", func(f *file) {
		f.groupNamed("engineering").Description = "The engineers"
		f.Groups = append(f.Groups, group{ID: "hand", Name: "by-hand"})
	})
	g.must(g.run("apply", "-full"), 0)
	id := func() string { f := g.get("target.json"); return f.groupNamed("engineering").ID }()
	g.edit("source.json", without(false))
	g.lastRun(g.must(g.run("apply", "-full"), 0, "retire group: 1", `group "engineering" would be retired. Where it is used is not known`))
	f := g.get("target.json")
	if e := f.groupNamed("engineering"); e == nil || !strings.HasPrefix(e.Description, "[retired]") || !strings.HasSuffix(e.Description, "The engineers") {
		t.Errorf("retired: %+v", e)
	}
	if h := f.groupNamed("by-hand"); h == nil || h.Description != "" {
		t.Errorf("a group that is not ours: %+v", h)
	}
	g.inGroups(mail(0), "everybody")
	writes := f.Writes
	g.must(g.run("apply", "-full", "-everyone"), 0, "nothing to do")
	g.must(g.run("apply", "-full"), 0, "nothing to do")
	if f = g.get("target.json"); f.Writes != writes {
		t.Errorf("%d writes without a cause", f.Writes-writes)
	}
	g.edit("source.json", without(true))
	g.must(g.run("apply", "-full"), 0, "restore group: 1")
	f = g.get("target.json")
	if e := f.groupNamed("engineering"); e == nil || e.ID != id || e.Description != "The engineers" {
		t.Errorf("restored: %+v, was %s", e, id)
	}
	g.inGroups(mail(0), "engineering", "everybody")

	// An undo of the retirement restores it too.
	g.edit("source.json", without(false))
	run := g.lastRun(g.must(g.run("apply", "-full"), 0, "retire group: 1"))
	g.must(g.run("undo", "-apply", run), 0, "restore group: 1", "add 10 memberships")
	f = g.get("target.json")
	if e := f.groupNamed("engineering"); e == nil || e.Description != "The engineers" {
		t.Errorf("undone: %+v", e)
	}
	g.inGroups(mail(9), "engineering", "everybody")
	g.must(g.run("resume", "staff"), 0)
	g.must(g.run("apply"), 0, "retire group: 1")
}

// keep empties the group and leaves it at that.
func TestGroupsAreKept(t *testing.T) {
	t.Parallel()
	g := synced(t, strings.Replace(manyLimits, "groups {}", `groups { on_leave = "keep" }`, 1), 30)
	g.edit("source.json", without(false))
	g.must(g.run("apply", "-full"), 0)
	f := g.get("target.json")
	if e := f.groupNamed("engineering"); e == nil || e.Description != "" {
		t.Errorf("kept: %+v", e)
	}
	g.inGroups(mail(0), "everybody")
}

// Before a group of a company ends, the plan says where Jira uses it.
func TestGroupImpact(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t, "-people", "80", "-groups", "12")
	g := onSandbox(t, sb)
	g.config(strings.Replace(companyConfig, "max_shrink     = 50", "max_shrink     = 100", 1))
	g.must(g.run("apply"), 0)
	for _, h := range []map[string]string{
		{"op": "permission", "group": "research", "product": "Default Permission Scheme", "value": "BROWSE_PROJECTS"},
		{"op": "project-role", "group": "research", "product": "RSCH", "value": "Developers"},
	} {
		sb.ask("POST", "atlassian", h, nil)
	}
	sb.mutate(mutation{Op: "group-delete", Group: "research"})
	from := sb.last()
	r := g.must(g.run("plan", "-full"), 0, "retire group: 1", `group "research" would be retired. It is used by:`,
		`permission scheme "Default Permission Scheme" (Browse projects)`, `project role "Developers" (RSCH)`)
	if n := len(sb.log(from)); n > 0 {
		t.Errorf("a plan made %d changes", n)
	}
	if strings.Contains(r.out, "Not looked at") {
		t.Errorf("something was not looked at: %s", r)
	}
	g.must(g.run("plan", "-json"), 0, `"impacts"`, "Browse projects")
	g.must(g.run("apply"), 0)
	w := sb.world()
	if !slices.ContainsFunc(w.Atlassian.Groups, func(x struct {
		Name      string `json:"name"`
		ManagedBy string `json:"managed_by"`
	}) bool {
		return x.Name == "research"
	}) {
		t.Error("the group was deleted")
	}
	for _, u := range w.Atlassian.Users {
		if slices.Contains(u.Groups, "research") {
			t.Errorf("%s is still in it", u.Email)
		}
	}
	g.must(g.run("apply", "-full"), 0, "nothing to do")
}
