package engine

import (
	"bytes"
	"net/http"
	"slices"

	"syncgateway/plugins/scim/engine/kept"
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// attempts is how often a change is tried again that somebody else's came before.
const attempts = 10

// incoming is a resource that a client sent, ready to be stored under an id.
type incoming struct {
	t       *schema.ResourceType
	id      string
	doc     value.Object
	members []string
}

// incoming reads a resource from a body.
func (c *call) incoming(t *schema.ResourceType, id string, in value.Object) (*incoming, error) {
	if err := c.face.checkSchemas(in, t.Core.ID); err != nil {
		return nil, err
	}
	doc, err := t.Document(in)
	if err != nil {
		return nil, err
	}
	r := &incoming{t: t, id: id}
	if a := relationOf(t); a.Mutability != schema.ReadOnly {
		if r.members, err = idsOf(a, doc.Get(a.Name)); err != nil {
			return nil, err
		}
		doc.Set(a.Name, nil)
	}
	r.doc = doc
	return r, nil
}

// calls make the resource: the entry, and its members.
func (r *incoming) calls() ([]record.DirectoryCall, error) {
	doc, err := r.t.Finish(r.doc)
	if err != nil {
		return nil, err
	}
	calls := []record.DirectoryCall{{Kind: r.t.Kind, Put: entryOf(r.t, r.id, doc)}}
	if len(r.members) > 0 {
		m := newMembership(nil)
		m.insert(r.members...)
		calls = append(calls, record.DirectoryCall{Kind: r.t.Kind, ChangeMembers: m.change(r.id)})
	}
	return calls, nil
}

// create makes a resource under an id that is new.
func (c *call) create(t *schema.ResourceType, id string, in value.Object) (*reply, error) {
	r, err := c.incoming(t, id, in)
	if err != nil {
		return nil, err
	}
	calls, err := r.calls()
	if err != nil {
		return nil, err
	}
	p := project(t, c.selection)
	made, err := c.run(t, id, calls, p)
	if err != nil {
		return nil, explain(err, t, id)
	}
	return c.single(http.StatusCreated, made, p)
}

// run makes the calls, all or none, and returns the resource with what the projection
// needs of it. The last call that has an entry is what it then is.
func (c *call) run(t *schema.ResourceType, id string, calls []record.DirectoryCall, p *projection) (*resource, error) {
	needs := p != nil && p.wants(relationOf(t))
	if t.Kind == "user" {
		calls[len(calls)-1].Memberships = needs
	} else if needs {
		calls = append(slices.Clip(calls), membersCall(id, ""))
	}
	r, moment, err := c.callAbout(id, calls)
	if err != nil {
		return nil, err
	}
	out := &resource{t: t, entry: r.Entries[len(r.Entries)-1], moment: moment}
	if put := calls[0].Put; put != nil && out.entry.Document == nil {
		out.entry.Document = put.Document
	}
	switch {
	case needs && t.Kind == "user":
		out.relation = c.engine.groupsOf(c.face, id, r.Memberships)
	case needs:
		out.relation, err = c.engine.membersOf(c.ctx, c.face, id, &r)
	}
	return out, err
}

// call makes one call, or a transaction of several.
func (c *call) call(calls []record.DirectoryCall) (record.DirectoryReply, error) {
	r, _, err := c.callAbout("", calls)
	return r, err
}

// callAbout is call, with the moment at which the reply shows the resource with the id.
func (c *call) callAbout(id string, calls []record.DirectoryCall) (record.DirectoryReply, kept.Moment, error) {
	one := calls[0]
	if len(calls) > 1 {
		one = record.DirectoryCall{Transaction: calls}
	}
	r, moment, err := c.engine.directory.about(c.ctx, id, one)
	if err == nil && len(r.Entries) == 0 && one.Query == nil && one.Delete == "" {
		err = errDocument
	}
	return r, moment, err
}

// read is a resource as it is, with what the projection needs.
func (c *call) read(t *schema.ResourceType, id string, p *projection) (*resource, error) {
	r, err := c.run(t, id, []record.DirectoryCall{{Kind: t.Kind, Get: id}}, p)
	if err != nil {
		return nil, explain(err, t, id)
	}
	return r, nil
}

// edit is a change to a resource that is there: the new document, and through m the
// change of members.
type edit func(old value.Object, m *membership) (value.Object, error)

// update changes a resource under its version: it is read, the preconditions are looked
// at, the change is made, and stored unless somebody came between, in which case all is
// done again. What changes nothing is not stored.
func (c *call) update(t *schema.ResourceType, id string, p *projection, change edit) (*resource, error) {
	defer c.engine.writing(id)()
	for try := 1; ; try++ {
		r, err := c.updateOnce(t, id, p, change)
		if !isVersionConflict(err) {
			if err != nil {
				return nil, explain(err, t, id)
			}
			return r, nil
		}
		if try == attempts {
			return nil, &Error{Status: http.StatusServiceUnavailable, Detail: "Too many others change this resource now; try again.", RetryAfter: 1e9}
		}
	}
}

func (c *call) updateOnce(t *schema.ResourceType, id string, p *projection, change edit) (*resource, error) {
	got, err := c.call([]record.DirectoryCall{{Kind: t.Kind, Get: id}})
	if err != nil {
		return nil, err
	}
	entry := got.Entries[0]
	if err := c.precondition(entry.Version); err != nil {
		return nil, err
	}
	old, err := document(&entry)
	if err != nil {
		return nil, err
	}
	m := newMembership(func() ([]any, error) { return c.engine.membersOf(c.ctx, c.face, id, nil) })
	doc, err := change(old, m)
	if err != nil {
		return nil, err
	}
	if doc, err = t.Finish(doc); err != nil {
		return nil, err
	}
	var calls []record.DirectoryCall
	if put := entryOf(t, id, doc); !bytes.Equal(put.Document, entry.Document) {
		calls = append(calls, record.DirectoryCall{Kind: t.Kind, Put: put, IfVersion: entry.Version})
	}
	if members := m.change(id); members != nil {
		one := record.DirectoryCall{Kind: t.Kind, ChangeMembers: members}
		if calls == nil && (m.loaded || c.conditional()) {
			one.IfVersion = entry.Version
		}
		calls = append(calls, one)
	}
	if calls != nil {
		return c.run(t, id, calls, p)
	}
	if p == nil || !p.wants(relationOf(t)) {
		return &resource{t: t, entry: entry}, nil
	}
	return c.run(t, id, []record.DirectoryCall{{Kind: t.Kind, Get: id}}, p)
}

// replace is PUT: what is left out is cleared, what is readOnly ignored, what is
// immutable stays.
func (c *call) replace(t *schema.ResourceType, id string, in value.Object) (*reply, error) {
	r, err := c.incoming(t, id, in)
	if err != nil {
		return nil, err
	}
	p := project(t, c.selection)
	made, err := c.update(t, id, p, func(old value.Object, m *membership) (value.Object, error) {
		doc, conflict := t.Keep(old, r.doc)
		if conflict != "" {
			return nil, fixed(conflict)
		}
		if relationOf(t).Mutability != schema.ReadOnly {
			m.set(r.members...)
		}
		return doc, nil
	})
	if err != nil {
		return nil, err
	}
	return c.single(http.StatusOK, made, p)
}

// modify is PATCH. Users are answered with the resource; groups with it only when
// attributes are asked for, as theirs may be large.
func (c *call) modify(t *schema.ResourceType, id string, in value.Object) (*reply, error) {
	plan, quick, err := c.planned(t, id, in)
	if err != nil {
		return nil, err
	}
	var p *projection
	if t.Kind == "user" || c.selection.given() {
		p = project(t, c.selection)
	}
	var made *resource
	if change := quick.change(id); change != nil && !c.conditional() {
		made, err = c.run(t, id, []record.DirectoryCall{{Kind: t.Kind, ChangeMembers: change}}, p)
		err = explain(err, t, id)
	} else {
		made, err = c.update(t, id, p, plan)
	}
	if err != nil {
		return nil, err
	}
	if p == nil {
		return c.noContent(made), nil
	}
	return c.single(http.StatusOK, made, p)
}

// planned reads the body of a PATCH. quick is the change when it concerns nothing but
// members that are named: then nothing has to be read first.
func (c *call) planned(t *schema.ResourceType, id string, in value.Object) (plan edit, quick *membership, err error) {
	apply := func(p *patcher) error { return p.partial(c.face, in) }
	if !c.face.v1 {
		ops, err := operations(c.face, in, c.lenient)
		if err == nil {
			err = (&patcher{t: t}).aim(ops)
		}
		if err != nil {
			return nil, nil, err
		}
		apply = func(p *patcher) error { return p.all(ops) }
	}
	quick = newMembership(func() ([]any, error) { return nil, errNotQuick })
	if relationOf(t).Mutability != schema.ReadOnly {
		untouched := value.Object{}
		p := &patcher{t: t, id: id, doc: untouched, members: quick, membersOnly: true}
		if err := apply(p); err != nil {
			quick = newMembership(nil)
		}
	}
	return func(old value.Object, m *membership) (value.Object, error) {
		p := &patcher{t: t, id: id, doc: old, members: m}
		if relationOf(t).Mutability == schema.ReadOnly {
			p.members = nil
		}
		if err := apply(p); err != nil {
			return nil, err
		}
		if conflict := t.Changed(old, p.doc); conflict != "" {
			return nil, fixed(conflict)
		}
		return p.doc, nil
	}, quick, nil
}

func fixed(attribute string) error {
	return bad(mutability, "%s cannot be changed once it is set.", attribute)
}

var errNotQuick = refuse(http.StatusInternalServerError, "The members have to be read first.")

// remove is DELETE.
func (c *call) remove(t *schema.ResourceType, id string) (*reply, error) {
	one := record.DirectoryCall{Kind: t.Kind, Delete: id}
	for try := 1; ; try++ {
		if c.conditional() {
			got, err := c.call([]record.DirectoryCall{{Kind: t.Kind, Get: id}})
			if err == nil {
				err = c.precondition(got.Entries[0].Version)
			}
			if err != nil {
				return nil, explain(err, t, id)
			}
			one.IfVersion = got.Entries[0].Version
		}
		_, err := c.engine.directory.Call(c.ctx, one)
		if err == nil {
			return &reply{status: http.StatusNoContent}, nil
		}
		if !isVersionConflict(err) || try == attempts {
			return nil, explain(err, t, id)
		}
	}
}
