package sdk

import "hash/maphash"

// seen remembers which records were sent, at sixteen bytes each: a directory has
// millions. Two records are taken for one with a probability of 2^-128, which is
// another one in every process.
type seen struct {
	seeds [2]maphash.Seed
	of    map[string]map[[2]uint64]struct{} // by what the record is
}

func newSeen() *seen {
	return &seen{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, of: map[string]map[[2]uint64]struct{}{}}
}

// again reports whether the record was seen before, and remembers it.
func (s *seen) again(what, id string) bool {
	ids := s.of[what]
	if ids == nil {
		ids = map[[2]uint64]struct{}{}
		s.of[what] = ids
	}
	before := len(ids)
	ids[[2]uint64{maphash.String(s.seeds[0], id), maphash.String(s.seeds[1], id)}] = struct{}{}
	return len(ids) == before
}
