package idset

// Packed is a set as Pack wrote it.
type Packed []byte

// Len counts the ids of p. It looks no closer than that: ErrPacked is for bytes that were
// cut off, other damage shows when they are unpacked.
func (p Packed) Len() (int, error) {
	n := 0
	for _, b := range p {
		if b < 0x80 { // where a number ends
			n++
		}
	}
	if len(p) > 0 && p[len(p)-1] >= 0x80 {
		return n, ErrPacked
	}
	return n, nil
}
