package record

import "time"

// Entry is one resource of the push directory: the normalized record the pipeline
// reads, and the resource as the client wrote it, opaque to the gateway. Exactly one
// of User and Group is set. The host fills Version, Created and Modified.
type Entry struct {
	User     *User
	Group    *Group
	Document []byte
	Version  string
	Created  time.Time
	Modified time.Time
}

// DirectoryCall is one call to the host's directory. Kind is "user" or "group"; the
// operation is the one field of Put … Transaction that is set. IfVersion, when not
// empty, refuses with ReasonConflict unless the entry is at this version.
type DirectoryCall struct {
	Kind          string
	IfVersion     string
	Put           *Entry
	Get           string
	Query         *DirectoryQuery
	Delete        string
	ChangeMembers *MembershipChange
	Members       *MembersQuery
	Transaction   []DirectoryCall // all or nothing
}

// DirectoryReply answers a DirectoryCall.
type DirectoryReply struct {
	Entries []Entry
	Members Members
	Total   uint64
	Next    string
}

// DirectoryQuery asks for entries that meet every condition, from indexes. After is
// the Next of the page before; Offset is for protocols that count instead.
type DirectoryQuery struct {
	All       []Condition
	After     string
	Offset    uint64
	Limit     int
	CountOnly bool
}

// Condition compares one of id, username, external_id, email, name, member.
type Condition struct {
	Attribute string
	Equals    string
}

// MembershipChange adds and removes members of one group, or with Replace makes Add
// the whole set.
type MembershipChange struct {
	Replace bool
	Add     Members
	Remove  Members
}

// MembersQuery asks for a page of one group's members, or whether MemberID is one.
type MembersQuery struct {
	GroupID  string
	MemberID string
	After    string
	Limit    int
}
