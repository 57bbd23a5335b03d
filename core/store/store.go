// Package store declares what the gateway remembers between runs: the mirror of every
// source and target, who is linked to whom, which memberships are ours, what was
// planned, approved and done. It holds the interfaces and the plain records; an
// implementation (sqlite) passes the suite in storetest.
//
// Ids of accounts, groups and people are interned: a system's own id becomes a dense
// number once and keeps it for ever. Memberships are packed sets of those numbers.
package store

import (
	"context"
	"errors"
	"time"

	"syncgateway/core/idset"
)

// ID is an interned id of an account, a group or a person.
type ID = idset.ID

// EndpointID is the interned address of a source or target: "source.okta.corp".
type EndpointID int32

// SyncID is the interned name of a sync.
type SyncID int32

// Errors that callers tell apart.
var (
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrInUse: another process holds the data directory.
	ErrInUse = errors.New("the data directory is in use by another gateway")
	// ErrNewer: the database was written by a newer gateway.
	ErrNewer = errors.New("the database was written by a newer gateway")
	// ErrDamaged: the database is not one, or is corrupt.
	ErrDamaged = errors.New("the database is damaged")
	// ErrFull: the disk is full; nothing of the transaction was kept.
	ErrFull = errors.New("the disk is full")
)

// Store is a gateway's durable memory. It is safe for concurrent use.
type Store interface {
	// View runs f on one consistent snapshot.
	View(ctx context.Context, f func(Reader) error) error
	// Views runs f with two readers of one consistent snapshot, for use side by side.
	Views(ctx context.Context, f func(a, b Reader) error) error
	// Look runs f without a snapshot: each question is answered as things are then. It
	// costs less than View, for questions that stand alone.
	Look(ctx context.Context, f func(Reader) error) error
	// Update runs f in the one writing transaction there can be at a time, and
	// commits durably when f returns nil. An error from f leaves no trace.
	Update(ctx context.Context, f func(Tx) error) error
	// NewIDs reserves n ids that follow one another and returns the first. They are
	// not in use by any account, group or person, even after a crash.
	NewIDs(n int) ID
	// AuditAnchor is the newest entry of the audit record as it is noted outside of
	// the database after every transaction that appends: a tail that was cut off does
	// not reach it. ErrNotFound: the note is missing; ErrDamaged: it cannot be read.
	AuditAnchor() (AuditHead, error)
	Close() error
}

// Reader is what can be asked. Results for a list of ids come in the order of the
// ids, without those that do not exist.
type Reader interface {
	MirrorReader
	PeopleReader
	HistoryReader
	LeaverReader
	DriftReader
	AuditReader
	DirectoryReader
	TokenReader
}

// Tx is a writing transaction.
type Tx interface {
	Reader
	MirrorWriter
	PeopleWriter
	HistoryWriter
	LeaverWriter
	DriftWriter
	AuditWriter
	DirectoryWriter
	TokenWriter
}

// Head is the part of a mirrored record that tells whether it changed. Flags says
// what must be compared directly.
type Head struct {
	N           ID
	Ext         string // the id in its own system
	Fingerprint [16]byte
	Flags       Flags
}

// Flags are the states of a mirrored record that are never behind a fingerprint.
type Flags uint8

// The flags.
const (
	// Active: the account may be used.
	Active Flags = 1 << iota
	// Gone: a complete read no longer had it.
	Gone
)

// Has reports whether all of x are set.
func (f Flags) Has(x Flags) bool { return f&x == x }

// Account is a mirrored account. Record is identity.AppendUser of it; the keys are
// folded and empty when the account has none.
type Account struct {
	Head
	Endpoint    EndpointID
	EmailKey    string
	UsernameKey string
	ExternalKey string // external_id as it is: foreign keys are not folded
	Record      []byte
}

// Group is a mirrored group. Record is identity.AppendGroup of it.
type Group struct {
	Head
	Endpoint EndpointID
	NameKey  string // folded
	Record   []byte
}

// GroupSet is who is in a group directly.
type GroupSet struct {
	N        ID
	Users    idset.Set // accounts
	Children idset.Set // groups
	// Listing tells from which listing a full read made Users, zero when they are from
	// elsewhere. GroupSets leaves it zero: whoever changes a set does not keep it.
	Listing [16]byte
}

