package engine

import (
	"fmt"
	"slices"
	"time"

	"syncgateway/core/config"
	"syncgateway/core/correlate"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/mapping"
	"syncgateway/core/plan"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// evaluation turns the marked accounts of one sync into people, and people into the
// steps of a plan. It reads one snapshot; what it finds is written afterwards by keep.
type evaluation struct {
	sync      *config.Sync
	sid       store.SyncID
	sources   map[store.EndpointID]*sourceSide
	target    store.EndpointID
	userKind  *schema.Kind
	groupKind *schema.Kind
	now       time.Time
	newIDs    func(n int) store.ID
	removals  bool // every read was complete and believed: something may be taken away
	fresh     bool // the target was read whole in this run
	only      []store.ID
	whole     bool                   // only is everybody: the groups are looked at too
	trace     *Explanation           // set when one person is explained
	watch     func(*someone, []wish) // told what everybody wants, when a group is explained

	groupsVersion int64 // of the snapshot
	groupsMoved   bool  // a group changed since nothing was to do about those that came or went
	groupsOpen    bool  // something is

	view      store.Reader
	ahead     store.Reader // for reading ahead; nil: nothing is
	groups    *groupSide
	protected map[store.ID]string
	graces    map[store.ID]store.Grace
	pair      *pairing // nil where nothing that is pushed is compared

	looked []store.ID // marked accounts that were looked at
	newcomers
	results   *results
	claims    *correlate.Claims
	steps     plan.Steps
	warnings  map[string]int
	newGraces []store.Grace
	endGraces []store.ID
	leavers   []store.Leaver
	doubts    []doubt
	told      *teller
	doubted   map[store.ID]bool // people among doubts
	spared    map[string]bool   // join keys of people whom a second look saved
}

// sourceSide is one source of the sync.
type sourceSide struct {
	ref    string // "source.okta.corp"
	id     string // "okta.corp"
	order  int    // precedence
	pushed bool   // it is pushed to, in a sync that compares that with what it reads
}

// personResult is what a run makes of one person.
type personResult struct {
	person   store.Person
	accounts []store.ID // of the sources
	link     store.ID   // target account, 0 without
	open     bool       // something is wanted that the target does not allow now

	differences []store.Difference // between what was pushed and what was read of them
	missing     bool               // nothing was pushed
}

// peoplePerBatch bounds how many people are in memory with all their records.
const peoplePerBatch = 1000

// runAhead is run with a second reader of the same snapshot, by which people are read
// ahead.
func (ev *evaluation) runAhead(v, ahead store.Reader) error {
	ev.ahead = ahead
	defer func() { ev.ahead = nil }()
	return ev.run(v)
}

// run evaluates every marked account.
func (ev *evaluation) run(v store.Reader) error {
	ev.view = v
	if err := ev.prepare(); err != nil {
		return err
	}
	marked := ev.only
	if marked == nil {
		var err error
		if marked, err = v.Dirty(ev.sid); err != nil {
			return err
		}
	}
	ev.looked = marked
	var ps []store.ID
	for batch := range slices.Chunk(marked, peoplePerBatch) {
		found, err := ev.assign(batch)
		if err != nil {
			return err
		}
		ps = append(ps, found...)
	}
	ev.newcomers.settle()
	all, done := idset.Of(ps), 0
	err := ev.eachFetched(all, func(f *fetched) error {
		ev.told.say(Progress{Stage: StageEvaluate, Unit: "people", Done: done, Total: len(all)})
		done += len(f.ps)
		spare()
		return ev.batch(f)
	})
	if err != nil {
		return err
	}
	ev.newcomers.people = nil // nobody asks for them any more
	ev.dropDisputed()
	for _, endings := range []func() ([]plan.Step, error){ev.groups.deletions, ev.groups.retirements} {
		steps, err := endings()
		if err != nil {
			return err
		}
		ev.steps.AddAll(steps...)
	}
	return nil
}

func (ev *evaluation) prepare() error {
	ev.newcomers, ev.doubted = newcomers{byKey: map[string]store.ID{}}, map[store.ID]bool{}
	ev.results, ev.claims = newResults(ev.sid), correlate.NewClaims()
	ev.warnings, ev.protected, ev.graces = map[string]int{}, map[store.ID]string{}, map[store.ID]store.Grace{}
	ps, err := ev.view.Protected(ev.target)
	if err != nil {
		return err
	}
	for _, p := range ps {
		ev.protected[p.N] = p.Reason
	}
	gs, err := ev.view.Graces(ev.sid)
	if err != nil {
		return err
	}
	for _, g := range gs {
		ev.graces[g.P] = g
	}
	if ev.groupsVersion, err = ev.view.GroupsVersion(); err != nil {
		return err
	}
	settled, err := ev.view.GroupsSettled(ev.sid)
	if err != nil {
		return err
	}
	ev.groupsMoved = settled != ev.groupsVersion || ev.whole
	if ev.pair, err = ev.pairOf(); err != nil {
		return err
	}
	ev.groups = &groupSide{ev: ev, kind: ev.groupKind}
	return ev.groups.prepare()
}

// partial reports whether some people are looked at for their own sake, which tells
// nothing about groups as such.
func (ev *evaluation) partial() bool { return ev.only != nil && !ev.whole }

// assign finds, or makes, the people that the accounts belong to.
func (ev *evaluation) assign(ns []store.ID) ([]store.ID, error) {
	owners, err := ev.view.Owners(ev.sid, ns)
	if err != nil {
		return nil, err
	}
	ps := make([]store.ID, 0, len(owners))
	var ofTarget []store.ID
	fresh := owners[:0:0]
	for _, o := range owners {
		switch {
		case o.Endpoint == ev.target:
			ofTarget = append(ofTarget, o.N)
		case ev.sources[o.Endpoint] == nil:
		case o.P != 0:
			ps = append(ps, o.P)
		case !o.Flags.Has(store.Gone): // somebody who was never seen, only named as a member, is nobody yet
			fresh = append(fresh, o)
		}
	}
	links, err := ev.view.LinksTo(ofTarget)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		if l.Sync == ev.sid {
			ps = append(ps, l.P)
		}
	}
	joined, err := ev.join(fresh)
	return append(ps, joined...), err
}

