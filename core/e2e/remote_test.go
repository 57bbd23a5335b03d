package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// remote is a company that was synced once, with limits that would let every removal
// pass, and whose remote systems then misbehave.
type remote struct {
	*sandbox
	g     *gateway
	n     int             // changes made so far
	left  []string        // who was made to leave
	spent map[string]bool // people who have had a part
}

// syncedCompany has enough people and small enough pages for listings to have a middle.
func syncedCompany(t *testing.T) *remote {
	t.Helper()
	sb := startSandbox(t, "-people", "250", "-groups", "20")
	r := &remote{sandbox: sb, g: onSandbox(t, sb), spent: map[string]bool{}}
	r.g.config(strings.NewReplacer("rate_share = 1", "rate_share  = 1\n  member_page = 20", "max_shrink     = 50", "max_shrink     = 47").Replace(companyConfig))
	r.g.must(r.g.run("apply"), 0)
	return r
}

// change makes somebody join and somebody leave, so that there is something to lose.
func (r *remote) change() {
	r.n++
	mail := fmt.Sprintf("joiner%d@harbour.example", r.n)
	r.mutate(mutation{Op: "create", Person: mail, Profile: map[string]any{"login": mail, "email": mail, "firstName": "Jo", "lastName": fmt.Sprint(r.n)}})
	r.mutate(mutation{Op: "set-status", Person: mail, Value: "ACTIVE"})
	for _, g := range []string{"jira-users", "engineering"} {
		r.mutate(mutation{Op: "member-add", Person: mail, Group: g})
	}
	w := r.world()
	wish := w.wish()
	for _, u := range w.Okta.Users {
		login := u.Profile.Login
		if _, wanted := wish[strings.ToLower(u.Profile.Email)]; wanted && !r.spent[login] && !w.closed(u.Profile.Email) && login != mail {
			r.spent[login] = true
			r.left = append(r.left, strings.ToLower(u.Profile.Email))
			r.mutate(mutation{Op: "set-status", Person: login, Value: "SUSPENDED"})
			return
		}
	}
	r.Fatal("nobody is left to leave")
}

var removing = []string{"user.suspend", "user.remove", "user.disable", "user.delete", "member.remove", "group.delete"}

// removed fails the test for every removing effect since from that has no cause; with
// none, for every one.
func (r *remote) removed(from int, none bool) {
	r.Helper()
	w := r.world()
	wish := w.wish()
	for _, e := range r.log(from) {
		for _, x := range e.Effects {
			if !slices.Contains(removing, x.Op) {
				continue
			}
			groups, wanted := wish[strings.ToLower(x.Email)]
			cause := strings.HasPrefix(x.Op, "user.") && !wanted || x.Op == "member.remove" && wanted && !groups[strings.ToLower(x.GroupName)]
			if none || !cause {
				r.Errorf("removed without cause: %s", x)
			}
		}
	}
}

// settle syncs without faults and fails the test unless everything is as Okta wants it.
func (r *remote) settle() {
	r.Helper()
	from := r.last()
	r.g.must(r.g.run("apply", "-full", "-everyone"), 0)
	r.removed(from, false)
	w := r.world()
	for _, d := range w.differences() {
		r.Errorf("lost: %s", d)
	}
	for _, u := range w.Atlassian.Users {
		if u.Status == "active" && slices.Contains(r.left, strings.ToLower(u.Email)) {
			r.Errorf("not ended: %s is still active", u.Email)
		}
	}
	quiet := r.last()
	r.g.must(r.g.run("apply", "-full", "-everyone"), 0, "nothing to do")
	for _, e := range r.log(quiet) {
		r.Errorf("a run without changes wrote: %s %s %v", e.Method, e.Path, e.Effects)
	}
}

// misfortune is a fault and what a user is to see of it.
type misfortune struct {
	name  string
	fault map[string]any
	code  int
	texts []string
}

func at(server, method, path string, fault map[string]any) map[string]any {
	fault["server"], fault["method"], fault["path"] = server, method, path
	return fault
}

func kind(name string) map[string]any { return map[string]any{"kind": name} }

func status(code, count int) map[string]any {
	return map[string]any{"kind": "status", "status": code, "count": count}
}

// suffer lets every misfortune happen to a company, one after the other.
func (r *remote) suffer(ms []misfortune) {
	for _, m := range ms {
		r.change()
		r.sandbox.fault(m.fault)
		from := r.last()
		got := r.g.run("apply", "-full", "-everyone")
		if got.code != m.code {
			r.Errorf("%s: want exit %d, got %s", m.name, m.code, got)
		}
		for _, text := range m.texts {
			if !strings.Contains(got.out+got.err, text) {
				r.Errorf("%s: %q is missing in: %s", m.name, text, got)
			}
		}
		if n := strings.Count(got.out, "Nobody is removed") + strings.Count(got.err, "Error:"); m.code != 0 && n != 1 {
			r.Errorf("%s: %d messages instead of one: %s", m.name, n, got)
		}
		r.removed(from, m.code != 0)
		r.fired()
		if r.settle(); r.Failed() {
			r.Fatalf("after %s", m.name)
		}
	}
}

