package scim

import (
	"encoding/json"
	"fmt"
	"strings"

	"syncgateway/plugins/scim/engine"
	scim "syncgateway/plugins/scim/engine/schema"
	"syncgateway/sdk"
	"syncgateway/sdk/schema"
)

// settings is the body of a source "scim" block.
type settings struct {
	Token            string      `json:"token"`
	UniqueGroupNames bool        `json:"unique_group_names"`
	MaxBody          int64       `json:"max_body"`
	MaxBulkBody      int64       `json:"max_bulk_body"`
	MaxBulk          int         `json:"max_bulk_operations"`
	MaxResults       int         `json:"max_results"`
	CacheBytes       int64       `json:"cache_bytes"`
	Extensions       []extension `json:"extension"`
}

// extension is a schema beside those of the standard.
type extension struct {
	URI         string      `json:"label"`
	Name        string      `json:"name"`
	Resource    string      `json:"resource"`
	Description string      `json:"description"`
	Required    bool        `json:"required"`
	Attributes  []attribute `json:"attribute"`
}

type attribute struct {
	Name            string      `json:"label"`
	Type            string      `json:"type"`
	Description     string      `json:"description"`
	MultiValued     bool        `json:"multi_valued"`
	Required        bool        `json:"required"`
	CaseExact       bool        `json:"case_exact"`
	Mutability      string      `json:"mutability"`
	Returned        string      `json:"returned"`
	Uniqueness      string      `json:"uniqueness"`
	CanonicalValues []string    `json:"canonical_values"`
	Sub             []attribute `json:"sub_attribute"`
}

const (
	resourceUser  = "User"
	resourceGroup = "Group"
	leastToken    = 16 // characters
)

var types = []string{string(scim.String), string(scim.Boolean), string(scim.Integer), string(scim.Decimal), string(scim.DateTime),
	string(scim.Reference), string(scim.Binary), string(scim.Complex)}

func attributeFields(types []string) []schema.Item {
	return []schema.Item{
		schema.String("type").Default(string(scim.String)).OneOf(types...).Doc("Data type of a value."),
		schema.String("description").Doc("What the attribute is, for /Schemas."),
		schema.Bool("multi_valued").Default(false).Doc("Whether there may be several values."),
		schema.Bool("required").Default(false).Doc("Whether there must be a value wherever the extension is used."),
		schema.Bool("case_exact").Default(false).Doc("Whether letter case counts in comparisons."),
		schema.String("mutability").Default(string(scim.ReadWrite)).OneOf(string(scim.ReadWrite), string(scim.Immutable), string(scim.WriteOnly)).
			Doc("Whether clients may change a value once it is set. A writeOnly attribute is taken and dropped."),
		schema.String("returned").Default(string(scim.Default)).OneOf(string(scim.Default), string(scim.Always), string(scim.Request), string(scim.Never)).
			Doc("When the attribute is in answers. What is never returned is not stored either."),
		schema.StringList("canonical_values").Doc("Values that are suggested. Others are taken too."),
	}
}

var configSchema = schema.Of(
	schema.Secret("token").
		Doc("Bearer token the identity provider presents, of at least 16 characters. Without one the gateway's own tokens are used."),
	schema.Bool("unique_group_names").Default(true).
		Doc("Refuses a group whose displayName another one has, letter case aside. Entra needs it."),
	schema.Int("max_body").Default(1<<20).Min(1<<10).Max(64<<20).Doc("Largest request, in bytes."),
	schema.Int("max_bulk_body").Default(4<<20).Min(1<<10).Max(64<<20).Doc("Largest bulk request, in bytes."),
	schema.Int("max_bulk_operations").Default(1000).Min(1).Max(10000).Doc("Most operations of one bulk request."),
	schema.Int("max_results").Default(1000).Min(1).Max(10000).Doc("Most resources of one page."),
	schema.Int("cache_bytes").Default(256<<20).Min(1<<10).Max(4<<30).
		Doc("Memory for users as they were shown last, which are shown again without asking the directory. 2 KiB a user are ample."),
	schema.Block("extension",
		schema.String("name").Required().Example("Acme").Doc("Short name of the schema."),
		schema.String("resource").Default(resourceUser).OneOf(resourceUser, resourceGroup).Doc("What the schema extends."),
		schema.String("description").Doc("What the schema is for."),
		schema.Bool("required").Default(false).Doc("Whether every resource must have it."),
		schema.Block("attribute", append(attributeFields(types),
			schema.String("uniqueness").Default(string(scim.None)).OneOf(string(scim.None), string(scim.Server)).
				Doc("server: no two resources may have the same value."),
			schema.Block("sub_attribute", attributeFields(types[:len(types)-1])...).Repeated(0, 0).Label("name").
				Doc("A part of a complex attribute."),
		)...).Repeated(1, 0).Label("name").Doc("An attribute of the schema."),
	).Repeated(0, 0).Label("URI").Doc("A schema beside the enterprise extension, for attributes that the standard does not have."),
)

// UnmarshalJSON fills in the defaults of what is not there.
func (s *settings) UnmarshalJSON(data []byte) error {
	type plain settings
	p := plain{UniqueGroupNames: true}
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	*s = settings(p)
	return nil
}

// options are the engine's, of settings that are in order.
func (s *settings) options() (engine.Options, error) {
	o := engine.Options{Token: s.Token, DuplicateGroupNames: !s.UniqueGroupNames, MaxBody: s.MaxBody, MaxBulkBody: s.MaxBulkBody,
		MaxBulkOperations: s.MaxBulk, MaxResults: s.MaxResults, KeptBytes: s.CacheBytes}
	if s.Token != "" && len(s.Token) < leastToken || s.Token != strings.TrimSpace(s.Token) {
		return o, sdk.At("token").Code("scim.token").Errorf("Not a safe token\nUse at least %d characters without white space around them, such as the output of: openssl rand -hex 32", leastToken)
	}
	known := scim.Types(true, nil, nil)
	for _, x := range s.Extensions {
		made := x.schema()
		if err := scim.CheckExtension(made.Schema, known); err != nil {
			return o, sdk.At(fmt.Sprintf("extension[%q]", x.URI)).Code("scim.extension").Errorf("Not a usable schema\n%s.", err)
		}
		if x.Resource == resourceGroup {
			o.GroupExtensions = append(o.GroupExtensions, made)
			known[1].Extensions = append(known[1].Extensions, made)
			continue
		}
		o.UserExtensions = append(o.UserExtensions, made)
		known[0].Extensions = append(known[0].Extensions, made)
	}
	return o, nil
}

func (x *extension) schema() scim.Extension {
	return scim.Extension{Required: x.Required, Schema: &scim.Schema{ID: x.URI, Name: x.Name, Description: x.Description, Attributes: attributes(x.Attributes)}}
}

func attributes(list []attribute) []*scim.Attribute {
	var out []*scim.Attribute
	for _, a := range list {
		t := scim.Type(a.Type)
		if t == "" {
			t = scim.String
		}
		out = append(out, &scim.Attribute{Name: a.Name, Type: t, Description: a.Description, MultiValued: a.MultiValued, Required: a.Required,
			CaseExact: a.CaseExact, Mutability: scim.Mutability(a.Mutability), Returned: scim.Returned(a.Returned),
			Uniqueness: scim.Uniqueness(a.Uniqueness), Suggested: a.CanonicalValues, Sub: attributes(a.Sub)})
	}
	return out
}
