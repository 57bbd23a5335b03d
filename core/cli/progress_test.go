package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"syncgateway/core/engine"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)

// at is a word of progress so long after noon.
func at(after time.Duration, p engine.Progress) engine.Progress {
	p.Sync, p.Run, p.At = "staff", "r1", noon.Add(after)
	if p.Began.IsZero() {
		p.Began = noon
	}
	return p
}

func reading(done int) engine.Progress {
	return engine.Progress{Stage: engine.StageRead, Of: "source.okta.corp", Unit: "users", Done: done, Total: 1000}
}

func TestPhrases(t *testing.T) {
	for want, p := range map[string]engine.Progress{
		"reading source.okta.corp: 400 of 1000 users, 40/s, 15s left":   at(10*time.Second, reading(400)),
		"reading source.okta.corp: 4 of 1000 users, 0.4/s, 41m30s left": at(10*time.Second, reading(4)),
		"reading source.okta.corp: 1000 of 1000 users, 100/s":           at(10*time.Second, reading(1000)),
		"evaluating: 3 people":                                                   at(0, engine.Progress{Stage: engine.StageEvaluate, Unit: "people", Done: 3}),
		"checking the plan against the limits":                                   at(0, engine.Progress{Stage: engine.StageJudge}),
		"changing target.jira: waiting: busy":                                    at(0, engine.Progress{Stage: engine.StageApply, Of: "target.jira", Waiting: "busy"}),
		"changing target.jira: 5 of 9 steps, waiting until 12:01:00: rate limit": at(0, engine.Progress{Stage: engine.StageApply, Of: "target.jira", Unit: "steps", Done: 5, Total: 9, Waiting: "rate limit", Until: noon.Add(time.Minute)}),
		"dreaming target.jira":                                                   at(0, engine.Progress{Stage: "dreaming", Of: "target.jira"}),
	} {
		if got := phrase(&p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLinesOfALongRun(t *testing.T) {
	var out strings.Builder
	l := &lines{w: &out}
	wait := reading(10)
	wait.Waiting, wait.Until = "rate limit", noon.Add(time.Minute)
	for _, p := range []engine.Progress{
		at(0, reading(0)),
		at(time.Second, reading(100)),    // too early to say anything
		at(2*time.Second, wait),          // but for this
		at(3*time.Second, wait),          // once
		at(4*time.Second, reading(400)),  // soon after
		at(13*time.Second, reading(650)), // it is time
		at(14*time.Second, engine.Progress{Stage: engine.StageEvaluate}),      // another stage
		at(15*time.Second, engine.Progress{Stage: engine.StageEvaluate}),      // the same
		at(16*time.Second, engine.Progress{Stage: engine.StageEnded, Of: ""}), // no news
	} {
		l.take(p)
	}
	want := "staff: reading source.okta.corp: 10 of 1000 users, waiting until 12:01:00: rate limit\n" +
		"staff: reading source.okta.corp: 650 of 1000 users, 50/s, 7s left\n" +
		"staff: evaluating\n"
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}

func TestShortRunsSayNothing(t *testing.T) {
	var out strings.Builder
	l := &lines{w: &out}
	for i, stage := range []string{engine.StageRecover, engine.StageRead, engine.StageEvaluate, engine.StageJudge, engine.StageEnded} {
		l.take(at(time.Duration(i)*500*time.Millisecond, engine.Progress{Stage: stage}))
	}
	if out.Len() > 0 {
		t.Error(out.String())
	}
}

func TestEvents(t *testing.T) {
	var out strings.Builder
	e := &events{w: &out}
	for _, p := range []engine.Progress{at(0, reading(0)), at(500*time.Millisecond, reading(100)), at(2*time.Second, reading(400)),
		at(3*time.Second, engine.Progress{Stage: engine.StageEnded})} {
		e.take(p)
	}
	type event struct {
		Type, Sync, Run, Stage, Of, Unit string
		Done, Total                      int
		Rate                             float64
		Left                             float64 `json:"left_seconds"`
		At                               time.Time
	}
	var got []event
	for line := range strings.Lines(out.String()) {
		var ev event
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			t.Fatal(line, err)
		}
		got = append(got, ev)
	}
	if len(got) != 3 || got[2].Stage != "ended" {
		t.Fatalf("%+v", got)
	}
	if ev := got[1]; ev.Type != "progress" || ev.Sync != "staff" || ev.Run != "r1" || ev.Of != "source.okta.corp" || ev.Unit != "users" || ev.Done != 400 ||
		ev.Total != 1000 || ev.Rate != 200 || ev.Left != 3 || !ev.At.Equal(noon.Add(2*time.Second)) {
		t.Errorf("%+v", ev)
	}
}

// On a terminal there is a line that changes; what is logged appears above it, and in
// the end it is gone.
func TestScreen(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo terminal here: ", err)
	}
	defer master.Close()
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 120}); err != nil {
		t.Fatal(err)
	}
	seen := make(chan string)
	go func() {
		defer close(seen)
		r := bufio.NewReader(master)
		for {
			line, err := r.ReadString('\n')
			if seen <- line; err != nil {
				return
			}
		}
	}()
	// until reads the screen until the text has appeared.
	until := func(text string) {
		t.Helper()
		for line := range seen {
			if strings.Contains(line, text) {
				return
			}
		}
		t.Fatalf("%q never appeared", text)
	}
	c := &call{errOut: tty}
	told := c.progress()
	told(at(10*time.Second, reading(400)))
	until("reading source.okta.corp")
	told(at(20*time.Second, reading(900)))
	until("] 900 of 1000 users, 45/s, 2s left")
	fmt.Fprintln(aside{c}, "[WARN] something")
	until("[WARN] something")
	told(at(21*time.Second, engine.Progress{Stage: engine.StageJudge}))
	until("checking the plan against the limits")
	c.endProgress()
	fmt.Fprintln(aside{c}, "the result")
	until("the result")
	told(at(22*time.Second, engine.Progress{Stage: engine.StageEnded}))
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	for range seen { // until the terminal is closed
	}
}

func TestWhoWatches(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, x := range []struct {
		c    call
		want string
	}{
		{call{quiet: true, errOut: io.Discard}, "<nil>"}, {call{quiet: true, json: true, errOut: io.Discard}, "<nil>"},
		{call{json: true, errOut: io.Discard}, "*cli.events"}, {call{errOut: io.Discard}, "*cli.lines"}, {call{errOut: file}, "*cli.lines"},
	} {
		if got := fmt.Sprintf("%T", x.c.newDisplay()); got != x.want {
			t.Errorf("%+v: %s", x.c, got)
		}
	}
}
