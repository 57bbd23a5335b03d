package plan

import (
	"cmp"
	"slices"
	"strings"
)

// sort puts the steps in order: by class, group, account, person, reason. What the tables
// have is ranked first, so that a million steps are sorted by numbers: into parts of one
// class and group, and then each part, which often is in order already.
func (s *Steps) sort() {
	if len(s.rows) == 0 {
		return
	}
	part, parts := ranks(len(s.t.kinds), func(a, b int) int { return s.t.kinds[a].comparePart(&s.t.kinds[b]) })
	kinds, _ := ranks(len(s.t.kinds), func(a, b int) int { return s.t.kinds[a].compare(&s.t.kinds[b]) })
	who, _ := ranks(len(s.t.who), func(a, b int) int { return compareSubject(&s.t.who[a], &s.t.who[b]) })
	begins := make([]int, parts+1) // of parts, counted from 1; at first, how long each is
	for i := range s.rows {
		begins[part[s.rows[i].kind]]++
	}
	for p := range parts {
		begins[p+1] += begins[p] // where it ends
	}
	out := make([]row, len(s.rows))
	for i := len(s.rows) - 1; i >= 0; i-- {
		p := part[s.rows[i].kind]
		begins[p]--
		out[begins[p]] = s.rows[i]
	}
	begins = append(begins, len(out))
	rankOf := func(n uint32) uint32 {
		if n == 0 {
			return 0
		}
		return who[n-1]
	}
	for p := range parts {
		slices.SortStableFunc(out[begins[p+1]:begins[p+2]], func(a, b row) int {
			if x, y := rankOf(a.who), rankOf(b.who); x != y {
				return cmp.Compare(x, y)
			}
			return cmp.Compare(kinds[a.kind], kinds[b.kind])
		})
	}
	s.rows = out
}

// ranks gives each of n entries its rank, from 1 to the most; what compares equal shares
// one.
func ranks(n int, compare func(a, b int) int) (rank []uint32, most int) {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return compare(int(a), int(b)) })
	rank = make([]uint32, n)
	for i, at := range order {
		if i == 0 || compare(int(order[i-1]), int(at)) != 0 {
			most++
		}
		rank[at] = uint32(most)
	}
	return rank, most
}

// comparePart orders kinds by class and group.
func (k *kind) comparePart(o *kind) int {
	if k.class != o.class || k.hasGroup != o.hasGroup {
		return cmp.Or(cmp.Compare(k.class, o.class), compareBool(k.hasGroup, o.hasGroup))
	}
	return compareRef(&k.group, &o.group)
}

func (k *kind) compare(o *kind) int {
	return cmp.Or(k.comparePart(o), strings.Compare(k.reason, o.reason), strings.Compare(k.rule, o.rule))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func compareSubject(a, b *subject) int {
	return cmp.Or(compareBool(a.hasUser, b.hasUser), compareRef(&a.user, &b.user), strings.Compare(a.person, b.person))
}

func compareRef(a, b *Ref) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
}
