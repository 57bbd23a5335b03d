package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"syncgateway/core/identity"
)

// drawStep draws a step of any class, with whatever it may have.
func drawStep(t *rapid.T) Step {
	name := rapid.StringMatching(`[a-z]{1,3}`)
	ref := func(what string) *Ref {
		return &Ref{ID: name.Draw(t, what+" id"), Name: name.Draw(t, what), Note: rapid.SampledFrom([]string{"", "grants much"}).Draw(t, what+" note")}
	}
	s := Step{Head: Head{Class: Class(rapid.IntRange(1, int(Release)).Draw(t, "class")), Person: name.Draw(t, "person"), Reason: rapid.String().Draw(t, "reason"),
		Rule: name.Draw(t, "rule"), Undo: rapid.SampledFrom([]Reversal{"", Exact, Lossy, Irreversible}).Draw(t, "undo")}}
	if s.Class == AddMember || s.Class == RemoveMember || s.Class == CreateGroup || s.Class == DeleteGroup {
		s.Group = ref("group")
	}
	if s.Class != CreateGroup {
		s.User = ref("user")
	}
	switch s.Class {
	case CreateUser:
		s.Account = &identity.User{Email: name.Draw(t, "email"), Active: true, Attributes: identity.Attributes{{Name: "a", Values: []string{name.Draw(t, "value")}}}}
	case UpdateUser:
		s.Changes = []Change{{Field: "email", Before: nil, After: []string{name.Draw(t, "after")}}}
	case DeactivateUser:
		s.Before = &Image{Account: &identity.User{ID: "1", StatusChanged: time.Unix(1700000000, 0).UTC()}, Groups: []Ref{*ref("of")}}
	}
	return s
}

func draw(t *rapid.T) *Plan {
	return &Plan{Header: Header{Sync: "staff", Target: "target.x.y", Epoch: "e"}, Steps: Pack(rapid.SliceOfN(rapid.Custom(drawStep), 0, 30).Draw(t, "steps")...)}
}

// written is the plan as a file.
func written(t testing.TB, p *Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Packed steps are what was put in, whole and by their heads, and stay so when some are
// left out.
func TestStepsAreWhatWasPutIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 0, 30).Draw(t, "steps")
		for i := range steps {
			steps[i].P, steps[i].N = uint32(rapid.IntRange(0, 2).Draw(t, "p")), uint32(rapid.IntRange(0, 2).Draw(t, "n"))
			if steps[i].Group != nil {
				steps[i].G = uint32(rapid.IntRange(0, 2).Draw(t, "g"))
			}
		}
		check := func(got Steps, want []Step) {
			if got.Len() != len(want) || len(want) > 0 && !reflect.DeepEqual(got.List(), want) {
				t.Fatalf("got %+v\nwant %+v", got.List(), want)
			}
			for i, h := range got.Heads() {
				if !reflect.DeepEqual(*h, want[i].Head) || !reflect.DeepEqual(got.Head(i), want[i].Head) {
					t.Fatalf("head %d is %+v, want %+v", i, *h, want[i].Head)
				}
			}
		}
		all := Pack(steps...)
		check(all, steps)
		class := Class(rapid.IntRange(1, int(Release)).Draw(t, "left out"))
		some := all.Where(func(h *Head) bool { return h.Class != class })
		rest := slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return s.Class == class })
		check(some, rest)
		if some.Contains(func(h *Head) bool { return h.Class == class }) {
			t.Fatal("what was left out is there")
		}
		counts, of := map[Class]int{}, []int{}
		for h, n := range all.Kinds() {
			counts[h.Class] += n
		}
		for i := range all.Of(func(h *Head) bool { return h.Class == class }) {
			of = append(of, i)
		}
		for i := range steps {
			counts[steps[i].Class]--
			if steps[i].Class == class && (len(of) == 0 || of[0] != i) {
				t.Fatalf("step %d is of the class, and not among %v", i, of)
			} else if steps[i].Class == class {
				of = of[1:]
			}
		}
		for c, n := range counts {
			if n != 0 || len(of) > 0 {
				t.Fatalf("%s: counted %d too many; left %v", c, n, of)
			}
		}
		some.AddAll(steps...)
		check(some, append(rest, steps...))
		check(all, steps)
	})
}

