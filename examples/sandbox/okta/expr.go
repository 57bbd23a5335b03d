package okta

import (
	"fmt"
	"strings"
	"time"
)

// expression is a parsed search or filter. attribute gives a record's values for a name.
type expression interface {
	eval(attribute func(string) []string) bool
}

type (
	both       struct{ left, right expression }
	either     struct{ left, right expression }
	comparison struct {
		name, op, value string
		exact           bool // the case of text matters
	}
)

func (b both) eval(a func(string) []string) bool   { return b.left.eval(a) && b.right.eval(a) }
func (e either) eval(a func(string) []string) bool { return e.left.eval(a) || e.right.eval(a) }

func (c comparison) eval(attribute func(string) []string) bool {
	values := attribute(c.name)
	if c.op == "pr" {
		return len(values) > 0
	}
	for _, v := range values {
		if compare(c.op, v, c.value, c.exact) {
			return true
		}
	}
	return false
}

// compare compares dates as instants and text as text.
func compare(op, have, want string, exact bool) bool {
	if h, err := time.Parse(time.RFC3339, have); err == nil {
		if w, err := time.Parse(time.RFC3339, want); err == nil {
			return ordered(op, h.Compare(w))
		}
	}
	h, w := have, want
	if !exact {
		h, w = strings.ToLower(have), strings.ToLower(want)
	}
	switch op {
	case "sw":
		return strings.HasPrefix(h, w)
	case "ew":
		return strings.HasSuffix(h, w)
	case "co":
		return strings.Contains(h, w)
	}
	return ordered(op, strings.Compare(h, w))
}

func ordered(op string, c int) bool {
	switch op {
	case "eq":
		return c == 0
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	case "le":
		return c <= 0
	}
	return false
}

// grammar says which operators a name may be used with; an empty list for a name means it is unknown.
type grammar func(name string) []string

var (
	equality = []string{"eq"}
	dates    = []string{"eq", "gt", "ge", "lt", "le"}
	anything = []string{"eq", "gt", "ge", "lt", "le", "sw", "ew", "co", "pr"}
)

// parse reads an expression of comparisons, `and`, `or` and parentheses; `and` binds tighter. The case of values matters
// in a filter (exact) and not in a search.
func parse(text string, allowed grammar, exact bool) (expression, error) {
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, allowed: allowed, exact: exact}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if len(p.tokens) > 0 {
		return nil, fmt.Errorf("unexpected %q", p.tokens[0])
	}
	return e, nil
}

// scan splits into words, parentheses and quoted strings; a quoted string keeps its opening quote.
func scan(text string) ([]string, error) {
	var tokens []string
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ':
			i++
		case c == '(' || c == ')':
			tokens = append(tokens, string(c))
			i++
		case c == '"':
			value, rest, err := quoted(text[i+1:])
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, `"`+value)
			i = len(text) - len(rest)
		default:
			end := strings.IndexAny(text[i:], " ()\"")
			if end < 0 {
				end = len(text) - i
			}
			tokens = append(tokens, text[i:i+end])
			i += end
		}
	}
	return tokens, nil
}

func quoted(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			if i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), s[i+1:], nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", fmt.Errorf("a string is not closed")
}

type parser struct {
	tokens  []string
	allowed grammar
	exact   bool
}

func (p *parser) accept(word string) bool {
	if len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], word) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *parser) take() string {
	if len(p.tokens) == 0 {
		return ""
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

func (p *parser) or() (expression, error) {
	left, err := p.and()
	for err == nil && p.accept("or") {
		var right expression
		right, err = p.and()
		left = either{left, right}
	}
	return left, err
}

func (p *parser) and() (expression, error) {
	left, err := p.term()
	for err == nil && p.accept("and") {
		var right expression
		right, err = p.term()
		left = both{left, right}
	}
	return left, err
}

func (p *parser) term() (expression, error) {
	if p.accept("(") {
		e, err := p.or()
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return e, err
	}
	name, op := p.take(), strings.ToLower(p.take())
	supported := false
	for _, o := range p.allowed(name) {
		supported = supported || o == op
	}
	if !supported {
		return nil, fmt.Errorf("operator %q is not supported for %q", op, name)
	}
	if op == "pr" {
		return comparison{name: name, op: op}, nil
	}
	value := p.take()
	text, isText := strings.CutPrefix(value, `"`)
	if !isText && value != "true" && value != "false" {
		return nil, fmt.Errorf("the value of %q must be in quotes", name)
	}
	return comparison{name: name, op: op, value: text, exact: p.exact}, nil
}
