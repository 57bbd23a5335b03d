// Package atlassian stands in for an Atlassian Cloud organisation with one Jira site: the Organizations API v2 and the
// user management API on one listener, the site's REST API v3 on another, over the same state.
//
// It refuses, pages and delays as the vendor documents, and is deliberately not forgiving. Where the vendor's answer is
// not documented it takes the stricter reading. It reads nothing of the client under test.
package atlassian

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/internal/seeded"
)

// Options configures an Org.
type Options struct {
	Seed     uint64
	APIURL   string           // stands for https://api.atlassian.com, no slash at the end
	SiteURL  string           // stands for https://harbour.atlassian.net
	Now      func() time.Time // default time.Now
	Limits   string           // "open" (default) or "vendor"
	Lag      time.Duration    // organisation searches show a change only after this time
	Seats    int              // of Jira Software; default half as many again as people, and 20
	Existing float64          // share of the company's people who have an account already; default 0.2, negative: the named ones only
}

// Credentials are what a client needs. They follow from the seed.
type Credentials struct {
	OrgID, DirectoryID, CloudID string
	OrgKey, ScopedOrgKey        string // Bearer
	Email, Token, ScopedToken   string // Basic
}

// SiteRole is what the owner of the site's API token may do.
type SiteRole string

// Site roles, from most to least.
const (
	SiteAdmin SiteRole = "site-admin" // everything
	JiraAdmin SiteRole = "admin"      // no group writes, no removal of users
	SiteUser  SiteRole = "user"       // browses users and groups
	Outsider  SiteRole = "none"       // not even that
)

// Org is the stand-in's state. It is safe for concurrent use.
type Org struct {
	Credentials
	apiURL, siteURL string
	now             func() time.Time
	api, site       *http.ServeMux
	limiter         limiter

	mu         sync.RWMutex
	ids        seeded.Source
	lag        time.Duration
	vague      bool // conflicts do not say which
	siteRole   SiteRole
	accounts   map[string]*account
	emails     map[string]*account // by lower-case address
	order      []*account          // by id
	groups     map[string]*group
	names      map[string]*group // by lower-case name
	groupOrder []*group          // by id; includes deleted ones that the index still shows
	products   []*product
	projects   []*project
	roles      []projectRole
	schemes    []*scheme
	claimed    []string // domains of which it manages the accounts
	synced     *account // an account of the identity provider's directory, for tests of refusals
}

// account is one Atlassian account as far as the organisation knows it.
type account struct {
	id           string
	kind         string // atlassian, app, customer
	managed      bool   // on a claimed domain
	scim         bool   // written by an identity provider's directory
	emailVisible bool   // the person shows the e-mail to anyone
	roles        []string
	live         person
	indexed      *person // what searches see until visibleAt; nil: not there
	visibleAt    time.Time
	properties   map[string][]byte
	deletion     bool // within the grace time of a deletion
	added        time.Time
}

// person is the changing part of an account.
type person struct {
	email, name, nickname  string
	jobTitle, department   string
	organization, location string
	locale, zone           string
	accountStatus          string // active, inactive, closed
	membership             string // active, suspended, no_membership
	groups                 map[*group]bool
}

// Values of accountStatus and membership.
const (
	statusActive   = "active"
	statusInactive = "inactive"
	statusClosed   = "closed"
	suspended      = "suspended"
	noMembership   = "no_membership"
)

type group struct {
	id                string
	name, description string
	externalSynced    bool
	managedBy         string // admins, external, team-members, open
	modifiable        bool
	deletable         bool
	members           map[*account]bool
	sorted            sortedCache
	grants            []grant
	created           time.Time
	createdVisible    time.Time // searches find the group from then on
	deleted           bool
	goneAt            time.Time // searches show a deleted group until then
}

// grant is a role on a product's resource.
type grant struct {
	product *product
	role    string
}

