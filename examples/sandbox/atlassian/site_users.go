package atlassian

import (
	"net/http"
	"slices"
	"strings"

	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/reqlog"
)

const (
	usersPage    = 50
	usersMost    = 1000
	bulkPage     = 10
	searchWindow = 1000 // user search never shows anybody behind this position
)

// siteUser is an account as the site shows it: without e-mail unless the person shows it to anyone.
func (o *Org) siteUser(a *account) object {
	out := object{
		"self": o.siteURL + "/rest/api/3/user?accountId=" + a.id, "accountId": a.id, "accountType": a.kind,
		"displayName": a.live.name, "active": a.live.active(),
	}
	if a.kind == "atlassian" {
		out["timeZone"], out["locale"] = a.live.zone, strings.ReplaceAll(a.live.locale, "-", "_")
	}
	if a.emailVisible {
		out["emailAddress"] = a.live.email
	}
	return out
}

// onSite: everybody who ever had access, apps and customers too; deleted users stay in the list.
func (o *Org) listSiteUsers(w http.ResponseWriter, r *http.Request) {
	start, size, err := offsets(r, usersPage, usersMost)
	if err != nil {
		siteError(w, http.StatusBadRequest, err.Error())
		return
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	found, _ := offsetPage(r, o.order, start, size)
	out := make([]object, 0, len(found))
	for _, a := range found {
		out = append(out, o.siteUser(a))
	}
	writeJSON(w, http.StatusOK, out)
}

// accountOf finds the account of the query, or answers.
func (o *Org) accountOf(w http.ResponseWriter, r *http.Request) *account {
	id := r.URL.Query().Get("accountId")
	if id == "" {
		siteError(w, http.StatusBadRequest, "The query parameter 'accountId' is required.")
		return nil
	}
	a := o.accounts[id]
	if a == nil {
		siteError(w, http.StatusNotFound, "Specified user does not exist or you do not have required permissions")
	}
	return a
}

func (o *Org) getSiteUser(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.accountOf(w, r)
	if a == nil {
		return
	}
	out := o.siteUser(a)
	groups := o.siteGroups(a)
	refs := object{"size": len(groups), "items": []object{}}
	if strings.Contains(r.URL.Query().Get("expand"), "groups") {
		refs["items"] = groups
	}
	out["groups"] = refs
	out["applicationRoles"] = object{"size": len(o.productsOf(a)), "items": []object{}}
	writeJSON(w, http.StatusOK, out)
}

func (o *Org) siteGroups(a *account) []object {
	out := []object{}
	for g := range a.live.groups {
		out = append(out, o.groupName(g))
	}
	slices.SortFunc(out, func(x, y object) int { return strings.Compare(x["name"].(string), y["name"].(string)) })
	return out
}

func (o *Org) groupName(g *group) object {
	return object{"name": g.name, "groupId": g.id, "self": o.siteURL + "/rest/api/3/group?groupId=" + g.id}
}

func (o *Org) siteUserGroups(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.accountOf(w, r)
	if a == nil {
		return
	}
	groups := o.siteGroups(a)
	v := fault.FromContext(r.Context()).Page(len(groups), 0, len(groups)+1)
	writeJSON(w, http.StatusOK, groups[v.From:v.To])
}

// findSiteUsers matches the beginning of words of the name, and of e-mails that are visible; active people only.
func (o *Org) findSiteUsers(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	query, id := fold(q.Get("query")), q.Get("accountId")
	start, size, err := offsets(r, usersPage, usersMost)
	switch {
	case err != nil:
		siteError(w, http.StatusBadRequest, err.Error())
		return
	case query == "" && id == "", query != "" && id != "":
		siteError(w, http.StatusBadRequest, "Exactly one of query and accountId is needed.")
		return
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	var found []*account
	for _, a := range o.order[:min(len(o.order), searchWindow)] {
		if a.live.active() && (a.id == id || query != "" && a.answersTo(query)) {
			found = append(found, a)
		}
	}
	found, _ = offsetPage(r, found, start, size)
	out := make([]object, 0, len(found))
	for _, a := range found {
		out = append(out, o.siteUser(a))
	}
	writeJSON(w, http.StatusOK, out)
}

func (a *account) answersTo(prefix string) bool {
	name := fold(a.live.name)
	return strings.HasPrefix(name, prefix) || strings.Contains(name, " "+prefix) ||
		a.emailVisible && strings.HasPrefix(fold(a.live.email), prefix)
}

func (o *Org) bulkSiteUsers(w http.ResponseWriter, r *http.Request) {
	ids := r.URL.Query()["accountId"]
	start, size, err := offsets(r, bulkPage, 200)
	if len(ids) == 0 || err != nil {
		siteError(w, http.StatusBadRequest, "accountId is required; startAt and maxResults must be numbers.")
		return
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	var found []*account
	for _, id := range ids {
		if a := o.accounts[id]; a != nil && !slices.Contains(found, a) {
			found = append(found, a)
		}
	}
	found, v := offsetPage(r, found, start, size)
	out := make([]object, 0, len(found))
	for _, a := range found {
		out = append(out, o.siteUser(a))
	}
	writeJSON(w, http.StatusOK, o.pageBean(r, out, v, start, size))
}

// createSiteUser is the old invitation: 201 again for somebody with access, 400 for an account without.
func (o *Org) createSiteUser(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Email    string    `json:"emailAddress"`
		Products *[]string `json:"products"`
	}
	if err := decode(r, &q); err != nil || q.Email == "" || q.Products == nil || !strings.Contains(q.Email, "@") {
		siteError(w, http.StatusBadRequest, "emailAddress and products are required.")
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var groups []*group
	for _, key := range *q.Products {
		p := o.productByKey(key)
		if p == nil || !p.jira || p.defaultGroup == nil {
			siteError(w, http.StatusBadRequest, "Unknown product: "+key)
			return
		}
		groups = append(groups, p.defaultGroup)
	}
	a := o.emails[fold(q.Email)]
	switch {
	case a != nil && len(o.productsOf(a)) > 0 && a.live.active():
		writeJSON(w, http.StatusCreated, o.siteUser(a))
		return
	case a != nil:
		siteError(w, http.StatusBadRequest, "The user exists but does not have access to Jira.")
		return
	}
	for _, g := range groups {
		for _, p := range g.licences() {
			if p.seats > 0 && p.used >= p.seats {
				siteError(w, http.StatusBadRequest, "The number of licensed users is exceeded.")
				return
			}
		}
	}
	a = o.addAccount(o.newAccountID(), q.Email, nameFrom(q.Email), strings.HasSuffix(fold(q.Email), "@"+company.Domain))
	o.hide(a)
	note(r, reqlog.UserInvite, a, nil, "new account")
	for _, g := range groups {
		o.join(g, a)
		note(r, reqlog.MemberAdd, a, g, "")
	}
	writeJSON(w, http.StatusCreated, o.siteUser(a))
}

func (o *Org) deleteSiteUser(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.accountOf(w, r)
	if a == nil {
		return
	}
	if a.live.membership == noMembership || a.kind != "atlassian" {
		siteError(w, http.StatusBadRequest, "The user cannot be removed.")
		return
	}
	o.expel(a)
	note(r, reqlog.UserRemove, a, nil, "")
	w.WriteHeader(http.StatusNoContent)
}
