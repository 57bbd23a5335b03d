package schema

import "strings"

// Ref is what an attribute path names. Ext is nil for the core schema and the common
// attributes; Attr is nil when the path is the URI of a schema alone; Sub is nil when
// the path ends at the attribute.
type Ref struct {
	Ext  *Schema
	Attr *Attribute
	Sub  *Attribute
}

// Leaf is the sub-attribute, or the attribute where there is none.
func (r Ref) Leaf() *Attribute {
	if r.Sub != nil {
		return r.Sub
	}
	return r.Attr
}

// Compared is r, or for a complex attribute its value: what a comparison without a
// sub-attribute means.
func (r Ref) Compared() Ref {
	if r.Sub == nil && r.Attr != nil && r.Attr.Type == Complex {
		r.Sub = r.Attr.Child("value")
	}
	return r
}

// String is the path in the spelling of the schema.
func (r Ref) String() string {
	var parts []string
	if r.Attr != nil {
		parts = append(parts, r.Attr.Name)
	}
	if r.Sub != nil {
		parts = append(parts, r.Sub.Name)
	}
	path := strings.Join(parts, ".")
	switch {
	case r.Ext == nil:
		return path
	case path == "":
		return r.Ext.ID
	}
	return r.Ext.ID + ":" + path
}

// Resolve finds what a path names: an attribute, name.sub, either with the URI of a
// schema and a colon before it, or a URI alone. Letter case does not matter. The
// longest URI counts, as URIs have colons and dots in them.
func (t *ResourceType) Resolve(path string) (Ref, bool) {
	ext, rest, found := t.cutURI(path)
	if rest == "" {
		return Ref{Ext: ext}, found
	}
	name, sub, dotted := strings.Cut(rest, ".")
	var a *Attribute
	if ext != nil {
		a = find(ext.Attributes, name)
	} else {
		a = t.Attribute(name)
	}
	if a == nil {
		return Ref{}, false
	}
	r := Ref{Ext: ext, Attr: a}
	if dotted {
		if r.Sub = a.Child(sub); r.Sub == nil {
			return Ref{}, false
		}
	}
	return r, true
}

// cutURI takes the longest URI of a schema off a path. found tells whether there was
// one; ext is nil for the core schema's.
func (t *ResourceType) cutURI(path string) (ext *Schema, rest string, found bool) {
	longest, rest := 0, path
	try := func(s *Schema, is *Schema) {
		for _, uri := range append([]string{s.ID}, s.Aliases...) {
			n := len(uri)
			if n <= longest || len(path) < n || !strings.EqualFold(path[:n], uri) {
				continue
			}
			if len(path) == n {
				ext, rest, found, longest = is, "", true, n
			} else if path[n] == ':' || path[n] == '.' {
				ext, rest, found, longest = is, path[n+1:], true, n
			}
		}
	}
	if !strings.Contains(path, ":") {
		return nil, path, false
	}
	try(t.Core, nil)
	for _, e := range t.Extensions {
		try(e.Schema, e.Schema)
	}
	return ext, rest, found
}

// Walk calls f for every attribute of the type that documents hold and for every
// sub-attribute, with what names it.
func (t *ResourceType) Walk(f func(Ref)) {
	each := func(ext *Schema, list []*Attribute) {
		for _, a := range list {
			f(Ref{Ext: ext, Attr: a})
			for _, s := range a.Sub {
				f(Ref{Ext: ext, Attr: a, Sub: s})
			}
		}
	}
	each(nil, []*Attribute{ExternalID})
	each(nil, t.Core.Attributes)
	for _, e := range t.Extensions {
		each(e.Schema, e.Schema.Attributes)
	}
}
