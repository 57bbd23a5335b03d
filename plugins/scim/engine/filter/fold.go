package filter

import (
	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// folder remembers the texts it folded, since the terms of a filter mostly look at the
// same: the last one, or the values of an attribute that may have several. A tied filter is
// for one goroutine.
type folder struct {
	text, folded string
	several      map[string]string
}

// mostFolded is how many texts are remembered.
const mostFolded = 2000

func (f *folder) fold(s string) string {
	if s == f.text {
		return f.folded
	}
	folded, known := f.several[s]
	if !known {
		if folded = value.Fold(s); len(f.several) >= mostFolded {
			clear(f.several)
		}
		if f.several != nil {
			f.several[s] = folded
		}
	}
	f.text, f.folded = s, folded
	return folded
}

// form is how text at a path is compared.
func (c *compiler) form(r schema.Ref) func(string) string {
	a := r.Leaf()
	switch {
	case a.CaseExact:
		return func(s string) string { return s }
	case !c.many:
		return value.Fold
	}
	if c.folders == nil {
		c.folders = map[*schema.Attribute]*folder{}
	}
	if c.folders[a] == nil {
		c.folders[a] = &folder{}
		if c.several || r.Attr.MultiValued {
			c.folders[a].several = map[string]string{}
		}
	}
	return c.folders[a].fold
}
