package engine

import (
	"slices"

	"syncgateway/core/correlate"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// direct are the source groups that the accounts are in themselves.
func (g *groupSide) direct(accounts []store.ID) (idset.Set, error) {
	sets, err := g.ev.view.AccountSets(idset.Of(slices.Clone(accounts)))
	var out idset.Set
	for _, s := range sets {
		out = out.With(s.Groups)
	}
	return out, err
}

// path names the source groups from one of direct up to the first of within that makes
// the target group of the folded name: the shortest way. It is nil when none does.
func (g *groupSide) path(direct, within idset.Set, fold string) []string {
	maker := store.ID(0)
	for _, n := range within {
		if sg := g.sources[n]; sg != nil && slices.ContainsFunc(sg.wants, func(w want) bool { return w.fold == fold }) {
			maker = n
			break
		}
	}
	if maker == 0 {
		return nil
	}
	from := map[store.ID]store.ID{} // how each group was reached
	next := slices.Clone(direct)
	for _, n := range direct {
		from[n] = 0
	}
	for i := 0; i < len(next); i++ {
		if next[i] == maker {
			return g.way(from, maker)
		}
		for _, parent := range g.parents[next[i]] {
			if _, seen := from[parent]; !seen {
				from[parent] = next[i]
				next = append(next, parent)
			}
		}
	}
	return nil
}

func (g *groupSide) way(from map[store.ID]store.ID, n store.ID) []string {
	var names []string
	for ; n != 0; n = from[n] {
		name := "?"
		if sg := g.sources[n]; sg != nil && sg.name != "" {
			name = identity.Visible(sg.name, 120)
		}
		names = append(names, name)
	}
	slices.Reverse(names)
	return names
}

var verdicts = map[correlate.Verdict]string{correlate.Linked: "linked", correlate.Adopt: "adopt", correlate.None: "none", correlate.Disputed: "disputed"}

// fillMatch tells how the account was looked for, and what else was found.
func (x *Explanation) fillMatch(v store.Reader) error {
	if x.match.Verdict == 0 {
		return nil
	}
	x.Match = &MatchView{Result: verdicts[x.match.Verdict], Key: x.match.Key, Reason: x.match.Reason}
	var owners []store.ID
	for _, m := range x.matches {
		for _, a := range m.Accounts {
			owners = append(owners, a.Owner)
		}
	}
	people, err := v.People(idset.Of(owners))
	if err != nil {
		return err
	}
	label := map[store.ID]string{}
	for _, p := range people {
		label[p.P] = p.Label
	}
	for _, m := range x.matches {
		for _, a := range m.Accounts {
			x.Match.Candidates = append(x.Match.Candidates, CandidateView{Key: m.Key, Value: m.Value, Account: a.Label, Gone: a.Gone, Owner: label[a.Owner]})
		}
	}
	return nil
}
