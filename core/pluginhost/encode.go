package pluginhost

import (
	"fmt"

	"github.com/zeebo/xxh3"
	"google.golang.org/protobuf/proto"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost/internal/convert"
)

// NewUserRecord is the record that a plugin's message of the user makes. It is for
// connectors that are not plugins, such as those of tests.
func NewUserRecord(u identity.User) UserRecord {
	raw := encoded(convert.User(&u))
	return UserRecord{ID: u.ID, Active: u.Active, Fingerprint: xxh3.Hash128(raw).Bytes(), raw: raw}
}

// NewGroupRecord is NewUserRecord for a group.
func NewGroupRecord(g identity.Group) GroupRecord {
	raw := encoded(convert.Group(&g))
	return GroupRecord{ID: g.ID, Fingerprint: xxh3.Hash128(raw).Bytes(), raw: raw}
}

// NewMembersRecord is NewUserRecord for members of a group.
func NewMembersRecord(m identity.Members) MembersRecord {
	return MembersRecord{GroupID: m.GroupID, ChildIDs: m.ChildIDs, UserIDs: convert.NewIDList(m.UserIDs), Count: len(m.UserIDs) + len(m.ChildIDs)}
}

func encoded(m proto.Message) []byte {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("a record that is no valid message: %v", err)) // text that is not UTF-8, and nothing else
	}
	return raw
}
