package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncgateway/core/config"
	"syncgateway/core/correlate"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/mapping"
	"syncgateway/core/plan"
	"syncgateway/core/schema"
	"syncgateway/core/store"
)

// Explanation says, for one person, what the sources show, which rule did what, which
// account is theirs and why, what each group comes from, and what was done.
type Explanation struct {
	Sync    string `json:"sync"`
	Person  string `json:"person"` // join key
	Outcome string `json:"outcome"`
	Detail  string `json:"detail,omitempty"`
	// Drift is in what the record that was pushed differs from the one that was read.
	Drift   []store.Difference `json:"drift,omitempty"`
	Sources []SourceView       `json:"sources"`
	Origin  map[string]string  `json:"origin,omitempty"` // which source each value came from
	Rules   []RuleView         `json:"rules"`
	Account *AccountView       `json:"account,omitempty"`
	Match   *MatchView         `json:"match,omitempty"` // how the account was found
	Groups  []GroupView        `json:"groups"`
	Steps   []plan.Step        `json:"steps"`          // what a run would do now
	History []OperationView    `json:"history"`        // newest first
	If      string             `json:"if,omitempty"`   // what is supposed, in a sentence
	Past    *PastView          `json:"past,omitempty"` // an earlier run instead of now: the rest but Sync and Person is empty

	match   correlate.Result
	matches []correlate.Match
	rules   mapping.Trace
	wishes  []wish
	within  idset.Set // the source groups that count for them
}

// MatchView is how a person's account was looked for.
type MatchView struct {
	Result     string          `json:"result"` // "linked", "adopt", "none", "disputed"
	Key        string          `json:"key,omitempty"`
	Reason     string          `json:"reason,omitempty"`
	Candidates []CandidateView `json:"candidates,omitempty"`
}

// CandidateView is an account that a match key found.
type CandidateView struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Account string `json:"account"`
	Gone    bool   `json:"gone,omitempty"`
	Owner   string `json:"owner,omitempty"` // whose it is
}

// SourceView is one source's record of the person.
type SourceView struct {
	Source string        `json:"source"`
	User   identity.User `json:"user"`
	Gone   bool          `json:"gone,omitempty"`
	Groups []string      `json:"groups"`
}

// RuleView is one rule's result.
type RuleView struct {
	Rule  string `json:"rule"`
	Value string `json:"value"`
	Err   string `json:"error,omitempty"`
}

// AccountView is the person's account in the target.
type AccountView struct {
	User   identity.User `json:"user"`
	Gone   bool          `json:"gone,omitempty"`
	Origin string        `json:"origin"` // "created", "adopted", or how it would be matched
	Run    string        `json:"run,omitempty"`
}

// GroupView is one membership: wanted, there, or both.
type GroupView struct {
	Group   string `json:"group"`
	Because string `json:"because,omitempty"` // empty: no rule wants it
	Rule    string `json:"rule,omitempty"`
	// Path are the source groups from the one the person is in to the one that makes
	// this group: more than one where groups are nested.
	Path    []string `json:"path,omitempty"`
	There   bool     `json:"there"`
	Ours    bool     `json:"ours"` // the gateway made the membership
	Refused string   `json:"refused,omitempty"`
}

// OperationView is one operation on the person's account.
type OperationView struct {
	Run    string `json:"run"`
	ID     string `json:"id"`
	Step   string `json:"step"`
	Reason string `json:"reason"`
	Rule   string `json:"rule,omitempty"`
	// Request is what the target was asked, with its own ids: "remove_member user=…".
	Request string `json:"request"`
	State   string `json:"state"`
	Answer  string `json:"answer,omitempty"`
	At      string `json:"at"`
}

// Question asks about one person, found by e-mail, username or id in any source or in
// the target, or about one group.
type Question struct {
	Sync  string
	User  string
	Group string
	// At is an earlier run: what it did to them, and what their sources showed then.
	At string
	// Config is another configuration to suppose; nil is the one that is running.
	Config *config.Config
	// As is what to suppose of the person's record; nil supposes nothing.
	As *Supposition
	// Usage asks the target where the group is used.
	Usage bool
}

