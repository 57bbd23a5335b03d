package plan

import (
	"iter"
	"slices"
	"strings"

	"syncgateway/core/idset"
)

// Steps are the steps of a plan, packed: the first sync of a large company has more
// than a million, which say much the same. A step is a row of twelve bytes; whom it is
// about and what it is about them (the class, the group, the reason) are kept once, and
// what only some steps have (Account, Changes, Before) as bytes. The zero value is empty
// and ready to use.
//
// A copy shares everything with the original: only one of them may be added to or sorted
// after that.
type Steps struct {
	rows []row
	t    *tables
}

// row is a step. The numbers of whom and of the details are one off: 0 is none.
type row struct {
	kind   uint32
	who    uint32
	detail uint32
}

// tables have what rows point to.
type tables struct {
	kinds   []kind
	who     []subject
	details arena
	byKind  map[kind]uint32
	byRef   map[refKey]uint32  // a short cut: kinds by what they were last made of
	byWho   map[subject]uint32 // nil: only the last one is compared with
}

func newTables() *tables { return &tables{byKind: map[kind]uint32{}, byRef: map[refKey]uint32{}} }

type refKey struct {
	class Class
	group *Ref
}

// kind is what many steps have in common: all but whom they are about.
type kind struct {
	class    Class
	undo     reversal
	hasGroup bool
	g        idset.ID
	group    Ref
	reason   string
	rule     string
}

// subject is whom a step is about: the person, and their account where it names one.
type subject struct {
	person  string
	user    Ref
	hasUser bool
	p, n    idset.ID
}

// Pack makes Steps of single ones.
func Pack(steps ...Step) Steps {
	var s Steps
	s.AddAll(steps...)
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
	s.rows = append(s.rows, row{kind: s.t.kindOf(&st.Head), who: s.t.whoOf(&st.Head), detail: s.t.details.add(st)})
}

// AddAll appends steps, in order.
func (s *Steps) AddAll(steps ...Step) {
	for i := range steps {
		s.Add(&steps[i])
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
	x.own()
	t.who = append(t.who, x)
	if t.byWho != nil {
		t.byWho[x] = uint32(len(t.who))
	}
	return uint32(len(t.who))
}

// own copies the texts, which may be parts of larger ones.
func (x *subject) own() {
	x.person, x.user.ID, x.user.Note = strings.Clone(x.person), strings.Clone(x.user.ID), strings.Clone(x.user.Note)
	if x.user.Name == x.person {
		x.user.Name = x.person
	} else {
		x.user.Name = strings.Clone(x.user.Name)
	}
}

func (t *tables) kindOf(h *Head) uint32 {
	x := kind{class: h.Class, undo: reversalOf(h.Undo), reason: h.Reason, rule: h.Rule}
	if h.Group != nil {
		x.hasGroup, x.g, x.group = true, h.G, *h.Group
	}
	key := refKey{h.Class, h.Group}
	if n, known := t.byRef[key]; known && t.kinds[n] == x {
		return n
	}
	n, known := t.byKind[x]
	if !known {
		n = uint32(len(t.kinds))
		t.kinds = append(t.kinds, x)
		t.byKind[x] = n
	}
	if t.byRef != nil {
		t.byRef[key] = n
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
	*h = s.t.kinds[r.kind].head()
	if r.who > 0 {
		x := &s.t.who[r.who-1]
		h.Person, h.P, h.N = x.person, x.p, x.n
		if x.hasUser {
			h.User = &x.user
		}
	}
}

func (k *kind) head() Head {
	h := Head{Class: k.class, Undo: reversalNames[k.undo], Reason: k.reason, Rule: k.rule}
	if k.hasGroup {
		h.Group, h.G = &k.group, k.g
	}
	return h
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

// Kinds gives what the steps do, without whom they do it for, and how many steps of each
// there are. It takes much less time than a look at every step.
func (s *Steps) Kinds() iter.Seq2[*Head, int] {
	return func(yield func(*Head, int) bool) {
		if s.t == nil {
			return
		}
		counts := make([]int, len(s.t.kinds))
		for i := range s.rows {
			counts[s.rows[i].kind]++
		}
		for i, n := range counts {
			if h := s.t.kinds[i].head(); n > 0 && !yield(&h, n) {
				return
			}
		}
	}
}

// Of gives the steps, as Heads does, of the kinds that is holds of. It is asked once for
// each kind.
func (s *Steps) Of(is func(*Head) bool) iter.Seq2[int, *Head] {
	return func(yield func(int, *Head) bool) {
		if s.t == nil {
			return
		}
		of, some := make([]bool, len(s.t.kinds)), false
		for i := range of {
			h := s.t.kinds[i].head()
			of[i] = is(&h)
			some = some || of[i]
		}
		var h Head
		for i := range s.rows {
			if !some {
				return
			}
			if of[s.rows[i].kind] {
				if s.head(i, &h); !yield(i, &h) {
					return
				}
			}
		}
	}
}

// Contains reports whether is holds of a kind that the steps have.
func (s *Steps) Contains(is func(*Head) bool) bool {
	for h := range s.Kinds() {
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

// SetUndo says what taking back the steps of each class would be, also those of copies.
func (s *Steps) SetUndo(of func(Class) Reversal) {
	if s.t == nil {
		return
	}
	for i := range s.t.kinds {
		s.t.kinds[i].undo = reversalOf(of(s.t.kinds[i].class))
	}
	clear(s.t.byKind)
	for i, k := range s.t.kinds {
		s.t.byKind[k] = uint32(i)
	}
}

// reversal is a Reversal as a row has it.
type reversal uint8

var reversalNames = [...]Reversal{"", Exact, Lossy, Irreversible}

func reversalOf(r Reversal) reversal {
	return reversal(max(slices.Index(reversalNames[:], r), 0))
}
