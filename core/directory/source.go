package directory

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// A Directory is read as any other source is: whole, or what changed since a cursor.
// A read is one snapshot, so it is always whole.

// pageRecords is how many records one page of a read has.
const pageRecords = 500

// ReadUsers reads the users.
func (d *Directory) ReadUsers(ctx context.Context, o pluginhost.ReadOptions, sink pluginhost.UserSink) (end pluginhost.End, err error) {
	err = d.store.View(ctx, func(r store.Reader) error {
		end, err = d.begin(r, o)
		if err != nil || end.Reset != "" {
			return err
		}
		return d.entries(ctx, r, o, store.UserEntry, func(page []store.Entry, gone []string) error {
			users := make([]pluginhost.UserRecord, len(page))
			for i, e := range page {
				u, err := identity.DecodeUser(e.Record)
				if err != nil {
					return fmt.Errorf("read a user of the directory: %w", err)
				}
				users[i] = pluginhost.NewUserRecord(u)
			}
			end.Count += uint64(len(page))
			return sink.Users(ctx, pluginhost.UserPage{Users: users, Removed: gone})
		})
	})
	return end, err
}

// ReadGroups reads the groups and who is in them.
func (d *Directory) ReadGroups(ctx context.Context, o pluginhost.ReadOptions, sink pluginhost.GroupSink) (end pluginhost.End, err error) {
	err = d.store.View(ctx, func(r store.Reader) error {
		end, err = d.begin(r, o)
		if err != nil || end.Reset != "" {
			return err
		}
		err := d.entries(ctx, r, o, store.GroupEntry, func(page []store.Entry, gone []string) error {
			groups := make([]pluginhost.GroupRecord, len(page))
			for i, e := range page {
				g, err := identity.DecodeGroup(e.Record)
				if err != nil {
					return fmt.Errorf("read a group of the directory: %w", err)
				}
				groups[i] = pluginhost.NewGroupRecord(g)
			}
			end.Count += uint64(len(page))
			return sink.Groups(ctx, pluginhost.GroupPage{Groups: groups, Removed: gone})
		})
		if err != nil {
			return err
		}
		if len(o.Delta) > 0 {
			return d.changedMembers(ctx, r, o, end, sink)
		}
		return d.allMembers(ctx, r, sink)
	})
	return end, err
}

// begin says where the read after this one goes on, and refuses a cursor that is of no
// use any more.
func (d *Directory) begin(r store.Reader, o pluginhost.ReadOptions) (pluginhost.End, error) {
	last, forgotten, err := r.DirectorySeq(d.ep)
	if err != nil {
		return pluginhost.End{}, err
	}
	if len(o.Delta) > 0 {
		since, err := strconv.ParseInt(string(o.Delta), 10, 64)
		if err != nil || since < forgotten || since > last {
			return pluginhost.End{Reset: "the directory does not know any more what was deleted since"}, nil
		}
	}
	return pluginhost.End{Complete: true, Delta: strconv.AppendInt(nil, last, 10)}, nil
}

