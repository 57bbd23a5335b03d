package kit

import (
	"context"
	"fmt"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/atlassian"
	"syncgateway/sdk/conformance"
)

// seats are enough for every seed.
const seats = 10_000

// domain is where the people of a seed have their addresses. Claimed, their accounts
// are the organisation's to write.
const domain = "kit.example"

// JiraCloud is a harness for targets that write to Jira Cloud through the organisation.
func JiraCloud() conformance.Harness {
	return conformance.HarnessFunc(func(context.Context) (conformance.Remote, error) {
		sb, err := small(sandbox.Options{Seats: seats})
		if err != nil {
			return nil, err
		}
		sb.Atlassian.Claim(domain)
		r := &jiraRemote{sb}
		_, err = r.Seed(context.Background(), conformance.Company{})
		return r, err
	})
}

type jiraRemote struct{ *sandbox.Sandbox }

// About says how a connector is configured for the site.
func (r *jiraRemote) About() conformance.About {
	a := r.Atlassian
	return conformance.About{
		Remotes: map[string]string{"main": r.APIURL, "site": r.SiteURL}, TLS: true, Page: 100,
		Paging: conformance.Paging{Items: "data", Next: "links.next"},
		Config: settings(map[string]any{"site": "${remote.site}", "admin_url": "${remote}", "org_id": a.OrgID, "api_key": a.OrgKey,
			"email": a.Email, "api_token": a.Token, "managed_profiles": true}),
	}
}

// Seed makes the organisation hold a company, beside its administrators and the groups
// of its products.
func (r *jiraRemote) Seed(_ context.Context, c conformance.Company) (map[string]string, error) {
	var s atlassian.Seed
	emails, ids := map[string]string{}, map[string]string{}
	for _, u := range c.Users {
		email := u.Email
		if email == "" {
			email = u.Username // everyone in Atlassian has an address
		}
		emails[u.ID] = email
		s.People = append(s.People, atlassian.SeedPerson{Email: email, Name: u.DisplayName, Suspended: !u.Active})
	}
	for _, g := range c.Groups {
		if len(g.Groups) > 0 {
			return nil, conformance.Skip("groups in Atlassian hold no groups")
		}
		made := atlassian.SeedGroup{Name: g.Name}
		for _, id := range g.Users {
			made.Members = append(made.Members, emails[id])
		}
		s.Groups = append(s.Groups, made)
	}
	r.Atlassian.Reset(s)
	for _, u := range c.Users {
		a, ok := r.Atlassian.User(emails[u.ID])
		if !ok {
			return nil, fmt.Errorf("%q was seeded and is not there", emails[u.ID])
		}
		ids[u.ID] = a.ID
	}
	for _, g := range c.Groups {
		made, ok := r.Atlassian.Group(g.Name)
		if !ok {
			return nil, fmt.Errorf("the group %q was seeded and is not there", g.Name)
		}
		ids[g.ID] = made.ID
	}
	return ids, nil
}

// State is everyone in the directory, and every group.
func (r *jiraRemote) State(context.Context) (conformance.Company, error) {
	var c conformance.Company
	ids := map[string]string{}
	admins := map[string]bool{}
	for _, name := range []string{"site-admins", "org-admins"} {
		for _, email := range r.Atlassian.Members(name) {
			admins[email] = true
		}
	}
	for _, u := range r.Atlassian.Users() {
		if u.Kind != "atlassian" || u.Status == "not_invited" {
			continue
		}
		ids[u.Email] = u.ID
		c.Users = append(c.Users, conformance.User{ID: u.ID, Email: u.Email, DisplayName: u.Name, Active: u.Status == "active",
			Protected: len(u.Roles) > 0 || admins[u.Email],
			Attributes: map[string]string{"nickname": u.Nickname, "job_title": u.JobTitle, "department": u.Dept, "organization": u.Company,
				"location": u.Location}})
	}
	for _, g := range r.Atlassian.Groups() {
		out := conformance.Group{ID: g.ID, Name: g.Name, Description: g.Description}
		for _, email := range g.Members {
			if id := ids[email]; id != "" {
				out.Users = append(out.Users, id)
			}
		}
		c.Groups = append(c.Groups, out)
	}
	return c, nil
}

// Dump is who has which role, and how many licences there are.
func (r *jiraRemote) Dump(context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, u := range r.Atlassian.Users() {
		out["roles of "+u.ID] = fmt.Sprint(u.Roles)
		out["profile of "+u.ID] = fmt.Sprintf("%q %q", u.Name, u.Nickname)
	}
	for _, l := range r.Atlassian.Licences() {
		out["seats of "+l.Product] = fmt.Sprint(l.Total)
	}
	return out, nil
}
