package kept

import "container/list"

// byUse holds items up to a number of bytes. The one that was not asked for longest
// goes first.
type byUse struct {
	most, size int64
	order      *list.List // of *item, newest first
	index      map[Key]*item
}

// item is one resource that is kept. It was right at the time at; groups are the marks of
// those that it shows.
type item struct {
	Shown
	at     uint64
	groups []uint16
	keys   []Key
	place  *list.Element
}

// overhead is roughly what an item costs beside its texts.
const overhead = 400

func (x *item) bytes() int64 {
	n := overhead + len(x.Body) + len(x.ID) + len(x.Version) + 2*len(x.groups)
	for _, k := range x.keys {
		n += 2*len(k.Value) + 64
	}
	return int64(n)
}

func (b *byUse) start(most int64) {
	*b = byUse{most: most, order: list.New(), index: map[Key]*item{}}
}

func (b *byUse) find(key Key) *item {
	x := b.index[key]
	if x != nil {
		b.order.MoveToFront(x.place)
	}
	return x
}

// put takes the item in, in place of whatever has one of its keys.
func (b *byUse) put(x *item) {
	for _, k := range x.keys {
		if old := b.index[k]; old != nil {
			b.drop(old)
		}
	}
	for _, k := range x.keys {
		b.index[k] = x
	}
	x.place = b.order.PushFront(x)
	for b.size += x.bytes(); b.size > b.most; {
		b.drop(b.order.Back().Value.(*item))
	}
}

// forget drops a resource, in every way it was shown.
func (b *byUse) forget(id string) {
	for _, face := range []bool{false, true} {
		if x := b.index[Key{face, ID, id}]; x != nil {
			b.drop(x)
		}
	}
}

func (b *byUse) drop(x *item) {
	b.order.Remove(x.place)
	for _, k := range x.keys {
		if b.index[k] == x {
			delete(b.index, k)
		}
	}
	b.size -= x.bytes()
}
