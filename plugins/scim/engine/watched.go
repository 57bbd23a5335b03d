package engine

import (
	"context"

	"syncgateway/plugins/scim/engine/kept"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// watched is the directory, with what is remembered of it. Every write passes through
// here and is announced.
type watched struct {
	directory Directory
	kept      *kept.Kept
}

// Call makes one call.
func (w *watched) Call(ctx context.Context, one record.DirectoryCall) (record.DirectoryReply, error) {
	r, _, err := w.about(ctx, "", one)
	return r, err
}

// about makes one call, and says at which moment its reply shows the resource with the
// id.
func (w *watched) about(ctx context.Context, id string, one record.DirectoryCall) (record.DirectoryReply, kept.Moment, error) {
	one.Bare = true // documents are all that is looked at
	for i := range one.Transaction {
		one.Transaction[i].Bare = true
	}
	users, others := changes(nil, nil, &one)
	if users == nil && others == nil {
		moment := w.kept.Now()
		r, err := w.directory.Call(ctx, one)
		return r, moment, err
	}
	write := w.kept.Begin(users, others)
	r, err := w.directory.Call(context.WithoutCancel(ctx), one) // whoever goes away, the answer is waited for
	return r, write.End(id), err
}

// changes adds the ids that a call changes something of: of users, and of what is or may
// be a group. A group that changes, or is in other groups than before, changes what its
// members show: they show it.
func changes(users, others []string, one *record.DirectoryCall) ([]string, []string) {
	id := one.Delete
	if one.Put != nil {
		id = one.Put.ID()
	}
	switch {
	case id != "" && one.Kind == "user":
		users = append(users, id)
	case id != "":
		others = append(others, id)
	case one.ChangeMembers != nil:
		m := one.ChangeMembers
		for _, list := range []*record.DirectoryMembers{&m.Add, &m.Remove} {
			others = append(append(append(others, list.UserIDs...), list.ChildIDs...), list.OtherIDs...)
		}
		if m.Replace { // whoever was in it
			others = append(others, m.Add.GroupID)
		}
	}
	for i := range one.Transaction {
		users, others = changes(users, others, &one.Transaction[i])
	}
	return users, others
}

// keeps reports whether the call shows resources of the type as they are kept: users,
// whole.
func (c *call) keeps(t *schema.ResourceType) bool { return t.Kind == "user" && !c.selection.given() }

// recall is what is kept under a key, if the call shows it like that.
func (c *call) recall(t *schema.ResourceType, k schema.Key) (kept.Shown, bool) {
	if !c.keeps(t) {
		return kept.Shown{}, false
	}
	return c.engine.directory.kept.Find(c.keptKey(k))
}

func (c *call) keptKey(k schema.Key) kept.Key {
	return kept.Key{Face: c.face.v1, Attribute: k.Attribute, Value: k.Value}
}

// recallOne answers a list that can have only one resource, if that is kept.
func (c *call) recallOne(scopes []*scope) *reply {
	s, q := scopes[0], &c.query
	if len(scopes) > 1 || !s.exact || len(s.branches) != 1 || len(s.branches[0]) != 1 || q.sortBy != "" || q.hasCursor || q.start > 1 || q.count < 1 {
		return nil
	}
	if k := s.branches[0][0]; k.Attribute == userName || k.Attribute == schema.KeyID {
		if one, ok := c.recall(s.t, k); ok {
			return c.page(1, "", []any{value.Encoded(one.Body)})
		}
	}
	return nil
}

// userName is the attribute that no two users ever share, however extensions were
// configured when they came.
const userName = "userName"

// show encodes a resource as the call shows it, and keeps it.
func (c *call) show(r *resource, p *projection) ([]byte, error) {
	full, err := r.full(c.face)
	if err != nil {
		return nil, err
	}
	body := value.Append(nil, c.face.shown(p.apply(full)))
	if !c.keeps(r.t) {
		return body, nil
	}
	id := r.entry.ID()
	keys := []kept.Key{c.keptKey(schema.Key{Attribute: schema.KeyID, Value: id})}
	if k, ok := (schema.Ref{Attr: r.t.Attribute(userName)}).Key(text(full, userName)); ok {
		keys = append(keys, c.keptKey(k))
	}
	groups := make([]string, len(r.relation))
	for i, g := range r.relation {
		groups[i] = text(g.(value.Object), "value")
	}
	c.engine.directory.kept.Keep(r.moment, kept.Shown{ID: id, Version: r.version(), Body: body}, keys, groups)
	return body, nil
}
