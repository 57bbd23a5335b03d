// Command fake is a pretend Acme, to test the connector against. Started by the
// conformance kit it is filled with what the kit wants to see; with -listen it holds a
// few people and answers at that address, for trying things by hand.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"net"
	"net/http"

	"syncgateway/sdk/conformance"
)

func main() {
	listen := flag.String("listen", "", "serve a few people at this `address`")
	flag.Parse()
	if *listen != "" {
		api := &API{people: []Person{
			{ID: "1", Login: "ada", Mail: "ada@acme.example", Name: "Ada Byron", Status: "employed"},
			{ID: "2", Login: "grace", Mail: "grace@acme.example", Name: "Grace Murray", Status: "employed"},
			{ID: "3", Login: "emil", Mail: "emil@acme.example", Name: "Emil Berg", Status: "left"},
		}, teams: []Team{{ID: "t1", Name: "engines", People: []string{"1", "2"}}}}
		log.Fatal(http.ListenAndServe(*listen, api.Handler()))
	}
	if err := conformance.ServeHarness(context.Background(), conformance.HarnessFunc(open)); err != nil {
		log.Fatal(err)
	}
}

// remote is one pretend Acme, as the kit knows it.
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

// About says where the API is, how a connector is configured for it, and where in its
// listings records and cursors are.
func (r *remote) About() conformance.About {
	config, _ := json.Marshal(map[string]string{"base_url": "${remote}", "token": token}) // of a map of strings
	return conformance.About{Remotes: map[string]string{"main": r.url}, Config: config, Page: mostOnPage,
		Paging: conformance.Paging{Items: "people, teams", Next: "next"}}
}

// Seed fills the API. Ids are kept as they are, so none are returned.
func (r *remote) Seed(_ context.Context, c conformance.Company) (map[string]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.people, r.teams = nil, nil
	for _, u := range c.Users {
		p := Person{ID: u.ID, Login: u.Username, Mail: u.Email, Name: u.DisplayName, Status: "left"}
		if u.Active {
			p.Status = "employed"
		}
		r.people = append(r.people, p)
	}
	for _, g := range c.Groups {
		r.teams = append(r.teams, Team{ID: g.ID, Name: g.Name, People: g.Users, Within: g.Groups})
	}
	return nil, nil
}

// State is what the API holds.
func (r *remote) State(context.Context) (c conformance.Company, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.people {
		c.Users = append(c.Users, conformance.User{ID: p.ID, Username: p.Login, Email: p.Mail, DisplayName: p.Name, Active: p.Status == "employed"})
	}
	for _, t := range r.teams {
		c.Groups = append(c.Groups, conformance.Group{ID: t.ID, Name: t.Name, Users: t.People, Groups: t.Within})
	}
	return c, nil
}

// Close ends the API.
func (r *remote) Close() error { return r.server.Close() }
