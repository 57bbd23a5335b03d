package okta

import "syncgateway/sdk"

// permissions and limits are parts of the connector's reference page.
const permissions = "Nothing is written to Okta. Use one of two credentials.\n\n" +
	"**OAuth service app** (recommended). Create an app integration of type *API Services*, with client authentication *Public key / Private key*; " +
	"register the public key, and give `client_id`, `key_id` and `private_key` in the `oauth` block. Then, as a super administrator:\n\n" +
	"| grant under *Okta API Scopes* | for |\n|---|---|\n" +
	"| `okta.users.read` | people |\n| `okta.groups.read` | groups and their members |\n" +
	"| `okta.logs.read` | deletions between full reads (`logs`) |\n| `okta.apps.read` | `app_id` |\n\n" +
	"and assign an administrator role under *Admin roles*: Read-only Administrator, or a custom role that may view users, groups, " +
	"applications and reports, with a resource set that covers all of them. **A granted scope without a role reads nothing**: Okta answers 403, " +
	"or 200 with an empty list, which this connector refuses to believe. DPoP may stay switched on.\n\n" +
	"**API token**. It has the rights of the administrator who made it: make it as a user of its own with the Read-only Administrator role. " +
	"It ends after 30 days without use and when that user is deactivated, and may be tied to network zones.\n"

const limits = "- Okta counts requests per minute for each kind of request, and tells how many are left. `rate_share` is the part of that which " +
	"is used; by default an API token or an OAuth app may use half of the org's limit anyway. Waiting shows as progress, not as an error.\n" +
	"- A full read takes one request per 200 people, one per 200 groups, and at least one per group for its members " +
	"(`member_page`, `concurrency`).\n" +
	"- Deactivated people keep their memberships in Okta and are read as inactive. Suspended people are inactive. People who are locked out or must " +
	"change their password are active. People who were never activated are left out (`staged`). A status unknown to the connector counts as active.\n" +
	"- Deletions between full reads are known from the System Log alone (`logs`). Without it they show in the next full read.\n" +
	"- Changes are found by `lastUpdated`, which Okta's searches show late; windows overlap by two minutes. A cursor is good for seven days.\n" +
	"- Groups do not nest in Okta. Everyone (BUILT_IN) is left out unless `group_types` names it.\n" +
	"- With `app_id`, changed people are asked for one by one; for more than 500 of them, and without `logs`, the whole app is read.\n" +
	"- Profile attributes come under their own names, custom ones too, as text. login, email, firstName, lastName and displayName are " +
	"`username`, `email`, `given_name`, `family_name` and `display_name`.\n"

// anyAttribute says that there may be others: every org has custom attributes.
const anyAttribute = "*"

var userAttributes = []sdk.KindAttribute{
	{Name: "status", Doc: "Status in Okta: STAGED, PROVISIONED, ACTIVE, RECOVERY, PASSWORD_EXPIRED, LOCKED_OUT, SUSPENDED or DEPROVISIONED."},
	{Name: "department"}, {Name: "division"}, {Name: "organization"}, {Name: "costCenter"}, {Name: "employeeNumber"}, {Name: "title"},
	{Name: "manager"}, {Name: "managerId"}, {Name: "userType"}, {Name: "nickName"}, {Name: "secondEmail"}, {Name: "mobilePhone"},
	{Name: "primaryPhone"}, {Name: "city"}, {Name: "state"}, {Name: "countryCode"}, {Name: "zipCode"}, {Name: "streetAddress"},
	{Name: "locale"}, {Name: "preferredLanguage"}, {Name: "timezone"},
	{Name: "app_username", Doc: "Username in the app of app_id."},
	{Name: anyAttribute, Doc: "Every other attribute of the Okta profile, under its own name.", Multi: true},
}

var groupAttributes = []sdk.KindAttribute{
	{Name: "type", Doc: "OKTA_GROUP, APP_GROUP or BUILT_IN."},
	{Name: "samAccountName", Doc: "Of a group that comes from Active Directory."},
	{Name: "dn", Doc: "Of a group that comes from a directory."},
	{Name: anyAttribute, Doc: "Every other attribute of the group's profile, under its own name.", Multi: true},
}
