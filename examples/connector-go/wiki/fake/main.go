// Command fake is a pretend wiki, to test the target against, as the conformance kit
// wants to see it filled.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"

	"syncgateway/sdk/conformance"
)

func main() {
	if err := conformance.ServeHarness(context.Background(), conformance.HarnessFunc(open)); err != nil {
		log.Fatal(err)
	}
}

// remote is one pretend wiki, as the kit knows it.
type remote struct {
	API
	server *http.Server
	url    string
}

func open(context.Context) (conformance.Remote, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &remote{url: "http://" + l.Addr().String()}
	r.server = &http.Server{Handler: r.Handler()}
	go func() { _ = r.server.Serve(l) }() // until Close
	return r, nil
}

// About says where the API is and how a connector is configured for it.
func (r *remote) About() conformance.About {
	config, _ := json.Marshal(map[string]string{"base_url": "${remote}", "token": token}) // of a map of strings
	return conformance.About{Remotes: map[string]string{"main": r.url}, Config: config, Page: 100,
		Paging: conformance.Paging{Items: "items", Next: "next"}}
}

// Seed fills the API, which gives ids of its own. The wiki has no account without a
// mail, no names of more than 80 characters, and no teams in teams.
func (r *remote) Seed(_ context.Context, c conformance.Company) (map[string]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accounts, r.teams = nil, nil
	ids := map[string]string{}
	for _, u := range c.Users {
		mail, name := u.Email, []rune(u.DisplayName)
		if mail == "" {
			mail = u.ID + "@nowhere.example"
		}
		ids[u.ID] = r.id("a")
		r.accounts = append(r.accounts, Account{ID: ids[u.ID], Mail: mail, Name: string(name[:min(len(name), 80)]), Disabled: !u.Active, Admin: u.Protected})
	}
	for _, g := range c.Groups {
		t := Team{ID: r.id("t"), Name: g.Name}
		ids[g.ID] = t.ID
		for _, u := range g.Users {
			t.Members = append(t.Members, ids[u])
		}
		r.teams = append(r.teams, t)
	}
	return ids, nil
}

// State is what the API holds.
func (r *remote) State(context.Context) (c conformance.Company, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.accounts {
		c.Users = append(c.Users, conformance.User{ID: a.ID, Email: a.Mail, DisplayName: a.Name, Active: !a.Disabled, Protected: a.Admin})
	}
	for _, t := range r.teams {
		c.Groups = append(c.Groups, conformance.Group{ID: t.ID, Name: t.Name, Users: t.Members})
	}
	return c, nil
}

// Dump is everything the API holds, so that the kit sees when more changed than it
// asked for.
func (r *remote) Dump(context.Context) (map[string]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]string{}
	for _, a := range r.accounts {
		out["account "+a.ID] = fmt.Sprintf("%+v", a)
	}
	for _, t := range r.teams {
		out["team "+t.ID] = fmt.Sprintf("%+v", t)
	}
	return out, nil
}

// Close ends the API.
func (r *remote) Close() error { return r.server.Close() }
