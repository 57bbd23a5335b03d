package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"syncgateway/core/diag"
)

// The roots that settings may refer to.
const (
	rootLocal  = "local"
	rootSource = "source"
	rootTarget = "target"
)

// resolver evaluates what settings refer to: locals, and settings of other blocks.
// Each is evaluated when it is first needed, and once.
type resolver struct {
	functions map[string]function.Function
	mu        sync.Mutex
	values    map[string]*named // "local.x", "source.okta.corp.org_url"
	blocks    map[string]bool   // "source.okta.corp"
}

// named is one value with a name.
type named struct {
	expr  hclsyntax.Expression
	state int // 0: not yet evaluated
	value cty.Value
	diags diag.Diagnostics
}

// The states of a named value.
const (
	underWay = 1
	done     = 2
)

func newResolver(functions map[string]function.Function) *resolver {
	return &resolver{functions: functions, values: map[string]*named{}, blocks: map[string]bool{}}
}

func (r *resolver) add(name string, expr hclsyntax.Expression) {
	r.values[name] = &named{expr: expr, value: cty.DynamicVal}
}

// contextFor evaluates what the traversals name. Roots that are not settings are left
// out: whoever evaluates the expression says what is wrong with them.
func (r *resolver) contextFor(traversals []hcl.Traversal) (*hcl.EvalContext, diag.Diagnostics) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.context(traversals, nil)
}

// valueOf evaluates one name.
func (r *resolver) valueOf(name string) (cty.Value, diag.Diagnostics) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.value(name, hcl.Range{}, nil)
}

// context is contextFor under the lock; chain is what is being evaluated.
func (r *resolver) context(traversals []hcl.Traversal, chain []string) (*hcl.EvalContext, diag.Diagnostics) {
	var diags diag.Diagnostics
	found := map[string]cty.Value{}
	for _, t := range traversals {
		name, ok := nameOf(t)
		if !ok {
			continue
		}
		v, ds := r.value(name, t.SourceRange(), chain)
		diags = append(diags, ds...)
		found[name] = v
	}
	vars := map[string]cty.Value{}
	for _, root := range []string{rootLocal, rootSource, rootTarget} {
		vars[root] = nest(found, root)
	}
	return &hcl.EvalContext{Variables: vars, Functions: r.functions}, diags
}

// nameOf is the name a traversal refers to; false when its root is not a setting.
func nameOf(t hcl.Traversal) (string, bool) {
	length := map[string]int{rootLocal: 2, rootSource: 4, rootTarget: 4}[t.RootName()]
	if length == 0 {
		return "", false
	}
	parts := []string{t.RootName()}
	for _, step := range t[1:min(length, len(t))] {
		switch s := step.(type) {
		case hcl.TraverseAttr:
			parts = append(parts, s.Name)
		case hcl.TraverseIndex:
			if s.Key.Type() == cty.String {
				parts = append(parts, s.Key.AsString())
			}
		}
	}
	return strings.Join(parts, "."), true
}

func (r *resolver) value(name string, at hcl.Range, chain []string) (cty.Value, diag.Diagnostics) {
	n := r.values[name]
	if n == nil {
		return cty.DynamicVal, diag.Diagnostics{r.dangling(name, at)}
	}
	switch n.state {
	case underWay:
		cycle := append(slices.Clone(chain[slices.Index(chain, name):]), name)
		return cty.DynamicVal, diag.Diagnostics{diag.At(diag.Error, "config.cycle", at, "Cyclic reference",
			fmt.Sprintf("This value refers to itself: %s. Give one of them a value of its own.", strings.Join(cycle, " -> ")))}
	case done:
		return n.value, n.diags
	}
	n.state = underWay
	ctx, diags := r.context(n.expr.Variables(), append(chain, name))
	if !diags.HasErrors() {
		v, ds := n.expr.Value(ctx)
		diags = append(diags, diag.FromHCL("config.value", ds)...)
		n.value = v
	}
	if diags.HasErrors() {
		n.value = cty.DynamicVal
	}
	n.state, n.diags = done, diags
	return n.value, diags
}

func (r *resolver) dangling(name string, at hcl.Range) diag.Diagnostic {
	known := slices.Sorted(maps.Keys(r.values))
	root, _, _ := strings.Cut(name, ".")
	known = slices.DeleteFunc(known, func(k string) bool { return !strings.HasPrefix(k, root+".") })
	detail := fmt.Sprintf("There is no %s.%s", name, diag.Suggest(name, known))
	if r.blocks[name] {
		detail = fmt.Sprintf("%s is a whole block. Name one of its settings: %s.NAME.", name, name)
	}
	return diag.At(diag.Error, "config.dangling_reference", at, "Dangling reference", detail)
}

// nest makes "source.okta.corp.url" = v into objects below "source".
func nest(found map[string]cty.Value, path string) cty.Value {
	children := map[string]cty.Value{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		rest, ok := strings.CutPrefix(name, path+".")
		if !ok {
			continue
		}
		child, _, deeper := strings.Cut(rest, ".")
		if !deeper {
			children[child] = found[name]
		} else if _, ok := children[child]; !ok {
			children[child] = nest(found, path+"."+child)
		}
	}
	return cty.ObjectVal(children)
}

// traversalsIn are all traversals in a body, nested blocks included.
func traversalsIn(body *hclsyntax.Body) []hcl.Traversal {
	var out []hcl.Traversal
	for _, a := range attributesOf(body) {
		out = append(out, a.Expr.Variables()...)
	}
	for _, b := range body.Blocks {
		out = append(out, traversalsIn(b.Body)...)
	}
	return out
}

// attributesOf are a body's attributes in the order of the file.
func attributesOf(body *hclsyntax.Body) []*hclsyntax.Attribute {
	return slices.SortedFunc(maps.Values(body.Attributes), func(a, b *hclsyntax.Attribute) int {
		return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte
	})
}
