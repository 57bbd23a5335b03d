package schema

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"syncgateway/core/diag"
)

// check holds a value against what its field allows. The value is printed only when
// the field is not sensitive.
func (e *encoder) check(f Field, v cty.Value, at hcl.Range) {
	switch f.Type {
	case StringList, StringMap:
		for it := v.ElementIterator(); it.Next(); {
			_, item := it.Element()
			if item.IsNull() {
				e.errorf("config.value", at, "Missing value", "An item of %q is null.", f.Name)
				continue
			}
			e.checkText(f, item.AsString(), at)
		}
	case String:
		e.checkText(f, v.AsString(), at)
	case Duration:
		e.checkDuration(f, v.AsString(), at)
	case Int, Float:
		n, _ := v.AsBigFloat().Float64()
		if f.Type == Int && !v.AsBigFloat().IsInt() {
			e.errorf("config.value", at, "Not a whole number", "%q is a whole number%s.", f.Name, bounds(f, f.printer()))
			return
		}
		e.checkBounds(f, n, at)
	}
}

func (e *encoder) checkText(f Field, s string, at hcl.Range) {
	if len(f.OneOf) > 0 && !slices.Contains(f.OneOf, s) {
		suggestion := ""
		if !f.Sensitive {
			suggestion = diag.Suggest(s, f.OneOf)
		}
		e.errorf("config.value", at, "Value not allowed", "%s%q may be one of: %s.%s", shown(f, s), f.Name, strings.Join(f.OneOf, ", "), suggestion)
		return
	}
	if f.Pattern == "" {
		return
	}
	if re, err := f.pattern(); err == nil && !re.MatchString(s) {
		example := ""
		if f.Example != "" && !f.Sensitive {
			example = fmt.Sprintf(" Example: %q.", f.Example)
		}
		e.errorf("config.value", at, "Value not allowed", "%s%q must match %s.%s", shown(f, s), f.Name, f.Pattern, example)
	}
}

func shown(f Field, s string) string {
	if f.Sensitive || len(s) > 80 {
		return "The value is not allowed: "
	}
	return fmt.Sprintf("%q is not allowed: ", s)
}

func (e *encoder) checkDuration(f Field, s string, at hcl.Range) {
	d, err := parseDuration(s)
	if err != nil {
		e.errorf("config.value", at, "Not a duration", "%s%q is a duration such as \"90s\", \"15m\", \"72h\" or \"7d\".", shown(f, s), f.Name)
		return
	}
	e.checkBounds(f, d.Seconds(), at)
}

// parseDuration is time.ParseDuration with days in front: "7d", "1d12h".
func parseDuration(s string) (time.Duration, error) {
	text, rest, ok := strings.Cut(s, "d")
	days, err := strconv.ParseUint(text, 10, 16)
	if !ok || err != nil {
		return time.ParseDuration(s)
	}
	d := time.Duration(days) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err == nil && (rest[0] == '-' || rest[0] == '+') {
		err = errors.New("a sign in the middle")
	}
	return d + more, err
}

func (e *encoder) checkBounds(f Field, n float64, at hcl.Range) {
	if f.Min != nil && n < *f.Min || f.Max != nil && n > *f.Max {
		e.errorf("config.value", at, "Value out of bounds", "%q must be%s.", f.Name, bounds(f, f.printer()))
	}
}

// printer prints a bound: those of durations count seconds.
func (f Field) printer() func(float64) string {
	if f.Type == Duration {
		return func(n float64) string { return time.Duration(n * float64(time.Second)).String() }
	}
	return func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
}

func bounds(f Field, print func(float64) string) string {
	var parts []string
	if f.Min != nil {
		parts = append(parts, " at least "+print(*f.Min))
	}
	if f.Max != nil {
		parts = append(parts, " at most "+print(*f.Max))
	}
	return strings.Join(parts, " and")
}
