package identity

import (
	"encoding/binary"
	"errors"
	"time"
)

// ErrEncoding is returned for bytes that AppendUser or AppendGroup did not write.
var ErrEncoding = errors.New("identity: damaged record")

const codecVersion = 1

// AppendUser appends the canonical encoding of u: equal users have equal bytes.
func AppendUser(b []byte, u *User) []byte {
	b = append(b, codecVersion)
	if u.Active {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	for _, s := range [...]string{u.ID, u.Kind, u.Username, u.Email, u.DisplayName, u.GivenName, u.FamilyName, u.Version, u.ExternalID} {
		b = appendString(b, s)
	}
	return appendAttributes(binary.AppendVarint(b, appendable(u.StatusChanged)), u.Attributes)
}

// appendable is a time in microseconds, 0 for the zero time.
func appendable(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// DecodeUser is the inverse of AppendUser. The texts of a user share memory: who keeps
// one of them for long copies it.
func DecodeUser(b []byte) (User, error) {
	d := decoder{b: string(b)}
	d.version()
	u := User{Active: d.byte() == 1}
	for _, p := range [...]*string{&u.ID, &u.Kind, &u.Username, &u.Email, &u.DisplayName, &u.GivenName, &u.FamilyName, &u.Version, &u.ExternalID} {
		*p = d.string()
	}
	u.StatusChanged = d.time()
	u.Attributes = d.attributes()
	return u, d.err()
}

// AppendGroup appends the canonical encoding of g: equal groups have equal bytes.
func AppendGroup(b []byte, g *Group) []byte {
	b = append(b, codecVersion)
	for _, s := range [...]string{g.ID, g.Kind, g.Name, g.Description, g.Version, g.ReadOnly, g.Privileged} {
		b = appendString(b, s)
	}
	return appendAttributes(b, g.Attributes)
}

// DecodeGroup is the inverse of AppendGroup. Its texts share memory as those of
// DecodeUser do.
func DecodeGroup(b []byte) (Group, error) {
	d := decoder{b: string(b)}
	d.version()
	var g Group
	for _, p := range [...]*string{&g.ID, &g.Kind, &g.Name, &g.Description, &g.Version, &g.ReadOnly, &g.Privileged} {
		*p = d.string()
	}
	g.Attributes = d.attributes()
	return g, d.err()
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendAttributes(b []byte, as Attributes) []byte {
	b = binary.AppendUvarint(b, uint64(len(as)))
	for _, a := range as {
		b = appendString(b, a.Name)
		b = binary.AppendUvarint(b, uint64(len(a.Values)))
		for _, v := range a.Values {
			b = appendString(b, v)
		}
	}
	return b
}

// decoder reads until the first damage and stays damaged.
type decoder struct {
	b   string
	bad bool
}

func (d *decoder) err() error {
	if d.bad || len(d.b) != 0 {
		return ErrEncoding
	}
	return nil
}

func (d *decoder) version() {
	if d.byte() != codecVersion {
		d.bad = true
	}
}

func (d *decoder) byte() byte {
	if d.bad || len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

// uvarint is binary.Uvarint of a text.
func (d *decoder) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c := d.byte()
		if shift == 63 && c > 1 {
			d.bad = true
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 || d.bad {
			return v
		}
	}
	d.bad = true
	return 0
}

// count reads a length that cannot exceed the bytes left: each item has at least one.
func (d *decoder) count() int {
	v := d.uvarint()
	if d.bad || v > uint64(len(d.b)) {
		d.bad = true
		return 0
	}
	return int(v)
}

func (d *decoder) time() time.Time {
	v := d.uvarint()
	us := int64(v>>1) ^ -int64(v&1) // as binary.Varint has it
	if d.bad || us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func (d *decoder) string() string {
	n := d.count()
	if d.bad {
		return ""
	}
	s := d.b[:n]
	d.b = d.b[n:]
	return s
}

func (d *decoder) attributes() Attributes {
	n := d.count()
	if d.bad || n == 0 {
		return nil
	}
	as := make(Attributes, 0, min(n, 64))
	values := make([]string, 0, min(n, 64)) // of several attributes: most have one
	for range n {
		a := Attribute{Name: d.string()}
		m := d.count()
		if d.bad {
			return nil
		}
		if m > cap(values)-len(values) {
			values = make([]string, 0, max(m, min(n, 64)))
		}
		begin := len(values)
		for range m {
			values = append(values, d.string())
		}
		a.Values = values[begin:len(values):len(values)]
		as = append(as, a)
	}
	return as
}