// Explain explains one person from what was last read. It changes nothing.
func (e *Engine) Explain(ctx context.Context, q Question) (*Explanation, error) {
	s, conn, err := e.asked(ctx, q)
	if err != nil {
		return nil, err
	}
	x := &Explanation{Sync: q.Sync, Sources: []SourceView{}, Rules: []RuleView{}, Groups: []GroupView{}, Steps: []plan.Step{}, History: []OperationView{}}
	err = e.Store.View(ctx, func(v store.Reader) error {
		ev, err := e.readOnly(v, s, conn.Description())
		if err != nil {
			return err
		}
		ns, err := e.accountsOf(v, s, ev.sid, q.User)
		if q.At != "" && err == nil {
			return x.fillPast(ev, v, ns, q.At)
		}
		if q.As != nil && (err == nil || errors.Is(err, ErrUnknownUser)) {
			v, ns, err = ev.suppose(v, ns, q.As, e.Store.NewIDs)
		}
		if err != nil {
			return err
		}
		ev.only, ev.trace = ns, x
		if err := ev.run(v); err != nil {
			return err
		}
		return x.fill(ev, v)
	})
	x.If = q.supposed()
	return x, err
}

// asked is the sync that a question is about, in the configuration to suppose.
func (e *Engine) asked(ctx context.Context, q Question) (*config.Sync, Connector, error) {
	cfg := e.Config
	if q.Config != nil {
		cfg = q.Config
	}
	s := cfg.Sync(q.Sync)
	if s == nil {
		return nil, nil, fmt.Errorf("there is no sync %q", q.Sync)
	}
	conn, err := e.Connectors.Get(ctx, s.To.Ref())
	return s, conn, err
}

func (q *Question) supposed() string {
	var parts []string
	if q.Config != nil {
		parts = append(parts, "with the configuration "+q.Config.Filename)
	}
	if q.As != nil {
		parts = append(parts, "if their record had "+q.As.String())
	}
	return strings.Join(parts, ", and ")
}

// readOnly prepares an evaluation that nothing is kept of.
func (e *Engine) readOnly(v store.Reader, s *config.Sync, target *schema.Plugin) (*evaluation, error) {
	syncs, err := v.Syncs()
	if err != nil {
		return nil, err
	}
	eps, err := v.Endpoints()
	if err != nil {
		return nil, err
	}
	ev := &evaluation{sync: s, sid: syncs[s.Name], target: eps[s.To.Ref()], sources: map[store.EndpointID]*sourceSide{},
		userKind: target.Kind(s.Users.Kind), groupKind: target.Kind(s.Groups.Kind), now: e.Now(), removals: true, newIDs: e.Store.NewIDs}
	for i, c := range s.From {
		if ep := eps[c.Ref()]; ep != 0 {
			ev.sources[ep] = e.side(s, i, c)
		}
	}
	return ev, nil
}

// accountsOf are all accounts, of sources and target, of the person that user names.
func (e *Engine) accountsOf(v store.Reader, s *config.Sync, sid store.SyncID, user string) ([]store.ID, error) {
	var ns []store.ID
	for _, c := range append(slices.Clone(s.From), s.To) {
		as, err := accountsNamed(v, c.Ref(), user)
		if err != nil {
			return nil, err
		}
		for _, a := range as {
			ns = append(ns, a.N)
		}
	}
	if len(ns) == 0 {
		return nil, fmt.Errorf("%w: %q; run `gateway plan` first if they are new", ErrUnknownUser, identity.Visible(user, 80))
	}
	links, err := v.LinksTo(idset.Of(slices.Clone(ns)))
	if err != nil {
		return nil, err
	}
	var ps []store.ID
	for _, l := range links {
		ps = append(ps, l.P)
	}
	family, err := v.AccountsOf(sid, idset.Of(ps))
	for _, pa := range family {
		ns = append(ns, pa.N)
	}
	return idset.Of(ns), err
}

