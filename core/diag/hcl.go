package diag

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// explained is an error of a function that says itself how it is to be shown.
type explained interface {
	Diagnostic() (code, summary, detail string)
}

// FromHCL converts hcl's diagnostics, under one code where a failed function does not
// give its own.
func FromHCL(code string, in hcl.Diagnostics) Diagnostics {
	out := make(Diagnostics, 0, len(in))
	for _, d := range in {
		severity := Error
		if d.Severity == hcl.DiagWarning {
			severity = Warning
		}
		converted := Diagnostic{Severity: severity, Code: code, Summary: strings.TrimSuffix(d.Summary, "."), Detail: d.Detail, Subject: d.Subject}
		if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok {
			var e explained
			if errors.As(call.FunctionCallError(), &e) {
				converted.Code, converted.Summary, converted.Detail = e.Diagnostic()
				converted.Subject = d.Context
			}
		}
		out = append(out, converted)
	}
	return out
}

// At makes a diagnostic about a place.
func At(severity Severity, code string, where hcl.Range, summary, detail string) Diagnostic {
	return Diagnostic{Severity: severity, Code: code, Summary: summary, Detail: detail, Subject: &where}
}

// Error gives the first error in one line, "gateway.hcl:3: summary: detail", so that
// Diagnostics can travel as an error.
func (ds Diagnostics) Error() string {
	for _, d := range ds {
		if d.Severity == Error {
			return d.line()
		}
	}
	if len(ds) > 0 {
		return ds[0].line()
	}
	return "no diagnostics"
}

func (d Diagnostic) line() string {
	parts := make([]string, 0, 3)
	if at := d.where(); at != "" {
		parts = append(parts, at)
	}
	parts = append(parts, d.Summary)
	if d.Detail != "" {
		parts = append(parts, d.Detail)
	}
	return strings.Join(parts, ": ")
}

// Sorted gives the diagnostics by file and position, those about no place first, and
// each once.
func (ds Diagnostics) Sorted() Diagnostics {
	out := slices.Clone(ds)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		switch {
		case a.Subject == nil || b.Subject == nil:
			return cmp.Compare(boolInt(a.Subject != nil), boolInt(b.Subject != nil))
		case a.Subject.Filename != b.Subject.Filename:
			return cmp.Compare(a.Subject.Filename, b.Subject.Filename)
		}
		return cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte)
	})
	return slices.CompactFunc(out, func(a, b Diagnostic) bool {
		return a.Severity == b.Severity && a.line() == b.line() && a.where() == b.where()
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Suggest is the candidate that a misspelt name most likely means, in the form of a
// sentence to append: ` Did you mean "email"?`, or "" when none is near.
func Suggest(name string, candidates []string) string {
	best, least := "", max(len(name)/3, min(len(name)-2, 2))+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(c), nil); d < least {
			best, least = c, d
		}
	}
	if best == "" {
		return ""
	}
	return ` Did you mean "` + best + `"?`
}
