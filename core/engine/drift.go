package engine

import (
	"slices"
	"strconv"
	"strings"

	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// pairing is a source that is pushed to, and a source of the same identity provider
// that is read. What is pushed arrives at once and can get lost on the way; what is
// read comes later and is whole. So the one is held against the other.
type pairing struct {
	pushed, pulled *sourceSide
	pushedTo, read store.EndpointID
	compare        []string
	whole          bool // the source that is read was read whole before

	groups map[store.EndpointID]map[string]bool
	found  []store.Drift
	ended  []store.Drift
}

// pairOf finds the pair of a sync: the first source of either sort. nil where there is
// none.
func (ev *evaluation) pairOf() (*pairing, error) {
	if !ev.sync.PushAndPull() {
		return nil, nil
	}
	p := &pairing{compare: ev.sync.Drift.Compare, groups: map[store.EndpointID]map[string]bool{}}
	for ep, side := range ev.sources {
		switch {
		case side.pushed && (p.pushed == nil || side.order < p.pushed.order):
			p.pushed, p.pushedTo = side, ep
		case !side.pushed && (p.pulled == nil || side.order < p.pulled.order):
			p.pulled, p.read = side, ep
		}
	}
	if p.pushed == nil || p.pulled == nil {
		return nil, nil
	}
	cursor, err := ev.view.Cursor(p.read)
	p.whole = !cursor.FullAt.IsZero()
	return p, err
}

// weigh holds the two records of a person against each other, and then lets the one
// that says that they left stand: the provider has said so, by either way. To be absent
// from what was read says nothing here.
//
//	pushed    read       the person
//	active    active     stays
//	inactive  active     leaves
//	active    inactive   leaves
//	deleted   active     leaves
//	never     active     stays; the push was lost
//	active    absent     stays
func (ev *evaluation) weigh(s *someone) error {
	pushed, pulled := s.recordOf(ev.pair.pushed), s.recordOf(ev.pair.pulled)
	deleted := pushed == nil && slices.ContainsFunc(s.absent, func(a store.Account) bool { return a.Endpoint == ev.pair.pushedTo })
	if err := ev.differences(s, pushed, pulled, deleted); err != nil {
		return err
	}
	switch {
	case pulled == nil:
	case deleted:
		s.end(pulled, ev.pair.pushed, "deleted in ")
	case pushed != nil && !pushed.user.Active:
		s.end(pulled, ev.pair.pushed, "inactive in ")
	case pushed != nil && !pulled.user.Active:
		s.end(pushed, ev.pair.pulled, "inactive in ")
	}
	return nil
}

// end makes a record inactive because the other side of its pair says that they left.
func (s *someone) end(r *sourceRecord, by *sourceSide, how string) {
	r.user.Active = false
	s.overruled, s.ended = r.side, how+by.ref
}

// recordOf is the person's record in a source, the active one where there are several.
func (s *someone) recordOf(side *sourceSide) (r *sourceRecord) {
	for i := range s.records {
		if x := &s.records[i]; x.side == side && (r == nil || x.user.Active && !r.user.Active) {
			r = x
		}
	}
	return r
}

// differences notes in what the records differ.
func (ev *evaluation) differences(s *someone, pushed, pulled *sourceRecord, deleted bool) error {
	note := func(field, a, b string) {
		s.differences = append(s.differences, store.Difference{Field: field, Pushed: identity.Visible(a, 200), Pulled: identity.Visible(b, 200), Since: ev.now})
	}
	switch {
	case pushed == nil && pulled == nil:
	case pushed == nil && !pulled.user.Active, pulled == nil && (!pushed.user.Active || !ev.pair.whole):
	case pushed == nil && deleted:
		s.missing = true
		note("person", "deleted", "active")
	case pushed == nil:
		s.missing = true
		note("person", "", "active")
	case pulled == nil:
		note("person", "active", "")
	case pushed.user.Active != pulled.user.Active:
		if ev.pair.compares(config.DriftActive) {
			note("active", strconv.FormatBool(pushed.user.Active), strconv.FormatBool(pulled.user.Active))
		}
	case pushed.user.Active:
		ev.pair.fields(&pushed.user, &pulled.user, note)
		return ev.groupDifferences(pushed, pulled, note)
	}
	return nil
}

func (p *pairing) compares(what string) bool { return slices.Contains(p.compare, what) }

// fields compares what both sides have: a field that one of them leaves empty is one
// that it does not carry. Display names, which may be put together from the parts, are
// compared where a side has no parts.
func (p *pairing) fields(a, b *identity.User, note func(field, a, b string)) {
	parts := a.GivenName != "" && a.FamilyName != "" && b.GivenName != "" && b.FamilyName != ""
	for _, f := range []struct {
		what, field string
		a, b        string
		same        func(a, b string) bool
	}{
		{config.DriftEmail, "email", a.Email, b.Email, sameFolded},
		{config.DriftUsername, "username", a.Username, b.Username, sameFolded},
		{config.DriftNames, "given_name", a.GivenName, b.GivenName, sameText},
		{config.DriftNames, "family_name", a.FamilyName, b.FamilyName, sameText},
		{config.DriftNames, "display_name", a.DisplayName, b.DisplayName, sameText},
	} {
		if p.compares(f.what) && f.a != "" && f.b != "" && !f.same(f.a, f.b) && !(parts && f.field == "display_name") {
			note(f.field, f.a, f.b)
		}
	}
}

func sameFolded(a, b string) bool { return identity.Fold(a) == identity.Fold(b) }

func sameText(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

// mostGroups is how many groups of one person are noted.
const mostGroups = 20

// groupDifferences compares the groups that both sources have, by name: providers push
// some of their groups, and name those as they are.
func (ev *evaluation) groupDifferences(pushed, pulled *sourceRecord, note func(field, a, b string)) error {
	if !ev.pair.compares(config.DriftGroups) {
		return nil
	}
	in, was := ev.groups.byFold(pushed.groups), ev.groups.byFold(pulled.groups)
	var only []string
	for fold := range in {
		if _, both := was[fold]; !both {
			only = append(only, fold)
		}
	}
	for fold := range was {
		if _, both := in[fold]; !both {
			only = append(only, fold)
		}
	}
	slices.Sort(only)
	noted := 0
	for _, fold := range only {
		name, isPushed := in[fold]
		other := ev.pair.read
		if !isPushed {
			name, other = was[fold], ev.pair.pushedTo
		}
		there, err := ev.groupThere(other, fold)
		switch {
		case err != nil:
			return err
		case !there:
			continue
		case isPushed:
			note("group", name, "")
		default:
			note("group", "", name)
		}
		if noted++; noted == mostGroups {
			break
		}
	}
	return nil
}

// byFold are the names of groups by their folded names.
func (g *groupSide) byFold(set idset.Set) map[string]string {
	out := make(map[string]string, len(set))
	for _, n := range set {
		if sg := g.sources[n]; sg != nil && sg.name != "" {
			out[identity.Fold(sg.name)] = sg.name
		}
	}
	return out
}

// groupThere reports whether a source has a group of the name.
func (ev *evaluation) groupThere(ep store.EndpointID, fold string) (bool, error) {
	if ev.pair.groups[ep] == nil {
		ev.pair.groups[ep] = map[string]bool{}
	}
	there, known := ev.pair.groups[ep][fold]
	if known {
		return there, nil
	}
	found, err := ev.view.GroupsByName(ep, []string{fold})
	there = len(present(found[fold])) > 0
	ev.pair.groups[ep][fold] = there
	return there, err
}

// drift brings what is known of the people's drift up to date. Nobody who is out of
// scope is missed: providers push whom they are told to.
func (ev *evaluation) drift(people []*someone) error {
	ps := make([]store.ID, len(people))
	for i, s := range people {
		ps[i] = s.person.P
	}
	known, err := ev.view.DriftsOf(ps)
	if err != nil {
		return err
	}
	was := map[store.ID]store.Drift{}
	for _, d := range known {
		was[d.P] = d
	}
	for _, s := range people {
		before, had := was[s.person.P]
		if s.missing && s.state == outOfScope {
			s.differences = nil
		}
		if len(s.differences) == 0 {
			if had {
				ev.pair.ended = append(ev.pair.ended, before)
			}
			continue
		}
		is := store.Drift{P: s.person.P, Missing: s.missing, Differences: s.differences}
		if !carryOn(&is, &before) {
			ev.pair.found = append(ev.pair.found, is)
		}
	}
	return nil
}

// keepDrift writes what was found of drift.
func (ev *evaluation) keepDrift(tx store.Tx) error {
	if ev.pair == nil {
		return nil
	}
	ended := make([]store.ID, len(ev.pair.ended))
	for i := range ev.pair.ended {
		ended[i] = ev.pair.ended[i].P
	}
	if err := tx.DeleteDrifts(idset.Of(ended)); err != nil {
		return err
	}
	return tx.PutDrifts(ev.sid, ev.pair.found)
}

// carryOn dates differences that were seen before by when they were. It reports whether
// they are all there is, and were.
func carryOn(is, before *store.Drift) bool {
	same := is.Missing == before.Missing && len(is.Differences) == len(before.Differences)
	for i := range is.Differences {
		d := &is.Differences[i]
		j := slices.IndexFunc(before.Differences, func(x store.Difference) bool {
			return x.Field == d.Field && (d.Field != "group" || x.Pushed == d.Pushed && x.Pulled == d.Pulled)
		})
		if j < 0 {
			same = false
			continue
		}
		same = same && before.Differences[j].Pushed == d.Pushed && before.Differences[j].Pulled == d.Pulled
		d.Since = before.Differences[j].Since
	}
	return same
}
