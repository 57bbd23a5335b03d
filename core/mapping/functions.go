package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// fn is one function of the language, written once: compiled expressions call it
// directly, hcl through its cty form. It is pure, bounded, and never puts a value
// into an error.
type fn struct {
	params []param
	rest   *param // further arguments; nil: none
	ret    Kind   // Any: the kind of the result is that of an argument
	call   func(args []Value) (Value, error)
}

type param struct {
	name    string
	kind    Kind
	null    bool // null is a value like others
	pattern bool // a regular expression, checked as soon as it is known
}

// maxText bounds every text a function makes, maxItems every list.
const (
	maxText  = 64 << 10
	maxItems = 100_000
)

var (
	errTooLong  = fmt.Errorf("the result is longer than %d bytes", maxText)
	errTooMany  = fmt.Errorf("the result has more than %d items", maxItems)
	errNullItem = fmt.Errorf("only texts, numbers, bools and lists of them are allowed")
)

var functions = buildFunctions()

func buildFunctions() map[string]*fn {
	all := map[string]*fn{}
	maps.Copy(all, textFunctions())
	maps.Copy(all, patternFunctions())
	maps.Copy(all, listFunctions())
	return all
}

// Functions are the language's functions by name, in the form that hcl calls.
func Functions() map[string]function.Function { return maps.Clone(hclFunctions) }

var hclFunctions = buildHCLFunctions()

func buildHCLFunctions() map[string]function.Function {
	out := map[string]function.Function{"try": tryfunc.TryFunc, "can": tryfunc.CanFunc,
		"lookup": lookupFunc, "anytrue": anyTrueFunc, "alltrue": allTrueFunc}
	for name, f := range functions {
		out[name] = f.function()
	}
	return out
}

func functionsWith(more map[string]function.Function) map[string]function.Function {
	if len(more) == 0 {
		return hclFunctions
	}
	out := Functions()
	maps.Copy(out, more)
	return out
}

// coerce converts an argument as hcl would. False: it cannot be, or only hcl knows.
func coerce(v Value, want Kind) (Value, bool) {
	switch {
	case want == Any || v.kind == want || v.kind == Null && want != List:
		return v, true
	case want == String:
		return Value{kind: String, s: v.Text()}, v.kind != List
	case want == List && v.kind == Null:
		return Value{kind: List}, true
	case want == List:
		return Value{kind: List, l: []string{v.Text()}}, true
	case want == Bool && v.kind == String:
		return truth(v.s == "true"), v.s == "true" || v.s == "false"
	}
	return Value{}, false
}

func (f *fn) param(i int) *param {
	if i < len(f.params) {
		return &f.params[i]
	}
	return f.rest
}

// call compiles a function call. Arguments are kept on the input's stack, so that a
// call costs no allocation.
func (c *compiler) call(x *hclsyntax.FunctionCallExpr) (node, Kind, bool) {
	if x.Name == "lookup" && len(x.Args) == 3 && !x.ExpandFinal {
		return c.table(x)
	}
	f, ok := functions[x.Name]
	if !ok || x.ExpandFinal || len(x.Args) < len(f.params) {
		return nil, Any, false
	}
	args := make([]node, len(x.Args))
	for i, a := range x.Args {
		if args[i], _, ok = c.compile(a); !ok || f.param(i) == nil {
			return nil, Any, false
		}
	}
	kind := f.ret
	if kind == String {
		kind = Any // or null
	}
	return func(in *Input) (Value, bool) {
		base := len(in.stack)
		for i, a := range args {
			v, ok := a(in)
			if !ok {
				return Value{}, false
			}
			p := f.param(i)
			if v, ok = coerce(v, p.kind); !ok || v.kind == Null && !p.null {
				return Value{}, false
			}
			in.stack = append(in.stack, v)
		}
		v, err := f.call(in.stack[base:])
		in.stack = in.stack[:base]
		return v, err == nil
	}, kind, true
}

var ctyTypes = [...]cty.Type{String: cty.String, Number: cty.Number, Bool: cty.Bool, List: cty.DynamicPseudoType, Any: cty.DynamicPseudoType}

// function is f as hcl calls it.
func (f *fn) function() function.Function {
	spec := &function.Spec{}
	for i := range f.params {
		spec.Params = append(spec.Params, f.params[i].cty())
	}
	if f.rest != nil {
		p := f.rest.cty()
		spec.VarParam = &p
	}
	spec.Type = func(args []cty.Value) (cty.Type, error) { return f.typeOf(args) }
	spec.Impl = func(args []cty.Value, t cty.Type) (cty.Value, error) { return f.impl(args, t) }
	return function.New(spec)
}

func (p *param) cty() function.Parameter {
	return function.Parameter{Name: p.name, Type: ctyTypes[p.kind], AllowNull: p.null, AllowDynamicType: true}
}

func (f *fn) typeOf(args []cty.Value) (cty.Type, error) {
	for i, a := range args {
		if f.param(i).pattern && a.IsWhollyKnown() && !a.IsNull() {
			if _, err := pattern(a.AsString()); err != nil {
				return cty.NilType, function.NewArgError(i, err)
			}
		}
	}
	switch f.ret {
	case List:
		return cty.List(cty.String), nil
	case Any:
		if slices.ContainsFunc(args, func(a cty.Value) bool { return !a.IsWhollyKnown() }) {
			return cty.DynamicPseudoType, nil
		}
		v, err := f.apply(args)
		if err != nil {
			return cty.NilType, err
		}
		return v.cty(cty.DynamicPseudoType).Type(), nil
	}
	return ctyTypes[f.ret], nil
}

func (f *fn) impl(args []cty.Value, t cty.Type) (cty.Value, error) {
	if slices.ContainsFunc(args, func(a cty.Value) bool { return !a.IsWhollyKnown() }) {
		return cty.UnknownVal(t), nil
	}
	v, err := f.apply(args)
	if err != nil {
		return cty.NilVal, err
	}
	return v.cty(t), nil
}

func (f *fn) apply(args []cty.Value) (Value, error) {
	vals := make([]Value, len(args))
	for i, a := range args {
		v, ok := fromCty(a)
		if ok {
			v, ok = coerce(v, f.param(i).kind)
		}
		if !ok {
			return Value{}, function.NewArgError(i, errNullItem)
		}
		vals[i] = v
	}
	return f.call(vals)
}

// Signatures are the functions as people call them, "substr(str, offset, length)",
// sorted.
func Signatures() []string {
	out := []string{"alltrue(list)", "anytrue(list)", "can(expression)", "lookup(map, key, default)", "try(expressions...)"}
	for name, f := range functions {
		var params []string
		for _, p := range f.params {
			params = append(params, p.name)
		}
		if f.rest != nil {
			params = append(params, f.rest.name+"...")
		}
		out = append(out, name+"("+strings.Join(params, ", ")+")")
	}
	slices.Sort(out)
	return out
}
