package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"syncgateway/core/diag"
)

// structure checks names and shapes before anything is evaluated, and gives the part
// of the body that may be: without what is unknown, and without literals where a
// secret belongs.
type structure struct {
	variables map[string]bool // roots that expressions may name
	diags     diag.Diagnostics
}

func (s *structure) errorf(code string, at hcl.Range, summary, format string, args ...any) {
	s.diags = append(s.diags, diag.At(diag.Error, code, at, summary, fmt.Sprintf(format, args...)))
}

func (s *structure) body(body *hclsyntax.Body, b Block, missing hcl.Range) *hclsyntax.Body {
	clean := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: body.SrcRange, EndRange: body.EndRange}
	for _, a := range sortedAttributes(body) {
		if s.attribute(a, b) {
			clean.Attributes[a.Name] = a
		}
	}
	count := map[string]int{}
	for _, block := range body.Blocks {
		n := b.block(block.Type)
		if n == nil {
			s.unknownBlock(block, b)
			continue
		}
		count[n.Name]++
		if !s.labels(block, n) || !s.room(block, n, count[n.Name]) {
			continue
		}
		inner := *block
		inner.Body = s.body(block.Body, n.Body, block.DefRange())
		clean.Blocks = append(clean.Blocks, &inner)
	}
	s.required(body, b, missing, count)
	return clean
}

func sortedAttributes(body *hclsyntax.Body) []*hclsyntax.Attribute {
	out := make([]*hclsyntax.Attribute, 0, len(body.Attributes))
	for _, a := range body.Attributes {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte })
	return out
}

func (s *structure) attribute(a *hclsyntax.Attribute, b Block) bool {
	f := b.field(a.Name)
	switch {
	case f == nil && b.block(a.Name) != nil:
		s.errorf("config.not_a_block", a.NameRange, "A block is needed", "%q is a block: write it as %s { … }, without an equals sign.", a.Name, a.Name)
		return false
	case f == nil:
		s.errorf("config.unknown_setting", a.NameRange, "Unknown setting", "There is no setting %q here.%s%s", a.Name, diag.Suggest(a.Name, b.names()), known(b.names()))
		return false
	}
	if f.Deprecated != "" {
		s.diags = append(s.diags, diag.At(diag.Warning, "config.deprecated", a.NameRange, "Deprecated setting",
			fmt.Sprintf("%q is deprecated: %s.", a.Name, strings.TrimSuffix(f.Deprecated, "."))))
	}
	return !f.Sensitive || s.sensitive(a)
}

// known lists the names there are, as long as the list helps.
func known(names []string) string {
	if len(names) == 0 {
		return " It takes none."
	}
	if len(names) > 12 {
		return ""
	}
	return " Known are: " + strings.Join(names, ", ") + "."
}

// sensitive refuses a literal where a secret belongs. It looks at the syntax alone:
// an evaluation's message could name the literal.
func (s *structure) sensitive(a *hclsyntax.Attribute) bool {
	if v, ok := a.Expr.(*hclsyntax.LiteralValueExpr); ok && v.Val.IsNull() {
		return true
	}
	variables := a.Expr.Variables()
	plain := func(t hcl.Traversal) bool { return !s.variables[t.RootName()] }
	if calls(a.Expr) && !slices.ContainsFunc(variables, plain) || len(variables) > 0 && !slices.ContainsFunc(variables, plain) {
		return true
	}
	s.literal(a.Name, a.Expr.Range())
	return false
}

func (s *structure) literal(name string, at hcl.Range) {
	env := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	s.errorf("config.literal_secret", at, "Secret written in the file",
		"%q is secret and must not stand in the configuration. Take it from the environment, %s = env(%q), or from a file, %s = file(\"secrets/%s\").",
		name, name, env, name, name)
}

// calls tells whether a function call is in the expression.
func calls(expr hclsyntax.Expression) bool {
	found := false
	_ = hclsyntax.VisitAll(expr, func(n hclsyntax.Node) hcl.Diagnostics {
		if _, ok := n.(*hclsyntax.FunctionCallExpr); ok {
			found = true
		}
		return nil
	})
	return found
}

func (s *structure) unknownBlock(block *hclsyntax.Block, b Block) {
	if b.field(block.Type) != nil {
		s.errorf("config.not_an_attribute", block.TypeRange, "A value is needed", "%q is a setting: write it as %s = …, with an equals sign.", block.Type, block.Type)
		return
	}
	s.errorf("config.unknown_block", block.TypeRange, "Unknown block", "There is no block %q here.%s", block.Type, diag.Suggest(block.Type, b.names()))
}

func (s *structure) labels(block *hclsyntax.Block, n *NestedBlock) bool {
	switch {
	case n.Label == "" && len(block.Labels) > 0:
		s.errorf("config.labels", block.LabelRanges[0], "Label not expected", "The block %q has no label.", n.Name)
	case n.Label != "" && len(block.Labels) != 1:
		s.errorf("config.labels", block.DefRange(), "Label needed", "The block %q needs one label (%s): %s \"…\" { … }.", n.Name, n.Label, n.Name)
	default:
		return true
	}
	return false
}

func (s *structure) room(block *hclsyntax.Block, n *NestedBlock, count int) bool {
	if n.MaxItems == 0 || count <= n.MaxItems {
		return true
	}
	s.errorf("config.too_many_blocks", block.DefRange(), "Too many blocks", "The block %q may be given %d time(s) at most.", n.Name, n.MaxItems)
	return false
}

func (s *structure) required(body *hclsyntax.Body, b Block, at hcl.Range, count map[string]int) {
	for _, f := range b.Fields {
		if f.Required && body.Attributes[f.Name] == nil {
			s.missing(f, at)
		}
	}
	for _, n := range b.Blocks {
		if count[n.Name] < n.MinItems {
			s.errorf("config.missing_block", at, "Missing block", "The block %q must be given at least %d time(s). %s", n.Name, n.MinItems, n.Doc)
		}
	}
}

func (s *structure) missing(f Field, at hcl.Range) {
	detail := fmt.Sprintf("%q is required.", f.Name)
	if f.Doc != "" {
		detail += " " + f.Doc
	}
	if f.Example != "" && !f.Sensitive {
		detail += fmt.Sprintf(" Example: %s = %q.", f.Name, f.Example)
	}
	s.errorf("config.missing_setting", at, "Missing setting", "%s", detail)
}
