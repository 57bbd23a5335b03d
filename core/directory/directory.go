// Package directory keeps what clients push through a listener plugin: users, groups
// and who is in which group, durably, before anybody is told that it was kept. It
// answers the plugin's calls, and it is the source that a sync reads. It knows nothing
// of SCIM; documents are opaque to it.
package directory

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// Directory is the directory of one source. It is safe for concurrent use.
type Directory struct {
	store   store.Store
	ep      store.EndpointID
	commits *Committer
	now     func() time.Time
	changed func() // tells that something was committed; must not block
}

// Open returns the directory of an endpoint. changed is called after every commit that
// changed something, and may be nil; it must not block.
func Open(st store.Store, ep store.EndpointID, c *Committer, now func() time.Time, changed func()) *Directory {
	if changed == nil {
		changed = func() {}
	}
	return &Directory{store: st, ep: ep, commits: c, now: now, changed: changed}
}

// Limits of what one answer holds.
const (
	mostEntries = 1000
	mostMembers = 100_000
)

// Call implements pluginhost.Directory. A refusal is a *pluginhost.Failure; a write
// that returns without error is committed.
func (d *Directory) Call(ctx context.Context, c pluginhost.DirectoryCall) (reply pluginhost.DirectoryReply, err error) {
	if writes(&c) {
		changed := false
		err = d.commits.Do(ctx, func(tx store.Tx) error {
			w := &work{d: d, r: tx, tx: tx}
			reply, err = w.do(&c)
			changed = w.changed
			var refused *pluginhost.Failure
			if w.changed && c.Transaction == nil && errors.As(err, &refused) {
				err = fmt.Errorf("it was refused when something had been written: %s", refused.Message)
			}
			return err
		})
		if err == nil && changed {
			d.changed()
		}
	} else {
		ask := d.store.Look
		if c.Transaction != nil {
			ask = d.store.View
		}
		// A context that can end costs a goroutine for every statement, and these are short.
		err = ask(context.WithoutCancel(ctx), func(r store.Reader) error {
			w := &work{d: d, r: r}
			reply, err = w.do(&c)
			return err
		})
	}
	if err != nil {
		return pluginhost.DirectoryReply{}, err
	}
	return reply, nil
}

// Hint implements pluginhost.Directory: what is in the directory is known already, so
// a hint is a wish to be looked at.
func (d *Directory) Hint([]string, []string) { d.changed() }

func writes(c *pluginhost.DirectoryCall) bool {
	for i := range c.Transaction {
		if writes(&c.Transaction[i]) {
			return true
		}
	}
	return c.Put != nil || c.Delete != "" || c.ChangeMembers != nil
}

// work is one call on its way, or one transaction of them.
type work struct {
	d   *Directory
	r   store.Reader
	tx  store.Tx // nil while only reading
	seq int64    // of this call's change; 0: it has not changed anything
	at  time.Time

	changed bool // this call, or one before it in the transaction, changed something

	found []store.ID // the entries of the reply that is being made
	bare  bool       // the caller needs no records
	made  bool       // by this call, of an id that nobody has named before: it is in no group
}

// change numbers what this call changes, once. Every call of a transaction has a number
// of its own: no two entries are at one position.
func (w *work) change() (seq int64, at time.Time, err error) {
	if w.changed = true; w.seq == 0 {
		w.at = w.d.now().UTC().Truncate(time.Microsecond) // as it will be read back
		w.seq, err = w.tx.NextSeq(w.d.ep)
	}
	return w.seq, w.at, err
}

// do carries out one call.
func (w *work) do(c *pluginhost.DirectoryCall) (pluginhost.DirectoryReply, error) {
	if len(c.Transaction) > 0 {
		return w.all(c.Transaction)
	}
	kind, err := kindOf(c.Kind)
	if err != nil {
		return pluginhost.DirectoryReply{}, err
	}
	var reply pluginhost.DirectoryReply
	w.found, w.made, w.bare = w.found[:0], false, c.Bare
	switch {
	case c.Put != nil:
		err = w.put(kind, c, &reply)
	case c.Delete != "":
		err = w.remove(kind, c)
	case c.ChangeMembers != nil:
		err = w.changeMembers(c, &reply)
	case c.Query != nil:
		err = w.query(kind, c.Query, &reply)
	case c.Members != nil:
		err = w.members(c.Members, &reply)
	default:
		var e store.Entry
		if e, err = w.there(kind, c.Get); err == nil {
			err = w.add(&reply, e)
		}
	}
	if err == nil && c.Memberships && !w.made {
		err = w.memberships(&reply)
	}
	return reply, err
}

