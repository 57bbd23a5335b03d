package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"syncgateway/plugins/scim/engine/value"
)

// The limits of a filter, so that nobody's filter is a burden: its length in bytes, how
// deep brackets nest, and how many comparisons there are.
const (
	MaxLength = 16 << 10
	MaxDepth  = 32
	MaxTerms  = 200
)

// Parse reads a filter.
func Parse(text string) (Node, error) {
	p := parser{text: text, inFilter: true}
	if len(text) > MaxLength {
		return nil, p.fail("the filter is longer than %d bytes", MaxLength)
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.fail("nothing was expected here any more, but there is %s", p.near())
	}
	return n, nil
}

// ParsePath reads the path of a PATCH operation.
func ParsePath(text string) (Path, error) {
	p := parser{text: text}
	if len(text) > MaxLength {
		return Path{}, p.fail("the path is longer than %d bytes", MaxLength)
	}
	var path Path
	p.space()
	if path.Attribute = p.name(); path.Attribute == "" {
		return Path{}, p.fail("a path begins with the name of an attribute")
	}
	if p.take('[') {
		p.inFilter = true
		var err error
		if path.Filter, err = p.bracketed(); err != nil {
			return Path{}, err
		}
		p.inFilter = false
		if p.at < len(p.text) && p.text[p.at] == '.' {
			p.at++
			if path.Sub = p.name(); path.Sub == "" {
				return Path{}, p.fail("a dot needs the name of a sub-attribute behind it")
			}
		}
	}
	if p.space(); p.at < len(p.text) {
		return Path{}, p.fail("the path should end here, but there is %s", p.near())
	}
	return path, nil
}

type parser struct {
	text     string
	at       int
	depth    int
	terms    int
	inFilter bool
	inside   bool // of brackets
}

func (p *parser) space() {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func (p *parser) take(c byte) bool {
	if p.space(); p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// word passes a keyword in any letter case, which white space, a bracket or the end
// must follow.
func (p *parser) word(w string) bool {
	p.space()
	end := p.at + len(w)
	if end > len(p.text) || !strings.EqualFold(p.text[p.at:end], w) {
		return false
	}
	if end < len(p.text) && !isSpace(p.text[end]) && p.text[end] != '(' && p.text[end] != ')' && p.text[end] != ']' {
		return false
	}
	p.at = end
	return true
}

func (p *parser) or() (Node, error) {
	return p.joined("or", p.and, func(l []Node) Node { return Or(l) })
}

func (p *parser) and() (Node, error) {
	return p.joined("and", p.term, func(l []Node) Node { return And(l) })
}

func (p *parser) joined(word string, part func() (Node, error), join func([]Node) Node) (Node, error) {
	var list []Node
	for {
		n, err := part()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if !p.word(word) {
			break
		}
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return join(list), nil
}

func (p *parser) nested(close byte) (Node, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, p.fail("the filter is nested more than %d deep", MaxDepth)
	}
	defer func() { p.depth-- }()
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.take(close) {
		return nil, p.fail("%q is missing", string(close))
	}
	return n, nil
}

// bracketed reads the filter behind [ and the ] at its end.
func (p *parser) bracketed() (Node, error) {
	if p.inside {
		return nil, p.fail("brackets do not nest in brackets")
	}
	p.inside = true
	defer func() { p.inside = false }()
	return p.nested(']')
}

func (p *parser) term() (Node, error) {
	if p.take('(') {
		return p.nested(')')
	}
	start := p.at
	if p.word("not") {
		if p.take('(') {
			n, err := p.nested(')')
			return &Not{n}, err
		}
		p.at = start
	}
	p.space()
	start = p.at
	path := p.name()
	if path == "" {
		return nil, p.fail("an attribute is expected here, but there is %s", p.near())
	}
	if p.at < len(p.text) && p.text[p.at] == '[' {
		p.at++
		return p.within(path, start)
	}
	return p.comparison(path, start)
}

// within reads what follows attr[. Sub-attribute and comparison may follow the bracket,
// outside of the grammar: emails[type eq "work"].value eq "x" is meant of one element.
func (p *parser) within(path string, start int) (Node, error) {
	n, err := p.bracketed()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) && p.text[p.at] == '.' {
		p.at++
		sub := p.name()
		if sub == "" {
			return nil, p.fail("a dot needs the name of a sub-attribute behind it")
		}
		c, err := p.comparison(sub, p.at)
		if err != nil {
			return nil, err
		}
		n = And{n, c}
	}
	return &Within{path, n, start}, nil
}

func (p *parser) comparison(path string, start int) (Node, error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, p.fail("the filter has more than %d comparisons", MaxTerms)
	}
	p.space()
	at := p.at
	op := Op(strings.ToLower(p.name()))
	switch op {
	case Present:
		return &Compare{Path: path, Op: op, At: start}, nil
	case Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le:
	default:
		p.at = at
		return nil, p.fail("an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr) is expected here, but there is %s", p.near())
	}
	if p.at < len(p.text) && !isSpace(p.text[p.at]) && p.text[p.at] != '"' {
		return nil, p.fail("white space is expected behind the operator")
	}
	l, err := p.literal()
	return &Compare{Path: path, Op: op, Literal: l, At: start}, err
}

// name reads an attribute path or an operator.
func (p *parser) name() string {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("$-_.:/#%+~", c) >= 0) {
			break
		}
		p.at++
	}
	return p.text[start:p.at]
}

func (p *parser) literal() (Literal, error) {
	p.space()
	if p.at >= len(p.text) {
		return Literal{}, p.fail("a value is missing")
	}
	if p.text[p.at] == '"' {
		return p.quoted()
	}
	start := p.at
	for p.at < len(p.text) && !isSpace(p.text[p.at]) && strings.IndexByte(`()[]"`, p.text[p.at]) < 0 {
		p.at++
	}
	word := p.text[start:p.at]
	if word == "" || p.at < len(p.text) && strings.IndexByte(`"([`, p.text[p.at]) >= 0 || !utf8.ValidString(word) {
		return Literal{}, p.fail("a value is expected here, text in double quotes")
	}
	return literal(word), nil
}

func (p *parser) quoted() (Literal, error) {
	start := p.at
	for p.at++; p.at < len(p.text) && p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			p.at++
		}
	}
	if p.at >= len(p.text) {
		p.at = start
		return Literal{}, p.fail("a text has no closing quote")
	}
	p.at++
	v, err := value.Parse([]byte(p.text[start:p.at]), 1)
	s, _ := v.(string)
	if err != nil {
		p.at = start
		return Literal{}, p.fail("a text in quotes must be a JSON string")
	}
	if p.at < len(p.text) && !isSpace(p.text[p.at]) && strings.IndexByte(`)]`, p.text[p.at]) < 0 {
		return Literal{}, p.fail("white space is expected behind the text")
	}
	return Literal{s, s}, nil
}

func (p *parser) near() string {
	rest := value.Visible(p.text[p.at:])
	if rest == "" {
		return "nothing more"
	}
	if cut := strings.IndexAny(rest, " \t"); cut > 0 {
		rest = rest[:cut]
	}
	return "'" + rest + "'"
}

func (p *parser) fail(format string, args ...any) error {
	return &Error{What: fmt.Sprintf(format, args...), At: p.at, InFilter: p.inFilter}
}
