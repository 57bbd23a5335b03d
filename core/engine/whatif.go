package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// Supposition is what to suppose of a person's record in a source. What is not given
// stays as it is; a null attribute is absent.
type Supposition struct {
	Source      string                     `json:"source,omitempty"` // "source.okta.corp"; their first one when not given
	Username    *string                    `json:"username,omitempty"`
	Email       *string                    `json:"email,omitempty"`
	DisplayName *string                    `json:"display_name,omitempty"`
	GivenName   *string                    `json:"given_name,omitempty"`
	FamilyName  *string                    `json:"family_name,omitempty"`
	Active      *bool                      `json:"active,omitempty"`
	Attributes  map[string]json.RawMessage `json:"attributes,omitempty"` // a text, a list of texts, or null
	Groups      *[]string                  `json:"groups,omitempty"`     // names of source groups, all of them

	text string
}

// ErrSupposition: what is to be supposed cannot be.
var ErrSupposition = errors.New("this cannot be supposed")

// ParseSupposition reads JSON.
func ParseSupposition(b []byte) (*Supposition, error) {
	var s Supposition
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("%w: %v; write it like {\"active\": true, \"attributes\": {\"department\": \"X\"}, \"groups\": [\"staff\"]}", ErrSupposition, err)
	}
	for name, raw := range s.Attributes {
		if _, err := texts(raw); err != nil {
			return nil, fmt.Errorf("%w: attribute %q: %v", ErrSupposition, identity.Visible(name, 60), err)
		}
	}
	s.text = identity.Visible(strings.TrimSpace(string(b)), 400)
	return &s, nil
}

// String is the supposition as it was written.
func (s *Supposition) String() string { return s.text }

func texts(raw json.RawMessage) ([]string, error) {
	var one *string
	if json.Unmarshal(raw, &one) == nil {
		if one == nil {
			return nil, nil
		}
		return []string{*one}, nil
	}
	var many []string
	if json.Unmarshal(raw, &many) != nil {
		return nil, errors.New("a text, a list of texts or null is needed")
	}
	return many, nil
}

// whatIf is a snapshot in which one account of a source is another.
type whatIf struct {
	store.Reader
	account store.Account
	groups  *idset.Set // nil: as they are
}

// Accounts implements store.Reader.
func (w *whatIf) Accounts(ns []store.ID) ([]store.Account, error) {
	out, err := w.Reader.Accounts(ns)
	if err != nil || !slices.Contains(ns, w.account.N) {
		return out, err
	}
	out = slices.DeleteFunc(out, func(a store.Account) bool { return a.N == w.account.N })
	return append(out, w.account), nil
}

// Owners implements store.Reader.
func (w *whatIf) Owners(s store.SyncID, ns []store.ID) ([]store.Owner, error) {
	out, err := w.Reader.Owners(s, ns)
	if err != nil || !slices.Contains(ns, w.account.N) {
		return out, err
	}
	is := store.Owner{N: w.account.N, Endpoint: w.account.Endpoint, Ext: w.account.Ext, Flags: w.account.Flags}
	if i := slices.IndexFunc(out, func(o store.Owner) bool { return o.N == is.N }); i >= 0 {
		is.P = out[i].P
		out[i] = is
		return out, nil
	}
	return append(out, is), nil
}

// AccountSets implements store.Reader.
func (w *whatIf) AccountSets(ns []store.ID) ([]store.AccountSet, error) {
	out, err := w.Reader.AccountSets(ns)
	if err != nil || w.groups == nil || !slices.Contains(ns, w.account.N) {
		return out, err
	}
	out = slices.DeleteFunc(out, func(s store.AccountSet) bool { return s.N == w.account.N })
	return append(out, store.AccountSet{N: w.account.N, Groups: *w.groups}), nil
}

