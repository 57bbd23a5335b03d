package acme

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"

	"syncgateway/sdk/conformance"
)

// Harness makes systems for the kit.
var Harness = conformance.HarnessFunc(func(context.Context) (conformance.Remote, error) { return Start() })

// Remote is a system that listens on loopback.
type Remote struct {
	*System
	server *http.Server
	url    string
}

// Start starts one.
func Start() (*Remote, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Remote{System: New(), url: "http://" + l.Addr().String()}
	r.server = &http.Server{Handler: r.Handler()}
	go func() { _ = r.server.Serve(l) }()
	return r, nil
}

// Close ends it.
func (r *Remote) Close() error { return r.server.Close() }

// About says how a connector is configured for it.
func (r *Remote) About() conformance.About {
	return conformance.About{
		Remotes: map[string]string{"main": r.url}, Page: PageSize, Paging: conformance.Paging{Items: "items", Next: "next"},
		Config: json.RawMessage(`{"url":"${remote}","token":"` + Token + `"}`),
	}
}

// Seed makes it hold a company. Ids are taken over.
func (r *Remote) Seed(_ context.Context, c conformance.Company) (map[string]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clear()
	for _, u := range c.Users {
		p := person(u)
		r.people[p.ID] = &p
	}
	for _, g := range c.Groups {
		r.teams[g.ID], r.members[g.ID] = &Team{ID: g.ID, Name: g.Name}, map[Member]bool{}
		for _, id := range g.Users {
			r.members[g.ID][Member{id, OfPersons}] = true
		}
		for _, id := range g.Groups {
			r.members[g.ID][Member{id, OfTeams}] = true
		}
	}
	return nil, nil
}

func person(u conformance.User) Person {
	p := Person{ID: u.ID, Login: u.Username, Mail: u.Email, Name: u.DisplayName, Given: u.GivenName, Family: u.FamilyName, State: Left,
		More: u.Attributes, Admin: u.Protected}
	if u.Active {
		p.State = Employed
	}
	return p
}

// State is what it holds.
func (r *Remote) State(context.Context) (conformance.Company, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var c conformance.Company
	for _, id := range slices.Sorted(maps.Keys(r.people)) {
		p := r.people[id]
		c.Users = append(c.Users, conformance.User{ID: id, Username: p.Login, Email: p.Mail, DisplayName: p.Name, GivenName: p.Given, FamilyName: p.Family,
			Active: p.State == Employed, Attributes: maps.Clone(p.More), Protected: p.Admin})
	}
	for _, id := range slices.Sorted(maps.Keys(r.teams)) {
		g := conformance.Group{ID: id, Name: r.teams[id].Name}
		for _, m := range r.sorted(id) {
			if m.Kind == OfTeams {
				g.Groups = append(g.Groups, m.ID)
			} else {
				g.Users = append(g.Users, m.ID)
			}
		}
		c.Groups = append(c.Groups, g)
	}
	return c, nil
}

// Dump shows what no connector has any business with.
func (r *Remote) Dump(context.Context) (map[string]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return map[string]string{"motto": r.motto}, nil
}

// Expire forgets the log.
func (r *Remote) Expire(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(OfPersons, Root, false)
	r.oldest = r.log[len(r.log)-1].Seq
	return nil
}

// Change changes one thing.
func (r *Remote) Change(_ context.Context, c conformance.Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch c.Kind {
	case conformance.ChangeCreate, conformance.ChangeUpdate:
		p := person(c.User)
		r.people[p.ID] = &p
		r.note(OfPersons, p.ID, false)
	case conformance.ChangeDeactivate:
		r.people[c.User.ID].State = Left
		r.note(OfPersons, c.User.ID, false)
	case conformance.ChangeDelete:
		r.remove(c.User.ID)
	case conformance.ChangeAddMember, conformance.ChangeRemoveMember:
		if m := (Member{c.User.ID, OfPersons}); c.Kind == conformance.ChangeAddMember {
			r.members[c.Group.ID][m] = true
		} else {
			delete(r.members[c.Group.ID], m)
		}
		r.note(OfTeams, c.Group.ID, false)
	default:
		return fmt.Errorf("unknown change %q", c.Kind)
	}
	return nil
}
