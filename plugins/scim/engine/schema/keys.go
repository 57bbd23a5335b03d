package schema

import (
	"crypto/sha256"
	"encoding/hex"

	"syncgateway/plugins/scim/engine/value"
)

// Key is what the directory finds a resource by.
type Key struct {
	Attribute string
	Value     string
	Unique    bool
}

// The attributes the directory answers for by itself.
const (
	KeyID     = "id"
	KeyMember = "member"
)

// longestKey is how long a value may be to be its own key; of longer ones the key is a
// digest.
const longestKey = 256

// Key is the key under which a resource with this text at the path is found. ok is
// false when there is no index for the path.
func (r Ref) Key(text string) (k Key, ok bool) {
	r = r.Compared()
	a := r.Leaf()
	switch {
	case r.Attr == nil || !a.Textual() || text == "":
		return Key{}, false
	case r.Ext == nil && r.Attr.Name == "id":
		return Key{Attribute: KeyID, Value: text}, true
	case r.Attr.Relation && r.Attr.Mutability != ReadOnly && r.Sub != nil && r.Sub.Name == "value":
		return Key{Attribute: KeyMember, Value: text}, true
	case !a.Indexed && !a.Unique() || r.Attr.Relation:
		return Key{}, false
	}
	if !a.CaseExact {
		text = value.Fold(text)
	}
	if len(text) > longestKey {
		sum := sha256.Sum256([]byte(text))
		text = "sha256:" + hex.EncodeToString(sum[:])
	}
	return Key{Attribute: r.String(), Value: text, Unique: a.Unique()}, true
}

// Keys are all the keys of a document, each once.
func (t *ResourceType) Keys(doc value.Object) []Key {
	var keys []Key
	seen := map[Key]bool{}
	add := func(r Ref, v any) {
		s, ok := v.(string)
		if !ok || s == "" {
			return
		}
		if k, ok := r.Key(s); ok && !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	for _, r := range t.indexed() {
		v := At(doc, Ref{Ext: r.Ext, Attr: r.Attr})
		list, many := v.([]any)
		if !many {
			list = []any{v}
		}
		for _, e := range list {
			if o, ok := e.(value.Object); ok && r.Sub != nil {
				e = o.Get(r.Sub.Name)
			}
			add(r, e)
		}
	}
	return keys
}

// indexed are the paths that the directory finds documents by.
func (t *ResourceType) indexed() []Ref {
	t.once.Do(func() {
		t.Walk(func(r Ref) {
			if a := r.Leaf(); a.Indexed || a.Unique() {
				t.keyed = append(t.keyed, r)
			}
		})
	})
	return t.keyed
}

// Uniques names the attributes that no two resources may share, for a message.
func (t *ResourceType) Uniques() []string {
	var names []string
	for _, r := range t.indexed() {
		if r.Leaf().Unique() {
			names = append(names, r.String())
		}
	}
	return names
}
