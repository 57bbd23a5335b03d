package mapping

import "github.com/hashicorp/hcl/v2/hclsyntax"

func (c *compiler) binary(x *hclsyntax.BinaryOpExpr) (node, Kind, bool) {
	a, _, ok1 := c.compile(x.LHS)
	b, kind, ok2 := c.compile(x.RHS)
	if !ok1 || !ok2 {
		return nil, Any, false
	}
	switch x.Op {
	case hclsyntax.OpLogicalAnd:
		return logical(a, b, kind == Bool, 0), Bool, true
	case hclsyntax.OpLogicalOr:
		return logical(a, b, kind == Bool, 1), Bool, true
	case hclsyntax.OpEqual:
		return equality(a, b, true), Bool, true
	case hclsyntax.OpNotEqual:
		return equality(a, b, false), Bool, true
	case hclsyntax.OpGreaterThan:
		return comparison(a, b, func(x, y int64) bool { return x > y }), Bool, true
	case hclsyntax.OpGreaterThanOrEqual:
		return comparison(a, b, func(x, y int64) bool { return x >= y }), Bool, true
	case hclsyntax.OpLessThan:
		return comparison(a, b, func(x, y int64) bool { return x < y }), Bool, true
	case hclsyntax.OpLessThanOrEqual:
		return comparison(a, b, func(x, y int64) bool { return x <= y }), Bool, true
	}
	return nil, Any, false
}

// logical is && (decided by 0) or || (decided by 1). hcl checks the right side's type
// even where the left side decides; only a side that is always a bool may be skipped.
func logical(a, b node, skip bool, decided int64) node {
	return func(in *Input) (Value, bool) {
		v, ok := a(in)
		if !ok || v.kind != Bool {
			return Value{}, false
		}
		if skip && v.n == decided {
			return v, true
		}
		w, ok := b(in)
		if !ok || w.kind != Bool {
			return Value{}, false
		}
		if v.n == decided {
			return v, true
		}
		return w, true
	}
}

func equality(a, b node, want bool) node {
	return func(in *Input) (Value, bool) {
		v, ok1 := a(in)
		w, ok2 := b(in)
		if !ok1 || !ok2 || v.kind == List || w.kind == List {
			return Value{}, false
		}
		same := v.kind == w.kind && v.n == w.n && v.s == w.s
		return truth(same == want), true
	}
}

func comparison(a, b node, holds func(x, y int64) bool) node {
	return func(in *Input) (Value, bool) {
		v, ok1 := a(in)
		w, ok2 := b(in)
		if !ok1 || !ok2 || v.kind != Number || w.kind != Number {
			return Value{}, false
		}
		return truth(holds(v.n, w.n)), true
	}
}
