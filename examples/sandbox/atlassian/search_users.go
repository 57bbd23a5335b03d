package atlassian

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// userQuery is the body of users/search.
type userQuery struct {
	Limit            *int     `json:"limit,omitempty"`
	Cursor           string   `json:"cursor,omitempty"`
	Emails           []string `json:"emails,omitempty"`
	AccountIDs       []string `json:"accountIds,omitempty"`
	GroupIDs         []string `json:"groupIds,omitempty"`
	DirectoryIDs     []string `json:"directoryIds,omitempty"`
	SearchTerm       string   `json:"searchTerm,omitempty"`
	ClaimStatus      string   `json:"claimStatus,omitempty"`
	Status           []string `json:"status,omitempty"`
	AccountStatus    []string `json:"accountStatus,omitempty"`
	MembershipStatus []string `json:"membershipStatus,omitempty"`
	EmailDomains     []string `json:"emailDomains,omitempty"`
	RoleIDs          []string `json:"roleIds,omitempty"`
	ResourceIDs      []string `json:"resourceIds,omitempty"`
	Expand           []string `json:"expand,omitempty"`
}

var userExpansions = []string{"platformRoles", "counts.resources", "productAccess", "groups"}

func (q *userQuery) check() error {
	switch {
	case q.Limit != nil && (*q.Limit < 1 || *q.Limit > 100):
		return fmt.Errorf("limit must be from 1 to 100")
	case len(q.Emails) > 100:
		return fmt.Errorf("at most 100 emails")
	case len(q.AccountIDs) > 10, len(q.GroupIDs) > 10, len(q.EmailDomains) > 10:
		return fmt.Errorf("at most 10 accountIds, groupIds and emailDomains")
	case len(q.Emails) > 0 && q.SearchTerm != "":
		return fmt.Errorf("searchTerm and emails are mutually exclusive")
	}
	for _, e := range q.Expand {
		if !slices.Contains(userExpansions, e) {
			return fmt.Errorf("unknown expand %q", e)
		}
	}
	return nil
}

// resume replaces the query by the one its cursor carries: with a cursor, all other parameters are ignored.
func resume[Q any](q *Q, text string) (cursor, error) {
	if text == "" {
		raw, err := json.Marshal(q)
		return cursor{Query: raw}, err
	}
	c, err := readCursor(text)
	if err != nil {
		return c, err
	}
	var carried Q
	if err := json.Unmarshal(c.Query, &carried); err != nil {
		return c, fmt.Errorf("invalid page cursor: %w", err)
	}
	*q = carried
	return c, nil
}

func (o *Org) searchUsers(w http.ResponseWriter, r *http.Request) {
	var q userQuery
	if err := decode(r, &q); err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-24", err.Error())
		return
	}
	c, err := resume(&q, q.Cursor)
	if err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-1", err.Error())
		return
	}
	if err := q.check(); err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-24", err.Error())
		return
	}
	limit := 50
	if q.Limit != nil {
		limit = *q.Limit
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	found, links := page(r, o.matchUsers(&q), accountID, c, limit)
	now := o.now()
	data := make([]object, 0, len(found))
	for _, a := range found {
		data = append(data, o.adminUser(a, a.searched(now), q.Expand))
	}
	writeJSON(w, http.StatusOK, object{"data": data, "links": links})
}

func accountID(a *account) string { return a.id }

// matchUsers gives the accounts that fit, in order of id, as the index knows them.
func (o *Org) matchUsers(q *userQuery) []*account {
	keep := o.userFilter(q)
	var out []*account
	for _, a := range o.candidates(q) {
		if keep(a) {
			out = append(out, a)
		}
	}
	return out
}

// candidates narrows a search by its most selective list.
func (o *Org) candidates(q *userQuery) []*account {
	pick := map[*account]bool{}
	switch {
	case len(q.AccountIDs) > 0:
		for _, id := range q.AccountIDs {
			pick[o.accounts[id]] = true
		}
	case len(q.Emails) > 0 && o.lag == 0:
		for _, e := range q.Emails {
			pick[o.emails[fold(e)]] = true
		}
	case len(q.GroupIDs) == 1 && o.lag == 0:
		if g := o.groups[bareID(q.GroupIDs[0])]; g != nil {
			return g.sortedMembers()
		}
		return nil
	default:
		return o.order
	}
	delete(pick, nil)
	out := make([]*account, 0, len(pick))
	for a := range pick {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *account) int { return cmp.Compare(a.id, b.id) })
	return out
}

// bareID accepts a group's id alone and as an ARI.
func bareID(id string) string { return strings.TrimPrefix(id, "ari:cloud:identity::group/") }

