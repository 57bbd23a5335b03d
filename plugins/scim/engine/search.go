package engine

import (
	"slices"
	"strings"

	"syncgateway/plugins/scim/engine/filter"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// scope is one type of resource in a search.
type scope struct {
	t          *schema.ResourceType
	number     int // among the scopes
	filter     *filter.Filter
	branches   [][]schema.Key // what an index answers; none: everything is read
	exact      bool           // the index answers all of the filter
	projection *projection
	sort       schema.Ref
}

// hit is a resource that a search found.
type hit struct {
	resource
	scope *scope
	known bool // whether the relation, where it is shown, has been read
	key   sortKey
}

// plain reports whether the directory can count and page the scope by itself.
func (s *scope) plain() bool { return s.filter == nil || s.exact && len(s.branches) == 1 }

func (s *scope) relation() *schema.Attribute { return relationOf(s.t) }

// shows reports whether the answer shows the relation.
func (s *scope) shows() bool { return s.projection.wants(s.relation()) }

// uses reports whether the filter has to look at the relation, which is in the version of
// users too.
func (s *scope) uses() bool {
	if s.filter == nil || s.exact {
		return false
	}
	return s.filter.Uses(s.relation(), "") || s.t.Kind == "user" && s.filter.Uses(s.t.Attribute("meta"), "version")
}

// scopes ties the query to every type.
func (c *call) scopes(types []*schema.ResourceType) ([]*scope, error) {
	var node filter.Node
	if c.query.filter != "" {
		var err error
		if node, err = filter.Parse(c.query.filter); err != nil {
			return nil, filterError(err)
		}
	}
	var foreign func(string) bool
	if len(types) > 1 {
		foreign = c.engine.knows
	}
	out := make([]*scope, len(types))
	for i, t := range types {
		s := &scope{t: t, number: i, projection: project(t, c.selection)}
		if node != nil {
			var err error
			if s.filter, err = filter.Compile(t, node, foreign); err != nil {
				return nil, filterError(err)
			}
			s.branches, s.exact = s.filter.Keys()
		}
		out[i] = s
	}
	return out, c.sortScopes(out)
}

// knows reports whether any type has the attribute.
func (e *Engine) knows(path string) bool {
	for _, t := range e.types {
		if _, ok := t.Resolve(path); ok {
			return true
		}
	}
	return false
}

// list answers a query over some types.
func (c *call) list(types []*schema.ResourceType) (*reply, error) {
	scopes, err := c.scopes(types)
	if err != nil {
		return nil, err
	}
	if out := c.recallOne(scopes); out != nil {
		return out, nil
	}
	w := &window{skip: c.query.start - 1, want: c.query.count}
	if c.query.hasCursor {
		w.skip = 0
		w.want++ // one more tells whether there is a next page
		if w.after, err = c.openCursor(); err != nil {
			return nil, err
		}
	}
	if c.query.sortBy != "" {
		err = c.sorted(scopes, w)
	} else {
		err = c.inOrder(scopes, w)
	}
	if err != nil {
		return nil, err
	}
	return c.listReply(w)
}

// window is the part of a result that one page shows.
type window struct {
	skip  int
	want  int
	after *place // nil: from the beginning
	total int
	hits  []*hit
}

// place is where a cursor stands: behind this hit.
type place struct {
	Scope    int
	Position string
	Key      sortKey
}

func (p *place) before(h *hit) bool {
	if p == nil {
		return true
	}
	return p.Scope < h.scope.number || p.Scope == h.scope.number && p.Position < h.entry.Position
}

// offer counts a hit, and keeps it if it is on the page.
func (w *window) offer(h *hit) {
	w.total++
	switch {
	case !w.after.before(h):
	case w.skip > 0:
		w.skip--
	case len(w.hits) < w.want:
		w.hits = append(w.hits, h)
	}
}

// inOrder fills the window in the order of creation, type by type.
func (c *call) inOrder(scopes []*scope, w *window) error {
	for _, s := range scopes {
		if s.plain() {
			if err := c.paged(s, w); err != nil {
				return err
			}
			continue
		}
		if err := c.candidates(s, func(h *hit) error { w.offer(h); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// listReply makes the answer of the hits that are on the page.
func (c *call) listReply(w *window) (*reply, error) {
	next := ""
	if c.query.hasCursor && len(w.hits) > c.query.count {
		w.hits = w.hits[:c.query.count]
		next = c.sealCursor(w.hits[len(w.hits)-1])
	}
	list := make([]any, 0, len(w.hits))
	for _, h := range w.hits {
		shown, err := c.shownHit(h)
		if err != nil {
			return nil, err
		}
		if shown != nil {
			list = append(list, shown)
		}
	}
	return c.page(w.total, next, list), nil
}

// page is the answer with a list of resources.
func (c *call) page(total int, next string, list []any) *reply {
	out := value.Object{{Name: "schemas", Value: []any{c.face.messageURI(listURI)}}, {Name: "totalResults", Value: integer(total)}}
	if !c.query.hasCursor {
		out = append(out, value.Member{Name: "startIndex", Value: integer(c.query.start)})
	}
	out = append(out, value.Member{Name: "itemsPerPage", Value: integer(len(list))})
	if next != "" {
		out = append(out, value.Member{Name: "nextCursor", Value: next})
	}
	return message(200, append(out, value.Member{Name: "Resources", Value: list}))
}

// shownHit is a hit as the answer shows it, nil when it has gone meanwhile.
func (c *call) shownHit(h *hit) (any, error) {
	r := &h.resource
	if h.scope.shows() && !h.known {
		var err error
		if r, err = c.read(h.t, h.entry.ID(), h.scope.projection); asMissing(err) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	body, err := c.show(r, h.scope.projection)
	if err != nil {
		return nil, err
	}
	return value.Encoded(body), nil
}

func asMissing(err error) bool { return err != nil && asError(err).Status == 404 }

func integer(n int) value.Number { return value.Number(itoa(n)) }

// byPosition orders hits of one scope that came from several look-ups.
func byPosition(hits []*hit) {
	slices.SortFunc(hits, func(a, b *hit) int { return strings.Compare(a.entry.Position, b.entry.Position) })
}
