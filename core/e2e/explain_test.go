package e2e

import (
	"strings"
	"testing"
)

const explainable = `
  users {
    include = user.active && user.department != "legal"
    map {
      email        = lower(user.email)
      display_name = user.display_name
    }
  }
  groups { name = lower(group.name) }
  limits {
    min_population = 1
    max_shrink     = 100
    remove_member { count = 1000 }
    deactivate { count = 1000 }
  }
`

// nested puts "engineering" into "builders", and "platform" into "engineering".
func nested(f *file) {
	f.Groups = append(f.Groups, group{ID: "g3", Name: "Builders", Children: []string{"g2"}}, group{ID: "g4", Name: "platform"})
	f.Groups[1].Children = []string{"g4"}
	f.Users[20].Groups = []string{"g1", "g4"}
}

func TestExplainPaths(t *testing.T) {
	t.Parallel()
	g := synced(t, explainable, 30)
	g.edit("source.json", nested)
	g.edit("target.json", func(f *file) { f.Users = append(f.Users, user{ID: "x", Email: "stranger@example.org", Active: true}) })
	g.must(g.run("apply", "-full"), 0)
	g.inGroups(mail(20), "builders", "engineering", "everybody", "platform")
	for _, args := range [][]string{{"explain", mail(20)}, {"explain", "user", mail(20)}} {
		g.must(g.run(args...), 0, "builders: is in it, added by the gateway", "through platform in engineering in Builders", "through platform in engineering",
			"asked: add_member user=", "groups.name (gateway.hcl:")
	}
	// One of the target by hand, and one whom no rule wants there.
	g.edit("target.json", func(f *file) {
		f.account("stranger@example.org").Groups = []string{f.groupNamed("builders").ID}
	})
	g.edit("source.json", func(f *file) { f.Users[3].Groups = []string{"g1"} })
	g.must(g.run("plan", "-full"), 0)
	r := g.must(g.run("explain", "group", "BUILDERS"), 0, "In the target", "made by the gateway", `group "Builders" of source.jsonfile-source.hr, id g3: 0 direct members, 1 group in it`,
		"stranger@example.org: is in it, not added by the gateway; no rule wants it", mail(3)+": is in it, added by the gateway; no rule wants it",
		mail(20)+": is in it, added by the gateway, because in group \"Builders\"", "through platform in engineering in Builders",
		"remove from group "+mail(3)+" · builders", "create_group group=\"builders\"")
	if strings.Contains(r.out, mail(25)) {
		t.Errorf("somebody who has nothing to do with it: %s", r)
	}
	g.must(g.run("explain", "group", "-usage", "builders"), 0, "not looked at: the connector cannot tell")
	g.must(g.run("explain", "group", "nothing"), 1, "neither the target nor a source")
	g.must(g.run("explain", "team", "builders"), 2, "usage")
	g.must(g.run("explain", "-json", "group", "builders"), 0, `"path"`)
}

func TestExplainThePast(t *testing.T) {
	t.Parallel()
	g := synced(t, explainable, 30)
	g.edit("source.json", func(f *file) { f.Users[2].DisplayName = "Second Name"; f.Users[2].Groups = []string{"g1"} })
	run := g.lastRun(g.must(g.run("apply"), 0, "2 applied"))
	g.edit("source.json", func(f *file) { f.Users[2].DisplayName = "Third Name" })
	later := g.lastRun(g.must(g.run("apply"), 0, "1 applied"))
	g.edit("source.json", func(f *file) { f.Users[4].DisplayName = "Somebody Else" })
	other := g.lastRun(g.must(g.run("apply"), 0, "1 applied"))
	g.edit("source.json", func(f *file) { f.Users = append(f.Users[:2], f.Users[3:]...) })
	g.must(g.run("apply", "-full"), 0)
	r := g.must(g.run("explain", "-at", run, mail(2)), 0, "at run "+run, "Second Name", "groups: everybody\n", `display_name: "Person 2" → "Second Name"`, "remove_member user=", "users.map.display_name (gateway.hcl:")
	if strings.Contains(r.out, "Third Name") {
		t.Errorf("the present shows: %s", r)
	}
	g.must(g.run("explain", "-at", other, mail(2)), 0, "did nothing to them", "at run "+later, "Third Name")
	g.must(g.run("explain", "-at", "20200101-000000-000000", mail(2)), 1, "not found")
	g.must(g.run("explain", "-at", run, "-as", "{}", mail(2)), 2, "what was, was")
}

func TestExplainWhatIf(t *testing.T) {
	t.Parallel()
	g := synced(t, explainable, 30)
	before := g.read("target.json")
	g.must(g.run("explain", mail(1)), 0, "change nothing")
	g.must(g.run("explain", "-as", `{"attributes":{"department":"legal"}}`, mail(1)), 0, "This is what would be if their record had", "deactivate user", `users.include (gateway.hcl:`)
	g.must(g.run("explain", "-as", `{"active":false}`, mail(1)), 0, "deactivate user")
	g.must(g.run("explain", "-as", `{"groups":["everybody"]}`, mail(1)), 0, "remove from group "+mail(1)+" · engineering")
	g.must(g.run("explain", "-as", `{"display_name":"New Name","attributes":{"department":null}}`, mail(1)), 0, `users.include (gateway.hcl:`, "update user "+mail(1))
	g.must(g.run("explain", "-as", `{"email":"fresh@example.org","attributes":{"department":["it"]},"groups":["engineering"]}`, "fresh@example.org"), 0,
		"create user fresh@example.org", "add to group fresh@example.org · engineering")
	g.must(g.run("explain", "-as", `{"groups":["no such group"]}`, mail(1)), 2, "has no group")
	g.must(g.run("explain", "-as", `{"departement":"x"}`, mail(1)), 2, "cannot be supposed")
	g.must(g.run("explain", "-as", `{"source":"source.okta.corp"}`, mail(1)), 2, "there is no source")
	g.must(g.run("explain", "-as", `nonsense`, mail(1)), 2, "takes JSON")

	g.write("new.hcl", strings.Replace(g.read("gateway.hcl"), `"legal"`, `"d"`, 1))
	g.must(g.run("explain", "-with", "new.hcl", mail(1)), 0, "with the configuration", "deactivate user", "users.include (new.hcl:")
	g.write("bad.hcl", strings.Replace(g.read("gateway.hcl"), "lower(user.email)", "lowr(user.email)", 1))
	g.must(g.run("explain", "-with", "bad.hcl", mail(1)), 2, "lowr")
	g.write("new.hcl", strings.Replace(g.read("gateway.hcl"), "lower(group.name)", `"x-${group.name}"`, 1))
	g.must(g.run("explain", "-with", "new.hcl", "group", "x-engineering"), 0, "not there", mail(1)+": is not in it, because in group")
	if g.read("target.json") != before {
		t.Error("an explanation changed the target")
	}
	// Nothing of it was kept.
	g.must(g.run("apply", "-full"), 0, "nothing to do")
}