// Whatever order the steps are found in, the plan is the same, byte for byte, and
// reads back as it was.
func TestOrderAndRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := draw(rt)
		a.Sort()
		list := a.Steps.List()
		// Steps that compare equal but differ could be in any order: keep one of each.
		list = slices.CompactFunc(list, func(x, y Step) bool {
			x.Account, x.Changes, x.Before, x.Undo = nil, nil, nil, ""
			y.Account, y.Changes, y.Before, y.Undo = nil, nil, nil, ""
			return reflect.DeepEqual(x, y)
		})
		a = &Plan{Header: a.Header, Steps: Pack(list...)}
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		b := &Plan{Header: a.Header, Steps: Pack(list...)}
		b.Sort()
		if !bytes.Equal(written(t, a), written(t, b)) {
			rt.Fatal("the order in which steps are found matters")
		}
		for what, file := range map[string][]byte{"written": written(t, a), "packed": a.Packed()} {
			c, err := Decode(file)
			if err != nil || !bytes.Equal(written(t, c), written(t, a)) || c.Digest() != a.Digest() {
				rt.Fatalf("%s, it does not read back: %v", what, err)
			}
		}
		last := Class(0)
		for _, h := range a.Steps.Heads() {
			if h.Class < last {
				rt.Fatal("classes are not in order")
			}
			last = h.Class
		}
	})
}

// Two plans that differ in anything a step has differ in their digests.
func TestDigestTellsStepsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawStep(t), drawStep(t)
		a, b := &Plan{Steps: Pack(x)}, &Plan{Steps: Pack(y)}
		if (a.Digest() == b.Digest()) != reflect.DeepEqual(x, y) {
			t.Fatalf("%+v and %+v", x, y)
		}
	})
}

func TestAlteredPlansAreRefused(t *testing.T) {
	p := &Plan{Steps: Pack(Step{Head: Head{Class: DeactivateUser, User: &Ref{ID: "1", Name: "ada"}, Reason: "left"}}, Step{Head: Head{Class: DeleteUser, User: &Ref{ID: "2", Name: "bob"}, Reason: "left"}})}
	good := string(written(t, p))
	for name, bad := range map[string]string{
		"a name":     strings.Replace(good, "ada", "eve", 1),
		"a sync":     strings.Replace(good, `"sync":""`, `"sync":"x"`, 1),
		"a step off": good[:strings.Index(good, `{"class":"delete_user"`)],
		"a step on":  good + `{"class":"delete_user","user":{"id":"3","name":"eve"},"reason":""}` + "\n",
		"no class":   good + `{"user":{"id":"3","name":"eve"},"reason":""}` + "\n",
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
		p.Steps.Add(&Step{Head: Head{Class: AddMember, Person: who, User: &Ref{Name: who}, Group: &Ref{Name: "devs", Note: "grants much"}, Reason: "in a group", Rule: "groups (x:1)"}})
	}
	p.Steps.Add(&Step{Head: Head{Class: UpdateUser, Person: "z", User: &Ref{Name: "z"}, Reason: "differs"}, Changes: []Change{{Field: "email", Before: nil, After: []string{"z@y"}}}})
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
	p := &Plan{Steps: Pack(Step{Head: Head{Class: AddMember, User: &Ref{Name: "a"}, Group: &Ref{Name: "g"}}}, Step{Head: Head{Class: CreateUser}, Account: &identity.User{ID: "x"}})}
	f.Add(written(f, p))
	f.Add(p.Packed())
	f.Add([]byte(`{"format":"syncgateway-plan/1","digest":"","steps":-1}` + "\n{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Decode(b)
		if err != nil {
			return
		}
		for _, again := range [][]byte{written(t, p), p.Packed()} {
			if q, err := Decode(again); err != nil || q.Steps.Len() != p.Steps.Len() {
				t.Fatalf("%d steps, then %v", p.Steps.Len(), err)
			}
		}
	})
}

