package okta

import (
	"slices"
	"strings"
	"testing"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/sdk"
)

// everyStatus gives each of the eight statuses to somebody.
func everyStatus(o *org) map[company.Status]string {
	ids, at := map[company.Status]string{}, 0
	for _, u := range o.Okta.Users() {
		all := []company.Status{company.Staged, company.Provisioned, company.Active, company.Recovery, company.PasswordExpired,
			company.LockedOut, company.Suspended, company.Deprovisioned}
		if at < len(all) && u.Person.Status == company.Active {
			o.mutate(company.Mutation{Op: company.SetStatus, Person: u.Person.Login, Value: string(all[at])})
			ids[all[at]] = u.ID
			at++
		}
	}
	return ids
}

func TestFullReadHasEveryone(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1, People: 450, WithoutOAuth: true})
	everyStatus(o)
	r := completed(t, users(t, o.open(nil), sdk.ReadRequest{}))
	want := 0
	for _, u := range o.Okta.Users() {
		got, p := userIn(r, u.ID), u.Person
		if p.Status == company.Staged {
			if got != nil {
				t.Errorf("%s was never activated and is read", p.Login)
			}
			continue
		}
		want++
		if got == nil {
			t.Errorf("%s (%s) is missing", p.Login, p.Status)
			continue
		}
		inactive := p.Status == company.Suspended || p.Status == company.Deprovisioned
		if got.Username != p.Login || got.Email != p.Email || got.GivenName != p.FirstName || got.FamilyName != p.LastName ||
			got.Active == inactive || got.Attributes.First("status") != string(p.Status) ||
			got.Attributes.First("department") != p.Department || got.Attributes.First("costCentre") != p.CostCentre || got.Version == "" {
			t.Errorf("%+v\n is read as %+v", p, got)
		}
		if name := p.DisplayName; name == "" && got.DisplayName != p.FirstName+" "+p.LastName || name != "" && got.DisplayName != name {
			t.Errorf("%s is displayed as %q", p.Login, got.DisplayName)
		}
		for name, value := range u.Custom {
			if got.Attributes.First(name) != value {
				t.Errorf("%s of %s is %q", name, p.Login, got.Attributes.First(name))
			}
		}
	}
	if len(r.Users) != want || r.Complete.Count != uint64(want) || len(r.Complete.Delta) == 0 || len(r.Notices) > 0 {
		t.Errorf("%d users, complete %+v, want %d; notices %v", len(r.Users), r.Complete, want, r.Notices)
	}
}

func TestFullReadHasGroupsWithMembers(t *testing.T) {
	o := startOrg(t, sandbox.Options{Seed: 1, People: 450, WithoutOAuth: true})
	for name, more := range map[string]map[string]any{
		"default": nil, "small pages": {"member_page": 7, "concurrency": 1},
		"everyone": {"group_types": []string{"OKTA_GROUP", "APP_GROUP", "BUILT_IN"}},
	} {
		r := completed(t, groups(t, o.open(more), sdk.ReadRequest{}))
		want := 0
		for _, g := range o.Okta.Groups() {
			if g.Kind == company.BuiltIn && name != "everyone" {
				continue
			}
			want++
			var members []string
			for _, login := range g.Members {
				members = append(members, o.id(login))
			}
			got := slices.Clone(r.Members[g.ID])
			slices.Sort(got)
			slices.Sort(members)
			if !slices.Equal(got, members) {
				t.Errorf("%s: %s has %d members, want %d", name, g.Name, len(got), len(members))
			}
			at := slices.IndexFunc(r.Groups, func(x sdk.Group) bool { return x.ID == g.ID })
			if at < 0 || r.Groups[at].Name != g.Name || r.Groups[at].Attributes.First("type") != string(g.Kind) {
				t.Errorf("%s: %s is not read right", name, g.Name)
			}
		}
		if len(r.Groups) != want || want == 0 || len(r.Complete.Delta) == 0 {
			t.Errorf("%s: %d groups, want %d; complete %+v", name, len(r.Groups), want, r.Complete)
		}
	}
}

func TestStatuses(t *testing.T) {
	o := small(t)
	ids := everyStatus(o)
	if len(ids) != 8 {
		t.Fatalf("only %d statuses", len(ids))
	}
	for name, test := range map[string]struct {
		more    map[string]any
		missing []company.Status
	}{
		"default":       {nil, []company.Status{company.Staged}},
		"staged":        {map[string]any{"staged": "inactive"}, nil},
		"deprovisioned": {map[string]any{"include_deprovisioned": false}, []company.Status{company.Staged, company.Deprovisioned}},
	} {
		r := completed(t, users(t, o.open(test.more), sdk.ReadRequest{}))
		for status, id := range ids {
			got := userIn(r, id)
			if slices.Contains(test.missing, status) != (got == nil) {
				t.Errorf("%s: %s is %+v", name, status, got)
			}
			active := status != company.Staged && status != company.Suspended && status != company.Deprovisioned
			if got != nil && got.Active != active {
				t.Errorf("%s: %s is active: %v", name, status, got.Active)
			}
		}
	}
}

