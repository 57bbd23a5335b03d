package jiracloud_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/reqlog"
	"syncgateway/sdk"
)

func TestReadAgreesWithTheOrganisation(t *testing.T) {
	b := open(t, sandbox.Options{People: 300, Existing: 1})
	r := b.read(sdk.StateRequest{})
	if r.Complete == nil {
		t.Fatalf("not complete: %v", r.Failure)
	}
	byID := map[string]sdk.User{}
	for _, u := range r.Users {
		byID[u.ID] = u
	}
	want := 0
	for _, u := range b.Atlassian.Users() {
		if u.Kind != "atlassian" || u.Status == "not_invited" || u.Name == "Former user" {
			continue
		}
		want++
		got, ok := byID[u.ID]
		if !ok || got.Email != u.Email || got.DisplayName != u.Name || got.Active != (u.Status == "active") {
			t.Errorf("%+v was read as %+v", u, got)
		}
	}
	if len(byID) != want || len(r.Users) != want {
		t.Errorf("%d accounts read, %d different, want %d", len(r.Users), len(byID), want)
	}
	for _, g := range b.Atlassian.Groups() {
		var members []string
		for _, id := range r.Members[g.ID] {
			members = append(members, byID[id].Email)
		}
		slices.Sort(members)
		if !slices.Equal(members, g.Members) {
			t.Errorf("members of %s: %v, want %v", g.Name, members, g.Members)
		}
	}
	if len(r.Groups) != len(b.Atlassian.Groups()) || int(r.Complete.Count) != want+len(r.Groups) {
		t.Errorf("%d groups, count %d", len(r.Groups), r.Complete.Count)
	}
	if writes := b.effects(); len(writes) > 0 {
		t.Errorf("reading changed %v", writes)
	}
	if n := len(b.Log.Entries(reqlog.Filter{})); n > 20 {
		t.Errorf("%d requests for a read of %d accounts", n, want)
	}
}

func TestGroupsTellWhatTheyAre(t *testing.T) {
	b := open(t, sandbox.Options{})
	r := b.read(sdk.StateRequest{})
	readOnly, privileged := map[string]string{}, map[string]string{}
	for _, g := range r.Groups {
		if g.ReadOnlyReason != "" {
			readOnly[g.Name] = g.ReadOnlyReason
		}
		if g.PrivilegedReason != "" {
			privileged[g.Name] = g.PrivilegedReason
		}
	}
	if len(readOnly) != 2 || !strings.Contains(readOnly["scim-finance"], "synced") || !strings.Contains(readOnly["Team Albatross"], "team") {
		t.Errorf("read-only groups %v", readOnly)
	}
	for name, text := range map[string]string{
		"jira-admins": "administers a product", "org-admins": "organisation administrators", "site-admins": "site administrators",
		"jira-users-harbour": "default group of Jira", "confluence-users-harbour": "grants access",
	} {
		if !strings.Contains(privileged[name], text) {
			t.Errorf("%s: %q, want %q", name, privileged[name], text)
		}
	}
	for _, name := range []string{"release-crew", "contractors", "Engineering"} {
		if privileged[name] != "" {
			t.Errorf("%s: %s", name, privileged[name])
		}
	}
	var jira sdk.Quota
	for _, q := range r.Quotas {
		if q.Name == "Jira" {
			jira = q
		}
	}
	seats := b.Atlassian.Licences()[0]
	if jira.Total != uint64(seats.Total) || jira.Used != uint64(seats.Used) || !slices.Contains(jira.GroupIDs, b.group("jira-users-harbour")) {
		t.Errorf("quota %+v, want %+v", jira, seats)
	}
}

func TestProtectedAccounts(t *testing.T) {
	b := open(t, sandbox.Options{})
	r := b.read(sdk.StateRequest{})
	got := map[string]string{}
	for _, p := range r.Protected {
		u, _ := b.Atlassian.Account(p.UserID)
		got[u.Email] = p.Reason
	}
	want := map[string]bool{b.Env()["JIRA_EMAIL"]: true}
	for _, group := range []string{"org-admins", "site-admins"} {
		for _, email := range b.Atlassian.Members(group) {
			want[email] = true
		}
	}
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("protected %v, want %v", got, want)
	}
	for email := range want {
		for _, op := range []sdk.Operation{b.account(sdk.DeactivateUser, email), b.account(sdk.DeleteUser, email)} {
			b.refused(b.apply(op)[0], sdk.ReasonPermission, "protected")
		}
		for _, g := range []string{"org-admins", "site-admins", "jira-users-harbour"} {
			b.refused(b.apply(b.member(sdk.RemoveMember, g, email))[0], sdk.ReasonPermission, "protected")
		}
	}
	b.changed()
}

