package plan

import (
	"slices"
	"strings"
	"testing"
)

func TestEndings(t *testing.T) {
	group := func(id string) *Ref { return &Ref{ID: id, Name: "name-" + id} }
	p := &Plan{Steps: Pack([]Step{
		{Head: Head{Class: AddMember, User: &Ref{ID: "u"}, Group: group("refilled")}},
		{Head: Head{Class: RemoveMember, User: &Ref{ID: "u"}, Group: group("emptied")}},
		{Head: Head{Class: RemoveMember, User: &Ref{ID: "v"}, Group: group("emptied")}},
		{Head: Head{Class: RemoveMember, User: &Ref{ID: "u"}, Group: group("smaller")}},
		{Head: Head{Class: RemoveMember, User: &Ref{ID: "v"}, Group: group("refilled")}},
		{Head: Head{Class: RemoveMember, User: &Ref{ID: "u"}, Group: group("retired")}},
		{Head: Head{Class: RetireGroup, Group: group("retired")}},
		{Head: Head{Class: DeleteGroup, Group: group("deleted")}},
	}...)}
	sizes := map[string]int{"emptied": 2, "smaller": 2, "refilled": 1, "retired": 1}
	var got []string
	for _, i := range p.Endings(func(s *Head) int { return sizes[s.Group.ID] }) {
		got = append(got, i.Group.ID+" "+i.What)
	}
	if want := []string{"deleted deleted", "retired retired", "emptied emptied"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestImpactText(t *testing.T) {
	g := Ref{ID: "1", Name: "crew"}
	for want, i := range map[string]Impact{
		`group "crew" would be deleted. It is used by: a; b`:                                {Group: g, What: "deleted", Uses: []string{"a", "b"}},
		`group "crew" would be emptied. No place that was looked at uses it`:                {Group: g, What: "emptied"},
		`group "crew" would be retired. Where it is used is not known. Not looked at: x; y`: {Group: g, What: "retired", Unseen: []string{"x", "y"}},
		`group "crew" would be retired. It is used by: a. Not looked at: x`:                 {Group: g, What: "retired", Uses: []string{"a"}, Unseen: []string{"x"}},
	} {
		if got := i.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Where groups are used is for the reader: it changes no digest, and travels with the
// plan.
func TestImpactsTravel(t *testing.T) {
	p := &Plan{Header: Header{Sync: "staff"}, Steps: Pack(Step{Head: Head{Class: DeleteGroup, Group: &Ref{ID: "1", Name: "crew"}, Undo: Irreversible}})}
	before := p.Digest()
	p.Impacts = []Impact{{Group: Ref{ID: "1", Name: "crew"}, What: "deleted", Uses: []string{"a"}}}
	again, err := Decode(p.Packed())
	if err != nil || again.Digest() != before || len(again.Impacts) != 1 || again.Impacts[0].Uses[0] != "a" || len(ImpactsOf(written(t, p))) != 1 {
		t.Errorf("%+v %v", again, err)
	}
	var b strings.Builder
	if err := again.Text(&b, TextOptions{}); err != nil || !strings.Contains(b.String(), `! group "crew" would be deleted. It is used by: a`) ||
		!strings.Contains(b.String(), "delete group: 1 (undo: irreversible)") || !strings.Contains(b.String(), "Undo would be: 1 irreversible.") {
		t.Errorf("%s %v", b.String(), err)
	}
	if ImpactsOf([]byte("no plan")) != nil {
		t.Error("impacts of something else")
	}
}

// Every class has an inverse, and what is exact is the inverse of its inverse.
func TestInverses(t *testing.T) {
	for _, c := range Classes() {
		inverse := c.Inverse()
		if inverse == 0 {
			t.Errorf("%s has no inverse", c)
		}
		if c.Reversal() == Exact && inverse.Inverse() != c {
			t.Errorf("%s is exact, and the inverse of its inverse is %s", c, inverse.Inverse())
		}
		if classVerbs[c] == "" || classMarks[c] == "" || classCounts[c][0] == "" {
			t.Errorf("%s has no text", c)
		}
	}
}
