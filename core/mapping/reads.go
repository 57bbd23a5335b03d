package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func hasRoot(read, root string) bool { return strings.HasPrefix(read, root+".") }

// readsOf lists what the expression uses of a record, and refuses roots that are not
// in scope.
func readsOf(expr hcl.Expression, scope Scope) ([]string, hcl.Diagnostics) {
	var reads []string
	var diags hcl.Diagnostics
	for _, t := range expr.Variables() {
		root := t.RootName()
		if slices.Contains(scope.Roots, root) {
			read, _ := readOf(t)
			reads = append(reads, read)
			continue
		}
		if _, ok := scope.Constants[root]; !ok {
			diags = append(diags, unknownRoot(t, scope.Roots))
		}
	}
	slices.Sort(reads)
	return slices.Compact(reads), diags
}

// readOf names what a traversal reads, and tells how many of its steps that took.
func readOf(t hcl.Traversal) (read string, steps int) {
	root := t.RootName()
	name, ok := stepName(t, 1)
	if !ok {
		return root, 1
	}
	if _, _, field := fieldOf(root, name); field {
		return root + "." + name, 2
	}
	if name != attributesStep {
		return root + "." + attributesStep + "." + name, 2
	}
	if name, ok = stepName(t, 2); ok {
		return root + "." + attributesStep + "." + name, 3
	}
	return root + "." + attributesStep, 2
}

func stepName(t hcl.Traversal, i int) (string, bool) {
	if i >= len(t) {
		return "", false
	}
	switch s := t[i].(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

func unknownRoot(t hcl.Traversal, roots []string) *hcl.Diagnostic {
	detail := fmt.Sprintf("There is nothing called %q here.", t.RootName())
	if len(roots) > 0 {
		detail += fmt.Sprintf(" This rule is about one record: %s.NAME.", strings.Join(roots, ".NAME or "))
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unknown name", Detail: detail, Subject: t.SourceRange().Ptr()}
}
