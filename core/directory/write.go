package directory

import (
	"bytes"
	"errors"
	"slices"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// put makes or replaces an entry. One that is the same already is left alone. An id
// does not change its kind, not even after its entry was deleted: whoever follows the
// changes would not see the old one go.
func (w *work) put(kind store.EntryKind, c *pluginhost.DirectoryCall, reply *pluginhost.DirectoryReply) error {
	e := store.Entry{Endpoint: w.d.ep, Kind: kind, Document: c.Put.Document}
	switch u, g := c.Put.User, c.Put.Group; {
	case kind == store.UserEntry && u != nil:
		e.ID, e.Name, e.Record = u.ID, firstOf(u.DisplayName, u.Username, u.Email), identity.AppendUser(nil, u)
	case kind == store.GroupEntry && g != nil:
		e.ID, e.Name, e.Record = g.ID, g.Name, identity.AppendGroup(nil, g)
	default:
		return refusal(pluginhost.ReasonInvalid, "", "the record is not of the call's kind")
	}
	if e.ID == "" {
		return refusal(pluginhost.ReasonInvalid, "", "a record needs an id")
	}
	old, err := w.r.Entry(w.d.ep, e.ID)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	there := known && old.Kind == kind && !old.Gone
	switch {
	case known && old.Kind != kind && old.Kind != store.PendingEntry:
		return refusal(pluginhost.ReasonConflict, pluginhost.ConflictUniqueness, "the id is that of another kind of record")
	case c.IfVersion != "" && !there:
		return refusal(pluginhost.ReasonNotFound, "", "there is no such record")
	}
	if err := at(&old, c.IfVersion); err != nil {
		return err
	}
	keys := keysOf(c.Put.Keys)
	if kind == store.UserEntry {
		keys = append(keys, ownKeys(c.Put.User)...)
	}
	if err := w.unique(kind, old.N, keys); err != nil {
		return err
	}
	if there && bytes.Equal(old.Record, e.Record) && bytes.Equal(old.Document, e.Document) {
		w.showPut(reply, &old, c) // its keys follow from its document
		return nil
	}
	seq, now, err := w.change()
	if err != nil {
		return err
	}
	e.N, e.Created, e.Position = old.N, old.Created, old.Position
	if !known {
		e.N = w.d.store.NewIDs(1)
	}
	if !there {
		e.Created, e.Position = now, seq
	}
	e.Seq, e.Modified = seq, now
	if err := w.tx.PutEntry(e, keys); err != nil {
		return err
	}
	if known && !there {
		if err := w.arrived(e.N); err != nil {
			return err
		}
	}
	w.made = !known
	w.showPut(reply, &e, c)
	return nil
}

// showPut puts what the caller has put into a reply.
func (w *work) showPut(reply *pluginhost.DirectoryReply, e *store.Entry, c *pluginhost.DirectoryCall) {
	if w.bare {
		bare := *e
		bare.Document = nil
		w.show(reply, &bare, &identity.User{ID: e.ID}, &identity.Group{ID: e.ID})
		return
	}
	w.show(reply, e, c.Put.User, c.Put.Group)
}

// arrived makes memberships of an id that named nothing so far those of an entry: they
// count as changed now, and so do their groups.
func (w *work) arrived(n store.ID) error {
	in, err := w.r.GroupsWith([]store.ID{n})
	if err != nil || len(in) == 0 {
		return err
	}
	seq, _, err := w.change()
	if err != nil {
		return err
	}
	return errors.Join(w.tx.PutEntryMembers(w.d.ep, seq, in), w.touchGroupsOf(n))
}

func firstOf(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

func keysOf(keys []pluginhost.IndexKey) []store.EntryKey {
	out := make([]store.EntryKey, len(keys))
	for i, k := range keys {
		out[i] = store.EntryKey{Attribute: k.Attribute, Value: k.Value, Unique: k.Unique}
	}
	return out
}

// unique refuses keys that another entry of the kind has.
func (w *work) unique(kind store.EntryKind, self store.ID, keys []store.EntryKey) error {
	for _, k := range keys {
		if !k.Unique {
			continue
		}
		n, err := w.r.EntryWith(w.d.ep, kind, k)
		if err != nil {
			return err
		}
		if n != 0 && n != self {
			return refusal(pluginhost.ReasonConflict, pluginhost.ConflictUniqueness, "another record has the same %s", k.Attribute)
		}
	}
	return nil
}

// remove deletes an entry: it leaves every group, and a group loses its members.
func (w *work) remove(kind store.EntryKind, c *pluginhost.DirectoryCall) error {
	e, err := w.there(kind, c.Delete)
	if err != nil {
		return err
	}
	if err := at(&e, c.IfVersion); err != nil {
		return err
	}
	seq, now, err := w.change()
	if err != nil {
		return err
	}
	if err := w.touchGroupsOf(e.N); err != nil {
		return err
	}
	in, err := w.r.GroupsWith([]store.ID{e.N})
	if err != nil {
		return err
	}
	if err := w.end(in); err != nil {
		return err
	}
	if kind == store.GroupEntry {
		for {
			members, err := w.r.EntryMembers(e.N, 0, mostMembers)
			if err != nil {
				return err
			}
			if len(members) == 0 {
				break
			}
			if err := w.end(members); err != nil {
				return err
			}
		}
	}
	e.Gone, e.Seq, e.Modified, e.Record, e.Document = true, seq, now, nil, nil
	return w.tx.PutEntry(e, []store.EntryKey{})
}

// end ends memberships.
func (w *work) end(ms []store.EntryMember) error {
	seq, _, err := w.change()
	if err != nil {
		return err
	}
	ended := slices.Clone(ms)
	for i := range ended {
		ended[i].Gone = true
	}
	return w.tx.PutEntryMembers(w.d.ep, seq, ended)
}

// touchGroupsOf gives the groups that an entry is in a new version.
func (w *work) touchGroupsOf(n store.ID) error {
	in, err := w.r.GroupsWith([]store.ID{n})
	if err != nil || len(in) == 0 {
		return err
	}
	groups := make([]store.ID, len(in))
	for i, m := range in {
		groups[i] = m.Group
	}
	seq, now, err := w.change()
	if err != nil {
		return err
	}
	return w.tx.TouchEntries(groups, seq, now)
}
