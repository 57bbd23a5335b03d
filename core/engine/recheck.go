package engine

import (
	"context"
	"fmt"
	"slices"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
)

// missedAtOnce is how many records of a target are asked about in one call.
const missedAtOnce = 100

// recheck asks the target directly for what a listing of it no longer had. One record
// that is there after all is enough: the listing was not whole, and whatever else it
// lacked would be made a second time.
func (r *reader) recheck(ctx context.Context) error {
	users, groups := r.out.Missing()
	for _, some := range slices.Collect(slices.Chunk(users, missedAtOnce)) {
		if err := r.missed(ctx, pluginhost.StateOptions{UserIDs: some}); err != nil || r.read.Doubt != "" {
			return err
		}
	}
	for _, some := range slices.Collect(slices.Chunk(groups, missedAtOnce)) {
		if err := r.missed(ctx, pluginhost.StateOptions{GroupIDs: some}); err != nil || r.read.Doubt != "" {
			return err
		}
	}
	return nil
}

func (r *reader) missed(ctx context.Context, ask pluginhost.StateOptions) error {
	seen := &sighted{}
	end, err := r.conn.ReadState(ctx, ask, seen)
	switch {
	case err != nil:
		return err
	case !end.Complete && end.Failure != nil:
		r.doubt(fmt.Sprintf("asked for what its listing no longer had, %s gave no answer: %s", r.ref, end.Failure.Message))
	case !end.Complete:
		r.doubt(fmt.Sprintf("asked for what its listing no longer had, %s gave no whole answer", r.ref))
	}
	for _, x := range seen.records {
		if slices.Contains(ask.UserIDs, x.id) || slices.Contains(ask.GroupIDs, x.id) {
			r.doubt(fmt.Sprintf("its listing left out %q, which is there when it is asked for", x.name))
			return nil
		}
	}
	return nil
}

// sighted takes down which records a read showed.
type sighted struct{ records []struct{ id, name string } }

// State implements pluginhost.StateSink.
func (s *sighted) State(_ context.Context, page pluginhost.StatePage) error {
	for i := range page.Users {
		u, err := page.Users[i].User()
		if err != nil {
			return err
		}
		account := targetAccount{user: u}
		s.records = append(s.records, struct{ id, name string }{u.ID, account.label()})
	}
	for i := range page.Groups {
		g, err := page.Groups[i].Group()
		if err != nil {
			return err
		}
		s.records = append(s.records, struct{ id, name string }{g.ID, identity.Visible(g.Name, 120)})
	}
	return nil
}

// Notice implements pluginhost.StateSink.
func (s *sighted) Notice(pluginhost.Notice) {}

// Waiting implements pluginhost.StateSink.
func (s *sighted) Waiting(pluginhost.Waiting) {}
