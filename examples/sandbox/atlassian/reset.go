package atlassian

import "strings"

// Seed is what an organisation is to hold beside its administrators and the groups of
// its products.
type Seed struct {
	People []SeedPerson
	Groups []SeedGroup
}

// SeedPerson is an account in the directory, of the claimed domains.
type SeedPerson struct {
	Email, Name string
	Suspended   bool
}

// SeedGroup is a group that an administrator made. Members are e-mails.
type SeedGroup struct {
	Name    string
	Members []string
}

// Reset makes the organisation hold the seed and nothing else. Credentials and rate
// limits go on.
func (o *Org) Reset(s Seed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	seats := o.products[0].seats
	o.accounts, o.emails, o.order = map[string]*account{}, map[string]*account{}, nil
	o.groups, o.names, o.groupOrder = map[string]*group{}, map[string]*group{}, nil
	o.products, o.projects, o.synced = nil, nil, nil
	o.populateAdmins(o.populateProducts(seats))
	for _, p := range s.People {
		a := o.addAccount(o.newAccountID(), p.Email, p.Name, o.claims(p.Email))
		if p.Suspended {
			o.change(a, func(l *person) { l.membership = suspended })
		}
	}
	for _, x := range s.Groups {
		g := o.addGroup(x.Name, "")
		for _, email := range x.Members {
			if a := o.emails[strings.ToLower(email)]; a != nil {
				o.join(g, a)
			}
		}
	}
}

// Claim makes the organisation manage the accounts of one more domain, and of those
// below it.
func (o *Org) Claim(domain string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.claimed = append(o.claimed, domain)
}

func (o *Org) claims(email string) bool {
	_, host, _ := strings.Cut(fold(email), "@")
	for _, d := range o.claimed {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}
