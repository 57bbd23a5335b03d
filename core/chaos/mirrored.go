package chaos

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
)

// Who may sign in at Okta.
var signsIn = []string{"ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"}

// staffGroup is the group of the sandbox whose members are to have an account.
const staffGroup = "jira-users"

// employed makes the truth of what the sandbox's Okta has.
func employed(s *sides) *company.Company {
	c := company.New()
	c.Staff = [2]string{staffGroup, ""}
	groups := map[string]*company.Group{}
	for _, g := range s.Okta.Groups {
		if g.Name == staffGroup || strings.HasPrefix(g.Name, "team-") {
			groups[g.Name] = c.Found(0, g.Name)
		}
	}
	for i := range s.Okta.Users {
		u := &s.Okta.Users[i]
		if u.Profile.Email == "" {
			continue
		}
		p := c.Hire(0, "", u.Profile.Department)
		p.Username, p.Email, p.Name = u.Profile.Login, u.Profile.Email, u.Profile.DisplayName
		p.Active = slices.Contains(signsIn, u.Profile.Status)
		for _, name := range u.Groups {
			if g := groups[name]; g != nil {
				c.Member(g, p, true)
			}
		}
	}
	return c
}

// enact does to the sandbox's Okta what has happened to the company.
func enact(before, after *company.Company) (out []mutation) {
	for _, g := range after.AllGroups() {
		switch old := before.Groups[g.UID]; {
		case old == nil:
			out = append(out, mutation{Op: "group-create", Group: g.Name})
		case old.Name != g.Name:
			out = append(out, mutation{Op: "group-rename", Group: old.Name, Value: g.Name})
		}
	}
	for _, g := range before.AllGroups() {
		if after.Groups[g.UID] == nil {
			out = append(out, mutation{Op: "group-delete", Group: g.Name})
		}
	}
	for _, p := range after.Everybody() {
		out = append(out, changed(before.People[p.UID], p)...)
	}
	for _, g := range after.AllGroups() {
		was := map[int]bool{}
		if old := before.Groups[g.UID]; old != nil {
			was = old.Members
		}
		for _, n := range slices.Sorted(maps.Keys(g.Members)) {
			if p := after.People[n]; p != nil && !was[n] {
				out = append(out, mutation{Op: "member-add", Group: g.Name, Person: p.Username})
			}
		}
		for _, n := range slices.Sorted(maps.Keys(was)) {
			if p := after.People[n]; p != nil && !g.Members[n] {
				out = append(out, mutation{Op: "member-remove", Group: g.Name, Person: p.Username})
			}
		}
	}
	for _, p := range before.Everybody() {
		if after.People[p.UID] == nil {
			out = append(out, mutation{Op: "set-status", Person: p.Username, Value: "DEPROVISIONED"}, mutation{Op: "delete", Person: p.Username})
		}
	}
	return out
}

func changed(old, p *company.Person) (out []mutation) {
	status := "ACTIVE"
	if !p.Active {
		status = []string{"SUSPENDED", "DEPROVISIONED"}[p.UID%2]
	}
	if old == nil {
		out = append(out, mutation{Op: "create", Profile: &profile{Login: p.Username, Email: p.Email, FirstName: "Person", LastName: p.Name, DisplayName: p.Name}})
		return append(out, mutation{Op: "set-status", Person: p.Username, Value: status})
	}
	if old.Email != p.Email {
		out = append(out, mutation{Op: "set-profile", Person: p.Username, Field: "email", Value: p.Email})
	}
	if old.Name != p.Name {
		out = append(out, mutation{Op: "set-profile", Person: p.Username, Field: "displayName", Value: p.Name})
	}
	if old.Department != p.Department {
		out = append(out, mutation{Op: "set-profile", Person: p.Username, Field: "department", Value: p.Department})
	}
	if old.Active != p.Active {
		out = append(out, mutation{Op: "set-status", Person: p.Username, Value: status})
	}
	return out
}

// operations are the sandbox's names for what the oracle judges.
var operations = map[string]string{"user.invite": "create_user", "user.suspend": "deactivate_user", "user.disable": "deactivate_user",
	"user.remove": "delete_user", "user.delete": "delete_user", "user.restore": "activate_user", "user.enable": "activate_user",
	"group.create": "create_group", "group.delete": "delete_group", "member.add": "add_member", "member.remove": "remove_member",
	"user.profile": "update_user", "user.email": "update_user"}

// look brings what the oracle sees in line with what the sandbox says of itself: the
// state, and what changed it since the last look.
func look(ctx context.Context, sb *sandbox, app *remote.App, after int64) (int64, error) {
	s, err := sb.state(ctx)
	if err != nil {
		return after, err
	}
	requests, err := sb.log(ctx, after)
	if err != nil {
		return after, err
	}
	show(&s, app, sb.value("JIRA_EMAIL"))
	type numbered struct {
		n int64
		e remote.Effect
	}
	var effects []numbered
	for _, r := range requests {
		after = max(after, r.Seq)
		for _, x := range r.Effects {
			op := operations[x.Op]
			if op == "" {
				continue
			}
			e := remote.Effect{Run: app.Run, Op: op, Account: remote.Account{ID: x.User, Email: x.Email}, Group: remote.Group{ID: x.Group, Name: x.GroupName}}
			e.Before = e.Account
			if a := app.Accounts[x.User]; a != nil {
				e.Account = *a
				e.Before = *a
			}
			// The product puts whom it invites into its default group by itself.
			e.Hand = op == "add_member" && x.GroupName == s.defaultGroup()
			effects = append(effects, numbered{x.N, e})
		}
	}
	slices.SortFunc(effects, func(a, b numbered) int { return cmp.Compare(a.n, b.n) })
	for _, x := range effects {
		app.Log = append(app.Log, x.e)
	}
	return after, nil
}

func (s *sides) defaultGroup() string {
	for _, g := range s.Atlassian.Groups {
		if strings.HasPrefix(g.Name, "jira-users-") {
			return g.Name
		}
	}
	return ""
}

// show replaces the state the oracle sees.
func show(s *sides, app *remote.App, own string) {
	clear(app.Accounts)
	clear(app.Groups)
	clear(app.Members)
	ids := map[string]string{}
	for _, g := range s.Atlassian.Groups {
		app.Groups[g.ID], app.Members[g.ID] = &remote.Group{ID: g.ID, Name: g.Name}, map[string]bool{}
		ids[g.Name] = g.ID
	}
	for _, u := range s.Atlassian.Users {
		if u.Status == "for_deletion" {
			continue
		}
		a := &remote.Account{ID: u.ID, Email: u.Email, Name: u.Name, Active: u.Status == "active"}
		if strings.EqualFold(u.Email, own) || len(u.Roles) > 0 {
			a.Protected = fmt.Sprintf("roles %v", u.Roles)
		}
		app.Accounts[u.ID] = a
		for _, name := range u.Groups {
			if id := ids[name]; id != "" {
				app.Members[id][u.ID] = true
			}
		}
	}
}

// closed are accounts that no client can give back or nobody of ours has.
func closed(s *sides, c *company.Company) map[string]bool {
	out := map[string]bool{}
	for _, u := range s.Atlassian.Users {
		if u.Status == "deactivated" || u.Status == "for_deletion" || u.Kind != "atlassian" || c.ByEmail(u.Email) == nil {
			out[u.ID] = true
		}
	}
	return out
}