// suppose makes the snapshot, and the accounts to look at. Somebody whom no source has
// gets an account in one.
func (ev *evaluation) suppose(v store.Reader, ns []store.ID, s *Supposition, newIDs func(int) store.ID) (store.Reader, []store.ID, error) {
	side, err := ev.supposedSource(v, ns, s.Source)
	if err != nil {
		return nil, nil, err
	}
	account, err := ev.sourceAccount(v, ns, side)
	if err != nil {
		return nil, nil, err
	}
	u := identity.User{ID: "supposed", Kind: "user", Active: true}
	if account == nil {
		account = &store.Account{Head: store.Head{N: newIDs(1), Ext: u.ID}, Endpoint: side}
		ns = idset.Of(append(slices.Clone(ns), account.N))
	} else if u, err = identity.DecodeUser(account.Record); err != nil {
		return nil, nil, err
	}
	s.change(&u)
	account.Record, account.Flags, account.ExternalKey = identity.AppendUser(nil, &u), 0, u.ExternalID
	account.EmailKey, account.UsernameKey = identity.Fold(u.Email), identity.Fold(u.Username)
	if u.Active {
		account.Flags = store.Active
	}
	w := &whatIf{Reader: v, account: *account}
	if s.Groups != nil {
		groups, err := ev.supposedGroups(v, side, *s.Groups)
		if err != nil {
			return nil, nil, err
		}
		w.groups = &groups
	}
	return w, ns, nil
}

// supposedSource is the source that is named, or the first that has the person.
func (ev *evaluation) supposedSource(v store.Reader, ns []store.ID, name string) (store.EndpointID, error) {
	var refs []string
	first := store.EndpointID(0)
	for ep, side := range ev.sources {
		refs = append(refs, side.ref)
		if name != "" && (side.ref == name || side.id == name) {
			return ep, nil
		}
		if first == 0 || side.order < ev.sources[first].order {
			first = ep
		}
	}
	slices.Sort(refs)
	if name != "" || first == 0 {
		return 0, fmt.Errorf("%w: there is no source %q; the sync has read: %s", ErrSupposition, identity.Visible(name, 60), strings.Join(refs, ", "))
	}
	best := store.EndpointID(0)
	accounts, err := v.Accounts(ns)
	for _, a := range accounts {
		if side := ev.sources[a.Endpoint]; side != nil && !a.Flags.Has(store.Gone) && (best == 0 || side.order < ev.sources[best].order) {
			best = a.Endpoint
		}
	}
	if best == 0 {
		best = first
	}
	return best, err
}

func (ev *evaluation) sourceAccount(v store.Reader, ns []store.ID, ep store.EndpointID) (*store.Account, error) {
	accounts, err := v.Accounts(ns)
	for _, a := range accounts {
		if a.Endpoint == ep {
			return &a, err
		}
	}
	return nil, err
}

func (ev *evaluation) supposedGroups(v store.Reader, ep store.EndpointID, names []string) (idset.Set, error) {
	folds := make([]string, len(names))
	for i, n := range names {
		folds[i] = identity.Fold(n)
	}
	found, err := v.GroupsByName(ep, folds)
	if err != nil {
		return nil, err
	}
	var out []store.ID
	for i, fold := range folds {
		here := present(found[fold])
		if len(here) == 0 {
			return nil, fmt.Errorf("%w: %s has no group %q", ErrSupposition, ev.sources[ep].ref, identity.Visible(names[i], 80))
		}
		for _, g := range here {
			out = append(out, g.N)
		}
	}
	return idset.Of(out), nil
}

// change puts into a record what is supposed of it.
func (s *Supposition) change(u *identity.User) {
	for _, x := range []struct {
		to   *string
		from *string
	}{{&u.Username, s.Username}, {&u.Email, s.Email}, {&u.DisplayName, s.DisplayName}, {&u.GivenName, s.GivenName}, {&u.FamilyName, s.FamilyName}} {
		if x.from != nil {
			*x.to = *x.from
		}
	}
	if s.Active != nil {
		u.Active = *s.Active
	}
	as := map[string][]string{}
	for _, a := range u.Attributes {
		as[a.Name] = a.Values
	}
	for name, raw := range s.Attributes {
		as[name], _ = texts(raw) // ParseSupposition has tried it
	}
	u.Attributes = nil
	for _, name := range slices.Sorted(maps.Keys(as)) {
		if len(as[name]) > 0 {
			u.Attributes = append(u.Attributes, identity.Attribute{Name: name, Values: as[name]})
		}
	}
}
