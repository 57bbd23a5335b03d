package mirror

import (
	"bytes"
	"hash/maphash"
	"slices"

	"syncgateway/core/store"
)

// entry is what the index knows of one record.
type entry struct {
	n     store.ID
	flags store.Flags
	known bool // in the store before this read
	seen  bool // in this read
	// removed: a delta read named it as gone, and it was not gone before.
	removed bool
	fp      [16]byte
	end     int // of its own id, in the arena; it begins where the one before ends
}

// gone reports whether the record is not there any more.
func (e *entry) gone() bool { return e.flags.Has(store.Gone) }

// index finds records of one endpoint by their own ids. For a full read it is loaded
// whole; otherwise records are fetched as they are met. It holds no pointers that a
// garbage collection would have to follow, and takes about fifty bytes a record.
//
// Places are positions of entries, 0 for none. A pointer to an entry is valid until the
// next one is added.
type index struct {
	whole   bool
	seed    maphash.Seed // ids are hostile
	entries []entry      // the first is none
	arena   []byte       // all own ids, one behind another
	table   []uint32     // places by hash, with open addressing; 0 is free
	byID    idPlaces     // of the known records, where the index is whole
}

// newIndex makes an index with room for so many records.
func newIndex(room int) *index {
	x := &index{seed: maphash.MakeSeed(), entries: make([]entry, 1, room+1), arena: make([]byte, 0, room*20)}
	x.rehash(room)
	return x
}

// mostLoad is how full the table may be, in percent.
const mostLoad = 70

// rehash gives the table room for so many records.
func (x *index) rehash(room int) {
	size := 16
	for size*mostLoad/100 < room {
		size *= 2
	}
	x.table = make([]uint32, size)
	for at := 1; at < len(x.entries); at++ {
		id := x.bytes(at)
		slot := x.slot(maphash.Bytes(x.seed, id))
		for x.table[slot] != 0 {
			slot = x.after(slot)
		}
		x.table[slot] = uint32(at)
	}
}

func (x *index) slot(hash uint64) int { return int(hash & uint64(len(x.table)-1)) }

func (x *index) after(slot int) int { return (slot + 1) & (len(x.table) - 1) }

func (x *index) bytes(at int) []byte { return x.arena[x.entries[at-1].end:x.entries[at].end] }

// ext is the record's own id.
func (x *index) ext(at int) string { return string(x.bytes(at)) }

// find returns the place of a record, 0 when there is none.
func (x *index) find(ext string) int {
	for slot := x.slot(maphash.String(x.seed, ext)); ; slot = x.after(slot) {
		at := int(x.table[slot])
		if at == 0 || string(x.bytes(at)) == ext {
			return at
		}
	}
}

// findBehind is find, for a record that most likely comes behind the one at a place.
func (x *index) findBehind(last int, ext string) int {
	if at := last + 1; at < len(x.entries) && string(x.bytes(at)) == ext {
		return at
	}
	return x.find(ext)
}

// findBytes is find.
func (x *index) findBytes(ext []byte) int {
	for slot := x.slot(maphash.Bytes(x.seed, ext)); ; slot = x.after(slot) {
		at := int(x.table[slot])
		if at == 0 || bytes.Equal(x.bytes(at), ext) {
			return at
		}
	}
}

// get returns the entry of a record, nil when there is none.
func (x *index) get(ext string) *entry {
	if at := x.find(ext); at != 0 {
		return &x.entries[at]
	}
	return nil
}

// add takes in a record that the index does not have, and returns its place.
func (x *index) add(ext string, e entry) int {
	at := len(x.entries)
	x.arena = append(x.arena, ext...)
	e.end = len(x.arena)
	x.entries = append(x.entries, e)
	if at > len(x.table)*mostLoad/100 {
		x.rehash(2 * at)
		return at
	}
	slot := x.slot(maphash.String(x.seed, ext))
	for x.table[slot] != 0 {
		slot = x.after(slot)
	}
	x.table[slot] = uint32(at)
	return at
}

// load takes in a record of the store, which the index does not have.
func (x *index) load(h store.Head) {
	at := x.add(h.Ext, entry{n: h.N, flags: h.Flags, fp: h.Fingerprint, known: true})
	if x.whole {
		x.byID.put(h.N, at)
	}
}

// head is the record as the store has it.
func (x *index) head(at int) store.Head {
	e := &x.entries[at]
	return store.Head{N: e.n, Ext: x.ext(at), Fingerprint: e.fp, Flags: e.flags}
}

// missing returns the ids that must be fetched before they can be found.
func (x *index) missing(exts []string) []string {
	if x.whole {
		return nil
	}
	var out []string
	for _, ext := range exts {
		if x.find(ext) == 0 {
			out = append(out, ext)
		}
	}
	return out
}

// pick returns the places of the entries that accept accepts.
func (x *index) pick(accept func(*entry) bool) (places []int) {
	for at := 1; at < len(x.entries); at++ {
		if accept(&x.entries[at]) {
			places = append(places, at)
		}
	}
	return places
}

// count counts the entries that accept accepts.
func (x *index) count(accept func(*entry) bool) int {
	n := 0
	for at := 1; at < len(x.entries); at++ {
		if accept(&x.entries[at]) {
			n++
		}
	}
	return n
}

// heads are the records of places, as the store has them.
func (x *index) heads(places []int) []store.Head {
	out := make([]store.Head, len(places))
	for i, at := range places {
		out[i] = x.head(at)
	}
	return out
}

// exts are the ids of the entries that accept accepts, sorted.
func (x *index) exts(accept func(*entry) bool) (exts []string) {
	for _, at := range x.pick(accept) {
		exts = append(exts, x.ext(at))
	}
	slices.Sort(exts)
	return exts
}

// vanished are the records that were there, and were not shown.
func (x *index) vanished() []string {
	return x.exts(func(e *entry) bool { return e.known && !e.seen && !e.gone() })
}

// idPlaces finds places by interned ids. The ids of one endpoint are dense, and those of
// others lie between: only blocks that are used take room.
type idPlaces struct{ blocks [][]uint32 }

const idBlock = 1 << 10

func (b *idPlaces) put(n store.ID, at int) {
	block := int(n / idBlock)
	if block >= len(b.blocks) {
		b.blocks = append(b.blocks, make([][]uint32, block+1-len(b.blocks))...)
	}
	if b.blocks[block] == nil {
		b.blocks[block] = make([]uint32, idBlock)
	}
	b.blocks[block][n%idBlock] = uint32(at)
}

// at is the place of an interned id, 0 when there is none.
func (b *idPlaces) at(n store.ID) int {
	block := int(n / idBlock)
	if block >= len(b.blocks) || b.blocks[block] == nil {
		return 0
	}
	return int(b.blocks[block][n%idBlock])
}
