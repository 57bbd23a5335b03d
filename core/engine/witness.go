package engine

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// doubt is an account of a source that a step takes something away for, because a
// listing lacked it or a membership of it. The source is asked directly first: a
// listing that forgot something looks like one that is whole.
type doubt struct {
	P      store.ID
	N      store.ID
	Source string // "source.okta.corp"
	Ext    string
	listed bool // the account is there, a membership is not
	leaves bool // the person would lose the account, not just memberships
}

// doubt notes who must be asked about before the step of this class is taken: also of
// somebody who is listed as inactive, since a replica that is behind lists who has come
// back as they were.
func (ev *evaluation) doubt(s *someone, class plan.Class) {
	if ev.doubted[s.person.P] {
		return
	}
	ev.doubted[s.person.P] = true
	d := doubt{P: s.person.P, leaves: class != plan.RemoveMember}
	for _, a := range s.absent {
		if side := ev.sources[a.Endpoint]; side != nil && !s.isOverruled(side) {
			d.N, d.Source, d.Ext, d.listed = a.N, side.ref, a.Ext, false
			ev.doubts = append(ev.doubts, d)
		}
	}
	for i := range s.records {
		if r := &s.records[i]; (r.user.Active || s.state == inactive) && !s.isOverruled(r.side) {
			d.N, d.Source, d.Ext, d.listed = r.account.N, r.side.ref, r.account.Ext, true
			ev.doubts = append(ev.doubts, d)
		}
	}
}

// isOverruled reports whether a side need not be asked: the other one of its pair has
// said that the person left, and is asked itself.
func (s *someone) isOverruled(side *sourceSide) bool {
	return side == s.overruled && s.state == inactive
}

// distrust forgets where the next delta reads of sources whose listings were wrong
// would start: the next run reads them whole.
func (e *Engine) distrust(ctx context.Context, sources map[string]bool) error {
	if len(sources) == 0 {
		return nil
	}
	return e.Store.Update(ctx, func(tx store.Tx) error {
		for ref := range sources {
			ep, err := tx.Endpoint(ref)
			if err != nil {
				return err
			}
			if err := tx.PutCursor(ep, store.Cursor{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// answer is what a source said of one account.
type answer struct {
	keep        string    // why the person must be kept; "" when the listing was confirmed
	contradicts bool      // the listing was wrong
	mute        bool      // there was no answer
	unable      bool      // the source cannot look up one person
	said        time.Time // when somebody who is there and inactive became so
}

// witness asks about one account.
func (r *run) witness(ctx context.Context, d doubt) answer {
	conn, err := r.Connectors.Get(ctx, d.Source)
	if err != nil {
		return answer{keep: "the source cannot be asked: " + err.Error(), mute: true}
	}
	if !conn.Description().Capabilities.Lookup {
		return answer{unable: true}
	}
	found, err := conn.Lookup(ctx, pluginhost.LookupBy{ID: d.Ext})
	switch {
	case pluginhost.NotFound(err):
		return answer{}
	case err != nil:
		return answer{keep: "asked directly, " + d.Source + " gave no answer: " + err.Error(), mute: true}
	case !found.User.Active:
		return answer{said: found.User.StatusChanged}
	}
	why := "missing from the listing, but asked directly " + d.Source + " still has them"
	if d.listed {
		forgotten, err := r.forgotten(ctx, d, found)
		if err != nil {
			return answer{keep: "what " + d.Source + " said of them could not be compared: " + err.Error()}
		}
		if len(forgotten) == 0 {
			_, err := r.take(ctx, d.Source, found) // whether it changes anything, reconsider finds out
			return answer{keep: unnoted(err)}
		}
		why = fmt.Sprintf("the listing left them out of %s, but asked directly %s still has them in it", strings.Join(forgotten, ", "), d.Source)
	}
	if _, err := r.take(ctx, d.Source, found); err != nil {
		why += "; that could not be noted: " + err.Error()
	}
	return answer{keep: why, contradicts: true}
}

// mostForgotten is how many groups a reason names.
const mostForgotten = 3

// forgotten are the groups that a direct answer shows somebody in and the listing did
// not, by name. Groups that were never listed do not count: they may be out of scope.
func (r *run) forgotten(ctx context.Context, d doubt, found pluginhost.Found) (names []string, err error) {
	exts := make([]string, len(found.Groups))
	label := map[string]string{}
	for i, g := range found.Groups {
		exts[i], label[g.ID] = g.ID, fmt.Sprintf("%q", identity.Visible(g.Name, 80))
	}
	err = r.Store.View(ctx, func(v store.Reader) error {
		eps, err := v.Endpoints()
		if err != nil {
			return err
		}
		known, err := v.GroupsByExt(eps[d.Source], exts)
		if err != nil {
			return err
		}
		sets, err := v.AccountSets([]store.ID{d.N})
		if err != nil {
			return err
		}
		for _, g := range known {
			if in := len(sets) > 0 && sets[0].Groups.Has(g.N) && !g.Flags.Has(store.Gone); !in {
				names = append(names, label[g.Ext])
			}
		}
		return nil
	})
	sort.Strings(names)
	if more := len(names) - mostForgotten; more > 0 {
		names = append(names[:mostForgotten], fmt.Sprintf("and %d more", more))
	}
	return names, err
}

// spare drops what would be taken from these people, and tells who and why. While
// listings are wrong about anybody, no group is deleted for being gone from one.
func (ev *evaluation) spare(people map[store.ID]string) []string {
	names := map[store.ID]string{}
	ev.spared = map[string]bool{}
	ev.steps = ev.steps.Where(func(s *plan.Head) bool {
		if s.Class.Destructive() && people[s.P] != "" {
			names[s.P], ev.spared[s.Person] = s.User.Name, true
			return false
		}
		return !endsGroup(s.Class) || len(people) == 0
	})
	ev.leavers = slices.DeleteFunc(ev.leavers, func(l store.Leaver) bool { return l.Returned.IsZero() && people[l.P] != "" })
	var kept []string
	for p, why := range people {
		ev.results.set(p, Withheld, why)
		kept = append(kept, names[p]+": "+why)
	}
	sort.Strings(kept)
	return kept
}
