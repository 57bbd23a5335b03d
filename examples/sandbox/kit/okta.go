package kit

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/sdk/conformance"
)

// Okta is a harness for sources that read an Okta org.
func Okta() conformance.Harness {
	return conformance.HarnessFunc(func(context.Context) (conformance.Remote, error) {
		r := &oktaRemote{}
		sb, err := small(sandbox.Options{Now: r.now})
		if err != nil {
			return nil, err
		}
		r.Sandbox = sb
		_, err = r.Seed(context.Background(), conformance.Company{})
		return r, err
	})
}

// oktaRemote is an org whose clock is late, so that it can catch up: cursors are then
// as old as that.
type oktaRemote struct {
	*sandbox.Sandbox
	caughtUp atomic.Bool
}

// late is how far the org's clock is behind.
const late = 10 * 24 * time.Hour

func (r *oktaRemote) now() time.Time {
	if r.caughtUp.Load() {
		return time.Now()
	}
	return time.Now().Add(-late)
}

// About says how a connector is configured for the org.
func (r *oktaRemote) About() conformance.About {
	return conformance.About{
		Remotes: map[string]string{"main": r.OktaURL}, TLS: true, Page: 200,
		Config: settings(map[string]any{"org_url": "${remote}", "api_token": r.Okta.Token()}),
		Skip: map[string]string{
			"source.no-email":      "everyone in Okta has an e-mail address",
			"source.nested-groups": "groups in Okta hold no groups",
		},
	}
}

// root is the administrator who made the token.
var root = company.Person{Login: "root@harbour.example", Email: "root@harbour.example", FirstName: "Root", LastName: "Admin", Status: company.Active}

// Seed makes the org hold a company, beside the administrator and the group of
// everyone.
func (r *oktaRemote) Seed(_ context.Context, c conformance.Company) (map[string]string, error) {
	r.caughtUp.Store(false)
	org := &company.Company{People: []company.Person{root}}
	at := map[string]int{}
	for i, u := range c.Users {
		at[u.ID] = i + 1
		org.People = append(org.People, person(u))
	}
	everyone := company.Group{Name: "Everyone", Kind: company.BuiltIn}
	for i := range org.People {
		everyone.Members = append(everyone.Members, i)
	}
	org.Groups = []company.Group{everyone}
	for _, g := range c.Groups {
		if len(g.Groups) > 0 {
			return nil, conformance.Skip("groups in Okta hold no groups")
		}
		made := company.Group{Name: g.Name, Description: g.Description, Kind: company.OktaGroup}
		for _, id := range g.Users {
			made.Members = append(made.Members, at[id])
		}
		org.Groups = append(org.Groups, made)
	}
	r.Okta.Reset(org)
	return r.ids(c), nil
}

// ids are the org's, by those of the seed.
func (r *oktaRemote) ids(c conformance.Company) map[string]string {
	users, groups := map[string]string{}, map[string]string{}
	for _, u := range r.Okta.Users() {
		users[u.Person.Login] = u.ID
	}
	for _, g := range r.Okta.Groups() {
		groups[g.Name] = g.ID
	}
	ids := map[string]string{}
	for _, u := range c.Users {
		ids[u.ID] = users[u.Username]
	}
	for _, g := range c.Groups {
		ids[g.ID] = groups[g.Name]
	}
	return ids
}

func person(u conformance.User) company.Person {
	p := company.Person{Login: u.Username, Email: u.Email, FirstName: u.GivenName, LastName: u.FamilyName, DisplayName: u.DisplayName, Status: company.Active}
	if p.Email == "" {
		p.Email = p.Login
	}
	if !u.Active {
		p.Status = company.Deprovisioned
	}
	return p
}

// State is everyone and every group but the built-in one.
func (r *oktaRemote) State(context.Context) (conformance.Company, error) {
	var c conformance.Company
	ids := map[string]string{}
	for _, u := range r.Okta.Users() {
		ids[u.Person.Login] = u.ID
		p := u.Person
		c.Users = append(c.Users, conformance.User{ID: u.ID, Username: p.Login, Email: p.Email, DisplayName: p.DisplayName, GivenName: p.FirstName,
			FamilyName: p.LastName, Active: p.Status == company.Active})
	}
	for _, g := range r.Okta.Groups() {
		if g.Kind == company.BuiltIn {
			continue
		}
		out := conformance.Group{ID: g.ID, Name: g.Name}
		for _, login := range g.Members {
			out.Users = append(out.Users, ids[login])
		}
		c.Groups = append(c.Groups, out)
	}
	return c, nil
}

// Change makes one change, as an administrator would.
func (r *oktaRemote) Change(_ context.Context, c conformance.Change) error {
	var login, group string
	for _, u := range r.Okta.Users() {
		if u.ID == c.User.ID {
			login = u.Person.Login
		}
	}
	for _, g := range r.Okta.Groups() {
		if g.ID == c.Group.ID {
			group = g.Name
		}
	}
	deactivate := company.Mutation{Op: company.SetStatus, Person: login, Value: string(company.Deprovisioned)}
	switch c.Kind {
	case conformance.ChangeCreate:
		p := person(c.User)
		return r.Okta.Apply(company.Mutation{Op: company.Create, Profile: &p})
	case conformance.ChangeUpdate:
		return r.Okta.Apply(company.Mutation{Op: company.SetProfile, Person: login, Field: "lastName", Value: c.User.FamilyName})
	case conformance.ChangeDeactivate:
		return r.Okta.Apply(deactivate)
	case conformance.ChangeDelete:
		if err := r.Okta.Apply(deactivate); err != nil {
			return err
		}
		return r.Okta.Apply(company.Mutation{Op: company.Delete, Person: login})
	case conformance.ChangeAddMember:
		return r.Okta.Apply(company.Mutation{Op: company.MemberAdd, Person: login, Group: group})
	case conformance.ChangeRemoveMember:
		return r.Okta.Apply(company.Mutation{Op: company.MemberRemove, Person: login, Group: group})
	}
	return fmt.Errorf("unknown change %q", c.Kind)
}

// Expire lets the org's clock catch up.
func (r *oktaRemote) Expire(context.Context) error {
	r.caughtUp.Store(true)
	return nil
}
