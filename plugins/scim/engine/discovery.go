package engine

import (
	"net/http"
	"strings"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// object is shorthand for an Object: names and values in turn.
func object(pairs ...any) value.Object {
	o := make(value.Object, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		o = append(o, value.Member{Name: pairs[i].(string), Value: pairs[i+1]})
	}
	return o
}

func supported(yes bool) value.Object { return object("supported", yes) }

// describes reports whether the path names what describes the service.
func (c *call) describes() bool {
	if len(c.path) == 0 {
		return false
	}
	switch c.path[0] {
	case "ServiceProviderConfig", "ResourceTypes", "Schemas":
		return true
	}
	return c.path[0] == "ServiceProviderConfigs" && c.face.v1
}

// discovery answers the endpoints that describe the service. A filter on them is
// forbidden (RFC 7644 section 4).
func (c *call) discovery(what string) (*reply, error) {
	if c.query.hasFilter && !c.face.v1 {
		return nil, refuse(http.StatusForbidden, "%s cannot be filtered.", what)
	}
	id := ""
	if len(c.path) > 1 {
		id = c.path[1]
	}
	var list []any
	switch what {
	case "ServiceProviderConfig", "ServiceProviderConfigs":
		if id != "" {
			return nil, noEndpoint()
		}
		return message(http.StatusOK, c.config()), nil
	case "ResourceTypes":
		list = c.resourceTypes(id)
	default:
		list = c.schemas(id)
	}
	if id != "" {
		if len(list) == 0 {
			return nil, refuse(http.StatusNotFound, "There is no %s %s.", strings.TrimSuffix(what, "s"), value.Visible(id))
		}
		return message(http.StatusOK, list[0].(value.Object)), nil
	}
	uris := []any{c.face.messageURI(listURI)}
	if c.face.v1 {
		uris = append(uris, listURI11)
	}
	n := integer(len(list))
	return message(http.StatusOK, object("schemas", uris, "totalResults", n, "startIndex", integer(1), "itemsPerPage", n, "Resources", list)), nil
}

func (c *call) config() value.Object {
	e, f := c.engine, c.face
	bulk := object("supported", true, "maxOperations", integer(e.MaxBulkOperations), "maxPayloadSize", integer(int(e.MaxBulkBody)))
	filters := object("supported", true, "maxResults", integer(e.MaxResults))
	bearer := object("type", "oauthbearertoken", "name", "OAuth Bearer Token", "description", "A bearer token in the Authorization header.")
	if f.v1 {
		bearer = append(bearer, object("specUrl", "https://www.rfc-editor.org/info/rfc6750", "primary", true)...)
		return object("schemas", []any{schema.CoreURI11}, "patch", supported(true), "bulk", bulk, "filter", filters, "changePassword", supported(false),
			"sort", supported(true), "etag", supported(true), "xmlDataFormat", supported(false), "authenticationSchemes", []any{bearer})
	}
	bearer = append(bearer, object("specUri", "https://www.rfc-editor.org/info/rfc6750", "primary", true)...)
	pagination := object("cursor", true, "index", true, "defaultPaginationMethod", "index", "defaultPageSize", integer(e.PageSize),
		"maxPageSize", integer(e.MaxResults), "cursorTimeout", integer(int(e.CursorTimeout.Seconds())))
	return object("schemas", []any{schema.ConfigURI}, "patch", supported(true), "bulk", bulk, "filter", filters, "changePassword", supported(false),
		"sort", supported(true), "etag", supported(true), "pagination", pagination, "authenticationSchemes", []any{bearer},
		"meta", object("resourceType", "ServiceProviderConfig", "location", f.base+"/ServiceProviderConfig"))
}

// resourceTypes are all types, or the one with the id.
func (c *call) resourceTypes(id string) (out []any) {
	for _, t := range c.engine.types {
		if id != "" && !strings.EqualFold(id, t.Name) {
			continue
		}
		o := object("schemas", []any{c.face.messageURI(schema.ResourceTypeURI)}, "id", t.Name, "name", t.Name, "endpoint", t.Endpoint,
			"description", t.Description, "schema", t.Core.ID)
		if c.face.v1 {
			o.Set("schema", schema.CoreURI11)
		}
		extensions := []any{}
		for _, x := range t.Extensions {
			uri := x.Schema.ID
			if c.face.v1 && uri == schema.EnterpriseURI {
				uri = schema.EnterpriseURI11
			}
			extensions = append(extensions, object("schema", uri, "required", x.Required))
		}
		o = append(o, object("schemaExtensions", extensions, "meta", object("resourceType", "ResourceType", "location", c.face.base+"/ResourceTypes/"+t.Name))...)
		out = append(out, o)
	}
	return out
}

// schemas are all schemas, or the one with the id.
func (c *call) schemas(id string) (out []any) {
	if c.face.v1 {
		return c.schemas11(id)
	}
	add := func(s *schema.Schema) {
		if id == "" || strings.EqualFold(id, s.ID) {
			out = append(out, object("schemas", []any{schema.SchemaURI}, "id", s.ID, "name", s.Name, "description", s.Description,
				"attributes", attributeObjects(s.Attributes), "meta", object("resourceType", "Schema", "location", c.face.base+"/Schemas/"+s.ID)))
		}
	}
	for _, t := range c.engine.types {
		add(t.Core)
		for _, x := range t.Extensions {
			add(x.Schema)
		}
	}
	for _, s := range schema.Service {
		add(s)
	}
	return out
}

func attributeObjects(list []*schema.Attribute) []any {
	out := make([]any, len(list))
	for i, a := range list {
		o := object("name", a.Name, "type", string(a.Type), "multiValued", a.MultiValued, "description", a.Description, "required", a.Required,
			"caseExact", a.CaseExact, "mutability", string(a.Mutable()), "returned", string(a.Shown()), "uniqueness", string(a.Uniquely()))
		out[i] = append(o, lists(a)...)
		if a.Type == schema.Complex {
			out[i] = append(out[i].(value.Object), value.Member{Name: "subAttributes", Value: attributeObjects(a.Sub)})
		}
	}
	return out
}

func lists(a *schema.Attribute) (o value.Object) {
	add := func(name string, words []string) {
		if len(words) == 0 {
			return
		}
		list := make([]any, len(words))
		for i, w := range words {
			list[i] = w
		}
		o = append(o, value.Member{Name: name, Value: list})
	}
	add("canonicalValues", a.Suggested)
	add("referenceTypes", a.References)
	return o
}

// schemas11 are the schemas in the form of SCIM 1.1: one per endpoint, with what the
// extensions add in it. The id is the endpoint's name.
func (c *call) schemas11(id string) (out []any) {
	for _, t := range c.engine.types {
		plural := t.Endpoint[1:]
		uri := schema.CoreURI11 + ":" + t.Name
		if id != "" && !strings.EqualFold(id, plural) && !strings.EqualFold(id, t.Name) && !strings.EqualFold(id, uri) {
			continue
		}
		attributes := attributes11(schema.CoreURI11, append(append([]*schema.Attribute{}, schema.Common[1:]...), t.Core.Attributes...))
		for _, x := range t.Extensions {
			ext := x.Schema.ID
			if ext == schema.EnterpriseURI {
				ext = schema.EnterpriseURI11
			}
			attributes = append(attributes, attributes11(ext, x.Schema.Attributes)...)
		}
		out = append(out, object("schemas", []any{schema.CoreURI11}, "id", uri, "name", t.Name, "description", t.Description,
			"schema", schema.CoreURI11, "endpoint", t.Endpoint, "attributes", attributes, "meta", object("location", c.face.base+"/Schemas/"+plural)))
	}
	return out
}

func attributes11(uri string, list []*schema.Attribute) []any {
	var out []any
	for _, a := range list {
		name := a.Name
		if name == "$ref" {
			continue
		}
		if len(a.Aliases) > 0 {
			name = a.Aliases[0]
		}
		o := object("name", name, "type", string(a.Type), "multiValued", a.MultiValued, "description", a.Description)
		if uri != "" {
			o.Set("schema", uri)
		}
		o = append(o, object("readOnly", a.Mutability == schema.ReadOnly, "required", a.Required, "caseExact", a.CaseExact)...)
		if a.Type == schema.Complex {
			o = append(o, value.Member{Name: "subAttributes", Value: attributes11("", a.Sub)})
		}
		out = append(out, o)
	}
	return out
}
