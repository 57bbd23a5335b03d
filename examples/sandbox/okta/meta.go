package okta

import "net/http"

func (o *Org) getOrg(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"id": "00o1n1sbwArJ7OQRw406", "subdomain": "harbour", "companyName": "Harbour Works", "status": "ACTIVE",
		"created": "2023-03-01T08:00:00.000Z", "lastUpdated": "2025-03-01T08:00:00.000Z", "country": "SE",
	})
}

func (o *Org) userTypes(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, []any{map[string]any{
		"id": userTypeID, "name": "user", "displayName": "User", "default": true, "created": "2023-03-01T08:00:00.000Z",
		"lastUpdated": "2023-03-01T08:00:00.000Z", "createdBy": "sprz8cdb6cKJ4Zu5g0h7", "lastUpdatedBy": "sprz8cdb6cKJ4Zu5g0h7",
		"_links": map[string]any{
			"schema": map[string]any{"href": o.base + "/api/v1/meta/schemas/user/default", "method": "GET"},
			"self":   map[string]any{"href": o.base + "/api/v1/meta/types/user/" + userTypeID, "method": "GET"},
		},
	}})
}

func (o *Org) userSchema(w http.ResponseWriter, r *http.Request) {
	if id := r.PathValue("id"); id != "default" {
		o.notFound(w, id, "Schema")
		return
	}
	base := map[string]any{}
	for name, title := range map[string]string{
		"login": "Username", "email": "Primary email", "firstName": "First name", "lastName": "Last name",
		"displayName": "Display name", "department": "Department", "title": "Title", "employeeNumber": "Employee number",
		"mobilePhone": "Mobile phone", "nickName": "Nickname", "locale": "Locale", "secondEmail": "Secondary email",
	} {
		base[name] = attributeSchema(title, name == "login" || name == "email")
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"id": o.base + "/meta/schemas/user/default", "$schema": "http://json-schema.org/draft-04/schema#", "name": "user",
		"title": "User", "type": "object", "created": "2023-03-01T08:00:00.000Z", "lastUpdated": "2024-03-01T08:00:00.000Z",
		"definitions": map[string]any{
			"base":   map[string]any{"id": "#base", "type": "object", "properties": base, "required": []string{"login", "email"}},
			"custom": map[string]any{"id": "#custom", "type": "object", "properties": map[string]any{"costCentre": attributeSchema("Cost centre", false)}, "required": []string{}},
		},
		"properties": map[string]any{"profile": map[string]any{"allOf": []any{
			map[string]any{"$ref": "#/definitions/custom"}, map[string]any{"$ref": "#/definitions/base"},
		}}},
	})
}

func attributeSchema(title string, required bool) map[string]any {
	return map[string]any{
		"title": title, "type": "string", "required": required, "mutability": "READ_WRITE", "scope": "NONE",
		"permissions": []any{map[string]any{"principal": "SELF", "action": "READ_ONLY"}},
	}
}
