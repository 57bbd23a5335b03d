package diag

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
)

// View is a diagnostic as it is shown: the value behind the text and the JSON.
type View struct {
	Severity string    `json:"severity"` // "error", "warning"
	Code     string    `json:"code,omitempty"`
	Summary  string    `json:"summary"`
	Detail   string    `json:"detail,omitempty"`
	Path     string    `json:"path,omitempty"`
	Range    *Position `json:"range,omitempty"`
	Snippet  *Snippet  `json:"snippet,omitempty"`
}

// Position is a range of a file, lines and columns counted from 1.
type Position struct {
	Filename    string `json:"filename"`
	StartLine   int    `json:"start_line"`
	StartColumn int    `json:"start_column"`
	EndLine     int    `json:"end_line"`
	EndColumn   int    `json:"end_column"`
}

// Renderer shows diagnostics. Files may be nil (no excerpts), Redact too (nothing is
// known to be secret).
type Renderer struct {
	Files  Files
	Redact *Redactor
}

// Views are the diagnostics, sorted, redacted, with excerpts.
func (r Renderer) Views(ds Diagnostics) []View {
	out := make([]View, 0, len(ds))
	for _, d := range ds.Sorted() {
		v := View{Severity: d.Severity.String(), Code: d.Code, Summary: r.text(d.Summary), Detail: r.text(d.Detail), Path: r.text(d.Path.String())}
		if d.Subject != nil {
			v.Range = position(*d.Subject)
			if v.Snippet = r.Files.snippet(*d.Subject); v.Snippet != nil {
				v.Snippet.Text = r.Redact.String(v.Snippet.Text)
			}
		}
		out = append(out, v)
	}
	return out
}

func (r Renderer) text(s string) string { return clean(r.Redact.String(s)) }

func position(r hcl.Range) *Position {
	return &Position{r.Filename, r.Start.Line, r.Start.Column, r.End.Line, r.End.Column}
}

// JSON writes the views as one JSON array.
func (r Renderer) JSON(w io.Writer, ds Diagnostics) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r.Views(ds))
}

// Text writes the diagnostics for people, an empty line between two:
//
//	gateway.hcl:9:3: error: Unknown setting
//	  9 |   api_tokn = env("OKTA_API_TOKEN")
//	    |   ^^^^^^^^
//	There is no setting "api_tokn" here. Did you mean "api_token"?
func (r Renderer) Text(w io.Writer, ds Diagnostics) error {
	var b strings.Builder
	for i, v := range r.Views(ds) {
		if i > 0 {
			b.WriteByte('\n')
		}
		v.text(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String is the view as Text writes it, without the line end.
func (v View) String() string {
	var b strings.Builder
	v.text(&b)
	return strings.TrimSuffix(b.String(), "\n")
}

func (v View) text(b *strings.Builder) {
	if v.Range != nil && v.Range.Filename != "" {
		fmt.Fprintf(b, "%s:%d:%d: ", v.Range.Filename, v.Range.StartLine, v.Range.StartColumn)
	}
	fmt.Fprintf(b, "%s: %s\n", v.Severity, v.Summary)
	if s := v.Snippet; s != nil {
		number := fmt.Sprint(s.Line)
		fmt.Fprintf(b, "  %s | %s\n", number, s.Text)
		fmt.Fprintf(b, "  %*s | %*s%s\n", len(number), "", s.Start, "", strings.Repeat("^", s.End-s.Start))
	} else if v.Path != "" {
		fmt.Fprintf(b, "  at %s\n", v.Path)
	}
	if v.Detail != "" {
		b.WriteString(v.Detail + "\n")
	}
}

// String is "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

func (d Diagnostic) where() string {
	if d.Subject == nil || d.Subject.Filename == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", d.Subject.Filename, d.Subject.Start.Line)
}

// clean takes away what would steer a terminal: texts come from plugins and remotes.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
