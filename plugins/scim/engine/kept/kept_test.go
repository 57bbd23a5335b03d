package kept

import (
	"fmt"
	"testing"
)

func byID(id string) Key { return Key{Attribute: ID, Value: id} }

func keep(k *Kept, m Moment, id, body string, groups ...string) {
	k.Keep(m, Shown{ID: id, Body: []byte(body)}, []Key{byID(id), {Attribute: "userName", Value: "name of " + id}}, groups)
}

// want checks what is found under both keys; "" means nothing.
func want(t *testing.T, k *Kept, id, body string) {
	t.Helper()
	for _, key := range []Key{byID(id), {Attribute: "userName", Value: "name of " + id}} {
		if s, ok := k.Find(key); string(s.Body) != body || ok != (body != "") {
			t.Errorf("%v: %q, want %q", key, s.Body, body)
		}
	}
}

func TestAWriteUnderWayIsNotOvertaken(t *testing.T) {
	k := New(1 << 20)
	keep(k, k.Now(), "u", "old")
	want(t, k, "u", "old")
	early := k.Now()
	w := k.Begin([]string{"u"}, nil)
	late := k.Now()
	want(t, k, "u", "") // others may have seen what the write did
	keep(k, late, "u", "old or new")
	want(t, k, "u", "")
	m := w.End("u")
	for _, before := range []Moment{early, late} { // read before it was done, kept after
		keep(k, before, "u", "old or new")
		want(t, k, "u", "")
	}
	keep(k, m, "u", "new")
	want(t, k, "u", "new")
	keep(k, k.Now(), "u", "newer")
	want(t, k, "u", "newer")
}

func TestAnswersOfWritesThatOverlap(t *testing.T) {
	k := New(1 << 20)
	first, second := k.Begin([]string{"u"}, nil), k.Begin([]string{"u"}, nil)
	keep(k, first.End("u"), "u", "either")
	keep(k, second.End("u"), "u", "either")
	want(t, k, "u", "")
	w := k.Begin([]string{"u"}, nil)
	group := k.Begin(nil, []string{"g"})
	group.End("")
	keep(k, w.End("u"), "u", "with the group's old or new name", "g")
	want(t, k, "u", "")
	w = k.Begin([]string{"u"}, nil)
	m := w.End("u")
	k.Begin([]string{"u"}, nil).End("")
	keep(k, m, "u", "old")
	want(t, k, "u", "")
}

func TestGroupsAreDependedOn(t *testing.T) {
	k := New(1 << 20)
	for k.mark("f") == k.mark("g") || k.mark("f") == k.mark("h") {
		k = New(1 << 20) // by chance v would go as well
	}
	keep(k, k.Now(), "u", "in g", "f", "g")
	keep(k, k.Now(), "v", "in f", "f")
	w := k.Begin(nil, []string{"g", "h", "g"})
	want(t, k, "u", "")
	during := k.Now()
	keep(k, during, "u", "in g or not", "f", "g")
	want(t, k, "u", "")
	w.End("h")
	keep(k, during, "u", "in g or not", "f", "g")
	want(t, k, "u", "")
	want(t, k, "v", "in f")
}

func TestAnotherNameIsAnotherKey(t *testing.T) {
	k := New(1 << 20)
	k.Keep(k.Now(), Shown{ID: "u", Body: []byte("ada")}, []Key{byID("u"), {Attribute: "userName", Value: "ada"}}, nil)
	k.Begin([]string{"u"}, nil).End("u")
	k.Keep(k.Now(), Shown{ID: "u", Body: []byte("eve")}, []Key{byID("u"), {Attribute: "userName", Value: "eve"}}, nil)
	k.Keep(k.Now(), Shown{ID: "w", Body: []byte("ada")}, []Key{byID("w"), {Attribute: "userName", Value: "ada"}}, nil)
	for name, id := range map[string]string{"ada": "w", "eve": "u"} {
		if s, ok := k.Find(Key{Attribute: "userName", Value: name}); !ok || s.ID != id {
			t.Errorf("%s is %+v", name, s)
		}
	}
	if _, ok := k.Find(Key{Face: true, Attribute: "userName", Value: "ada"}); ok {
		t.Error("found in a face it was not shown in")
	}
}

// The bytes are kept to, and what is asked for stays.
func TestIsBounded(t *testing.T) {
	const most = 100_000
	k := New(most)
	for i := range 1000 {
		keep(k, k.Now(), fmt.Sprint("u", i), fmt.Sprintf("%500d", i))
		if i > 0 {
			k.Find(byID("u0"))
		}
	}
	if _, ok := k.Find(byID("u0")); !ok {
		t.Error("what was asked for all the time went")
	}
	var sum int64
	for e := k.by.order.Front(); e != nil; e = e.Next() {
		sum += e.Value.(*item).bytes()
	}
	if n := k.by.order.Len(); sum != k.by.size || sum > most || n < 50 || len(k.by.index) != 2*n {
		t.Errorf("%d items under %d keys of %d bytes, %d counted", n, len(k.by.index), sum, k.by.size)
	}
	keep(k, k.Now(), "large", string(make([]byte, 2*most)))
	if k.by.size != 0 || len(k.by.index) != 0 {
		t.Errorf("%d bytes are left", k.by.size)
	}
}

// Others of the same mark stay.
func TestAWriteEndsItsOwnAlone(t *testing.T) {
	k := New(1 << 20)
	const of = 200_000
	keep(k, k.Now(), "u", "kept", "g")
	for i := range of {
		k.Begin([]string{fmt.Sprint("v", i)}, nil).End("")
	}
	want(t, k, "u", "kept")
}
