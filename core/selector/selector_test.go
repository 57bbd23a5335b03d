package selector

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"syncgateway/core/identity"
	"syncgateway/core/plan"
)

func member(class plan.Class, user, group string) *plan.Head {
	s := &plan.Head{Class: class}
	if user != "" {
		s.User, s.Person = &plan.Ref{ID: "id-" + user, Name: user + "@harbour.example"}, user
	}
	if group != "" {
		s.Group = &plan.Ref{ID: "g-" + group, Name: group}
	}
	return s
}

func TestMatches(t *testing.T) {
	ada := member(plan.RemoveMember, "ada", "eng-platform")
	leaver := member(plan.DeactivateUser, "Emil.Berg", "")
	sales := member(plan.RemoveMember, "bao", `Sales, "EMEA"  * 1`)
	for _, c := range []struct {
		only string // selectors parted by |
		step *plan.Head
		want bool
	}{
		{"", ada, true},
		{"group=eng-*", ada, true},
		{"group=ENG-platform", ada, true},
		{"group=g-eng-platform", ada, true},
		{"group=eng", ada, false},
		{"group=eng-*", leaver, false},
		{"user=ada@*", ada, true},
		{"user=ada", ada, true},
		{"user=id-ada", ada, true},
		{"user=emil.berg@harbour.example", leaver, true},
		{"user=?mil.berg@harbour.example", leaver, true},
		{"user=??mil.berg@harbour.example", leaver, false},
		{"class=deactivate", leaver, true},
		{"class=deactivate_user", leaver, true},
		{"class=remove_member", leaver, false},
		{"class=remove_member,group=eng-*", ada, true},
		{"class=remove_member, user=b*", ada, false},
		{"class=deactivate|user=ada*", ada, true},
		{"class=deactivate|user=bao*", ada, false},
		{`group="Sales, ""EMEA"" * 1"`, sales, true},
		{`group="Sales, ""EMEA"" *"`, sales, false},
		{`group="sales, "*`, sales, true},
		{"group=*", ada, true},
		{"group=*", leaver, false},
		{"group=e*m", ada, true},
		{"group=*a*a*", ada, false},
	} {
		var parts []string
		if c.only != "" {
			parts = strings.Split(c.only, "|")
		}
		s, err := Parse(parts)
		if err != nil {
			t.Errorf("%s: %v", c.only, err)
			continue
		}
		if got := s.Matches(c.step); got != c.want {
			t.Errorf("%s: %s: got %v", c.only, c.step.Line(), got)
		}
	}
}

func TestUnusableSelectors(t *testing.T) {
	for text, want := range map[string]string{
		"eng-*":             "is no selector",
		"":                  "is no selector",
		"group=":            "needs a value",
		"group=a,":          "is no selector",
		"groups=a":          `has no "groups"`,
		"class=remove":      "there is no class",
		"class=remove_*":    "there is no class",
		`group="a`:          "not closed",
		"\x1b[31mgroup=a":   "has no",
		"group=a,\x00=\x00": "has no",
	} {
		_, err := Parse([]string{text})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		} else if strings.ContainsAny(err.Error(), "\x00\x1b") {
			t.Errorf("%q: the message has control characters", text)
		}
	}
}

// Whatever a group is called, the condition that is printed for it chooses it, and no
// group of another name.
func TestExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.StringMatching(`[a-c*?," ]{1,8}`), rapid.String()).Draw(t, "name")
		other := rapid.StringMatching(`[a-c*?," ]{1,8}`).Draw(t, "other")
		if identity.Fold(name) == "" || identity.Fold(other) == "" {
			t.Skip("no name")
		}
		s, err := Parse([]string{Exact("group", name)})
		if err != nil {
			t.Fatalf("%q: %v", Exact("group", name), err)
		}
		if !s.Matches(&plan.Head{Group: &plan.Ref{Name: name}}) {
			t.Fatalf("%s does not choose %q", Exact("group", name), name)
		}
		if s.Matches(&plan.Head{Group: &plan.Ref{Name: other}}) != (identity.Fold(name) == identity.Fold(other)) {
			t.Fatalf("%s and %q", Exact("group", name), other)
		}
	})
}

// A pattern made to be slow is not.
func TestHostilePattern(t *testing.T) {
	s, err := Parse([]string{"group=" + strings.Repeat("*a", 2000) + "*b"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Matches(&plan.Head{Group: &plan.Ref{Name: strings.Repeat("a", 5000)}}) {
		t.Error("chosen")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`group="a,b"*,class=delete`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse([]string{text})
		if err == nil {
			s.Matches(&plan.Head{Class: plan.RemoveMember, Group: &plan.Ref{Name: text}, User: &plan.Ref{Name: text}})
		}
	})
}