// all makes all calls or none.
func (w *work) all(calls []pluginhost.DirectoryCall) (reply pluginhost.DirectoryReply, err error) {
	if w.tx == nil {
		return w.transaction(calls)
	}
	err = w.tx.Part(func() error {
		reply, err = w.transaction(calls)
		return err
	})
	return reply, err
}

// transaction makes calls one after the other, up to the first that is refused.
func (w *work) transaction(calls []pluginhost.DirectoryCall) (all pluginhost.DirectoryReply, err error) {
	for i := range calls {
		w.seq = 0
		reply, err := w.do(&calls[i])
		if err != nil {
			return all, err
		}
		all.Entries = append(all.Entries, reply.Entries...)
		all.Memberships = append(all.Memberships, reply.Memberships...)
		if calls[i].Members != nil {
			all.Members, all.Next = reply.Members, reply.Next
		}
		if calls[i].Query != nil {
			all.Total, all.Next = reply.Total, reply.Next
		}
	}
	return all, nil
}

func kindOf(name string) (store.EntryKind, error) {
	switch name {
	case "user":
		return store.UserEntry, nil
	case "group":
		return store.GroupEntry, nil
	}
	return 0, refusal(pluginhost.ReasonInvalid, "", "there is no kind %q", name)
}

func refusal(reason pluginhost.Reason, code, format string, args ...any) error {
	return &pluginhost.Failure{Reason: reason, RemoteCode: code, Message: fmt.Sprintf(format, args...)}
}

// there is the entry of that kind and id, or ReasonNotFound.
func (w *work) there(kind store.EntryKind, id string) (store.Entry, error) {
	e, err := w.r.Entry(w.d.ep, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (e.Kind != kind || e.Gone) {
		return e, refusal(pluginhost.ReasonNotFound, "", "there is no such record")
	}
	return e, err
}

// at refuses unless the entry is at the version that was asked for.
func at(e *store.Entry, version string) error {
	if version != "" && version != strconv.FormatInt(e.Seq, 10) {
		return refusal(pluginhost.ReasonConflict, pluginhost.ConflictVersion, "the record has changed since")
	}
	return nil
}

// add puts an entry into a reply.
func (w *work) add(reply *pluginhost.DirectoryReply, e store.Entry) error {
	if w.bare {
		w.show(reply, &e, &identity.User{ID: e.ID}, &identity.Group{ID: e.ID})
		return nil
	}
	if e.Kind == store.UserEntry {
		u, err := identity.DecodeUser(e.Record)
		if err != nil {
			return fmt.Errorf("read a user of the directory: %w", err)
		}
		w.show(reply, &e, &u, nil)
		return nil
	}
	g, err := identity.DecodeGroup(e.Record)
	if err != nil {
		return fmt.Errorf("read a group of the directory: %w", err)
	}
	w.show(reply, &e, nil, &g)
	return nil
}

// show puts an entry into a reply, with the record of its kind.
func (w *work) show(reply *pluginhost.DirectoryReply, e *store.Entry, u *identity.User, g *identity.Group) {
	if e.Kind == store.UserEntry {
		g = nil
	} else {
		u = nil
	}
	reply.Entries = append(reply.Entries, pluginhost.Entry{User: u, Group: g, Document: e.Document, Version: strconv.FormatInt(e.Seq, 10),
		Created: e.Created, Modified: e.Modified, Position: position(e.Position)})
	w.found = append(w.found, e.N)
}

// position writes a number so that numbers compare as their texts do.
func position(n int64) string { return fmt.Sprintf("%016x", n) }

func positionOf(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 16, 64)
	if err != nil || n < 0 {
		return 0, refusal(pluginhost.ReasonInvalid, "", "a page begins behind a position of this directory")
	}
	return n, nil
}
