package engine

import (
	"cmp"
	"fmt"
	"slices"

	"syncgateway/core/correlate"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/mapping"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// someone is one person with everything a decision needs.
type someone struct {
	*personResult
	records []sourceRecord // present in a source, in order of precedence
	absent  []store.Account
	groups  idset.Set // source groups of the active records
	isNew   bool      // nobody met them before

	ended     string      // how one side of a pair says that they left
	overruled *sourceSide // the other side, whose record then counts as inactive
	state     state
	why       string // of the state
	rule      string
	desired   mapping.Account
	matches   []correlate.Match

	account *targetAccount // linked or adopted
}

type sourceRecord struct {
	account store.Account
	side    *sourceSide
	user    identity.User
	groups  idset.Set // nested ones included
}

type targetAccount struct {
	n     store.ID
	flags store.Flags
	user  identity.User
	sets  store.AccountSet
	owner store.ID
}

func (a *targetAccount) label() string {
	for _, s := range []string{a.user.Email, a.user.Username, a.user.DisplayName} {
		if s != "" {
			return identity.Visible(s, 120)
		}
	}
	return a.user.ID
}

func (a *targetAccount) ref() *plan.Ref { return &plan.Ref{ID: a.user.ID, Name: a.label()} }

// state is what the sources and the rules say of a person, whatever the target has.
type state uint8

const (
	wanted     state = iota + 1 // active and in scope
	inactive                    // every source that has them says inactive
	gone                        // no source has them any more
	outOfScope                  // users.include does not hold
	broken                      // a rule failed
)

// batch decides about a number of people.
func (ev *evaluation) batch(f *fetched) error {
	people, err := ev.load(f)
	if err != nil {
		return err
	}
	for _, s := range people {
		if err := ev.desire(s); err != nil {
			return err
		}
	}
	if ev.pair != nil {
		if err := ev.drift(people); err != nil {
			return err
		}
	}
	if err := ev.loadLinks(people); err != nil {
		return err
	}
	if err := ev.loadMatches(people); err != nil {
		return err
	}
	if err := ev.departures(people); err != nil {
		return err
	}
	for _, s := range people {
		if err := ev.decide(s); err != nil {
			return err
		}
		ev.results.add(s.personResult)
	}
	return nil
}

// load puts together what the store has of the people.
func (ev *evaluation) load(f *fetched) ([]*someone, error) {
	byP := make(map[store.ID]*someone, len(f.ps))
	for _, p := range f.people {
		byP[p.P] = &someone{personResult: &personResult{person: p}}
	}
	out := make([]*someone, 0, len(f.ps))
	for _, p := range f.ps {
		if byP[p] == nil {
			key, isNew := ev.newcomers.key(p)
			byP[p] = &someone{personResult: &personResult{person: store.Person{P: p, Sync: ev.sid, Key: key}}, isNew: isNew}
		}
		out = append(out, byP[p])
	}
	belongs := make(map[store.ID]*someone, len(f.members))
	for _, pa := range f.members {
		if s := byP[pa.P]; s != nil && belongs[pa.N] == nil {
			belongs[pa.N] = s
			s.accounts = append(s.accounts, pa.N)
		}
	}
	if err := ev.loadAccounts(f, belongs); err != nil {
		return nil, err
	}
	for _, s := range out {
		if ev.pair != nil {
			if err := ev.weigh(s); err != nil {
				return nil, err
			}
		}
		s.joinGroups()
	}
	return out, nil
}

// joinGroups are the groups of all active records.
func (s *someone) joinGroups() {
	for i := range s.records {
		switch r := &s.records[i]; {
		case !r.user.Active:
		case s.groups == nil:
			s.groups = r.groups
		default:
			s.groups = s.groups.With(r.groups)
		}
	}
}

func (ev *evaluation) loadAccounts(f *fetched, of map[store.ID]*someone) error {
	effective, err := ev.groups.effectiveOf(f.sets)
	if err != nil {
		return err
	}
	for i := range f.accounts {
		a := &f.accounts[i]
		s, side := of[a.N], ev.sources[a.Endpoint]
		if side == nil || a.Flags.Has(store.Gone) {
			s.absent = append(s.absent, *a)
			continue
		}
		s.records = append(s.records, sourceRecord{*a, side, f.users[i], effective[a.N]})
	}
	return nil
}

// desire says what the sources and the rules want of the person.
func (ev *evaluation) desire(s *someone) error {
	s.person.Label = s.label()
	slices.SortStableFunc(s.records, func(a, b sourceRecord) int { return a.side.order - b.side.order })
	slices.Sort(s.accounts)
	if len(s.records) == 0 {
		s.state, s.why = gone, "no source has them any more"
		if len(s.absent) > 0 {
			if side := ev.sources[s.absent[0].Endpoint]; side != nil {
				s.why = "no longer in " + side.ref
			} else {
				s.why = "their source is no longer part of the sync"
			}
		}
		return nil
	}
	if twin := ev.twin(s); twin != "" {
		s.state, s.why = broken, twin
		return nil
	}
	records := make([]mapping.Record, len(s.records))
	var names []string
	if ev.sync.Rules.ReadsGroups() || ev.trace != nil {
		names = ev.groups.names(s.groups)
	}
	for i := range s.records {
		records[i] = mapping.Record{Source: s.records[i].side.id, User: &s.records[i].user, Groups: names}
	}
	person := mapping.Merge(records, ev.trace != nil)
	var trace *mapping.Trace
	if ev.trace != nil {
		ev.trace.Origin = person.Origin
		trace = &ev.trace.rules
	}
	desired, err := ev.sync.Rules.MapUser(person.User, person.Groups, person.Source, trace)
	s.desired = desired
	switch {
	case !person.User.Active: // whatever a rule says of their record
		s.state, s.why = inactive, cmp.Or(s.ended, "inactive in "+s.records[0].side.ref)
	case err != nil:
		s.state, s.why = broken, err.Error()
	case !desired.In:
		s.state, s.why = outOfScope, "users.include does not hold for them"
		s.rule = ev.where("users.include")
	default:
		s.state = wanted
	}
	return nil
}

// label is what people recognise somebody by; of one who is gone, what it was.
func (s *someone) label() string {
	for i := range s.records {
		u := &s.records[i].user
		if name := cmp.Or(u.Email, u.Username, u.DisplayName); name != "" {
			return identity.Visible(name, 120)
		}
	}
	return cmp.Or(s.person.Label, s.person.Key)
}

func (ev *evaluation) where(setting string) string {
	r := mapping.Rule{Name: setting, Range: ev.sync.RangeOf(setting)}
	return rule(r)
}

// twin finds two active accounts of one source in a person: two people with one join
// key, not one person twice.
func (ev *evaluation) twin(s *someone) string {
	if len(s.records) < 2 {
		return ""
	}
	active := map[store.EndpointID]string{}
	for i := range s.records {
		r := &s.records[i]
		if !r.user.Active {
			continue
		}
		if other, ok := active[r.account.Endpoint]; ok {
			return fmt.Sprintf("two active accounts of %s, %s and %s, have the join key %q", r.side.ref, other, r.account.Ext, s.person.Key)
		}
		active[r.account.Endpoint] = r.account.Ext
	}
	return ""
}

// loadLinks reads the accounts the people are linked to.
func (ev *evaluation) loadLinks(people []*someone) error {
	ps := make([]store.ID, 0, len(people))
	for _, s := range people {
		if !s.isNew {
			ps = append(ps, s.person.P)
		}
	}
	links, err := ev.view.LinksOf(ps)
	if err != nil {
		return err
	}
	ns := make([]store.ID, len(links))
	for i, l := range links {
		ns[i] = l.N
	}
	accounts, err := ev.targetAccounts(ns)
	if err != nil {
		return err
	}
	byP := map[store.ID]store.ID{}
	for _, l := range links {
		byP[l.P] = l.N
	}
	for _, s := range people {
		if n := byP[s.person.P]; n != 0 {
			s.link, s.account = n, accounts[n]
		}
	}
	return nil
}

func (ev *evaluation) targetAccounts(ns []store.ID) (map[store.ID]*targetAccount, error) {
	ns = idset.Of(slices.Clone(ns))
	rows, err := ev.view.Accounts(ns)
	if err != nil {
		return nil, err
	}
	out := map[store.ID]*targetAccount{}
	for _, a := range rows {
		u, err := identity.DecodeUser(a.Record)
		if err != nil {
			return nil, fmt.Errorf("account %q of the target: %w", a.Ext, err)
		}
		out[a.N] = &targetAccount{n: a.N, flags: a.Flags, user: u, sets: store.AccountSet{N: a.N}}
	}
	sets, err := ev.view.AccountSets(ns)
	if err != nil {
		return nil, err
	}
	for _, s := range sets {
		if a := out[s.N]; a != nil {
			a.sets = s
		}
	}
	return out, nil
}
