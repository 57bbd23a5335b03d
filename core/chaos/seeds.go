package chaos

import (
	"fmt"
	"strconv"
	"strings"
)

// Seeds is a range of seeds, both ends included.
type Seeds struct{ First, Last uint64 }

// ParseSeeds reads "4711" or "1-10000".
func ParseSeeds(text string) (Seeds, error) {
	first, last, both := strings.Cut(text, "-")
	if !both {
		last = first
	}
	a, err := strconv.ParseUint(first, 10, 64)
	b, err2 := strconv.ParseUint(last, 10, 64)
	if err != nil || err2 != nil || b < a {
		return Seeds{}, fmt.Errorf("%q is not a seed like 4711, nor a range like 1-10000", text)
	}
	return Seeds{a, b}, nil
}

// Len is how many seeds there are.
func (s Seeds) Len() int { return int(s.Last - s.First + 1) }
