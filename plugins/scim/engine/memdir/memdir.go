// Package memdir is a directory in memory that keeps the contract of the gateway's own:
// versions, unique keys, memberships, all-or-nothing transactions. Tests of listeners run
// on it. It forgets everything when the process ends.
package memdir

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"syncgateway/sdk/record"
)

// Directory is the directory. New makes one.
type Directory struct {
	mu      sync.Mutex
	now     func() time.Time
	count   uint64 // versions and positions given out
	entries map[string]*entry
	order   []*entry // by position; deleted ones are nil
	byKey   map[key]map[string]*entry
	groups  map[string]*idSet // group: its members
	within  map[string]*idSet // member: the groups it is directly in
	undo    []func()
	calls   int
}

type entry struct {
	record.Entry
	kind string
	at   int // in order
}

type key struct{ kind, attribute, value string }

// New makes an empty directory that takes the time from now.
func New(now func() time.Time) *Directory {
	return &Directory{now: now, entries: map[string]*entry{}, byKey: map[key]map[string]*entry{}, groups: map[string]*idSet{}, within: map[string]*idSet{}}
}

// Calls is how many calls there were; a transaction is one.
func (d *Directory) Calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}

// Call makes one call.
func (d *Directory) Call(ctx context.Context, c record.DirectoryCall) (record.DirectoryReply, error) {
	if err := ctx.Err(); err != nil {
		return record.DirectoryReply{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	d.undo = nil
	reply, err := d.transaction(c)
	if err != nil {
		for i := len(d.undo) - 1; i >= 0; i-- {
			d.undo[i]()
		}
		return record.DirectoryReply{}, err
	}
	return reply, nil
}

func (d *Directory) transaction(c record.DirectoryCall) (all record.DirectoryReply, err error) {
	if c.Transaction == nil {
		return d.one(c)
	}
	for _, part := range c.Transaction {
		r, err := d.one(part)
		if err != nil {
			return all, err
		}
		all.Entries, all.Memberships = append(all.Entries, r.Entries...), append(all.Memberships, r.Memberships...)
		if part.Members != nil {
			all.Members, all.Total, all.Next = r.Members, r.Total, r.Next
		}
	}
	return all, nil
}

func (d *Directory) one(c record.DirectoryCall) (r record.DirectoryReply, err error) {
	switch {
	case c.Put != nil:
		r.Entries, err = d.put(c)
	case c.Delete != "":
		err = d.remove(c)
	case c.ChangeMembers != nil:
		r.Entries, err = d.change(c)
	case c.Query != nil:
		r, err = d.query(c.Kind, c.Query), nil
	case c.Members != nil:
		r, err = d.members(c.Members)
	default:
		var e *entry
		if e, err = d.at(c.Kind, c.Get, c.IfVersion); err == nil {
			r.Entries = []record.Entry{e.shown()}
		}
	}
	for i := range r.Entries {
		if c.Bare {
			bare(&r.Entries[i], c.Put != nil)
		}
	}
	if c.Memberships && err == nil {
		for i := range r.Entries {
			r.Memberships = append(r.Memberships, d.memberships(r.Entries[i].ID())...)
		}
	}
	return r, err
}

// bare takes away what the reply to a bare call may lack.
func bare(e *record.Entry, put bool) {
	if e.User != nil {
		e.User = &record.User{ID: e.User.ID}
	} else {
		e.Group = &record.Group{ID: e.Group.ID}
	}
	if put {
		e.Document = nil
	}
}

func (e *entry) shown() record.Entry {
	shown := e.Entry
	shown.Keys = nil
	return shown
}

func (d *Directory) at(kind, id, version string) (*entry, error) {
	e := d.entries[id]
	if e == nil || e.kind != kind {
		return nil, record.Fail(record.ReasonNotFound, "there is no such entry")
	}
	if version != "" && version != e.Version {
		return nil, &record.Failure{Reason: record.ReasonConflict, RemoteCode: record.ConflictVersion, Message: "the entry is at another version"}
	}
	return e, nil
}

func (d *Directory) next() uint64 {
	d.count++
	return d.count
}

func (d *Directory) put(c record.DirectoryCall) ([]record.Entry, error) {
	id := c.Put.ID()
	for _, k := range c.Put.Keys {
		for other, e := range d.byKey[key{c.Kind, k.Attribute, k.Value}] {
			if k.Unique && other != id && e.unique(k) {
				return nil, &record.Failure{Reason: record.ReasonConflict, RemoteCode: record.ConflictUniqueness, Message: "another entry has the same " + k.Attribute}
			}
		}
	}
	made := &entry{Entry: *c.Put, kind: c.Kind}
	made.Version, made.Modified = strconv.FormatUint(d.next(), 10), d.now()
	old, err := d.at(c.Kind, id, c.IfVersion)
	switch {
	case err == nil:
		made.Created, made.Position, made.at = old.Created, old.Position, old.at
		d.unlink(old)
	case c.IfVersion != "" || d.entries[id] != nil:
		return nil, err
	default:
		made.Created, made.at = made.Modified, len(d.order)
		made.Position = fmt.Sprintf("%016x", d.next())
		d.order = append(d.order, nil)
	}
	d.link(made)
	return []record.Entry{made.shown()}, nil
}

func (e *entry) unique(k record.IndexKey) bool {
	for _, own := range e.Keys {
		if own == k {
			return true
		}
	}
	return false
}

// link and unlink put an entry into every index and take it out, and can be undone.
func (d *Directory) link(e *entry) {
	d.entries[e.ID()], d.order[e.at] = e, e
	for _, k := range e.Keys {
		at := key{e.kind, k.Attribute, k.Value}
		if d.byKey[at] == nil {
			d.byKey[at] = map[string]*entry{}
		}
		d.byKey[at][e.ID()] = e
	}
	d.undo = append(d.undo, func() { d.unlink(e) })
}

func (d *Directory) unlink(e *entry) {
	delete(d.entries, e.ID())
	d.order[e.at] = nil
	for _, k := range e.Keys {
		at := key{e.kind, k.Attribute, k.Value}
		if delete(d.byKey[at], e.ID()); len(d.byKey[at]) == 0 {
			delete(d.byKey, at)
		}
	}
	d.undo = append(d.undo, func() { d.link(e) })
}

func (d *Directory) remove(c record.DirectoryCall) error {
	e, err := d.at(c.Kind, c.Delete, c.IfVersion)
	if err != nil {
		return err
	}
	for _, group := range d.within[c.Delete].list() {
		d.drop(group, c.Delete)
		d.touch(group)
	}
	for _, member := range d.groups[c.Delete].list() {
		d.drop(c.Delete, member)
	}
	d.unlink(e)
	return nil
}

// touch gives an entry a new version.
func (d *Directory) touch(id string) {
	old := d.entries[id]
	made := *old
	made.Version, made.Modified = strconv.FormatUint(d.next(), 10), d.now()
	d.unlink(old)
	d.link(&made)
}

func (d *Directory) query(kind string, q *record.DirectoryQuery) (r record.DirectoryReply) {
	skip := q.Offset
	for _, e := range d.candidates(kind, q.All) {
		if e == nil || e.kind != kind || !d.meets(e, q.All) {
			continue
		}
		r.Total++
		if q.CountOnly || q.After != "" && e.Position <= q.After {
			continue
		}
		switch {
		case skip > 0:
			skip--
		case q.Limit == 0 || len(r.Entries) < q.Limit:
			r.Entries = append(r.Entries, e.shown())
		default:
			r.Next = r.Entries[len(r.Entries)-1].Position
		}
	}
	return r
}

// candidates are what may meet the conditions, in order.
func (d *Directory) candidates(kind string, all []record.Condition) []*entry {
	for _, c := range all {
		if c.Attribute == "id" {
			return []*entry{d.entries[c.Equals]}
		}
		if c.Attribute != "member" {
			found := d.byKey[key{kind, c.Attribute, c.Equals}]
			list := make([]*entry, 0, len(found))
			for _, e := range found {
				list = append(list, e)
			}
			return byPosition(list)
		}
	}
	return d.order
}

func (d *Directory) meets(e *entry, all []record.Condition) bool {
	for _, c := range all {
		switch c.Attribute {
		case "id":
			if e.ID() != c.Equals {
				return false
			}
		case "member":
			if !d.groups[e.ID()].has(c.Equals) {
				return false
			}
		default:
			if d.byKey[key{e.kind, c.Attribute, c.Equals}][e.ID()] == nil {
				return false
			}
		}
	}
	return true
}