// PackedSet is a GroupSet as it is stored.
type PackedSet struct {
	N               ID
	Users, Children idset.Packed
	Listing         [16]byte
}

// Unpack returns the set itself.
func (p *PackedSet) Unpack() (s GroupSet, err error) {
	s.N, s.Listing = p.N, p.Listing
	if s.Users, err = idset.Unpack(nil, p.Users); err == nil {
		s.Children, err = idset.Unpack(nil, p.Children)
	}
	return s, err
}

// AccountSet is which groups an account is in directly, and which of these
// memberships the gateway made (the ledger; targets only).
type AccountSet struct {
	N      ID
	Groups idset.Set
	Ours   idset.Set
}

// Key names an index of accounts.
type Key uint8

// The indexes.
const (
	EmailKey Key = iota + 1
	UsernameKey
	ExternalKey
)

// Cursor is where a source's next delta starts.
type Cursor struct {
	Users, Groups []byte
	At            time.Time // when the read that gave it began
	FullAt        time.Time // when the last complete full read ended
}

// Population is the size of an endpoint at its last believed full read.
type Population struct {
	Users       int
	Groups      int
	Memberships int
}

// Protected is an account that must never appear in a destructive step.
type Protected struct {
	N      ID
	Reason string
}

// Quota is something of a target that runs out; whoever is in one of Groups uses one.
type Quota struct {
	Name        string
	Total, Used int
	Unlimited   bool
	NewUsers    bool // every account that is made takes one
	Groups      idset.Set
}

// MirrorReader reads what systems looked like.
type MirrorReader interface {
	Heads(ep EndpointID, f func(Head) error) error
	Accounts(ns []ID) ([]Account, error)
	AccountsByExt(ep EndpointID, exts []string) ([]Account, error)
	AccountsByKey(ep EndpointID, k Key, keys []string) (map[string][]ID, error)
	GroupHeads(ep EndpointID, f func(Head) error) error
	Groups(ns []ID) ([]Group, error)
	GroupsByExt(ep EndpointID, exts []string) ([]Group, error)
	GroupsByName(ep EndpointID, names []string) (map[string][]Group, error)
	GroupSets(ns []ID) ([]GroupSet, error)
	// PackedSets calls f with the sets of groups, in the order of the ids. A set is valid
	// until f returns.
	PackedSets(ns []ID, f func(PackedSet) error) error
	// Parents lists, for every group that is a child of another, its parents.
	Parents(ep EndpointID) (map[ID]idset.Set, error)
	AccountSets(ns []ID) ([]AccountSet, error)
	Cursor(ep EndpointID) (Cursor, error)
	Population(ep EndpointID) (Population, error)
	Protected(ep EndpointID) ([]Protected, error)
	Quotas(ep EndpointID) ([]Quota, error)
	Endpoints() (map[string]EndpointID, error)
	// GroupsVersion is another number whenever a group of any endpoint came, went or
	// changed. It starts at 1.
	GroupsVersion() (int64, error)
}

// MirrorWriter writes what systems looked like.
type MirrorWriter interface {
	Endpoint(address string) (EndpointID, error) // interned on first use
	PutAccounts([]Account) error
	PutGroups([]Group) error
	// SetFlags overwrites the flags of accounts or groups.
	SetFlags(heads []Head, groups bool) error
	// TidyHeads makes Heads cheap again where much was written since. It changes nothing
	// that can be asked.
	TidyHeads(EndpointID) error
	PutGroupSets([]GroupSet) error
	PutAccountSets([]AccountSet) error
	PutCursor(EndpointID, Cursor) error
	PutPopulation(EndpointID, Population) error
	PutProtected(EndpointID, []Protected) error
	PutQuotas(EndpointID, []Quota) error
}

// Person is somebody a sync takes care of: the accounts of one or more sources that
// belong together. Outcome and Detail are what the last run made of them.
type Person struct {
	P       ID     `json:"-"`
	Sync    SyncID `json:"-"`
	Key     string `json:"key"`     // the join key, folded
	Label   string `json:"person"`  // what people recognise them by
	Outcome string `json:"outcome"` // "in_sync", "planned", "disputed", …
	Detail  string `json:"detail,omitempty"`
}

// Membership of a source account in a person.
type PersonAccount struct {
	N, P ID
}

