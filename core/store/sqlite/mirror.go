package sqlite

import (
	"database/sql"

	"syncgateway/core/idset"
	"syncgateway/core/store"
)

func (x *tx) Endpoint(address string) (store.EndpointID, error) {
	id, err := x.intern("endpoint", address)
	return store.EndpointID(id), err
}

func (x *tx) Endpoints() (map[string]store.EndpointID, error) {
	return names[store.EndpointID](x, "endpoint")
}

func (x *tx) heads(ep store.EndpointID, f func(store.Head) error, query string) error {
	return x.each(func(r *sql.Rows) error {
		var h store.Head
		var fp sql.RawBytes
		if err := r.Scan(&h.N, &h.Ext, &fp, &h.Flags); err != nil {
			return err
		}
		copy(h.Fingerprint[:], fp)
		return f(h)
	}, query, ep)
}

func (x *tx) GroupHeads(ep store.EndpointID, f func(store.Head) error) error {
	return x.heads(ep, f, `SELECT n, ext, fp, flags FROM grp WHERE ep = ?`)
}

const accountColumns = `SELECT n, ep, ext, fp, flags, email, username, external, rec FROM account `

func collectAccounts(out *[]store.Account) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var a store.Account
		var fp sql.RawBytes
		if err := r.Scan(&a.N, &a.Endpoint, &a.Ext, &fp, &a.Flags, &a.EmailKey, &a.UsernameKey, &a.ExternalKey, &a.Record); err != nil {
			return err
		}
		copy(a.Fingerprint[:], fp)
		*out = append(*out, a)
		return nil
	}
}

func (x *tx) Accounts(ns []store.ID) (out []store.Account, err error) {
	err = x.byIDs(ns, collectAccounts(&out), accountColumns+`WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n`)
	return out, err
}

func (x *tx) AccountsByExt(ep store.EndpointID, exts []string) (out []store.Account, err error) {
	err = x.byStrings(exts, collectAccounts(&out), accountColumns+`WHERE ep = ? AND ext IN (SELECT value FROM json_each(?)) ORDER BY n`, ep)
	return out, err
}

func (x *tx) AccountsByKey(ep store.EndpointID, k store.Key, keys []string) (map[string][]store.ID, error) {
	column := map[store.Key]string{store.EmailKey: "email", store.UsernameKey: "username", store.ExternalKey: "external"}[k]
	out := map[string][]store.ID{}
	err := x.byStrings(keys, func(r *sql.Rows) error {
		var key string
		var n store.ID
		if err := r.Scan(&key, &n); err != nil {
			return err
		}
		out[key] = append(out[key], n)
		return nil
	}, `SELECT `+column+`, n FROM account WHERE ep = ? AND `+column+` <> '' AND `+column+` IN (SELECT value FROM json_each(?)) ORDER BY n`, ep)
	return out, err
}

const groupColumns = `SELECT n, ep, ext, fp, flags, name, rec FROM grp `

func collectGroups(f func(store.Group)) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var g store.Group
		var fp sql.RawBytes
		if err := r.Scan(&g.N, &g.Endpoint, &g.Ext, &fp, &g.Flags, &g.NameKey, &g.Record); err != nil {
			return err
		}
		copy(g.Fingerprint[:], fp)
		f(g)
		return nil
	}
}

func (x *tx) Groups(ns []store.ID) (out []store.Group, err error) {
	err = x.byIDs(ns, collectGroups(func(g store.Group) { out = append(out, g) }),
		groupColumns+`WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n`)
	return out, err
}

func (x *tx) GroupsByExt(ep store.EndpointID, exts []string) (out []store.Group, err error) {
	err = x.byStrings(exts, collectGroups(func(g store.Group) { out = append(out, g) }),
		groupColumns+`WHERE ep = ? AND ext IN (SELECT value FROM json_each(?)) ORDER BY n`, ep)
	return out, err
}

func (x *tx) GroupsByName(ep store.EndpointID, keys []string) (map[string][]store.Group, error) {
	out := map[string][]store.Group{}
	err := x.byStrings(keys, collectGroups(func(g store.Group) { out[g.NameKey] = append(out[g.NameKey], g) }),
		groupColumns+`WHERE ep = ? AND name IN (SELECT value FROM json_each(?)) ORDER BY n`, ep)
	return out, err
}