func (o *Org) userFilter(q *userQuery) func(*account) bool {
	now := o.now()
	emails, groups := map[string]bool{}, []*group{}
	for _, e := range q.Emails {
		emails[fold(e)] = true
	}
	for _, id := range q.GroupIDs {
		groups = append(groups, o.groups[bareID(id)])
	}
	term := fold(q.SearchTerm)
	in := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return func(a *account) bool {
		p := a.searched(now)
		if !a.listed(p) {
			return false
		}
		_, domain, _ := strings.Cut(fold(p.email), "@")
		return in(q.AccountIDs, a.id) && in(q.Status, a.status(p)) && in(q.AccountStatus, p.accountStatus) &&
			in(q.MembershipStatus, p.membership) && in(q.EmailDomains, domain) &&
			in(q.DirectoryIDs, o.DirectoryID) &&
			(q.ClaimStatus == "" || q.ClaimStatus == a.claim()) &&
			(len(emails) == 0 || emails[fold(p.email)]) &&
			(term == "" || strings.Contains(fold(p.name), term) || strings.Contains(fold(p.email), term)) &&
			(len(groups) == 0 || slices.ContainsFunc(groups, func(g *group) bool { return p.groups[g] })) &&
			(len(q.RoleIDs) == 0 || slices.ContainsFunc(q.RoleIDs, func(role string) bool { return o.hasRole(a, role) })) &&
			(len(q.ResourceIDs) == 0 || slices.ContainsFunc(q.ResourceIDs, func(ari string) bool {
				p := o.productByARI(ari)
				return p != nil && p.holders[a] > 0
			}))
	}
}

func (a *account) claim() string {
	if a.managed {
		return "managed"
	}
	return "unmanaged"
}

func (o *Org) hasRole(a *account, role string) bool {
	if slices.Contains(o.platformRoles(a, &a.live), role) {
		return true
	}
	for g := range a.live.groups {
		if slices.ContainsFunc(g.grants, func(gr grant) bool { return gr.role == role }) {
			return true
		}
	}
	return false
}

// platformRoles are the account's own and those of its groups that reach beyond one product.
func (o *Org) platformRoles(a *account, p *person) []string {
	roles := append([]string{}, a.roles...)
	for g := range p.groups {
		for _, gr := range g.grants {
			if gr.role == roleSiteAdmin || gr.role == roleOrgAdmin {
				roles = append(roles, gr.role)
			}
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// adminUser is an account as the organisation's administrator sees it: with its e-mail.
func (o *Org) adminUser(a *account, p *person, expand []string) object {
	source := "invited"
	if a.scim {
		source = "synced"
	}
	out := object{
		"accountId": a.id, "accountType": "atlassian", "accountStatus": p.accountStatus, "membershipStatus": p.membership,
		"status": a.status(p), "claimStatus": a.claim(), "managementSource": source, "name": p.name, "nickname": p.nickname,
		"email": p.email, "emailVerified": true, "mfaEnabled": false, "timeZone": p.zone,
		"addedToOrg": a.added.UTC().Format(time.RFC3339), "links": object{"self": a.id},
	}
	for name, v := range map[string]string{
		"jobTitle": p.jobTitle, "department": p.department, "organization": p.organization, "location": p.location,
	} {
		if v != "" {
			out[name] = v
		}
	}
	if slices.Contains(expand, "platformRoles") {
		out["platformRoles"] = o.platformRoles(a, p)
	}
	if slices.Contains(expand, "counts.resources") {
		out["counts"] = object{"resources": len(o.productsOf(a))}
	}
	if slices.Contains(expand, "productAccess") {
		access := []object{}
		for _, p := range o.productsOf(a) {
			access = append(access, object{"key": p.key, "id": p.ari})
		}
		out["productAccess"] = access
	}
	if slices.Contains(expand, "groups") {
		out["groups"] = groupRefs(p)
	}
	return out
}

func (o *Org) productsOf(a *account) []*product {
	var out []*product
	for _, p := range o.products {
		if p.holders[a] > 0 {
			out = append(out, p)
		}
	}
	return out
}

// groupRefs names groups by ARI, unlike every other place of this API.
func groupRefs(p *person) []object {
	out := make([]object, 0, len(p.groups))
	for g := range p.groups {
		if g.deleted {
			continue
		}
		out = append(out, object{"id": "ari:cloud:identity::group/" + g.id, "name": g.name, "description": g.description})
	}
	slices.SortFunc(out, func(a, b object) int { return cmp.Compare(a["id"].(string), b["id"].(string)) })
	return out
}

func (o *Org) countUsers(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	q := userQuery{
		AccountIDs: v["accountIds"], GroupIDs: v["groupIds"], Status: v["status"], AccountStatus: v["accountStatus"],
		MembershipStatus: v["membershipStatus"], ClaimStatus: v.Get("claimStatus"), SearchTerm: v.Get("searchTerm"),
		EmailDomains: v["emailDomains"], RoleIDs: v["roleIds"], ResourceIDs: v["resourceIds"],
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	writeJSON(w, http.StatusOK, object{"count": len(o.matchUsers(&q))})
}
