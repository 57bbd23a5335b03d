package jiracloud_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/atlassian"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/reqlog"
	"syncgateway/sdk"
)

func TestInvitationsCarryTheirGroups(t *testing.T) {
	b := open(t, sandbox.Options{})
	var ops []sdk.Operation
	var want []string // effects
	for i := range 60 {
		email := fmt.Sprintf("New.%02d@harbour.example", i)
		id := fmt.Sprintf("create%d", i)
		ops = append(ops, b.create(id, email))
		want = append(want, "user.invite "+email, "member.add jira-users-harbour "+email)
		if i < 30 {
			ops = append(ops, b.joins(id, "release-crew"), b.joins(id, "Engineering"))
			want = append(want, "member.add release-crew "+email, "member.add Engineering "+email)
		}
	}
	for i, r := range b.apply(ops...) {
		b.want(r, sdk.OutcomeApplied)
		u, _ := b.Atlassian.User(ops[i].User.Email)
		if ops[i].Kind == sdk.CreateUser && (r.RemoteID != u.ID || r.RemoteStatus != "200") {
			t.Errorf("%s: id %q, want %q, status %q", u.Email, r.RemoteID, u.ID, r.RemoteStatus)
		}
	}
	if n := len(b.Log.Entries(reqlog.Filter{Path: "/admin/v2/orgs/*/users/invite"})); n != 4 {
		t.Errorf("%d invitations for two sets of 30 people", n)
	}
	if n := len(b.Log.Entries(reqlog.Filter{Path: "/admin/v2/orgs/*/directories/*/groups/*/memberships"})); n != 0 {
		t.Errorf("%d memberships were added apart from the invitation", n)
	}
	b.changed(want...)
	for i, r := range b.apply(ops...) {
		if !r.OK() {
			t.Errorf("repeated operation %d: %v", i, r.Failure)
		}
	}
	b.changed()
}

func TestMembershipsAndTheirRepetition(t *testing.T) {
	b := open(t, sandbox.Options{})
	add := b.member(sdk.AddMember, "release-crew", company.Emil)
	if r := b.want(b.apply(add)[0], sdk.OutcomeApplied); r.RemoteStatus != "204" {
		t.Errorf("status %q", r.RemoteStatus)
	}
	b.changed("member.add release-crew " + company.Emil)
	if r := b.want(b.apply(add)[0], sdk.OutcomeAlready); r.RemoteStatus != "409 ADMIN-409-28" {
		t.Errorf("status %q", r.RemoteStatus)
	}
	remove := b.member(sdk.RemoveMember, "release-crew", company.Emil)
	b.want(b.apply(remove)[0], sdk.OutcomeApplied)
	b.changed("member.remove release-crew " + company.Emil)
	b.want(b.apply(remove)[0], sdk.OutcomeAlready)
	for _, name := range []string{"scim-finance", "Team Albatross"} {
		b.refused(b.apply(b.member(sdk.AddMember, name, company.Emil))[0], sdk.ReasonPermission, "403")
	}
	gone := sdk.Operation{Kind: sdk.RemoveMember, Member: sdk.Member{GroupID: b.group("release-crew"), UserID: "712020:nobody"}}
	b.want(b.apply(gone)[0], sdk.OutcomeAlready)
	b.changed()
}

func TestOrderWithinABatch(t *testing.T) {
	b := open(t, sandbox.Options{})
	r := b.apply(
		b.member(sdk.AddMember, "release-crew", company.Emil),
		b.member(sdk.RemoveMember, "release-crew", company.Emil),
		b.member(sdk.AddMember, "release-crew", company.Emil),
		b.account(sdk.DeactivateUser, company.Emil),
		b.account(sdk.ActivateUser, company.Emil),
	)
	for i := range r {
		b.want(r[i], sdk.OutcomeApplied)
	}
	var got []string
	for _, e := range b.Log.Effects(reqlog.Filter{}) {
		got = append(got, e.Op)
	}
	want := []string{reqlog.MemberAdd, reqlog.MemberRemove, reqlog.MemberAdd, reqlog.UserSuspend, reqlog.UserRestore}
	if !slices.Equal(got, want) {
		t.Errorf("effects %v, want %v", got, want)
	}
}