// twoSets scans rows of an id and two packed sets.
func twoSets(f func(n store.ID, a, b idset.Set)) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var n store.ID
		var pa, pb sql.RawBytes
		if err := r.Scan(&n, &pa, &pb); err != nil {
			return err
		}
		a, err := idset.Unpack(nil, pa)
		if err != nil {
			return err
		}
		b, err := idset.Unpack(nil, pb)
		if err != nil {
			return err
		}
		f(n, a, b)
		return nil
	}
}

func (x *tx) GroupSets(ns []store.ID) (out []store.GroupSet, err error) {
	err = x.byIDs(ns, twoSets(func(n store.ID, a, b idset.Set) {
		out = append(out, store.GroupSet{N: n, Users: a, Children: b})
	}), `SELECT n, users, children FROM grp_set WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n`)
	return out, err
}

func (x *tx) PackedSets(ns []store.ID, f func(store.PackedSet) error) error {
	return x.byIDs(ns, func(r *sql.Rows) error {
		var n store.ID
		var users, children, listing sql.RawBytes
		if err := r.Scan(&n, &users, &children, &listing); err != nil {
			return err
		}
		s := store.PackedSet{N: n, Users: idset.Packed(users), Children: idset.Packed(children)}
		copy(s.Listing[:], listing)
		return f(s)
	}, `SELECT n, users, children, listing FROM grp_set WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n`)
}

func (x *tx) Parents(ep store.EndpointID) (map[store.ID]idset.Set, error) {
	parents := map[store.ID]idset.Set{}
	err := x.each(twoSets(func(n store.ID, _, children idset.Set) {
		for _, c := range children {
			parents[c] = parents[c].With(idset.Set{n})
		}
	}), `SELECT s.n, x'', s.children FROM grp_set s JOIN grp g ON g.n = s.n WHERE length(s.children) > 0 AND g.ep = ?`, ep)
	return parents, err
}

func (x *tx) AccountSets(ns []store.ID) (out []store.AccountSet, err error) {
	err = x.byIDs(ns, twoSets(func(n store.ID, a, b idset.Set) {
		out = append(out, store.AccountSet{N: n, Groups: a, Ours: b})
	}), `SELECT n, groups, ours FROM account_set WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n`)
	return out, err
}

func (x *tx) Cursor(ep store.EndpointID) (c store.Cursor, err error) {
	var at, full int64
	_, err = x.one([]any{&c.Users, &c.Groups, &at, &full}, `SELECT users, groups, at, full_at FROM cursor WHERE ep = ?`, ep)
	c.At, c.FullAt = fromMicros(at), fromMicros(full)
	return c, err
}

func (x *tx) Population(ep store.EndpointID) (p store.Population, err error) {
	_, err = x.one([]any{&p.Users, &p.Groups, &p.Memberships}, `SELECT users, groups, memberships FROM population WHERE ep = ?`, ep)
	return p, err
}

func (x *tx) Protected(ep store.EndpointID) (out []store.Protected, err error) {
	err = x.each(func(r *sql.Rows) error {
		var p store.Protected
		if err := r.Scan(&p.N, &p.Reason); err != nil {
			return err
		}
		out = append(out, p)
		return nil
	}, `SELECT n, reason FROM protected WHERE ep = ? ORDER BY n`, ep)
	return out, err
}

func (x *tx) Quotas(ep store.EndpointID) (out []store.Quota, err error) {
	err = x.each(func(r *sql.Rows) error {
		var q store.Quota
		var packed sql.RawBytes
		if err := r.Scan(&q.Name, &q.Total, &q.Used, &q.Unlimited, &q.NewUsers, &packed); err != nil {
			return err
		}
		var err error
		q.Groups, err = idset.Unpack(nil, packed)
		out = append(out, q)
		return err
	}, `SELECT name, total, used, unlimited, new_users, groups FROM quota WHERE ep = ? ORDER BY name`, ep)
	return out, err
}

func (x *tx) PutAccounts(as []store.Account) error {
	if err := x.noteHeads(as); err != nil {
		return err
	}
	return x.insert(`INSERT INTO account (n, ep, ext, fp, flags, email, username, external, rec) VALUES `,
		` ON CONFLICT (n) DO UPDATE SET fp = excluded.fp, flags = excluded.flags, email = excluded.email, username = excluded.username, external = excluded.external, rec = excluded.rec`,
		9, len(as), func(i int, to []any) []any {
			a := &as[i]
			return append(to, a.N, a.Endpoint, a.Ext, a.Fingerprint[:], a.Flags, a.EmailKey, a.UsernameKey, a.ExternalKey, notNull(a.Record))
		})
}

