package plan

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"syncgateway/core/identity"
)

func draw(t *rapid.T) *Plan {
	name := rapid.StringMatching(`[a-z]{1,3}`)
	p := &Plan{Header: Header{Sync: "staff", Target: "target.x.y", Epoch: "e"}}
	for range rapid.IntRange(0, 30).Draw(t, "steps") {
		s := Step{Class: Class(rapid.IntRange(1, int(DeleteGroup)).Draw(t, "class")), Person: name.Draw(t, "person"), Reason: rapid.String().Draw(t, "reason")}
		if s.Class == AddMember || s.Class == RemoveMember || s.Class == CreateGroup {
			s.Group = &Ref{Name: name.Draw(t, "group")}
		}
		if s.Class != CreateGroup {
			s.User = &Ref{ID: name.Draw(t, "id"), Name: name.Draw(t, "user")}
		}
		if s.Class == CreateUser {
			s.Account = &identity.User{Email: name.Draw(t, "email")}
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

// Whatever order the steps are found in, the plan is the same, byte for byte, and
// reads back as it was.
func TestOrderAndRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := draw(t)
		// Steps that compare equal but differ could be in any order: keep one of each.
		a.Sort()
		a.Steps = slices.CompactFunc(a.Steps, func(x, y Step) bool { return compare(&x, &y) == 0 })
		b := &Plan{Header: a.Header, Steps: slices.Clone(a.Steps)}
		rand.Shuffle(len(b.Steps), func(i, j int) { b.Steps[i], b.Steps[j] = b.Steps[j], b.Steps[i] })
		b.Sort()
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatal("the order in which steps are found matters")
		}
		c, err := Decode(a.Bytes())
		if err != nil || !bytes.Equal(c.Bytes(), a.Bytes()) || c.Digest() != a.Digest() {
			t.Fatalf("does not read back: %v", err)
		}
		if d, err := Decode(a.Packed()); err != nil || !bytes.Equal(d.Packed(), a.Packed()) {
			t.Fatalf("does not unpack: %v", err)
		}
		if !slices.IsSortedFunc(a.Steps, func(x, y Step) int { return int(x.Class) - int(y.Class) }) {
			t.Fatal("classes are not in order")
		}
	})
}

func TestAlteredPlansAreRefused(t *testing.T) {
	p := &Plan{Steps: []Step{{Class: DeactivateUser, User: &Ref{ID: "1", Name: "ada"}, Reason: "left"}, {Class: DeleteUser, User: &Ref{ID: "2", Name: "bob"}, Reason: "left"}}}
	good := string(p.Bytes())
	for name, bad := range map[string]string{
		"a name":     strings.Replace(good, "ada", "eve", 1),
		"a sync":     strings.Replace(good, `"sync":""`, `"sync":"x"`, 1),
		"a step off": good[:strings.Index(good, `{"class":"delete_user"`)],
		"a step on":  good + `{"class":"delete_user","user":{"id":"3","name":"eve"},"reason":""}` + "\n",
	} {
		if bad == good {
			t.Fatalf("%s: nothing was altered", name)
		}
		if _, err := Decode([]byte(bad)); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, other := range []string{"", "{}", "[]", "not json", `{"format":"syncgateway-plan/2"}`} {
		if _, err := Decode([]byte(other)); !errors.Is(err, ErrNotPlan) {
			t.Errorf("%q: %v", other, err)
		}
	}
}

func TestText(t *testing.T) {
	p := &Plan{Warnings: []string{"look here"}}
	for _, who := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		p.Steps = append(p.Steps, Step{Class: AddMember, Person: who, User: &Ref{Name: who}, Group: &Ref{Name: "devs", Note: "grants much"}, Reason: "in a group", Rule: "groups (x:1)"})
	}
	p.Steps = append(p.Steps, Step{Class: UpdateUser, Person: "z", User: &Ref{Name: "z"}, Changes: []Change{{Field: "email", Before: nil, After: []string{"z@y"}}}, Reason: "differs"})
	p.Sort()
	var b strings.Builder
	if err := p.Text(&b, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`add to group "devs" (grants much): 8`, "because in a group [groups (x:1)]", "a, b, c, d, e", "3 more", `email: none → "z@y"`, "! look here"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	if i, j := strings.Index(b.String(), "update"), strings.Index(b.String(), "add to"); i > j {
		t.Error("updates come after additions")
	}
	b.Reset()
	if err := p.Text(&b, TextOptions{All: true}); err != nil || strings.Contains(b.String(), "more") {
		t.Errorf("-all leaves something out: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add((&Plan{Steps: []Step{{Class: AddMember, User: &Ref{Name: "a"}, Group: &Ref{Name: "g"}}}}).Bytes())
	f.Add([]byte(`{"format":"syncgateway-plan/1","digest":"","steps":-1}` + "\n{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Decode(b)
		if err != nil {
			return
		}
		for _, again := range [][]byte{p.Bytes(), p.Packed()} {
			if q, err := Decode(again); err != nil || len(q.Steps) != len(p.Steps) {
				t.Fatalf("%d steps, then %v", len(p.Steps), err)
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	p := &Plan{}
	for range 10_000 {
		p.Steps = append(p.Steps, Step{Class: AddMember, Person: "ada@example.org", User: &Ref{ID: "712020:0a", Name: "ada@example.org"},
			Group: &Ref{ID: "276f955c", Name: "engineering"}, Reason: `in group "engineering" of source.okta.corp`, Rule: "groups.name (gateway.hcl:50)"})
	}
	b.ReportAllocs()
	for b.Loop() {
		p.sealed = nil
		p.Digest()
	}
}
