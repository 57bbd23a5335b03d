package config

import (
	"time"

	"syncgateway/core/schema"
)

// This file is the host's grammar with every default: what may be written in a
// block, what it means, and what holds when it is not written. gateway.hcl is decoded
// by it and the reference page is made from it.

// Expressions are declared as strings, for their names, and read by core/mapping.

func num(f float64) *float64 { return &f }

var gatewayBlock = schema.Block{Fields: []schema.Field{
	{Name: "data_dir", Type: schema.String, Default: "data", Doc: "Database, socket and lock. The variable GATEWAY_DATA_DIR changes the default."},
	{Name: "plugin_dir", Type: schema.String, Default: "bin/plugins", Doc: "Where plugin binaries are."},
	{Name: "lock_file", Type: schema.String, Default: "gateway.lock.hcl", Doc: "Which plugin binaries may run."},
	{Name: "require_conformance", Type: schema.Bool, Default: false, Doc: "Run only plugins that the lock file says have passed the conformance kit (gateway plugins test -record)."},
	{Name: "socket", Type: schema.String, Doc: "Unix socket of the API; gateway.sock in data_dir when not set."},
	{Name: "socket_group", Type: schema.String, Doc: "Group of this machine whose members may use the API; needs a socket outside of data_dir. When not set: the gateway's own user alone.", Example: "gateway-admins"},
	{Name: "listen", Type: schema.String, Doc: "Address of console, API, metrics and listeners; not set: the socket alone.", Example: "127.0.0.1:8080"},
	{Name: "public_url", Type: schema.String, Pattern: `https?://[^\s?#]+`, Doc: "What listeners put into the URLs they hand out.", Example: "https://gateway.example"},
	{Name: "log_level", Type: schema.String, Default: "info", OneOf: []string{"debug", "info", "warn", "error"}, Doc: "The least serious messages that are logged."},
}, Blocks: []schema.NestedBlock{
	{Name: "tls", MaxItems: 1, Body: tlsBlock, Doc: "TLS of the address in listen. Changed files are read again by themselves."},
}}

var tlsBlock = schema.Block{Fields: []schema.Field{
	{Name: "certificate", Type: schema.String, Required: true, Doc: "PEM file of the certificate, with what is between it and its authority.", Example: "tls/gateway.crt"},
	{Name: "key", Type: schema.String, Required: true, Doc: "PEM file of its key.", Example: "tls/gateway.key"},
}}

var pluginBlock = schema.Block{Fields: []schema.Field{
	{Name: "env", Type: schema.StringList, Doc: "Environment variables that the plugin's processes get besides the usual ones. Secrets go into the source or target block."},
}}

// hostBlock is the gateway block inside a source or target block.
var hostBlock = schema.Block{Fields: []schema.Field{
	{Name: "read_timeout", Type: schema.Duration, Default: "6h", Min: num(1), Doc: "How long a whole read may take."},
	{Name: "check_timeout", Type: schema.Duration, Default: "1m", Min: num(1), Doc: "How long connecting and testing the connection may take."},
	{Name: "page_size", Type: schema.Int, Default: 0.0, Min: num(0), Max: num(10000), Doc: "Records in a page; 0: the plugin's choice."},
}, Blocks: []schema.NestedBlock{
	{Name: "jwt", MaxItems: 1, Body: jwtBlock, Doc: "Of a source that is pushed to: tokens (JWT) that somebody else issues are accepted too, such as Entra's own."},
}}

var jwtBlock = schema.Block{Fields: []schema.Field{
	{Name: "issuer", Type: schema.String, Required: true, Doc: "The claim iss.", Example: "https://sts.windows.net/TENANT/"},
	{Name: "audience", Type: schema.String, Required: true, Doc: "What the claim aud must have.", Example: "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"},
	{Name: "keys", Type: schema.String, Required: true, Doc: "The issuer's public keys as a JSON Web Key Set: an https address, or a file, which is read again when it changes.", Example: "https://login.microsoftonline.com/TENANT/discovery/keys"},
	{Name: "claims", Type: schema.StringMap, Doc: "Claims that must have exactly these texts. Without any, whoever the issuer gives a token for the audience may push."},
}}
var syncBlock = schema.Block{
	Fields: []schema.Field{
		{Name: "from", Type: schema.String, Doc: "Sources in order of precedence: [source.okta.corp]."},
		{Name: "to", Type: schema.String, Doc: "The target: target.jira-cloud.acme."},
		{Name: "join", Type: schema.String, Doc: "Expression by which the same person is recognised across sources; required with several sources."},
	},
	Blocks: []schema.NestedBlock{
		{Name: "schedule", MaxItems: 1, Doc: "When the daemon runs the sync.", Body: scheduleBlock},
		{Name: "users", MaxItems: 1, Doc: "Who gets an account, and what it looks like.", Body: usersBlock},
		{Name: "groups", MaxItems: 1, Doc: "Which groups and memberships are kept; without the block none are.", Body: groupsBlock},
		{Name: "limits", MaxItems: 1, Doc: "How much one run may change without being asked.", Body: limitsBlock},
		{Name: "drift", MaxItems: 1, Doc: "How a source that is pushed to is held against a source of the same identity provider that is read. It needs both in from, and a join by user.external_id.", Body: driftBlock},
	},
}

