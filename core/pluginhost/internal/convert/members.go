package convert

import (
	"errors"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"syncgateway/core/identity"
)

var errNoID = errors.New("an id is empty")

// The tag of a Members message's user ids, and of the ids in an IDList.
const userIDs, idTag = 2, 2<<3 | byte(protowire.BytesType)

// IDList is a list of ids as a message has it. One that ParseMembers or NewIDList made
// is well formed: lists of the same bytes have the same ids.
type IDList []byte

// NewIDList encodes ids.
func NewIDList(ids []string) IDList {
	var l IDList
	for _, id := range ids {
		l = append(l, idTag)
		l = protowire.AppendString(l, id)
	}
	return l
}

// Next returns the first id and the list behind it. The list must not be empty.
func (l IDList) Next() (id []byte, rest IDList) {
	length, begin := uint64(l[1]), 2
	if length >= 0x80 {
		var n int
		length, n = protowire.ConsumeVarint(l[1:])
		begin = 1 + n
	}
	end := begin + int(length)
	return l[begin:end], l[end:]
}

// Strings are the ids, which are parts of one text.
func (l IDList) Strings() (ids []string) {
	text := string(l)
	for at := 0; at < len(l); {
		id, rest := l[at:].Next()
		at = len(l) - len(rest)
		ids = append(ids, text[at-len(id):at])
	}
	return ids
}

// ParseMembers takes an encoded Members message apart: m has all but the user ids. users
// is valid as long as raw; n is how many members there are.
func ParseMembers(raw []byte) (m identity.Members, users IDList, n int, err error) {
	// The byte before an id is the end of its length, and below 0x80: in a message that
	// is valid as a text, an id is valid if no character goes on behind it.
	valid := utf8.Valid(raw)
	from, to := 0, 0 // where user ids lie side by side
	var apart IDList // all of them, where they do not
	for at := 0; at < len(raw); {
		num, value, _, size := field(raw[at:])
		if size < 0 {
			return m, nil, 0, protowire.ParseError(size)
		}
		begin := at
		at += size
		if value == nil || num < 1 || num > 3 {
			continue
		}
		ends := at == len(raw) || utf8.RuneStart(raw[at])
		switch {
		case !(valid && ends) && !utf8.Valid(value):
			return m, nil, 0, errUTF8
		case num == 1:
			m.GroupID = string(value)
		case len(value) == 0:
			return m, nil, 0, errNoID
		case num != userIDs:
			m.ChildIDs = append(m.ChildIDs, string(value))
		case apart == nil && raw[begin] == idTag && (to == 0 || to == begin):
			if to == 0 {
				from = begin
			}
			to, n = at, n+1
		default:
			if apart == nil {
				apart = slices.Clone(raw[from:to])
			}
			apart, n = append(apart, NewIDList([]string{string(value)})...), n+1
		}
	}
	if users = raw[from:to]; apart != nil {
		users = apart
	}
	if m.GroupID == "" {
		return m, nil, 0, errors.New("memberships name no group")
	}
	return m, users, n + len(m.ChildIDs), nil
}
