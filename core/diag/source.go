package diag

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// File is a source file that excerpts are taken from. Nothing of it is printed but
// punctuation and what lies in Shown, so that a secret cannot appear because somebody
// forgot to hide it.
type File struct {
	Src    []byte
	Shown  []hcl.Range // what is known to hold no secret
	Broken bool        // it does not parse, so Shown means nothing: only leading names are printed
}

// Files are source files by name.
type Files map[string]*File

// mask stands for a hidden text of any length.
const mask = "•••"

// Snippet is the line a diagnostic is about, with secrets masked. Start and End are
// the columns of Text, counted in characters from 0, that are meant.
type Snippet struct {
	Line  int    `json:"line"`
	Text  string `json:"text"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// snippet gives the first line of a range, nil when the file is not known.
func (fs Files) snippet(r hcl.Range) *Snippet {
	f := fs[r.Filename]
	if f == nil || r.Start.Byte < 0 || r.Start.Byte > len(f.Src) {
		return nil
	}
	from := strings.LastIndexByte(string(f.Src[:r.Start.Byte]), '\n') + 1
	to := len(f.Src)
	if i := strings.IndexByte(string(f.Src[r.Start.Byte:]), '\n'); i >= 0 {
		to = r.Start.Byte + i
	}
	s := &Snippet{Line: r.Start.Line}
	var b strings.Builder
	for _, span := range f.spans(r.Filename, from, to) {
		at := utf8.RuneCountInString(b.String())
		if span.start <= r.Start.Byte {
			s.Start = at
			if !span.hidden {
				s.Start += utf8.RuneCount(f.Src[span.start:r.Start.Byte])
			}
		}
		b.WriteString(f.print(span))
		if span.start < r.End.Byte || r.End.Byte <= r.Start.Byte {
			s.End = utf8.RuneCountInString(b.String())
			if !span.hidden && span.end > r.End.Byte && r.End.Byte > r.Start.Byte {
				s.End -= utf8.RuneCount(f.Src[r.End.Byte:span.end])
			}
		}
	}
	s.Text = strings.TrimRight(b.String(), " \t\r")
	s.End = min(max(s.End, s.Start+1), max(utf8.RuneCountInString(s.Text), s.Start+1))
	if r.End.Byte <= r.Start.Byte {
		s.End = s.Start + 1
	}
	return s
}

// span is a part of a line, printed as it is or as a mask.
type span struct {
	start, end int
	hidden     bool
}

func (f *File) print(s span) string {
	if s.hidden {
		return mask
	}
	return clean(strings.ReplaceAll(string(f.Src[s.start:s.end]), "\t", " "))
}

// spans cuts the bytes [from, to) of one line into shown and hidden parts.
func (f *File) spans(name string, from, to int) []span {
	tokens, _ := hclsyntax.LexConfig(f.Src, name, hcl.InitialPos)
	var out []span
	add := func(start, end int, hidden bool) {
		start, end = max(start, from), min(end, to)
		if start >= end {
			return
		}
		if n := len(out); n > 0 && out[n-1].hidden == hidden {
			out[n-1].end = end
			return
		}
		out = append(out, span{start, end, hidden})
	}
	at, leading := from, true
	for _, t := range tokens {
		start, end := t.Range.Start.Byte, t.Range.End.Byte
		if end <= from || start >= to {
			continue
		}
		leading = leading && t.Type == hclsyntax.TokenIdent
		add(at, start, false)
		add(start, end, f.hides(t, leading))
		at = max(at, end)
	}
	add(at, to, f.Broken)
	return out
}

func (f *File) hides(t hclsyntax.Token, leading bool) bool {
	if f.Broken {
		return !leading && t.Type != hclsyntax.TokenEqual && t.Type != hclsyntax.TokenNewline
	}
	switch t.Type {
	case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit, hclsyntax.TokenNumberLit, hclsyntax.TokenIdent,
		hclsyntax.TokenComment, hclsyntax.TokenOHeredoc, hclsyntax.TokenCHeredoc, hclsyntax.TokenInvalid, hclsyntax.TokenBadUTF8:
		return !slices.ContainsFunc(f.Shown, func(r hcl.Range) bool {
			return r.Start.Byte <= t.Range.Start.Byte && t.Range.End.Byte <= r.End.Byte
		})
	}
	return false
}
