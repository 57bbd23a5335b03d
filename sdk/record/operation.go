package record

// OperationKind is what a target is asked to do.
type OperationKind uint8

// The kinds of operation, numbered as in the plugin contract.
const (
	CreateUser OperationKind = iota + 1
	UpdateUser
	ActivateUser
	DeactivateUser
	DeleteUser
	CreateGroup
	UpdateGroup
	DeleteGroup
	AddMember
	RemoveMember
)

var operationNames = [...]string{"unknown", "create_user", "update_user", "activate_user", "deactivate_user",
	"delete_user", "create_group", "update_group", "delete_group", "add_member", "remove_member"}

// String is the kind's name in logs: "create_user".
func (k OperationKind) String() string {
	if int(k) < len(operationNames) {
		return operationNames[k]
	}
	return operationNames[0]
}

// Operation is one change to carry out. ID is unique for ever and may serve as an
// idempotency key. User, Group and Member are set as Kind needs them: Changed names
// the attributes an update writes, IfVersion refuses when the record has moved on.
// After lists operations of the same batch that must have succeeded first.
type Operation struct {
	ID        string
	Kind      OperationKind
	User      User
	Group     Group
	Member    Member
	Changed   []string
	IfVersion string
	After     []string
}

// Member is one membership. Where the user or the group is made by an operation of
// the same batch, the id is empty and the operation is named.
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
	OutcomeApplied      Outcome = iota + 1
	OutcomeAlready              // the system was already so
	OutcomeFailed               // Failure says why
	OutcomeNotAttempted         // certainly nothing was done
)

// Result is how one operation ended. RemoteID is the id the system gave to what was
// created; RemoteStatus is what it answered, for the record: "204".
type Result struct {
	OperationID  string
	Outcome      Outcome
	RemoteID     string
	Version      string
	Failure      *Failure
	Problems     Problems
	RemoteStatus string
}

// OK reports whether the system is now as the operation wanted it.
func (r Result) OK() bool { return r.Outcome == OutcomeApplied || r.Outcome == OutcomeAlready }

// ReadRequest asks for users or groups. Delta is the cursor an earlier whole read
// handed out, Resume a checkpoint of a read that broke off; both empty is a full
// read. Attributes are the ones the mapping uses, empty means all of them.
type ReadRequest struct {
	Delta      []byte
	Resume     []byte
	Attributes []string
	PageSize   int
}

// Complete ends a whole read. RemoteTotal is how many records the remote system
// says it has, where it says so.
type Complete struct {
	Delta       []byte
	Count       uint64
	RemoteTotal *uint64
}

// StateRequest asks a target for everything it has, or only for what is named.
type StateRequest struct {
	Kinds      []string
	UserIDs    []string
	Emails     []string
	GroupIDs   []string
	GroupNames []string
	PageSize   int
}

// Targeted reports whether only named records are asked for.
func (r StateRequest) Targeted() bool {
	return len(r.UserIDs)+len(r.Emails)+len(r.GroupIDs)+len(r.GroupNames) > 0
}

// LookupRequest asks for one record; exactly one field is set.
type LookupRequest struct {
	ID       string
	Username string
	Email    string
	GroupID  string
}

// Found answers a lookup: a user with their direct groups, or the group asked for. The
// ChildIDs of that group, where the system can say which groups are directly in it and
// they are not nil, are the second witness for a group that a listing left out of it.
type Found struct {
	User   *User
	Groups []Group
}
