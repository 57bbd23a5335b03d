package pluginhost

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/diag"
)

func TestMalformedLogLines(t *testing.T) {
	h, out := newHost(t)
	p, err := h.Start(t.Context(), instance("badlog", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ReadUsers(t.Context(), ReadOptions{}, &collected{}); err != nil {
		t.Fatal(err)
	}
	p.Close() // its log has been read to the end
	text := out.String()
	for _, want := range []string{"[INFO]  source.badlog.a: 42", "the last", `a="{\"b\":1}"`, "no line end"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %q:\n%.2000s", want, text)
		}
	}
	if strings.ContainsAny(text, "\x1b\x00") || strings.Contains(text, strings.Repeat("x", lineBytes+1)) {
		t.Error("control characters or an endless line came through")
	}
}

func TestSecretsInTheLog(t *testing.T) {
	h, out := newHost(t)
	p, err := h.Start(t.Context(), instance("good", "leak", 0))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = p.Lookup(t.Context(), LookupBy{ID: "die"})
	p.Close()
	status := fmt.Sprintf("%+v %v", p.Status(), p.Status().Log)
	if text := out.String() + status; strings.Contains(text, canary) || strings.Count(text, "[redacted]") < 3 {
		t.Errorf("log:\n%s", text)
	}
}

func TestLogIsBounded(t *testing.T) {
	out, now := &logs{}, time.Now()
	l := newLogIntake(hclog.New(&hclog.LoggerOptions{Output: out, Level: hclog.Trace}), nil, func() time.Time { return now })
	w := l.writer()
	for i := range 3 * linesInSecond {
		fmt.Fprintf(w, "line %d\n", i)
	}
	if n := strings.Count(out.String(), "\n"); n != linesInSecond {
		t.Errorf("%d lines in one second were passed on", n)
	}
	now = now.Add(time.Second)
	fmt.Fprintln(w, "later")
	if text := out.String(); !strings.Contains(text, fmt.Sprintf("lines=%d", 2*linesInSecond)) || !strings.Contains(text, "later") {
		t.Error("what was dropped is not told")
	}
	if lines, _ := l.last(false); len(lines) != keptLines || lines[keptLines-1] != "later" || lines[0] != fmt.Sprintf("line %d", 3*linesInSecond-keptLines+1) {
		t.Errorf("%d lines are kept, %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
}

func TestSecretAtTheCut(t *testing.T) {
	l := newLogIntake(hclog.NewNullLogger(), diag.NewRedactor(canary), time.Now)
	fmt.Fprintln(l.writer(), strings.Repeat("x", lineBytes-5)+canary+strings.Repeat("y", 3*lineBytes))
	if lines, _ := l.last(false); strings.Contains(lines[0], canary[:5]) || len(lines[0]) > lineBytes+10 {
		t.Errorf("…%s", lines[0][len(lines[0])-40:])
	}
}

func FuzzLogLine(f *testing.F) {
	for _, s := range []string{`{"@level":"info","@message":42}`, `{"@message":{}}`, "panic: x", "{", "\x00"} {
		f.Add([]byte(s))
	}
	l := newLogIntake(hclog.NewNullLogger(), diag.NewRedactor(canary), time.Now)
	f.Fuzz(func(_ *testing.T, line []byte) { l.line(line) })
}
