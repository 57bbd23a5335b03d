package record

import "time"

// Entry is one resource of the push directory: the normalized record the pipeline
// reads, and the resource as the client wrote it, opaque to the gateway. Exactly one
// of User and Group is set; members are never in it. The host fills Version, Created,
// Modified and Position. Keys are what the entry is found by, and are not sent back.
type Entry struct {
	User     *User
	Group    *Group
	Document []byte
	Version  string
	Created  time.Time
	Modified time.Time
	Keys     []IndexKey
	Position string // its place in the order of queries, compared as bytes
}

// ID is the id of the entry's record.
func (e *Entry) ID() string {
	switch {
	case e.User != nil:
		return e.User.ID
	case e.Group != nil:
		return e.Group.ID
	}
	return ""
}

// IndexKey finds an entry by Condition. The plugin folds the value, the host compares
// bytes. A Unique key is refused while another entry of the kind has the same.
type IndexKey struct {
	Attribute string
	Value     string
	Unique    bool
}

// The remote codes of a directory's ReasonConflict.
const (
	ConflictVersion    = "version"
	ConflictUniqueness = "uniqueness"
)

// DirectoryCall is one call to the host's directory. Kind is "user" or "group"; the
// operation is the one field of Put … Transaction that is set. IfVersion, when not
// empty, refuses with ReasonConflict unless the entry is at this version. Memberships
// asks for the groups that the entries of the reply are in. To a Bare call, of one who
// needs no records, they may come with the id of the record alone, and what was put
// without its document.
type DirectoryCall struct {
	Kind          string
	IfVersion     string
	Memberships   bool
	Bare          bool
	Put           *Entry
	Get           string
	Query         *DirectoryQuery
	Delete        string // takes the entry out of every group too
	ChangeMembers *MembershipChange
	Members       *MembersQuery
	Transaction   []DirectoryCall // all or nothing; it may read what it wrote
}

// DirectoryReply answers a DirectoryCall. That of a transaction has the entries and
// memberships of all its calls, and the members of the last that asked for some.
type DirectoryReply struct {
	Entries     []Entry
	Members     DirectoryMembers
	Memberships []DirectoryMembership
	Total       uint64
	Next        string
}

// DirectoryMembers are members of one group. Ids of which the plugin does not know the
// kind are OtherIDs: the directory tells users from groups when it is asked, and keeps
// an id that names nothing (yet) as another. Names, in replies, are those of UserIDs
// and then of ChildIDs.
type DirectoryMembers struct {
	GroupID  string
	UserIDs  []string
	ChildIDs []string
	OtherIDs []string
	Names    []string
}

// DirectoryMembership says that an entry is in a group, directly or because a group
// it is in is.
type DirectoryMembership struct {
	MemberID  string
	GroupID   string
	GroupName string
	Indirect  bool
}

// DirectoryQuery asks for entries that meet every condition, from indexes, in the
// order of their creation. After is a position or the Next of the page before; Offset
// is for protocols that count instead.
type DirectoryQuery struct {
	All       []Condition
	After     string
	Offset    uint64
	Limit     int
	CountOnly bool
}

// Condition compares "id", "member" (groups that directly have this member) or the
// attribute of a key.
type Condition struct {
	Attribute string
	Equals    string
}

// MembershipChange adds and removes members of one group, or with Replace makes Add
// the whole set. One that changes nothing leaves the group's version alone.
type MembershipChange struct {
	Replace bool
	Add     DirectoryMembers
	Remove  DirectoryMembers
}

// MembersQuery asks for a page of one group's members, with their names if Names is
// set, or whether MemberID is one.
type MembersQuery struct {
	GroupID  string
	MemberID string
	After    string
	Limit    int
	Names    bool
}
