package fault

import (
	"net/http/httptest"
	"testing"
	"time"
)

func TestRulesAreChecked(t *testing.T) {
	var s Set
	for _, bad := range []Rule{{Kind: "nonsense"}, {Kind: Status}, {Kind: Status, Status: 1000}, {Kind: HTML, Probability: 2}} {
		if _, err := s.Add(bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
	if _, err := s.Add(Rule{ID: "a", Kind: HTML}); err != nil {
		t.Error(err)
	}
	if _, err := s.Add(Rule{ID: "a", Kind: HTML}); err == nil {
		t.Error("an id is accepted twice")
	}
	if !s.Remove("a") || s.Remove("a") {
		t.Error("a rule is removed once")
	}
}

func TestSkipAndCount(t *testing.T) {
	var s Set
	id, err := s.Add(Rule{Kind: HTML, Method: "GET", Path: "/a", Skip: 2, Count: 2})
	if err != nil {
		t.Fatal(err)
	}
	var got []bool
	for range 6 {
		s.Match("okta", httptest.NewRequest("POST", "/a", nil))
		got = append(got, s.Match("okta", httptest.NewRequest("GET", "/a", nil)).Is(HTML))
	}
	want := []bool{false, false, true, true, false, false}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("fired %v, want %v", got, want)
		}
	}
	if s.Fired(id) != 2 {
		t.Errorf("counted %d", s.Fired(id))
	}
}

func TestKindsCombine(t *testing.T) {
	var s Set
	for _, r := range []Rule{{Kind: Slow, DelayMS: 5}, {Kind: CutBody}, {Kind: HTML}, {Kind: ClockSkew, SkewSeconds: 9}} {
		if _, err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	p := s.Match("okta", httptest.NewRequest("GET", "/", nil))
	if !p.Is(CutBody) || p.Delay != 5*time.Millisecond || p.Skew != 9*time.Second || len(p.Names) != 3 {
		t.Errorf("plan %+v", p)
	}
	if list := s.List(); list[2].Fired != 0 {
		t.Error("a fault that was not carried out is counted")
	}
}

func TestPage(t *testing.T) {
	for _, test := range []struct {
		kind                 Kind
		total, offset, limit int
		want                 View
	}{
		{"", 10, 0, 4, View{From: 0, To: 4, Next: 4, Total: 10}},
		{"", 10, 8, 4, View{From: 8, To: 10, Next: -1, Total: 10}},
		{"", 8, 4, 4, View{From: 4, To: 8, Next: -1, Total: 8}},
		{"", 8, 9, 4, View{From: 8, To: 8, Next: -1, Total: 8}},
		{"", 0, 0, 4, View{Next: -1}},
		{EmptyList, 10, 0, 4, View{Next: -1}},
		{LostRole, 10, 4, 4, View{Next: -1}},
		{Half, 10, 4, 4, View{From: 4, To: 5, Next: -1, Total: 5}},
		{Half, 1, 0, 4, View{From: 0, To: 1, Next: -1, Total: 1}},
		{EmptyPage, 10, 0, 4, View{From: 0, To: 0, Next: 4, Total: 10}},
		{DropPage, 12, 4, 4, View{From: 8, To: 12, Next: -1, Total: 12}},
		{DuplicatePage, 10, 4, 4, View{From: 4, To: 8, Next: 4, Salt: "again", Total: 10}},
		{RepeatCursor, 10, 4, 4, View{From: 4, To: 8, Next: 4, Same: true, Total: 10}},
	} {
		p := Plan{Main: Rule{Kind: test.kind}}
		if got := p.Page(test.total, test.offset, test.limit); got != test.want {
			t.Errorf("%s %d/%d/%d: %+v, want %+v", test.kind, test.total, test.offset, test.limit, got, test.want)
		}
	}
}