func (x *Explanation) fill(ev *evaluation, v store.Reader) error {
	err := ev.results.each(func(r *personResult) error {
		x.Person, x.Outcome, x.Detail, x.Drift = r.person.Key, r.person.Outcome, r.person.Detail, r.differences
		if err := x.fillSources(ev, v, r); err != nil {
			return err
		}
		if err := x.fillAccount(ev, v, r); err != nil {
			return err
		}
		return x.fillHistory(v, r)
	})
	if err != nil {
		return err
	}
	if err := x.fillMatch(v); err != nil {
		return err
	}
	for _, t := range x.rules.Steps {
		x.Rules = append(x.Rules, RuleView{Rule: rule(t.Rule), Value: t.Value, Err: t.Err})
	}
	x.Steps = ev.plan(plan.Header{}).Steps.List()
	return nil
}

func (x *Explanation) fillSources(ev *evaluation, v store.Reader, r *personResult) error {
	accounts, err := v.Accounts(r.accounts)
	if err != nil {
		return err
	}
	groups, err := ev.groups.effective(r.accounts)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		side := ev.sources[a.Endpoint]
		if side == nil {
			continue
		}
		u, err := identity.DecodeUser(a.Record)
		if err != nil {
			return err
		}
		x.Sources = append(x.Sources, SourceView{Source: side.ref, User: u, Gone: a.Flags.Has(store.Gone), Groups: ev.groups.names(groups[a.N])})
	}
	return nil
}

func (x *Explanation) fillAccount(ev *evaluation, v store.Reader, r *personResult) error {
	n, origin, run := r.link, "", ""
	links, err := v.LinksOf([]store.ID{r.person.P})
	if err != nil {
		return err
	}
	for _, l := range links {
		origin, run = l.Origin, l.Run
	}
	if n == 0 && x.match.Verdict == correlate.Adopt {
		n, origin = x.match.Account.N, "matches by "+x.match.Key
	}
	accounts, err := ev.targetAccounts([]store.ID{n})
	if err != nil {
		return err
	}
	var sets store.AccountSet
	if a := accounts[n]; a != nil {
		x.Account = &AccountView{User: a.user, Gone: a.flags.Has(store.Gone), Origin: origin, Run: run}
		sets = a.sets
	}
	return x.fillGroups(ev, r, sets)
}

func (x *Explanation) fillGroups(ev *evaluation, r *personResult, sets store.AccountSet) error {
	direct, err := ev.groups.direct(r.accounts)
	if err != nil {
		return err
	}
	wanted := map[store.ID]bool{}
	for _, w := range x.wishes {
		wanted[w.target.n] = true
		x.Groups = append(x.Groups, GroupView{Group: w.target.ref.Name, Because: w.because, Rule: w.rule,
			Path: ev.groups.path(direct, x.within, identity.Fold(w.target.ref.Name)), There: w.target.n != 0 && sets.Groups.Has(w.target.n), Ours: sets.Ours.Has(w.target.n), Refused: w.target.refused})
	}
	if err := ev.groups.existing(sets.Groups); err != nil {
		return err
	}
	for _, g := range sets.Groups {
		if t := ev.groups.byN[g]; t != nil && !wanted[g] {
			x.Groups = append(x.Groups, GroupView{Group: t.ref.Name, There: true, Ours: sets.Ours.Has(g), Refused: t.refused})
		}
	}
	return nil
}

// historyLimit bounds how far back an explanation goes.
const historyLimit = 50

func (x *Explanation) fillHistory(v store.Reader, r *personResult) error {
	ops, err := v.OperationsOn(r.person.P, historyLimit)
	if err != nil {
		return err
	}
	for _, op := range ops {
		view, err := ViewOperation(op)
		if err != nil {
			return err
		}
		x.History = append(x.History, view)
	}
	return nil
}
