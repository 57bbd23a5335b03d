package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"syncgateway/sdk"
	"syncgateway/sdk/sdktest"
)

// scripted is a source whose streams are a test's.
type scripted struct {
	users  func(sdk.ReadRequest, *sdk.UserWriter) error
	groups func(sdk.ReadRequest, *sdk.GroupWriter) error
}

func (scripted) Configure(context.Context, struct{}) error { return nil }
func (scripted) Check(context.Context, sdk.Steps)          {}

func (s scripted) StreamUsers(_ context.Context, req sdk.ReadRequest, w *sdk.UserWriter) error {
	return s.users(req, w)
}

func (s scripted) StreamGroups(_ context.Context, req sdk.ReadRequest, w *sdk.GroupWriter) error {
	return s.groups(req, w)
}

func open(t *testing.T, s scripted) *sdktest.Instance {
	return sdktest.Open(t, struct{}{}, func() (*sdk.Plugin, error) {
		return sdk.SourcePlugin(sdk.About{Type: "scripted", Capabilities: sdk.Capabilities{Delta: true}}, s)
	})
}

func TestReadIsWholeOnlyWhenSaid(t *testing.T) {
	failed := errors.New("no answer")
	for name, test := range map[string]struct {
		stream func(*sdk.UserWriter) error
		want   string // of the failure; empty: complete
	}{
		"complete": {func(w *sdk.UserWriter) error {
			return errors.Join(w.Add(sdk.User{ID: "1"}), w.Complete([]byte("d"), nil))
		}, ""},
		"forgotten": {func(w *sdk.UserWriter) error { return w.Add(sdk.User{ID: "1"}) }, "without saying that it was complete"},
		"error":     {func(w *sdk.UserWriter) error { _ = w.Complete(nil, nil); return failed }, "no answer"},
		"after":     {func(w *sdk.UserWriter) error { _ = w.Complete(nil, nil); _ = w.Add(sdk.User{ID: "1"}); return nil }, "nothing may follow"},
		"no id":     {func(w *sdk.UserWriter) error { _ = w.Add(sdk.User{}); return w.Complete(nil, nil) }, "without an id"},
		"huge": {func(w *sdk.UserWriter) error {
			_ = w.Add(sdk.User{ID: "1", Username: strings.Repeat("x", 2<<20)})
			return w.Complete(nil, nil)
		}, "is the most"},
	} {
		in := open(t, scripted{users: func(_ sdk.ReadRequest, w *sdk.UserWriter) error { return test.stream(w) }})
		read, err := in.Users(t.Context(), sdk.ReadRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if (read.Complete != nil) != (test.want == "") || read.Failure != nil && !strings.Contains(read.Failure.Message, test.want) {
			t.Errorf("%s: complete %v, failure %v", name, read.Complete, read.Failure)
		}
	}
}

func TestReset(t *testing.T) {
	in := open(t, scripted{users: func(_ sdk.ReadRequest, w *sdk.UserWriter) error { return w.Reset("too old") }})
	if read, err := in.Users(t.Context(), sdk.ReadRequest{Delta: []byte("x")}); err != nil || read.Reset != "too old" || read.Failure != nil || read.Complete != nil {
		t.Errorf("%+v %v", read, err)
	}
}

// The parts of a page have no order among each other, so what must come in order is
// sent in several pages. The model replays pages as the host does.
func TestMembershipChangesKeepTheirOrder(t *testing.T) {
	in := open(t, scripted{groups: func(_ sdk.ReadRequest, w *sdk.GroupWriter) error {
		return errors.Join(
			w.AddMembers("g", "a", "b"), w.RemoveMembers("g", "a"), w.AddMembers("g", "a"), w.RemoveMembers("g", "b"),
			w.AddMembers("h", "x"), w.ReplaceMembers("h", []string{"y"}, []string{"g"}), w.AddMembers("h", "z"),
			w.ReplaceMembers("empty", nil, nil),
			w.Add(sdk.Group{ID: "carried", UserIDs: []string{"q"}}), w.Add(sdk.Group{ID: "bare"}),
			w.Remove("gone"), w.Add(sdk.Group{ID: "gone"}),
			w.Complete(nil, nil))
	}})
	read, err := in.Groups(t.Context(), sdk.ReadRequest{Delta: []byte("x")})
	if err != nil || read.Complete == nil || read.Complete.Count != 3 {
		t.Fatalf("%+v %v", read, err)
	}
	sets := map[string]map[string]bool{"h": {"old": true}, "empty": {"old": true}, "carried": {"old": true}, "bare": {"old": true}}
	for _, p := range read.GroupPages {
		for _, g := range p.Replace {
			sets[g] = map[string]bool{}
		}
		for _, m := range p.Members {
			for _, id := range append(m.UserIDs, m.ChildIDs...) {
				if sets[m.GroupID] == nil {
					sets[m.GroupID] = map[string]bool{}
				}
				sets[m.GroupID][id] = true
			}
		}
		for _, m := range p.RemovedMembers {
			for _, id := range m.UserIDs {
				delete(sets[m.GroupID], id)
			}
		}
	}
	want := "map[bare:map[old:true] carried:map[q:true] empty:map[] g:map[a:true] h:map[g:true y:true z:true]]"
	if got := fmt.Sprint(sets); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLargeGroupsAndPages(t *testing.T) {
	ids := make([]string, 50_000)
	for i := range ids {
		ids[i] = fmt.Sprintf("ari:cloud:identity::user/%040d", i)
	}
	in := open(t, scripted{groups: func(_ sdk.ReadRequest, w *sdk.GroupWriter) error {
		return errors.Join(w.ReplaceMembers("g", ids, ids[:10_000]), w.Complete(nil, nil))
	}, users: func(_ sdk.ReadRequest, w *sdk.UserWriter) error {
		for i := range 1200 {
			if err := w.Add(sdk.User{ID: fmt.Sprint(i), DisplayName: strings.Repeat("x", i)}); err != nil {
				return err
			}
		}
		return w.Complete(nil, nil)
	}})
	read, err := in.Groups(t.Context(), sdk.ReadRequest{Delta: []byte("x")})
	if err != nil || len(read.Members["g"]) != 50_000 || len(read.Children["g"]) != 10_000 || len(read.Replaced) != 1 || len(read.GroupPages) < 10 {
		t.Errorf("%d members, %d children, %d pages, %v", len(read.Members["g"]), len(read.Children["g"]), len(read.GroupPages), err)
	}
	read, err = in.Users(t.Context(), sdk.ReadRequest{PageSize: 100})
	if err != nil || len(read.Users) != 1200 || len(read.UserPages) != 12 {
		t.Errorf("%d users in %d pages, %v", len(read.Users), len(read.UserPages), err)
	}
}
