package mapping

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func listFunctions() map[string]*fn {
	items := param{name: "list", kind: List, null: true}
	sep := param{name: "separator", kind: String}
	return map[string]*fn{
		"contains": {params: []param{items, {name: "value", kind: String, null: true}}, ret: Bool, call: func(a []Value) (Value, error) {
			return truth(a[1].kind != Null && slices.Contains(a[0].l, a[1].s)), nil
		}},
		"split":    {params: []param{sep, {name: "str", kind: String, null: true}}, ret: List, call: split},
		"join":     {params: []param{sep}, rest: &items, ret: String, call: join},
		"concat":   {rest: &items, ret: List, call: concat},
		"distinct": {params: []param{items}, ret: List, call: func(a []Value) (Value, error) { return distinct(a[0].l), nil }},
		"sort": {params: []param{items}, ret: List, call: func(a []Value) (Value, error) {
			return Value{kind: List, l: slices.Sorted(slices.Values(a[0].l))}, nil
		}},
		"tolist":   {params: []param{items}, ret: List, call: func(a []Value) (Value, error) { return a[0], nil }},
		"tostring": onText(func(s string) string { return s }),
		"length":   {params: []param{{name: "value", kind: Any, null: true}}, ret: Number, call: length},
		"coalesce": {rest: &param{name: "vals", kind: Any, null: true}, ret: Any, call: coalesce},
	}
}

func split(a []Value) (Value, error) {
	if a[1].kind == Null {
		return Value{kind: List}, nil
	}
	if strings.Count(a[1].s, a[0].s) > maxItems {
		return Value{}, errTooMany
	}
	return list(strings.Split(a[1].s, a[0].s)), nil
}

func join(a []Value) (Value, error) {
	size, all := 0, []string(nil)
	for i, v := range a[1:] {
		if i == 0 {
			all = v.l
		} else {
			all = append(slices.Clip(all), v.l...)
		}
	}
	for _, s := range all {
		size += len(s) + len(a[0].s)
	}
	if size > maxText {
		return Value{}, errTooLong
	}
	return text(strings.Join(all, a[0].s)), nil
}

func concat(a []Value) (Value, error) {
	n := 0
	for _, v := range a {
		n += len(v.l)
	}
	if n > maxItems {
		return Value{}, errTooMany
	}
	out := make([]string, 0, n)
	for _, v := range a {
		out = append(out, v.l...)
	}
	return Value{kind: List, l: out}, nil
}

func distinct(in []string) Value {
	seen := make(map[string]bool, len(in))
	out := make([]string, 0, len(in))
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return Value{kind: List, l: out}
}

// length counts a list's items or a text's characters; null has none.
func length(a []Value) (Value, error) {
	switch v := a[0]; v.kind {
	case Null:
		return number(0), nil
	case List:
		return number(int64(len(v.l))), nil
	case String:
		if isASCII(v.s) && !strings.Contains(v.s, "\r\n") {
			return number(int64(len(v.s))), nil
		}
		n, err := stdlib.Strlen(cty.StringVal(v.s))
		if err != nil {
			return number(int64(utf8.RuneCountInString(v.s))), nil
		}
		i, _ := n.AsBigFloat().Int64()
		return number(i), nil
	}
	return Value{}, errNullItem
}

// coalesce gives the first argument that is neither null nor empty, else the last
// that is not null.
func coalesce(a []Value) (Value, error) {
	var last Value
	for _, v := range a {
		if !v.empty() {
			return v, nil
		}
		if v.kind != Null {
			last = v
		}
	}
	return last, nil
}

// lookupFunc is lookup(map, key, default): the translation table of a mapping.
var lookupFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "map", Type: cty.DynamicPseudoType, AllowDynamicType: true},
		{Name: "key", Type: cty.String, AllowNull: true},
		{Name: "default", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true},
	},
	Type: func(args []cty.Value) (cty.Type, error) {
		v, err := lookup(args)
		if err != nil {
			return cty.NilType, err
		}
		return v.Type(), nil
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return lookup(args) },
})

func lookup(args []cty.Value) (cty.Value, error) {
	m, key := args[0], args[1]
	if t := m.Type(); !t.IsObjectType() && !t.IsMapType() {
		return cty.NilVal, function.NewArgErrorf(0, "a map is needed")
	}
	switch {
	case !m.IsKnown() || !key.IsKnown():
		return cty.DynamicVal, nil
	case key.IsNull():
		return args[2], nil
	case m.Type().IsMapType():
		if m.HasIndex(key).True() {
			return m.Index(key), nil
		}
	case m.Type().HasAttribute(key.AsString()):
		return m.GetAttr(key.AsString()), nil
	}
	return args[2], nil
}

// table compiles a lookup in a map that is the same for every record.
func (c *compiler) table(x *hclsyntax.FunctionCallExpr) (node, Kind, bool) {
	key, _, ok1 := c.compile(x.Args[1])
	other, _, ok2 := c.compile(x.Args[2])
	if !ok1 || !ok2 || !c.constant(x.Args[0]) {
		return nil, Any, false
	}
	m, diags := x.Args[0].Value(c.expr.context(func(string) cty.Value { return cty.DynamicVal }))
	if diags.HasErrors() || m.IsMarked() || m.IsNull() || !m.IsWhollyKnown() || !m.Type().IsObjectType() && !m.Type().IsMapType() {
		return nil, Any, false
	}
	values := map[string]Value{}
	for it := m.ElementIterator(); it.Next(); {
		k, e := it.Element()
		v, ok := fromCty(e)
		if !ok {
			return nil, Any, false
		}
		values[k.AsString()] = v
	}
	return func(in *Input) (Value, bool) {
		k, ok1 := key(in)
		byDefault, ok2 := other(in)
		k, ok3 := coerce(k, String)
		if !ok1 || !ok2 || !ok3 {
			return Value{}, false
		}
		if v, ok := values[k.s]; ok && k.kind == String {
			return v, true
		}
		return byDefault, true
	}, Any, true
}

var (
	anyTrueFunc = boolsFunc(func(vs []bool) bool { return slices.Contains(vs, true) })
	allTrueFunc = boolsFunc(func(vs []bool) bool { return !slices.Contains(vs, false) })
)

func boolsFunc(of func([]bool) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(cty.Bool), nil
			}
			var vs []bool
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if v.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "a null is in the list")
				}
				vs = append(vs, v.True())
			}
			return cty.BoolVal(of(vs)), nil
		},
	})
}
