package engine

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"slices"

	"syncgateway/core/store"
)

// results are what an evaluation makes of everybody it looked at, packed: in a first
// sync that is everybody there is. They are added by ascending person.
type results struct {
	sync    store.SyncID
	parts   [][]byte // full ones, compressed: they say much the same of everybody
	part    []byte   // that is being filled
	n       int
	texts   []string // outcomes and their details, which are few
	byText  map[string]int
	last    store.ID
	others  map[store.ID]outcome // set afterwards
	differs map[store.ID][]store.Difference
}

type outcome struct{ outcome, detail string }

// resultsPart is how large a part grows.
const resultsPart = 1 << 20

const (
	resultOpen = 1 << iota
	resultMissing
	resultLabelIsKey
)

func newResults(s store.SyncID) *results {
	return &results{sync: s, byText: map[string]int{}, others: map[store.ID]outcome{}, differs: map[store.ID][]store.Difference{}}
}

func (rs *results) len() int { return rs.n }

// set gives a person another outcome than they were added with.
func (rs *results) set(p store.ID, result, detail string) { rs.others[p] = outcome{result, detail} }

func (rs *results) add(r *personResult) {
	if len(rs.part) > resultsPart-resultsPart/8 {
		rs.parts = append(rs.parts, compressed(rs.part))
		rs.part, rs.last = rs.part[:0], 0
	}
	b := rs.part
	var flags byte
	if r.open {
		flags |= resultOpen
	}
	if r.missing {
		flags |= resultMissing
	}
	if r.person.Label == r.person.Key {
		flags |= resultLabelIsKey
	}
	b = append(binary.AppendVarint(b, int64(r.person.P)-int64(rs.last)), flags)
	rs.last = r.person.P
	b = appendText(b, r.person.Key)
	if flags&resultLabelIsKey == 0 {
		b = appendText(b, r.person.Label)
	}
	b = rs.appendKnown(rs.appendKnown(b, r.person.Outcome), r.person.Detail)
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(r.link)), uint64(len(r.accounts)))
	for _, n := range r.accounts {
		b = binary.AppendUvarint(b, uint64(n))
	}
	rs.part = b
	if len(r.differences) > 0 {
		rs.differs[r.person.P] = r.differences
	}
	rs.n++
}

func (rs *results) appendKnown(b []byte, text string) []byte {
	n, known := rs.byText[text]
	if !known {
		n = len(rs.texts)
		rs.texts = append(rs.texts, text)
		rs.byText[text] = n
	}
	return binary.AppendUvarint(b, uint64(n))
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// each calls f for everybody, by ascending person, until it returns an error. Every
// result is the receiver's own.
func (rs *results) each(f func(*personResult) error) error {
	buf := []byte{}
	for i := range len(rs.parts) + 1 {
		d := resultReader(rs.part)
		if i < len(rs.parts) {
			buf = expanded(buf[:0], rs.parts[i])
			d = buf
		}
		for last := int64(0); len(d) > 0; {
			last += d.signed()
			r := rs.read(&d, store.ID(last))
			if err := f(&r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (rs *results) read(d *resultReader, p store.ID) (r personResult) {
	flags := d.byte()
	r.open, r.missing = flags&resultOpen != 0, flags&resultMissing != 0
	r.person = store.Person{P: p, Sync: rs.sync, Key: d.text()}
	if r.person.Label = r.person.Key; flags&resultLabelIsKey == 0 {
		r.person.Label = d.text()
	}
	r.person.Outcome, r.person.Detail = rs.texts[d.number()], rs.texts[d.number()]
	r.link = store.ID(d.number())
	r.accounts = make([]store.ID, d.number())
	for i := range r.accounts {
		r.accounts[i] = store.ID(d.number())
	}
	r.differences = rs.differs[p]
	if o, ok := rs.others[p]; ok {
		r.person.Outcome, r.person.Detail = o.outcome, o.detail
	}
	return r
}

func compressed(b []byte) []byte {
	var out bytes.Buffer
	z, _ := flate.NewWriter(&out, flate.BestSpeed) // the level is right
	_, _ = z.Write(b)                              // into memory: cannot fail
	_ = z.Close()
	return slices.Clip(out.Bytes())
}

func expanded(to, b []byte) []byte {
	out := bytes.NewBuffer(to)
	_, _ = io.Copy(out, flate.NewReader(bytes.NewReader(b))) // compressed wrote it
	return out.Bytes()
}

// resultReader reads what add wrote, and nothing else.
type resultReader []byte

func (d *resultReader) byte() byte {
	b := (*d)[0]
	*d = (*d)[1:]
	return b
}

func (d *resultReader) number() uint64 {
	v, n := binary.Uvarint(*d)
	*d = (*d)[n:]
	return v
}

func (d *resultReader) signed() int64 {
	v, n := binary.Varint(*d)
	*d = (*d)[n:]
	return v
}

func (d *resultReader) text() string {
	n := d.number()
	s := string((*d)[:n])
	*d = (*d)[n:]
	return s
}