var driftBlock = schema.Block{Fields: []schema.Field{
	{Name: "patience", Type: schema.Duration, Default: "1h", Min: num(0), Doc: "How long a push may be behind what was read before it counts as lost or contradicted."},
	{Name: "compare", Type: schema.StringList, Default: []any{DriftActive, DriftEmail, DriftUsername, DriftNames, DriftGroups}, OneOf: []string{DriftActive, DriftEmail, DriftUsername, DriftNames, DriftGroups}, Doc: "What of a person is compared, besides whether they are there. Leave out what the provider maps to something else on purpose."},
}}

var scheduleBlock = schema.Block{Fields: []schema.Field{
	{Name: "every", Type: schema.Duration, Min: num(1), Doc: "Interval between runs."},
	{Name: "cron", Type: schema.String, Doc: "Times of runs, as in cron; instead of every.", Example: "*/15 * * * *"},
	{Name: "full_every", Type: schema.Duration, Default: "24h", Min: num(1), Doc: "At least this often everything is read; in between only changes where the source can tell."},
	{Name: "on", Type: schema.StringList, OneOf: []string{"event", "login"}, Doc: "What else starts a run: a change the source reports, a person's login."},
}}

var usersBlock = schema.Block{
	Fields: []schema.Field{
		{Name: "kind", Type: schema.String, Default: "user", Doc: "The target's kind of account."},
		{Name: "include", Type: schema.String, Doc: "Expression: who is to have an account. Everyone when not set."},
		{Name: "match", Type: schema.StringList, Default: []any{"email"}, OneOf: []string{"email", "username", "external_id"}, Doc: "How an existing account is found, in this order."},
		{Name: "create", Type: schema.Bool, Default: true, Doc: "Make accounts for people who have none."},
		{Name: "update", Type: schema.Bool, Default: true, Doc: "Write fields and attributes that differ."},
		{Name: "activate", Type: schema.Bool, Default: true, Doc: "Give access back to people who return."},
		{Name: "deactivate", Type: schema.Bool, Default: true, Doc: "Take access from people who left; false overrides on_leave."},
		{Name: "on_leave", Type: schema.String, Default: LeaveDeactivate, OneOf: []string{LeaveKeep, LeaveDeactivate, LeaveDelete}, Doc: "What happens to the account of someone who left."},
		{Name: "grace", Type: schema.Duration, Default: "0s", Min: num(0), Doc: "How long after leaving. A return cancels it."},
	},
	Blocks: []schema.NestedBlock{{Name: "map", MaxItems: 1, Body: mapBlock,
		Doc: "What is written. Without the block: username, email (in lower case), display_name, given_name, family_name as they are. With it: what it names, and nothing else."}},
}

var mapBlock = schema.Block{Fields: []schema.Field{
	{Name: "username", Type: schema.String, Doc: "Expression."},
	{Name: "email", Type: schema.String, Doc: "Expression."},
	{Name: "display_name", Type: schema.String, Doc: "Expression."},
	{Name: "given_name", Type: schema.String, Doc: "Expression."},
	{Name: "family_name", Type: schema.String, Doc: "Expression."},
	{Name: "attributes", Type: schema.StringMap, Doc: "Expressions by the name of the target's attribute."},
}}

var groupsBlock = schema.Block{Fields: []schema.Field{
	{Name: "kind", Type: schema.String, Default: "group", Doc: "The target's kind of group."},
	{Name: "mode", Type: schema.String, Default: GroupsByName, OneOf: []string{GroupsByName, GroupsMapped, GroupsOff}, Doc: "by_name: same name, by include and name. mapped: as map says. off: no groups."},
	{Name: "include", Type: schema.String, Doc: "Expression: which source groups count. All when not set."},
	{Name: "name", Type: schema.String, Doc: "Expression: the group's name in the target. Its own when not set."},
	{Name: "map", Type: schema.StringMap, Doc: "Target groups by source group. A key between slashes is a pattern, and $1 in its targets its first group."},
	{Name: "create", Type: schema.Bool, Default: true, Doc: "Make groups that the target lacks."},
	{Name: "keep_existing", Type: schema.Bool, Default: true, Doc: "Memberships that the gateway did not add stay."},
	{Name: "nested", Type: schema.String, Default: NestedFlatten, OneOf: []string{NestedFlatten, NestedDirect}, Doc: "Whether members of child groups are members."},
	{Name: "on_leave", Type: schema.String, Default: LeaveRetire, OneOf: []string{LeaveKeep, LeaveRetire, LeaveDelete}, Doc: "What happens to a group of ours whose source group is gone. All three take out the members we added. keep leaves it at that, retire notes it too, in the group's description where the target can write it, delete deletes it once nobody is in it."},
	{Name: "for_new_users", Type: schema.StringList, Doc: "Target groups for accounts that the gateway makes."},
	{Name: "for_all_users", Type: schema.StringList, Doc: "Target groups for everyone included."},
}}