// join gives source accounts that have none their person. An account stays with its
// person for good: a changed join key (an e-mail address after a marriage) renames the
// person, it does not make another.
func (ev *evaluation) join(fresh []store.Owner) ([]store.ID, error) {
	keys, err := ev.joinKeys(fresh)
	if err != nil {
		return nil, err
	}
	existing, err := ev.view.PeopleByKey(ev.sid, keys)
	if err != nil {
		return nil, err
	}
	ps := make([]store.ID, 0, len(fresh))
	for i, o := range fresh {
		p := existing[keys[i]]
		if p == 0 {
			p = ev.newcomers.person(keys[i], ev.newIDs)
		}
		ev.newcomers.accounts = append(ev.newcomers.accounts, store.PersonAccount{N: o.N, P: p})
		ps = append(ps, p)
	}
	return ps, nil
}

// joinKeys computes the join key of each account. One that has none, or whose rule
// fails, is a person by themselves.
func (ev *evaluation) joinKeys(fresh []store.Owner) ([]string, error) {
	keys := make([]string, len(fresh))
	for i := range fresh {
		keys[i] = ev.sources[fresh[i].Endpoint].id + "/" + fresh[i].Ext
	}
	if !ev.sync.Rules.Joins() || len(fresh) == 0 {
		return keys, nil
	}
	at := make(map[store.ID]int, len(fresh))
	ns := make([]store.ID, len(fresh))
	for i := range fresh {
		ns[i], at[fresh[i].N] = fresh[i].N, i
	}
	accounts, err := ev.view.Accounts(ns)
	if err != nil {
		return nil, err
	}
	var names map[store.ID][]string
	if ev.sync.Rules.ReadsGroups() {
		if names, err = ev.groups.namesOf(accounts); err != nil {
			return nil, err
		}
	}
	for i := range accounts {
		a := &accounts[i]
		side := ev.sources[a.Endpoint]
		u, err := identity.DecodeUser(a.Record)
		if err != nil {
			return nil, fmt.Errorf("account %d of %s: %w", a.N, side.ref, err)
		}
		key, err := ev.sync.Rules.JoinKey(&u, names[a.N], side.id)
		if key = identity.Fold(key); err == nil && key != "" {
			keys[at[a.N]] = key
		}
	}
	return keys, nil
}

