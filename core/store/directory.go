package store

import "time"

// EntryKind is what an entry of a push directory is.
type EntryKind uint8

// The kinds. A PendingEntry is an id that is a member of a group and names nothing
// (yet); it has no record.
const (
	PendingEntry EntryKind = iota
	UserEntry
	GroupEntry
)

// Entry is one resource that a client has pushed. Ids are unique within an endpoint,
// over all kinds. Seq is the number of the last change to it, Position that of its
// creation: numbers only grow, over all endpoints. An entry that is Gone was deleted;
// it keeps its N, ID, Kind and Seq.
type Entry struct {
	N                 ID
	Endpoint          EndpointID
	Kind              EntryKind
	ID                string
	Name              string // what it is called in lists of members
	Seq, Position     int64
	Created, Modified time.Time
	Gone              bool
	Record            []byte // identity.AppendUser or AppendGroup
	Document          []byte // as the client wrote it
}

// EntryKey finds an entry by Attribute and Value, compared as bytes.
type EntryKey struct {
	Attribute string
	Value     string
	Unique    bool
}

// EntryCondition is what an entry must meet: "id", "member" (groups that directly have
// the entry of this id), or a key.
type EntryCondition struct {
	Attribute string
	Equals    string
}

// EntryQuery asks for the entries of a kind that meet every condition, in the order of
// their Position, behind After.
type EntryQuery struct {
	Endpoint EndpointID
	Kind     EntryKind
	All      []EntryCondition
	After    int64
	Offset   int
	Limit    int
}

// EntryMember is one membership. In a read of changes, Gone says that it ended.
type EntryMember struct {
	Group, Member ID
	Kind          EntryKind // of the member
	ID            string    // of the member
	Name          string    // of the member
	Gone          bool
}

// DirectoryReader reads what clients have pushed.
type DirectoryReader interface {
	// Entry returns the entry with that id, one that is gone or pending too, or
	// ErrNotFound.
	Entry(ep EndpointID, id string) (Entry, error)
	// EntriesByN returns the entries without their documents.
	EntriesByN(ns []ID) ([]Entry, error)
	Entries(EntryQuery) ([]Entry, error)
	// EntryCount counts what a query finds, whatever its After, Offset and Limit.
	EntryCount(EntryQuery) (int, error)
	// EntryWith returns the entry of the kind that has the key, 0 when none has.
	EntryWith(ep EndpointID, kind EntryKind, key EntryKey) (ID, error)
	// EntryMembers returns a page of a group's members, in the order of their N.
	EntryMembers(group, after ID, limit int) ([]EntryMember, error)
	// EntryMember returns the entry with that id as the member of a group that it is, or
	// with Gone could be; ErrNotFound when there is no entry.
	EntryMember(ep EndpointID, group ID, id string) (EntryMember, error)
	// GroupsWith returns the groups that the entries are in directly.
	GroupsWith(members []ID) ([]EntryMember, error)
	// EntriesSince returns entries of a kind that changed, without their documents, in
	// the order of Seq and N: those behind seq and after.
	EntriesSince(ep EndpointID, kind EntryKind, seq int64, after ID, limit int) ([]Entry, error)
	// MembersSince returns memberships that changed after seq, at most to, in an order
	// that after (the last one of the page before) goes on with.
	MembersSince(ep EndpointID, seq, to int64, after EntryMember, limit int) ([]EntryMember, error)
	// DirectorySeq is the number of the last change that is committed, and Forgotten
	// the one up to which deletions are not known any more.
	DirectorySeq(ep EndpointID) (last, forgotten int64, err error)
}

// DirectoryWriter writes what clients push.
type DirectoryWriter interface {
	// NextSeq gives the number of a change to an endpoint's directory.
	NextSeq(ep EndpointID) (int64, error)
	// PutEntry writes an entry, whole, and its keys unless keys is nil.
	PutEntry(e Entry, keys []EntryKey) error
	// TouchEntries gives entries a new Seq and time of modification.
	TouchEntries(ns []ID, seq int64, at time.Time) error
	// DropEntry forgets a pending entry.
	DropEntry(n ID) error
	// PutEntryMembers adds memberships of a group, or ends them where Gone is set.
	PutEntryMembers(ep EndpointID, seq int64, ms []EntryMember) error
	// ForgetDeleted removes what tells of deletions up to a Seq.
	ForgetDeleted(ep EndpointID, seq int64) error
	// Part runs f so that an error of it undoes what it wrote, and no more.
	Part(f func() error) error
}
