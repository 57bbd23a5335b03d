package selector

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"syncgateway/core/identity"
)

// term is one key=value of a selector.
type term struct {
	key   string
	value pattern
}

// pattern is a value taken apart: text that must be there, and the wildcards between.
type pattern []piece

type piece struct {
	text string // folded; empty for a wildcard
	wild rune   // '*' or '?'; 0 for text
}

// split takes a selector apart at the commas that stand outside of quotes.
func split(s string) ([]term, error) {
	var terms []term
	for rest := s; ; {
		key, after, ok := strings.Cut(rest, "=")
		if !ok {
			return nil, fmt.Errorf("%q is no selector: write group=eng-*, user=ada@example.org or class=deactivate", shown(rest))
		}
		value, left, err := value(after)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term{key: strings.TrimSpace(key), value: value})
		switch {
		case len(terms) > mostTerms:
			return nil, fmt.Errorf("a selector has at most %d conditions", mostTerms)
		case left == "":
			return terms, nil
		}
		rest = left[1:]
	}
}

// value reads one value; left begins with the comma that ended it, or is empty.
func value(s string) (p pattern, left string, err error) {
	quoted := false
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"': // one that is meant
			p = p.with(`"`)
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c == ',':
			return p.folded(), s[i:], nil
		case !quoted && (c == '*' || c == '?'):
			p = append(p, piece{wild: rune(c)})
		default:
			p = p.with(s[i : i+1])
		}
	}
	if quoted {
		return nil, "", fmt.Errorf("a quotation mark is not closed in %q", shown(s))
	}
	return p.folded(), "", nil
}

// with adds text to the pattern.
func (p pattern) with(text string) pattern {
	if n := len(p); n > 0 && p[n-1].wild == 0 {
		p[n-1].text += text
		return p
	}
	return append(p, piece{text: text})
}

// folded is the pattern for names that identity.Fold gave.
func (p pattern) folded() pattern {
	for i := range p {
		text := strings.ToLower(p[i].text)
		if strings.ContainsFunc(text, unicode.IsSpace) {
			text = spaces(text)
		}
		if i == 0 {
			text = strings.TrimLeft(text, " ")
		}
		if i == len(p)-1 {
			text = strings.TrimRight(text, " ")
		}
		p[i].text = text
	}
	return slices.DeleteFunc(p, func(x piece) bool { return x.wild == 0 && x.text == "" })
}

// spaces makes every run of white space one space, those at the ends too.
func spaces(s string) string {
	inner := strings.Join(strings.Fields(s), " ")
	if inner == "" {
		return " "
	}
	if strings.TrimLeftFunc(s, unicode.IsSpace) != s {
		inner = " " + inner
	}
	if strings.TrimRightFunc(s, unicode.IsSpace) != s {
		inner += " "
	}
	return inner
}

// text is a pattern as it is read by people.
func (p pattern) text() string {
	var b strings.Builder
	for _, x := range p {
		if x.wild != 0 {
			b.WriteRune(x.wild)
		}
		b.WriteString(x.text)
	}
	return b.String()
}

func (p pattern) matchesAny(names ...string) bool {
	for _, n := range names {
		if n != "" && p.matches([]rune(identity.Fold(n))) {
			return true
		}
	}
	return false
}

// matches compares with one name. It goes back to the last * alone, so that it takes
// at most the product of both lengths.
func (p pattern) matches(name []rune) bool {
	want := p.runes()
	i, j, star, mark := 0, 0, -1, 0
	for j < len(name) {
		switch {
		case i < len(want) && want[i].wild == '*':
			star, mark = i, j
			i++
		case i < len(want) && (want[i].wild == '?' || want[i].wild == 0 && want[i].r == name[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(want) && want[i].wild == '*' {
		i++
	}
	return i == len(want)
}

// symbol is one character of a pattern, or a wildcard.
type symbol struct {
	r    rune
	wild rune
}

func (p pattern) runes() []symbol {
	var out []symbol
	for _, x := range p {
		if x.wild != 0 {
			out = append(out, symbol{wild: x.wild})
		}
		for _, r := range x.text {
			out = append(out, symbol{r: r})
		}
	}
	return out
}

// Exact is the condition that chooses what has this name, for commands that are
// printed: it quotes what would be taken for a pattern or a list.
func Exact(key, name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return strings.ContainsRune(`,*?"`, r) || unicode.IsSpace(r) }) {
		name = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return key + "=" + name
}
