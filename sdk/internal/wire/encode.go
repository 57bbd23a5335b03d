package wire

import (
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"syncgateway/sdk/record"
)

// Records are the mass of what a connector sends. They are encoded here without
// messages in between: text is looked at once for what the wire does not take, and
// copied once. The bytes are those that protobuf makes of the same record.

// clean makes text valid UTF-8, which is all the wire takes.
func clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// cleanAll is the list itself where there is nothing to mend, else a copy.
func cleanAll(list []string) []string {
	for i, s := range list {
		if fixed := clean(s); fixed != s {
			list = append(append([]string(nil), list[:i]...), list[i:]...)
			list[i] = fixed
		}
	}
	return list
}

// fieldSize is what a field with n bytes takes; every number here is below 16, so that
// its tag is one byte.
func fieldSize(n int) int { return 1 + protowire.SizeBytes(n) }

// textSize is what a field of a message takes, nothing when it is empty.
func textSize(s string) int {
	if s == "" {
		return 0
	}
	return fieldSize(len(s))
}

func appendHead(b []byte, num protowire.Number, size int) []byte {
	return protowire.AppendVarint(append(b, byte(num<<3|2)), uint64(size))
}

// appendItem appends an element of a repeated field, which may be empty.
func appendItem(b []byte, num protowire.Number, s string) []byte {
	return append(appendHead(b, num, len(s)), s...)
}

func appendText(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return appendItem(b, num, s)
}

// appendItems appends a repeated field of text.
func appendItems(b []byte, num protowire.Number, list []string) []byte {
	for _, s := range list {
		b = appendItem(b, num, s)
	}
	return b
}

func appendTrue(b []byte, num protowire.Number, is bool) []byte {
	if !is {
		return b
	}
	return append(b, byte(num<<3), 1)
}

func appendNumber(b []byte, num protowire.Number, n uint64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(append(b, byte(num<<3)), n)
}

// open begins a message in field num, and leaves room for its length; at is where the
// length goes. shut fills it in.
func open(b []byte, num protowire.Number, room int) (_ []byte, at int) {
	b = append(b, byte(num<<3|2))
	return append(b, "\x00\x00\x00\x00"[:room]...), len(b)
}

// shut ends a message: when its length takes another room than was left, the message
// moves.
func shut(b []byte, at, room int) []byte {
	size := len(b) - at - room
	if need := protowire.SizeVarint(uint64(size)); need != room {
		b = append(b, make([]byte, max(0, need-room))...)
		copy(b[at+need:], b[at+room:at+room+size])
		b, room = b[:at+need+size], need
	}
	protowire.AppendVarint(b[at:at:at+room], uint64(size))
	return b
}

// The room for the lengths of messages as they mostly are.
const (
	shortRoom = 1 // an attribute, a time
	longRoom  = 2 // a user, a group
)

// appendTime appends a Timestamp, nothing for the zero time.
func appendTime(b []byte, num protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b, at := open(b, num, shortRoom)
	b = appendNumber(appendNumber(b, 1, uint64(t.Unix())), 2, uint64(t.Nanosecond()))
	return shut(b, at, shortRoom)
}

func appendAttributes(b []byte, num protowire.Number, as record.Attributes) []byte {
	for i := range as {
		var at int
		b, at = open(b, num, shortRoom)
		b = appendText(b, 1, as[i].Name)
		for _, v := range as[i].Values {
			b = appendItem(b, 2, v)
		}
		b = shut(b, at, shortRoom)
	}
	return b
}

// validAttributes is the attributes in their order, all of their text fit for the wire.
func validAttributes(as record.Attributes) record.Attributes {
	as = as.Sorted()
	for i := range as {
		if !validAttribute(&as[i]) {
			return mended(as)
		}
	}
	return as
}

func validAttribute(a *record.Attribute) bool {
	for _, v := range a.Values {
		if !utf8.ValidString(v) {
			return false
		}
	}
	return utf8.ValidString(a.Name)
}

// mended is a copy: an author may send the same record again.
func mended(as record.Attributes) record.Attributes {
	out := make(record.Attributes, len(as))
	for i, a := range as {
		out[i] = record.Attribute{Name: clean(a.Name), Values: make([]string, len(a.Values))}
		for j, v := range a.Values {
			out[i].Values[j] = clean(v)
		}
	}
	return out
}

// validUser is a copy of u in spare, all of its text fit for the wire.
func validUser(u, spare *record.User) *record.User {
	*spare = *u
	for _, s := range []*string{&spare.ID, &spare.Username, &spare.Email, &spare.DisplayName, &spare.GivenName, &spare.FamilyName,
		&spare.Version, &spare.Kind, &spare.ExternalID} {
		*s = clean(*s)
	}
	spare.Attributes = validAttributes(u.Attributes)
	return spare
}

// appendUsers appends users as the repeated field num of a page.
func appendUsers(b []byte, num protowire.Number, users []record.User) []byte {
	var spare record.User
	for i := range users {
		u := validUser(&users[i], &spare)
		var at int
		b, at = open(b, num, longRoom)
		b = appendText(b, 1, u.ID)
		b = appendText(b, 2, u.Username)
		b = appendText(b, 3, u.Email)
		b = appendText(b, 4, u.DisplayName)
		b = appendText(b, 5, u.GivenName)
		b = appendText(b, 6, u.FamilyName)
		b = appendTrue(b, 7, u.Active)
		b = appendAttributes(b, 8, u.Attributes)
		b = appendText(b, 9, u.Version)
		b = appendText(b, 10, u.Kind)
		b = appendText(b, 11, u.ExternalID)
		b = shut(appendTime(b, 12, u.StatusChanged), at, longRoom)
	}
	return b
}

func validGroup(g, spare *record.Group) *record.Group {
	*spare = *g
	for _, s := range []*string{&spare.ID, &spare.Name, &spare.Description, &spare.Version, &spare.Kind, &spare.ReadOnlyReason,
		&spare.PrivilegedReason} {
		*s = clean(*s)
	}
	spare.Attributes = validAttributes(g.Attributes)
	return spare
}

// appendGroups appends groups, without their members.
func appendGroups(b []byte, num protowire.Number, groups []record.Group) []byte {
	var spare record.Group
	for i := range groups {
		g := validGroup(&groups[i], &spare)
		var at int
		b, at = open(b, num, longRoom)
		b = appendText(b, 1, g.ID)
		b = appendText(b, 2, g.Name)
		b = appendText(b, 3, g.Description)
		b = appendAttributes(b, 4, g.Attributes)
		b = appendText(b, 5, g.Version)
		b = appendText(b, 6, g.Kind)
		b = appendText(b, 7, g.ReadOnlyReason)
		b = shut(appendText(b, 8, g.PrivilegedReason), at, longRoom)
	}
	return b
}

// appendMembers appends memberships.
func appendMembers(b []byte, num protowire.Number, list []record.Members) []byte {
	for i := range list {
		group, users, children := clean(list[i].GroupID), cleanAll(list[i].UserIDs), cleanAll(list[i].ChildIDs)
		b = appendHead(b, num, textSize(group)+itemsSize(users)+itemsSize(children))
		b = appendItems(appendItems(appendText(b, 1, group), 2, users), 3, children)
	}
	return b
}

func itemsSize(list []string) (n int) {
	for _, s := range list {
		n += fieldSize(len(s))
	}
	return n
}
