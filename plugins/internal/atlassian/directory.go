package atlassian

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"syncgateway/sdk/httpx"
)

// What one query may name, by the API's description.
const (
	MostIDs     = 10
	MostEmails  = 100
	MostNames   = 100
	MostInvited = 25
	pageSize    = 100
)

// The values of User.Status.
const (
	StatusActive      = "active"
	StatusSuspended   = "suspended"
	StatusNotInvited  = "not_invited" // managed by the organisation, in none of its directories
	StatusDeactivated = "deactivated"
)

// The roles that connectors look at.
const (
	RoleOrgAdmin        = "atlassian/org-admin"
	RoleSiteAdmin       = "atlassian/site-admin"
	RoleUserAccessAdmin = "atlassian/user-access-admin"
	RoleAdmin           = "atlassian/admin"
	RoleUser            = "atlassian/user"
)

// User is an account as the organisation shows it. Groups is nil where they were not
// asked for.
type User struct {
	AccountID        string   `json:"accountId"`
	AccountType      string   `json:"accountType"`
	AccountStatus    string   `json:"accountStatus"`
	MembershipStatus string   `json:"membershipStatus"`
	Status           string   `json:"status"`
	ClaimStatus      string   `json:"claimStatus"`
	ManagementSource string   `json:"managementSource"`
	Name             string   `json:"name"`
	Nickname         string   `json:"nickname"`
	Email            string   `json:"email"`
	JobTitle         string   `json:"jobTitle"`
	Department       string   `json:"department"`
	Organization     string   `json:"organization"`
	Location         string   `json:"location"`
	PlatformRoles    []string `json:"platformRoles"`
	Groups           []Named  `json:"groups"`
}

// Named is a group that somebody is in.
type Named struct {
	ID   string `json:"id"` // bare
	Name string `json:"name"`
}

// UnmarshalJSON makes the id bare.
func (n *Named) UnmarshalJSON(data []byte) error {
	type plain Named
	err := json.Unmarshal(data, (*plain)(n))
	n.ID = GroupID(n.ID)
	return err
}

// In reports whether the user is in the group.
func (u *User) In(groupID string) bool {
	for _, g := range u.Groups {
		if g.ID == groupID {
			return true
		}
	}
	return false
}

// UserQuery selects users; without any selector it is everybody.
type UserQuery struct {
	AccountIDs []string `json:"accountIds,omitempty"` // at most MostIDs
	Emails     []string `json:"emails,omitempty"`     // at most MostEmails
	GroupIDs   []string `json:"groupIds,omitempty"`   // at most MostIDs
	RoleIDs    []string `json:"roleIds,omitempty"`
	Expand     []string `json:"expand,omitempty"`
	Cursor     string   `json:"cursor,omitempty"`
	Limit      int      `json:"limit"`
}

// Users searches the directory, page by page.
func (o *Org) Users(ctx context.Context, q UserQuery) iter.Seq2[[]User, error] {
	q.Limit = pageSize
	return listing[User](ctx, o.api, o.dir("users", "search"), func(cursor string) any {
		q.Cursor = cursor
		return q
	})
}

// AllUsers is Users as one list, for queries that name few.
func (o *Org) AllUsers(ctx context.Context, q UserQuery) ([]User, error) {
	return collect(o.Users(ctx, q))
}

// User reads one account, which unlike searching shows changes at once. Groups are not
// in it.
func (o *Org) User(ctx context.Context, accountID string) (User, error) {
	var out struct {
		Data User `json:"data"`
	}
	err := o.api.Get(ctx, o.dir("users", accountID), nil, &out)
	return out.Data, err
}

// Group is a group of the directory. ManagedBy is external, admins, team-members or
// open. Access is nil where the organisation does not say.
type Group struct {
	ID             string `json:"id"` // bare
	Name           string `json:"name"`
	Description    string `json:"description"`
	ExternalSynced bool   `json:"externalSynced"`
	ManagedBy      string `json:"managedBy"`
	Access         *struct {
		Deletable  bool `json:"deletable"`
		Modifiable bool `json:"modifiable"`
	} `json:"managementAccess"`
	Counts struct {
		Users int `json:"users"`
	} `json:"counts"`
}

