package jiracloud

import (
	"syncgateway/sdk"
	"syncgateway/sdk/schema"
)

// Type is the label of the connector's block.
const Type = "jira-cloud"

// The meanings of "disable".
const (
	disableSuspend      = "suspend"
	disableRemoveGroups = "remove_groups"
	disableRemove       = "remove"
)

// About describes the connector.
func About(version string) sdk.About {
	return sdk.About{
		Type: Type, Version: version,
		Summary:     "Jira Cloud: people, their access and their groups, through the Atlassian organisation.",
		Permissions: permissions, Limits: limits, Config: configSchema(),
		Kinds:        []sdk.Kind{userKind(), groupKind()},
		Capabilities: sdk.Capabilities{MaxBatch: 1000, Concurrency: 2},
	}
}

func configSchema() schema.Schema {
	return schema.Of(
		schema.String("site").Required().Pattern(`https://[^/]+/?|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?/?`).
			Example("https://acme.atlassian.net").Doc("Address of the Jira site."),
		schema.String("org_id").Required().Example("a1b2c3d4-e5f6-7890-abcd-ef1234567890").
			Doc("Id of the organisation: what follows /o/ in the address of admin.atlassian.com."),
		schema.Secret("api_key").Required().
			Doc("API key of the organisation, made without scopes: keys with scopes can read but not write."),
		schema.String("email").Doc("Address of the account that owns api_token. Needs api_token."),
		schema.Secret("api_token").
			Doc("Classic API token for the site. Without it licences, the groups that grant them and the token's own account are not known, and disable = \"remove_groups\" is not possible."),
		schema.String("admin_url").Default("https://api.atlassian.com").
			Doc("Base address of the organisation's API, without /admin. Change it for tests only."),
		schema.String("directory_id").Doc("Directory of users to work in. Needed where the organisation has several; the check names them."),
		schema.String("disable").Default(disableSuspend).OneOf(disableSuspend, disableRemoveGroups, disableRemove).
			Doc("What deactivating somebody means. suspend: their access to every product of the directory is suspended, groups are kept, and activating restores it. remove_groups: they leave every group that grants a Jira licence, and activating adds the default groups of products. remove: they are removed from the directory with all their groups, and activating invites them again."),
		schema.StringList("products").Default([]string{"jira-software"}).
			Doc("Products of the site that people who are invited get: jira-software, jira-servicedesk, jira-product-discovery, jira-core. Empty: access comes from groups alone."),
		schema.String("role").Default(atlassianUser).Pattern("atlassian/[a-z-]+").Doc("Role in those products."),
		schema.Bool("notify").Default(false).Doc("Whether people who are invited get an e-mail about it."),
		schema.Bool("managed_profiles").Default(false).
			Doc("Whether display_name, nickname, job_title, department, organization and location are written to the profile of somebody who was just invited, where the organisation manages their account. They are not changed later."),
		schema.Bool("verify_counts").Default(true).
			Doc("Whether a listing must have as many records as the organisation counts. Turn it off only if the check says that they never agree."),
		schema.Int("concurrency").Default(6).Min(1).Max(16).Doc("Requests in flight. The vendor asks for ten at most."),
		schema.Float("rate_share").Default(0.8).Min(0.05).Max(1).Doc("Part of an announced rate limit to use; the rest is left to others."),
		schema.Float("requests_per_second").Default(0).Min(0).
			Doc("Cap of each kind of request. 0: as the organisation's answers allow, since its limits are not published."),
		schema.String("ca_file").Doc("PEM file with the certificates to trust, for a proxy that opens TLS."),
	)
}

const atlassianUser = "atlassian/user"

func userKind() sdk.Kind {
	onceOnly := func(name, doc string) sdk.KindAttribute {
		return sdk.KindAttribute{Name: name, Writable: true, CreateOnly: true,
			Doc: doc + " Belongs to the person; written once, to the profile of somebody just invited, with managed_profiles = true."}
	}
	nickname := onceOnly("nickname", "Public name.")
	nickname.MaxLength = 30
	seen := func(name, doc string) sdk.KindAttribute { return sdk.KindAttribute{Name: name, Doc: doc} }
	return sdk.Kind{Name: "user", Shape: sdk.UserShape,
		Operations: []sdk.OperationKind{sdk.CreateUser, sdk.ActivateUser, sdk.DeactivateUser, sdk.DeleteUser},
		Attributes: []sdk.KindAttribute{
			{Name: "email", Writable: true, CreateOnly: true, Required: true, MaxLength: 254,
				Doc: "Address that is invited. Who has an account already is found by it."},
			onceOnly("display_name", "Full name."), nickname, onceOnly("job_title", "Job title."),
			onceOnly("department", "Department."), onceOnly("organization", "Organisation."), onceOnly("location", "Place of work."),
			seen("account_status", "active, inactive or closed: the Atlassian account as a whole."),
			seen("membership_status", "active, suspended or no_membership: the account in this directory."),
			seen("claim_status", "managed: the organisation owns the address's domain; otherwise unmanaged."),
			seen("management_source", "invited, or synced from an identity provider."),
			seen("account_type", "atlassian for people; others are left out."),
		},
	}
}

func groupKind() sdk.Kind {
	return sdk.Kind{Name: "group", Shape: sdk.GroupShape, CaseInsensitiveNames: true, MaxNameLength: 255,
		Operations: []sdk.OperationKind{sdk.CreateGroup, sdk.DeleteGroup, sdk.AddMember, sdk.RemoveMember},
		Attributes: []sdk.KindAttribute{
			{Name: "name", Writable: true, CreateOnly: true, Required: true, MaxLength: 255, Doc: "Names are compared without regard to case."},
			{Name: "description", Writable: true, CreateOnly: true, Doc: "Written when the group is made."},
		},
	}
}

const permissions = `
**Organisation API key** (` + "`api_key`" + `): made by an organisation administrator under *Settings → API keys* of
admin.atlassian.com, **without scopes**. A key with scopes reads, and is refused every change. Keys expire after a year at most.

**API token of the site** (` + "`email`, `api_token`" + `, recommended): a classic token of an account with the global permissions
*Administer Jira* and *Browse users and groups*. It is used for reading only: licences and their groups, the account itself.
A token with scopes does not work on the site's own address. Without the token the seats are unknown, groups that grant a
licence are recognised by their role alone, and ` + "`disable = \"remove_groups\"`" + ` is refused.

Never taken from anything: the token's own account, organisation administrators, site administrators.
`

const limits = `
- The organisation's rate limits are not published; the connector follows the headers of its answers, waits when told to, and
  has at most ` + "`concurrency`" + ` requests in flight.
- Reading takes one request per 100 people, memberships included, and one per 100 groups.
- People without a place in the directory (managed accounts that were removed or never invited) are left out: they are invited.
- An invitation holds up to 25 people who get the same groups. It does not bring back a suspended or deactivated account.
- Names and e-mail addresses belong to the person. Somebody's new address is a change of their account, not of this target.
- Groups that are synced from elsewhere and groups of teams cannot be written. Groups cannot be renamed or nested.
- Searches lag behind changes by seconds. After making a group the connector waits up to a minute for its id.
- Suspending concerns every product of the directory, Confluence too.
- A deactivated Atlassian account is activated where it is managed, not here.
`
