package mapping

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// node computes one expression's value. False means "ask hcl": an error, or a case
// that is not worth the code.
type node func(*Input) (Value, bool)

type compiler struct {
	expr  *Expr
	roots []string
}

// compile turns an expression into a node and says what kind its values always
// have, Any when that depends on the record. False: outside the compiled subset.
func (c *compiler) compile(expr hclsyntax.Expression) (node, Kind, bool) {
	if c.constant(expr) {
		return c.fold(expr)
	}
	switch x := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return c.compile(x.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return c.compile(x.Wrapped)
	case *hclsyntax.TemplateExpr:
		return c.template(x)
	case *hclsyntax.ScopeTraversalExpr:
		return c.traversal(x)
	case *hclsyntax.UnaryOpExpr:
		return c.not(x)
	case *hclsyntax.BinaryOpExpr:
		return c.binary(x)
	case *hclsyntax.ConditionalExpr:
		return c.conditional(x)
	case *hclsyntax.TupleConsExpr:
		return c.tuple(x)
	case *hclsyntax.FunctionCallExpr:
		return c.call(x)
	}
	return nil, Any, false
}

func (c *compiler) constant(expr hclsyntax.Expression) bool {
	return !slices.ContainsFunc(expr.Variables(), func(t hcl.Traversal) bool { return slices.Contains(c.roots, t.RootName()) })
}

func (c *compiler) fold(expr hclsyntax.Expression) (node, Kind, bool) {
	val, diags := expr.Value(c.expr.context(func(string) cty.Value { return cty.DynamicVal }))
	if diags.HasErrors() {
		return nil, Any, false
	}
	v, ok := fromCty(val)
	return func(*Input) (Value, bool) { return v, true }, v.kind, ok
}

func (c *compiler) traversal(x *hclsyntax.ScopeTraversalExpr) (node, Kind, bool) {
	read, steps := readOf(x.Traversal)
	if steps != len(x.Traversal) || steps < 2 {
		return nil, Any, false
	}
	root := x.Traversal.RootName()
	name := strings.TrimPrefix(read, root+".")
	if get, kind, ok := fieldOf(root, name); ok {
		return get, kind, true
	}
	name, ok := strings.CutPrefix(name, attributesStep+".")
	if !ok {
		return nil, Any, false
	}
	if root == RootUser {
		return func(in *Input) (Value, bool) { return attributeValue(in.User.Attributes.Get(name)), true }, Any, true
	}
	return func(in *Input) (Value, bool) { return attributeValue(in.Group.Attributes.Get(name)), true }, Any, true
}

func (c *compiler) template(x *hclsyntax.TemplateExpr) (node, Kind, bool) {
	parts := make([]node, len(x.Parts))
	for i, p := range x.Parts {
		n, _, ok := c.compile(p)
		if !ok {
			return nil, Any, false
		}
		parts[i] = n
	}
	return func(in *Input) (Value, bool) {
		var buf [128]byte
		b := buf[:0]
		for _, p := range parts {
			v, ok := p(in)
			if !ok || v.kind == Null || v.kind == List {
				return Value{}, false
			}
			if v.kind == String {
				b = append(b, v.s...)
			} else {
				b = append(b, v.Text()...)
			}
		}
		return text(string(b)), true
	}, String, true
}

func (c *compiler) not(x *hclsyntax.UnaryOpExpr) (node, Kind, bool) {
	n, _, ok := c.compile(x.Val)
	if !ok || x.Op != hclsyntax.OpLogicalNot {
		return nil, Any, false
	}
	return func(in *Input) (Value, bool) {
		v, ok := n(in)
		return Value{kind: Bool, n: 1 - v.n}, ok && v.kind == Bool
	}, Bool, true
}

// conditional: hcl wants both results of one type, whichever it takes. Where the
// kinds are known to be the same it is enough to compute one.
func (c *compiler) conditional(x *hclsyntax.ConditionalExpr) (node, Kind, bool) {
	cond, _, ok1 := c.compile(x.Condition)
	yes, yesKind, ok2 := c.compile(x.TrueResult)
	no, noKind, ok3 := c.compile(x.FalseResult)
	if !ok1 || !ok2 || !ok3 {
		return nil, Any, false
	}
	if yesKind == noKind && (yesKind == String || yesKind == Bool || yesKind == Number) {
		return func(in *Input) (Value, bool) {
			v, ok := cond(in)
			switch {
			case !ok || v.kind != Bool:
				return Value{}, false
			case v.n == 1:
				return yes(in)
			}
			return no(in)
		}, yesKind, true
	}
	return func(in *Input) (Value, bool) {
		v, ok := cond(in)
		a, okA := yes(in)
		b, okB := no(in)
		if !ok || v.kind != Bool || !okA || !okB || !unify(a.kind, b.kind) {
			return Value{}, false
		}
		if v.n == 1 {
			return a, true
		}
		return b, true
	}, Any, true
}

// unify tells whether two results need no conversion to stand in for each other.
func unify(a, b Kind) bool {
	return a == b || a == Null && b == String || a == String && b == Null
}

func (c *compiler) tuple(x *hclsyntax.TupleConsExpr) (node, Kind, bool) {
	items := make([]node, len(x.Exprs))
	for i, e := range x.Exprs {
		n, kind, ok := c.compile(e)
		if !ok || kind != String {
			return nil, Any, false
		}
		items[i] = n
	}
	return func(in *Input) (Value, bool) {
		out := make([]string, len(items))
		for i, n := range items {
			v, ok := n(in)
			if !ok || v.kind != String {
				return Value{}, false
			}
			out[i] = v.s
		}
		return Value{kind: List, l: out}, true
	}, List, true
}