// Owner is an account and the person it belongs to, 0 for none yet.
type Owner struct {
	N, P     ID
	Endpoint EndpointID
	Ext      string
	Flags    Flags
}

// Link ties a person to the account in the target that is theirs.
type Link struct {
	N, P   ID
	Sync   SyncID
	Origin string // "created" or "adopted"
	Run    string
}

// Grace is a leaver's timer.
type Grace struct {
	P          ID
	Since, Due time.Time
	Reason     string
}

// SyncState is what a sync remembers of its configuration.
type SyncState struct {
	Epoch string // hash of the configuration that the people were last mapped with
}

// Pause stops the applying of a sync until somebody resumes it, or until its
// configuration is another one.
type Pause struct {
	Sync   SyncID
	Since  time.Time
	Who    string
	Reason string
	Run    string // the run that was undone, where that is why
	Epoch  string // of the configuration it was paused with
}

// AppliedConfig is the configuration of a sync that everybody was last treated by: what
// was kept of it, as JSON.
type AppliedConfig struct {
	Epoch string
	Kept  []byte
	At    time.Time
}

// PeopleReader reads who is who.
type PeopleReader interface {
	Syncs() (map[string]SyncID, error)
	SyncState(SyncID) (SyncState, error)
	AppliedConfig(SyncID) (AppliedConfig, error)
	// Paused is the pause of a sync, ErrNotFound when it is not paused.
	Paused(SyncID) (Pause, error)
	// Dirty lists the accounts (of sources and of the target) whose people must be
	// looked at again, ascending.
	Dirty(SyncID) ([]ID, error)
	People(ps []ID) ([]Person, error)
	PeopleByKey(s SyncID, keys []string) (map[string]ID, error)
	PeopleOf(s SyncID, accounts []ID) ([]PersonAccount, error)
	// Owners are the accounts, without their records, and whose they are.
	Owners(s SyncID, accounts []ID) ([]Owner, error)
	AccountsOf(s SyncID, ps []ID) ([]PersonAccount, error) // ordered by P, then N
	LinksOf(ps []ID) ([]Link, error)
	LinksTo(accounts []ID) ([]Link, error)
	Graces(SyncID) ([]Grace, error)
	// OwnGroups are the groups of the target that the sync made, ascending.
	OwnGroups(SyncID) ([]ID, error)
	// OwnGroupCount counts those of them that are there.
	OwnGroupCount(SyncID) (int, error)
	// RetiredGroups are those of them that are retired, ascending.
	RetiredGroups(SyncID) ([]ID, error)
	// GroupsSettled is the GroupsVersion at which nothing was left to do about groups
	// that came or went; 0 when there may be.
	GroupsSettled(SyncID) (int64, error)
	Outcomes(SyncID) (map[string]int, error)
	PeopleWith(s SyncID, outcome string, limit int) ([]Person, error)
	// Applied counts, by the group they are about (0: none), the operations of a class
	// that runs of the sync applied since, without those of runs that were approved.
	Applied(sync string, class string, since time.Time) (map[ID]int, error)
	// LinkCount counts a sync's links to accounts that are active and not gone.
	LinkCount(SyncID) (int, error)
}

// PeopleWriter writes who is who.
type PeopleWriter interface {
	Sync(name string) (SyncID, error) // interned on first use
	PutSyncState(SyncID, SyncState) error
	PutAppliedConfig(SyncID, AppliedConfig) error
	PutPause(Pause) error
	DeletePause(SyncID) error
	MarkDirty(s SyncID, accounts []ID) error
	// MarkAllDirty marks every account of the endpoint.
	MarkAllDirty(s SyncID, ep EndpointID) error
	ClearDirty(s SyncID, accounts []ID) error
	PutPeople([]Person) error
	PutPersonAccounts(s SyncID, pas []PersonAccount) error
	PutLinks([]Link) error
	DeleteLinks(accounts []ID) error
	PutGraces(s SyncID, gs []Grace) error
	DeleteGraces(ps []ID) error
	PutOwnGroups(s SyncID, groups []ID) error
	// PutRetired notes that own groups are, or are no longer, retired. It moves
	// GroupsVersion on.
	PutRetired(groups []ID, retired bool) error
	PutGroupsSettled(s SyncID, version int64) error
}