type product struct {
	key, name, ari string
	jira           bool // listed by the site's application roles
	seats          int  // 0 = unlimited
	defaultGroup   *group
	holders        map[*account]int // number of licence-granting groups
	used           int              // holders who are active
}

type project struct {
	id, key, name string
	lead          *account
	actors        map[int][]*group // by role
}

// New builds the organisation; some of the company's people have accounts already.
func New(c *company.Company, o Options) *Org {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Existing == 0 {
		o.Existing = 0.2
	}
	if o.Seats == 0 {
		o.Seats = len(c.People)*3/2 + 20
	}
	ids := seeded.New(o.Seed, "atlassian")
	org := &Org{
		Credentials: Credentials{
			OrgID: ids.UUID(), DirectoryID: ids.UUID(), CloudID: ids.UUID(),
			OrgKey: ids.Text("ATCTT3xFfG", 64), ScopedOrgKey: ids.Text("ATCTT3xFfN", 64),
			Email: botEmail, Token: ids.Text("ATATT3xFfG", 64), ScopedToken: ids.Text("ATATT3xFfS", 64),
		},
		apiURL: o.APIURL, siteURL: o.SiteURL, now: o.Now, ids: ids, siteRole: SiteAdmin,
		accounts: map[string]*account{}, emails: map[string]*account{},
		groups: map[string]*group{}, names: map[string]*group{},
		claimed: []string{company.Domain},
		limiter: limiter{now: o.Now, buckets: map[string]*bucket{}, limited: o.Limits == "vendor"},
	}
	org.populate(c, o)
	org.lag = o.Lag
	org.api, org.site = org.apiRoutes(), org.siteRoutes()
	return org
}

// addAccount makes an account that is in the directory and active.
func (o *Org) addAccount(id, email, name string, managed bool) *account {
	a := &account{
		id: id, kind: "atlassian", managed: managed, added: o.now(),
		live: person{
			email: email, name: name, nickname: nickname(name), accountStatus: statusActive, membership: statusActive,
			locale: "en-US", zone: "Europe/Stockholm", groups: map[*group]bool{},
		},
	}
	o.accounts[id] = a
	if email != "" {
		o.emails[strings.ToLower(email)] = a
	}
	i, _ := slices.BinarySearchFunc(o.order, id, func(a *account, id string) int { return cmp.Compare(a.id, id) })
	o.order = slices.Insert(o.order, i, a)
	return a
}

// nickname is the part before the first blank, at most 30 characters.
func nickname(name string) string {
	first, _, _ := strings.Cut(name, " ")
	if r := []rune(first); len(r) > 30 {
		return string(r[:30])
	}
	return first
}

func (o *Org) newAccountID() string { return "712020:" + o.ids.UUID() }

func (o *Org) addGroup(name, description string) *group {
	g := &group{
		id: o.ids.UUID(), name: name, description: description, managedBy: "admins", modifiable: true, deletable: true,
		members: map[*account]bool{}, created: o.now(),
	}
	o.groups[g.id], o.names[strings.ToLower(name)] = g, g
	i, _ := slices.BinarySearchFunc(o.groupOrder, g.id, func(g *group, id string) int { return cmp.Compare(g.id, id) })
	o.groupOrder = slices.Insert(o.groupOrder, i, g)
	return g
}

// SetLag changes how late searches see a change; changes made before keep their time.
func (o *Org) SetLag(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lag = d
}

// SetVagueConflicts makes a 409 for a present member and one for a full licence look the same.
func (o *Org) SetVagueConflicts(on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.vague = on
}

// SetSiteRole changes what the owner of the site's token may do.
func (o *Org) SetSiteRole(r SiteRole) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.siteRole = r
}

// SetLimits chooses "vendor" or "open" rate limits. withoutRetryAfter leaves that header out of 429 answers, so that
// only X-RateLimit-Reset, in whole minutes, tells when to come again.
func (o *Org) SetLimits(name string, withoutRetryAfter bool) {
	o.limiter.use(name == "vendor", withoutRetryAfter)
}
