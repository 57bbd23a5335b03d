package engine

import (
	"errors"
	"fmt"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// PastView is what a run did to a person, and what the sources showed of them then.
type PastView struct {
	Run     store.Run       `json:"run"`
	Asked   string          `json:"asked,omitempty"` // the run that was asked for, where that did nothing to them
	Sources []SourceView    `json:"sources"`
	Steps   []OperationView `json:"steps"`
}

// ErrNothingThen: no run up to the one asked about did anything to the person.
var ErrNothingThen = errors.New("nothing was done to them in that run, nor in one before it that is still remembered")

// fillPast finds what was done to the person in the run; where that was nothing, in
// the last run before it that did something.
func (x *Explanation) fillPast(ev *evaluation, v store.Reader, ns []store.ID, run string) error {
	p, err := personOf(v, ev.sid, ns)
	if err != nil {
		return err
	}
	x.Person = p.Key
	at, err := v.Run(run)
	if err != nil {
		return fmt.Errorf("run %s: %w", identity.Visible(run, 60), err)
	}
	ops, err := v.OperationsOn(p.P, mostPast)
	if err != nil {
		return err
	}
	past := &PastView{Sources: []SourceView{}}
	for _, op := range ops { // newest first
		if past.Run.ID == "" {
			found, err := v.Run(op.Run)
			if errors.Is(err, store.ErrNotFound) || err == nil && found.Started.After(at.Started) {
				continue
			}
			if err != nil {
				return err
			}
			past.Run = found
		}
		if op.Run != past.Run.ID {
			continue
		}
		view, err := ViewOperation(op)
		if err != nil {
			return err
		}
		past.Steps = append([]OperationView{view}, past.Steps...)
	}
	if past.Run.ID == "" {
		return ErrNothingThen
	}
	if past.Run.ID != at.ID {
		past.Asked = at.ID
	}
	x.Past = past
	return past.fillSources(ev, v, p.P)
}

// mostPast bounds how many operations on a person are looked through.
const mostPast = 10_000

// personOf is the person that accounts belong to.
func personOf(v store.Reader, sid store.SyncID, ns []store.ID) (store.Person, error) {
	pas, err := v.PeopleOf(sid, ns)
	if err != nil {
		return store.Person{}, err
	}
	links, err := v.LinksTo(ns)
	if err != nil {
		return store.Person{}, err
	}
	var ps []store.ID
	for _, pa := range pas {
		ps = append(ps, pa.P)
	}
	for _, l := range links {
		if l.Sync == sid {
			ps = append(ps, l.P)
		}
	}
	people, err := v.People(idset.Of(ps))
	if err == nil && len(people) == 0 {
		err = ErrUnknownUser
	}
	if err != nil {
		return store.Person{}, err
	}
	return people[0], nil
}

func (past *PastView) fillSources(ev *evaluation, v store.Reader, p store.ID) error {
	seen, err := v.Evidence(past.Run.ID, p)
	if err != nil {
		return err
	}
	if err := ev.bare(v); err != nil {
		return err
	}
	for _, e := range seen {
		side := ev.sources[e.Endpoint]
		if side == nil {
			continue
		}
		u, err := identity.DecodeUser(e.Record)
		if err != nil {
			return err
		}
		names, err := groupNames(v, ev.groups.closure(e.Groups))
		if err != nil {
			return err
		}
		past.Sources = append(past.Sources, SourceView{Source: side.ref, User: u, Gone: e.Flags.Has(store.Gone), Groups: names})
	}
	return nil
}

// bare prepares an evaluation that evaluates nobody.
func (ev *evaluation) bare(v store.Reader) error {
	ev.view = v
	return ev.prepare()
}

// groupNames are the names that groups have, or had.
func groupNames(v store.Reader, ns idset.Set) ([]string, error) {
	groups, err := v.Groups(ns)
	names := []string{}
	for _, rec := range groups {
		g, err := identity.DecodeGroup(rec.Record)
		if err != nil {
			return nil, err
		}
		names = append(names, g.Name)
	}
	return names, err
}