func TestGroups(t *testing.T) {
	b := open(t, sandbox.Options{Lag: 9 * time.Second})
	make := sdk.Operation{ID: "g", Kind: sdk.CreateGroup, Group: sdk.Group{Name: "Café crew", Description: "x"}}
	r := b.want(b.apply(make, sdk.Operation{Kind: sdk.AddMember, Member: sdk.Member{GroupOperation: "g", UserID: b.id(company.Emil)}})[0], sdk.OutcomeApplied)
	if r.RemoteID != b.group("Café crew") {
		t.Errorf("id %q", r.RemoteID)
	}
	b.changed("group.create Café crew", "member.add Café crew "+company.Emil)
	make.Group.Name = "CAFÉ CREW"
	if r := b.want(b.apply(make)[0], sdk.OutcomeAlready); r.RemoteID != b.group("Café crew") {
		t.Errorf("id %q", r.RemoteID)
	}
	b.in = b.reopen(with("email", ""), with("api_token", "")) // without the site there is patience alone
	plain := sdk.Operation{Kind: sdk.CreateGroup, Group: sdk.Group{Name: "plain"}}
	if r := b.want(b.apply(plain)[0], sdk.OutcomeApplied); r.RemoteID != b.group("plain") || b.clock.slept < 9*time.Second {
		t.Errorf("id %q after %s", r.RemoteID, b.clock.slept)
	}
	drop := sdk.Operation{Kind: sdk.DeleteGroup, Group: sdk.Group{ID: b.group("plain")}}
	b.want(b.apply(drop)[0], sdk.OutcomeApplied)
	b.changed("group.create plain", "group.delete plain")
	b.want(b.apply(drop)[0], sdk.OutcomeAlready)
	for name, text := range map[string]string{"jira-users-harbour": "default group", "jira-admins": "administrators", "release-crew": "not empty"} {
		r := b.apply(sdk.Operation{Kind: sdk.DeleteGroup, Group: sdk.Group{ID: b.group(name)}})[0]
		if r.Outcome != sdk.OutcomeFailed || !strings.Contains(r.Failure.Message, text) {
			t.Errorf("%s: %v", name, r.Failure)
		}
	}
	b.changed()
}

func TestSuspendAndRestore(t *testing.T) {
	b := open(t, sandbox.Options{})
	groups := func() []string { u, _ := b.Atlassian.User(company.Emil); return u.Groups }
	before := groups()
	off, on := b.account(sdk.DeactivateUser, company.Emil), b.account(sdk.ActivateUser, company.Emil)
	b.want(b.apply(off)[0], sdk.OutcomeApplied)
	b.want(b.apply(off)[0], sdk.OutcomeAlready)
	b.changed("user.suspend " + company.Emil)
	b.want(b.apply(on)[0], sdk.OutcomeApplied)
	b.want(b.apply(on)[0], sdk.OutcomeAlready)
	b.changed("user.restore " + company.Emil)
	if !slices.Equal(groups(), before) {
		t.Errorf("groups %v, had %v", groups(), before)
	}
	if err := b.Atlassian.Apply(atlassian.Hand{Op: "deactivate", User: company.Emil}); err != nil {
		t.Fatal(err)
	}
	b.refused(b.apply(on)[0], sdk.ReasonInvalid, "deactivated")
	b.changed()
}

func TestRemoveAndInviteAgain(t *testing.T) {
	b := open(t, sandbox.Options{})
	b.in = b.reopen(with("disable", "remove"))
	off, on := b.account(sdk.DeactivateUser, company.Emil), b.account(sdk.ActivateUser, company.Emil)
	b.want(b.apply(off)[0], sdk.OutcomeApplied)
	if u, _ := b.Atlassian.User(company.Emil); u.Status != "not_invited" || len(u.Groups) > 0 {
		t.Errorf("%+v", u)
	}
	b.Log.Reset()
	b.want(b.apply(off)[0], sdk.OutcomeAlready)
	b.want(b.apply(b.account(sdk.DeleteUser, company.Emil))[0], sdk.OutcomeAlready)
	b.changed()
	for _, u := range b.read(sdk.StateRequest{}).Users {
		if u.ID == off.User.ID {
			t.Error("somebody removed is still shown")
		}
	}
	b.want(b.apply(on)[0], sdk.OutcomeApplied)
	if u, _ := b.Atlassian.User(company.Emil); u.Status != "active" || !slices.Contains(u.Groups, "jira-users-harbour") {
		t.Errorf("%+v", u)
	}
	b.Log.Reset()
	b.want(b.apply(on)[0], sdk.OutcomeAlready)
	b.want(b.apply(b.account(sdk.DeactivateUser, company.Emil))[0], sdk.OutcomeApplied)
	b.want(b.apply(b.create("again", company.Emil))[0], sdk.OutcomeApplied)
	if u, _ := b.Atlassian.User(company.Emil); u.Status != "active" {
		t.Errorf("%+v", u)
	}
}

