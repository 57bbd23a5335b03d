package value

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// SyntaxError says what is wrong with a JSON text, and where.
type SyntaxError struct {
	Offset int
	What   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }

// Parse reads one JSON value. Nesting beyond depth, a name that an object has twice in
// any letter case, invalid UTF-8 and anything after the value are errors.
func Parse(data []byte, depth int) (any, error) {
	r := reader{data: bytes.TrimPrefix(data, []byte("\uFEFF")), depth: depth}
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	if r.space(); r.at < len(r.data) {
		return nil, r.fail("something follows the JSON value")
	}
	return v, nil
}

type reader struct {
	data  []byte
	at    int
	depth int
}

func (r *reader) fail(format string, args ...any) error {
	return &SyntaxError{Offset: r.at, What: fmt.Sprintf(format, args...)}
}

func (r *reader) space() {
	for r.at < len(r.data) {
		switch r.data[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// peek passes white space and returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	r.space()
	if r.at >= len(r.data) {
		return 0
	}
	return r.data[r.at]
}

func (r *reader) take(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

func (r *reader) value() (any, error) {
	switch c := r.peek(); {
	case c == '{':
		return nested(r, r.object)
	case c == '[':
		return nested(r, r.array)
	case c == '"':
		return boxed(r.text())
	case c == '-' || c >= '0' && c <= '9':
		return boxed(r.number())
	case r.word("true"):
		return true, nil
	case r.word("false"):
		return false, nil
	case r.word("null"):
		return nil, nil
	case r.at >= len(r.data):
		return nil, r.fail("the JSON ends too early")
	}
	return nil, r.fail("this is not JSON")
}

func (r *reader) word(w string) bool {
	if len(r.data)-r.at < len(w) || string(r.data[r.at:r.at+len(w)]) != w {
		return false
	}
	r.at += len(w)
	return true
}

func boxed[T any](v T, err error) (any, error) { return v, err }

func nested[T any](r *reader, f func() (T, error)) (any, error) {
	if r.depth == 0 {
		return nil, r.fail("the JSON is nested too deeply")
	}
	r.depth--
	defer func() { r.depth++ }()
	r.at++
	return f()
}

func (r *reader) array() ([]any, error) {
	list := []any{}
	if r.take(']') {
		return list, nil
	}
	for {
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if r.take(']') {
			return list, nil
		}
		if !r.take(',') {
			return nil, r.fail("an array needs a comma or its end here")
		}
	}
}

func (r *reader) object() (Object, error) {
	o := Object{}
	if r.take('}') {
		return o, nil
	}
	var seen names
	for {
		if r.peek() != '"' {
			return nil, r.fail("an object needs a name here")
		}
		name, err := r.text()
		if err != nil {
			return nil, err
		}
		if seen.twice(o, name) {
			return nil, r.fail("the name %s is there twice", strconv.Quote(Visible(name)))
		}
		if !r.take(':') {
			return nil, r.fail("a name needs a colon behind it")
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		o = append(o, Member{name, v})
		if r.take('}') {
			return o, nil
		}
		if !r.take(',') {
			return nil, r.fail("an object needs a comma or its end here")
		}
	}
}

// names finds names that come twice: few by looking, many by a map.
type names map[string]bool

func (n *names) twice(o Object, name string) bool {
	const few = 16
	if len(o) < few {
		_, found := o.Fold(name)
		return found
	}
	if *n == nil {
		*n = names{}
		for _, m := range o {
			(*n)[strings.ToLower(m.Name)] = true
		}
	}
	folded := strings.ToLower(name)
	found := (*n)[folded]
	(*n)[folded] = true
	return found
}

func (r *reader) text() (string, error) {
	start := r.at + 1
	for r.at = start; r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; {
		case c == '"':
			s := r.data[start:r.at]
			if !utf8.Valid(s) {
				return "", r.fail("a string is not valid UTF-8")
			}
			r.at++
			return string(s), nil
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			return "", r.fail("a string holds a control character that is not escaped")
		}
	}
	return "", r.fail("a string has no end")
}

// escaped reads the rest of a string that has escapes; r.at is at the first.
func (r *reader) escaped(start int) (string, error) {
	b := append([]byte(nil), r.data[start:r.at]...)
	for r.at < len(r.data) {
		switch c := r.data[r.at]; {
		case c == '"':
			if !utf8.Valid(b) {
				return "", r.fail("a string is not valid UTF-8")
			}
			r.at++
			return string(b), nil
		case c < ' ':
			return "", r.fail("a string holds a control character that is not escaped")
		case c != '\\':
			b = append(b, c)
			r.at++
		default:
			var err error
			if b, err = r.escape(b); err != nil {
				return "", err
			}
		}
	}
	return "", r.fail("a string has no end")
}

func (r *reader) escape(b []byte) ([]byte, error) {
	if r.at+1 >= len(r.data) {
		return nil, r.fail("a string has no end")
	}
	c := r.data[r.at+1]
	if at := strings.IndexByte(`"\/bfnrt`, c); at >= 0 {
		r.at += 2
		return append(b, "\"\\/\b\f\n\r\t"[at]), nil
	}
	if c != 'u' {
		return nil, r.fail("a string holds an escape that JSON does not have")
	}
	code, ok := r.hex4(r.at + 2)
	if !ok {
		return nil, r.fail("\\u needs four hexadecimal digits")
	}
	r.at += 6
	if utf16.IsSurrogate(code) {
		low, ok := r.hex4(r.at + 2)
		if pair := utf16.DecodeRune(code, low); ok && r.data[r.at] == '\\' && r.data[r.at+1] == 'u' && pair != utf8.RuneError {
			r.at += 6
			return utf8.AppendRune(b, pair), nil
		}
		return nil, r.fail("half of a surrogate pair stands alone")
	}
	return utf8.AppendRune(b, code), nil
}

func (r *reader) hex4(at int) (rune, bool) {
	if at+4 > len(r.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(r.data[at:at+4]), 16, 16)
	return rune(n), err == nil
}

func (r *reader) digits() int {
	start := r.at
	for r.at < len(r.data) && r.data[r.at] >= '0' && r.data[r.at] <= '9' {
		r.at++
	}
	return r.at - start
}

// next takes one of these bytes if it comes next.
func (r *reader) next(set string) bool {
	if r.at < len(r.data) && strings.IndexByte(set, r.data[r.at]) >= 0 {
		r.at++
		return true
	}
	return false
}

func (r *reader) number() (Number, error) {
	const longest = 1000
	start := r.at
	r.next("-")
	whole := r.at
	if n := r.digits(); n == 0 || n > 1 && r.data[whole] == '0' {
		return "", r.fail("this is not a number")
	}
	if r.next(".") && r.digits() == 0 {
		return "", r.fail("a number needs digits behind its point")
	}
	if r.next("eE") {
		exponent := r.at
		r.next("+-")
		if r.digits() == 0 {
			return "", r.fail("a number needs digits in its exponent")
		}
		if e, err := strconv.Atoi(string(r.data[exponent:r.at])); err != nil || e > maxExponent || e < -maxExponent {
			return "", r.fail("a number is too large")
		}
	}
	if r.at-start > longest {
		return "", r.fail("a number is too long")
	}
	return Number(r.data[start:r.at]), nil
}

// Visible is text fit to be shown: without control characters, and cut when long.
func Visible(s string) string {
	const longest = 200
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
			return utf8.RuneError
		}
		return c
	}, s)
	if len(s) <= longest {
		return s
	}
	cut := longest
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
