package okta

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"time"

	"syncgateway/examples/sandbox/company"
)

// timeFormat is how Okta writes dates.
const timeFormat = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) string { return t.UTC().Format(timeFormat) }

// record is one version of a user. It never changes once made; a change makes another.
type record struct {
	person                          company.Person
	custom                          map[string]string
	created, updated, statusChanged time.Time
	encoded, encodedBrief           atomic.Pointer[[]byte]
}

func newRecord(p company.Person, created, updated time.Time) *record {
	return &record{person: p, created: created, updated: updated, statusChanged: created}
}

// next returns a copy to be changed before it is published.
func (r *record) next(now time.Time) *record {
	custom := make(map[string]string, len(r.custom))
	for k, v := range r.custom {
		custom[k] = v
	}
	return &record{person: r.person, custom: custom, created: r.created, updated: now, statusChanged: r.statusChanged}
}

// field points at a base attribute, nil when the name is not one of them.
func field(p *company.Person, name string) *string {
	switch name {
	case "login":
		return &p.Login
	case "email":
		return &p.Email
	case "firstName":
		return &p.FirstName
	case "lastName":
		return &p.LastName
	case "displayName":
		return &p.DisplayName
	case "department":
		return &p.Department
	case "title":
		return &p.Title
	case "employeeNumber":
		return &p.EmployeeNumber
	case "mobilePhone":
		return &p.MobilePhone
	case "nickName":
		return &p.NickName
	case "locale":
		return &p.Locale
	case "costCentre":
		return &p.CostCentre
	}
	return nil
}

func (r *record) profile() map[string]any {
	p := r.person
	out := map[string]any{
		"login": p.Login, "email": p.Email, "firstName": p.FirstName, "lastName": p.LastName,
		"mobilePhone": orNull(p.MobilePhone), "secondEmail": nil,
	}
	for _, name := range []string{"displayName", "department", "title", "employeeNumber", "nickName", "locale", "costCentre"} {
		if v := *field(&p, name); v != "" {
			out[name] = v
		}
	}
	for k, v := range r.custom {
		out[k] = v
	}
	return out
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// userJSON gives the user as the API shows it; the result is shared and must not be changed.
func (o *Org) userJSON(u *user, r *record, omitCredentials bool) json.RawMessage {
	slot := &r.encoded
	if omitCredentials {
		slot = &r.encodedBrief
	}
	if done := slot.Load(); done != nil {
		return *done
	}
	raw := mustJSON(o.userMap(u, r, omitCredentials))
	slot.Store(&raw)
	return raw
}

func (o *Org) userMap(u *user, r *record, omitCredentials bool) map[string]any {
	href := o.base + "/api/v1/users/" + u.id
	out := map[string]any{
		"id": u.id, "status": r.person.Status, "created": stamp(r.created), "statusChanged": stamp(r.statusChanged),
		"lastUpdated": stamp(r.updated), "lastLogin": nil, "passwordChanged": nil, "activated": nil,
		"type": map[string]any{"id": userTypeID}, "profile": r.profile(),
		"_links": map[string]any{"self": map[string]any{"href": href}},
	}
	if r.person.Status != company.Staged {
		out["activated"] = stamp(r.created)
	}
	if !omitCredentials {
		out["credentials"] = map[string]any{"provider": map[string]any{"type": "OKTA", "name": "OKTA"}}
		out["_links"] = map[string]any{
			"self":          map[string]any{"href": href},
			"resetPassword": map[string]any{"href": href + "/lifecycle/reset_password", "method": "POST"},
		}
	}
	return out
}

// attribute gives the values a filter compares, nil when the user has none. known is false for unknown names.
func (r *record) attribute(id, name string) (values []string, known bool) {
	switch name {
	case "id":
		return []string{id}, true
	case "status":
		return []string{string(r.person.Status)}, true
	case "created":
		return []string{stamp(r.created)}, true
	case "lastUpdated":
		return []string{stamp(r.updated)}, true
	case "statusChanged":
		return []string{stamp(r.statusChanged)}, true
	case "type.id":
		return []string{userTypeID}, true
	}
	base, isProfile := strings.CutPrefix(name, "profile.")
	if !isProfile {
		return nil, false
	}
	v, isCustom := r.custom[base]
	if p := field(&r.person, base); p != nil {
		v, isCustom = *p, true
	}
	if !isCustom || v == "" {
		return nil, true
	}
	return []string{v}, true
}

// groupRecord is one version of a group.
type groupRecord struct {
	name, description            string
	kind                         company.GroupKind
	created, updated, membership time.Time
}

func (g *groupRecord) next() *groupRecord {
	c := *g
	return &c
}

func (g *groupRecord) attribute(id, name string) (values []string, known bool) {
	switch name {
	case "id":
		return []string{id}, true
	case "type":
		return []string{string(g.kind)}, true
	case "created":
		return []string{stamp(g.created)}, true
	case "lastUpdated":
		return []string{stamp(g.updated)}, true
	case "lastMembershipUpdated":
		return []string{stamp(g.membership)}, true
	case "profile.name":
		return []string{g.name}, true
	case "profile.description":
		return []string{g.description}, true
	}
	return nil, false
}

func (o *Org) groupMap(g *group, r *groupRecord) map[string]any {
	profile := map[string]any{"name": r.name, "description": orNull(r.description)}
	class := "okta:user_group"
	if r.kind == company.AppGroup {
		class = "okta:windows_security_principal"
		profile["samAccountName"], profile["windowsDomainQualifiedName"] = r.name, `HARBOUR\`+r.name
		profile["dn"] = "CN=" + r.name + ",CN=Users,DC=harbour,DC=local"
		profile["externalId"] = "S-1-5-21-" + g.id
	}
	if r.description == "" {
		delete(profile, "description")
	}
	href := o.base + "/api/v1/groups/" + g.id
	return map[string]any{
		"id": g.id, "created": stamp(r.created), "lastUpdated": stamp(r.updated), "lastMembershipUpdated": stamp(r.membership),
		"objectClass": []string{class}, "type": r.kind, "profile": profile,
		"_links": map[string]any{
			"self": map[string]any{"href": href}, "users": map[string]any{"href": href + "/users"}, "apps": map[string]any{"href": href + "/apps"},
		},
	}
}
