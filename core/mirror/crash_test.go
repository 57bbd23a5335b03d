package mirror

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
)

// dying is a store whose process ends after some commits.
type dying struct {
	store.Store
	left int
}

var errDied = errors.New("the process ended")

// Update implements store.Store.
func (d *dying) Update(ctx context.Context, f func(store.Tx) error) error {
	if d.left--; d.left < 0 {
		return errDied
	}
	return d.Store.Update(ctx, f)
}

// Wherever a read of a renamed group is cut off, the next one marks who is in the group.
func TestRenameSurvivesACrash(t *testing.T) {
	for commits := range 6 {
		t.Run(fmt.Sprintf("after %d commits", commits), func(t *testing.T) {
			st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "data"))
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			var sync store.SyncID
			if err := st.Update(t.Context(), func(tx store.Tx) (err error) { sync, err = tx.Sync("staff"); return err }); err != nil {
				t.Fatal(err)
			}
			read := func(st store.Store, name string) error {
				r, err := Begin(t.Context(), st, "source.test.one", Full, []store.SyncID{sync})
				if err != nil {
					return err
				}
				if err := r.Users(t.Context(), []pluginhost.UserRecord{pluginhost.NewUserRecord(identity.User{ID: "u", Kind: "user", Active: true})}); err != nil {
					return err
				}
				if err := r.Groups(t.Context(), []pluginhost.GroupRecord{pluginhost.NewGroupRecord(identity.Group{ID: "g", Kind: "group", Name: name})}); err != nil {
					return err
				}
				if err := r.Members(t.Context(), lists(identity.Members{GroupID: "g", UserIDs: []string{"u"}})); err != nil {
					return err
				}
				return r.Finish(t.Context(), Ending{Believed: true})
			}
			if err := read(st, "old"); err != nil {
				t.Fatal(err)
			}
			if err := st.Update(t.Context(), func(tx store.Tx) error {
				ns, err := tx.Dirty(sync)
				if err != nil {
					return err
				}
				return tx.ClearDirty(sync, ns)
			}); err != nil {
				t.Fatal(err)
			}
			if err := read(&dying{st, commits}, "new"); err != nil && !errors.Is(err, errDied) {
				t.Fatal(err)
			}
			if err := read(st, "new"); err != nil {
				t.Fatal(err)
			}
			if err := st.View(t.Context(), func(v store.Reader) error {
				ns, err := v.Dirty(sync)
				if len(ns) != 1 {
					t.Errorf("%d are marked", len(ns))
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
