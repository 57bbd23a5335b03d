package engine

import (
	"slices"
	"strings"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// sortKey is what a resource is sorted by: text in the form it is compared in, or a
// number. A resource without value has none and comes last.
type sortKey struct {
	Present bool         `json:"p,omitempty"`
	Text    string       `json:"t,omitempty"`
	Number  value.Number `json:"n,omitempty"`
}

// longestSortKey is how much of a text counts in sorting, since it travels in cursors.
const longestSortKey = 256

func (k sortKey) compare(o sortKey) int {
	switch {
	case k.Present != o.Present:
		if k.Present {
			return -1
		}
		return 1
	case k.Number != "" && o.Number != "":
		return k.Number.Compare(o.Number)
	}
	return strings.Compare(k.Text, o.Text)
}

// sortScopes ties sortBy to the types. A type that does not have the attribute sorts as
// one without value.
func (c *call) sortScopes(scopes []*scope) error {
	if c.query.sortBy == "" {
		return nil
	}
	found := false
	for _, s := range scopes {
		r, ok := s.t.Resolve(c.query.sortBy)
		if !ok || r.Attr == nil {
			continue
		}
		if r = r.Compared(); r.Leaf().Type == schema.Complex {
			return bad(invalidPath, "sortBy: %s is complex, name one of its sub-attributes.", r)
		}
		if r.Leaf().Shown() != schema.Never {
			s.sort, found = r, true
		}
	}
	if !found {
		return bad(invalidPath, "sortBy: there is no attribute %s.", value.Visible(c.query.sortBy))
	}
	return nil
}

// keyOf is the sort key of a full resource: of several values that of the primary one,
// else the first.
func keyOf(full value.Object, r schema.Ref) sortKey {
	v := schema.At(full, schema.Ref{Ext: r.Ext, Attr: r.Attr})
	if list, many := v.([]any); many {
		v = nil
		if len(list) > 0 {
			v = list[0]
		}
		for _, e := range list {
			if o, ok := e.(value.Object); ok && o.Get("primary") == true {
				v = e
				break
			}
		}
	}
	if o, ok := v.(value.Object); ok && r.Sub != nil {
		v = o.Get(r.Sub.Name)
	}
	switch x := v.(type) {
	case string:
		return textKey(r.Leaf(), x)
	case value.Number:
		return sortKey{Present: true, Number: x}
	case bool:
		return sortKey{Present: true, Text: string(value.Append(nil, x))}
	}
	return sortKey{}
}

func textKey(a *schema.Attribute, s string) sortKey {
	if t, ok := schema.ParseTime(s); ok && a.Type == schema.DateTime {
		return sortKey{Present: true, Text: t.UTC().Format("2006-01-02T15:04:05.000000000")}
	}
	if !a.CaseExact {
		s = value.Fold(s)
	}
	return sortKey{Present: s != "", Text: strings.ToValidUTF8(s[:min(len(s), longestSortKey)], "")}
}

// compareHits is the order of a sorted result. Equal keys keep the order of creation.
func compareHits(descending bool, a, b place) int {
	c := a.Key.compare(b.Key)
	if descending {
		c = -c
	}
	if c != 0 {
		return c
	}
	if a.Scope != b.Scope {
		return a.Scope - b.Scope
	}
	return strings.Compare(a.Position, b.Position)
}

// sorted fills the window in the order of an attribute. Everything that meets the filter
// is looked at, but only its key and id are kept.
func (c *call) sorted(scopes []*scope, w *window) error {
	type small struct {
		place
		id string
	}
	var all []small
	for _, s := range scopes {
		err := c.candidates(s, func(h *hit) error {
			all = append(all, small{place{s.number, h.entry.Position, h.key}, h.entry.ID()})
			return nil
		})
		if err != nil {
			return err
		}
	}
	desc := c.query.descending
	slices.SortFunc(all, func(a, b small) int { return compareHits(desc, a.place, b.place) })
	w.total = len(all)
	if w.after != nil {
		all = slices.DeleteFunc(all, func(x small) bool { return compareHits(desc, x.place, *w.after) <= 0 })
	}
	all = all[min(w.skip, len(all)):]
	for _, x := range all[:min(w.want, len(all))] {
		s := scopes[x.Scope]
		r, err := c.engine.directory.Call(c.ctx, record.DirectoryCall{Kind: s.t.Kind, Get: x.id, Memberships: s.t.Kind == "user" && s.shows()})
		if err != nil {
			if asMissing(err) {
				continue
			}
			return err
		}
		h := c.hit(s, r.Entries[0], r.Memberships, s.t.Kind == "user")
		h.key = x.Key
		w.hits = append(w.hits, h)
	}
	return nil
}
