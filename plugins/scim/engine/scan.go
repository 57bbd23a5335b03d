package engine

import (
	"strconv"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// scanPage is how many entries one call brings. Their documents travel together, so it
// stays small.
const scanPage = 200

func itoa(n int) string { return strconv.Itoa(n) }

func conditions(keys []schema.Key) []record.Condition {
	var all []record.Condition
	for _, k := range keys {
		all = append(all, record.Condition{Attribute: k.Attribute, Equals: k.Value})
	}
	return all
}

// paged fills the window from a scope that the directory counts and pages.
func (c *call) paged(s *scope, w *window) error {
	var all []record.Condition
	if len(s.branches) > 0 {
		all = conditions(s.branches[0])
	}
	q := record.DirectoryQuery{All: all, Offset: uint64(w.skip)}
	if w.after != nil && w.after.Scope == s.number {
		q.After = w.after.Position
	}
	past := w.after != nil && w.after.Scope > s.number
	for {
		q.Limit = min(w.want-len(w.hits), scanPage)
		q.CountOnly = q.Limit == 0 || past
		one := q
		r, moment, err := c.engine.directory.about(c.ctx, "", record.DirectoryCall{Kind: s.t.Kind, Query: &one, Memberships: s.t.Kind == "user" && s.shows() && !q.CountOnly})
		if err != nil {
			return err
		}
		for i := range r.Entries {
			h := c.hit(s, r.Entries[i], r.Memberships, s.t.Kind == "user")
			h.moment = moment
			w.hits = append(w.hits, h)
		}
		if q.After, q.Offset = r.Next, 0; r.Next == "" || q.CountOnly || len(w.hits) == w.want {
			w.total += int(r.Total)
			w.skip = max(0, w.skip-int(r.Total))
			return nil
		}
	}
}

func (c *call) hit(s *scope, entry record.Entry, memberships []record.DirectoryMembership, known bool) *hit {
	h := &hit{resource: resource{t: s.t, entry: entry}, scope: s, known: known}
	if s.t.Kind == "user" && memberships != nil {
		h.relation = c.engine.groupsOf(c.face, entry.ID(), memberships)
	}
	return h
}

// candidates calls f for everything in a scope that meets its filter, in the order of
// creation, each once.
func (c *call) candidates(s *scope, f func(*hit) error) error {
	if s.filter == nil || len(s.branches) == 0 {
		return c.scan(s, nil, f)
	}
	var hits []*hit
	seen := map[string]bool{}
	for _, keys := range s.branches {
		err := c.scan(s, conditions(keys), func(h *hit) error {
			if id := h.entry.ID(); !seen[id] {
				seen[id] = true
				hits = append(hits, h)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	byPosition(hits)
	for _, h := range hits {
		if err := f(h); err != nil {
			return err
		}
	}
	return nil
}

// scan reads entries page by page and passes on those that meet the filter.
func (c *call) scan(s *scope, all []record.Condition, f func(*hit) error) error {
	// Where many are read, the groups of those that are shown are asked for later.
	groups := s.t.Kind == "user" && (s.uses() || all != nil && s.shows())
	for after := ""; ; {
		r, err := c.engine.directory.Call(c.ctx, record.DirectoryCall{Kind: s.t.Kind, Memberships: groups,
			Query: &record.DirectoryQuery{All: all, After: after, Limit: scanPage}})
		if err != nil {
			return err
		}
		for i := range r.Entries {
			h := c.hit(s, r.Entries[i], r.Memberships, groups)
			if ok, err := c.meets(h); err != nil {
				return err
			} else if !ok {
				continue
			}
			if err := f(h); err != nil {
				return err
			}
		}
		if after = r.Next; after == "" {
			return nil
		}
	}
}

// meets evaluates the filter and the sort key of a candidate.
func (c *call) meets(h *hit) (bool, error) {
	s := h.scope
	var full value.Object
	var err error
	if s.filter != nil && !s.exact {
		if s.t.Kind == "group" && s.uses() {
			if h.relation, err = c.engine.membersOf(c.ctx, c.face, h.entry.ID(), nil); asMissing(err) {
				return false, nil
			} else if err != nil {
				return false, err
			}
			h.known = true
		}
		if full, err = h.full(c.face); err != nil || !s.filter.Match(full) {
			return false, err
		}
	}
	if s.sort.Attr != nil {
		if full == nil {
			if full, err = h.full(c.face); err != nil {
				return false, err
			}
		}
		h.key = keyOf(full, s.sort)
	}
	return true, nil
}
