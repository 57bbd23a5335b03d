package filter

import (
	"strings"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
)

// Filter is a filter tied to a type of resource. It is for one goroutine.
type Filter struct {
	root test
	node Node
	of   *schema.ResourceType
	refs []schema.Ref
}

// test is a part of a tied filter.
type test func(value.Object) bool

// Compile ties a filter to a type of resource. foreign tells of an attribute the type
// does not have whether it may be there nevertheless: then it has no value. Without it
// an unknown attribute is an error.
func Compile(t *schema.ResourceType, n Node, foreign func(path string) bool) (*Filter, error) {
	c := compiler{resolve: t.Resolve, foreign: foreign, many: Terms(n) > 1}
	root, err := c.node(n)
	if err != nil {
		return nil, err
	}
	return &Filter{root: root, node: n, of: t, refs: c.refs}, nil
}

// Match reports whether a resource, as it would be shown in full, meets the filter.
func (f *Filter) Match(resource value.Object) bool { return f.root(resource) }

// Uses reports whether the filter looks at an attribute, or where a sub-attribute is named
// at that.
func (f *Filter) Uses(a *schema.Attribute, sub string) bool {
	for _, r := range f.refs {
		if r.Attr == a && (sub == "" || r.Sub == nil || r.Sub.Name == sub) {
			return true
		}
	}
	return false
}

// Elements ties the filter of a value path to the elements of an attribute.
func Elements(a *schema.Attribute, n Node) (func(element any) bool, error) {
	return (&compiler{resolve: inside(a), many: Terms(n) > 1}).elements(n)
}

func (c *compiler) elements(n Node) (func(element any) bool, error) {
	root, err := c.node(n)
	if err != nil {
		return nil, err
	}
	return func(element any) bool { return root(asObject(element)) }, nil
}

// inside resolves names within the elements of an attribute. The elements of a simple
// attribute have a value alone.
func inside(a *schema.Attribute) func(string) (schema.Ref, bool) {
	return func(path string) (schema.Ref, bool) {
		if a.Type != schema.Complex {
			simple := *a
			simple.Name, simple.MultiValued = "value", false
			return schema.Ref{Attr: &simple}, strings.EqualFold(path, "value")
		}
		if at := strings.LastIndexByte(path, '.'); at >= 0 && strings.EqualFold(path[:at], a.Name) {
			path = path[at+1:]
		}
		sub := a.Child(path)
		return schema.Ref{Attr: sub}, sub != nil
	}
}

func asObject(element any) value.Object {
	if o, ok := element.(value.Object); ok {
		return o
	}
	return value.Object{{Name: "value", Value: element}}
}

type compiler struct {
	resolve func(string) (schema.Ref, bool)
	foreign func(string) bool
	refs    []schema.Ref
	folders map[*schema.Attribute]*folder
	many    bool // there are several terms
	several bool // the names are of elements, of which there are several
}

func (c *compiler) node(n Node) (test, error) {
	switch x := n.(type) {
	case And:
		return c.all(x, false)
	case Or:
		return c.all(x, true)
	case *Not:
		inner, err := c.node(x.Node)
		return func(o value.Object) bool { return !inner(o) }, err
	case *Within:
		return c.within(x)
	}
	return c.compare(n.(*Compare))
}

// all ties the parts; the first that has the value stop decides.
func (c *compiler) all(list []Node, stop bool) (test, error) {
	tests := make([]test, len(list))
	for i, n := range list {
		var err error
		if tests[i], err = c.node(n); err != nil {
			return nil, err
		}
	}
	return func(o value.Object) bool {
		for _, t := range tests {
			if t(o) == stop {
				return stop
			}
		}
		return !stop
	}, nil
}

func nothing(value.Object) bool { return false }

func (c *compiler) ref(path string, at int) (r schema.Ref, foreign bool, err error) {
	r, ok := c.resolve(path)
	switch {
	case ok && r.Attr != nil && r.Leaf().Shown() != schema.Never:
		c.refs = append(c.refs, r)
		return r, false, nil
	case ok && r.Attr == nil && r.Ext != nil:
		return r, false, nil
	case !ok && c.foreign != nil && c.foreign(path):
		return r, true, nil
	case ok && r.Attr != nil:
		return r, false, failAt(at, value.Visible(path)+" cannot be filtered by")
	}
	return r, false, failAt(at, "there is no attribute "+value.Visible(path))
}

func failAt(at int, what string) error { return &Error{What: what, At: at, InFilter: true} }

func (c *compiler) within(w *Within) (test, error) {
	r, foreign, err := c.ref(w.Path, w.At)
	if err != nil {
		return nil, err
	}
	if foreign {
		return nothing, nil
	}
	if r.Attr == nil || r.Sub != nil || r.Attr.Type != schema.Complex && !r.Attr.MultiValued {
		return nil, failAt(w.At, value.Visible(w.Path)+" has no elements that brackets could choose from")
	}
	if c.many && c.folders == nil {
		c.folders = map[*schema.Attribute]*folder{}
	}
	inner, err := (&compiler{resolve: inside(r.Attr), folders: c.folders, many: c.many, several: true}).elements(w.Node)
	if err != nil {
		return nil, err
	}
	return func(o value.Object) bool { return some(schema.At(o, r), inner) }, nil
}