func TestReadWithoutTheSite(t *testing.T) {
	b := open(t, sandbox.Options{})
	b.in = b.reopen(with("email", ""), with("api_token", ""))
	r := b.read(sdk.StateRequest{})
	if r.Complete == nil || len(r.Quotas) != 0 {
		t.Fatalf("complete %v, quotas %v, failure %v", r.Complete, r.Quotas, r.Failure)
	}
	if n := len(b.Log.Entries(reqlog.Filter{Server: sandbox.Site})); n > 0 {
		t.Errorf("%d requests to the site without a token", n)
	}
}

func TestBrokenListingsAreNeverComplete(t *testing.T) {
	for _, path := range []string{"/admin/v2/orgs/*/directories/*/users/search", "/admin/v2/orgs/*/directories/*/groups/search"} {
		for _, kind := range []fault.Kind{
			fault.EmptyList, fault.Half, fault.DropPage, fault.RepeatCursor, fault.HTML, fault.TruncatedJSON, fault.CutBody, fault.HugePage,
			fault.LostRole, fault.LostScope, fault.EmptyPage,
		} {
			b := open(t, sandbox.Options{People: 250, Existing: 1})
			rule := fault.Rule{Server: sandbox.API, Path: path, Kind: kind}
			if kind == fault.DropPage || kind == fault.EmptyPage {
				rule.Count = 1
				if strings.Contains(path, "groups") {
					rule.Skip = 5 // searches by role come first
				}
			}
			fired := b.fault(rule)
			r := b.read(sdk.StateRequest{})
			if r.Complete != nil || r.Failure == nil {
				t.Errorf("%s of %s: complete with %d accounts and %d groups", kind, path, len(r.Users), len(r.Groups))
			}
			fired()
		}
	}
}

func TestHarmlessOddities(t *testing.T) {
	for _, kind := range []fault.Kind{fault.DuplicatePage, fault.Status, fault.ClockSkew} {
		b := open(t, sandbox.Options{People: 250, Existing: 1})
		fired := b.fault(fault.Rule{Server: sandbox.API, Path: "/admin/v2/orgs/*/directories/*/users/search", Kind: kind, Count: 1,
			Status: map[fault.Kind]int{fault.Status: 503}[kind], SkewSeconds: 3600})
		r := b.read(sdk.StateRequest{})
		if r.Complete == nil {
			t.Errorf("%s: %v", kind, r.Failure)
		}
		ids := map[string]bool{}
		for _, u := range r.Users {
			if ids[u.ID] {
				t.Errorf("%s: %s twice", kind, u.Email)
			}
			ids[u.ID] = true
		}
		fired()
	}
}

func TestLimitsAreWaitedFor(t *testing.T) {
	for _, retryAfter := range []int{0, 7} {
		b := open(t, sandbox.Options{})
		fired := b.fault(fault.Rule{Server: sandbox.API, Path: "/**", Kind: fault.Status, Status: 429, RetryAfter: retryAfter, Count: 5})
		r := b.read(sdk.StateRequest{})
		if r.Complete == nil || b.clock.slept < 5*5e9 || len(r.Waits) == 0 {
			t.Errorf("retry after %d: %v, slept %s, told of %d waits", retryAfter, r.Failure, b.clock.slept, len(r.Waits))
		}
		fired()
	}
}

// TestRolesThatCannotBeAsked: administrators' groups are then known by name.
func TestRolesThatCannotBeAsked(t *testing.T) {
	b := open(t, sandbox.Options{})
	fired := b.fault(fault.Rule{Server: sandbox.API, Path: "/admin/v2/orgs/*/directories/*/groups/search", Kind: fault.Status, Status: 403, Count: 1})
	r := b.read(sdk.StateRequest{})
	fired()
	if r.Complete == nil || len(r.Notices) == 0 {
		t.Fatalf("%v, notices %v", r.Failure, r.Notices)
	}
	protected := map[string]bool{}
	for _, p := range r.Protected {
		u, _ := b.Atlassian.Account(p.UserID)
		protected[u.Email] = true
	}
	for _, email := range slices.Concat(b.Atlassian.Members("org-admins"), b.Atlassian.Members("site-admins")) {
		if !protected[email] {
			t.Errorf("%s is not protected", email)
		}
	}
}

