package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"syncgateway/core/identity"
	"syncgateway/core/idset"
	"syncgateway/core/plan"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// departures notes, of a batch, who has left and who is back. Somebody has left when
// every source says so or has them no more, and they have an account.
func (ev *evaluation) departures(people []*someone) error {
	ps := make([]store.ID, 0, len(people))
	for _, s := range people {
		if s.link != 0 && (s.state == wanted || left(s)) {
			ps = append(ps, s.person.P)
		}
	}
	known, err := ev.view.Departed(ps)
	if err != nil {
		return err
	}
	byP := map[store.ID]store.Leaver{}
	for _, l := range known {
		byP[l.P] = l
	}
	for _, s := range people {
		l, departed := byP[s.person.P]
		switch {
		case departed && s.state == wanted:
			l.Returned = ev.now
			ev.leavers = append(ev.leavers, l)
		case !departed && left(s):
			ev.leavers = append(ev.leavers, store.Leaver{Sync: ev.sid, P: s.person.P, N: s.link, Person: s.person.Label, Reason: s.why, Said: s.said(), Seen: ev.now})
		}
	}
	return nil
}

func left(s *someone) bool {
	return (s.state == inactive || s.state == gone) && s.link != 0 && s.account != nil && !s.account.flags.Has(store.Gone)
}

// said is when the last source said that they left, zero where one does not tell.
func (s *someone) said() time.Time {
	var last time.Time
	if s.state != inactive {
		return last // a listing that lacks somebody has no time
	}
	for i := range s.records {
		t := s.records[i].user.StatusChanged
		if t.IsZero() {
			return t
		}
		if t.After(last) {
			last = t
		}
	}
	return last
}

// saidOf notes when a source that was asked directly says that somebody left: a listing
// that lacks them does not tell.
func (ev *evaluation) saidOf(p store.ID, said time.Time) {
	for i := range ev.leavers {
		if l := &ev.leavers[i]; l.P == p && said.After(l.Said) {
			l.Said = said
		}
	}
}

// mostReadBack bounds how many accounts one run reads again.
const mostReadBack = 500

// readBack reads the accounts of leavers in the target once more, after what was
// applied: only what the target then says confirms that their access has ended. One
// that is not confirmed yet is read again in the next run.
func (r *run) readBack(ctx context.Context) error {
	var open []store.Leaver
	ids := map[store.ID]string{}
	err := r.Store.View(ctx, func(v store.Reader) (err error) {
		open, ids, err = r.toReadBack(v)
		return err
	})
	if err != nil || len(open) == 0 {
		return err
	}
	seen, err := r.look(ctx, ids)
	if err != nil {
		r.Log.Warn("the accounts of leavers could not be read again; the next run tries", "error", r.Redact.String(err.Error()))
		return nil // what was applied stands
	}
	for i := range open {
		l := &open[i]
		if active, there := seen[ids[l.N]]; there && active {
			l.Tried = r.Now()
		} else {
			l.Confirmed = r.Now()
		}
	}
	return r.Store.Update(ctx, func(tx store.Tx) error { return tx.PutLeavers(open) })
}

// toReadBack are the open leavers whose account should be without access by now, and
// the ids of the accounts.
func (r *run) toReadBack(v store.Reader) ([]store.Leaver, map[store.ID]string, error) {
	open, err := v.OpenLeavers(r.sid, mostReadBack)
	if err != nil {
		return nil, nil, err
	}
	ns := make([]store.ID, len(open))
	for i, l := range open {
		ns[i] = l.N
	}
	accounts, err := v.Accounts(idset.Of(ns))
	if err != nil {
		return nil, nil, err
	}
	ids := map[store.ID]string{}
	for _, a := range accounts {
		if !a.Flags.Has(store.Active) || a.Flags.Has(store.Gone) {
			ids[a.N] = a.Ext
		}
	}
	open = slices.DeleteFunc(open, func(l store.Leaver) bool { return ids[l.N] == "" })
	for i := range open {
		if open[i].Asked, err = askedAt(v, &open[i]); err != nil {
			return nil, nil, err
		}
	}
	return open, ids, nil
}

