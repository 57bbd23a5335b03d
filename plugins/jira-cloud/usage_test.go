package jiracloud_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/atlassian"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/sdk/sdktest"
)

func (b *bench) groupID(name string) string {
	b.t.Helper()
	g, ok := b.Atlassian.Group(name)
	if !ok {
		b.t.Fatalf("no group %q", name)
	}
	return g.ID
}

func used(t *testing.T, in *sdktest.Instance, ids ...string) (lines, unseen []string) {
	t.Helper()
	u, err := in.GroupUsage(t.Context(), ids...)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range u.Uses {
		if !slices.Contains(ids, x.GroupID) {
			t.Errorf("not asked for: %+v", x)
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s|%s|%s", x.Place, x.Name, x.Detail)))
	}
	return lines, u.Unseen
}

func TestGroupUsage(t *testing.T) {
	b := open(t, sandbox.Options{})
	for _, h := range []atlassian.Hand{
		{Op: "permission", Group: "contractors", Product: "Default Permission Scheme", Value: "BROWSE_PROJECTS"},
		{Op: "permission", Group: "contractors", Product: "Default Permission Scheme", Value: "CREATE_ISSUES"},
		{Op: "project-role", Group: "contractors", Product: "HER", Value: "Developers"},
	} {
		if err := b.Atlassian.Apply(h); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string][]string{
		"contractors":        {"permission scheme|Default Permission Scheme|Browse projects, Create issues", "project role|Developers|HER"},
		"release-crew":       {"permission scheme|Releases|Edit issues, Manage sprints"},
		"jira-users-harbour": {"access to|jira-software|user", "default group|jira-software|", "permission scheme|Default Permission Scheme|Browse projects", "permission scheme|Releases|Browse projects"},
		"scim-finance":       nil,
	} {
		got, unseen := used(t, b.in, b.groupID(name))
		if !slices.Equal(got, want) || len(unseen) > 0 {
			t.Errorf("%s: %q, unseen %q", name, got, unseen)
		}
	}
	admins, _ := used(t, b.in, b.groupID("jira-admins"), b.groupID("scim-finance"))
	if n := len(slices.DeleteFunc(admins, func(s string) bool { return !strings.HasPrefix(s, "project role|Administrators|") })); n != 6 {
		t.Errorf("jira-admins act in %d projects", n)
	}
}

// What cannot be looked at is said, and what can be is still told.
func TestGroupUsageInParts(t *testing.T) {
	b := open(t, sandbox.Options{})
	id := b.groupID("jira-users-harbour")
	for path, want := range map[string]string{"/rest/api/3/permissionscheme": "permission schemes: ", "/rest/api/3/role": "roles in projects: ", "/rest/api/3/project/10002/**": "roles in projects: "} {
		fid, err := b.Faults.Add(fault.Rule{Server: "site", Path: path, Kind: fault.Status, Status: http.StatusForbidden})
		if err != nil {
			t.Fatal(err)
		}
		lines, unseen := used(t, b.in, id)
		if len(lines) == 0 || len(unseen) != 1 || !strings.HasPrefix(unseen[0], want) {
			t.Errorf("%s: %q %q", path, lines, unseen)
		}
		if b.Faults.Fired(fid) == 0 {
			t.Errorf("%s: the fault did not fire", path)
		}
		b.Faults.Remove(fid)
	}
	blind := b.reopen(with("email", ""), with("api_token", ""))
	lines, unseen := used(t, blind, id)
	if !slices.Equal(lines, []string{"access to|jira-software|user", "default group|jira-software|"}) || len(unseen) != 1 || !strings.Contains(unseen[0], "api_token") {
		t.Errorf("without a token: %q %q", lines, unseen)
	}
	gone, unseen := used(t, b.in, "00000000-0000-4000-8000-000000000000")
	if len(gone)+len(unseen) > 0 {
		t.Errorf("a group that is gone: %q %q", gone, unseen)
	}
	if _, err := b.in.GroupUsage(t.Context()); err != nil {
		t.Error(err)
	}
}
