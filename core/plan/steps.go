package plan

import (
	"iter"
	"slices"

	"syncgateway/core/idset"
)

// Steps are the steps of a plan, packed: the first sync of a large company has more
// than a million, which say much the same. A step is a row of twenty bytes; whom and
// which group it is about, and why, are kept once, and what only some steps have
// (Account, Changes, Before) as bytes. The zero value is empty and ready to use.
//
// A copy shares everything with the original: only one of them may be added to or sorted
// after that.
type Steps struct {
	rows []row
	t    *tables
}

// row is a step. The numbers point into the tables, one off: 0 is none.
type row struct {
	class  Class
	undo   reversal
	who    uint32
	group  uint32
	why    uint32
	detail uint32
}

// tables have what rows point to. What is in them does not change any more.
type tables struct {
	who     []subject
	groups  []groupEntry
	whys    []why
	details arena
	byGroup map[groupEntry]uint32
	byWhy   map[why]uint32
	byWho   map[subject]uint32 // nil: only the last one is compared with
}

func newTables() *tables {
	return &tables{byGroup: map[groupEntry]uint32{}, byWhy: map[why]uint32{}}
}

// subject is whom a step is about: the person, and their account where it names one.
type subject struct {
	person  string
	user    Ref
	hasUser bool
	p, n    idset.ID
}

type groupEntry struct {
	ref Ref
	g   idset.ID
}

type why struct{ reason, rule string }

// Pack makes Steps of single ones.
func Pack(steps ...Step) Steps {
	var s Steps
	for i := range steps {
		s.Add(&steps[i])
	}
	return s
}

// Len is how many steps there are.
func (s *Steps) Len() int { return len(s.rows) }

// Add appends a step. Steps about one person take the least room when they are added
// one after the other.
func (s *Steps) Add(st *Step) {
	if s.t == nil {
		s.t = newTables()
	}
	s.rows = append(s.rows, row{class: st.Class, undo: reversalOf(st.Undo), who: s.t.whoOf(&st.Head), group: s.t.groupOf(&st.Head),
		why: s.t.whyOf(why{st.Reason, st.Rule}), detail: s.t.details.add(st)})
}

// AddAll appends the steps of another.
func (s *Steps) AddAll(o Steps) {
	for st := range o.All() {
		s.Add(st)
	}
}

func (t *tables) whoOf(h *Head) uint32 {
	if h.User == nil && h.Person == "" && h.P == 0 && h.N == 0 {
		return 0
	}
	x := subject{person: h.Person, p: h.P, n: h.N}
	if h.User != nil {
		x.user, x.hasUser = *h.User, true
	}
	if last := len(t.who); last > 0 && t.who[last-1] == x {
		return uint32(last)
	}
	if known := t.byWho[x]; known != 0 {
		return known
	}
	if x.user.Name == x.person {
		x.user.Name = x.person // one text in memory
	}
	t.who = append(t.who, x)
	if t.byWho != nil {
		t.byWho[x] = uint32(len(t.who))
	}
	return uint32(len(t.who))
}

func (t *tables) groupOf(h *Head) uint32 {
	if h.Group == nil {
		return 0
	}
	x := groupEntry{*h.Group, h.G}
	n := t.byGroup[x]
	if n == 0 {
		t.groups = append(t.groups, x)
		n = uint32(len(t.groups))
		t.byGroup[x] = n
	}
	return n
}

func (t *tables) whyOf(x why) uint32 {
	if last := len(t.whys); last > 0 && t.whys[last-1] == x {
		return uint32(last)
	}
	n := t.byWhy[x]
	if n == 0 {
		t.whys = append(t.whys, x)
		n = uint32(len(t.whys))
		t.byWhy[x] = n
	}
	return n
}

// Heads gives every step without what only some have, in order. What it points to is
// good until the next one, and must not be changed.
func (s *Steps) Heads() iter.Seq2[int, *Head] {
	return func(yield func(int, *Head) bool) {
		var h Head
		for i := range s.rows {
			s.head(i, &h)
			if !yield(i, &h) {
				return
			}
		}
	}
}

// Head is the step at i, without what only some have.
func (s *Steps) Head(i int) (h Head) {
	s.head(i, &h)
	return h
}

func (s *Steps) head(i int, h *Head) {
	r := &s.rows[i]
	*h = Head{Class: r.class, Undo: reversalNames[r.undo]}
	if r.who > 0 {
		x := &s.t.who[r.who-1]
		h.Person, h.P, h.N = x.person, x.p, x.n
		if x.hasUser {
			h.User = &x.user
		}
	}
	if r.group > 0 {
		x := &s.t.groups[r.group-1]
		h.Group, h.G = &x.ref, x.g
	}
	w := &s.t.whys[r.why-1]
	h.Reason, h.Rule = w.reason, w.rule
}

// All gives every step, whole, in order. Each is the receiver's own.
func (s *Steps) All() iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		for i := range s.rows {
			st := s.At(i)
			if !yield(&st) {
				return
			}
		}
	}
}

// At is the step at i, whole.
func (s *Steps) At(i int) (st Step) {
	s.head(i, &st.Head)
	if at := s.rows[i].detail; at > 0 {
		s.t.details.get(at, &st)
	}
	return st
}

// List is every step, for few.
func (s *Steps) List() []Step {
	out := make([]Step, len(s.rows))
	for i := range out {
		out[i] = s.At(i)
	}
	return out
}

// Contains reports whether is holds of a step.
func (s *Steps) Contains(is func(*Head) bool) bool {
	for _, h := range s.Heads() {
		if is(h) {
			return true
		}
	}
	return false
}

// Where are the steps that keep lets through.
func (s *Steps) Where(keep func(*Head) bool) Steps {
	for i, h := range s.Heads() {
		if !keep(h) {
			return s.filtered(i, keep)
		}
	}
	return Steps{rows: slices.Clip(s.rows), t: s.t}
}

// filtered keeps those before i, and of those behind it what keep lets through.
func (s *Steps) filtered(i int, keep func(*Head) bool) Steps {
	out := Steps{rows: slices.Clone(s.rows[:i]), t: s.t}
	var h Head
	for i++; i < len(s.rows); i++ {
		if s.head(i, &h); keep(&h) {
			out.rows = append(out.rows, s.rows[i])
		}
	}
	return out
}

// SetUndo says what taking back the steps of each class would be.
func (s *Steps) SetUndo(of func(Class) Reversal) {
	byClass := map[Class]reversal{}
	for _, c := range Classes() {
		byClass[c] = reversalOf(of(c))
	}
	for i := range s.rows {
		s.rows[i].undo = byClass[s.rows[i].class]
	}
}

// reversal is a Reversal as a row has it.
type reversal uint8

var reversalNames = [...]Reversal{"", Exact, Lossy, Irreversible}

func reversalOf(r Reversal) reversal {
	return reversal(max(slices.Index(reversalNames[:], r), 0))
}