// FuzzReadPacked reads what no compression and no digest keeps away.
func FuzzReadPacked(f *testing.F) {
	var b bytes.Buffer
	steps := Pack(Step{Head: Head{Class: AddMember, User: &Ref{Name: "a"}, Group: &Ref{Name: "g"}}}, Step{Head: Head{Class: CreateUser}, Account: &identity.User{ID: "x"}})
	if err := steps.writePacked(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := readPacked(bytes.NewReader(b))
		if err != nil {
			return
		}
		p := &Plan{Steps: s}
		p.Sort()
		if err := p.Text(io.Discard, TextOptions{All: true}); err != nil {
			t.Fatal(err)
		}
	})
}

// firstSync is a plan that makes so many people with ten memberships each.
func firstSync(people int) *Plan {
	p := &Plan{}
	groups := make([]*Ref, max(people/100, 10))
	for i := range groups {
		groups[i] = &Ref{Name: fmt.Sprintf("team-%d", i)}
	}
	for i := range people {
		who := fmt.Sprintf("user%07d@corp.example", i)
		user := &Ref{Name: who}
		p.Steps.Add(&Step{Head: Head{Class: CreateUser, Person: who, User: user, Reason: "active in source.okta.corp and in scope, without an account", Rule: "users.include (gateway.hcl:31)", P: uint32(i)},
			Account: &identity.User{Kind: "user", Username: who, Email: who, DisplayName: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Active: true}})
		for j := range 10 {
			g := groups[(i*7+j*13)%len(groups)]
			p.Steps.Add(&Step{Head: Head{Class: AddMember, Person: who, User: user, Group: g, Reason: "in group " + g.Name, Rule: "groups.name (gateway.hcl:50)", P: uint32(i)}})
		}
	}
	return p
}

const benchPeople = 10_000

func perStep(b *testing.B, p *Plan) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(p.Steps.Len()), "ns/step")
}

func BenchmarkAdd(b *testing.B) {
	b.ReportAllocs()
	var p *Plan
	for b.Loop() {
		p = firstSync(benchPeople)
	}
	perStep(b, p)
}

func BenchmarkSort(b *testing.B) {
	p := firstSync(benchPeople)
	rows := slices.Clone(p.Steps.rows)
	b.ReportAllocs()
	for b.Loop() {
		copy(p.Steps.rows, rows)
		p.Sort()
	}
	perStep(b, p)
}

func BenchmarkDigest(b *testing.B) {
	p := firstSync(benchPeople)
	p.Sort()
	b.ReportAllocs()
	for b.Loop() {
		p.digest = ""
		p.Digest()
	}
	perStep(b, p)
}

func BenchmarkPack(b *testing.B) {
	p := firstSync(benchPeople)
	p.Sort()
	b.ReportAllocs()
	for b.Loop() {
		p.packed = nil
		p.Packed()
	}
	b.ReportMetric(float64(len(p.Packed()))/float64(p.Steps.Len()), "B/step")
	perStep(b, p)
}

func BenchmarkUnpack(b *testing.B) {
	p := firstSync(benchPeople)
	p.Sort()
	packed := p.Packed()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(packed); err != nil {
			b.Fatal(err)
		}
	}
	perStep(b, p)
}

func BenchmarkKinds(b *testing.B) {
	p := firstSync(benchPeople)
	b.ReportAllocs()
	for b.Loop() {
		if p.Counts()[AddMember] != benchPeople*10 {
			b.Fatal(p.Counts())
		}
	}
	perStep(b, p)
}

func BenchmarkHeads(b *testing.B) {
	p := firstSync(benchPeople)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, h := range p.Steps.Heads() {
			if h.Class == AddMember {
				n++
			}
		}
		if n != benchPeople*10 {
			b.Fatal(n)
		}
	}
	perStep(b, p)
}