func (x *tx) PutGroups(gs []store.Group) error {
	if len(gs) == 0 {
		return nil
	}
	if err := x.groupsChanged(); err != nil {
		return err
	}
	return x.insert(`INSERT INTO grp (n, ep, ext, fp, flags, name, rec) VALUES `,
		` ON CONFLICT (n) DO UPDATE SET fp = excluded.fp, flags = excluded.flags, name = excluded.name, rec = excluded.rec`,
		7, len(gs), func(i int, to []any) []any {
			g := &gs[i]
			return append(to, g.N, g.Endpoint, g.Ext, g.Fingerprint[:], g.Flags, g.NameKey, notNull(g.Record))
		})
}

func (x *tx) SetFlags(heads []store.Head, groups bool) error {
	query := `UPDATE account SET flags = ? WHERE n = ?`
	if groups {
		query = `UPDATE grp SET flags = ? WHERE n = ?`
	}
	if groups && len(heads) > 0 {
		if err := x.groupsChanged(); err != nil {
			return err
		}
	}
	for _, h := range heads {
		if err := x.exec(query, h.Flags, h.N); err != nil {
			return err
		}
	}
	if groups {
		return nil
	}
	return x.noteFlags(heads)
}

func (x *tx) PutGroupSets(sets []store.GroupSet) error {
	return x.insert(`INSERT INTO grp_set (n, users, children, listing) VALUES `,
		` ON CONFLICT (n) DO UPDATE SET users = excluded.users, children = excluded.children, listing = excluded.listing`,
		4, len(sets), func(i int, to []any) []any {
			return append(to, sets[i].N, pack(sets[i].Users), pack(sets[i].Children), listing(&sets[i]))
		})
}

func (x *tx) PutAccountSets(sets []store.AccountSet) error {
	return x.insert(`INSERT INTO account_set (n, groups, ours) VALUES `,
		` ON CONFLICT (n) DO UPDATE SET groups = excluded.groups, ours = excluded.ours`,
		3, len(sets), func(i int, to []any) []any {
			return append(to, sets[i].N, pack(sets[i].Groups), pack(sets[i].Ours))
		})
}

func (x *tx) PutCursor(ep store.EndpointID, c store.Cursor) error {
	return x.exec(`INSERT INTO cursor (ep, users, groups, at, full_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (ep) DO UPDATE SET users = excluded.users, groups = excluded.groups, at = excluded.at, full_at = excluded.full_at`,
		ep, c.Users, c.Groups, micros(c.At), micros(c.FullAt))
}

func (x *tx) PutPopulation(ep store.EndpointID, p store.Population) error {
	return x.exec(`INSERT INTO population (ep, users, groups, memberships) VALUES (?, ?, ?, ?)
		ON CONFLICT (ep) DO UPDATE SET users = excluded.users, groups = excluded.groups, memberships = excluded.memberships`,
		ep, p.Users, p.Groups, p.Memberships)
}

func (x *tx) PutProtected(ep store.EndpointID, ps []store.Protected) error {
	if err := x.exec(`DELETE FROM protected WHERE ep = ?`, ep); err != nil {
		return err
	}
	return x.insert(`INSERT INTO protected (ep, n, reason) VALUES `, ` ON CONFLICT DO NOTHING`, 3, len(ps),
		func(i int, to []any) []any { return append(to, ep, ps[i].N, ps[i].Reason) })
}

func (x *tx) PutQuotas(ep store.EndpointID, qs []store.Quota) error {
	if err := x.exec(`DELETE FROM quota WHERE ep = ?`, ep); err != nil {
		return err
	}
	return x.insert(`INSERT INTO quota (ep, name, total, used, unlimited, new_users, groups) VALUES `, ` ON CONFLICT DO NOTHING`, 7, len(qs),
		func(i int, to []any) []any {
			q := &qs[i]
			return append(to, ep, q.Name, q.Total, q.Used, q.Unlimited, q.NewUsers, pack(q.Groups))
		})
}

// listing is empty where it is not known.
func listing(s *store.GroupSet) []byte {
	if s.Listing == [16]byte{} {
		return []byte{}
	}
	return s.Listing[:]
}

// pack never gives a nil slice, which SQLite would store as NULL.
func pack(s idset.Set) []byte { return idset.Pack([]byte{}, s) }

func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
