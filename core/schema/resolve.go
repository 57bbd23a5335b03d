package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"syncgateway/core/diag"
)

// Resolve gives every diagnostic with a Path and no place the place in the body that
// the path leads to, or as near as it gets. header stands for the body as a whole.
func Resolve(body hcl.Body, header hcl.Range, ds diag.Diagnostics) diag.Diagnostics {
	out := make(diag.Diagnostics, len(ds))
	for i, d := range ds {
		if d.Subject == nil {
			at := RangeOf(body, header, d.Path)
			d.Subject = &at
		}
		out[i] = d
	}
	return out
}

// RangeOf is the place of the value a path leads to.
func RangeOf(body hcl.Body, header hcl.Range, path diag.Path) hcl.Range {
	native, ok := body.(*hclsyntax.Body)
	if !ok || len(path) == 0 || path[0].Kind == diag.IndexStep {
		return header
	}
	name, rest := path[0].Name, path[1:]
	if a := native.Attributes[name]; a != nil {
		return rangeIn(a.Expr, rest)
	}
	var blocks []*hclsyntax.Block
	for _, b := range native.Blocks {
		if b.Type == name {
			blocks = append(blocks, b)
		}
	}
	if len(blocks) == 0 {
		return header
	}
	b := blocks[0]
	if len(rest) > 0 {
		if chosen := choose(blocks, rest[0]); chosen != nil {
			b, rest = chosen, rest[1:]
		}
	}
	return RangeOf(b.Body, b.DefRange(), rest)
}

// choose finds the block that an index or a label means; nil for a name, which is
// a step into the block.
func choose(blocks []*hclsyntax.Block, s diag.Step) *hclsyntax.Block {
	if s.Kind == diag.IndexStep && s.Index >= 0 && s.Index < len(blocks) {
		return blocks[s.Index]
	}
	for _, b := range blocks {
		if s.Kind == diag.KeyStep && len(b.Labels) > 0 && b.Labels[0] == s.Name {
			return b
		}
	}
	return nil
}

func rangeIn(expr hclsyntax.Expression, path diag.Path) hcl.Range {
	if len(path) == 0 {
		return expr.Range()
	}
	switch x := expr.(type) {
	case *hclsyntax.TupleConsExpr:
		if s := path[0]; s.Kind == diag.IndexStep && s.Index >= 0 && s.Index < len(x.Exprs) {
			return rangeIn(x.Exprs[s.Index], path[1:])
		}
	case *hclsyntax.ObjectConsExpr:
		for _, item := range x.Items {
			if key, diags := item.KeyExpr.Value(nil); !diags.HasErrors() && keyIs(key, path[0].Name) {
				return rangeIn(item.ValueExpr, path[1:])
			}
		}
	}
	return expr.Range()
}

func keyIs(key cty.Value, name string) bool {
	return key.Type() == cty.String && key.IsKnown() && !key.IsNull() && !key.IsMarked() && key.AsString() == name
}
