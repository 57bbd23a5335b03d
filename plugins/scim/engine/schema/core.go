package schema

// The URIs of the schemas that every server has.
const (
	UserURI       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupURI      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseURI = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

	CoreURI11       = "urn:scim:schemas:core:1.0"
	EnterpriseURI11 = "urn:scim:schemas:extension:enterprise:1.0"
)

func text(name, description string) *Attribute {
	return &Attribute{Name: name, Type: String, Description: description}
}

// plural is a multi-valued complex attribute with the usual sub-attributes.
func plural(name, description, value string, suggested ...string) *Attribute {
	return &Attribute{Name: name, Type: Complex, MultiValued: true, Description: description, Sub: []*Attribute{
		text("value", value),
		text("display", "A name for the value, for display."),
		{Name: "type", Type: String, Description: "What the value is for.", Suggested: suggested},
		{Name: "primary", Type: Boolean, Description: "Whether this is the preferred value. At most one is."},
	}}
}

func with(a *Attribute, change func(*Attribute)) *Attribute {
	change(a)
	return a
}

func valueOf(a *Attribute) *Attribute { return a.Child("value") }

var name = &Attribute{Name: "name", Type: Complex, Description: "The parts of the user's name.", Sub: []*Attribute{
	text("formatted", "The whole name, formatted for display."),
	text("familyName", "The family name."),
	text("givenName", "The given name."),
	text("middleName", "The middle name or names."),
	text("honorificPrefix", "Titles before the name."),
	text("honorificSuffix", "What follows the name."),
}}

var addresses = &Attribute{Name: "addresses", Type: Complex, MultiValued: true, Description: "Postal addresses.", Sub: []*Attribute{
	text("formatted", "The whole address, formatted for display or a label."),
	text("streetAddress", "Street, house number and the like."),
	text("locality", "City or locality."),
	text("region", "State or region."),
	text("postalCode", "Postal code."),
	text("country", "Country, as an ISO 3166-1 alpha-2 code."),
	{Name: "type", Type: String, Description: "What the address is for.", Suggested: []string{"work", "home", "other"}},
	{Name: "primary", Type: Boolean, Description: "Whether this is the preferred address. At most one is."},
}}

var userGroups = &Attribute{Name: "groups", Type: Complex, MultiValued: true, Mutability: ReadOnly, Relation: true,
	Description: "The groups the user is in, directly or through other groups. They are changed in the group.", Sub: []*Attribute{
		{Name: "value", Type: String, CaseExact: true, Mutability: ReadOnly, Description: "The id of the group."},
		{Name: "$ref", Type: Reference, CaseExact: true, Mutability: ReadOnly, References: []string{"User", "Group"}, Description: "The URI of the group."},
		{Name: "display", Type: String, Mutability: ReadOnly, Description: "The name of the group."},
		{Name: "type", Type: String, Mutability: ReadOnly, Suggested: []string{"direct", "indirect"}, Description: "Whether the user is in the group directly."},
	}}

