package chaos

import (
	"math/rand/v2"

	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
)

// The faults that are not the remote side's.
const (
	hostKill   remote.Kind = "host killed"
	clockSkew  remote.Kind = "clock skew"
	configEdit remote.Kind = "configuration edited"
	idReused   remote.Kind = "id reused"
	caseFlip   remote.Kind = "case flipped"
)

var listingKinds = []remote.Kind{remote.DropPage, remote.Empty, remote.Unavailable, remote.Storm, remote.CutBody, remote.RepeatedCursor,
	remote.LostScope, remote.SizeLimit, remote.Stale, remote.DuplicatePage, remote.Reordered, remote.PluginCrash}

var applyKinds = []remote.Kind{remote.LostAnswer, remote.HalfBatch, remote.Refused, remote.PluginCrash, remote.Storm}

// plan chooses the faults of a day, such that they will be reached.
func (s *scenario) plan(day int) []*remote.Fault {
	rng := s.faults
	switch s.theme {
	case hiddenMany:
		return s.hidden(rng, true)
	case hiddenFew:
		return s.hidden(rng, false)
	case lostScope:
		// The listing ends early, and who is not on it is not found either.
		return []*remote.Fault{{Kind: remote.LostScope, System: "corp", What: "users", Page: s.world.Pages("corp", "users") - 1},
			{Kind: remote.LostScope, System: "corp", What: "lookup"}}
	case blindTarget:
		return []*remote.Fault{s.listing(rng, "app")}
	case deaths:
		return []*remote.Fault{{Kind: applyKinds[rng.IntN(len(applyKinds))], System: "app", What: "operations", Page: rng.IntN(2), Count: 1}}
	case slowBleed, sameAgain, oldPlan, fewLeft, abandoned:
		return nil
	}
	var out []*remote.Fault
	for range rng.IntN(3) {
		switch rng.IntN(8) {
		case 0, 1:
			out = append(out, &remote.Fault{Kind: applyKinds[rng.IntN(len(applyKinds))], System: "app", What: "operations", Page: rng.IntN(2), Count: 1 + rng.IntN(2)})
		case 2:
			out = append(out, &remote.Fault{Kind: remote.NoLookup, System: "corp", What: "lookup"})
		case 3:
			out = append(out, s.hidden(rng, rng.IntN(2) == 0)...)
		case 4:
			out = append(out, s.listing(rng, "app"))
		default:
			system := "corp"
			if s.rules.Annex && rng.IntN(3) == 0 {
				system = "annex"
			}
			out = append(out, s.listing(rng, system))
		}
	}
	return out
}

// listing is a fault of one of the listings of a system.
func (s *scenario) listing(rng *rand.Rand, system string) *remote.Fault {
	f := &remote.Fault{Kind: listingKinds[rng.IntN(len(listingKinds))], System: system, What: []string{"users", "groups", "memberships"}[rng.IntN(3)]}
	switch f.Kind {
	case remote.Unavailable, remote.Storm:
		f.Count = rng.IntN(4) // 0: it does not end
	case remote.PluginCrash:
		f.Count = 1
	case remote.LostScope:
		f.What = ""
	case remote.Stale:
		f.What, f.Lag = "", 1+rng.IntN(2)
		if system == "app" || s.world.Behind(f.Lag) == nil {
			f.Kind, f.What = remote.Reordered, "users"
		}
	}
	if f.What != "" {
		f.Page = rng.IntN(s.world.Pages(system, f.What))
	}
	return f
}

// hidden people are neither listed nor found: the credential has lost them. No source
// can tell that from people who left, so either the listing shrinks beyond belief, or
// more would go than the limits let pass.
func (s *scenario) hidden(rng *rand.Rand, many bool) []*remote.Fault {
	c := s.world.Company
	var here, served []*company.Person
	for _, p := range c.Everybody() {
		if p.Source != 0 {
			continue
		}
		here = append(here, p)
		if a := s.world.App.With(p.Email); s.rules.Entitled(c, p) && len(a) == 1 && a[0].Active && a[0].Protected == "" {
			served = append(served, p)
		}
	}
	rng.Shuffle(len(served), func(i, j int) { served[i], served[j] = served[j], served[i] })
	n := max(9, len(here)*2/5)
	if !many {
		limit := s.rules.Deactivate
		if s.rules.DeletePeople {
			limit = s.rules.Delete
		}
		if n = limit.Count + 2 + len(s.rules.Protect); limit.Count < 0 || limit.Count > 5 {
			return nil
		}
	}
	if n > len(served) {
		return nil
	}
	f := &remote.Fault{Kind: remote.HiddenScope, System: "corp", Hidden: map[string]bool{}}
	for _, p := range served[:n] {
		f.Hidden[p.ID] = true
	}
	return []*remote.Fault{f}
}

// unreached are the faults that have not happened yet.
func unreached(w *remote.World) (out []*remote.Fault) {
	for _, f := range w.Armed() {
		if f.Fired == 0 {
			out = append(out, f)
		}
	}
	return out
}
