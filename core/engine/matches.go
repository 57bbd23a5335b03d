package engine

import (
	"syncgateway/core/correlate"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/store"
)

var matchKeys = map[string]store.Key{"email": store.EmailKey, "username": store.UsernameKey, "external_id": store.ExternalKey}

// loadMatches looks for accounts of people who have no link, or a lost one.
func (ev *evaluation) loadMatches(people []*someone) error {
	values := map[string][]string{}
	var open []*someone
	for _, s := range people {
		if s.state != wanted || s.account != nil && !s.account.flags.Has(store.Gone) {
			continue
		}
		open = append(open, s)
		for _, key := range ev.sync.Users.Match {
			if v := matchValue(s, key); v != "" {
				s.matches = append(s.matches, correlate.Match{Key: key, Value: v})
				values[key] = append(values[key], v)
			}
		}
	}
	found := map[string]map[string][]store.ID{}
	var all []store.ID
	for key, vs := range values {
		ns, err := ev.view.AccountsByKey(ev.target, matchKeys[key], vs)
		if err != nil {
			return err
		}
		found[key] = ns
		for _, n := range ns {
			all = append(all, n...)
		}
	}
	accounts, err := ev.targetAccounts(all)
	if err != nil {
		return err
	}
	links, err := ev.view.LinksTo(idset.Of(all))
	if err != nil {
		return err
	}
	for _, l := range links {
		if a := accounts[l.N]; a != nil {
			a.owner = l.P
		}
	}
	for _, s := range open {
		for i := range s.matches {
			m := &s.matches[i]
			for _, n := range found[m.Key][m.Value] {
				a := accounts[n]
				m.Accounts = append(m.Accounts, correlate.Account{N: n, Label: a.label() + " (" + a.user.ID + ")", Gone: a.flags.Has(store.Gone), Owner: a.owner})
			}
		}
		ev.adoptable(s, accounts)
	}
	return nil
}

// adoptable keeps the account that correlation would adopt at hand.
func (ev *evaluation) adoptable(s *someone, accounts map[store.ID]*targetAccount) {
	r := correlate.One(s.question())
	if r.Verdict == correlate.Adopt {
		s.account = accounts[r.Account.N]
	}
}

func (s *someone) question() *correlate.Person {
	p := &correlate.Person{P: s.person.P, Label: s.person.Key, Matches: s.matches}
	if s.link != 0 && s.account != nil && s.account.n == s.link {
		p.Linked = &correlate.Account{N: s.link, Label: s.account.label(), Gone: s.account.flags.Has(store.Gone), Owner: s.person.P}
	}
	return p
}

func matchValue(s *someone, key string) string {
	switch key {
	case "email":
		return identity.Fold(s.desired.Email)
	case "username":
		return identity.Fold(s.desired.Username)
	default:
		return s.records[0].user.ExternalID
	}
}
