package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"syncgateway/core/schema"
)

// What an excerpt may show: names, and values of settings that are known not to be
// secret. A literal in a setting that nobody declares stays hidden: it may be a
// secret in the wrong place.

// shownBySchema is what may be shown of a body that the block describes.
func shownBySchema(body *hclsyntax.Body, b schema.Block) []hcl.Range {
	fields, blocks := map[string]schema.Field{}, map[string]schema.Block{}
	for _, f := range b.Fields {
		fields[f.Name] = f
	}
	for _, n := range b.Blocks {
		blocks[n.Name] = n.Body
	}
	var out []hcl.Range
	for _, a := range attributesOf(body) {
		out = append(out, a.NameRange)
		if f, ok := fields[a.Name]; ok && !f.Sensitive {
			out = append(out, a.SrcRange)
		} else {
			out = append(out, shownIn(a.Expr)...)
		}
	}
	for _, n := range body.Blocks {
		out = append(out, n.DefRange())
		out = append(out, shownBySchema(n.Body, blocks[n.Type])...)
	}
	return out
}

// shownCalls is what may be shown of a body of which nothing is known.
func shownCalls(body *hclsyntax.Body) []hcl.Range { return shownBySchema(body, schema.Block{}) }

// shownIn are the calls in an expression that only name where a value comes from.
func shownIn(expr hclsyntax.Expression) []hcl.Range {
	var out []hcl.Range
	_ = hclsyntax.VisitAll(expr, func(n hclsyntax.Node) hcl.Diagnostics {
		switch x := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			out = append(out, x.NameRange)
			if namesItsSource(x) {
				out = append(out, x.Range())
			}
		case *hclsyntax.ScopeTraversalExpr:
			if _, ok := nameOf(x.Traversal); ok {
				out = append(out, x.Range())
			}
		}
		return nil
	})
	return out
}

// namesItsSource tells whether a call holds nothing but the name of a variable or a
// file.
func namesItsSource(x *hclsyntax.FunctionCallExpr) bool {
	if len(x.Args) != 1 {
		return false
	}
	v, diags := x.Args[0].Value(nil)
	if diags.HasErrors() || v.Type() != cty.String || v.IsNull() {
		return false
	}
	return x.Name == "file" || (x.Name == "env" || x.Name == "plain_env") && variableName.MatchString(v.AsString())
}