func TestOktaMisbehaves(t *testing.T) {
	t.Parallel()
	r := syncedCompany(t)
	users := func(f map[string]any) map[string]any { return at("okta", "GET", "/api/v1/users", f) }
	groups := func(f map[string]any) map[string]any { return at("okta", "GET", "/api/v1/groups", f) }
	members := func(f map[string]any) map[string]any { return at("okta", "GET", "/api/v1/groups/*/users", f) }
	safe := "Nobody is removed on the word of this read: source.okta.corp"
	r.suffer([]misfortune{
		{"a web page", users(kind("html")), 1, []string{safe, "a web page instead of JSON", "gateway check"}},
		{"half the JSON", users(kind("truncated_json")), 1, []string{safe, "the JSON of the answer broke off"}},
		{"half the body", members(kind("cut_body")), 1, []string{safe, "the answer broke off"}},
		{"a page of 40 MiB", groups(kind("huge_page")), 1, []string{safe, "larger than 32 MiB"}},
		{"a cursor again, of users", users(kind("repeat_cursor")), 1, []string{safe, "repeated a page cursor"}},
		{"a cursor again, of members", members(kind("repeat_cursor")), 1, []string{safe, "repeated a page cursor"}},
		{"a page twice", users(map[string]any{"kind": "duplicate_page", "count": 1}), 0, nil},
		{"an empty page", users(map[string]any{"kind": "empty_page", "skip": 1, "count": 1}), 0, []string{"still has them"}},
		{"a page left out", users(map[string]any{"kind": "drop_page", "count": 1}), 1, []string{safe, "-believe source.okta.corp"}},
		{"half the users", users(kind("half")), 1, []string{safe, "-believe source.okta.corp"}},
		{"half the groups", groups(kind("half")), 1, []string{safe, "its listing left out the group", "which is there when it is asked for"}},
		{"half the members", members(kind("half")), 1, []string{safe}},
		{"half the members of two groups", members(map[string]any{"kind": "half", "skip": 4, "count": 2}), 0, nil},
		{"no users", users(kind("empty_list")), 1, []string{safe, "Read-only Administrator"}},
		{"no groups", groups(kind("empty_list")), 1, []string{safe, "Read-only Administrator"}},
		{"no members", members(kind("empty_list")), 1, []string{safe, "-believe source.okta.corp"}},
		{"a lost role", at("okta", "GET", "/api/**", kind("lost_role")), 1, []string{safe, "Read-only Administrator"}},
		{"a revoked scope", at("okta", "GET", "/api/**", kind("lost_scope")), 1, []string{safe, "403", "Read-only Administrator"}},
		{"a storm of 429", users(status(429, 3)), 0, []string{"waiting"}},
		{"500, then better", groups(status(500, 3)), 0, nil},
		{"503 and no end", members(status(503, 0)), 1, []string{safe, "503"}},
		{"a clock that is two hours ahead", at("okta", "GET", "/api/**", map[string]any{"kind": "clock_skew", "skew_seconds": 7200}), 0, nil},
		{"a clock that is two hours behind", at("okta", "GET", "/api/**", map[string]any{"kind": "clock_skew", "skew_seconds": -7200}), 0, nil},
		{"slow answers", at("okta", "GET", "/api/**", map[string]any{"kind": "slow", "delay_ms": 50}), 0, nil},
	})
}

func TestAtlassianMisbehaves(t *testing.T) {
	t.Parallel()
	r := syncedCompany(t)
	users := func(f map[string]any) map[string]any { return at("api", "POST", "/admin/v2/**/users/search", f) }
	groups := func(f map[string]any) map[string]any { return at("api", "POST", "/admin/v2/**/groups/search", f) }
	nothing := "could not be read completely, so nothing was planned"
	check := "gateway check target.jira-cloud.acme"
	r.suffer([]misfortune{
		{"a web page", users(kind("html")), 1, []string{nothing, "a web page instead of JSON", check}},
		{"half the JSON", groups(kind("truncated_json")), 1, []string{nothing, "the JSON of the answer broke off", check}},
		{"half the body", users(kind("cut_body")), 1, []string{nothing, "the answer broke off", check}},
		{"a page of 40 MiB", users(kind("huge_page")), 1, []string{nothing, "larger than 32 MiB"}},
		{"a cursor again", users(kind("repeat_cursor")), 1, []string{nothing, "repeated a page cursor"}},
		{"a page twice", users(map[string]any{"kind": "duplicate_page", "count": 1}), 0, nil},
		{"an empty page", users(map[string]any{"kind": "empty_page", "count": 1}), 1, []string{nothing, "the organisation counts"}},
		{"a page left out", users(map[string]any{"kind": "drop_page", "count": 1}), 1, []string{nothing, "the organisation counts"}},
		{"half the users", users(kind("half")), 1, []string{nothing, "the organisation counts"}},
		{"half the groups", groups(kind("half")), 1, []string{nothing, "the organisation counts"}},
		{"no users", users(kind("empty_list")), 1, []string{nothing, "without a single account"}},
		{"no groups", groups(kind("empty_list")), 1, []string{nothing, "the organisation counts"}},
		{"a lost role", at("api", "", "/admin/**", kind("lost_role")), 1, []string{nothing, check}},
		{"a revoked scope", at("api", "", "/admin/**", kind("lost_scope")), 1, []string{nothing, "403", check}},
		{"a storm of 429", users(status(429, 2)), 0, []string{"waiting"}},
		{"500, then better", groups(status(500, 3)), 0, nil},
		{"503 and no end", users(status(503, 0)), 1, []string{nothing, "503", check}},
		{"the site sends a web page", at("site", "GET", "/rest/**", kind("html")), 1, []string{nothing, "a web page instead of JSON"}},
		{"a clock that is two hours ahead", at("api", "", "/**", map[string]any{"kind": "clock_skew", "skew_seconds": 7200}), 0, nil},
		{"slow answers", at("api", "", "/**", map[string]any{"kind": "slow", "delay_ms": 50}), 0, nil},
	})
}