func TestVerifyCountsCanBeTurnedOff(t *testing.T) {
	b := open(t, sandbox.Options{})
	b.in = b.reopen(with("verify_counts", false))
	b.fault(fault.Rule{Server: sandbox.API, Path: "/admin/v2/orgs/*/directories/*/users/count", Kind: fault.Status, Status: 500})
	if r := b.read(sdk.StateRequest{}); r.Complete == nil {
		t.Error(r.Failure)
	}
	b.fault(fault.Rule{Server: sandbox.API, Path: "/admin/v2/orgs/*/directories/*/users/search", Kind: fault.EmptyList})
	if r := b.read(sdk.StateRequest{}); r.Complete != nil {
		t.Error("a directory without anybody is complete")
	}
}

func TestBrokenTargetedReads(t *testing.T) {
	b := open(t, sandbox.Options{})
	for _, kind := range []fault.Kind{fault.HTML, fault.TruncatedJSON, fault.CutBody, fault.LostScope} {
		b.fault(fault.Rule{Server: sandbox.API, Path: "/admin/v2/orgs/*/directories/*/users/search", Kind: kind})
		if r := b.read(sdk.StateRequest{Emails: []string{company.Bao}}); r.Complete != nil {
			t.Errorf("%s: complete", kind)
		}
		b.Faults.Clear()
	}
}

func TestTargetedReads(t *testing.T) {
	b := open(t, sandbox.Options{People: 150, Existing: 1})
	bao, ines, crew := b.id(company.Bao), b.id(company.Ines), b.group("release-crew")
	r := b.read(sdk.StateRequest{UserIDs: []string{ines, "nobody"}, Emails: []string{"bao.NGUYEN@harbour.example", "ghost@harbour.example"},
		GroupIDs: []string{crew}, GroupNames: []string{"JIRA-ADMINS", "no such group"}})
	if r.Complete == nil {
		t.Fatal(r.Failure)
	}
	var users []string
	for _, u := range r.Users {
		users = append(users, u.ID)
	}
	if slices.Sort(users); !slices.Equal(users, unsorted(bao, ines)) {
		t.Errorf("users %v", r.Users)
	}
	for _, name := range []string{"release-crew", "jira-admins"} {
		var members []string
		for _, id := range r.Members[b.group(name)] {
			u, _ := b.Atlassian.Account(id)
			members = append(members, u.Email)
		}
		slices.Sort(members)
		if !slices.Equal(members, b.Atlassian.Members(name)) {
			t.Errorf("members of %s: %v, want %v", name, members, b.Atlassian.Members(name))
		}
	}
	for _, id := range []string{bao, ines} {
		u, _ := b.Atlassian.Account(id)
		for _, name := range u.Groups {
			if !slices.Contains(r.Members[b.group(name)], id) {
				t.Errorf("%s is not shown in %s", u.Email, name)
			}
		}
	}
	if int(r.Complete.Count) != len(r.Users)+len(r.Groups) {
		t.Errorf("count %d", r.Complete.Count)
	}
	nothing := b.read(sdk.StateRequest{UserIDs: []string{"nobody"}})
	if nothing.Complete == nil || len(nothing.Users) != 0 {
		t.Errorf("nobody: %v, %v", nothing.Users, nothing.Failure)
	}
}

func TestTargetedReadOfMany(t *testing.T) {
	b := open(t, sandbox.Options{People: 300, Existing: 1})
	var req sdk.StateRequest
	want := 0
	for i, u := range b.Atlassian.Users() {
		if u.Kind != "atlassian" || u.Status == "not_invited" || u.Email == "" {
			continue
		}
		want++
		if i%2 == 0 {
			req.UserIDs = append(req.UserIDs, u.ID)
		} else {
			req.Emails = append(req.Emails, strings.ToUpper(u.Email))
		}
	}
	if r := b.read(req); r.Complete == nil || len(r.Users) != want {
		t.Errorf("%d users, want %d: %v", len(r.Users), want, r.Failure)
	}
}

func unsorted(ids ...string) []string {
	slices.Sort(ids)
	return ids
}
