package plan

import (
	"fmt"
	"io"
	"strings"
)

var classVerbs = map[Class]string{
	CreateGroup: "create group", CreateUser: "create user", Adopt: "adopt account", UpdateUser: "update user",
	ActivateUser: "activate user", AddMember: "add to group", RemoveMember: "remove from group",
	DeactivateUser: "deactivate user", DeleteUser: "delete user", DeleteGroup: "delete group", Release: "release account",
	RetireGroup: "retire group", RestoreGroup: "restore group",
}

// classCounts say how many of a class there are, for one and for several.
var classCounts = map[Class][2]string{
	CreateGroup: {"create 1 group", "create %d groups"}, CreateUser: {"create 1 user", "create %d users"},
	Adopt: {"adopt 1 account", "adopt %d accounts"}, UpdateUser: {"update 1 user", "update %d users"},
	ActivateUser: {"activate 1 user", "activate %d users"}, AddMember: {"add 1 membership", "add %d memberships"},
	RemoveMember: {"remove 1 membership", "remove %d memberships"}, DeactivateUser: {"deactivate 1 user", "deactivate %d users"},
	DeleteUser: {"delete 1 user", "delete %d users"}, DeleteGroup: {"delete 1 group", "delete %d groups"},
	Release: {"release 1 account", "release %d accounts"}, RetireGroup: {"retire 1 group", "retire %d groups"},
	RestoreGroup: {"restore 1 group", "restore %d groups"},
}

var classMarks = map[Class]string{
	CreateGroup: "+", CreateUser: "+", Adopt: "=", UpdateUser: "~", ActivateUser: "+", AddMember: "+",
	RemoveMember: "-", DeactivateUser: "-", DeleteUser: "-", DeleteGroup: "-", Release: "=",
	RetireGroup: "-", RestoreGroup: "+",
}

// Line is the step in one line, without its reason.
func (s *Step) Line() string {
	var b strings.Builder
	b.WriteString(s.Head.Line())
	for _, c := range s.Changes {
		fmt.Fprintf(&b, " %s: %s → %s;", c.Field, quoted(c.Before), quoted(c.After))
	}
	return strings.TrimSuffix(b.String(), ";")
}

// Line is the step in one line, without its reason and its changes.
func (s *Head) Line() string {
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
	return b.String()
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
	for i := 0; i < p.Steps.Len(); {
		j := i + 1
		for j < p.Steps.Len() && p.Steps.sameSection(i, j) {
			j++
		}
		t.section(&p.Steps, i, j)
		i = j
	}
	for i := range p.Impacts {
		t.printf("! %s\n", p.Impacts[i].String())
	}
	if len(p.Impacts) > 0 {
		t.printf("\n")
	}
	for _, warning := range p.Warnings {
		t.printf("! %s\n", warning)
	}
	if len(p.Warnings) > 0 {
		t.printf("\n")
	}
	t.printf("%s\n%s", p.Summary(), p.reversals())
	return t.err
}

// undoNotes say so where taking a step back would not be exact.
var undoNotes = map[Reversal]string{Lossy: " (undo: lossy)", Irreversible: " (undo: irreversible)"}

