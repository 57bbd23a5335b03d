package apply

import (
	"fmt"
	"slices"
	"strings"

	"syncgateway/core/audit"
	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/mapping"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// effects writes the results of operations: the journal, the mirror of the target,
// links and the ledger, all in the transaction it is given.
func (a *applier) effects(tx store.Tx, items []*item) error {
	if err := a.makeGroups(tx, items); err != nil {
		return err
	}
	if err := a.makeUsers(tx, items); err != nil {
		return err
	}
	if err := a.changeUsers(tx, items); err != nil {
		return err
	}
	if err := a.changeMembers(tx, items); err != nil {
		return err
	}
	if err := a.shrink(tx, items); err != nil {
		return err
	}
	if err := a.retireGroups(tx, items); err != nil {
		return err
	}
	if err := a.record(tx, items); err != nil {
		return err
	}
	return tx.PutOperations(operations(items))
}

// record tells the audit record what became of the operations.
func (a *applier) record(tx store.Tx, items []*item) error {
	if a.Record == nil {
		return nil
	}
	ops := make([]audit.Operation, len(items))
	for i, it := range items {
		ops[i] = audit.Operation{ID: it.op.ID, Step: it.op.Step, State: it.op.State, RemoteID: it.op.RemoteID, Answer: it.op.Answer}
	}
	return a.Record(tx, ops)
}

// tookEffect are the items of the classes that the target carried out.
func tookEffect(items []*item, classes ...plan.Class) []*item {
	var out []*item
	for _, it := range items {
		if took(it.op.State) && slices.Contains(classes, it.step.Class) {
			out = append(out, it)
		}
	}
	return out
}

func (a *applier) makeGroups(tx store.Tx, items []*item) error {
	for _, it := range tookEffect(items, plan.CreateGroup, plan.DeleteGroup) {
		if it.step.Class == plan.DeleteGroup {
			if err := tx.SetFlags([]store.Head{{N: it.op.G, Flags: store.Gone}}, true); err != nil {
				return err
			}
			continue
		}
		known, err := tx.GroupsByExt(a.Endpoint, []string{it.op.RemoteID})
		if err != nil {
			return err
		}
		if it.op.G = a.Store.NewIDs(1); len(known) > 0 {
			it.op.G = known[0].N
		}
		g := identity.Group{ID: it.op.RemoteID, Kind: a.GroupKind, Name: it.step.Group.Name}
		row := store.Group{Head: store.Head{N: it.op.G, Ext: g.ID, Flags: store.Active}, Endpoint: a.Endpoint,
			NameKey: identity.Fold(g.Name), Record: identity.AppendGroup(nil, &g)}
		if err := tx.PutGroups([]store.Group{row}); err != nil {
			return err
		}
		if it.op.State == store.OpApplied {
			if err := tx.PutOwnGroups(a.Sync, []store.ID{it.op.G}); err != nil {
				return err
			}
		}
		a.mu.Lock()
		a.groups[row.NameKey] = made{it.op.G, g.ID}
		a.mu.Unlock()
	}
	return nil
}

// retireGroups notes which groups are retired, and what the target now says of them.
func (a *applier) retireGroups(tx store.Tx, items []*item) error {
	for _, it := range tookEffect(items, plan.RetireGroup, plan.RestoreGroup) {
		if err := tx.PutRetired([]store.ID{it.op.G}, it.step.Class == plan.RetireGroup); err != nil {
			return err
		}
		rows, err := tx.Groups([]store.ID{it.op.G})
		if err != nil {
			return err
		}
		if !it.step.Remote() || len(rows) == 0 {
			continue
		}
		g, err := identity.DecodeGroup(rows[0].Record)
		if err != nil {
			return fmt.Errorf("group %q: %w", rows[0].Ext, err)
		}
		g.Description = described(it.step.Changes)
		rows[0].Fingerprint, rows[0].Record = [16]byte{}, identity.AppendGroup(nil, &g)
		if err := tx.PutGroups(rows); err != nil {
			return err
		}
	}
	return nil
}

// makeUsers writes accounts that were made, links them and those that were adopted, and
// ends the links of those that were let go.
func (a *applier) makeUsers(tx store.Tx, items []*item) error {
	var released []store.ID
	for _, it := range tookEffect(items, plan.Release) {
		released = append(released, it.op.N)
	}
	if err := tx.DeleteLinks(idset.Of(released)); err != nil {
		return err
	}
	var links []store.Link
	for _, it := range tookEffect(items, plan.Adopt) {
		links = append(links, store.Link{N: it.op.N, P: it.op.P, Sync: a.Sync, Origin: "adopted", Run: a.Run})
	}
	created, err := a.newUsers(tx, tookEffect(items, plan.CreateUser))
	if err != nil {
		return err
	}
	links = append(links, created...)
	return tx.PutLinks(links)
}

// newUsers writes accounts that were made, and returns their links. An id that the
// target gave before is that account's.
func (a *applier) newUsers(tx store.Tx, items []*item) (links []store.Link, err error) {
	exts := make([]string, len(items))
	for i, it := range items {
		exts[i] = it.op.RemoteID
	}
	known, err := tx.AccountsByExt(a.Endpoint, exts)
	if err != nil {
		return nil, err
	}
	byExt, ns := map[string]store.ID{}, make([]store.ID, len(known))
	for i := range known {
		byExt[known[i].Ext], ns[i] = known[i].N, known[i].N
	}
	taken, err := tx.LinksTo(idset.Of(ns))
	if err != nil {
		return nil, err
	}
	owner := map[store.ID]store.ID{}
	for _, l := range taken {
		owner[l.N] = l.P
	}
	var rows []store.Account
	for _, it := range items {
		n := byExt[it.op.RemoteID]
		if n == 0 {
			n = a.Store.NewIDs(1)
			byExt[it.op.RemoteID] = n
		}
		if it.op.N = n; owner[n] != 0 && owner[n] != it.op.P {
			it.op.State, it.op.Answer = store.OpFailed, "the target gave the account of somebody else"
			continue
		}
		owner[n] = it.op.P
		u := *it.step.Account
		u.ID = it.op.RemoteID
		rows = append(rows, a.row(n, &u))
		links = append(links, store.Link{N: n, P: it.op.P, Sync: a.Sync, Origin: "created", Run: a.Run})
		a.mu.Lock()
		a.users[it.op.P] = made{n, u.ID}
		a.mu.Unlock()
	}
	return links, tx.PutAccounts(rows)
}

// row is an account as the gateway believes it to be: without a fingerprint, so that
// the next read compares it.
func (a *applier) row(n store.ID, u *identity.User) store.Account {
	flags := store.Flags(0)
	if u.Active {
		flags = store.Active
	}
	return store.Account{Head: store.Head{N: n, Ext: u.ID, Flags: flags}, Endpoint: a.Endpoint, EmailKey: identity.Fold(u.Email),
		UsernameKey: identity.Fold(u.Username), ExternalKey: u.ExternalID, Record: identity.AppendUser(nil, u)}
}

func (a *applier) changeUsers(tx store.Tx, items []*item) error {
	items = tookEffect(items, plan.UpdateUser, plan.ActivateUser, plan.DeactivateUser, plan.DeleteUser)
	ns := make([]store.ID, len(items))
	for i, it := range items {
		ns[i] = it.op.N
	}
	rows, err := tx.Accounts(idset.Of(ns))
	if err != nil {
		return err
	}
	at := map[store.ID]*store.Account{}
	for i := range rows {
		at[rows[i].N] = &rows[i]
	}
	for _, it := range items {
		row := at[it.op.N]
		if row == nil {
			continue
		}
		u, err := identity.DecodeUser(row.Record)
		if err != nil {
			return fmt.Errorf("account %q: %w", row.Ext, err)
		}
		for _, c := range it.step.Changes {
			setField(&u, c.Field, c.After)
		}
		switch it.step.Class {
		case plan.ActivateUser:
			u.Active = true
		case plan.DeactivateUser:
			u.Active = false
		}
		if *row = a.row(it.op.N, &u); it.step.Class == plan.DeleteUser {
			row.Flags |= store.Gone
		}
	}
	return tx.PutAccounts(rows)
}

// setField writes a typed field or "attributes.NAME"; no values empties it.
func setField(u *identity.User, field string, vs []string) {
	first := ""
	if len(vs) > 0 {
		first = vs[0]
	}
	switch field {
	case mapping.FieldUsername:
		u.Username = first
	case mapping.FieldEmail:
		u.Email = first
	case mapping.FieldDisplayName:
		u.DisplayName = first
	case mapping.FieldGivenName:
		u.GivenName = first
	case mapping.FieldFamilyName:
		u.FamilyName = first
	default:
		name := strings.TrimPrefix(field, "attributes.")
		u.Attributes = slices.DeleteFunc(slices.Clone(u.Attributes), func(x identity.Attribute) bool { return x.Name == name })
		if len(vs) > 0 {
			u.Attributes = append(u.Attributes, identity.Attribute{Name: name, Values: vs})
		}
		slices.SortFunc(u.Attributes, func(x, y identity.Attribute) int { return strings.Compare(x.Name, y.Name) })
	}
}

// changeMembers writes memberships in both directions, and which of them are ours.
func (a *applier) changeMembers(tx store.Tx, items []*item) error {
	type change struct{ add, remove idset.Set }
	groups, accounts := map[store.ID]*change{}, map[store.ID]*change{}
	at := func(m map[store.ID]*change, n store.ID) *change {
		if m[n] == nil {
			m[n] = &change{}
		}
		return m[n]
	}
	for _, it := range tookEffect(items, plan.AddMember, plan.RemoveMember) {
		if it.op.N == 0 {
			it.op.N = a.madeUser(it.op.P).n
		}
		if it.op.N == 0 || it.op.G == 0 {
			continue // nothing of ours to note: the next read shows it
		}
		g, u := at(groups, it.op.G), at(accounts, it.op.N)
		if it.step.Class == plan.AddMember {
			g.add, u.add = append(g.add, it.op.N), append(u.add, it.op.G)
		} else {
			g.remove, u.remove = append(g.remove, it.op.N), append(u.remove, it.op.G)
		}
	}
	groupSets, err := tx.GroupSets(keys(groups))
	if err != nil {
		return err
	}
	byGroup := map[store.ID]store.GroupSet{}
	for _, s := range groupSets {
		byGroup[s.N] = s
	}
	var puts []store.GroupSet
	balance := 0
	for _, n := range keys(groups) {
		s, c := byGroup[n], groups[n]
		before := len(s.Users)
		s.N, s.Users = n, s.Users.With(idset.Of(c.add)).Without(idset.Of(c.remove))
		balance += len(s.Users) - before
		puts = append(puts, s)
	}
	if err := tx.PutGroupSets(puts); err != nil {
		return err
	}
	if err := resize(tx, a.Endpoint, balance); err != nil {
		return err
	}
	accountSets, err := tx.AccountSets(keys(accounts))
	if err != nil {
		return err
	}
	byAccount := map[store.ID]store.AccountSet{}
	for _, s := range accountSets {
		byAccount[s.N] = s
	}
	var sets []store.AccountSet
	for _, n := range keys(accounts) {
		s, c := byAccount[n], accounts[n]
		added, removed := idset.Of(c.add), idset.Of(c.remove)
		s.N = n
		s.Groups, s.Ours = s.Groups.With(added).Without(removed), s.Ours.With(added).Without(removed)
		sets = append(sets, s)
	}
	return tx.PutAccountSets(sets)
}

func keys[V any](m map[store.ID]V) idset.Set {
	out := make([]store.ID, 0, len(m))
	for n := range m {
		out = append(out, n)
	}
	return idset.Of(out)
}
