package mapping

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func textFunctions() map[string]*fn {
	str := param{name: "str", kind: String, null: true}
	prefix := param{name: "prefix", kind: String}
	suffix := param{name: "suffix", kind: String}
	all := map[string]*fn{
		"lower":       onText(strings.ToLower),
		"upper":       onText(strings.ToUpper),
		"trimspace":   onText(strings.TrimSpace),
		"title":       onText(title),
		"trim":        onTexts(strings.Trim, str, param{name: "cutset", kind: String}),
		"trim_prefix": onTexts(strings.TrimPrefix, str, prefix),
		"trim_suffix": onTexts(strings.TrimSuffix, str, suffix),
		"starts_with": askText(strings.HasPrefix, str, prefix),
		"ends_with":   askText(strings.HasSuffix, str, suffix),
		"strcontains": askText(strings.Contains, str, param{name: "substr", kind: String}),
		"substr": {params: []param{str, {name: "offset", kind: Number}, {name: "length", kind: Number}}, ret: String,
			call: func(a []Value) (Value, error) { return substr(a[0], a[1].n, a[2].n) }},
		"format": {params: []param{{name: "format", kind: String}}, rest: &param{name: "args", kind: Any, null: true}, ret: String,
			call: format},
	}
	// Terraform's spellings of the same.
	for alias, name := range map[string]string{"trimprefix": "trim_prefix", "trimsuffix": "trim_suffix",
		"startswith": "starts_with", "endswith": "ends_with"} {
		all[alias] = all[name]
	}
	return all
}

// onText is a function of one text; null stays null.
func onText(f func(string) string) *fn {
	return &fn{params: []param{{name: "str", kind: String, null: true}}, ret: String,
		call: func(a []Value) (Value, error) {
			if a[0].kind == Null {
				return Value{}, nil
			}
			return bounded(f(a[0].s))
		}}
}

// onTexts is a function of a text, which may be null, and another.
func onTexts(f func(s, arg string) string, params ...param) *fn {
	return &fn{params: params, ret: String, call: func(a []Value) (Value, error) {
		if a[0].kind == Null {
			return Value{}, nil
		}
		return bounded(f(a[0].s, a[1].s))
	}}
}

// askText asks something of a text; of null nothing is true.
func askText(f func(s, arg string) bool, params ...param) *fn {
	return &fn{params: params, ret: Bool, call: func(a []Value) (Value, error) {
		return truth(a[0].kind != Null && f(a[0].s, a[1].s)), nil
	}}
}

func bounded(s string) (Value, error) {
	if len(s) > maxText {
		return Value{}, errTooLong
	}
	return text(s), nil
}

func title(s string) string {
	v, err := stdlib.Title(cty.StringVal(s))
	if err != nil {
		return s
	}
	return v.AsString()
}

// substr counts characters as people see them. A negative length means up to the end.
func substr(v Value, offset, length int64) (Value, error) {
	if v.kind == Null {
		return Value{}, nil
	}
	// "\r\n" is one character to people, too.
	if !isASCII(v.s) || offset < 0 || strings.Contains(v.s, "\r\n") {
		return substrByGrapheme(v.s, offset, length)
	}
	from := min(offset, int64(len(v.s)))
	to := int64(len(v.s))
	if length >= 0 {
		to = min(from+length, to)
	}
	return Value{kind: String, s: v.s[from:to]}, nil
}

func substrByGrapheme(s string, offset, length int64) (Value, error) {
	out, err := stdlib.Substr(cty.StringVal(s), cty.NumberIntVal(offset), cty.NumberIntVal(length))
	if err != nil {
		return Value{}, err
	}
	return text(out.AsString()), nil
}

var wideVerb = regexp.MustCompile(`%[^%a-zA-Z]*([0-9]{4,}|\*)`)

func format(a []Value) (Value, error) {
	if wideVerb.MatchString(a[0].s) {
		return Value{}, fmt.Errorf("a width or precision may have three digits at most")
	}
	args := make([]cty.Value, len(a)-1)
	for i, v := range a[1:] {
		args[i] = v.cty(cty.DynamicPseudoType)
	}
	out, err := stdlib.Format(cty.StringVal(a[0].s), args...)
	if err != nil {
		return Value{}, err
	}
	return bounded(out.AsString())
}
