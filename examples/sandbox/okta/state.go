package okta

import (
	"slices"
	"strings"

	"syncgateway/examples/sandbox/company"
)

// User is a person as an oracle sees them.
type User struct {
	ID     string            `json:"id"`
	Person company.Person    `json:"profile"`
	Custom map[string]string `json:"custom,omitempty"`
	Groups []string          `json:"groups"` // names, sorted, without Everyone
}

// Group is a group as an oracle sees it. Members are logins, sorted.
type Group struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Kind    company.GroupKind `json:"type"`
	Members []string          `json:"members"`
}

// User finds a person by login.
func (o *Org) User(login string) (User, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	u := o.logins[strings.ToLower(login)]
	if u == nil {
		return User{}, false
	}
	return o.view(u), true
}

func (o *Org) view(u *user) User {
	out := User{ID: u.id, Person: u.cur.person, Custom: u.cur.custom, Groups: []string{}}
	for g := range u.groups {
		if g != o.everyone {
			out.Groups = append(out.Groups, g.cur.name)
		}
	}
	slices.Sort(out.Groups)
	return out
}

// Users returns all people, deprovisioned ones included, in order of id.
func (o *Org) Users() []User {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := make([]User, 0, len(o.users))
	for _, u := range o.order {
		if u.cur != nil {
			out = append(out, o.view(u))
		}
	}
	return out
}

// Group finds a group by name.
func (o *Org) Group(name string) (Group, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	g := o.groupNamed(name)
	if g == nil {
		return Group{}, false
	}
	return g.view(), true
}

func (g *group) view() Group {
	out := Group{ID: g.id, Name: g.cur.name, Kind: g.cur.kind, Members: make([]string, 0, len(g.members))}
	for u := range g.members {
		out.Members = append(out.Members, u.cur.person.Login)
	}
	slices.Sort(out.Members)
	return out
}

// Groups returns all groups in order of id.
func (o *Org) Groups() []Group {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := make([]Group, 0, len(o.groups))
	for _, g := range o.groupOrder {
		if g.cur != nil {
			out = append(out, g.view())
		}
	}
	return out
}