func TestLicenceGroupsTakenAndGiven(t *testing.T) {
	b := open(t, sandbox.Options{})
	b.in = b.reopen(with("disable", "remove_groups"))
	off, on := b.account(sdk.DeactivateUser, company.Emil), b.account(sdk.ActivateUser, company.Emil)
	shown := func() (active bool) {
		for _, u := range b.read(sdk.StateRequest{UserIDs: []string{off.User.ID}}).Users {
			active = u.Active
		}
		return active
	}
	b.want(b.apply(b.member(sdk.AddMember, "release-crew", company.Emil))[0], sdk.OutcomeApplied)
	b.Log.Reset()
	b.want(b.apply(off)[0], sdk.OutcomeApplied)
	b.want(b.apply(off)[0], sdk.OutcomeAlready)
	b.changed("member.remove jira-users-harbour " + company.Emil)
	if shown() {
		t.Error("active without a licence")
	}
	b.want(b.apply(on)[0], sdk.OutcomeApplied)
	b.want(b.apply(on)[0], sdk.OutcomeAlready)
	b.changed("member.add jira-users-harbour " + company.Emil)
	if !shown() {
		t.Error("inactive with a licence")
	}
}

// TestLostAnswers: whatever was done when the answer got lost, it is done once.
func TestLostAnswers(t *testing.T) {
	b := open(t, sandbox.Options{})
	b.want(b.apply(b.member(sdk.AddMember, "Engineering", company.Grace))[0], sdk.OutcomeApplied)
	b.Log.Reset()
	for _, lag := range []time.Duration{0, 5 * time.Second} {
		b.Atlassian.SetLag(lag)
		n := fmt.Sprint(lag)
		invited := "lost-" + n + "@harbour.example"
		for _, c := range []struct {
			path string
			ops  []sdk.Operation
			want []string
		}{
			{"users/invite", []sdk.Operation{b.create("i"+n, invited), b.joins("i"+n, "release-crew")},
				[]string{"user.invite " + invited, "member.add release-crew " + invited, "member.add jira-users-harbour " + invited}},
			{"groups", []sdk.Operation{{Kind: sdk.CreateGroup, Group: sdk.Group{Name: "lost" + n}}}, []string{"group.create lost" + n}},
			{"groups/*/memberships", []sdk.Operation{b.member(sdk.AddMember, "release-crew", company.Bao)}, []string{"member.add release-crew " + company.Bao}},
			{"groups/*/memberships/*", []sdk.Operation{b.member(sdk.RemoveMember, "release-crew", company.Bao)}, []string{"member.remove release-crew " + company.Bao}},
			{"users/*/suspend", []sdk.Operation{b.account(sdk.DeactivateUser, company.Bao)}, []string{"user.suspend " + company.Bao}},
			{"users/*/restore", []sdk.Operation{b.account(sdk.ActivateUser, company.Bao)}, []string{"user.restore " + company.Bao}},
		} {
			fired := b.fault(fault.Rule{Server: sandbox.API, Path: "/admin/v2/orgs/**/" + c.path, Kind: fault.LostResponse, Count: 1})
			for _, r := range b.apply(c.ops...) {
				if !r.OK() {
					t.Errorf("lag %s, %s: %v", lag, c.path, r.Failure)
				}
				if c.ops[0].Kind == sdk.CreateUser && r.RemoteID != "" && r.RemoteID != b.id(invited) {
					t.Errorf("id %q", r.RemoteID)
				}
			}
			fired()
			b.Faults.Clear()
			b.settle()
			b.changed(c.want...)
		}
	}
}

