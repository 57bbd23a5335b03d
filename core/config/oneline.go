package config

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// hcl allows one setting in a block that is written on one line. Limits read best as
// lines of a table, so several are allowed here:
//
//	deactivate { count = 25  percent = 5 }
//
// Such a block is parsed empty, and each of its settings by itself, all at the
// positions where they stand.

// oneLiner is the inside of a block with several settings on one line.
type oneLiner struct {
	open, close int       // bytes of the braces
	settings    []hcl.Pos // where each begins
}

// parseFile parses hcl with such blocks.
func parseFile(src []byte, filename string) (*hclsyntax.Body, hcl.Diagnostics) {
	tokens, _ := hclsyntax.LexConfig(src, filename, hcl.InitialPos)
	if diags := tooDeep(tokens); diags.HasErrors() {
		return nil, diags
	}
	liners := oneLiners(tokens)
	blank := bytes.Clone(src)
	byBrace := map[int]oneLiner{}
	for _, l := range liners {
		for i := l.open + 1; i < l.close; i++ {
			blank[i] = ' '
		}
		byBrace[l.open] = l
	}
	file, diags := hclsyntax.ParseConfig(blank, filename, hcl.InitialPos)
	body, ok := file.Body.(*hclsyntax.Body)
	if diags.HasErrors() || !ok {
		return body, diags
	}
	return body, append(diags, fillIn(body, src, filename, byBrace)...)
}

// maxDepth bounds brackets within brackets, maxSigns the operators that nest without
// any: hcl's parser recurses for each, and its stack is the process's.
const (
	maxDepth = 200
	maxSigns = 10_000
)

func tooDeep(tokens hclsyntax.Tokens) hcl.Diagnostics {
	depth, signs := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion:
			signs++
		}
		if depth > maxDepth || signs > maxSigns {
			return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Nested too deeply",
				Detail: fmt.Sprintf("Brackets may be nested %d deep. Look for one that is not closed.", maxDepth), Subject: t.Range.Ptr()}}
		}
	}
	return nil
}

// oneLiners finds the blocks: braces on one line after a block's header, with a
// second "name =" between them.
func oneLiners(tokens hclsyntax.Tokens) []oneLiner {
	var out []oneLiner
	for i := 1; i < len(tokens); i++ {
		before := tokens[i-1].Type
		if tokens[i].Type != hclsyntax.TokenOBrace || before != hclsyntax.TokenIdent && before != hclsyntax.TokenCQuote {
			continue
		}
		if l, ok := oneLinerAt(tokens[i:]); ok {
			out = append(out, l)
		}
	}
	return out
}

func oneLinerAt(tokens hclsyntax.Tokens) (oneLiner, bool) {
	l := oneLiner{open: tokens[0].Range.Start.Byte}
	depth := 0
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenComment, hclsyntax.TokenOHeredoc, hclsyntax.TokenEOF:
			return l, false
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			if depth--; depth == 0 {
				l.close = t.Range.Start.Byte
				return l, len(l.settings) > 1
			}
		case hclsyntax.TokenIdent:
			if depth == 1 && i+1 < len(tokens) && tokens[i+1].Type == hclsyntax.TokenEqual {
				l.settings = append(l.settings, t.Range.Start)
			}
		}
	}
	return l, false
}

func fillIn(body *hclsyntax.Body, src []byte, filename string, byBrace map[int]oneLiner) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, b := range body.Blocks {
		l, ok := byBrace[b.OpenBraceRange.Start.Byte]
		if !ok {
			diags = append(diags, fillIn(b.Body, src, filename, byBrace)...)
			continue
		}
		for i, start := range l.settings {
			end := l.close
			if i+1 < len(l.settings) {
				end = l.settings[i+1].Byte
			}
			file, ds := hclsyntax.ParseConfig(src[start.Byte:end], filename, start)
			diags = append(diags, ds...)
			for name, a := range file.Body.(*hclsyntax.Body).Attributes {
				if b.Body.Attributes[name] != nil {
					diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Attribute redefined",
						Detail: fmt.Sprintf("The setting %q is given twice.", name), Subject: a.NameRange.Ptr()})
				}
				b.Body.Attributes[name] = a
			}
		}
	}
	return diags
}
