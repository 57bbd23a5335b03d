// Package kept remembers resources as they were shown, so that they are shown again
// without asking the directory. What it returns is never older than what somebody has
// seen already: a resource depends on marks (its own, those of the groups it shows), a
// write has its marks busy from before it is sent until it is answered, and what was read
// while a mark was busy or before it changed is not kept and not shown.
//
// It holds in memory what the directory has acknowledged and nothing else, and is right
// only as long as every write to the directory passes through it. It knows nothing of
// what resources look like.
package kept

import (
	"hash/maphash"
	"slices"
	"sync"
)

// Kept is the resources that are remembered. It is safe for concurrent use.
type Kept struct {
	seed maphash.Seed

	mu    sync.Mutex
	clock uint64 // counts the beginnings and ends of writes
	marks [1 << 16]mark
	by    byUse
}

// mark stands for all ids with one hash. That ids share one costs a look at the
// directory, and no more.
type mark struct {
	changed uint64 // when a write began or ended last
	busy    int32  // writes on their way
}

// New remembers up to so many bytes.
func New(bytes int64) *Kept {
	k := &Kept{seed: maphash.MakeSeed()}
	k.by.start(bytes)
	return k
}

// Key is what a resource is found by: its id, or a value that no two resources share.
// Attribute "" is the id. Face tells ways of showing it apart.
type Key struct {
	Face      bool
	Attribute string
	Value     string
}

// Shown is a resource as it was shown. Body is not to be changed.
type Shown struct {
	ID      string
	Version string
	Body    []byte
}

// Moment is a point in time that a resource was read at.
type Moment struct {
	at   uint64
	own  uint16 // a mark that changed later as well, at ours, by the write that was read from
	ours uint64 // 0: there is none
}

// Now is the moment before a read.
func (k *Kept) Now() Moment {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Moment{at: k.clock}
}

// Find returns what is kept under a key.
func (k *Kept) Find(key Key) (Shown, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	x := k.by.find(key)
	if x == nil {
		return Shown{}, false
	}
	if !k.current(Moment{at: x.at}, x.marks) {
		k.by.drop(x)
		return Shown{}, false
	}
	return x.Shown, true
}

// Keep remembers a resource that was read at a moment, under its keys. It depends on
// its id and on groups, the ids of the groups it shows.
func (k *Kept) Keep(m Moment, s Shown, keys []Key, groups []string) {
	marks := make([]uint16, 1, 1+len(groups))
	marks[0] = k.mark(s.ID)
	for _, id := range groups {
		marks = append(marks, k.mark(id))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current(m, marks) {
		k.by.put(&item{Shown: s, at: k.clock, marks: marks, keys: keys})
	}
}

// current reports whether nothing that these marks stand for has changed since the
// moment, or is changing.
func (k *Kept) current(m Moment, marks []uint16) bool {
	for _, i := range marks {
		x := &k.marks[i]
		if x.busy > 0 || x.changed > m.at && !(i == m.own && x.changed == m.ours) {
			return false
		}
	}
	return true
}

// Write is a change on its way to the directory.
type Write struct {
	kept  *Kept
	began uint64
	marks []uint16
}

// Begin is called before a write is sent, with all ids whose resources it changes, or
// the groups of which.
func (k *Kept) Begin(ids []string) *Write {
	w := &Write{kept: k, marks: make([]uint16, len(ids))}
	for i, id := range ids {
		w.marks[i] = k.mark(id)
	}
	slices.Sort(w.marks)
	w.marks = slices.Compact(w.marks)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clock++
	w.began = k.clock
	for _, i := range w.marks {
		k.marks[i].changed, k.marks[i].busy = k.clock, k.marks[i].busy+1
	}
	return w
}

// End is called when the write was answered, be it that it was refused. It returns the
// moment at which the answer shows the resource with the id.
func (w *Write) End(id string) (m Moment) {
	k := w.kept
	own := k.mark(id)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clock++
	m.at = w.began
	for _, i := range w.marks {
		x := &k.marks[i]
		if i == own && x.busy == 1 && x.changed == w.began { // nobody else's write began or ended meanwhile
			m.own, m.ours = own, k.clock
		}
		x.changed, x.busy = k.clock, x.busy-1
	}
	return m
}

func (k *Kept) mark(id string) uint16 { return uint16(maphash.String(k.seed, id)) }