// settle lets searches catch up.
func (b *bench) settle() { _ = b.clock.Sleep(b.t.Context(), time.Minute) }

// TestVendorsLimits: a minute's limit is used up, and nothing but the minute in which it
// ends is told.
func TestVendorsLimits(t *testing.T) {
	b := open(t, sandbox.Options{People: 400, Existing: 1})
	b.Atlassian.SetLimits("vendor", true)
	var ops []sdk.Operation
	for _, u := range b.Atlassian.Users() {
		if u.Kind == "atlassian" && u.Status == "active" && !slices.Contains(u.Groups, "release-crew") {
			ops = append(ops, sdk.Operation{ID: u.ID, Kind: sdk.AddMember, Member: sdk.Member{GroupID: b.group("release-crew"), UserID: u.ID}})
		}
	}
	for _, r := range b.apply(ops...) {
		b.want(r, sdk.OutcomeApplied)
	}
	limited := 0
	for _, e := range b.Log.Entries(reqlog.Filter{}) {
		if e.Status == 429 {
			limited++
		}
	}
	if len(b.effects()) != len(ops) || b.clock.slept == 0 || limited == 0 || limited > len(ops)/4 {
		t.Errorf("%d effects of %d operations, %d refusals, waited %s", len(b.effects()), len(ops), limited, b.clock.slept)
	}
}

