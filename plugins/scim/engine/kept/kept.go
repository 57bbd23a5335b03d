// Package kept remembers resources as they were shown, so that they are shown again
// without asking the directory. What it returns is never older than what somebody has
// seen already: a write is announced before it is sent, which ends what is kept of its
// resources and of all that show them, and until it is answered nothing is kept of either.
// Nor is what was read before.
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

	mu     sync.Mutex
	clock  uint64 // counts the beginnings and ends of writes
	own    marks  // of resources
	groups marks  // of groups, for those who show them
	by     byUse
}

// marks are by the hash of an id. That ids share one costs a look at the directory, and
// no more.
type marks [1 << 16]mark

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

// ID is the attribute of a resource's id.
const ID = "id"

// Key is what a resource is found by: its id, or a value that no two resources share.
// Face tells ways of showing it apart.
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
	ours uint64 // not 0: when the write ended that it was read from, and which nobody else's overlapped
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
	if !k.groupsStand(x.at, x.groups) {
		k.by.drop(x)
		return Shown{}, false
	}
	return x.Shown, true
}

// Keep remembers a resource that was read at a moment, under its keys, of which its id
// is one. groups are the ids of the groups that it shows.
func (k *Kept) Keep(m Moment, s Shown, keys []Key, groups []string) {
	x := &item{Shown: s, keys: keys, groups: make([]uint16, len(groups))}
	for i, id := range groups {
		x.groups[i] = k.mark(id)
	}
	own := &k.own[k.mark(s.ID)]
	k.mu.Lock()
	defer k.mu.Unlock()
	if own.busy == 0 && (own.changed <= m.at || own.changed == m.ours) && k.groupsStand(m.at, x.groups) {
		x.at = k.clock
		k.by.put(x)
	}
}

// groupsStand reports whether nothing of the groups has changed since then, or is
// changing.
func (k *Kept) groupsStand(since uint64, groups []uint16) bool {
	for _, i := range groups {
		if x := &k.groups[i]; x.busy > 0 || x.changed > since {
			return false
		}
	}
	return true
}

// Write is a change on its way to the directory.
type Write struct {
	kept        *Kept
	began       uint64
	own, groups []uint16 // each once
}

// Begin is called before a write is sent, with all ids of which it changes the resource, or
// the groups that it is in. Those among others may be groups, and what shows them changes
// as well.
func (k *Kept) Begin(users, others []string) *Write {
	w := &Write{kept: k, groups: k.marksOf(others), own: k.marksOf(append(others[:len(others):len(others)], users...))}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clock++
	w.began = k.clock
	k.own.begin(w.own, k.clock)
	k.groups.begin(w.groups, k.clock)
	for _, list := range [][]string{users, others} {
		for _, id := range list {
			k.by.forget(id)
		}
	}
	return w
}

// End is called when the write was answered, be it that it was refused. It returns the
// moment at which the answer shows the resource with the id.
func (w *Write) End(id string) Moment {
	k := w.kept
	own := &k.own[k.mark(id)]
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clock++
	m := Moment{at: w.began}
	if own.busy == 1 && own.changed == w.began {
		m.ours = k.clock
	}
	k.own.end(w.own, k.clock)
	k.groups.end(w.groups, k.clock)
	return m
}

func (m *marks) begin(list []uint16, now uint64) {
	for _, i := range list {
		m[i] = mark{now, m[i].busy + 1}
	}
}

func (m *marks) end(list []uint16, now uint64) {
	for _, i := range list {
		m[i] = mark{now, m[i].busy - 1}
	}
}

func (k *Kept) marksOf(ids []string) []uint16 {
	out := make([]uint16, len(ids))
	for i, id := range ids {
		out[i] = k.mark(id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (k *Kept) mark(id string) uint16 { return uint16(maphash.String(k.seed, id)) }
