package engine

import (
	"net/url"
	"strings"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// The URIs of the protocol's messages.
const (
	errorURI        = "urn:ietf:params:scim:api:messages:2.0:Error"
	listURI         = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	searchURI       = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	patchURI        = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	bulkRequestURI  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	bulkResponseURI = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	listURI11       = "urn:scim:schemas:core:1.0:ListResponse"
	mediaSCIM       = "application/scim+json"
	mediaJSON       = "application/json"
)

// face is a version of the protocol, over the store that both share.
type face struct {
	v1   bool
	base string // absolute, without a slash at the end
}

func (f *face) media() string {
	if f.v1 {
		return mediaJSON
	}
	return mediaSCIM
}

// location is the URI of a resource.
func (f *face) location(t *schema.ResourceType, id string) string {
	return f.base + t.Endpoint + "/" + url.PathEscape(id)
}

// messageURI is what the schemas of a message name.
func (f *face) messageURI(uri string) string {
	if f.v1 {
		return schema.CoreURI11
	}
	return uri
}

// checkSchemas refuses a body whose schemas are there without the one it needs.
func (f *face) checkSchemas(in value.Object, need string) error {
	given, _ := in.Fold("schemas")
	if s, ok := given.(string); ok {
		given = []any{s}
	}
	list, ok := given.([]any)
	if given == nil || ok && len(list) == 0 {
		return nil
	}
	if f.v1 {
		need = schema.CoreURI11
	}
	for _, uri := range list {
		if s, ok := uri.(string); ok && (strings.EqualFold(s, need) || f.v1 && len(s) > len(need) && strings.EqualFold(s[:len(need)+1], need+":")) {
			return nil
		}
	}
	return bad(invalidSyntax, "schemas must be an array that has %s in it.", need)
}

// shown puts a resource, already projected, into the words of the face.
func (f *face) shown(r value.Object) value.Object {
	if !f.v1 {
		return r
	}
	out := make(value.Object, 0, len(r))
	for _, m := range r {
		switch m.Name {
		case "schemas":
			m.Value = schemas11(m.Value)
		case schema.EnterpriseURI:
			m = value.Member{Name: schema.EnterpriseURI11, Value: enterprise11(m.Value.(value.Object))}
		case "meta":
			m.Value = without(m.Value, "resourceType")
		case "groups", "members":
			list := m.Value.([]any)
			plain := make([]any, len(list))
			for i, e := range list {
				plain[i] = without(e, "$ref")
			}
			m.Value = plain
		}
		out = append(out, m)
	}
	return out
}

func without(v any, name string) value.Object {
	o := v.(value.Object).Clone()
	o.Set(name, nil)
	return o
}

func schemas11(v any) any {
	var out []any
	for _, uri := range v.([]any) {
		switch uri {
		case schema.UserURI, schema.GroupURI:
			uri = schema.CoreURI11
		case schema.EnterpriseURI:
			uri = schema.EnterpriseURI11
		}
		out = append(out, uri)
	}
	return out
}

func enterprise11(o value.Object) value.Object {
	out := o.Clone()
	manager, ok := o.Get("manager").(value.Object)
	if !ok {
		return out
	}
	renamed := without(manager, "$ref")
	for i := range renamed {
		if renamed[i].Name == "value" {
			renamed[i].Name = "managerId"
		}
	}
	out.Set("manager", renamed)
	return out
}
