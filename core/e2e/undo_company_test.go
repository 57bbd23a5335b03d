package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// picture is what Atlassian says of itself: accounts with status and groups, and groups.
func (w *world) picture() map[string]string {
	out := map[string]string{}
	for _, u := range w.Atlassian.Users {
		groups := slices.Sorted(slices.Values(u.Groups))
		out["user "+u.Email] = u.Status + " in " + strings.Join(groups, ", ")
	}
	for _, g := range w.Atlassian.Groups {
		out["group "+g.Name] = g.ManagedBy
	}
	return out
}

var planned = regexp.MustCompile(`(\d+) applied`)

// A run of more than a thousand operations of every kind: the company's groups are
// renamed by an edited rule, some people are no longer included, others are, some
// leave, some join, some return. Undone, Atlassian is as it was before, but for the
// accounts that the run had made: these are suspended, as an undo of a creation is
// declared to be lossy.
func TestUndoOfAThousand(t *testing.T) {
	t.Parallel()
	sb := startSandbox(t)
	g := onSandbox(t, sb)
	limits := strings.NewReplacer("max_shrink     = 50", "max_shrink     = 100\n    delete_group { count = 1000 }", "count = 1000", "count = 100000",
		"  limits {", "  limits {\n    floor = 100000")
	config := limits.Replace(companyConfig)
	g.config(strings.Replace(config, `contains(user.groups, "jira-users")`, `contains(user.groups, "jira-users") && !contains(user.groups, "support")`, 1))
	g.must(g.run("apply"), 0)
	for i, u := range active(sb.world())[:12] {
		if i < 6 {
			sb.mutate(mutation{Op: "set-status", Person: u, Value: "SUSPENDED"})
			continue
		}
		sb.mutate(mutation{Op: "member-remove", Person: u, Group: "engineering"})
	}
	g.must(g.run("apply"), 0)

	for i, u := range active(sb.world())[:20] {
		if i >= 10 {
			sb.mutate(mutation{Op: "set-status", Person: u, Value: "SUSPENDED"})
		}
	}
	for i := range 5 {
		mail := fmt.Sprintf("joiner%d@harbour.example", i)
		sb.mutate(mutation{Op: "create", Person: mail, Profile: map[string]any{"login": mail, "email": mail, "firstName": "Jo", "lastName": fmt.Sprint(i)}})
		sb.mutate(mutation{Op: "set-status", Person: mail, Value: "ACTIVE"})
		sb.mutate(mutation{Op: "member-add", Person: mail, Group: "jira-users"})
	}
	before, from := sb.world(), sb.last()
	config = strings.Replace(config, `replace(group.name, "jira-administrators", "jira-admins")`, `"new-${group.name}"`, 1)
	g.config(strings.Replace(config, `contains(user.groups, "jira-users")`, `contains(user.groups, "jira-users") && !contains(user.groups, "design")`, 1))
	r := g.must(g.run("apply"), 0, "create group:", "create user:", "add to group", "remove from group", "deactivate user:")
	run := g.lastRun(r)
	if n, err := strconv.Atoi(planned.FindStringSubmatch(r.out)[1]); err != nil || n < 1000 {
		t.Errorf("%d operations are not a thousand", n)
	}
	made := map[string]bool{}
	for _, e := range sb.log(from) {
		for _, x := range e.Effects {
			if x.Op == "user.invite" || x.Op == "user.create" {
				made[strings.ToLower(x.Email)] = true
			}
		}
	}
	changed := different(before.picture(), picture(sb))
	if len(changed) < 400 {
		t.Fatalf("the run changed only %d records", len(changed))
	}
	g.must(g.run("undo", "-apply", run), 0, "is paused")
	got := picture(sb)
	t.Logf("%s %d changed, %d made, %d differ", planned.FindString(r.out), len(changed), len(made), len(different(before.picture(), got)))
	for _, key := range different(before.picture(), got) {
		email := strings.ToLower(strings.TrimPrefix(key, "user "))
		if made[email] && strings.HasPrefix(got[key], "suspended") {
			continue
		}
		t.Errorf("%s: was %q, is %q", key, before.picture()[key], got[key])
	}
	g.must(g.run("audit", "verify"), 0)
}

func picture(sb *sandbox) map[string]string {
	w := sb.world()
	return w.picture()
}

func different(a, b map[string]string) []string {
	keys := map[string]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(keys)), func(k string) bool { return a[k] == b[k] })
}

// active are the logins of people who have an account for being in jira-users.
func active(w world) []string {
	var out []string
	wish := w.wish()
	for _, u := range w.Okta.Users {
		email := strings.ToLower(u.Profile.Email)
		if wish[email] != nil && !w.closed(email) && strings.HasSuffix(email, "@harbour.example") {
			out = append(out, u.Profile.Login)
		}
	}
	return out
}
