package sdk

import "hash/maphash"

// seen remembers which records of one sort were sent, at sixteen bytes each: a directory
// has millions. Two records are taken for one with a probability of 2^-128, which is
// another one in every process.
type seen struct {
	seeds [2]maphash.Seed
	last  string
	list  [][2]uint64 // all of them, while ids come in ascending order, as many systems list them
	set   map[[2]uint64]struct{}
}

func newSeen() *seen { return &seen{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}} }

// again reports whether the record was seen before, and remembers it.
func (s *seen) again(id string) bool {
	sum := [2]uint64{maphash.String(s.seeds[0], id), maphash.String(s.seeds[1], id)}
	if s.set == nil && id > s.last {
		s.last, s.list = id, append(s.list, sum)
		return false
	}
	if s.set == nil {
		s.set = make(map[[2]uint64]struct{}, 2*len(s.list))
		for _, before := range s.list {
			s.set[before] = struct{}{}
		}
		s.list, s.last = nil, ""
	}
	before := len(s.set)
	s.set[sum] = struct{}{}
	return len(s.set) == before
}
