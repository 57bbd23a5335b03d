// Package seeded makes repeatable ids and tokens: the same seed gives the same sequence.
package seeded

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

const (
	alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	hexadecimal  = "0123456789abcdef"
)

// Source is a stream of ids. It is not safe for concurrent use, and no source of secrets.
type Source struct{ *rand.Rand }

// New returns the stream of this seed for one purpose; streams of different purposes are independent.
func New(seed uint64, purpose string) Source {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return Source{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// Text returns the prefix and n letters and digits.
func (s Source) Text(prefix string, n int) string { return prefix + s.from(alphanumeric, n) }

// Hex returns n hexadecimal digits.
func (s Source) Hex(n int) string { return s.from(hexadecimal, n) }

func (s Source) from(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[s.IntN(len(alphabet))]
	}
	return string(b)
}

// UUID returns a version 4 UUID.
func (s Source) UUID() string {
	hi, lo := s.Uint64(), s.Uint64()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xffff, lo>>48, lo&0xffffffffffff)
}

// Pick returns one of the values.
func Pick[T any](s Source, values []T) T { return values[s.IntN(len(values))] }
