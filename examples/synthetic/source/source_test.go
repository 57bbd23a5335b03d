package source_test

import (
	"testing"

	"syncgateway/examples/synthetic/crowd"
	"syncgateway/examples/synthetic/source"
	"syncgateway/sdk"
	"syncgateway/sdk/sdktest"
)

func open(t *testing.T, c source.Config) *sdktest.Instance {
	return sdktest.Open(t, c, func() (*sdk.Plugin, error) { return sdk.SourcePlugin(source.About("test"), &source.Source{}) })
}

// Everybody is in per_user different groups, whatever the numbers.
func TestEverybodyIsInTheirGroups(t *testing.T) {
	for _, c := range []crowd.Size{
		{Users: 1000, Groups: 10, PerUser: 10}, {Users: 1001, Groups: 70, PerUser: 3}, {Users: 5, Groups: 100, PerUser: 10}, {Users: 10, Groups: 1, PerUser: 1},
		{Users: 10, Groups: 3, PerUser: 0},
	} {
		in := open(t, source.Config{Size: c})
		users, err := in.Users(t.Context(), sdk.ReadRequest{})
		if err != nil || users.Complete == nil || len(users.Users) != c.Users {
			t.Fatalf("%+v: %d users, %v", c, len(users.Users), err)
		}
		read, err := in.Groups(t.Context(), sdk.ReadRequest{})
		if err != nil || read.Complete == nil || len(read.Groups) != c.Groups {
			t.Fatalf("%+v: %d groups, %v", c, len(read.Groups), err)
		}
		times := map[string]int{}
		for group, ids := range read.Members {
			once := map[string]bool{}
			for _, id := range ids {
				if once[id] {
					t.Errorf("%+v: %s is twice in %s", c, id, group)
				}
				once[id] = true
				times[id]++
			}
		}
		for _, u := range users.Users {
			if times[u.ID] != c.PerUser {
				t.Errorf("%+v: %s is in %d groups", c, u.ID, times[u.ID])
			}
		}
	}
}

func BenchmarkUsers(b *testing.B) {
	in := sdktest.Open(b, source.Config{Size: crowd.Size{Users: 100_000, Groups: 1}}, func() (*sdk.Plugin, error) {
		return sdk.SourcePlugin(source.About("test"), &source.Source{})
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := in.Users(b.Context(), sdk.ReadRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}
