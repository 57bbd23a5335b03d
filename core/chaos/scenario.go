package chaos

import (
	"math/rand/v2"
	"time"

	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
)

// theme is what a seed is mostly about. Each protection has a theme in which it is the
// only thing between a fault and a disaster; most seeds have none, and everything may
// happen in them.
type theme int

const (
	anything theme = iota
	hiddenMany
	hiddenFew
	lostScope
	slowBleed
	sameAgain
	oldPlan
	fewLeft
	strangers
	blindTarget
	deaths
	grace
	behindTimes
	abandoned
	themes
)

// scenario is what a seed makes: a company with its rules, and streams of chance for
// what happens to it, so that one does not depend on how often another was asked.
type scenario struct {
	theme   theme
	rules   company.Rules
	world   *remote.World
	days    int
	history *rand.Rand
	faults  *rand.Rand
	hands   *rand.Rand
	runs    *rand.Rand
}

func stream(seed, n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }

func newScenario(seed uint64) *scenario {
	rng := stream(seed, 1)
	s := &scenario{history: stream(seed, 2), faults: stream(seed, 3), hands: stream(seed, 4), runs: stream(seed, 5)}
	if s.theme = theme(rng.IntN(int(themes) * 2)); s.theme >= themes {
		s.theme = anything
	}
	size := company.Size{People: 5 + rng.IntN(20), Groups: 2 + rng.IntN(9), Annex: rng.IntN(3) == 0}
	if rng.IntN(10) == 0 {
		size.People, size.Groups = 30+rng.IntN(31), 5+rng.IntN(11)
	}
	switch s.theme {
	case abandoned:
		size.Groups = max(size.Groups, 6)
	case hiddenMany, hiddenFew, fewLeft, sameAgain:
		size.People = max(size.People, 24)
	}
	s.rules = invented(rng, s.theme)
	s.rules.Annex = size.Annex
	c := company.Invent(rng, size)
	s.world = remote.NewWorld(c, 3+rng.IntN(15), rng.IntN(2) == 0)
	s.days = 2 + rng.IntN(3)
	if s.theme == fewLeft {
		s.rules.MinPopulation = max(4, s.rules.Population(c)*2/3)
	}
	s.furnish(rng)
	return s
}

// wide limits bound nothing, so that nothing but what is tried stands in the way.
func wide(r *company.Rules) {
	r.Deactivate, r.Delete, r.RemoveMember, r.DeleteGroup = company.NoLimit, company.NoLimit, company.NoLimit, company.NoLimit
}

func count(n int) company.Limit { return company.Limit{Count: n, Percent: -1} }

// invented rules of a sync.
func invented(rng *rand.Rand, t theme) company.Rules {
	r := company.Rules{MaxShrink: 20, MinPopulation: 1, KeepExisting: rng.IntN(3) > 0, Flatten: rng.IntN(4) > 0, TeamsOnly: rng.IntN(3) == 0,
		DeleteGroups: rng.IntN(3) == 0, DeletePeople: rng.IntN(4) == 0, HoldAll: rng.IntN(2) == 0}
	r.Include = []string{company.IncludeAll, company.IncludeAll, company.IncludeStaff, company.IncludeInternal}[rng.IntN(4)]
	if rng.IntN(4) == 0 {
		r.Prefix = "okta-"
	}
	if t == grace || t == anything && rng.IntN(6) == 0 {
		r.Grace = 36 * time.Hour
	}
	switch rng.IntN(4) {
	case 0, 1:
		wide(&r)
	case 2:
		r.Deactivate, r.Delete, r.RemoveMember, r.DeleteGroup = count(2), count(1), count(4), count(1)
	case 3: // the defaults
		r.Deactivate, r.Delete = company.Limit{Count: 25, Percent: 5}, company.Limit{Count: 10, Percent: 2}
		r.RemoveMember, r.DeleteGroup = company.Limit{Count: -1, Percent: 20, PerGroup: true}, company.Limit{Count: 5, Percent: 10}
	}
	switch t {
	case hiddenMany, lostScope, strangers:
		wide(&r)
	case abandoned:
		wide(&r)
		r.DeleteGroups, r.KeepExisting = true, true
	case behindTimes:
		wide(&r)
		r.Include = []string{company.IncludeAll, company.IncludeInternal}[rng.IntN(2)]
	case fewLeft:
		wide(&r)
		r.MaxShrink = 100
	case hiddenFew, sameAgain:
		r.Deactivate, r.Delete, r.RemoveMember, r.DeleteGroup = count(2), count(2), company.NoLimit, company.NoLimit
	case slowBleed:
		week := company.Limit{Count: 3, Percent: -1, Per: 7 * 24 * time.Hour}
		r.Deactivate, r.Delete, r.RemoveMember, r.DeleteGroup = week, week, company.NoLimit, company.NoLimit
	}
	return r
}

// furnish gives the application what it had before the gateway came: accounts of people
// in the company, of strangers, two with one address, a protected one, a group that must
// not be written.
func (s *scenario) furnish(rng *rand.Rand) {
	app, c := s.world.App, s.world.Company
	everybody := c.Everybody()
	for _, p := range everybody {
		if rng.IntN(6) == 0 {
			app.AddAccount(remote.Account{Username: p.Username, Email: p.Email, Name: "By hand", Active: rng.IntN(4) > 0}, true)
		}
	}
	for range 1 + rng.IntN(2) {
		n := string(rune('a' + rng.IntN(26)))
		app.AddAccount(remote.Account{Username: "stranger-" + n, Email: "stranger-" + n + "@elsewhere.example", Name: "Stranger", Active: true}, true)
	}
	if s.theme == strangers || rng.IntN(5) == 0 {
		twice := everybody[rng.IntN(len(everybody))]
		for len(app.With(twice.Email)) < 2 {
			app.AddAccount(remote.Account{Username: "twin", Email: twice.Email, Name: "Twin", Active: true}, true)
		}
	}
	if s.theme == strangers || rng.IntN(4) == 0 {
		p := everybody[rng.IntN(len(everybody))]
		if found := app.With(p.Email); len(found) == 1 {
			app.Update(found[0], true, "protect", func(a *remote.Account) { a.Protected, a.Active = "an administrator", true })
		}
	}
	if s.theme == strangers || rng.IntN(4) == 0 {
		s.rules.Protect = []string{everybody[rng.IntN(len(everybody))].Email}
	}
	if gs := c.AllGroups(); rng.IntN(5) == 0 {
		if name := s.rules.Target(gs[rng.IntN(len(gs))]); name != "" && len(app.Called(name)) == 0 {
			app.AddGroup(name, "comes from elsewhere", true)
		}
	}
}

// foreign are the accounts that the gateway must never touch.
func (s *scenario) foreign() map[string]bool {
	out := map[string]bool{}
	for id, a := range s.world.App.Accounts {
		if s.world.Company.ByEmail(a.Email) == nil || len(s.world.App.With(a.Email)) > 1 {
			out[id] = true
		}
	}
	return out
}
