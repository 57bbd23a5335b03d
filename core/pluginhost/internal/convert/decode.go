// Package convert turns the plugin contract's messages into core's values and back.
// It checks what it decodes, since every plugin is hostile until proven otherwise,
// and decides nothing else.
package convert

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"syncgateway/core/identity"
)

var errUTF8 = errors.New("a text in it is not valid UTF-8")

// fields calls f for every field of an encoded message. It decodes no deeper than
// one level: value is the content of a length-delimited field, n of a varint, for
// which value is nil. Like protobuf, takers ignore a field of another type than theirs.
func fields(b []byte, f func(num protowire.Number, value []byte, n uint64) error) error {
	for len(b) > 0 {
		num, value, n, size := field(b)
		if size < 0 {
			return protowire.ParseError(size)
		}
		b = b[size:]
		if num == 0 {
			continue
		}
		if err := f(num, value, n); err != nil {
			return err
		}
	}
	return nil
}

// field decodes the field that b begins with, as fields does. size is its length, or a
// protowire error; num is 0 for a field of a type that no message here has.
func field(b []byte) (num protowire.Number, value []byte, n uint64, size int) {
	if len(b) > 1 && b[0] < 0x80 && b[0]&7 == byte(protowire.BytesType) && b[0] > 7 && int(b[1]) <= len(b)-2 && b[1] < 0x80 {
		end := 2 + int(b[1])
		return protowire.Number(b[0] >> 3), b[2:end], 0, end // as most are: a short text
	}
	num, kind, tag := protowire.ConsumeTag(b)
	if tag < 0 {
		return 0, nil, 0, tag
	}
	switch kind {
	case protowire.BytesType:
		value, size = protowire.ConsumeBytes(b[tag:])
	case protowire.VarintType:
		n, size = protowire.ConsumeVarint(b[tag:])
	default:
		num, size = 0, protowire.ConsumeFieldValue(num, kind, b[tag:])
	}
	if size < 0 {
		return 0, nil, 0, size
	}
	return num, value, n, tag + size
}

// texts takes texts out of one message: they share one copy of it.
type texts struct {
	raw    []byte
	all    string
	values []string // of attributes, which mostly have one each
}

func textsOf(raw []byte) *texts { return &texts{raw: raw, all: string(raw)} }

// room makes room for the attributes of a record, which are its fields of that number.
func (t *texts) room(number protowire.Number) identity.Attributes {
	n := 0
	for b := t.raw; len(b) > 0; {
		num, _, _, size := field(b)
		if size < 0 {
			break // whoever decodes it says so
		}
		if num == number {
			n++
		}
		b = b[size:]
	}
	if n == 0 {
		return nil
	}
	t.values = make([]string, 0, n)
	return make(identity.Attributes, 0, n)
}

// value appends a value to those of an attribute: the first in the room for all.
func (t *texts) value(to []string, v string) []string {
	if len(to) > 0 || len(t.values) == cap(t.values) {
		return append(to, v)
	}
	n := len(t.values)
	t.values = append(t.values, v)
	return t.values[n : n+1 : n+1]
}

// take sets into to the text that value, a part of the message, holds.
func (t *texts) take(into *string, value []byte) error {
	if value == nil {
		return nil
	}
	if !utf8.Valid(value) {
		return errUTF8
	}
	at := cap(t.raw) - cap(value) // both end with what they are parts of
	*into = t.all[at : at+len(value)]
	return nil
}

func text(into *string, value []byte) error {
	if value == nil {
		return nil
	}
	if !utf8.Valid(value) {
		return errUTF8
	}
	*into = string(value)
	return nil
}

// isTrue is a bool field's value; one of another type leaves it as it was.
func isTrue(value []byte, n uint64, was bool) bool {
	if value != nil {
		return was
	}
	return n != 0
}

// DecodeUser decodes an encoded User message. The texts of a user share memory: who keeps
// one of them for long copies it.
func DecodeUser(raw []byte) (identity.User, error) {
	u, t := identity.User{Kind: "user"}, textsOf(raw)
	u.Attributes = t.room(8)
	err := fields(raw, func(num protowire.Number, value []byte, n uint64) error {
		switch num {
		case 1:
			return t.take(&u.ID, value)
		case 2:
			return t.take(&u.Username, value)
		case 3:
			return t.take(&u.Email, value)
		case 4:
			return t.take(&u.DisplayName, value)
		case 5:
			return t.take(&u.GivenName, value)
		case 6:
			return t.take(&u.FamilyName, value)
		case 7:
			u.Active = isTrue(value, n, u.Active)
		case 8:
			return t.attribute(&u.Attributes, value)
		case 9:
			return t.take(&u.Version, value)
		case 10:
			if len(value) > 0 {
				return t.take(&u.Kind, value)
			}
		case 11:
			return t.take(&u.ExternalID, value)
		case 12:
			return moment(&u.StatusChanged, value)
		}
		return nil
	})
	u.Attributes = sorted(u.Attributes)
	return u, err
}

