package atlassian

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// Invitation brings people into the organisation's directory, all with the same roles
// and groups.
type Invitation struct {
	Emails           []string `json:"emails"` // at most MostInvited
	Roles            []Rule   `json:"permissionRules,omitempty"`
	Groups           []string `json:"additionalGroups,omitempty"`
	SendNotification bool     `json:"sendNotification"`
	NotificationText string   `json:"notificationText,omitempty"`
}

// Rule is a role for a product.
type Rule struct {
	Resource string `json:"resource"`
	Role     string `json:"role"`
}

// Invited is what became of one person's invitation. A status that is not INVITED is
// an error.
type Invited struct {
	Email   string `json:"email"`
	ID      string `json:"id"`
	Results []struct {
		Groups []Granted `json:"groupAssignmentResult"`
		Roles  []Granted `json:"roleAssignmentResult"`
	} `json:"results"`
}

// Granted is what became of one role or one group in an invitation.
type Granted struct {
	Group    string `json:"group"`
	Resource string `json:"resource"`
	Status   string `json:"status"`
	Reason   string `json:"statusReason"`
}

// OK reports whether it was granted.
func (g *Granted) OK() bool { return g.Status == "INVITED" }

// Invite sends an invitation, once: after an error with ReasonUnavailable nobody knows
// what was done. The answer may hold successes and failures.
func (o *Org) Invite(ctx context.Context, inv Invitation) ([]Invited, string, error) {
	var out page[Invited]
	resp, err := o.api.Do(ctx, httpx.Request{Method: http.MethodPost, Path: o.path("users", "invite"), Body: inv, Out: &out})
	if err == nil {
		err = out.check()
	}
	if err != nil {
		return nil, Status(err), err
	}
	return *out.Data, strconv.Itoa(resp.Status), nil
}

// Group is what became of one group, nil when the answer does not mention it.
func (i *Invited) Group(id string) *Granted {
	for _, r := range i.Results {
		for n := range r.Groups {
			if GroupID(r.Groups[n].Group) == id {
				return &r.Groups[n]
			}
		}
	}
	return nil
}

// Refused is why the person is not in as the invitation wanted, nil when they are: a
// role was refused, or every group of an invitation without roles.
func (i *Invited) Refused() *sdk.Failure {
	roles, groups, in := 0, 0, 0
	var refused *Granted
	for _, r := range i.Results {
		for n := range r.Roles {
			if roles++; !r.Roles[n].OK() {
				return r.Roles[n].Failure("give access to the product")
			}
		}
		for n := range r.Groups {
			if groups++; r.Groups[n].OK() {
				in++
			} else {
				refused = &r.Groups[n]
			}
		}
	}
	switch {
	case roles == 0 && groups > 0 && in == 0:
		return refused.Failure("join any group")
	case i.ID == "":
		return sdk.Unavailable("the invitation was answered without the id of the account")
	}
	return nil
}

// Failure words a refusal. The API gives no code for it.
func (g *Granted) Failure(what string) *sdk.Failure {
	text := strings.ToLower(g.Reason)
	reason := sdk.ReasonConflict
	switch {
	case strings.Contains(text, "licen"), strings.Contains(text, "seat"), strings.Contains(text, "limit"):
		reason = sdk.ReasonQuota
	case strings.Contains(text, "sync"), strings.Contains(text, "manage"), strings.Contains(text, "not allowed"):
		reason = sdk.ReasonPermission
	}
	return sdk.Fail(reason, "%s: %s", what, firstOf(g.Reason, "refused without a reason"))
}
