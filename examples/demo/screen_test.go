package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	for _, line := range []string{
		"short", "", "  because " + strings.Repeat("wörd ", 60) + "end", strings.Repeat("x", 3*width), "    " + strings.Repeat("y", 2*width) + " z",
	} {
		folded := fold(line)
		words := strings.Fields(strings.Join(folded, " "))
		if !slices.Equal(words, strings.Fields(line)) {
			t.Errorf("%q became %q", line, folded)
		}
		for _, part := range folded {
			if utf8.RuneCountInString(part) > width && len(strings.Fields(part)) > 2 {
				t.Errorf("%q is longer than %d", part, width)
			}
		}
	}
}

func TestWhatWasPrintedIsNotRepeated(t *testing.T) {
	s := &stage{screen: &screen{out: &bytes.Buffer{}}}
	plan := "+ create\n  a\n  b\n  c\n  d\n\nPlan: 4.\n"
	if got := s.again(plan); got != strings.Trim(plan, "\n") {
		t.Errorf("at first: %q", got)
	}
	if got, want := s.again("Read.\n"+plan+"Done.\n"), "Read.\n[7 lines as above]\nDone."; got != want {
		t.Errorf("again: %q, want %q", got, want)
	}
	s.chapter("another")
	if got := s.again(plan); got != strings.Trim(plan, "\n") {
		t.Errorf("in another chapter: %q", got)
	}
}

func TestTheCopyIsAbridgedAndInserted(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out}
	s.typed("gateway plan")
	s.output("1\n2\n3\n4\n5\n6\n", 2, 1)
	s.aside = true
	s.say("not in the copy")
	if !strings.Contains(out.String(), "4\n5\n6") || !strings.Contains(out.String(), "# not in the copy") {
		t.Errorf("the screen shows %q", out.String())
	}
	path := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(path, []byte("before\n"+beginMarker+"\nold\n"+endMarker+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.insert(path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	want := "before\n" + beginMarker + "\n```\n$ gateway plan\n1\n2\n[… 3 lines]\n6\n```\n" + endMarker + "\nafter\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if err := os.WriteFile(path, []byte("no markers"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.insert(path); err == nil {
		t.Error("a file without markers was written")
	}
}
