package mapping

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync/atomic"
)

func patternFunctions() map[string]*fn {
	str := param{name: "str", kind: String, null: true}
	re := param{name: "pattern", kind: String, pattern: true}
	with := param{name: "replacement", kind: String}
	return map[string]*fn{
		"regex_match": {params: []param{re, str}, ret: Bool, call: func(a []Value) (Value, error) {
			p, err := pattern(a[0].s)
			if err != nil {
				return Value{}, err
			}
			return truth(a[1].kind != Null && p.MatchString(a[1].s)), nil
		}},
		"regex_replace": {params: []param{str, re, with}, ret: String, call: func(a []Value) (Value, error) {
			return replacePattern(a[0], a[1].s, a[2].s)
		}},
		"replace": {params: []param{str, {name: "substr", kind: String}, with}, ret: String, call: replace},
	}
}

// replace is Terraform's: a substring between slashes is a pattern.
func replace(a []Value) (Value, error) {
	old := a[1].s
	if len(old) > 2 && old[0] == '/' && old[len(old)-1] == '/' {
		return replacePattern(a[0], old[1:len(old)-1], a[2].s)
	}
	if a[0].kind == Null {
		return Value{}, nil
	}
	if n := strings.Count(a[0].s, old); n*(len(a[2].s)-len(old))+len(a[0].s) > maxText {
		return Value{}, errTooLong
	}
	return text(strings.ReplaceAll(a[0].s, old, a[2].s)), nil
}

func replacePattern(s Value, re, with string) (Value, error) {
	p, err := pattern(re)
	if err != nil || s.kind == Null {
		return Value{}, err
	}
	// Every match may grow by the replacement with the whole text in each of its groups.
	if n := len(s.s); n > 1<<10 || len(with) > 1<<10 {
		if worst := (n + 1) * (len(with) + strings.Count(with, "$")*n); worst > 1<<28 {
			return Value{}, errTooLong
		}
	}
	return bounded(p.ReplaceAllString(s.s, with))
}

// maxPattern bounds the length of a pattern, maxPatterns how many are kept compiled.
const (
	maxPattern  = 4 << 10
	maxPatterns = 1 << 10
)

var patterns atomic.Pointer[map[string]*regexp.Regexp]

// pattern compiles an RE2 expression once. Readers never wait: the map is replaced,
// not changed.
func pattern(s string) (*regexp.Regexp, error) {
	known := patterns.Load()
	if known != nil {
		if re, ok := (*known)[s]; ok {
			return re, nil
		}
	}
	if len(s) > maxPattern {
		return nil, fmt.Errorf("the pattern is longer than %d bytes", maxPattern)
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, fmt.Errorf("the pattern is no valid RE2 expression (%s)", reason(err))
	}
	next := map[string]*regexp.Regexp{}
	if known != nil && len(*known) < maxPatterns {
		maps.Copy(next, *known)
	}
	next[s] = re
	patterns.CompareAndSwap(known, &next)
	return re, nil
}

// reason leaves the pattern itself out: it may be computed from a record.
func reason(err error) string {
	if e, ok := strings.CutPrefix(err.Error(), "error parsing regexp: "); ok {
		what, _, _ := strings.Cut(e, ": `")
		return what
	}
	return "invalid"
}
