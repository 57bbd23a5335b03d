package config

import (
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"syncgateway/core/mapping"
	"syncgateway/core/schema"
)

// Gateway is the gateway block. Paths are absolute or relative to the working
// directory, already resolved against the directory of the file.
type Gateway struct {
	DataDir   string
	PluginDir string
	LockFile  string // gateway.lock.hcl
	// RequireConformance lets only plugins run that are recorded to have passed the
	// conformance kit.
	RequireConformance bool
	Socket             string // unix socket of the API
	SocketGroup        string // whose members may use it too; empty: its owner alone
	Listen             string // host:port; empty: the socket alone
	PublicURL          string // without a trailing slash; empty when not set
	LogLevel           string // debug | info | warn | error
	// Certificate and Key are PEM files; both empty: no TLS.
	Certificate, Key string
}

// BaseURL is the address by which the gateway is reached on this machine, empty when it
// does not listen.
func (g *Gateway) BaseURL() string {
	switch {
	case g.Listen == "":
		return ""
	case g.Certificate != "":
		return "https://" + g.Listen
	}
	return "http://" + g.Listen
}

// Plugin is a plugin block: what every instance of that plugin gets.
type Plugin struct {
	Type  string
	Env   []string // names of environment variables to pass on
	Range hcl.Range
}

// Connector is a source or target block. Its body belongs to the plugin and is
// decoded by Config.PluginInput; Host is what stands in its nested gateway block.
type Connector struct {
	Role  schema.Role // Source (listeners too) or Target
	Type  string      // the plugin: "okta"
	Name  string      // the user's name for it: "corp"
	Host  Host
	Range hcl.Range // the block's header
	body  hcl.Body
	block *hclsyntax.Block
}

// Ref is the block's address: "source.okta.corp".
func (c *Connector) Ref() string {
	if c.Role == schema.Target {
		return "target." + c.ID()
	}
	return "source." + c.ID()
}

// ID is type and name, "okta.corp": what the store and user.source call a source.
func (c *Connector) ID() string { return c.Type + "." + c.Name }

// Host holds the settings of a source or target block that are the host's own.
type Host struct {
	ReadTimeout  time.Duration // a whole read
	CheckTimeout time.Duration // Configure and Check
	PageSize     int           // records a page; 0: the plugin's choice
	JWT          *JWT          // of a source that is pushed to: tokens that others issue; nil: none
}

// JWT is the jwt block of a source that is pushed to: tokens that its clients have from
// somebody else.
type JWT struct {
	Issuer, Audience string
	Keys             string // of the issuer: an address or a file
	Claims           map[string]string
}

// Sync is a sync block, complete with defaults.
type Sync struct {
	Name     string
	From     []*Connector // in order of precedence
	To       *Connector
	Schedule Schedule
	Users    Users
	Groups   Groups
	Limits   Limits
	Drift    Drift
	Rules    *mapping.Rules // users.include, users.map, join, groups.include, groups.name, groups.map
	// Epoch is the SHA-256, in hex, of what the block and its connectors mean.
	// Comments, layout and the schedule do not change it, a default of a newer
	// version does. No secret goes into it: env("X") counts as its text.
	Epoch string
	Range hcl.Range // the block's header

	ranges map[string]hcl.Range
	block  *hclsyntax.Block
}

// RangeOf is the place of a setting of the sync by its dotted name,
// "users.deactivate" or "limits.delete.count": the attribute if it is written, else
// the nearest block around it.
func (s *Sync) RangeOf(setting string) hcl.Range {
	for {
		if r, ok := s.ranges[setting]; ok {
			return r
		}
		i := lastDot(setting)
		if i < 0 {
			return s.Range
		}
		setting = setting[:i]
	}
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}

// Schedule says when the daemon runs the sync. All empty: only on request.
type Schedule struct {
	Every     time.Duration // 0 when Cron is set
	Cron      string        // five fields or @hourly and the like
	FullEvery time.Duration // at least this often a full read; in between delta where possible
	OnEvent   bool          // a source's change feed or listener write starts a run
	OnLogin   bool          // a login starts a run for that person
}

