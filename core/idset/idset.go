// Package idset holds sets of interned ids: sorted, without duplicates, packed for
// storage as differences in variable-length bytes. A million memberships take about
// one and a half megabytes, and comparing two sets is one pass over both.
package idset

import (
	"encoding/binary"
	"errors"
	"slices"
)

// ID is an interned id: dense, never reused.
type ID = uint32

// Set is sorted ascending without duplicates. The nil Set is the empty set.
type Set []ID

// ErrPacked is returned for bytes that Pack did not write.
var ErrPacked = errors.New("idset: damaged set")

// Of sorts ids in place, drops duplicates and returns them as a Set.
func Of(ids []ID) Set {
	for i := 1; i < len(ids); i++ {
		if ids[i-1] >= ids[i] {
			slices.Sort(ids)
			return slices.Compact(ids)
		}
	}
	return ids // as they mostly come
}

// Pack appends the packed form of s to b; the empty set packs to nothing.
func Pack(b []byte, s Set) []byte {
	var last ID
	for i, id := range s {
		if i == 0 {
			b = binary.AppendUvarint(b, uint64(id))
		} else {
			b = binary.AppendUvarint(b, uint64(id-last))
		}
		last = id
	}
	return b
}

// Unpack is the inverse of Pack, appending to s (which is usually s[:0] of a
// buffer used again).
func Unpack(s Set, b []byte) (Set, error) {
	var last uint64
	for first := true; len(b) > 0; first = false {
		d, n := uint64(b[0]), 1
		if d >= 0x80 {
			d, n = binary.Uvarint(b)
		}
		if n <= 0 || (!first && d == 0) || d > 1<<32-1 || last+d > 1<<32-1 {
			return nil, ErrPacked
		}
		last += d
		s = append(s, ID(last))
		b = b[n:]
	}
	return s, nil
}

// Has reports whether id is in s.
func (s Set) Has(id ID) bool {
	_, ok := slices.BinarySearch(s, id)
	return ok
}

// Equal reports whether both sets have the same ids.
func (s Set) Equal(t Set) bool { return slices.Equal(s, t) }

// Diff calls added for each id of next that is not in s, and removed for each id of
// s that is not in next, both ascending.
func (s Set) Diff(next Set, added, removed func(ID)) {
	i, j := 0, 0
	for i < len(s) || j < len(next) {
		switch {
		case j == len(next) || (i < len(s) && s[i] < next[j]):
			removed(s[i])
			i++
		case i == len(s) || next[j] < s[i]:
			added(next[j])
			j++
		default:
			i++
			j++
		}
	}
}

// With returns a new Set that also has the ids of t.
func (s Set) With(t Set) Set {
	out := make(Set, 0, len(s)+len(t))
	i, j := 0, 0
	for i < len(s) && j < len(t) {
		switch {
		case s[i] < t[j]:
			out = append(out, s[i])
			i++
		case t[j] < s[i]:
			out = append(out, t[j])
			j++
		default:
			out = append(out, s[i])
			i++
			j++
		}
	}
	return append(append(out, s[i:]...), t[j:]...)
}

// Without returns a new Set of the ids of s that are not in t.
func (s Set) Without(t Set) Set {
	out := make(Set, 0, len(s))
	j := 0
	for _, id := range s {
		for j < len(t) && t[j] < id {
			j++
		}
		if j == len(t) || t[j] != id {
			out = append(out, id)
		}
	}
	return out
}
