package target_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"syncgateway/examples/synthetic/crowd"
	"syncgateway/examples/synthetic/target"
	"syncgateway/sdk"
	"syncgateway/sdk/sdktest"
)

func open(t *testing.T, size crowd.Size) *sdktest.Instance {
	return sdktest.Open(t, target.Config{Size: size, InFlight: 4}, func() (*sdk.Plugin, error) { return sdk.TargetPlugin(target.About("test"), &target.Target{}) })
}

func state(t *testing.T, in *sdktest.Instance, req sdk.StateRequest) *sdktest.Read {
	t.Helper()
	read, err := in.State(t.Context(), req)
	if err != nil || read.Complete == nil {
		t.Fatal(read, err)
	}
	return read
}

// What is there from the beginning is what a whole first sync would have made.
func TestBeginsWithEverything(t *testing.T) {
	size := crowd.Size{Users: 50, Groups: 7, PerUser: 3}
	read := state(t, open(t, size), sdk.StateRequest{})
	if len(read.Users) != 50 || len(read.Groups) != 7 {
		t.Fatalf("%d users, %d groups", len(read.Users), len(read.Groups))
	}
	for i, u := range read.Users {
		p := crowd.Person(i, 0)
		if u.Username != p.Username || u.Email != p.Email || u.DisplayName != p.DisplayName || u.Attributes.First("department") != p.Attributes.First("department") {
			t.Errorf("%+v is not the account of %+v", u, p)
		}
	}
	for g := range 7 {
		if want := crowd.IDs("a", size.Members(g)); !slices.Equal(read.Members[crowd.ID("t", g)], want) {
			t.Errorf("group %d has %v, and not %v", g, read.Members[crowd.ID("t", g)], want)
		}
	}
}

func TestChangesStay(t *testing.T) {
	in := open(t, crowd.Size{Users: 10, Groups: 2, PerUser: 1})
	user, member := sdk.User{ID: crowd.ID("a", 3), Username: "other"}, sdk.Member{GroupID: crowd.ID("t", 0), UserID: crowd.ID("a", 3)}
	for i, op := range []sdk.Operation{
		{Kind: sdk.UpdateUser, User: user, Changed: []string{"username"}},
		{Kind: sdk.AddMember, Member: member},
		{Kind: sdk.RemoveMember, Member: sdk.Member{GroupID: crowd.ID("t", 0), UserID: crowd.ID("a", 2)}},
		{Kind: sdk.DeleteUser, User: sdk.User{ID: crowd.ID("a", 4)}},
		{Kind: sdk.CreateUser, User: sdk.User{Username: "new", Email: "new@bench.example"}},
		{Kind: sdk.CreateGroup, Group: sdk.Group{Name: "made"}},
		{Kind: sdk.DeleteGroup, Group: sdk.Group{ID: crowd.ID("t", 1)}},
	} {
		op.ID = strconv.Itoa(i)
		got, err := in.Apply(t.Context(), op)
		if err != nil || got[op.ID].Outcome != sdk.OutcomeApplied {
			t.Errorf("%+v: %+v, %v", op, got, err)
		}
	}
	read := state(t, in, sdk.StateRequest{})
	if len(read.Users) != 10 || read.Users[3].Username != "other" || read.Users[9].Username != "new" {
		t.Errorf("%+v", read.Users)
	}
	want := []string{crowd.ID("a", 0), crowd.ID("a", 3), crowd.ID("a", 6), crowd.ID("a", 8)}
	if len(read.Groups) != 2 || !slices.Equal(read.Members[crowd.ID("t", 0)], want) {
		t.Errorf("%+v %+v", read.Groups, read.Members)
	}
	read = state(t, in, sdk.StateRequest{Emails: []string{"new@bench.example"}, UserIDs: []string{crowd.ID("a", 3)}})
	if len(read.Users) != 2 || !slices.Equal(read.Members[crowd.ID("t", 0)], []string{crowd.ID("a", 3)}) {
		t.Errorf("%+v", read)
	}
}

// A target that allows so many calls in a second gives each its time.
func TestPace(t *testing.T) {
	var p target.Pace
	first := p.Slot(100)
	if d := p.Slot(100).Sub(first); d != 10*time.Millisecond {
		t.Error(d)
	}
}
