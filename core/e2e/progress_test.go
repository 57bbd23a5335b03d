package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// With -json the events are on standard error, and the result alone on standard output:
// with a daemon as without.
func TestEventsOfARun(t *testing.T) {
	t.Parallel()
	for _, daemon := range []bool{false, true} {
		g := newGateway(t, simple(usual), "jsonfile-source", "jsonfile-target")
		g.put("source.json", company(30))
		g.put("target.json", file{})
		if daemon {
			defer g.serve()()
			g.must(g.run("apply"), 0) // the daemon's first run may have done it already
		}
		r := g.must(g.run("plan", "-json", "-full", "-everyone"), 0)
		var answer struct{ Steps []json.RawMessage }
		if err := json.Unmarshal([]byte(r.out), &answer); err != nil {
			t.Fatalf("%v in %s", err, r.out)
		}
		var stages []string
		for line := range strings.Lines(r.err) {
			var ev struct{ Type, Sync, Run, Stage string }
			if err := json.Unmarshal([]byte(line), &ev); err != nil || ev.Type != "progress" || ev.Sync != "staff" || ev.Run == "" {
				t.Fatalf("%v in %q", err, line)
			}
			stages = append(stages, ev.Stage)
		}
		want := []string{"recover", "read", "mirror", "evaluate", "judge", "ended"}
		var first []string // of each: every endpoint is read and compared
		for _, s := range stages {
			if slices.Contains(want, s) && !slices.Contains(first, s) {
				first = append(first, s)
			}
		}
		if !slices.Equal(first, want) {
			t.Errorf("daemon %v: the stages are %v", daemon, stages)
		}
	}
}

// On a terminal the line that changes is on standard error, and leaves with the run.
func TestTerminalAndResultKeepApart(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simple(usual), "jsonfile-source", "jsonfile-target")
	g.put("source.json", company(30))
	g.put("target.json", file{})
	master, tty, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo terminal here: ", err)
	}
	defer master.Close()
	screen := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(master) // ends with an error when nobody has the terminal any more
		screen <- b
	}()
	var out bytes.Buffer
	cmd := g.command("plan")
	cmd.Stdout, cmd.Stderr = &out, tty
	err = cmd.Run()
	if cerr := tty.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	shown := <-screen
	if strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), "create 30 users") {
		t.Errorf("standard output has %q", out.String())
	}
	const clear = "\x1b[J"
	if at := bytes.LastIndex(shown, []byte(clear)); len(shown) > 0 && at != len(shown)-len(clear) {
		t.Errorf("the terminal is left with %q", shown)
	}
}
