package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"syncgateway/core/config"
	"syncgateway/core/store"
)

// markManaged marks everybody when the sync owns all memberships of the groups it
// manages, and these are not the groups they were last time: then somebody may be in
// one of them for whom nothing changed.
func (r *run) markManaged(ctx context.Context) error {
	if r.sync.Groups.KeepExisting || r.sync.Groups.Mode == config.GroupsOff {
		return nil
	}
	ev := r.evaluation()
	err := r.Store.View(ctx, func(v store.Reader) error {
		ev.view = v
		return ev.prepare()
	})
	if err != nil {
		return fmt.Errorf("map groups: %w", err)
	}
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(maps.Keys(ev.groups.managed)), "\x00")))
	now := r.sync.Epoch + epochGroups + hex.EncodeToString(sum[:8])
	return r.Store.Update(ctx, func(tx store.Tx) error {
		if st, err := tx.SyncState(r.sid); err != nil || st.Epoch == now {
			return err
		}
		return r.markEverybody(tx, now)
	})
}

// epochGroups separates, in what is remembered of a sync's configuration, the
// configuration itself from the groups that it managed.
const epochGroups = "+"

// markEverybody marks everybody: the accounts of the sources, and those of the target,
// through which the people of a source are found that is no longer part of the sync.
func (r *run) markEverybody(tx store.Tx, epoch string) error {
	if err := tx.MarkAllDirty(r.sid, r.target); err != nil {
		return err
	}
	for ep := range r.sources {
		if err := tx.MarkAllDirty(r.sid, ep); err != nil {
			return err
		}
	}
	if err := tx.PutGroupsSettled(r.sid, 0); err != nil {
		return err
	}
	return tx.PutSyncState(r.sid, store.SyncState{Epoch: epoch})
}
