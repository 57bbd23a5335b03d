package conformance

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// Version is the kit's. It changes when checks do.
const Version = "1"

// Outcome is how a check ended.
type Outcome string

// The outcomes of a check.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
)

// Report is what the kit found out about a binary. JSON and Text show the same.
type Report struct {
	Kit      string        `json:"kit"`
	Binary   string        `json:"binary"`
	SHA256   string        `json:"sha256"`
	Type     string        `json:"type,omitempty"`
	Version  string        `json:"version,omitempty"`
	Roles    []string      `json:"roles,omitempty"`
	Checks   []Result      `json:"checks"`
	Duration time.Duration `json:"duration_ns"`
}

// Result is one row of a Report. Detail is what was seen, or why the check was
// skipped; Look, of a check that failed, is what to look at.
type Result struct {
	ID       string        `json:"id"`
	Role     string        `json:"role"`
	Title    string        `json:"title"`
	Outcome  Outcome       `json:"outcome"`
	Detail   string        `json:"detail,omitempty"`
	Look     string        `json:"look,omitempty"`
	Duration time.Duration `json:"duration_ns"`
}

// Passed reports whether nothing failed and something passed.
func (r *Report) Passed() bool {
	passed, failed, _ := r.Count()
	return failed == 0 && passed > 0
}

// Count tells how many checks ended how.
func (r *Report) Count() (passed, failed, skipped int) {
	for _, c := range r.Checks {
		switch c.Outcome {
		case Passed:
			passed++
		case Failed:
			failed++
		case Skipped:
			skipped++
		}
	}
	return passed, failed, skipped
}

// Find returns the row of a check.
func (r *Report) Find(id string) (Result, bool) {
	for _, c := range r.Checks {
		if c.ID == id {
			return c, true
		}
	}
	return Result{}, false
}

// Text writes the report as a table for people.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (%s)\n%s\nsha256 %s\nconformance kit %s\n\n", nonEmpty(r.Type, "unknown"), r.Version,
		nonEmpty(strings.Join(r.Roles, ", "), "no role"), r.Binary, r.SHA256, r.Kit)
	width := 0
	for _, c := range r.Checks {
		width = max(width, len(c.ID))
	}
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%-7s  %-*s  %s\n", c.Outcome, width, c.ID, c.Title)
		for _, line := range notes(c) {
			fmt.Fprintf(&b, "%9s%s\n", "", line)
		}
	}
	passed, failed, skipped := r.Count()
	fmt.Fprintf(&b, "\n%d passed, %d failed, %d skipped in %s.\n", passed, failed, skipped, r.Duration.Round(100*time.Millisecond))
	_, err := io.WriteString(w, strings.Map(printable, b.String()))
	return err
}

// printable keeps what a connector says of itself from doing anything in a terminal.
func printable(r rune) rune {
	if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
		return '·'
	}
	return r
}

// notes are the lines below a row.
func notes(c Result) []string {
	var out []string
	switch c.Outcome {
	case Failed:
		for line := range strings.SplitSeq(c.Detail, "\n") {
			out = append(out, line)
		}
		out = append(out, "look at: "+c.Look)
	case Skipped:
		out = append(out, "because "+c.Detail)
	}
	return out
}

func nonEmpty(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
