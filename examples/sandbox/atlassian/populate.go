package atlassian

import (
	"slices"
	"strconv"
	"strings"

	"syncgateway/examples/sandbox/company"
)

const (
	botEmail  = "gateway-bot@" + company.Domain
	rootEmail = "olga.admin@" + company.Domain
	siteName  = "harbour"

	roleUser      = "atlassian/user"
	roleAdmin     = "atlassian/admin"
	roleSiteAdmin = "atlassian/site-admin"
	roleOrgAdmin  = "atlassian/org-admin"
)

func (o *Org) populate(c *company.Company, opts Options) {
	jira := o.populateProducts(opts.Seats)
	o.populateAdmins(jira)
	o.populatePeople(c, opts.Existing)
	o.populateGroups(jira)
	o.populateStrangers()
	o.populateProjects()
}

// populateProducts makes the site's products, and returns Jira.
func (o *Org) populateProducts(seats int) *product {
	for _, p := range []product{
		{key: "jira-software", name: "Jira", jira: true, seats: seats},
		{key: "jira-servicedesk", name: "Jira Service Management", jira: true, seats: 10},
		{key: "confluence", name: "Confluence", seats: 0},
	} {
		p.ari = "ari:cloud:" + p.key + "::site/" + o.CloudID
		p.holders = map[*account]int{}
		o.products = append(o.products, &p)
	}
	jira, desk, wiki := o.products[0], o.products[1], o.products[2]
	for _, d := range []struct {
		p    *product
		name string
	}{{jira, "jira-users-" + siteName}, {desk, "jira-servicedesk-users-" + siteName}, {wiki, "confluence-users-" + siteName}} {
		d.p.defaultGroup = o.addGroup(d.name, "Grants access to "+d.p.name+" on "+siteName)
		o.grant(d.p.defaultGroup, d.p, roleUser)
	}
	return jira
}

func (o *Org) populateAdmins(jira *product) {
	sites, orgs := o.addGroup("site-admins", "Administer the site"), o.addGroup("org-admins", "Administer the organisation")
	o.grant(sites, jira, roleSiteAdmin)
	o.grant(orgs, jira, roleOrgAdmin)
	bot := o.addAccount(o.newAccountID(), botEmail, "Sync Gateway", true)
	bot.roles = []string{roleSiteAdmin}
	root := o.addAccount(o.newAccountID(), rootEmail, "Olga Administratorova", true)
	root.roles = []string{roleOrgAdmin}
	for _, a := range []*account{bot, root} {
		o.join(jira.defaultGroup, a)
		o.join(sites, a)
	}
	o.join(orgs, root)
}

// populatePeople gives some of the company's people an account, not always with the e-mail's case of Okta.
func (o *Org) populatePeople(c *company.Company, share float64) {
	named := map[string]string{ // login -> e-mail in Atlassian
		company.Ada: company.Ada, company.Grace: company.Grace, company.Emil: "Emil.Berg@" + company.Domain,
		company.Bao: "BAO.NGUYEN@harbour.example", company.Tove: company.Tove, company.Ines: company.Ines,
	}
	without := []string{company.Katherine, company.Mary, company.Hedy, company.Otto, company.Noor}
	jira := o.products[0]
	for _, p := range c.People {
		chance := o.ids.Float64()
		email, known := named[p.Login]
		if !known && (chance >= share || slices.Contains(without, p.Login)) {
			continue
		}
		if !known {
			email = o.variant(p.Email)
		}
		id := o.ids.Hex(24) // accounts of old have short ids
		if o.ids.IntN(2) == 0 {
			id = o.newAccountID()
		}
		a := o.addAccount(id, email, p.DisplayName, true)
		a.live.jobTitle, a.live.department = p.Title, p.Department
		o.join(jira.defaultGroup, a)
		switch {
		case p.Login == company.Tove, p.Login == company.Ines:
			o.change(a, func(l *person) { l.membership = suspended })
		case p.Status == company.Deprovisioned:
			o.change(a, func(l *person) { l.accountStatus = statusInactive })
		}
	}
}

func (o *Org) variant(email string) string {
	switch o.ids.IntN(8) {
	case 0:
		return strings.ToUpper(email[:1]) + email[1:]
	case 1:
		return email
	}
	return strings.ToLower(email)
}

// populateGroups makes the groups that were there before any sync.
func (o *Org) populateGroups(jira *product) {
	byHand := func(name, description string, emails ...string) *group {
		g := o.addGroup(name, description)
		for _, e := range emails {
			if a := o.emails[strings.ToLower(e)]; a != nil {
				o.join(g, a)
			}
		}
		return g
	}
	lena := o.addAccount(o.newAccountID(), "lena@freelance.example", "Lena Contractor", false)
	marc := o.addAccount(o.newAccountID(), "Marc.Dupont@freelance.example", "Marc Dupont", false)
	marc.emailVisible = true
	o.join(jira.defaultGroup, lena)
	o.grant(byHand("jira-admins", "Made by hand", company.Grace, lena.live.email), jira, roleAdmin)
	byHand("release-crew", "Made by hand", company.Ada, lena.live.email)
	byHand("contractors", "Not employed here", lena.live.email, marc.live.email)
	byHand("Engineering", "Made by hand, and not spelt as in the identity provider", company.Ada, company.Emil, lena.live.email)

	synced := byHand("scim-finance", "Synced from an identity provider", company.Grace)
	synced.externalSynced, synced.managedBy, synced.modifiable, synced.deletable = true, "external", false, false
	o.synced = o.addAccount(o.newAccountID(), "fay.synced@"+company.Domain, "Fay Synced", true)
	o.synced.scim = true
	o.join(synced, o.synced)
	team := byHand("Team Albatross", "A team", company.Ada)
	team.managedBy, team.modifiable, team.deletable = "team-members", false, false
}

// populateStrangers adds what a site lists beside people: apps, customers, accounts that were closed.
func (o *Org) populateStrangers() {
	app := o.addAccount("557058:"+o.ids.UUID(), "", "Automation for Jira", false)
	app.kind = "app"
	for i := range 2 {
		n := strconv.Itoa(i + 1)
		c := o.addAccount("qm:"+o.ids.UUID()+":"+o.ids.UUID(), "customer"+n+"@client.example", "Customer "+n, false)
		c.kind = "customer"
	}
	gone := o.addAccount(o.ids.Hex(24), "", "Former user", false)
	gone.live.accountStatus, gone.live.membership = statusClosed, noMembership
	left := o.addAccount(o.newAccountID(), "pat.gone@"+company.Domain, "Pat Gone", true)
	left.live.membership = noMembership
}

func (o *Org) populateProjects() {
	for i, p := range []struct{ key, name, lead string }{
		{"CORE", "Core", company.Ada}, {"DATA", "Data", company.Bao}, {"HER", "Heron", company.Emil},
		{"OPS", "Operations", company.Grace}, {"REL", "Release", "lena@freelance.example"}, {"RSCH", "Research", company.Ines},
	} {
		o.projects = append(o.projects, &project{
			id: strconv.Itoa(10000 + i), key: p.key, name: p.name, lead: o.emails[strings.ToLower(p.lead)], actors: map[int][]*group{},
		})
	}
	o.populatePermissions()
}