// entries pages through all entries of a kind, or those that changed.
func (d *Directory) entries(ctx context.Context, r store.Reader, o pluginhost.ReadOptions, kind store.EntryKind,
	take func(page []store.Entry, gone []string) error) error {
	size := pageRecords
	if o.PageSize > 0 {
		size = min(size, o.PageSize)
	}
	next := d.whole(r, kind, size)
	if len(o.Delta) > 0 {
		next = d.since(r, o, kind, size)
	}
	for ctx.Err() == nil {
		page, err := next()
		if err != nil || len(page) == 0 {
			return err
		}
		var gone []string
		there := page[:0]
		for _, e := range page {
			if e.Gone {
				gone = append(gone, e.ID)
			} else {
				there = append(there, e)
			}
		}
		if err := take(there, gone); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (d *Directory) whole(r store.Reader, kind store.EntryKind, size int) func() ([]store.Entry, error) {
	after := int64(0)
	return func() ([]store.Entry, error) {
		page, err := r.Entries(store.EntryQuery{Endpoint: d.ep, Kind: kind, After: after, Limit: size})
		if len(page) > 0 {
			after = page[len(page)-1].Position
		}
		return page, err
	}
}

func (d *Directory) since(r store.Reader, o pluginhost.ReadOptions, kind store.EntryKind, size int) func() ([]store.Entry, error) {
	seq, _ := strconv.ParseInt(string(o.Delta), 10, 64) // begin has looked at it
	after := store.ID(1<<32 - 1)                        // everything with the cursor's own number is known
	return func() ([]store.Entry, error) {
		page, err := r.EntriesSince(d.ep, kind, seq, after, size)
		if len(page) > 0 {
			seq, after = page[len(page)-1].Seq, page[len(page)-1].N
		}
		return page, err
	}
}

// allMembers sends the members of every group.
func (d *Directory) allMembers(ctx context.Context, r store.Reader, sink pluginhost.GroupSink) error {
	next := d.whole(r, store.GroupEntry, pageRecords)
	for {
		groups, err := next()
		if err != nil || len(groups) == 0 {
			return err
		}
		for _, g := range groups {
			for after := store.ID(0); ; {
				page, err := r.EntryMembers(g.N, after, 10*pageRecords)
				if err != nil {
					return err
				}
				if len(page) == 0 {
					break
				}
				after = page[len(page)-1].Member
				if err := sink.Groups(ctx, pluginhost.GroupPage{Members: []pluginhost.MembersRecord{pluginhost.NewMembersRecord(listed(g.ID, page))}}); err != nil {
					return err
				}
			}
		}
	}
}

// listed are members of one group that are real entries.
func listed(group string, page []store.EntryMember) identity.Members {
	out := identity.Members{GroupID: group}
	for _, m := range page {
		switch m.Kind {
		case store.UserEntry:
			out.UserIDs = append(out.UserIDs, m.ID)
		case store.GroupEntry:
			out.ChildIDs = append(out.ChildIDs, m.ID)
		}
	}
	return out
}

// changedMembers sends the memberships that began or ended since the cursor. Those of
// a group that is gone went with it.
func (d *Directory) changedMembers(ctx context.Context, r store.Reader, o pluginhost.ReadOptions, end pluginhost.End, sink pluginhost.GroupSink) error {
	since, _ := strconv.ParseInt(string(o.Delta), 10, 64) // begin has looked at both
	last, _ := strconv.ParseInt(string(end.Delta), 10, 64)
	for after := (store.EntryMember{}); ; {
		page, err := r.MembersSince(d.ep, since, last, after, pageRecords)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1]
		groups, err := groupIDs(r, page)
		if err != nil {
			return err
		}
		var out pluginhost.GroupPage
		for start := 0; start < len(page); {
			stop := start + 1
			for stop < len(page) && page[stop].Group == page[start].Group {
				stop++
			}
			if id := groups[page[start].Group]; id != "" {
				began, ended := apart(page[start:stop])
				if m := listed(id, began); len(m.UserIDs)+len(m.ChildIDs) > 0 {
					out.Members = append(out.Members, pluginhost.NewMembersRecord(m))
				}
				if m := listed(id, ended); len(m.UserIDs)+len(m.ChildIDs) > 0 {
					out.RemovedMembers = append(out.RemovedMembers, m)
				}
			}
			start = stop
		}
		if err := sink.Groups(ctx, out); err != nil {
			return err
		}
	}
}

func apart(ms []store.EntryMember) (began, ended []store.EntryMember) {
	for _, m := range ms {
		if m.Gone {
			ended = append(ended, m)
		} else {
			began = append(began, m)
		}
	}
	return began, ended
}

// groupIDs are the ids of the groups of a page that are there.
func groupIDs(r store.Reader, page []store.EntryMember) (map[store.ID]string, error) {
	var ns []store.ID
	for _, m := range page {
		if len(ns) == 0 || ns[len(ns)-1] != m.Group {
			ns = append(ns, m.Group)
		}
	}
	found, err := r.EntriesByN(ns)
	out := map[store.ID]string{}
	for _, e := range found {
		if !e.Gone {
			out[e.N] = e.ID
		}
	}
	return out, err
}

// The attributes of the directory's own keys: people are looked up by what their
// records say, whatever keys the listener has.
const (
	usernameKey = "record.username"
	emailKey    = "record.email"
)

// ownKeys are the directory's own keys of a user.
func ownKeys(u *identity.User) []store.EntryKey {
	var keys []store.EntryKey
	for _, k := range []store.EntryKey{{Attribute: usernameKey, Value: identity.Fold(u.Username)}, {Attribute: emailKey, Value: identity.Fold(u.Email)}} {
		if k.Value != "" {
			keys = append(keys, k)
		}
	}
	return keys
}

// Lookup finds one person, or one group. What is not in the directory was deleted, or
// never pushed: ReasonNotFound.
func (d *Directory) Lookup(ctx context.Context, by pluginhost.LookupBy) (found pluginhost.Found, err error) {
	err = d.store.View(ctx, func(r store.Reader) error {
		w := &work{d: d, r: r}
		if by.GroupID != "" {
			e, err := w.there(store.GroupEntry, by.GroupID)
			if err != nil {
				return err
			}
			g, err := identity.DecodeGroup(e.Record)
			found.Groups = []identity.Group{g}
			return err
		}
		e, err := w.person(by)
		if err != nil {
			return err
		}
		if found.User, err = identity.DecodeUser(e.Record); err != nil {
			return err
		}
		found.Groups, err = w.groupsOf(e.N)
		return err
	})
	return found, err
}

func (w *work) person(by pluginhost.LookupBy) (store.Entry, error) {
	if by.ID != "" {
		return w.there(store.UserEntry, by.ID)
	}
	c := store.EntryCondition{Attribute: usernameKey, Equals: identity.Fold(by.Username)}
	if by.Username == "" {
		c = store.EntryCondition{Attribute: emailKey, Equals: identity.Fold(by.Email)}
	}
	found, err := w.r.Entries(store.EntryQuery{Endpoint: w.d.ep, Kind: store.UserEntry, All: []store.EntryCondition{c}, Limit: 1})
	if err == nil && len(found) == 0 {
		err = refusal(pluginhost.ReasonNotFound, "", "there is nobody of that name")
	}
	if err != nil {
		return store.Entry{}, err
	}
	return found[0], nil
}

func (w *work) groupsOf(n store.ID) ([]identity.Group, error) {
	in, err := w.r.GroupsWith([]store.ID{n})
	if err != nil {
		return nil, err
	}
	var out []identity.Group
	for _, m := range in {
		e, err := w.r.Entry(w.d.ep, m.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		g, err := identity.DecodeGroup(e.Record)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}