// User is the core schema of users (RFC 7643 section 4.1).
var User = &Schema{ID: UserURI, Name: "User", Description: "User Account", Aliases: []string{CoreURI11, CoreURI11 + ":User"}, Attributes: []*Attribute{
	{Name: "userName", Type: String, Required: true, Uniqueness: Server, Indexed: true, Description: "The name that identifies the user at this service. No two users share one, letter case aside."},
	name,
	{Name: "displayName", Type: String, Indexed: true, Description: "The name shown for the user."},
	text("nickName", "What the user is usually called."),
	{Name: "profileUrl", Type: Reference, CaseExact: true, References: []string{"external"}, Description: "The URI of the user's profile page."},
	text("title", "The user's title, such as Vice President."),
	text("userType", "How the user belongs to the organization, such as Employee or Contractor."),
	text("preferredLanguage", "The user's preferred languages, as in Accept-Language."),
	text("locale", "The user's locale, for currency, dates and numbers."),
	text("timezone", "The user's time zone, such as America/Los_Angeles."),
	{Name: "active", Type: Boolean, Default: true, Description: "Whether the user may work with the service."},
	{Name: "password", Type: String, CaseExact: true, Mutability: WriteOnly, Returned: Never, Description: "Taken and dropped: it is neither stored nor shown."},
	with(plural("emails", "E-mail addresses.", "The address.", "work", "home", "other"), func(a *Attribute) { valueOf(a).Indexed = true }),
	plural("phoneNumbers", "Telephone numbers.", "The number, kept as it was sent.", "work", "home", "mobile", "fax", "pager", "other"),
	plural("ims", "Instant messaging addresses.", "The address.", "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
	with(plural("photos", "Photos.", "The URI of the photo.", "photo", "thumbnail"), func(a *Attribute) {
		v := valueOf(a)
		v.Type, v.CaseExact, v.References = Reference, true, []string{"external"}
	}),
	addresses,
	userGroups,
	plural("entitlements", "What the user is entitled to.", "The entitlement."),
	plural("roles", "The user's roles.", "The role."),
	with(plural("x509Certificates", "Certificates of the user.", "The certificate, DER in base64."), func(a *Attribute) {
		v := valueOf(a)
		v.Type, v.CaseExact = Binary, true
	}),
}}

// Enterprise is the extension for users of an enterprise (RFC 7643 section 4.3).
var Enterprise = &Schema{ID: EnterpriseURI, Name: "EnterpriseUser", Description: "Enterprise User", Aliases: []string{EnterpriseURI11}, Attributes: []*Attribute{
	{Name: "employeeNumber", Type: String, Indexed: true, Description: "The number the organization gives the user."},
	text("costCenter", "The cost center."),
	text("organization", "The organization."),
	text("division", "The division."),
	text("department", "The department."),
	{Name: "manager", Type: Complex, PlainValue: true, Description: "The user's manager.", Sub: []*Attribute{
		{Name: "value", Type: String, CaseExact: true, Aliases: []string{"managerId"}, Description: "The id of the manager."},
		{Name: "$ref", Type: Reference, CaseExact: true, References: []string{"User"}, Description: "The URI of the manager."},
		{Name: "displayName", Type: String, Mutability: ReadOnly, Description: "The name of the manager."},
	}},
}}

var members = &Attribute{Name: "members", Type: Complex, MultiValued: true, PlainValue: true, Relation: true, Description: "The members of the group.", Sub: []*Attribute{
	{Name: "value", Type: String, CaseExact: true, Mutability: Immutable, Description: "The id of the member."},
	{Name: "$ref", Type: Reference, CaseExact: true, Mutability: Immutable, References: []string{"User", "Group"}, Description: "The URI of the member."},
	{Name: "display", Type: String, Mutability: ReadOnly, Description: "The name of the member."},
	{Name: "type", Type: String, Mutability: Immutable, Suggested: []string{"User", "Group"}, Description: "Whether the member is a user or a group."},
}}

// Group is the core schema of groups (RFC 7643 section 4.2). uniqueNames makes two
// groups of one name a conflict.
func Group(uniqueNames bool) *Schema {
	displayName := &Attribute{Name: "displayName", Type: String, Required: true, Indexed: true, Description: "The name of the group."}
	if uniqueNames {
		displayName.Uniqueness = Server
	}
	return &Schema{ID: GroupURI, Name: "Group", Description: "Group", Aliases: []string{CoreURI11, CoreURI11 + ":Group"},
		Attributes: []*Attribute{displayName, members}}
}

// Types are the types of resources of a server: users, with the enterprise extension
// and these further ones, and groups.
func Types(uniqueGroups bool, userExtensions, groupExtensions []Extension) []*ResourceType {
	return []*ResourceType{
		{Name: "User", Endpoint: "/Users", Kind: "user", Description: "User Account", Core: User,
			Extensions: append([]Extension{{Schema: Enterprise}}, userExtensions...)},
		{Name: "Group", Endpoint: "/Groups", Kind: "group", Description: "Group", Core: Group(uniqueGroups), Extensions: groupExtensions},
	}
}