var limitsBlock = schema.Block{
	Fields: []schema.Field{
		{Name: "min_population", Type: schema.Int, Min: num(0), Doc: "With fewer people than this included, nothing is removed. When not set: 10, or half of the accounts the sync owns when these are fewer than 20."},
		{Name: "protect", Type: schema.StringList, Doc: "E-mails, usernames or ids of accounts that are never removed from anything."},
		{Name: "floor", Type: schema.Int, Default: 3.0, Min: num(0), Doc: "Percents do not count up to this many changes."},
		{Name: "on_trip", Type: schema.String, Default: TripHoldAll, OneOf: []string{TripHoldAll, TripHoldRemovals}, Doc: "What waits for approval when a limit is exceeded: the whole plan, or what it removes and what exceeds the limit."},
		{Name: "max_shrink", Type: schema.Float, Default: 20.0, Min: num(0), Max: num(100), Doc: "Percent by which one complete read of a source may shrink and still be believed."},
		{Name: "max_lookups", Type: schema.Int, Default: 2000.0, Min: num(0), Doc: "How many single records a run asks a source about before it removes what a listing lacks. Who is not asked about is not removed."},
		{Name: "approvers", Type: schema.Int, Default: 1.0, Min: num(1), Max: num(10), Doc: "How many different people must approve what is held."},
		{Name: "approval_lasts", Type: schema.Duration, Default: "24h", Min: num(60), Doc: "How long an approval can be used."},
	},
	Blocks: []schema.NestedBlock{
		{Name: "deactivate", Body: limitBlock, Doc: "Accounts deactivated. Default: 25 or 5 percent in a day, 6 percent in 7 days."},
		{Name: "delete", Body: limitBlock, Doc: "Accounts deleted. Default: 10 or 2 percent in a day, 4 percent in 7 days."},
		{Name: "remove_member", Body: limitBlock, Doc: "Memberships removed. Default: 20 percent of all and of each group in a day, 50 percent of each group in 7 days."},
		{Name: "delete_group", Body: limitBlock, Doc: "Groups deleted. Default: 5 or 10 percent in a day, 10 or 20 percent in 7 days."},
		{Name: "update", Body: limitBlock, Doc: "Accounts changed. Default: no limit."},
		{Name: "privileged", Body: limitBlock, Doc: "Members added to and removed from groups that grant administration, as the target says. Default: 10 in a day."},
	},
}

var limitBlock = schema.Block{Fields: []schema.Field{
	{Name: "count", Type: schema.Int, Min: num(0), Doc: "At most this many; 0: none. Blocks of a class replace its default whole, so what they leave out does not limit."},
	{Name: "percent", Type: schema.Float, Min: num(0), Max: num(100), Doc: "At most this share: of the accounts or groups the sync owns, of the memberships in the target, of a group's members."},
	{Name: "per", Type: schema.Duration, Min: num(0), Doc: "Over a rolling window of runs, such as 7d, instead of one run. What somebody approved does not count in it."},
	{Name: "per_group", Type: schema.Bool, Default: false, Doc: "The bounds are for each group by itself."},
}}

// day is what windows are counted in.
const day = 24 * time.Hour

// defaultLimits hold where the limits block says nothing of a class. The second window
// is for what bleeds slowly: one percent a day passes every daily budget.
func defaultLimits() Limits {
	return Limits{
		Deactivate: []Limit{{Count: 25, Percent: 5, Per: day}, {Count: Unlimited, Percent: 6, Per: 7 * day}},
		Delete:     []Limit{{Count: 10, Percent: 2, Per: day}, {Count: Unlimited, Percent: 4, Per: 7 * day}},
		RemoveMember: []Limit{{Count: Unlimited, Percent: 20, Per: day}, {Count: Unlimited, Percent: 20, Per: day, PerGroup: true},
			{Count: Unlimited, Percent: 50, Per: 7 * day, PerGroup: true}},
		DeleteGroup:   []Limit{{Count: 5, Percent: 10, Per: day}, {Count: 10, Percent: 20, Per: 7 * day}},
		Privileged:    []Limit{{Count: 10, Percent: Unlimited, Per: day}},
		MinPopulation: AutoPopulation,
	}
}
