package atlassian

import (
	"fmt"
	"net/http"
	"net/mail"
	"strings"

	"syncgateway/examples/sandbox/reqlog"
)

const maxInvites = 25

type invitation struct {
	Emails           []string `json:"emails"`
	AdditionalGroups []string `json:"additionalGroups"`
	PermissionRules  []struct {
		Resource string `json:"resource"`
		Role     string `json:"role"`
	} `json:"permissionRules"`
}

// inviteTarget is what an invitation gives: the default groups of the products it names, and more groups.
type inviteTarget struct {
	rules  []inviteRule
	groups []*group
}

type inviteRule struct {
	resource, role string
	group          *group
}

func (o *Org) invite(w http.ResponseWriter, r *http.Request) {
	var q invitation
	if err := decode(r, &q); err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-UAM-400-1", err.Error())
		return
	}
	emails, err := distinctEmails(q.Emails)
	if err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-UAM-400-1", err.Error())
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	target, ok := o.inviteTarget(w, &q)
	if !ok {
		return
	}
	if p := o.inviteOverflows(emails, target); p != nil {
		adminError(w, http.StatusConflict, "ADMIN-UAM-409-3", "Product License Limit Exceeded: "+p.name)
		return
	}
	data, failed := []object{}, false
	for _, e := range emails {
		result, bad := o.inviteOne(r, e, target)
		data = append(data, result)
		failed = failed || bad
	}
	status := http.StatusOK
	if failed {
		status = http.StatusPartialContent
	}
	writeJSON(w, status, object{"data": data})
}

// distinctEmails takes an address that comes twice, in whatever case, once.
func distinctEmails(list []string) ([]string, error) {
	if len(list) == 0 || len(list) > maxInvites {
		return nil, fmt.Errorf("emails must have 1 to %d entries", maxInvites)
	}
	seen := map[string]bool{}
	var out []string
	for _, e := range list {
		if parsed, err := mail.ParseAddress(e); err != nil || parsed.Address != e {
			return nil, fmt.Errorf("%q is not an e-mail address", e)
		}
		if !seen[fold(e)] {
			seen[fold(e)] = true
			out = append(out, e)
		}
	}
	return out, nil
}

func (o *Org) inviteTarget(w http.ResponseWriter, q *invitation) (t inviteTarget, ok bool) {
	for _, rule := range q.PermissionRules {
		p := o.productByARI(rule.Resource)
		switch {
		case p == nil || p.defaultGroup == nil:
			adminError(w, http.StatusNotFound, "ADMIN-UAM-404-1", "Unknown Resource")
			return t, false
		case rule.Role != roleUser:
			adminError(w, http.StatusBadRequest, "ADMIN-UAM-400-3", "Invalid Role for Resource")
			return t, false
		}
		t.rules = append(t.rules, inviteRule{rule.Resource, rule.Role, p.defaultGroup})
	}
	for _, id := range q.AdditionalGroups {
		g := o.groups[bareID(id)]
		if g == nil {
			adminError(w, http.StatusNotFound, "ADMIN-UAM-404-3", "Group Not Found")
			return t, false
		}
		t.groups = append(t.groups, g)
	}
	return t, true
}

// inviteOverflows names a product of the rules that has too few seats for all of the invited.
func (o *Org) inviteOverflows(emails []string, t inviteTarget) *product {
	for _, rule := range t.rules {
		p := o.productByARI(rule.resource)
		wanted := 0
		for _, e := range emails {
			if a := o.emails[fold(e)]; a == nil || a.live.membership == noMembership || p.holders[a] == 0 && a.live.active() {
				wanted++
			}
		}
		if p.seats > 0 && wanted > 0 && p.used+wanted > p.seats {
			return p
		}
	}
	return nil
}

// inviteOne finds or makes the account and gives it what it lacks. It never makes a second account for an address.
func (o *Org) inviteOne(r *http.Request, email string, t inviteTarget) (object, bool) {
	a := o.emails[fold(email)]
	entering := len(t.rules)+len(t.groups) > 0 // otherwise no app and no group names a directory to enter
	switch {
	case a == nil:
		a = o.addAccount(o.newAccountID(), email, nameFrom(email), o.claims(email))
		if !entering {
			a.live.membership = noMembership
		}
		o.hide(a)
		note(r, reqlog.UserInvite, a, nil, "new account")
	case a.live.membership == noMembership && a.live.accountStatus == statusActive && entering:
		o.change(a, func(p *person) { p.membership = statusActive })
		note(r, reqlog.UserInvite, a, nil, "back in the directory")
	}
	reason := ""
	switch {
	case a.live.accountStatus != statusActive:
		reason = "ADMIN-UAM-400-2: Inactive user"
	case a.live.membership == suspended:
		reason = "The user's access is suspended"
	}
	failed := reason != ""
	roles, groups := []object{}, []object{}
	for _, rule := range t.rules {
		status, why := o.inviteInto(r, a, rule.group, reason)
		failed = failed || why != nil
		roles = append(roles, object{"resource": rule.resource, "role": rule.role, "status": status, "statusReason": why})
	}
	for _, g := range t.groups {
		status, why := o.inviteInto(r, a, g, reason)
		failed = failed || why != nil
		groups = append(groups, object{"group": g.id, "status": status, "statusReason": why})
	}
	return object{"id": a.id, "email": email, "results": []object{
		{"roleAssignmentResult": roles, "groupAssignmentResult": groups},
	}}, failed
}

func (o *Org) inviteInto(r *http.Request, a *account, g *group, reason string) (status string, why any) {
	switch {
	case reason != "":
	case g.members[a]:
		return "INVITED", nil
	case !g.modifiable:
		reason = "ADMIN-403-5: Not allowed to manage the group"
	case g.lacksSeat(a) != nil:
		reason = "ADMIN-409-3: License limit exceeded"
	default:
		o.join(g, a)
		note(r, reqlog.MemberAdd, a, g, "")
		return "INVITED", nil
	}
	return "ERROR", reason
}

// nameFrom is what an invited person is called until they say otherwise.
func nameFrom(email string) string {
	local, _, _ := strings.Cut(email, "@")
	return local
}
