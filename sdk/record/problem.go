package record

import (
	"errors"
	"strconv"
	"strings"
)

// Severity says whether work can go on.
type Severity uint8

// The severities, numbered as in the plugin contract.
const (
	SeverityError Severity = iota + 1
	SeverityWarning
)

// Problem is one message for a person about a place in the configuration. Severity 0
// counts as an error. Code is stable and for programs: "okta.auth.invalid_client".
type Problem struct {
	Severity Severity
	Code     string
	Summary  string // one line
	Detail   string // sentences: what is wrong and what to do
	Path     Path   // empty: the block as a whole
}

// Error is the path and the words.
func (p *Problem) Error() string {
	text := p.Summary
	if len(p.Path) > 0 {
		text = p.Path.String() + ": " + text
	}
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	return text
}

// Problems are several at once; they are an error when at least one of them is.
type Problems []*Problem

// Error is every problem on its own line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Failed reports whether one of them is an error rather than a warning.
func (ps Problems) Failed() bool {
	for _, p := range ps {
		if p.Severity != SeverityWarning {
			return true
		}
	}
	return false
}

// AsProblems lists what an error holds: Problems and joined errors one by one, a
// Failure with its reason as the code, anything else as one Problem without a place.
func AsProblems(err error) Problems {
	switch e := err.(type) {
	case nil:
		return nil
	case *Problem:
		return Problems{e}
	case Problems:
		return e
	case *Failure:
		return Problems{{Code: "remote." + e.Reason.String(), Summary: firstLine(e.Error()), Detail: otherLines(e.Error())}}
	case interface{ Unwrap() []error }:
		var all Problems
		for _, one := range e.Unwrap() {
			all = append(all, AsProblems(one)...)
		}
		return all
	}
	one := &Problem{Summary: firstLine(err.Error()), Detail: otherLines(err.Error())}
	if f := (*Failure)(nil); errors.As(err, &f) {
		one.Code = "remote." + f.Reason.String()
	}
	if p := (*Problem)(nil); errors.As(err, &p) {
		one.Severity, one.Code, one.Path = p.Severity, p.Code, p.Path
		one.Summary = firstLine(strings.Replace(err.Error(), p.Error(), p.Summary, 1))
		one.Detail = p.Detail
	}
	return Problems{one}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func otherLines(s string) string {
	_, rest, _ := strings.Cut(s, "\n")
	return rest
}

// Path leads from the root of a configuration block to one value in it.
type Path []PathStep

// PathStep is a name or, when Name is empty, an index; Key marks a Name that is the
// key of a map.
type PathStep struct {
	Name  string
	Index int
	Key   bool
}

// String prints the path as an expression: `auth[0].labels["a"]`.
func (p Path) String() string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case s.Key:
			b.WriteString("[" + strconv.Quote(s.Name) + "]")
		case s.Name == "":
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Name)
		}
	}
	return b.String()
}

// ParsePath reads what Path.String prints. A part that is not well formed is taken
// as a name, so that a message is never lost over its place.
func ParsePath(text string) Path {
	var path Path
	for text != "" {
		if text[0] == '[' {
			if step, rest, ok := bracket(text); ok {
				path, text = append(path, step), strings.TrimPrefix(rest, ".")
				continue
			}
		}
		end := strings.IndexAny(text[1:], ".[") + 1
		if end == 0 {
			return append(path, PathStep{Name: text})
		}
		path = append(path, PathStep{Name: text[:end]})
		text = strings.TrimPrefix(text[end:], ".")
	}
	return path
}

func bracket(text string) (PathStep, string, bool) {
	inner := text[1:]
	if quoted, err := strconv.QuotedPrefix(inner); err == nil && strings.HasPrefix(inner[len(quoted):], "]") {
		key, err := strconv.Unquote(quoted)
		return PathStep{Name: key, Key: true}, inner[len(quoted)+1:], err == nil
	}
	number, rest, ok := strings.Cut(inner, "]")
	index, err := strconv.Atoi(number)
	return PathStep{Index: index}, rest, ok && err == nil && index >= 0
}