func TestAUnknownStatusRemovesNobody(t *testing.T) {
	u := userRecord{ID: "00u1", Status: "HIBERNATING"}
	if got, known := u.user(nil); known || !got.Active || got.Attributes.First("status") != "HIBERNATING" {
		t.Errorf("%+v, %v", got, known)
	}
}

func TestUnicodeAndAttributes(t *testing.T) {
	o := small(t)
	o.mutate(company.Mutation{Op: company.Create, Profile: &company.Person{Login: "ōe+ü'\"x@harbour.example", Email: "Ōe@harbour.example",
		FirstName: "Kenzaburō", LastName: "大江 \u202e", Department: "研究 & <b>", Status: company.Active}},
		company.Mutation{Op: company.GroupCreate, Group: "équipe / δ"})
	in := o.open(nil)
	id := o.id("ōe+ü'\"x@harbour.example")
	r := completed(t, users(t, in, sdk.ReadRequest{Attributes: []string{"department"}}))
	u := userIn(r, id)
	if u == nil || u.GivenName != "Kenzaburō" || u.FamilyName != "大江 \u202e" || len(u.Attributes) != 1 || u.Attributes.First("department") != "研究 & <b>" {
		t.Errorf("%+v", u)
	}
	found, err := in.Lookup(t.Context(), sdk.LookupRequest{Username: "ōe+ü'\"x@harbour.example"})
	if err != nil || found.User.ID != id {
		t.Errorf("%+v, %v", found, err)
	}
	g := completed(t, groups(t, in, sdk.ReadRequest{}))
	if !slices.ContainsFunc(g.Groups, func(x sdk.Group) bool { return x.Name == "équipe / δ" }) {
		t.Error("the group is missing")
	}
}

func TestAppScope(t *testing.T) {
	o := small(t)
	app := map[string]any{"app_id": o.Okta.AppID()}
	in, all := o.open(app), completed(t, users(t, o.open(nil), sdk.ReadRequest{}))
	r := completed(t, users(t, in, sdk.ReadRequest{}))
	if len(r.Users) == 0 || len(r.Users) >= len(all.Users) {
		t.Fatalf("%d of %d", len(r.Users), len(all.Users))
	}
	for i := range r.Users {
		whole := userIn(all, r.Users[i].ID)
		if whole == nil || whole.Email != r.Users[i].Email || whole.Attributes.First("department") != r.Users[i].Attributes.First("department") {
			t.Errorf("%+v, in the org %+v", r.Users[i], whole)
		}
	}
	g := completed(t, groups(t, in, sdk.ReadRequest{}))
	if len(g.Groups) == 0 || len(g.Groups) >= len(o.Okta.Groups()) || len(g.Members[g.Groups[0].ID]) == 0 {
		t.Errorf("%d groups", len(g.Groups))
	}
	stranger := slices.IndexFunc(all.Users, func(u sdk.User) bool { return userIn(r, u.ID) == nil })
	if _, err := in.Lookup(t.Context(), sdk.LookupRequest{ID: all.Users[stranger].ID}); !sdk.Is(err, sdk.ReasonNotFound) {
		t.Errorf("somebody who is not assigned: %v", err)
	}
	found, err := in.Lookup(t.Context(), sdk.LookupRequest{ID: r.Users[0].ID})
	if err != nil || found.User.ID != r.Users[0].ID || len(found.Groups) == 0 {
		t.Errorf("%+v, %v", found, err)
	}
	for _, found := range found.Groups {
		if !slices.Contains(groupIDs(g), found.ID) {
			t.Errorf("%s is not assigned to the app", found.Name)
		}
	}
	gone := o.open(map[string]any{"app_id": "0oaNobodyKnowsThisOne"})
	for _, f := range []*sdk.Failure{users(t, gone, sdk.ReadRequest{}).Failure, groups(t, gone, sdk.ReadRequest{}).Failure} {
		if f == nil || f.Reason != sdk.ReasonInvalid || !strings.Contains(f.Message, "app_id") {
			t.Errorf("%v", f)
		}
	}
	if _, err := gone.Lookup(t.Context(), sdk.LookupRequest{ID: r.Users[0].ID}); err == nil || sdk.Is(err, sdk.ReasonNotFound) {
		t.Errorf("an app that is gone makes everybody unknown: %v", err)
	}
}
