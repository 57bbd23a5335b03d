package atlassian

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"syncgateway/examples/sandbox/company"
)

func (o *Org) orgResource() object {
	self := o.apiURL + "/admin/v1/orgs/" + o.OrgID
	return object{
		"id": o.OrgID, "type": "orgs", "attributes": object{"name": "Harbour Works"}, "links": object{"self": self},
		"relationships": object{
			"domains": object{"links": object{"related": self + "/domains"}}, "users": object{"links": object{"related": self + "/users"}},
		},
	}
}

func (o *Org) listOrgs(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, object{"data": []object{o.orgResource()}, "links": object{"self": o.apiURL + "/admin/v1/orgs"}})
}

func (o *Org) getOrg(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, object{"data": o.orgResource()})
}

func (o *Org) listDomains(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, object{"data": []object{{
		"id": "MTIzNDU2", "type": "domains",
		"attributes": object{"name": company.Domain, "claim": object{"type": "dns", "status": "verified"}},
		"links":      object{"self": o.apiURL + r.URL.Path + "/MTIzNDU2"},
	}}, "links": object{}})
}

const managedPage = 100

// managedAccounts is the old listing of managed accounts; its next link is a whole URL.
func (o *Org) managedAccounts(w http.ResponseWriter, r *http.Request) {
	var c cursor
	if text := r.URL.Query().Get("cursor"); text != "" {
		var err error
		if c, err = readCursor(text); err != nil {
			adminError(w, http.StatusBadRequest, "ADMIN-400-1", err.Error())
			return
		}
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	var managed []*account
	for _, a := range o.order {
		if a.managed && a.kind == "atlassian" {
			managed = append(managed, a)
		}
	}
	found, links := page(r, managed, accountID, c, managedPage)
	for name, v := range links {
		links[name] = o.apiURL + r.URL.Path + "?cursor=" + v.(string)
	}
	data := []object{}
	for _, a := range found {
		data = append(data, object{
			"account_id": a.id, "account_type": "atlassian", "account_status": a.live.accountStatus, "name": a.live.name,
			"picture": o.apiURL + "/avatar/" + a.id, "email": a.live.email, "access_billable": a.live.active() && len(o.productsOf(a)) > 0,
			"links": object{"self": o.apiURL + "/users/" + a.id + "/manage/profile"},
		})
	}
	writeJSON(w, http.StatusOK, object{"data": data, "meta": object{"total": len(managed)}, "links": links})
}

func (o *Org) listDirectories(w http.ResponseWriter, r *http.Request) {
	data := []object{{"directoryId": o.DirectoryID, "name": "Harbour Works", "icon": o.apiURL + "/icon"}}
	writeJSON(w, http.StatusOK, object{"data": data, "links": object{"self": "first"}})
}

type workspaceQuery struct {
	Cursor string `json:"cursor,omitempty"`
	Limit  *int   `json:"limit,omitempty"`
	Query  *query `json:"query,omitempty"`
}

// query is the part of the workspace query language that is understood; the rest selects everything.
type query struct {
	And   []query `json:"and,omitempty"`
	Nor   []query `json:"nor,omitempty"`
	Field *struct {
		Name   string   `json:"name"`
		Values []string `json:"values"`
	} `json:"field,omitempty"`
}

func (q *query) keeps(attributes object) bool {
	if q == nil {
		return true
	}
	for i := range q.And {
		if !q.And[i].keeps(attributes) {
			return false
		}
	}
	for i := range q.Nor {
		if q.Nor[i].keeps(attributes) {
			return false
		}
	}
	if q.Field == nil {
		return true
	}
	v, _ := attributes[strings.TrimPrefix(q.Field.Name, "attributes.")].(string)
	return slices.Contains(q.Field.Values, v)
}

func (o *Org) listWorkspaces(w http.ResponseWriter, r *http.Request) {
	var q workspaceQuery
	if err := decode(r, &q); err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-4", err.Error())
		return
	}
	c, err := resume(&q, q.Cursor)
	if err != nil {
		adminError(w, http.StatusBadRequest, "ADMIN-400-4", err.Error())
		return
	}
	limit := 20
	if q.Limit != nil {
		limit = max(1, min(*q.Limit, 1000))
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	data := []object{}
	for _, p := range o.products {
		attributes := object{
			"name": siteName, "type": p.name, "typeKey": p.key, "hostUrl": o.siteURL, "status": "online", "statusDetails": []string{},
			"labels": []string{}, "usage": p.used, "capacity": nil, "realm": "COMMERCIAL", "regions": []string{},
		}
		if p.seats > 0 {
			attributes["capacity"] = p.seats
		}
		if q.Query.keeps(attributes) {
			data = append(data, object{
				"id": p.ari, "type": "workspaces", "attributes": attributes, "links": object{"self": o.apiURL + r.URL.Path + "/" + p.ari},
				"relationships": object{},
			})
		}
	}
	slices.SortFunc(data, func(a, b object) int { return strings.Compare(a["id"].(string), b["id"].(string)) })
	found, links := page(r, data, func(d object) string { return d["id"].(string) }, c, limit)
	writeJSON(w, http.StatusOK, object{
		"data": found, "links": links, "meta": object{"pageSize": limit, "total": len(data), "startIndex": 1, "endIndex": len(found)},
	})
}

// seatsText is how the site describes its user count.
func seatsText(n int) string { return strconv.Itoa(n) + " users" }
