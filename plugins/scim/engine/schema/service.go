package schema

// The URIs of the schemas of what describes the service.
const (
	ConfigURI       = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	ResourceTypeURI = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	SchemaURI       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

// Service are the schemas of what describes the service (RFC 7643 sections 5 to 7, RFC 9865
// section 4). They belong to no type of resource.
var Service = []*Schema{
	{ID: ConfigURI, Name: "ServiceProviderConfig", Description: "What the service can do.", Attributes: fixed(
		uri("documentationUri", "Where the service is described for people."),
		parts("patch", "Whether PATCH is served.", needed(flag("supported", supports))),
		parts("bulk", "Whether bulk requests are served.", needed(flag("supported", supports)),
			needed(count("maxOperations", "The most operations of one request.")), needed(count("maxPayloadSize", "The largest request, in bytes."))),
		parts("filter", "Whether filters are served.", needed(flag("supported", supports)), needed(count("maxResults", "The most resources of one answer."))),
		parts("changePassword", "Whether passwords can be changed.", needed(flag("supported", supports))),
		parts("sort", "Whether results can be sorted.", needed(flag("supported", supports))),
		parts("etag", "Whether resources have versions.", needed(flag("supported", supports))),
		parts("pagination", "How results are paged.", needed(flag("cursor", "Whether by cursor.")), needed(flag("index", "Whether by index.")),
			text("defaultPaginationMethod", "The way that is taken when a request names none."), count("defaultPageSize", "The size of a page when a request names none."),
			count("maxPageSize", "The most resources of one page."), count("cursorTimeout", "How long a cursor is good, in seconds.")),
		several(parts("authenticationSchemes", "How clients authenticate.", needed(text("type", "The scheme.")), needed(text("name", "The name of the scheme.")),
			needed(text("description", "What the scheme is.")), uri("specUri", "The specification of the scheme."), uri("documentationUri", "Where the scheme is described."),
			flag("primary", "Whether this is the preferred scheme."))),
	)},
	{ID: ResourceTypeURI, Name: "ResourceType", Description: "A type of resource.", Attributes: fixed(
		text("id", "The id of the type."),
		needed(text("name", "The name of the type.")),
		text("description", "What resources of the type are."),
		needed(uri("endpoint", "The path of the type below the address of the service.")),
		needed(uri("schema", "The URI of the core schema of the type.")),
		several(parts("schemaExtensions", "The extensions of the type.", needed(uri("schema", "The URI of the extension.")),
			needed(flag("required", "Whether every resource of the type has it.")))),
	)},
	{ID: SchemaURI, Name: "Schema", Description: "The attributes that resources have.", Attributes: fixed(
		needed(text("id", "The URI of the schema.")),
		text("name", "The name of the schema."),
		text("description", "What the schema is for."),
		needed(several(parts("attributes", "The attributes.", append(characteristics(),
			several(parts("subAttributes", "The parts of a complex attribute.", characteristics()...)))...))),
	)},
}

const supports = "Whether it is served."

func characteristics() []*Attribute {
	return []*Attribute{
		needed(text("name", "The name of the attribute.")),
		needed(&Attribute{Name: "type", Type: String, Description: "The type of a value.",
			Suggested: []string{string(String), string(Boolean), string(Decimal), string(Integer), string(DateTime), string(Binary), string(Reference), string(Complex)}}),
		needed(flag("multiValued", "Whether there may be several values.")),
		text("description", "What the attribute is."),
		flag("required", "Whether there must be a value."),
		several(text("canonicalValues", "Values that are suggested.")),
		flag("caseExact", "Whether letter case counts."),
		{Name: "mutability", Type: String, Description: "Who may set the attribute, and when.", Suggested: []string{string(ReadOnly), string(ReadWrite), string(Immutable), string(WriteOnly)}},
		{Name: "returned", Type: String, Description: "When the attribute is in an answer.", Suggested: []string{string(Always), string(Never), string(Default), string(Request)}},
		{Name: "uniqueness", Type: String, Description: "Among what a value must be the only one.", Suggested: []string{string(None), string(Server), string(Global)}},
		several(text("referenceTypes", "What a reference may lead to.")),
	}
}

func flag(name, description string) *Attribute {
	return &Attribute{Name: name, Type: Boolean, Description: description}
}

func count(name, description string) *Attribute {
	return &Attribute{Name: name, Type: Integer, Description: description}
}

func uri(name, description string) *Attribute {
	return &Attribute{Name: name, Type: Reference, CaseExact: true, References: []string{"uri"}, Description: description}
}

func parts(name, description string, sub ...*Attribute) *Attribute {
	return &Attribute{Name: name, Type: Complex, Description: description, Sub: sub}
}

func needed(a *Attribute) *Attribute {
	a.Required = true
	return a
}

func several(a *Attribute) *Attribute {
	a.MultiValued = true
	return a
}

// fixed makes attributes readOnly, with all that is in them.
func fixed(list ...*Attribute) []*Attribute {
	for _, a := range list {
		a.Mutability = ReadOnly
		fixed(a.Sub...)
	}
	return list
}