// dropDisputed takes back the steps of people who turned out to want what somebody
// else wants, now that everybody has been looked at.
func (ev *evaluation) dropDisputed() {
	for p, reason := range ev.claims.All() {
		ev.results.set(p, Disputed, reason)
	}
	ev.steps = ev.steps.Where(func(s *plan.Head) bool { return s.P == 0 || ev.claims.Disputed(s.P) == "" })
	ev.claims = nil
	ev.steps.AddAll(ev.groups.creations(&ev.steps)...)
}

// keep writes what the evaluation found: people, timers, outcomes, and which accounts
// need no further look.
func (ev *evaluation) keep(tx store.Tx) error {
	unsettled, err := ev.keepPeople(tx)
	if err != nil {
		return err
	}
	done := idset.Of(slices.Clone(ev.looked)).Without(unsettled)
	for _, write := range []func() error{
		func() error { return tx.PutPersonAccounts(ev.sid, ev.newcomers.byAccount()) },
		func() error { return tx.PutGraces(ev.sid, ev.newGraces) },
		func() error { return tx.DeleteGraces(idset.Of(ev.endGraces)) },
		func() error { return tx.PutLeavers(ev.leavers) },
		func() error { return tx.ClearDirty(ev.sid, done) },
		func() error { return ev.keepDrift(tx) },
		func() error { return ev.settleGroups(tx) },
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// keepPeople writes the people, and returns the accounts of those who must be looked at
// again.
func (ev *evaluation) keepPeople(tx store.Tx) (idset.Set, error) {
	var unsettled []store.ID
	people := make([]store.Person, 0, min(ev.results.len(), peoplePerBatch))
	err := ev.results.each(func(r *personResult) error {
		if r.open || !settled(r.person.Outcome) {
			unsettled = append(unsettled, r.accounts...)
			if r.link != 0 {
				unsettled = append(unsettled, r.link)
			}
		}
		if people = append(people, r.person); len(people) < peoplePerBatch {
			return nil
		}
		err := tx.PutPeople(people)
		people = people[:0]
		return err
	})
	if err == nil {
		err = tx.PutPeople(people)
	}
	return idset.Of(unsettled), err
}

// settleGroups notes that no group waits to be retired or restored.
func (ev *evaluation) settleGroups(tx store.Tx) error {
	if ev.only != nil || ev.groupsOpen || !ev.groupsMoved || ev.groups == nil {
		return nil
	}
	return tx.PutGroupsSettled(ev.sid, ev.groupsVersion)
}

func (ev *evaluation) warn(format string, args ...any) { ev.warnings[fmt.Sprintf(format, args...)]++ }

// plan is what was found, in order.
func (ev *evaluation) plan(h plan.Header) *plan.Plan {
	p := &plan.Plan{Header: h, Steps: ev.steps}
	reversals := map[plan.Class]plan.Reversal{}
	for _, c := range plan.Classes() {
		reversals[c] = ev.reversal(c)
	}
	p.Steps.SetUndo(func(c plan.Class) plan.Reversal { return reversals[c] })
	for w, n := range ev.warnings {
		if n > 1 {
			w = fmt.Sprintf("%s (%d times)", w, n)
		}
		p.Warnings = append(p.Warnings, w)
	}
	p.Sort()
	return p
}

// rule is how a rule is named in a step.
func rule(r mapping.Rule) string {
	if r.Name == "" {
		return ""
	}
	return r.String()
}
