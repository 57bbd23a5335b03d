package e2e

import (
	"slices"
	"strings"
	"testing"
)

// The answer to a write is lost after the write: whatever happens next, it is done once.
func TestLostAnswersAreNotDoubled(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t, "-people", "60", "-groups", "12")
	g := onSandbox(t, sb)
	r := &remote{sandbox: sb, g: g, spent: map[string]bool{}}
	lost := func(path string, skip, count int) {
		sb.fault(at("api", "POST", path, map[string]any{"kind": "lost_response", "skip": skip, "count": count}))
	}
	from := sb.last()
	// The first sync makes groups, invites, adds members and restores.
	lost("/admin/**/groups", 0, 2)
	lost("/admin/**/users/invite", 0, 1)
	lost("/admin/**/memberships", 3, 2)
	lost("/admin/**/restore", 0, 1)
	for range 4 {
		if g.run("apply").code == 0 {
			break
		}
	}
	sb.fired()
	r.settle()
	r.change()
	lost("/admin/**/suspend", 0, 1)
	sb.fault(at("api", "DELETE", "/admin/**/memberships/*", map[string]any{"kind": "lost_response", "count": 1}))
	sb.mutate(mutation{Op: "member-remove", Person: "ada.byron@harbour.example", Group: "jira-administrators"})
	g.run("apply")
	sb.fired()
	r.settle()
	seen := map[string]int{}
	for _, e := range sb.log(from) {
		for _, x := range e.Effects {
			if seen[x.String()]++; seen[x.String()] == 2 {
				t.Errorf("done twice: %s", x)
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d effects were judged", len(seen))
	}
}

func TestCredentialsThatDoNotWork(t *testing.T) {
	t.Parallel()
	r := syncedCompany(t)
	for name, c := range map[string]struct {
		env   string
		texts []string
	}{
		"Okta":         {"OKTA_API_TOKEN=00wrong", []string{"Nobody is removed", "401", "token"}},
		"organisation": {"ATLASSIAN_ORG_KEY=wrong", []string{"nothing was planned", "401", "gateway check target.jira-cloud.acme"}},
		"site":         {"JIRA_API_TOKEN=wrong", []string{"nothing was planned", "401", "gateway check target.jira-cloud.acme"}},
		"read only":    {"ATLASSIAN_ORG_KEY=" + r.value("ATLASSIAN_SCOPED_ORG_KEY"), []string{"403"}},
	} {
		r.change()
		from := r.last()
		wrong := *r.g
		wrong.env = append(slices.Clone(r.g.env), c.env)
		got := wrong.run("apply", "-full", "-everyone")
		wrong.must(got, 1, c.texts...)
		if secret := c.env[strings.Index(c.env, "=")+1:]; len(secret) > 10 && strings.Contains(got.out+got.err, secret) {
			t.Errorf("%s: the credential is shown", name)
		}
		r.removed(from, true)
		wrong.must(wrong.run("check"), 1)
		r.settle()
	}
}

// Seats run out in the middle: the plan says so, those who fit get theirs, the others
// fail with a reason, and get theirs once there are seats.
func TestSeatsRunOut(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t, "-people", "60", "-groups", "12", "-seats", "45")
	g := onSandbox(t, sb)
	g.must(g.run("plan"), 0, "has 45 seats", "the last ones will be refused")
	got := g.must(g.run("apply"), 1, "not done:")
	if !strings.Contains(strings.ToLower(got.out), "seat") && !strings.Contains(strings.ToLower(got.out), "licen") {
		t.Errorf("the failure does not speak of licences: %s", got)
	}
	w := sb.world()
	lacking := len(w.differences())
	if lacking == 0 || lacking > 200 {
		t.Errorf("%d things are missing with 45 seats", lacking)
	}
	sb.ask("POST", "atlassian", map[string]any{"op": "seats", "product": "jira-software", "value": "200"}, nil)
	(&remote{sandbox: sb, g: g}).settle()
}

// Groups that another directory keeps are left alone, and the plan says so; a default
// group is no trouble.
func TestGroupsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t, "-people", "60", "-groups", "12")
	g := onSandbox(t, sb)
	g.must(g.run("apply"), 0)
	from := sb.last()
	sb.ask("POST", "atlassian", map[string]any{"op": "group-sync", "group": "engineering", "value": "true"}, nil)
	sb.mutate(mutation{Op: "member-add", Person: "ada.byron@harbour.example", Group: "engineering"})
	sb.mutate(mutation{Op: "member-remove", Person: "katherine.coleman@harbour.example", Group: "engineering"})
	g.must(g.run("apply", "-full"), 0, `memberships of group "engineering" are left alone: synced from another directory`)
	for _, e := range sb.log(from) {
		for _, x := range e.Effects {
			if strings.EqualFold(x.GroupName, "engineering") {
				t.Errorf("a synced group was written: %s", x)
			}
		}
	}
	w := sb.world()
	for _, u := range w.Atlassian.Users {
		if u.Status == "active" && u.Kind == "managed" && slices.Contains(u.Groups, "jira-users") && !slices.Contains(u.Groups, "jira-users-harbour") {
			t.Errorf("%s lost the default group", u.Email)
		}
	}
}

func TestWhyIsAdaInJiraAdmins(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t, "-people", "60", "-groups", "12")
	g := onSandbox(t, sb)
	g.must(g.run("plan"), 0)
	g.must(g.run("explain", "ada.byron@harbour.example"), 0, "jira-admins", `"jira-administrators"`, "gateway.hcl:")
	g.must(g.run("apply"), 0)
	g.must(g.run("explain", "Ada.Byron@Harbour.Example"), 0, "jira-admins", `"jira-administrators"`, "gateway.hcl:", "applied")
	g.must(g.run("explain", "nobody@harbour.example"), 1)
}
