package mirror

import (
	"context"
	"fmt"
	"slices"
	"time"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// Scope says what a read is of.
type Scope uint8

// The scopes.
const (
	// Full: everything the endpoint has; what is not in it is gone.
	Full Scope = iota + 1
	// Delta: what changed; what is gone is named.
	Delta
)

// Reading takes in one read of one endpoint. It is not safe for concurrent use. Pages
// are written as they come; Finish decides about everything that disappeared.
type Reading struct {
	st    store.Store
	ep    store.EndpointID
	syncs []store.SyncID // whose people are marked
	scope Scope

	users  *index
	groups *index
	stored map[store.ID]store.PackedSet // of the groups, as a full read found them
	sets   map[store.ID]*setChange      // by group
	late   []lateMembers

	listing listing
	last    int // place of the user that came last

	accountRows []store.Account
	writing     *writing // accounts on their way into the store; nil: none
	spare       []store.Account
	groupRows   []store.Group
	renamed     []store.ID        // groups that existed and changed
	retitled    map[string]string // of a full read: those that came under another name
	protected   map[string]string
	quotas      []pluginhost.Quota

	stats   Stats
	balance int // memberships added less those removed
}

// Stats counts what a reading saw.
type Stats struct {
	Users, Groups, Memberships int // in this read
	Changed                    int // accounts new or different
	Gone                       int // accounts that disappeared
	Duplicates                 int // records sent twice, taken once
	Strangers                  int // memberships of accounts the read did not show
}

// Begin starts a reading. syncs are those that use the endpoint.
func Begin(ctx context.Context, st store.Store, address string, scope Scope, syncs []store.SyncID) (*Reading, error) {
	r := &Reading{st: st, scope: scope, syncs: syncs, users: newIndex(0), groups: newIndex(0), stored: map[store.ID]store.PackedSet{},
		sets: map[store.ID]*setChange{}, protected: map[string]string{}, retitled: map[string]string{}}
	err := st.Update(ctx, func(tx store.Tx) (err error) {
		r.ep, err = tx.Endpoint(address)
		return err
	})
	if err != nil || scope != Full {
		return r, err
	}
	return r, st.View(ctx, r.load)
}

// load takes in all that the endpoint had.
func (r *Reading) load(v store.Reader) error {
	size, err := v.Population(r.ep)
	if err != nil {
		return err
	}
	r.users, r.groups = newIndex(size.Users), newIndex(size.Groups)
	r.users.whole, r.groups.whole = true, true
	if err := v.Heads(r.ep, func(h store.Head) error { r.users.load(h); return nil }); err != nil {
		return err
	}
	var groups []store.ID
	if err := v.GroupHeads(r.ep, func(h store.Head) error { r.groups.load(h); groups = append(groups, h.N); return nil }); err != nil {
		return err
	}
	return v.PackedSets(idset.Of(groups), func(s store.PackedSet) error {
		r.stored[s.N] = store.PackedSet{N: s.N, Users: slices.Clone(s.Users), Listing: s.Listing}
		return nil
	})
}

// Stats tells what came so far.
func (r *Reading) Stats() Stats { return r.stats }

// flushAt is how many changed rows are written in one transaction.
const flushAt = 2000

// Users takes in a page of accounts.
func (r *Reading) Users(ctx context.Context, page []pluginhost.UserRecord) error {
	if r.scope == Delta {
		exts := make([]string, len(page))
		for i := range page {
			exts[i] = page[i].ID
		}
		if err := r.fetchUsers(ctx, exts); err != nil {
			return err
		}
	}
	for i := range page {
		if err := r.user(&page[i]); err != nil {
			return err
		}
	}
	if len(r.accountRows) < flushAt {
		return nil
	}
	if r.scope == Full && len(r.groupRows) == 0 {
		return r.writeOn(ctx)
	}
	return r.flush(ctx)
}

func (r *Reading) user(rec *pluginhost.UserRecord) error {
	at := r.users.findBehind(r.last, rec.ID)
	if at == 0 {
		at = r.users.add(rec.ID, entry{n: r.st.NewIDs(1)})
	}
	r.last = at
	e := &r.users.entries[at]
	if e.seen && r.scope == Full {
		r.stats.Duplicates++
		if e.fp == rec.Fingerprint {
			return nil
		}
	}
	if !e.seen {
		r.stats.Users++
	}
	e.seen = true
	flags := e.flags&^(store.Gone|store.Active) | activeFlag(rec.Active)
	if e.known && e.fp == rec.Fingerprint && e.flags == flags {
		return nil
	}
	u, err := rec.User()
	if err != nil {
		return fmt.Errorf("user %q: %w", identity.Visible(rec.ID, 80), err)
	}
	e.fp, e.flags = rec.Fingerprint, flags
	r.accountRows = append(r.accountRows, accountRow(r.ep, r.users.head(at), &u))
	return nil
}

func activeFlag(active bool) store.Flags {
	if active {
		return store.Active
	}
	return 0
}

func accountRow(ep store.EndpointID, h store.Head, u *identity.User) store.Account {
	return store.Account{Head: h, Endpoint: ep, EmailKey: identity.Fold(u.Email), UsernameKey: identity.Fold(u.Username), ExternalKey: u.ExternalID,
		Record: identity.AppendUser(nil, u)}
}

func (r *Reading) fetchUsers(ctx context.Context, exts []string) error {
	missing := r.users.missing(exts)
	if len(missing) == 0 {
		return nil
	}
	return r.st.View(ctx, func(v store.Reader) error {
		as, err := v.AccountsByExt(r.ep, missing)
		for _, a := range as {
			r.users.load(a.Head)
		}
		return err
	})
}

func (r *Reading) fetchGroups(ctx context.Context, exts []string) error {
	missing := r.groups.missing(exts)
	if len(missing) == 0 {
		return nil
	}
	return r.st.View(ctx, func(v store.Reader) error {
		gs, err := v.GroupsByExt(r.ep, missing)
		for _, g := range gs {
			r.groups.load(g.Head)
		}
		return err
	})
}

// Groups takes in a page of groups.
func (r *Reading) Groups(ctx context.Context, page []pluginhost.GroupRecord) error {
	if r.scope == Delta {
		exts := make([]string, len(page))
		for i := range page {
			exts[i] = page[i].ID
		}
		if err := r.fetchGroups(ctx, exts); err != nil {
			return err
		}
	}
	for i := range page {
		if err := r.group(&page[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reading) group(rec *pluginhost.GroupRecord) error {
	at := r.groups.find(rec.ID)
	if at == 0 {
		at = r.groups.add(rec.ID, entry{n: r.st.NewIDs(1)})
	}
	e := &r.groups.entries[at]
	if e.seen && r.scope == Full {
		r.stats.Duplicates++
	} else {
		r.stats.Groups++
	}
	e.seen = true
	if r.scope == Full {
		r.change(e.n) // a group nobody is said to be in is empty
	}
	if e.known && e.fp == rec.Fingerprint && !e.gone() {
		return nil
	}
	g, err := rec.Group()
	if err != nil {
		return fmt.Errorf("group %q: %w", identity.Visible(rec.ID, 80), err)
	}
	e.fp, e.flags = rec.Fingerprint, store.Active
	r.groupRows = append(r.groupRows, groupRow(r.ep, r.groups.head(at), &g))
	if e.known {
		r.renamed = append(r.renamed, e.n)
	}
	return nil
}

func groupRow(ep store.EndpointID, h store.Head, g *identity.Group) store.Group {
	return store.Group{Head: h, Endpoint: ep, NameKey: identity.Fold(g.Name), Record: identity.AppendGroup(nil, g)}
}

// Removed takes in the ids that a delta read says are gone.
func (r *Reading) Removed(ctx context.Context, exts []string, groups bool) error {
	x, fetch := r.users, r.fetchUsers
	if groups {
		x, fetch = r.groups, r.fetchGroups
	}
	if err := fetch(ctx, exts); err != nil {
		return err
	}
	for _, ext := range exts {
		if e := x.get(ext); e != nil && !e.gone() {
			e.flags |= store.Gone
			e.removed = true
		}
	}
	return nil
}

// Protect notes an account that must not be removed from anything.
func (r *Reading) Protect(ext, reason string) { r.protected[ext] = reason }

// Quota notes something that runs out.
func (r *Reading) Quota(q pluginhost.Quota) { r.quotas = append(r.quotas, q) }

// flush writes the changed records, and marks those whose content really changed.
func (r *Reading) flush(ctx context.Context) error {
	if err := r.Settle(); err != nil || len(r.accountRows)+len(r.groupRows) == 0 {
		return err
	}
	known := r.knownOf(r.accountRows)
	err := r.st.Update(ctx, func(tx store.Tx) error {
		changed, err := putAccounts(tx, r.syncs, r.accountRows, known)
		if err != nil {
			return err
		}
		r.stats.Changed += changed
		if err := r.retitle(tx); err != nil {
			return err
		}
		if err := tx.PutGroups(r.groupRows); err != nil {
			return err
		}
		// With the new name, or a crash before Finish would leave nobody who knows of it.
		return r.markMembers(tx)
	})
	if err != nil {
		return fmt.Errorf("write the mirror: %w", err)
	}
	r.accountRows, r.groupRows, r.renamed = r.accountRows[:0], r.groupRows[:0], r.renamed[:0]
	return nil
}

func markDirty(tx store.Tx, syncs []store.SyncID, ns []store.ID) error {
	for _, s := range syncs {
		if err := tx.MarkDirty(s, ns); err != nil {
			return err
		}
	}
	return nil
}

// Ending says how a reading ended.
type Ending struct {
	Believed bool // complete, counts matching, size plausible: what is missing is gone
	Cursor   *store.Cursor
	Now      time.Time
}
