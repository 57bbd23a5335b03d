package engine

import (
	"context"
	"fmt"
	"slices"

	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/mirror"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// readUser asks every source, and the target, about one person, and returns the
// marked accounts to evaluate. A direct answer is a complete read of that person.
func (r *run) readUser(ctx context.Context) ([]store.ID, error) {
	var ns []store.ID
	found := false
	for _, c := range r.sync.From {
		n, doubt, err := r.readOne(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("ask %s about %q: %w", c.Ref(), identity.Visible(r.o.User, 80), err)
		}
		r.report.Reads = append(r.report.Reads, Read{Endpoint: c.Ref(), Mode: ModeUser, Users: len(n), Doubt: doubt})
		found = found || len(n) > 0
		ns = append(ns, n...)
	}
	if !found {
		return nil, fmt.Errorf("%w: %q", ErrUnknownUser, identity.Visible(r.o.User, 80))
	}
	return r.withFamily(ctx, ns)
}

// readOne looks one person up in one source: by what was typed, and by the ids the
// mirror has for it.
func (r *run) readOne(ctx context.Context, c *config.Connector) ([]store.ID, string, error) {
	conn, err := r.Connectors.Get(ctx, c.Ref())
	if err != nil {
		return nil, "", err
	}
	if !conn.Description().Capabilities.Lookup {
		return nil, "", fmt.Errorf("the connector cannot look up one person; run without -user")
	}
	known, err := r.mirrored(ctx, c.Ref())
	if err != nil {
		return nil, "", err
	}
	asks := identify(r.o.User)
	for _, a := range known {
		asks = append([]pluginhost.LookupBy{{ID: a.Ext}}, asks...)
	}
	for _, by := range asks {
		found, err := conn.Lookup(ctx, by)
		if pluginhost.NotFound(err) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		n, err := r.take(ctx, c.Ref(), found)
		return []store.ID{n}, "", err
	}
	var ns []store.ID
	for _, a := range known {
		if err := mirror.Forget(ctx, r.Store, c.Ref(), r.users(c.Ref()), a.Ext); err != nil {
			return nil, "", err
		}
		ns = append(ns, a.N)
	}
	return ns, "", nil
}

// take brings the mirror of a source in line with its direct answer about one person.
func (r *run) take(ctx context.Context, ref string, found pluginhost.Found) (store.ID, error) {
	ids := make([]string, len(found.Groups))
	for i, g := range found.Groups {
		ids[i] = g.ID
	}
	return mirror.Refresh(ctx, r.Store, ref, r.users(ref), mirror.Person{User: found.User, Groups: found.Groups, GroupIDs: ids})
}

// mirrored finds the accounts of an endpoint that answer to what was typed.
func (r *run) mirrored(ctx context.Context, ref string) (out []store.Account, err error) {
	err = r.Store.View(ctx, func(v store.Reader) error {
		out, err = accountsNamed(v, ref, r.o.User)
		return err
	})
	return out, err
}

// accountsNamed finds the accounts of an endpoint by e-mail, username or id.
func accountsNamed(v store.Reader, ref, name string) ([]store.Account, error) {
	eps, err := v.Endpoints()
	if err != nil {
		return nil, err
	}
	ep, fold := eps[ref], identity.Fold(name)
	var ns []store.ID
	for _, k := range []store.Key{store.EmailKey, store.UsernameKey} {
		m, err := v.AccountsByKey(ep, k, []string{fold})
		if err != nil {
			return nil, err
		}
		ns = append(ns, m[fold]...)
	}
	byExt, err := v.AccountsByExt(ep, []string{name})
	if err != nil {
		return nil, err
	}
	for _, a := range byExt {
		ns = append(ns, a.N)
	}
	return v.Accounts(idset.Of(ns))
}

// withFamily adds the other accounts of the same people, and brings their accounts in
// the target up to date.
func (r *run) withFamily(ctx context.Context, ns []store.ID) ([]store.ID, error) {
	var ids, emails []string
	err := r.Store.View(ctx, func(v store.Reader) error {
		pas, err := v.PeopleOf(r.sid, idset.Of(slices.Clone(ns)))
		if err != nil {
			return err
		}
		ps := make([]store.ID, len(pas))
		for i, pa := range pas {
			ps[i] = pa.P
		}
		family, err := v.AccountsOf(r.sid, idset.Of(ps))
		if err != nil {
			return err
		}
		for _, pa := range family {
			ns = append(ns, pa.N)
		}
		links, err := v.LinksOf(idset.Of(ps))
		if err != nil {
			return err
		}
		for _, l := range links {
			ns = append(ns, l.N)
		}
		ids, emails, err = addresses(v, r.target, idset.Of(slices.Clone(ns)))
		return err
	})
	if err != nil {
		return nil, err
	}
	return idset.Of(ns), r.refreshTarget(ctx, ids, emails)
}

// addresses are the target's ids and the e-mail addresses of the accounts.
func addresses(v store.Reader, target store.EndpointID, ns []store.ID) (ids, emails []string, err error) {
	accounts, err := v.Accounts(ns)
	for _, a := range accounts {
		if a.Endpoint == target {
			ids = append(ids, a.Ext)
		} else if a.EmailKey != "" {
			emails = append(emails, a.EmailKey)
		}
	}
	slices.Sort(emails)
	return ids, slices.Compact(emails), err
}

// refreshTarget reads some accounts of the target directly.
func (r *run) refreshTarget(ctx context.Context, ids, emails []string) error {
	seen := &directAnswer{found: map[string]*mirror.Person{}}
	end, err := r.conn.ReadState(ctx, pluginhost.StateOptions{UserIDs: ids, Emails: emails}, seen)
	if err != nil {
		return err
	}
	if !end.Complete {
		why := "the read ended early"
		if end.Failure != nil {
			why = end.Failure.Message
		}
		return unread(r.sync.To.Ref(), why)
	}
	ref := r.sync.To.Ref()
	for _, p := range seen.found {
		if _, err := mirror.Refresh(ctx, r.Store, ref, r.users(ref), *p); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if seen.found[id] == nil {
			if err := mirror.Forget(ctx, r.Store, ref, r.users(ref), id); err != nil {
				return err
			}
		}
	}
	return nil
}

// directAnswer collects a targeted read of a target.
type directAnswer struct {
	found  map[string]*mirror.Person
	groups []identity.Group
}

// State implements pluginhost.StateSink.
func (d *directAnswer) State(_ context.Context, page pluginhost.StatePage) error {
	for i := range page.Users {
		u, err := page.Users[i].User()
		if err != nil {
			return err
		}
		d.person(u.ID).User = u
	}
	for i := range page.Groups {
		g, err := page.Groups[i].Group()
		if err != nil {
			return err
		}
		d.groups = append(d.groups, g)
	}
	for _, m := range page.Members {
		for _, u := range m.UserIDs.Strings() {
			if p := d.found[u]; p != nil {
				p.GroupIDs = append(p.GroupIDs, m.GroupID)
				p.Groups = append(p.Groups, d.groupsWith(m.GroupID)...)
			}
		}
	}
	return nil
}

func (d *directAnswer) person(id string) *mirror.Person {
	if d.found[id] == nil {
		d.found[id] = &mirror.Person{}
	}
	return d.found[id]
}

func (d *directAnswer) groupsWith(id string) []identity.Group {
	for _, g := range d.groups {
		if g.ID == id {
			return []identity.Group{g}
		}
	}
	return nil
}

// Notice implements pluginhost.StateSink.
func (d *directAnswer) Notice(pluginhost.Notice) {}

// Waiting implements pluginhost.StateSink.
func (d *directAnswer) Waiting(pluginhost.Waiting) {}
