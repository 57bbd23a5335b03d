package sdk

import (
	"slices"

	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// UserWriter takes the users of a read. Its methods may be called by several
// goroutines; they block while the host is busy and fail when it is gone, which the
// read should then return.
type UserWriter struct {
	stream
	sink wire.UserSink
	page record.UserPage
}

func newUserWriter(sink wire.UserSink, req ReadRequest) *UserWriter {
	w := &UserWriter{sink: sink}
	w.begin(sink, req.PageSize, len(req.Delta) > 0, func() error {
		err := w.sink.Users(w.page)
		w.page.Users, w.page.Removed = w.page.Users[:0], w.page.Removed[:0]
		return err
	})
	return w
}

// Add sends users: everyone in a full read, who changed in a delta read. The ones
// that are not active belong in it too, as far as the system shows them. Somebody who
// comes again in a full read is sent once.
func (w *UserWriter) Add(users ...User) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range users {
		if slices.Contains(w.page.Removed, users[i].ID) {
			if err := w.send(); err != nil {
				return err
			}
		}
		again, err := w.add("user", users[i].ID, userBytes(&users[i]))
		if err != nil {
			return err
		}
		if again {
			continue
		}
		w.page.Users = append(w.page.Users, users[i])
	}
	return nil
}

// Remove says, in a delta read, that these are gone.
func (w *UserWriter) Remove(ids ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if slices.ContainsFunc(w.page.Users, func(u User) bool { return u.ID == id }) {
			if err := w.send(); err != nil {
				return err
			}
		}
		if err := w.room(len(id) + perID); err != nil {
			return err
		}
		w.took(len(id) + perID)
		w.page.Removed = append(w.page.Removed, id)
	}
	return nil
}

// Checkpoint sends what there is and says where a read that breaks off later may
// resume.
func (w *UserWriter) Checkpoint(resume []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.open(); err != nil {
		return err
	}
	if err := w.send(); err != nil {
		return err
	}
	w.broken = w.sink.Checkpoint(resume)
	return w.broken
}

// Reset says that the delta cursor is of no use any more and ends the read; the host
// starts over in full.
func (w *UserWriter) Reset(reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.open(); err != nil {
		return err
	}
	w.broken, w.reset = w.sink.Reset(reason), true
	return w.broken
}

// Complete says that the read is whole. delta, where the connector can do that, is
// the cursor for what changes from here on; remoteTotal is the number of users the
// system says it has, nil when it does not say. Call it once, as the last thing.
func (w *UserWriter) Complete(delta []byte, remoteTotal *uint64) error {
	return w.complete(delta, remoteTotal)
}

// perField is what a value costs on the wire beside its bytes, at most.
const perField = 6

func userBytes(u *User) int {
	return len(u.ID) + len(u.Username) + len(u.Email) + len(u.DisplayName) + len(u.GivenName) + len(u.FamilyName) +
		len(u.Version) + len(u.Kind) + len(u.ExternalID) + 15*perField + attributeBytes(u.Attributes)
}

func groupBytes(g *Group) int {
	return len(g.ID) + len(g.Name) + len(g.Description) + len(g.Version) + len(g.Kind) + len(g.ReadOnlyReason) +
		len(g.PrivilegedReason) + 10*perField + attributeBytes(g.Attributes)
}

func attributeBytes(as Attributes) int {
	n := 0
	for i := range as {
		n += len(as[i].Name) + 2*perField
		for _, v := range as[i].Values {
			n += len(v) + perField
		}
	}
	return n
}
