package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// width is where lines are folded.
const width = 100

// screen prints the story, folded, and keeps an abridged copy for README.md.
type screen struct {
	out   io.Writer
	fancy bool // a terminal: what is typed stands out
	aside bool // this chapter is left out of the copy
	copy  strings.Builder
}

func newScreen(f *os.File) *screen {
	info, err := f.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return &screen{out: f, fancy: terminal}
}

func (s *screen) bold(text string) string {
	if !s.fancy {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// chapter prints a heading.
func (s *screen) chapter(title string) {
	rule := strings.Repeat("─", max(0, width-utf8.RuneCountInString(title)-4))
	fmt.Fprintf(s.out, "%s\n\n", s.bold("── "+title+" "+rule))
}

// say prints a paragraph of the narrator's, marked so that nobody takes it for output.
func (s *screen) say(text string) {
	line := "#"
	for _, word := range strings.Fields(text) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			s.line(line)
			line = "#"
		}
		line += " " + word
	}
	s.line(line)
}

func (s *screen) line(line string) {
	fmt.Fprintln(s.out, line)
	s.keep(line)
}

// keep adds a line to the copy.
func (s *screen) keep(line string) {
	if !s.aside {
		s.copy.WriteString(line + "\n")
	}
}

// typed prints a command.
func (s *screen) typed(command string) {
	fmt.Fprintln(s.out, s.bold("$ "+command))
	s.keep("$ " + command)
}

// output prints what a command said. head and tail are the lines that the copy keeps.
func (s *screen) output(text string, head, tail int) {
	var lines []string
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		lines = append(lines, fold(line)...)
	}
	fmt.Fprintln(s.out, strings.Join(lines, "\n")+"\n")
	if cut := len(lines) - head - tail; cut > 1 {
		lines = append(append(lines[:head:head], fmt.Sprintf("[… %d lines]", cut)), lines[len(lines)-tail:]...)
	}
	s.keep(strings.Join(lines, "\n") + "\n")
}

// fold breaks a line that is too long; what goes on is indented further.
func fold(line string) []string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))] + "    "
	var out []string
	for utf8.RuneCountInString(line) > width {
		end := 0
		for n, i := 0, 0; i < len(line) && n <= width; n++ {
			if line[i] == ' ' && i > len(indent) {
				end = i
			}
			_, size := utf8.DecodeRuneInString(line[i:])
			i += size
		}
		if end == 0 {
			break // one long word
		}
		out = append(out, line[:end])
		line = indent + line[end+1:]
	}
	return append(out, line)
}

// The markers between which a file has the transcript.
const (
	beginMarker = "<!-- demo: begin -->"
	endMarker   = "<!-- demo: end -->"
)

// insert puts the abridged story between the markers of a file.
func (s *screen) insert(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), beginMarker)
	_, after, ended := strings.Cut(rest, endMarker)
	if !ok || !ended {
		return fmt.Errorf("%s has no %s … %s", path, beginMarker, endMarker)
	}
	story := strings.TrimSpace(s.copy.String())
	return os.WriteFile(path, []byte(before+beginMarker+"\n```\n"+story+"\n```\n"+endMarker+after), 0o644)
}
