package jiracloud

import (
	"syncgateway/plugins/internal/atlassian"
	"syncgateway/sdk"
)

// belongs reports whether an account is a person in the directory. Apps, customers of
// the help desk and closed accounts are not; nor is who was removed or never invited,
// since only an invitation brings them in.
func belongs(u *atlassian.User) bool {
	return (u.AccountType == "" || u.AccountType == "atlassian") && u.AccountStatus != "closed" && !absent(u)
}

func absent(u *atlassian.User) bool {
	return u.Status == atlassian.StatusNotInvited || u.Status == "" && u.MembershipStatus == "no_membership"
}

// active reports whether an account has the access that disable takes away.
func (r *reading) active(u *atlassian.User) bool {
	if u.Status != atlassian.StatusActive {
		return false
	}
	if r.target.config.Disable != disableRemoveGroups {
		return true
	}
	for _, g := range u.Groups {
		if r.licensed[g.ID] {
			return true
		}
	}
	return false
}

func (r *reading) user(u *atlassian.User) sdk.User {
	out := sdk.User{ID: u.AccountID, Email: u.Email, DisplayName: u.Name, Active: r.active(u)}
	for _, a := range [...][2]string{
		{"nickname", u.Nickname}, {"job_title", u.JobTitle}, {"department", u.Department}, {"organization", u.Organization},
		{"location", u.Location}, {"account_status", u.AccountStatus}, {"membership_status", u.MembershipStatus},
		{"claim_status", u.ClaimStatus}, {"management_source", u.ManagementSource}, {"account_type", u.AccountType},
	} {
		out.Attributes.Set(a[0], a[1])
	}
	return out
}

func (r *reading) group(g *atlassian.Group) sdk.Group {
	return sdk.Group{ID: g.ID, Name: g.Name, Description: g.Description,
		ReadOnlyReason: readOnly(g), PrivilegedReason: r.grants.privilege(g.ID)}
}

// readOnly says why a group cannot be written, "" when it can.
func readOnly(g *atlassian.Group) string {
	switch {
	case g.ExternalSynced || g.ManagedBy == "external":
		return "synced from another directory, where it has to be changed"
	case g.ManagedBy == "team-members":
		return "the group of a team, whose members are changed in the team"
	case g.Access != nil && !g.Access.Modifiable:
		return "the organisation does not let it be changed"
	}
	return ""
}
