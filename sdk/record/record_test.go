package record

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
)

func TestAsFailureKeepsTheWordsAround(t *testing.T) {
	inner := &Failure{Reason: ReasonPermission, Message: "403", RemoteCode: "E9", RequestID: "r"}
	got := AsFailure(fmt.Errorf("members of group %q: %w", "eng", inner))
	if got.Reason != ReasonPermission || got.Message != `members of group "eng": 403` || got.RemoteCode != "E9" {
		t.Errorf("%+v", got)
	}
	if got := AsFailure(errors.New("odd")); got.Reason != ReasonUnavailable || got.Message != "odd" {
		t.Errorf("%+v", got)
	}
	if !errors.Is(got, &Failure{Reason: ReasonPermission}) || AsFailure(nil) != nil {
		t.Error("Is or nil")
	}
}

func TestAsProblems(t *testing.T) {
	a, b := &Problem{Summary: "a", Path: ParsePath("x")}, &Problem{Severity: SeverityWarning, Summary: "b"}
	got := AsProblems(errors.Join(a, Problems{b}, &Failure{Reason: ReasonQuota, Message: "full"}, fmt.Errorf("while: %w", a), errors.New("one\ntwo")))
	if len(got) != 5 || got[0] != a || got[1] != b || got[2].Code != "remote.quota" || got[3].Path.String() != "x" || got[4].Detail != "two" {
		t.Errorf("%v", got)
	}
	if !got.Failed() || (Problems{b}).Failed() || AsProblems(nil) != nil {
		t.Error("Failed")
	}
}

func TestPaths(t *testing.T) {
	for _, text := range []string{"a", "a.b", "a[0]", `a[0].b["c.d]"].e`, `["k"]`} {
		if got := ParsePath(text).String(); got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
	for _, text := range []string{"", "[", "a[", "a[x]", ".", "a..b", `a["`} {
		_ = ParsePath(text).String() // whatever it is, it must end
	}
}

func TestAttributes(t *testing.T) {
	var as Attributes
	as.Set("b", "2", "")
	as.Set("a", "1")
	as.Set("b", "3")
	as.Set("c", "")
	as = append(as, Attribute{Name: "a", Values: []string{"4"}}, Attribute{Name: "empty"})
	want := Attributes{{Name: "a", Values: []string{"1", "4"}}, {Name: "b", Values: []string{"3"}}}
	if got := as.Sorted(); !reflect.DeepEqual(got, want) || as.First("a") != "1" || as.Get("none") != nil {
		t.Errorf("%v", got)
	}
	as.Set("b")
	if as.Get("b") != nil || len(as.Get("a")) != 1 {
		t.Errorf("%v", as)
	}
}
