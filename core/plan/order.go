package plan

import (
	"cmp"
	"slices"
	"strings"
)

// sort puts the steps in order: by class, group, account, person, reason. What the tables
// have is ranked by its names first, so that a million steps are sorted by numbers: into
// parts of one class and group, and then each part, which often is in order already.
func (s *Steps) sort() {
	if len(s.rows) == 0 {
		return
	}
	groups := ranks(len(s.t.groups), func(a, b int) int { return compareRef(&s.t.groups[a].ref, &s.t.groups[b].ref) })
	who := ranks(len(s.t.who), func(a, b int) int { return compareSubject(&s.t.who[a], &s.t.who[b]) })
	whys := ranks(len(s.t.whys), func(a, b int) int { return compareWhy(&s.t.whys[a], &s.t.whys[b]) })
	part := func(r *row) int { return int(r.class)*len(groups) + int(groups[r.group]) }
	begins := make([]int, len(classNames)*len(groups)+1)
	for i := range s.rows {
		begins[part(&s.rows[i])+1]++
	}
	for i := range begins[1:] {
		begins[i+1] += begins[i]
	}
	out, next := make([]row, len(s.rows)), slices.Clone(begins)
	for i := range s.rows {
		p := part(&s.rows[i])
		out[next[p]] = s.rows[i]
		next[p]++
	}
	for i := range begins[1:] {
		slices.SortStableFunc(out[begins[i]:begins[i+1]], func(a, b row) int {
			if x, y := who[a.who], who[b.who]; x != y {
				return cmp.Compare(x, y)
			}
			return cmp.Compare(whys[a.why], whys[b.why])
		})
	}
	s.rows = out
}

// ranks gives each of n entries, counted from one, its rank; what compares equal shares
// one. Entry 0, which is none, comes first.
func ranks(n int, compare func(a, b int) int) []uint32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return compare(int(a), int(b)) })
	rank := make([]uint32, n+1)
	for i, at := range order {
		rank[at+1] = uint32(i + 1)
		if i > 0 && compare(int(order[i-1]), int(at)) == 0 {
			rank[at+1] = rank[order[i-1]+1]
		}
	}
	return rank
}

func compareSubject(a, b *subject) int {
	if a.hasUser != b.hasUser {
		if a.hasUser {
			return 1
		}
		return -1
	}
	return cmp.Or(compareRef(&a.user, &b.user), strings.Compare(a.person, b.person))
}

func compareWhy(a, b *why) int {
	return cmp.Or(strings.Compare(a.reason, b.reason), strings.Compare(a.rule, b.rule))
}

func compareRef(a, b *Ref) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
}