// UnmarshalJSON makes the id bare.
func (g *Group) UnmarshalJSON(data []byte) error {
	type plain Group
	err := json.Unmarshal(data, (*plain)(g))
	g.ID = GroupID(g.ID)
	return err
}

// GroupQuery selects groups; names and ids exclude one another.
type GroupQuery struct {
	IDs     []string `json:"groupIds,omitempty"`   // at most MostIDs
	Names   []string `json:"groupNames,omitempty"` // at most MostNames, whatever their case
	RoleIDs []string `json:"roleIds,omitempty"`
	Expand  []string `json:"expand,omitempty"`
	Cursor  string   `json:"cursor,omitempty"`
	Limit   int      `json:"limit"`
}

// Groups searches the directory, page by page.
func (o *Org) Groups(ctx context.Context, q GroupQuery) iter.Seq2[[]Group, error] {
	q.Limit = pageSize
	return listing[Group](ctx, o.api, o.dir("groups", "search"), func(cursor string) any {
		q.Cursor = cursor
		return q
	})
}

// AllGroups is Groups as one list.
func (o *Org) AllGroups(ctx context.Context, q GroupQuery) ([]Group, error) {
	return collect(o.Groups(ctx, q))
}

// CountUsers is how many accounts a search for everybody finds.
func (o *Org) CountUsers(ctx context.Context) (int, error) { return o.count(ctx, "users") }

// CountGroups is how many groups a search for all finds.
func (o *Org) CountGroups(ctx context.Context) (int, error) { return o.count(ctx, "groups") }

func (o *Org) count(ctx context.Context, what string) (int, error) {
	var out struct {
		Count *int `json:"count"`
	}
	err := o.api.Get(ctx, o.dir(what, "count"), nil, &out)
	if err == nil && out.Count == nil {
		err = noListing()
	}
	if err != nil {
		return 0, err
	}
	return *out.Count, nil
}

// Suspend takes an account's access away until Restore. The status returned by this and
// the calls below is for the record.
func (o *Org) Suspend(ctx context.Context, accountID string) (string, error) {
	return o.change(ctx, http.MethodPost, o.dir("users", accountID, "suspend"), nil)
}

// Restore gives a suspended account its access back, with its groups.
func (o *Org) Restore(ctx context.Context, accountID string) (string, error) {
	return o.change(ctx, http.MethodPost, o.dir("users", accountID, "restore"), nil)
}

// RemoveUser takes an account out of the directory, and so out of all groups.
func (o *Org) RemoveUser(ctx context.Context, accountID string) (string, error) {
	return o.change(ctx, http.MethodDelete, o.dir("users", accountID), nil)
}

// CreateGroup makes a group. The API describes no answer: id is "" when it gives none.
func (o *Org) CreateGroup(ctx context.Context, name, description string) (id, status string, err error) {
	var raw []byte
	request := map[string]string{"name": name}
	if description != "" {
		request["description"] = description
	}
	resp, err := o.api.Do(ctx, httpx.Request{Method: http.MethodPost, Path: o.dir("groups"), Body: request, Out: &raw, Repeatable: true})
	if err != nil {
		return "", Status(err), err
	}
	var answer struct {
		ID   string `json:"id"`
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	_ = json.Unmarshal(raw, &answer) // usually empty
	return GroupID(strings.TrimSpace(firstOf(answer.ID, answer.Data.ID))), strconv.Itoa(resp.Status), nil
}

// DeleteGroup deletes a group.
func (o *Org) DeleteGroup(ctx context.Context, groupID string) (string, error) {
	return o.change(ctx, http.MethodDelete, o.dir("groups", groupID), nil)
}

// AddMember puts an account into a group.
func (o *Org) AddMember(ctx context.Context, groupID, accountID string) (string, error) {
	return o.change(ctx, http.MethodPost, o.dir("groups", groupID, "memberships"), map[string]string{"accountId": accountID})
}

// RemoveMember takes an account out of a group.
func (o *Org) RemoveMember(ctx context.Context, groupID, accountID string) (string, error) {
	return o.change(ctx, http.MethodDelete, o.dir("groups", groupID, "memberships", accountID), nil)
}
