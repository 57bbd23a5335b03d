package atlassian

import "slices"

// User is an account as an oracle sees it.
type User struct {
	ID       string   `json:"id"`
	Email    string   `json:"email"`
	Name     string   `json:"name"`
	Nickname string   `json:"nickname,omitempty"`
	Kind     string   `json:"kind"`   // atlassian, app, customer
	Status   string   `json:"status"` // active, suspended, not_invited, deactivated, for_deletion
	Managed  bool     `json:"managed"`
	JobTitle string   `json:"job_title,omitempty"`
	Dept     string   `json:"department,omitempty"`
	Company  string   `json:"organization,omitempty"`
	Location string   `json:"location,omitempty"`
	Roles    []string `json:"roles,omitempty"`
	Groups   []string `json:"groups"` // names, sorted
}

// Group is a group as an oracle sees it.
type Group struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	ManagedBy   string   `json:"managed_by"`
	Synced      bool     `json:"synced,omitempty"`
	Members     []string `json:"members"` // e-mails in the account's own case, or ids without one; sorted
}

// Seats is a product's licence.
type Seats struct {
	Product string `json:"product"`
	Total   int    `json:"total"` // 0 = unlimited
	Used    int    `json:"used"`
}

// User finds an account by e-mail, whatever its case.
func (o *Org) User(email string) (User, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.emails[fold(email)]
	if a == nil {
		return User{}, false
	}
	return o.view(a), true
}

// Account finds an account by id.
func (o *Org) Account(id string) (User, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.accounts[id]
	if a == nil {
		return User{}, false
	}
	return o.view(a), true
}

func (o *Org) view(a *account) User {
	p := &a.live
	out := User{
		ID: a.id, Email: p.email, Name: p.name, Nickname: p.nickname, Kind: a.kind, Status: a.status(p), Managed: a.managed,
		JobTitle: p.jobTitle, Dept: p.department, Company: p.organization, Location: p.location, Roles: o.platformRoles(a, p), Groups: []string{},
	}
	for g := range p.groups {
		out.Groups = append(out.Groups, g.name)
	}
	slices.Sort(out.Groups)
	return out
}

// Users returns all accounts in order of id: apps, customers, closed and removed ones too.
func (o *Org) Users() []User {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := make([]User, 0, len(o.order))
	for _, a := range o.order {
		out = append(out, o.view(a))
	}
	return out
}

// Group finds a group by name, whatever its case.
func (o *Org) Group(name string) (Group, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	g := o.names[fold(name)]
	if g == nil {
		return Group{}, false
	}
	return g.view(), true
}

func (g *group) view() Group {
	out := Group{
		ID: g.id, Name: g.name, Description: g.description, ManagedBy: g.managedBy, Synced: g.externalSynced,
		Members: make([]string, 0, len(g.members)),
	}
	for a := range g.members {
		who := a.live.email
		if who == "" {
			who = a.id
		}
		out.Members = append(out.Members, who)
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
		if !g.deleted {
			out = append(out, g.view())
		}
	}
	return out
}

// Members returns the e-mails of a group's members, sorted; nil when there is no such group.
func (o *Org) Members(groupName string) []string {
	g, ok := o.Group(groupName)
	if !ok {
		return nil
	}
	return g.Members
}

// Licences returns the products' seats.
func (o *Org) Licences() []Seats {
	o.mu.RLock()
	defer o.mu.RUnlock()
	var out []Seats
	for _, p := range o.products {
		out = append(out, Seats{p.key, p.seats, p.used})
	}
	return out
}

// ProductARI gives the resource of a product on the site, "" for an unknown key.
func (o *Org) ProductARI(key string) string {
	if p := o.productByKey(key); p != nil {
		return p.ari
	}
	return ""
}

// Property returns an account's entity property as JSON.
func (o *Org) Property(email, key string) (string, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.emails[fold(email)]
	if a == nil {
		return "", false
	}
	v, ok := a.properties[key]
	return string(v), ok
}

// ProjectLead returns the e-mail of a project's lead.
func (o *Org) ProjectLead(key string) string {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, p := range o.projects {
		if p.key == key && p.lead != nil {
			return p.lead.live.email
		}
	}
	return ""
}
