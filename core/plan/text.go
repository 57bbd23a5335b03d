package plan

import (
	"fmt"
	"io"
	"strings"
)

var classVerbs = map[Class]string{
	CreateGroup: "create group", CreateUser: "create user", Adopt: "adopt account", UpdateUser: "update user",
	ActivateUser: "activate user", AddMember: "add to group", RemoveMember: "remove from group",
	DeactivateUser: "deactivate user", DeleteUser: "delete user", DeleteGroup: "delete group",
}

var classMarks = map[Class]string{
	CreateGroup: "+", CreateUser: "+", Adopt: "=", UpdateUser: "~", ActivateUser: "+", AddMember: "+",
	RemoveMember: "-", DeactivateUser: "-", DeleteUser: "-", DeleteGroup: "-",
}

// Line is the step in one line, without its reason.
func (s *Step) Line() string {
	var b strings.Builder
	b.WriteString(classVerbs[s.Class])
	if s.User != nil {
		b.WriteString(" " + s.User.Name)
	}
	if s.Group != nil {
		if s.User != nil {
			b.WriteString(" ·")
		}
		b.WriteString(" " + s.Group.Name)
	}
	for _, c := range s.Changes {
		fmt.Fprintf(&b, " %s: %s → %s;", c.Field, quoted(c.Before), quoted(c.After))
	}
	return strings.TrimSuffix(b.String(), ";")
}

func quoted(vs []string) string {
	if len(vs) == 0 {
		return "none"
	}
	parts := make([]string, len(vs))
	for i, v := range vs {
		parts[i] = fmt.Sprintf("%q", v)
	}
	return strings.Join(parts, ", ")
}

// TextOptions say how much of a plan is written.
type TextOptions struct {
	All     bool // every step; otherwise a sample of each group of steps
	Samples int  // steps shown of a group of steps; 0: five
}

// Text writes the plan for people: grouped by class (memberships by group), each group
// with its reason, and a summary line at the end.
func (p *Plan) Text(w io.Writer, o TextOptions) error {
	if o.Samples == 0 {
		o.Samples = 5
	}
	t := &texter{w: w, o: o}
	for i := 0; i < len(p.Steps); {
		j := i + 1
		for j < len(p.Steps) && sameSection(&p.Steps[i], &p.Steps[j]) {
			j++
		}
		t.section(p.Steps[i:j])
		i = j
	}
	for _, warning := range p.Warnings {
		t.printf("! %s\n", warning)
	}
	if len(p.Warnings) > 0 {
		t.printf("\n")
	}
	t.printf("%s\n", p.Summary())
	return t.err
}

func sameSection(a, b *Step) bool {
	if a.Class != b.Class {
		return false
	}
	return a.Class != AddMember && a.Class != RemoveMember || compareRef(a.Group, b.Group) == 0
}

type texter struct {
	w   io.Writer
	o   TextOptions
	err error
}

func (t *texter) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

func (t *texter) section(steps []Step) {
	s := &steps[0]
	title := fmt.Sprintf("%s %s", classMarks[s.Class], classVerbs[s.Class])
	byGroup := s.Group != nil && s.User != nil
	if byGroup {
		title += fmt.Sprintf(" %q", s.Group.Name)
		if s.Group.Note != "" {
			title += " (" + s.Group.Note + ")"
		}
	}
	t.printf("%s: %d\n", title, len(steps))
	shown := len(steps)
	if !t.o.All && shown > t.o.Samples+1 { // never hide a single one
		shown = t.o.Samples
	}
	for i := range steps[:shown] {
		t.step(&steps[i], byGroup)
	}
	if shown < len(steps) {
		t.printf("    … and %d more (-all shows them)\n", len(steps)-shown)
	}
	t.printf("\n")
}

func (t *texter) step(s *Step, byGroup bool) {
	name := ""
	switch {
	case s.User != nil:
		name = s.User.Name
	case s.Group != nil:
		name = s.Group.Name
	}
	t.printf("    %s", name)
	for _, c := range s.Changes {
		t.printf("  %s: %s → %s", c.Field, quoted(c.Before), quoted(c.After))
	}
	if s.User != nil && s.User.Note != "" {
		t.printf("  (%s)", s.User.Note)
	}
	if !byGroup && s.Group != nil && s.Group.Note != "" {
		t.printf("  (%s)", s.Group.Note)
	}
	t.printf("\n        because %s", s.Reason)
	if s.Rule != "" {
		t.printf(" [%s]", s.Rule)
	}
	t.printf("\n")
}

// Summary is the plan in one line: what it would do, by class.
func (p *Plan) Summary() string {
	if p.Empty() {
		return "Plan: nothing to do."
	}
	counts := p.Counts()
	var parts []string
	for _, c := range Classes() {
		if n := counts[c]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, classVerbs[c]))
		}
	}
	return fmt.Sprintf("Plan: %s. Digest %s.", strings.Join(parts, ", "), ShortDigest(p.Digest()))
}
