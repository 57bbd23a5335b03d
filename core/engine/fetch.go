package engine

import (
	"fmt"
	"slices"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/store"
)

// fetched is what the store has of some people, as far as it can be read ahead: it
// depends on nobody else.
type fetched struct {
	ps       []store.ID
	people   []store.Person        // those who were met before
	members  []store.PersonAccount // their accounts in the sources
	accounts []store.Account
	users    []identity.User    // of the accounts that are there
	sets     []store.AccountSet // of the accounts, where anybody asks about groups
	err      error
}

// fetch reads what the store has of the people. It may be called while others are
// decided about.
func (ev *evaluation) fetch(v store.Reader, ps []store.ID) *fetched {
	f := &fetched{ps: ps}
	f.err = f.read(ev, v)
	return f
}

func (f *fetched) read(ev *evaluation, v store.Reader) (err error) {
	var met []store.ID
	for _, p := range f.ps {
		if _, isNew := ev.newcomers.key(p); !isNew {
			met = append(met, p)
		}
	}
	if f.people, err = v.People(met); err != nil {
		return err
	}
	if f.members, err = v.AccountsOf(ev.sid, met); err != nil {
		return err
	}
	for _, p := range f.ps { // also whoever was met before may have a new account
		f.members = append(f.members, ev.newcomers.of(p)...)
	}
	ns := make([]store.ID, len(f.members))
	for i, pa := range f.members {
		ns[i] = pa.N
	}
	if f.accounts, err = v.Accounts(idset.Of(ns)); err != nil {
		return err
	}
	f.users = make([]identity.User, len(f.accounts))
	for i := range f.accounts {
		a := &f.accounts[i]
		side := ev.sources[a.Endpoint]
		if side == nil || a.Flags.Has(store.Gone) {
			continue
		}
		if f.users[i], err = identity.DecodeUser(a.Record); err != nil {
			return fmt.Errorf("account %q of %s: %w", a.Ext, side.ref, err)
		}
		a.Record = nil // it has done its work
	}
	if ev.groups.asked() {
		f.sets, err = v.AccountSets(idset.Of(ns))
	}
	return err
}

// eachFetched calls f for all people, some at a time. While it is at work the next ones
// are read, if there is a reader for that.
func (ev *evaluation) eachFetched(ps idset.Set, f func(*fetched) error) error {
	if ev.ahead == nil || len(ps) <= peoplePerBatch {
		for some := range slices.Chunk(ps, peoplePerBatch) {
			x := ev.fetch(ev.view, some)
			if x.err != nil {
				return x.err
			}
			if err := f(x); err != nil {
				return err
			}
		}
		return nil
	}
	next, stop := make(chan *fetched), make(chan struct{})
	go func() {
		defer close(next)
		for some := range slices.Chunk(ps, peoplePerBatch) {
			select {
			case next <- ev.fetch(ev.ahead, some):
			case <-stop:
				return
			}
		}
	}()
	var err error
	for x := range next { // to the end, also after an error: the reader must be free
		if err == nil {
			if err = x.err; err == nil {
				err = f(x)
			}
			if err != nil {
				close(stop)
			}
		}
	}
	return err
}
