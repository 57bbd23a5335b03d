package mirror

import (
	"syncgateway/core/store"
)

// entry is what the index knows of one record.
type entry struct {
	head  store.Head
	known bool // in the store before this read
	seen  bool // in this read
	// removed: a delta read named it as gone, and it was not gone before.
	removed bool
}

// index finds records of one endpoint by their own ids. For a full read it is loaded
// whole; otherwise records are fetched as they are met.
type index struct {
	byExt map[string]*entry
	whole bool
}

func newIndex() *index { return &index{byExt: map[string]*entry{}} }

func (x *index) load(h store.Head) {
	x.byExt[h.Ext] = &entry{head: h, known: true}
}

// missing returns the ids that must be fetched before they can be found.
func (x *index) missing(exts []string) []string {
	if x.whole {
		return nil
	}
	var out []string
	for _, ext := range exts {
		if x.byExt[ext] == nil {
			out = append(out, ext)
		}
	}
	return out
}

// ids of the entries that pick accepts, in no particular order.
func (x *index) pick(accept func(*entry) bool) []store.Head {
	var out []store.Head
	for _, e := range x.byExt {
		if accept(e) {
			out = append(out, e.head)
		}
	}
	return out
}

func (x *index) count(accept func(*entry) bool) int {
	n := 0
	for _, e := range x.byExt {
		if accept(e) {
			n++
		}
	}
	return n
}