func (s *Steps) sameSection(i, j int) bool {
	a, b := &s.t.kinds[s.rows[i].kind], &s.t.kinds[s.rows[j].kind]
	if a.class != b.class || a.undo != b.undo {
		return false
	}
	return a.class != AddMember && a.class != RemoveMember || compareRef(&a.group, &b.group) == 0
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

// section writes the steps from i up to j, which are of one class (and, for
// memberships, one group). A reason that all of them share is written once.
func (t *texter) section(all *Steps, i, j int) {
	h := all.Head(i)
	title := fmt.Sprintf("%s %s", classMarks[h.Class], classVerbs[h.Class])
	if h.Group != nil && h.User != nil {
		title += fmt.Sprintf(" %q", h.Group.Name) + note(h.Group.Note)
	}
	t.printf("%s: %d%s\n", title, j-i, undoNotes[h.Undo])
	shared := all.sharedReason(i, j)
	if shared {
		t.reason(&h, "    ")
	}
	shown := j - i
	if !t.o.All && shown > t.o.Samples+1 { // never hide a single one
		shown = t.o.Samples
	}
	if shared && all.plain(i, i+shown) {
		t.names(all, i, i+shown)
	} else {
		for at := i; at < i+shown; at++ {
			s := all.At(at)
			t.step(&s, !shared)
		}
	}
	if shown < j-i {
		t.printf("    … and %d more (-all shows them)\n", j-i-shown)
	}
	t.printf("\n")
}

func (s *Steps) sharedReason(i, j int) bool {
	first := &s.t.kinds[s.rows[i].kind]
	for at := i; at < j; at++ {
		if k := &s.t.kinds[s.rows[at].kind]; k.reason != first.reason || k.rule != first.rule {
			return false
		}
	}
	return true
}

// plain tells whether there is nothing to say of the steps but a name.
func (s *Steps) plain(i, j int) bool {
	for at := i; at < j; at++ {
		x := s.At(at)
		if len(x.Changes) > 0 || x.name() == "" || x.User != nil && x.User.Note != "" || x.User == nil && x.Group.Note != "" {
			return false
		}
	}
	return true
}

func (s *Head) name() string {
	switch {
	case s.User != nil:
		return s.User.Name
	case s.Group != nil:
		return s.Group.Name
	}
	return ""
}

// lineWidth is where a list of names goes on in the next line.
const lineWidth = 100

func (t *texter) names(all *Steps, i, j int) {
	line := "   "
	for at := i; at < j; at++ {
		h := all.Head(at)
		name := " " + h.name()
		if at < j-1 {
			name += ","
		}
		if len(line)+len(name) > lineWidth && line != "   " {
			t.printf("%s\n", line)
			line = "   "
		}
		line += name
	}
	t.printf("%s\n", line)
}

func (t *texter) reason(s *Head, indent string) {
	t.printf("%sbecause %s", indent, s.Reason)
	if s.Rule != "" {
		t.printf(" [%s]", s.Rule)
	}
	t.printf("\n")
}

func note(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func (t *texter) step(s *Step, withReason bool) {
	t.printf("    %s", s.name())
	for _, c := range s.Changes {
		t.printf("  %s: %s → %s", c.Field, quoted(c.Before), quoted(c.After))
	}
	if s.User != nil {
		t.printf("%s", note(s.User.Note))
	} else if s.Group != nil {
		t.printf("%s", note(s.Group.Note))
	}
	t.printf("\n")
	if withReason {
		t.reason(&s.Head, "        ")
	}
}

// Phrase says what n steps of the class do: "deactivate 6 users".
func (c Class) Phrase(n int) string {
	if n == 1 {
		return classCounts[c][0]
	}
	return fmt.Sprintf(classCounts[c][1], n)
}

// Summary is the plan in one line: what it would do, by class.
func (p *Plan) Summary() string {
	if p.Empty() {
		return "Plan: nothing to do."
	}
	counts := p.Counts()
	var parts []string
	for _, c := range Classes() {
		if counts[c] > 0 {
			parts = append(parts, c.Phrase(counts[c]))
		}
	}
	return fmt.Sprintf("Plan: %s. Digest %s.", strings.Join(parts, ", "), ShortDigest(p.Digest()))
}

// reversals says, in a line, what an undo of the plan would be.
func (p *Plan) reversals() string {
	counts := map[Reversal]int{}
	for h, n := range p.Steps.Kinds() {
		counts[h.Undo] += n
	}
	var parts []string
	for _, r := range []Reversal{Exact, Lossy, Irreversible} {
		if n := counts[r]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, r))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Undo would be: " + strings.Join(parts, ", ") + ".\n"
}
