package engine

import (
	"context"
	"strings"

	"syncgateway/plugins/scim/engine/filter"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// membership is a change to a group's members as a difference, so that the members there
// are need not be known: one member added to thousands is one id.
type membership struct {
	replace bool            // add is the whole set
	add     []string        // in order; only those that in says are still wanted
	in      map[string]bool // of add and remove: true is added, false is removed
	load    func() ([]any, error)
	loaded  bool
}

func newMembership(load func() ([]any, error)) *membership {
	return &membership{in: map[string]bool{}, load: load}
}

func (m *membership) insert(ids ...string) {
	for _, id := range ids {
		if added, known := m.in[id]; !known || !added {
			m.add = append(m.add, id)
		}
		m.in[id] = true
	}
}

func (m *membership) drop(ids ...string) {
	for _, id := range ids {
		m.in[id] = false
	}
}

func (m *membership) set(ids ...string) {
	m.replace, m.add, m.in = true, nil, map[string]bool{}
	m.insert(ids...)
}

// change is the difference, nil when there is none.
func (m *membership) change(group string) *record.MembershipChange {
	if !m.replace && len(m.in) == 0 {
		return nil
	}
	c := &record.MembershipChange{Replace: m.replace, Add: record.DirectoryMembers{GroupID: group}, Remove: record.DirectoryMembers{GroupID: group}}
	done := map[string]bool{}
	for _, id := range m.add {
		if m.in[id] && !done[id] {
			done[id] = true
			c.Add.OtherIDs = append(c.Add.OtherIDs, id)
		}
	}
	if !m.replace {
		for id, added := range m.in {
			if !added {
				c.Remove.OtherIDs = append(c.Remove.OtherIDs, id)
			}
		}
	}
	return c
}

// current are the members as the operations so far leave them.
func (m *membership) current() ([]any, error) {
	var now []any
	seen := map[string]bool{}
	if !m.replace {
		stored, err := m.load()
		if err != nil {
			return nil, err
		}
		m.loaded = true
		for _, e := range stored {
			id := text(e.(value.Object), "value")
			if added, known := m.in[id]; !known || added {
				now = append(now, e)
				seen[id] = true
			}
		}
	}
	for _, id := range m.add {
		if m.in[id] && !seen[id] {
			seen[id] = true
			now = append(now, value.Object{{Name: "value", Value: id}})
		}
	}
	return now, nil
}

// idsOf are the ids in a value of members: objects, plain ids, one or several.
func idsOf(a *schema.Attribute, v any) ([]string, error) {
	if one, ok := v.(string); ok {
		v = []any{one}
	}
	c, err := a.Canonical(v)
	if err != nil {
		return nil, err
	}
	list, _ := c.([]any)
	var ids []string
	for _, e := range list {
		id := strings.TrimSpace(text(e.(value.Object), "value"))
		if id == "" {
			return nil, bad(invalidValue, "A member needs a value: the id of a user or a group.")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// named are the ids that a filter names outright: value eq "x", or several with or.
// Others have to be looked for.
func named(n filter.Node) (ids []string, ok bool) {
	switch x := n.(type) {
	case *filter.Compare:
		ok = x.Op == filter.Eq && x.Literal.Value != nil && (strings.EqualFold(x.Path, "value") || strings.EqualFold(x.Path, "members.value"))
		return []string{x.Literal.Text}, ok
	case filter.Or:
		for _, part := range x {
			more, ok := named(part)
			if !ok {
				return nil, false
			}
			ids = append(ids, more...)
		}
		return ids, true
	}
	return nil, false
}

// patch applies one operation that is aimed at members.
func (m *membership) patch(op *operation, t target) error {
	added := t.Sub != nil && t.Sub.Name == "value" && op.verb == verbAdd && t.filter == nil
	removed := t.Sub != nil && t.Sub.Name == "value" && op.verb == verbRemove && t.filter != nil
	if t.Sub != nil && !added && !removed {
		return bad(mutability, "members.%s cannot be changed; add and remove members instead.", t.Sub.Name)
	}
	if t.filter != nil {
		return m.patchSome(op, t)
	}
	if op.verb != verbAdd && op.value == nil {
		m.set()
		return nil
	}
	ids, err := idsOf(t.Attr, op.value)
	if err != nil {
		return err
	}
	switch op.verb {
	case verbAdd:
		m.insert(ids...)
	case verbRemove:
		m.drop(ids...)
	default:
		m.set(ids...)
	}
	return nil
}

// patchSome applies an operation to the members that a filter chooses.
func (m *membership) patchSome(op *operation, t target) error {
	ids, outright := named(t.filter)
	switch {
	case op.verb == verbRemove && outright:
		m.drop(ids...)
		return nil
	case op.verb == verbAdd && outright:
		if more, err := idsOf(t.Attr, op.value); err == nil {
			ids = append(ids, more...)
		}
		m.insert(ids...)
		return nil
	}
	found, err := m.matching(t.Attr, t.filter)
	switch {
	case err != nil:
		return err
	case op.verb == verbRemove:
		m.drop(found...)
		return nil
	case len(found) == 0:
		return bad(noTarget, "No member meets the filter of the path.")
	}
	if ids, err = idsOf(t.Attr, op.value); err != nil {
		return err
	}
	if op.verb == verbReplace {
		m.drop(found...)
	}
	m.insert(ids...)
	return nil
}

func (m *membership) matching(a *schema.Attribute, n filter.Node) ([]string, error) {
	meets, err := filter.Elements(a, n)
	if err != nil {
		return nil, err
	}
	now, err := m.current()
	var ids []string
	for _, e := range now {
		if meets(e) {
			ids = append(ids, text(e.(value.Object), "value"))
		}
	}
	return ids, err
}

// memberPage is how many members one call asks for.
const memberPage = 1000

func membersCall(group, after string) record.DirectoryCall {
	return record.DirectoryCall{Kind: "group", Members: &record.MembersQuery{GroupID: group, After: after, Limit: memberPage, Names: true}}
}

// membersOf reads all the members of a group, as the members attribute shows them. first
// is the reply with the first page, if there has been one.
func (e *Engine) membersOf(ctx context.Context, f *face, group string, first *record.DirectoryReply) (out []any, err error) {
	for after := ""; ; {
		var r record.DirectoryReply
		if first != nil {
			r, first = *first, nil
		} else if r, err = e.directory.Call(ctx, membersCall(group, after)); err != nil {
			return nil, err
		}
		out = e.shownMembers(f, out, r.Members)
		if after = r.Next; after == "" {
			return out, nil
		}
	}
}

func (e *Engine) shownMembers(f *face, out []any, m record.DirectoryMembers) []any {
	names := m.Names
	list := func(t *schema.ResourceType, ids []string) {
		for _, id := range ids {
			o := value.Object{{Name: "value", Value: id}, {Name: "$ref", Value: f.location(t, id)}}
			if len(names) > 0 {
				if names[0] != "" {
					o = append(o, value.Member{Name: "display", Value: names[0]})
				}
				names = names[1:]
			}
			out = append(out, append(o, value.Member{Name: "type", Value: t.Name}))
		}
	}
	list(e.types[0], m.UserIDs)
	list(e.types[1], m.ChildIDs)
	for _, id := range m.OtherIDs {
		out = append(out, value.Object{{Name: "value", Value: id}})
	}
	return out
}