// some reports whether f holds for the value, or for one of several.
func some(v any, f func(any) bool) bool {
	list, many := v.([]any)
	if !many {
		return v != nil && f(v)
	}
	for _, e := range list {
		if f(e) {
			return true
		}
	}
	return false
}

func (c *compiler) compare(n *Compare) (test, error) {
	r, foreign, err := c.ref(n.Path, n.At)
	if err != nil {
		return nil, err
	}
	absent := n.Literal.Value == nil && n.Op == Eq || n.Op == Ne && n.Literal.Value != nil
	if foreign {
		return func(value.Object) bool { return absent && n.Op != Present }, nil
	}
	if n.Op == Present || n.Literal.Value == nil {
		if n.Op != Present && n.Op != Eq && n.Op != Ne {
			return nil, failAt(n.At, "null can be compared with eq and ne alone")
		}
		is := n.Op != Eq
		return func(o value.Object) bool { return present(at(o, r)) == is }, nil
	}
	if r.Attr == nil {
		return nil, failAt(n.At, value.Visible(n.Path)+" is a schema: it can be tested with pr alone")
	}
	if r = r.Compared(); r.Leaf().Type == schema.Complex {
		return nil, failAt(n.At, value.Visible(n.Path)+" is complex: compare one of its sub-attributes")
	}
	holds, err := c.comparison(r, n)
	if err != nil {
		return nil, err
	}
	return func(o value.Object) bool {
		v := at(o, r)
		if n.Op == Ne && !present(v) {
			return true
		}
		return some(v, holds)
	}, nil
}

// at is what a resource has at a path: for a sub-attribute of a multi-valued one, what
// the elements have.
func at(o value.Object, r schema.Ref) any {
	if r.Sub == nil {
		return schema.At(o, r)
	}
	list, many := schema.At(o, schema.Ref{Ext: r.Ext, Attr: r.Attr}).([]any)
	if !many {
		return schema.At(o, r)
	}
	var values []any
	for _, e := range list {
		if v := asObject(e).Get(r.Sub.Name); v != nil {
			values = append(values, v)
		}
	}
	return values
}

func present(v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case string:
		return x != ""
	case []any:
		return some(x, present)
	case value.Object:
		return len(x) > 0
	}
	return true
}

// comparison makes the test of one value of the attribute.
func (c *compiler) comparison(r schema.Ref, n *Compare) (func(any) bool, error) {
	a := r.Leaf()
	switch a.Type {
	case schema.Boolean:
		want, ok := n.Literal.Value.(bool)
		if !ok {
			want, ok = schema.ParseBool(n.Literal.Text)
		}
		if !ok || n.Op != Eq && n.Op != Ne {
			return nil, failAt(n.At, a.Name+" is a boolean: it can be compared with eq and ne, and true or false")
		}
		return func(v any) bool { return (v == want) == (n.Op == Eq) }, nil
	case schema.Integer, schema.Decimal:
		want, ok := value.ParseNumber(n.Literal.Text)
		if !ok || n.Op == Co || n.Op == Sw || n.Op == Ew {
			return nil, failAt(n.At, a.Name+" is a number: it can be compared with eq, ne, gt, ge, lt and le, and a number")
		}
		return func(v any) bool {
			got, ok := v.(value.Number)
			return ok && ordered(got.Compare(want), n.Op)
		}, nil
	case schema.DateTime:
		if n.Op != Co && n.Op != Sw && n.Op != Ew {
			return instants(a, n)
		}
	case schema.Binary:
		if n.Op == Gt || n.Op == Ge || n.Op == Lt || n.Op == Le {
			return nil, failAt(n.At, a.Name+" is binary: it has no order")
		}
	}
	return texts(n, c.form(r)), nil
}

func instants(a *schema.Attribute, n *Compare) (func(any) bool, error) {
	want, ok := schema.ParseTime(n.Literal.Text)
	if !ok {
		return nil, failAt(n.At, a.Name+" is a date and time: compare it with one such as \"2011-05-13T04:42:34Z\"")
	}
	return func(v any) bool {
		s, _ := v.(string)
		got, ok := schema.ParseTime(s)
		return ok && ordered(got.Compare(want), n.Op)
	}, nil
}

func texts(n *Compare, form func(string) string) func(any) bool {
	want := form(n.Literal.Text)
	return func(v any) bool {
		s, ok := v.(string)
		if !ok {
			return false
		}
		got := form(s)
		switch n.Op {
		case Co:
			return strings.Contains(got, want)
		case Sw:
			return strings.HasPrefix(got, want)
		case Ew:
			return strings.HasSuffix(got, want)
		}
		return ordered(strings.Compare(got, want), n.Op)
	}
}

func ordered(c int, op Op) bool {
	switch op {
	case Eq:
		return c == 0
	case Ne:
		return c != 0
	case Gt:
		return c > 0
	case Ge:
		return c >= 0
	case Lt:
		return c < 0
	}
	return c <= 0
}
