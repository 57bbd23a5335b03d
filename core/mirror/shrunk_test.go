package mirror

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
)

// mirrored is a store that has read n users, all in group g1, ten in g2, and g2 in g1.
func mirrored(t *testing.T, n int) *sqlite.DB {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	r := begin(t, st, Full)
	var page []pluginhost.UserRecord
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("u%d", i))
		page = append(page, pluginhost.NewUserRecord(identity.User{ID: ids[i], Kind: "user", Active: true}))
	}
	check(t, r.Users(t.Context(), page))
	check(t, r.Groups(t.Context(), []pluginhost.GroupRecord{pluginhost.NewGroupRecord(identity.Group{ID: "g1", Kind: "group", Name: "1"}),
		pluginhost.NewGroupRecord(identity.Group{ID: "g2", Kind: "group", Name: "2"})}))
	check(t, r.Members(t.Context(), lists(identity.Members{GroupID: "g1", UserIDs: ids, ChildIDs: []string{"g2"}}, identity.Members{GroupID: "g2", UserIDs: ids[:10]})))
	check(t, r.Finish(t.Context(), Ending{Believed: true}))
	return st
}

func begin(t *testing.T, st store.Store, scope Scope) *Reading {
	t.Helper()
	r, err := Begin(t.Context(), st, "source.test.one", scope, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What a delta read takes away is held against what there is, as the size of a full
// read is.
func TestDeltasThatTakeTooMuch(t *testing.T) {
	names := func(from, to int) (out []string) {
		for i := from; i < to; i++ {
			out = append(out, fmt.Sprintf("u%d", i))
		}
		return out
	}
	for name, c := range map[string]struct {
		read func(r *Reading) error
		want string
	}{
		"nothing":                 {func(r *Reading) error { return nil }, ""},
		"a fifth of the users":    {func(r *Reading) error { return r.Removed(t.Context(), names(0, 8), false) }, ""},
		"more users":              {func(r *Reading) error { return r.Removed(t.Context(), names(0, 9), false) }, "take away 9 of 40 users"},
		"users that are not here": {func(r *Reading) error { return r.Removed(t.Context(), names(100, 150), false) }, ""},
		"a few memberships": {func(r *Reading) error {
			return r.RemovedMembers(t.Context(), []identity.Members{{GroupID: "g1", UserIDs: names(0, 10)}})
		}, ""},
		"more memberships": {func(r *Reading) error {
			return r.RemovedMembers(t.Context(), []identity.Members{{GroupID: "g1", UserIDs: names(0, 11)}})
		}, "take away 11 of 50 memberships"},
		"a group is emptied": {func(r *Reading) error { return r.ReplaceMembers(t.Context(), []string{"g1"}) }, "take away 40 of 50 memberships"},
		"a group is replaced by itself": {func(r *Reading) error {
			check(t, r.ReplaceMembers(t.Context(), []string{"g1"}))
			return r.Members(t.Context(), lists(identity.Members{GroupID: "g1", UserIDs: names(0, 40)}))
		}, ""},
		"a group goes": {func(r *Reading) error { return r.Removed(t.Context(), []string{"g1"}, true) }, "take away 40 of 50 memberships"},
	} {
		st := mirrored(t, 40)
		r := begin(t, st, Delta)
		check(t, c.read(r))
		got, err := r.Shrunk(t.Context(), 20, 5)
		if err != nil || c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// A delta read tells which groups, and groups in groups, it ends: these can be asked
// about.
func TestWhatADeltaEnds(t *testing.T) {
	st := mirrored(t, 20)
	r := begin(t, st, Delta)
	check(t, r.Removed(t.Context(), []string{"g2", "none"}, true))
	check(t, r.RemovedMembers(t.Context(), []identity.Members{{GroupID: "g1", UserIDs: []string{"u1"}, ChildIDs: []string{"g2"}}}))
	v, err := r.Vanished(t.Context(), false)
	if err != nil || len(v.Users) != 0 || !slices.Equal(v.Groups, []string{"g2"}) || !slices.Equal(v.Children, []Pair{{"g1", "g2"}}) {
		t.Errorf("%+v, %v", v, err)
	}
	r = begin(t, st, Delta)
	check(t, r.ReplaceMembers(t.Context(), []string{"g1"}))
	check(t, r.Members(t.Context(), lists(identity.Members{GroupID: "g1", UserIDs: []string{"u1"}})))
	if v, err = r.Vanished(t.Context(), false); err != nil || !slices.Equal(v.Children, []Pair{{"g1", "g2"}}) || len(v.Groups) != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}
