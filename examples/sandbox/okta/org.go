// Package okta stands in for an Okta org: users, groups, one app, System Log, API token and OAuth service apps.
//
// It answers as the vendor documents, with paging, limits, error codes and eventual consistency, and is deliberately
// not forgiving. It reads nothing of the client under test. It is not a general Okta emulator: what the sync of people
// and groups needs is here, and nothing writes through its API but the company's own mutations.
package okta

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/internal/seeded"
)

// Options configures an Org.
type Options struct {
	Seed    uint64
	BaseURL string           // as clients see it, no slash at the end
	Now     func() time.Time // default time.Now
	Limits  string           // "open" (default) or one of the published columns: integrator, one-app, enterprise, workforce
	Lag     time.Duration    // search and filter show a change only after this time
}

// Org is the stand-in's state and its HTTP handler. It is safe for concurrent use.
type Org struct {
	base string
	now  func() time.Time
	mux  *http.ServeMux

	mu         sync.RWMutex
	ids        seeded.Source
	lag        time.Duration
	users      map[string]*user        // by id
	logins     map[string]*user        // by lower-case login
	order      []*user                 // by id; includes deleted ones that the index still shows
	listing    atomic.Pointer[[]found] // the default listing; nil when stale
	groups     map[string]*group
	groupOrder []*group
	everyone   *group
	apps       map[string]*app
	events     []event

	authMu   sync.Mutex
	tokens   seeded.Source // access tokens, nonces, error ids
	token    string        // SSWS
	role     Role          // of the administrator who made it
	services map[string]*ServiceApp
	access   map[string]*grant
	nonces   map[string]time.Time
	usedJTI  map[string]time.Time

	limiter limiter
}

// user is one person; cur is what the database holds, indexed what searches see until visibleAt.
type user struct {
	id        string
	cur       *record
	indexed   *record
	visibleAt time.Time
	groups    map[*group]bool
}

type group struct {
	id        string
	cur       *groupRecord
	indexed   *groupRecord
	visibleAt time.Time
	members   map[*user]bool
	sorted    atomic.Pointer[[]*user] // by id; nil when stale
}

type app struct {
	id, label string
	created   time.Time
	groups    []*group
	direct    map[*user]bool
}

// New builds the org from the company.
func New(c *company.Company, o Options) *Org {
	if o.Now == nil {
		o.Now = time.Now
	}
	ids := seeded.New(o.Seed, "okta")
	org := &Org{
		base: o.BaseURL, now: o.Now, ids: ids, lag: o.Lag,
		users: map[string]*user{}, logins: map[string]*user{}, groups: map[string]*group{}, apps: map[string]*app{},
		tokens: seeded.New(o.Seed, "okta-tokens"), token: ids.Text("00", 40), role: SuperAdmin,
		services: map[string]*ServiceApp{}, access: map[string]*grant{}, nonces: map[string]time.Time{}, usedJTI: map[string]time.Time{},
		limiter: limiter{now: o.Now, table: limitTable(o.Limits), windows: map[string]*window{}},
	}
	org.populate(c)
	org.mux = org.routes()
	return org
}

func (o *Org) populate(c *company.Company) {
	start := time.Date(2023, 3, 1, 8, 0, 0, 0, time.UTC)
	people := make([]*user, len(c.People))
	for i, p := range c.People {
		created := start.Add(time.Duration(o.ids.IntN(700*24*3600)) * time.Second)
		u := &user{id: o.ids.Text("00u", 17), groups: map[*group]bool{}}
		u.cur = newRecord(p, created, created.Add(time.Duration(o.ids.IntN(90*24*3600))*time.Second))
		people[i] = u
		o.users[u.id], o.logins[strings.ToLower(p.Login)] = u, u
		o.order = append(o.order, u)
	}
	slices.SortFunc(o.order, func(a, b *user) int { return cmp.Compare(a.id, b.id) })
	for _, g := range c.Groups {
		made := o.newGroup(g.Name, g.Description, g.Kind, start)
		for _, i := range g.Members {
			made.members[people[i]] = true
			people[i].groups[made] = true
		}
		if g.Kind == company.BuiltIn {
			o.everyone = made
		}
	}
	o.populateApp(start)
}

// populateApp assigns the app "Jira Cloud" to two groups and, directly, to a few people outside them.
func (o *Org) populateApp(created time.Time) {
	a := &app{id: o.ids.Text("0oa", 17), label: "Jira Cloud", created: created, direct: map[*user]bool{}}
	for _, name := range []string{"jira-users", "jira-administrators"} {
		if g := o.groupNamed(name); g != nil {
			a.groups = append(a.groups, g)
		}
	}
	slices.SortFunc(a.groups, func(x, y *group) int { return cmp.Compare(x.id, y.id) })
	for i, u := range o.order {
		if i%50 == 0 {
			a.direct[u] = true
		}
	}
	o.apps[a.id] = a
}

func (o *Org) newGroup(name, description string, kind company.GroupKind, at time.Time) *group {
	g := &group{id: o.ids.Text("00g", 17), members: map[*user]bool{}}
	g.cur = &groupRecord{name: name, description: description, kind: kind, created: at, updated: at, membership: at}
	o.groups[g.id] = g
	i, _ := slices.BinarySearchFunc(o.groupOrder, g.id, func(g *group, id string) int { return cmp.Compare(g.id, id) })
	o.groupOrder = slices.Insert(o.groupOrder, i, g)
	return g
}

func (o *Org) groupNamed(name string) *group {
	for _, g := range o.groupOrder {
		if g.cur != nil && g.cur.name == name {
			return g
		}
	}
	return nil
}

// sortedMembers needs at least the read lock: then nobody changes members while the cache is filled.
func (g *group) sortedMembers() []*user {
	if done := g.sorted.Load(); done != nil {
		return *done
	}
	sorted := make([]*user, 0, len(g.members))
	for u := range g.members {
		sorted = append(sorted, u)
	}
	slices.SortFunc(sorted, func(a, b *user) int { return cmp.Compare(a.id, b.id) })
	g.sorted.Store(&sorted)
	return sorted
}

// Token is the SSWS token of the org's administrator.
func (o *Org) Token() string { return o.token }

// AppID is the id of the app "Jira Cloud".
func (o *Org) AppID() string {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for id := range o.apps {
		return id
	}
	return ""
}

// SetLag changes how late searches see a change; changes made before keep their time.
func (o *Org) SetLag(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lag = d
}

// SetLimits chooses a column of the published rate limits, or "open".
func (o *Org) SetLimits(name string) { o.limiter.use(limitTable(name)) }
