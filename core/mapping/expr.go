package mapping

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// Scope is what an expression may name besides the functions of this package.
type Scope struct {
	Roots     []string                     // RootUser, RootGroup
	Constants map[string]cty.Value         // "local": known now, the same for every record
	Functions map[string]function.Function // more functions, of constants only
}

// Expr is one compiled expression. It is safe for concurrent use with an Input each.
type Expr struct {
	source    hclsyntax.Expression
	run       node // nil: outside the compiled subset
	want      Kind
	reads     []string
	constants map[string]cty.Value
	functions map[string]function.Function
}

// maxExpr bounds the length of an expression in bytes.
const maxExpr = 32 << 10

// Compile checks an expression against every record it could meet and compiles it.
// want is the kind its results are converted to: Bool, String, List (a single text
// is a list of one) or Any. The diagnostics are errors of the expression itself:
// unknown names, wrong types, invalid patterns.
func Compile(expr hcl.Expression, want Kind, scope Scope) (*Expr, hcl.Diagnostics) {
	syntax, ok := expr.(hclsyntax.Expression)
	if !ok {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unsupported syntax",
			Detail: "Rules are written in hcl's native syntax.", Subject: expr.Range().Ptr()}}
	}
	if r := syntax.Range(); r.End.Byte-r.Start.Byte > maxExpr {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Rule too long",
			Detail: fmt.Sprintf("A rule has at most %d bytes. Put tables into locals.", maxExpr), Subject: &r}}
	}
	e := &Expr{source: syntax, want: want, constants: scope.Constants, functions: functionsWith(scope.Functions)}
	reads, diags := readsOf(syntax, scope)
	if diags.HasErrors() {
		return nil, diags
	}
	e.reads = reads
	if diags := e.check(scope.Roots); diags.HasErrors() {
		return nil, diags
	}
	c := compiler{expr: e, roots: scope.Roots}
	if n, _, ok := c.compile(syntax); ok {
		e.run = n
	}
	return e, nil
}

// Reads are the record values the expression uses, sorted: "user.email",
// "user.groups", "user.attributes.department"; "user" or "user.attributes" when it
// uses the whole.
func (e *Expr) Reads() []string { return e.reads }

// Range is where the expression is written.
func (e *Expr) Range() hcl.Range { return e.source.Range() }

// Compiled tells whether the expression runs without hcl.
func (e *Expr) Compiled() bool { return e.run != nil }

// Eval gives the expression's value for one record. An error is for that record
// alone; it is hcl's first diagnostic.
func (e *Expr) Eval(in *Input) (Value, error) {
	if e.run != nil {
		if v, ok := e.run(in); ok {
			if v, ok = coerce(v, e.want); ok {
				return v, nil
			}
		}
		in.stack = in.stack[:0]
	}
	return e.evalByHCL(in)
}

// evalByHCL is the reference: whatever the compiled form does not decide, it does.
func (e *Expr) evalByHCL(in *Input) (Value, error) {
	val, diags := e.source.Value(e.context(func(root string) cty.Value { return in.object(root, e.reads) }))
	if diags.HasErrors() {
		return Value{}, e.friendly(diags.Errs()[0].(*hcl.Diagnostic))
	}
	if val.IsMarked() {
		return Value{}, e.fail("Secret value in a rule", "What env() and file() give must not reach a record.")
	}
	v, ok := fromCty(val)
	if !ok {
		v, ok = fractionOf(val)
	}
	if ok {
		v, ok = coerce(v, e.want)
	}
	if !ok {
		return Value{}, e.fail("Unsuitable value", fmt.Sprintf("The result is %s, but %s is needed.", describe(val), kindNames[e.want]))
	}
	return v, nil
}

// fractionOf is a number that a Value cannot hold, as text.
func fractionOf(val cty.Value) (Value, bool) {
	if val.IsNull() || val.Type() != cty.Number {
		return Value{}, false
	}
	s, err := convert.Convert(val, cty.String)
	if err != nil {
		return Value{}, false
	}
	return text(s.AsString()), true
}

func (e *Expr) context(record func(root string) cty.Value) *hcl.EvalContext {
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: e.functions}
	for name, v := range e.constants {
		ctx.Variables[name] = v
	}
	for _, root := range []string{RootUser, RootGroup} {
		if slices.ContainsFunc(e.reads, func(r string) bool { return r == root || hasRoot(r, root) }) {
			ctx.Variables[root] = record(root)
		}
	}
	return ctx
}

// check evaluates the expression for a record of which only the types are known.
func (e *Expr) check(roots []string) hcl.Diagnostics {
	val, diags := e.source.Value(e.context(func(root string) cty.Value { return shape(root, e.reads) }))
	if diags.HasErrors() {
		return diags
	}
	if val.ContainsMarked() {
		return e.wrong("Secret value in a rule",
			"What env() and file() give is secret and must not reach a record. For a setting that is no secret use plain_env().")
	}
	if !suits(val.Type(), e.want) {
		return e.wrong("Wrong type", fmt.Sprintf("This is %s, but %s is needed.", val.Type().FriendlyName(), kindNames[e.want]))
	}
	return nil
}

var kindNames = [...]string{Null: "null", String: "text", Number: "a number", Bool: "true or false", List: "a list of texts", Any: "a value"}

func suits(t cty.Type, want Kind) bool {
	if t == cty.DynamicPseudoType || want == Any {
		return true
	}
	switch want {
	case Bool:
		return t == cty.Bool
	case String:
		return t.IsPrimitiveType()
	}
	return t.IsPrimitiveType() || t.IsListType() || t.IsTupleType() || t.IsSetType()
}

func (e *Expr) wrong(summary, detail string) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: e.source.Range().Ptr()}}
}

func (e *Expr) fail(summary, detail string) error {
	return &RecordError{Rule: Rule{Range: e.source.Range()}, Summary: summary, Detail: detail}
}

// friendly adds to hcl's diagnostic what to do about the one mistake people make.
func (e *Expr) friendly(d *hcl.Diagnostic) error {
	detail := d.Detail
	if d.Summary == "Invalid template interpolation value" && d.Expression != nil {
		detail = "A value in the template is missing for this record. Give it a default: coalesce(value, \"\")."
	}
	err := &RecordError{Rule: Rule{Range: e.source.Range()}, Summary: d.Summary, Detail: detail}
	if d.Subject != nil {
		err.Rule.Range = *d.Subject
	}
	return err
}

func describe(v cty.Value) string {
	if v.IsNull() {
		return "null"
	}
	return v.Type().FriendlyName()
}