func TestCancelledApply(t *testing.T) {
	b := open(t, sandbox.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	op := b.member(sdk.AddMember, "release-crew", company.Emil)
	op.ID = "a"
	got, err := b.in.Apply(ctx, op)
	if r := got["a"]; err != nil || r.OK() {
		t.Errorf("%v %v", err, r)
	}
	b.changed()
}

func TestDroppedRequests(t *testing.T) {
	b := open(t, sandbox.Options{})
	b.fault(fault.Rule{Server: sandbox.API, Method: "POST", Path: "/admin/v2/orgs/*/users/invite", Kind: fault.DropRequest, Count: 2})
	b.want(b.apply(b.create("c", "dropped@harbour.example"))[0], sdk.OutcomeApplied)
	b.fault(fault.Rule{Server: sandbox.API, Method: "POST", Path: "/admin/v2/orgs/*/users/invite", Kind: fault.Status, Status: 503})
	r := b.apply(b.create("d", "never@harbour.example"), b.joins("d", "release-crew"))
	b.refused(r[0], sdk.ReasonUnavailable, "503")
	b.want(r[1], sdk.OutcomeNotAttempted)
}

func TestSeats(t *testing.T) {
	for _, vague := range []bool{false, true} {
		b := open(t, sandbox.Options{})
		b.Atlassian.SetVagueConflicts(vague)
		used := b.Atlassian.Licences()[0].Used
		if err := b.Atlassian.Apply(atlassian.Hand{Op: "seats", Product: "jira-software", Value: fmt.Sprint(used + 2)}); err != nil {
			t.Fatal(err)
		}
		var ops []sdk.Operation
		for i := range 10 {
			ops = append(ops, b.create(fmt.Sprint("c", i), fmt.Sprintf("seat%d@harbour.example", i)))
		}
		took := 0
		for _, r := range b.apply(ops...) {
			if r.OK() {
				took++
				continue
			}
			b.refused(r, sdk.ReasonQuota, "")
		}
		if took != 2 {
			t.Errorf("vague %v: %d of 2 seats were given", vague, took)
		}
		outside := ""
		for _, u := range b.Atlassian.Users() {
			if u.Kind == "atlassian" && u.Status == "active" && !slices.Contains(u.Groups, "jira-users-harbour") {
				outside = u.Email
			}
		}
		b.Log.Reset()
		b.refused(b.apply(b.member(sdk.AddMember, "jira-users-harbour", outside))[0], sdk.ReasonQuota, "")
		b.want(b.apply(b.member(sdk.AddMember, "jira-users-harbour", company.Emil))[0], sdk.OutcomeAlready)
		b.changed()
		if n := len(b.Log.Entries(reqlog.Filter{})); n > 20 {
			t.Errorf("%d requests", n)
		}
	}
}

func TestBadGroupsFailAlone(t *testing.T) {
	b := open(t, sandbox.Options{})
	bad := sdk.Operation{Kind: sdk.AddMember, After: []string{"b"}, Member: sdk.Member{GroupID: "00000000-0000-4000-8000-000000000000", UserOperation: "b"}}
	r := b.apply(b.create("a", "one@harbour.example"), b.joins("a", "scim-finance"), b.joins("a", "release-crew"),
		b.create("b", "two@harbour.example"), bad, b.joins("b", "release-crew"))
	b.want(r[0], sdk.OutcomeApplied)
	b.refused(r[1], sdk.ReasonPermission, "")
	b.want(r[2], sdk.OutcomeApplied)
	b.want(r[3], sdk.OutcomeApplied)
	b.refused(r[4], sdk.ReasonNotFound, "")
	b.want(r[5], sdk.OutcomeApplied)
}

func TestInvitingWhoIsSuspended(t *testing.T) {
	b := open(t, sandbox.Options{})
	r := b.apply(b.create("a", company.Ines), b.joins("a", "release-crew"), b.create("b", "BAO.Nguyen@harbour.example"), b.joins("b", "release-crew"))
	b.refused(r[0], sdk.ReasonConflict, "suspended")
	b.want(r[1], sdk.OutcomeNotAttempted)
	if b.want(r[2], sdk.OutcomeAlready).RemoteID != b.id(company.Bao) {
		t.Errorf("somebody who is there in another case was made again: %s", r[2].RemoteID)
	}
	b.want(r[3], sdk.OutcomeApplied)
	r = b.apply(b.create("x", ""), b.create("y", "same@harbour.example"), b.create("z", "SAME@harbour.example"))
	b.refused(r[0], sdk.ReasonInvalid, "e-mail")
	b.want(r[1], sdk.OutcomeApplied)
	b.refused(r[2], sdk.ReasonInvalid, "e-mail")
}

func TestNoProducts(t *testing.T) {
	b := open(t, sandbox.Options{})
	b.in = b.reopen(with("products", []string{}))
	r := b.apply(b.create("a", "p@harbour.example"), b.create("b", "q@harbour.example"), b.joins("b", "release-crew"))
	b.refused(r[0], sdk.ReasonInvalid, "products")
	b.want(r[1], sdk.OutcomeApplied)
	b.changed("user.invite q@harbour.example", "member.add release-crew q@harbour.example")
	b.in = b.reopen(with("products", []string{"jira-product-discovery"}))
	b.refused(b.apply(b.create("c", "p@harbour.example"))[0], sdk.ReasonInvalid, "jira-software")
}

func TestProfiles(t *testing.T) {
	b := open(t, sandbox.Options{})
	b.in = b.reopen(with("managed_profiles", true))
	op := b.create("a", "profile@harbour.example")
	op.User.Attributes.Set("department", "Research")
	if r := b.want(b.apply(op)[0], sdk.OutcomeApplied); len(r.Problems) > 0 {
		t.Errorf("%v", r.Problems)
	}
	if u, _ := b.Atlassian.User("profile@harbour.example"); u.Name != "New Person" || u.Dept != "Research" {
		t.Errorf("%+v", u)
	}
	r := b.want(b.apply(b.create("b", "someone@elsewhere.example"))[0], sdk.OutcomeApplied)
	if len(r.Problems) != 1 {
		t.Errorf("nobody is told that the profile of an unmanaged account was not written: %v", r.Problems)
	}
}

func TestWrongKeyStopsWrites(t *testing.T) {
	b := open(t, sandbox.Options{})
	b.in = b.reopen(with("api_key", b.Env()["ATLASSIAN_SCOPED_ORG_KEY"]))
	b.refused(b.apply(b.member(sdk.AddMember, "release-crew", company.Emil))[0], sdk.ReasonPermission, "")
	b.in = b.reopen(with("api_key", "wrong-key"), with("directory_id", b.Env()["ATLASSIAN_DIRECTORY_ID"]))
	r := b.apply(b.member(sdk.AddMember, "release-crew", company.Emil))[0]
	b.refused(r, sdk.ReasonAuthentication, "401")
	if strings.Contains(r.Failure.Error(), "wrong-key") {
		t.Error("the failure shows the key")
	}
}
