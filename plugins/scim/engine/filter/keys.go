package filter

import "syncgateway/plugins/scim/engine/schema"

// mostBranches bounds how many look-ups one filter becomes; with more, reading
// everything is no worse.
const mostBranches = 32

// Keys says how an index answers the filter: what meets it is among what has all the
// keys of one branch. Without branches everything must be read. exact means that what
// the keys find meets the filter, and nothing is left to be evaluated.
func (f *Filter) Keys() (branches [][]schema.Key, exact bool) {
	branches, exact = keys(f.of.Resolve, f.node)
	if len(branches) > mostBranches {
		return nil, false
	}
	return branches, exact
}

type resolver func(string) (schema.Ref, bool)

func keys(resolve resolver, n Node) (branches [][]schema.Key, exact bool) {
	switch x := n.(type) {
	case *Compare:
		r, ok := resolve(x.Path)
		if !ok || x.Op != Eq || x.Literal.Value == nil {
			return nil, false
		}
		k, ok := r.Key(x.Literal.Text)
		if !ok {
			return nil, false
		}
		return [][]schema.Key{{k}}, true
	case *Within:
		return within(resolve, x)
	case Or:
		exact = true
		for _, part := range x {
			more, whole := keys(resolve, part)
			if more == nil {
				return nil, false
			}
			branches, exact = append(branches, more...), exact && whole
		}
		return branches, exact
	case And:
		return conjunction(resolve, x)
	}
	return nil, false
}

// conjunction takes the keys of all parts that are one branch. Only where there are none
// does a part with several count.
func conjunction(resolve resolver, parts And) (branches [][]schema.Key, exact bool) {
	var all []schema.Key
	var widest [][]schema.Key
	exact = true
	for _, part := range parts {
		more, whole := keys(resolve, part)
		exact = exact && whole && len(more) == 1
		switch {
		case len(more) == 1:
			all = append(all, more[0]...)
		case widest == nil:
			widest = more
		}
	}
	if all == nil {
		return widest, false
	}
	return [][]schema.Key{all}, exact
}

// within takes the keys of what is asked of one element. They say that there are such
// elements, not that it is one: so only a single comparison is exact.
func within(resolve resolver, w *Within) ([][]schema.Key, bool) {
	r, ok := resolve(w.Path)
	if !ok || r.Attr == nil || r.Sub != nil {
		return nil, false
	}
	element := inside(r.Attr)
	branches, _ := keys(func(path string) (schema.Ref, bool) {
		sub, ok := element(path)
		if r.Attr.Type != schema.Complex {
			return schema.Ref{}, false
		}
		return schema.Ref{Ext: r.Ext, Attr: r.Attr, Sub: sub.Attr}, ok
	}, w.Node)
	_, single := w.Node.(*Compare)
	return branches, single && branches != nil
}
