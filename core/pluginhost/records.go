package pluginhost

import (
	"context"
	"fmt"
	"time"

	"syncgateway/core/diag"
	"syncgateway/core/identity"
	"syncgateway/core/pluginhost/internal/convert"
	"syncgateway/core/schema"
)

// ReadOptions say what to read from a source. Delta is the cursor that an earlier
// complete read handed out, Resume a checkpoint of a read that broke off; both empty
// is a full read. Attributes are the ones that mapping uses, empty means all.
type ReadOptions struct {
	Delta      []byte
	Resume     []byte
	Attributes []string
	PageSize   int // 0: the plugin's default
}

// StateOptions say what to read from a target. With any of the four lists given, only
// the named records are read, users with the groups they are in.
type StateOptions struct {
	Kinds      []string
	UserIDs    []string
	Emails     []string
	GroupIDs   []string
	GroupNames []string
	PageSize   int // 0: the plugin's default
}

// End is how a read ended. Exactly one of Complete, Reset and Failure is set.
type End struct {
	Complete    bool
	Delta       []byte  // the cursor for what changes from here on, where there is one
	Count       uint64  // records that arrived
	RemoteTotal *uint64 // what the remote system says it has, where it says so
	Reset       string  // why the delta cursor is refused: start over in full
	Failure     *Failure
}

// Sink is what every read may tell beside its pages.
type Sink interface {
	Notice(Notice)
	Waiting(Waiting)
}

// UserSink takes a read of users. A page and its records are valid until the method
// returns; an error of it ends the read.
type UserSink interface {
	Sink
	Users(context.Context, UserPage) error
	Checkpoint(resume []byte)
}

// GroupSink takes a read of groups, as UserSink takes users.
type GroupSink interface {
	Sink
	Groups(context.Context, GroupPage) error
	Checkpoint(resume []byte)
}

// StateSink takes a read of a target, as UserSink takes users.
type StateSink interface {
	Sink
	State(context.Context, StatePage) error
}

// UserPage is a part of a read of users.
type UserPage struct {
	Users   []UserRecord
	Removed []string // delta reads only
}

// GroupPage is a part of a read of groups. In a full read the Members of a group, over
// all pages, are all it has. In a delta read those of a group in Replaced are the
// whole new set; other Members are added, RemovedMembers are taken away.
type GroupPage struct {
	Groups         []GroupRecord
	Members        []MembersRecord
	Removed        []string
	RemovedMembers []identity.Members
	Replaced       []string
}

// StatePage is a part of a read of a target.
type StatePage struct {
	Users     []UserRecord
	Groups    []GroupRecord
	Members   []MembersRecord
	Protected []Protected
	Quotas    []Quota
}

// UserRecord is a user as it came, decoded as far as every reader needs. Fingerprint
// is that of the record's bytes: records that differ have different ones, the same
// record has the same one whenever the plugin sends it the same way.
type UserRecord struct {
	ID          string
	Active      bool
	Fingerprint [16]byte
	raw         []byte
}

// User decodes the record. The error says what is wrong with it.
func (r *UserRecord) User() (identity.User, error) { return convert.DecodeUser(r.raw) }

// GroupRecord is a group as it came.
type GroupRecord struct {
	ID          string
	Fingerprint [16]byte
	raw         []byte
}

// Group decodes the record. The error says what is wrong with it.
func (r *GroupRecord) Group() (identity.Group, error) { return convert.DecodeGroup(r.raw) }

// IDList is a list of ids as it came, and well formed: lists of the same bytes have the
// same ids in the same order. The lists of a group, one appended to another, are a list.
type IDList = convert.IDList

// MembersRecord is members of a group as they came: a directory has far more memberships
// than anything else, and most are those of the read before.
type MembersRecord struct {
	GroupID  string
	ChildIDs []string
	UserIDs  IDList
	Count    int // of both
}

// Members decodes the record.
func (r *MembersRecord) Members() identity.Members {
	return identity.Members{GroupID: r.GroupID, UserIDs: r.UserIDs.Strings(), ChildIDs: r.ChildIDs}
}

// Protected is an account that must never be removed from anything.
type Protected struct {
	UserID string
	Reason string
}

// Quota is something that runs out; whoever is in one of the groups uses one.
type Quota struct {
	Name      string
	Total     uint64
	Used      uint64
	Unlimited bool
	GroupIDs  []string
	NewUsers  bool // every account that is made takes one
}

// Notice is something worth telling about one record.
type Notice struct {
	RecordID   string
	Diagnostic diag.Diagnostic
}

// Waiting says that nothing is wrong, the remote system asked for patience.
type Waiting struct {
	Reason string
	Until  time.Time // zero: not known
}

// LookupBy asks a source for one record; exactly one field is set.
type LookupBy struct {
	ID       string
	Username string
	Email    string
	GroupID  string
}

// Found answers a lookup: a user with their direct groups, or the group asked for as
// the only one of Groups. Nested tells that Children are all groups directly in that one.
type Found struct {
	User     identity.User
	Groups   []identity.Group
	Children []string
	Nested   bool
}

// Operation is one change for a target to carry out. User, Group and Member are set
// as Kind needs them. Changed names the attributes an update writes. After lists
// operations of the same batch that must succeed first.
type Operation struct {
	ID        string
	Kind      schema.Operation
	User      *identity.User
	Group     *identity.Group
	Member    *Member
	Changed   []string
	IfVersion string
	After     []string
}

// Member is one membership. Where the user or group is made by an operation of the
// same batch, its id is empty and the operation is named.
type Member struct {
	GroupID        string
	UserID         string
	ChildGroupID   string
	GroupOperation string
	UserOperation  string
}

// Outcome is how an operation ended.
type Outcome uint8

// The outcomes, numbered as in the plugin contract.
const (
	Applied Outcome = iota + 1
	Already
	Failed
	NotAttempted
)

// Result is how one operation ended. RemoteID is the id the target gave to what was
// created; RemoteStatus is what it answered, for the record.
type Result struct {
	OperationID  string
	Outcome      Outcome
	RemoteID     string
	Version      string
	Failure      *Failure
	Diagnostics  diag.Diagnostics
	RemoteStatus string
}

// CheckOutcome is how a step of a check ended.
type CheckOutcome uint8

// The outcomes, numbered as in the plugin contract.
const (
	CheckPassed CheckOutcome = iota + 1
	CheckFailed
	CheckSkipped
)

var checkOutcomes = [...]string{"unknown", "passed", "failed", "skipped"}

// String is the outcome's name in JSON and text.
func (o CheckOutcome) String() string { return checkOutcomes[min(int(o), len(checkOutcomes)-1)] }

// MarshalText is String, for JSON.
func (o CheckOutcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// CheckStep is one step of a check that ended.
type CheckStep struct {
	Name        string
	Outcome     CheckOutcome
	Diagnostics diag.Diagnostics
	Detail      string // what was seen, where that helps
}

// String is the outcome's name in journals and text.
func (o Outcome) String() string {
	switch o {
	case Applied:
		return "applied"
	case Already:
		return "already"
	case Failed:
		return "failed"
	case NotAttempted:
		return "not_attempted"
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}