// What happens to an account whose person left.
const (
	LeaveKeep       = "keep"
	LeaveDeactivate = "deactivate"
	LeaveDelete     = "delete"
	LeaveRetire     = "retire" // groups
)

// Users is the users block.
type Users struct {
	Kind       string        // the target's kind: "user"
	Match      []string      // keys to find an existing account by, in order: email, username, external_id
	Create     bool          // import people who have no account
	Update     bool          // write changed fields and attributes
	Activate   bool          // activate accounts of people who are back
	Deactivate bool          // take access from people who left; false overrides OnLeave
	OnLeave    string        // LeaveKeep, LeaveDeactivate, LeaveDelete
	Grace      time.Duration // how long after leaving; cancelled by a return
}

// How groups are decided on.
const (
	GroupsOff    = "off"     // no groups block: groups and memberships are not looked at
	GroupsByName = "by_name" // groups.include and groups.name
	GroupsMapped = "mapped"  // groups.map
)

// How nested groups are read.
const (
	NestedFlatten = "flatten" // members of child groups are members
	NestedDirect  = "direct"  // direct members alone
)

// Groups is the groups block.
type Groups struct {
	Kind         string // the target's kind: "group"
	Mode         string // GroupsOff, GroupsByName, GroupsMapped
	Create       bool   // create groups the target lacks
	KeepExisting bool   // memberships the gateway did not add stay
	Nested       string // NestedFlatten, NestedDirect
	OnLeave      string // a group without a source: LeaveKeep (it stays, emptied), LeaveRetire (and says so), LeaveDelete
	ForNewUsers  []string
	ForAllUsers  []string
}

// What of a person drift is looked for in.
const (
	DriftActive   = "active"
	DriftEmail    = "email"
	DriftUsername = "username"
	DriftNames    = "names"
	DriftGroups   = "groups"
)

// Drift is the drift block: how a source that is pushed to is held against a source of
// the same identity provider that is read.
type Drift struct {
	Patience time.Duration // what was not pushed this long after it was read counts as lost
	Compare  []string      // DriftActive and the like; none: people alone
}

// PushAndPull reports whether sources of the sync may be one identity provider's: they
// are joined by external_id, the provider's own id.
func (s *Sync) PushAndPull() bool {
	if len(s.From) < 2 || s.Rules == nil {
		return false
	}
	reads, _ := s.Rules.ReadsOf("join")
	return slices.Contains(reads, mapping.RootUser+".external_id")
}

// Unlimited is the Count or Percent of a Limit that does not bound.
const Unlimited = -1

// Limit is one budget of a class of changes. It is exceeded when either bound is; the
// percent counts only above Limits.Floor changes. Count 0 allows none.
type Limit struct {
	Count    int           // Unlimited: no bound
	Percent  float64       // of the accounts, groups or memberships the sync works on, per group of its members; Unlimited: no bound
	Per      time.Duration // rolling window over runs; 0: one run
	PerGroup bool          // the bounds are for each group by itself
	Range    hcl.Range     `json:"-"` // of its block; the zero Range of a default
}

// What is held when a limit is exceeded.
const (
	TripHoldAll      = "hold_all"      // the whole plan waits for approval
	TripHoldRemovals = "hold_removals" // what adds and updates goes on, unless it exceeds a limit itself
)

// AutoPopulation as Limits.MinPopulation is ten, or half of the accounts the sync owns
// when these are fewer than twenty.
const AutoPopulation = -1

// Limits is the limits block. A class may have several budgets, for several windows.
type Limits struct {
	Deactivate    []Limit
	Delete        []Limit
	RemoveMember  []Limit
	DeleteGroup   []Limit
	Update        []Limit
	Privileged    []Limit       // members added to and removed from groups that grant administration
	MinPopulation int           // fewer people than this in the desired state: nothing is removed; or AutoPopulation
	Protect       []string      // e-mails, usernames or target ids never to be removed from anything
	Floor         int           // percents do not count up to this many changes
	OnTrip        string        // TripHoldAll, TripHoldRemovals
	MaxShrink     float64       // percent by which one complete source read may shrink and still be believed
	MaxLookups    int           // questions about single records that a source is asked in a run, before anything is removed
	Approvers     int           // different people an approval takes
	ApprovalLasts time.Duration // how long an approval can be used
}