// askedAt is when the target answered that it had ended the access, zero when it was
// not the gateway that did.
func askedAt(v store.Reader, l *store.Leaver) (time.Time, error) {
	ops, err := v.OperationsOn(l.N, historyLimit)
	for _, op := range ops {
		ends := op.Class == plan.DeactivateUser.String() || op.Class == plan.DeleteUser.String()
		if ends && (op.State == store.OpApplied || op.State == store.OpAlready) && !op.At.Before(l.Seen) {
			return op.At, err
		}
	}
	return time.Time{}, err
}

// look reads accounts of the target directly, and tells which are active. One that is
// not among them is not there.
func (r *run) look(ctx context.Context, ids map[store.ID]string) (map[string]bool, error) {
	var exts []string
	for _, ext := range ids {
		exts = append(exts, ext)
	}
	slices.Sort(exts)
	active := activity{}
	r.o.told.say(Progress{Stage: StageReadBack, Of: r.sync.To.Ref(), Unit: "people", Total: len(exts)})
	end, err := r.conn.ReadState(ctx, pluginhost.StateOptions{UserIDs: exts}, active)
	if err == nil && !end.Complete {
		err = fmt.Errorf("%s did not answer completely", r.sync.To.Ref())
	}
	return active, err
}

// activity takes a read, and keeps whether each account is active.
type activity map[string]bool

// State implements pluginhost.StateSink.
func (a activity) State(_ context.Context, page pluginhost.StatePage) error {
	for i := range page.Users {
		a[page.Users[i].ID] = page.Users[i].Active
	}
	return nil
}

// Notice implements pluginhost.StateSink.
func (activity) Notice(pluginhost.Notice) {}

// Waiting implements pluginhost.StateSink.
func (activity) Waiting(pluginhost.Waiting) {}

// LeaverView is one departure for people. Took is the time from when the source said so,
// or else from when it was seen, to the confirmation.
type LeaverView struct {
	Sync      string        `json:"sync"`
	Person    string        `json:"person"`
	Account   string        `json:"account"` // its id in the target
	Reason    string        `json:"reason"`
	State     string        `json:"state"` // "waiting", "asked", "confirmed", "returned"
	Said      time.Time     `json:"said,omitzero"`
	Seen      time.Time     `json:"seen"`
	Asked     time.Time     `json:"asked,omitzero"`
	Confirmed time.Time     `json:"confirmed,omitzero"`
	Returned  time.Time     `json:"returned,omitzero"`
	Tried     time.Time     `json:"tried,omitzero"` // last read that still showed access
	Took      time.Duration `json:"took,omitempty"`
}

// ViewLeavers are the departures of a sync that were seen since, oldest first.
func ViewLeavers(v store.Reader, sync string, since time.Time) ([]LeaverView, error) {
	syncs, err := v.Syncs()
	if err != nil {
		return nil, err
	}
	var out []LeaverView
	var ns []store.ID
	err = v.Leavers(syncs[sync], since, func(l store.Leaver) error {
		ns = append(ns, l.N)
		out = append(out, viewLeaver(sync, &l))
		return nil
	})
	if err != nil {
		return nil, err
	}
	accounts, err := v.Accounts(idset.Of(slices.Clone(ns)))
	ext := map[store.ID]string{}
	for _, a := range accounts {
		ext[a.N] = a.Ext
	}
	for i := range out {
		out[i].Account = ext[ns[i]]
	}
	return out, err
}

func viewLeaver(sync string, l *store.Leaver) LeaverView {
	view := LeaverView{Sync: sync, Person: identity.Visible(l.Person, 120), Reason: l.Reason, State: "waiting", Said: l.Said, Seen: l.Seen,
		Asked: l.Asked, Confirmed: l.Confirmed, Returned: l.Returned, Tried: l.Tried}
	switch {
	case !l.Confirmed.IsZero():
		view.State = "confirmed"
		view.Took = max(0, l.Confirmed.Sub(earliest(l.Said, l.Seen)))
	case !l.Returned.IsZero():
		view.State = "returned"
	case !l.Asked.IsZero():
		view.State = "asked"
	}
	return view
}

// earliest is said, unless it is missing or later than seen: the clocks differ then.
func earliest(said, seen time.Time) time.Time {
	if said.IsZero() || said.After(seen) {
		return seen
	}
	return said
}