// DecodeGroup decodes an encoded Group message, as DecodeUser a user.
func DecodeGroup(raw []byte) (identity.Group, error) {
	g, t := identity.Group{Kind: "group"}, textsOf(raw)
	g.Attributes = t.room(4)
	err := fields(raw, func(num protowire.Number, value []byte, _ uint64) error {
		switch num {
		case 1:
			return t.take(&g.ID, value)
		case 2:
			return t.take(&g.Name, value)
		case 3:
			return t.take(&g.Description, value)
		case 4:
			return t.attribute(&g.Attributes, value)
		case 5:
			return t.take(&g.Version, value)
		case 6:
			if len(value) > 0 {
				return t.take(&g.Kind, value)
			}
		case 7:
			return t.take(&g.ReadOnly, value)
		case 8:
			return t.take(&g.Privileged, value)
		}
		return nil
	})
	g.Attributes = sorted(g.Attributes)
	return g, err
}

// moment decodes a Timestamp. One that no calendar has is none.
func moment(into *time.Time, raw []byte) error {
	if raw == nil {
		return nil
	}
	var m timestamppb.Timestamp
	if err := proto.Unmarshal(raw, &m); err != nil {
		return err
	}
	*into = fromTimestamp(&m)
	return nil
}

// fromTimestamp is a time to the microsecond, as core keeps it.
func fromTimestamp(m *timestamppb.Timestamp) time.Time {
	if m == nil || !m.IsValid() {
		return time.Time{}
	}
	return m.AsTime().Truncate(time.Microsecond)
}

func (t *texts) attribute(into *identity.Attributes, raw []byte) error {
	if raw == nil {
		return nil
	}
	var a identity.Attribute
	err := fields(raw, func(num protowire.Number, value []byte, _ uint64) error {
		switch num {
		case 1:
			return t.take(&a.Name, value)
		case 2:
			if value == nil {
				return nil
			}
			var s string
			if err := t.take(&s, value); err != nil {
				return err
			}
			a.Values = t.value(a.Values, s)
		}
		return nil
	})
	if err == nil && a.Name == "" {
		return errors.New("an attribute in it has no name")
	}
	*into = append(*into, a)
	return err
}

// sorted puts attributes in the order that core relies on: plugins should, and may
// not. Values under one name twice are joined.
func sorted(as identity.Attributes) identity.Attributes {
	inOrder := true
	for i := 1; i < len(as); i++ {
		inOrder = inOrder && as[i-1].Name < as[i].Name
	}
	if inOrder {
		return as
	}
	slices.SortStableFunc(as, func(a, b identity.Attribute) int { return strings.Compare(a.Name, b.Name) })
	out := as[:1]
	for _, a := range as[1:] {
		if last := &out[len(out)-1]; last.Name == a.Name {
			last.Values = append(last.Values, a.Values...)
			continue
		}
		out = append(out, a)
	}
	return out
}

// Head is what a reader needs of every record: who it is, and whether it is active.
func Head(raw []byte, activeField protowire.Number) (id string, active bool, err error) {
	for len(raw) > 0 {
		num, value, n, size := field(raw)
		if size < 0 {
			return "", false, protowire.ParseError(size)
		}
		raw = raw[size:]
		switch num {
		case 0:
		case 1:
			if err := text(&id, value); err != nil {
				return "", false, err
			}
		case activeField:
			active = isTrue(value, n, active)
		}
	}
	if id == "" {
		return "", active, errors.New("it has no id")
	}
	return id, active, nil
}

func one(into *[]string, value []byte) error {
	if value == nil {
		return nil
	}
	var s string
	if err := text(&s, value); err != nil {
		return err
	}
	if s == "" {
		return errors.New("an id is empty")
	}
	*into = append(*into, s)
	return nil
}

// Page holds the parts of a page by field number, still encoded. It is valid as long
// as the bytes it was split from.
type Page [8][][]byte // no page has a field of a higher number

// Split takes an encoded page apart, and uses the memory of the page before.
func (p *Page) Split(raw []byte) error {
	for i := range p {
		p[i] = p[i][:0]
	}
	for len(raw) > 0 {
		num, value, _, size := field(raw)
		if size < 0 {
			return protowire.ParseError(size)
		}
		raw = raw[size:]
		if value != nil && int(num) < len(p) {
			p[num] = append(p[num], value)
		}
	}
	return nil
}

// IDs decodes a list of ids.
func IDs(list [][]byte) ([]string, error) {
	ids := make([]string, 0, len(list))
	for _, value := range list {
		if err := one(&ids, value); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Message decodes a small message whole.
func Message[T any, P interface {
	*T
	proto.Message
}](raw []byte) (P, error) {
	m := P(new(T))
	return m, proto.Unmarshal(raw, m)
}
