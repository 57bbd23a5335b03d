package scim

import (
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/sdk"
)

// permissions and limits are parts of the connector's reference page.
const permissions = "None at the identity provider: it calls the gateway. It needs the listener's public address, with `/v2` or `/v1` " +
	"at its end, and a bearer token: the `token` of this block, or one that the gateway made.\n\n" +
	"What is served, how it treats what the standards leave open, and what providers do in spite of them: [SCIM](../scim.md).\n"

const limits = "- Passwords are taken and dropped. `/Me` and XML are not served.\n" +
	"- `userName` is unique, letter case aside, and so is the `displayName` of groups unless `unique_group_names` is false.\n" +
	"- A filter may have 16 KiB, 200 comparisons and 32 levels of brackets; JSON 32 levels; a PATCH 1,000 operations; " +
	"a multi-valued attribute other than members 1,000 values.\n" +
	"- Filters that compare `userName`, `externalId`, `id`, `displayName`, e-mail addresses, `employeeNumber`, members or a unique " +
	"attribute of an extension with `eq` are answered from an index. Others, and sorting, read every resource of the type.\n" +
	"- Mapping rules see attributes by their SCIM names: `title`, `name.formatted`, `emails` (all addresses), `emails.work`, `addresses.work.locality`. " +
	"Those of extensions come by their bare names, `department`, `manager` (the id), and by the name of the schema too where that is taken: `Acme.title`.\n"

// The attributes that mapping rules see are those of the schema; extensions come to them
// by their bare names.
var (
	userAttributes  = documented(schema.User.Attributes, schema.Enterprise.Attributes)
	groupAttributes = documented(schema.Group(true).Attributes)
)

// typed are the attributes that a record has fields for.
var typed = map[string]bool{"userName": true, "displayName": true, "active": true, "password": true}

func documented(lists ...[]*schema.Attribute) []sdk.KindAttribute {
	var out []sdk.KindAttribute
	for _, list := range lists {
		for _, a := range list {
			if !typed[a.Name] && !a.Relation {
				out = append(out, sdk.KindAttribute{Name: a.Name, Doc: a.Description, Multi: a.MultiValued})
			}
		}
	}
	return out
}
