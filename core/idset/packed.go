package idset

import "encoding/binary"

// Packed is a set as Pack wrote it.
type Packed []byte

// Len counts the ids of p. It is ErrPacked for bytes that Pack did not write; what it
// has counted can be walked through.
func (p Packed) Len() (int, error) {
	n, w := 0, p.Walk()
	for {
		if _, ok := w.Next(); !ok {
			break
		}
		n++
	}
	if len(w.rest) > 0 {
		return 0, ErrPacked
	}
	return n, nil
}

// First returns the first n ids of p, or all when it has fewer.
func (p Packed) First(n int) Set {
	s, w := make(Set, 0, n), p.Walk()
	for len(s) < n {
		id, ok := w.Next()
		if !ok {
			break
		}
		s = append(s, id)
	}
	return s
}

// Walk begins a walk through p.
func (p Packed) Walk() Walk { return Walk{rest: p} }

// Walk goes through a packed set without unpacking it. A Walk may be copied: both go
// on from the same place.
type Walk struct {
	rest  []byte
	last  ID
	begun bool
}

// Done reports whether there is nothing behind the last id.
func (w *Walk) Done() bool { return len(w.rest) == 0 }

// Next is the next id, ascending. ok is false at the end, and at damaged bytes.
func (w *Walk) Next() (id ID, ok bool) {
	if len(w.rest) == 0 {
		return 0, false
	}
	d, n := uint64(w.rest[0]), 1
	if d >= 0x80 {
		d, n = binary.Uvarint(w.rest)
	}
	next := uint64(w.last) + d
	if n <= 0 || w.begun && d == 0 || next > 1<<32-1 || next < d {
		return 0, false
	}
	w.rest, w.last, w.begun = w.rest[n:], ID(next), true
	return ID(next), true
}
