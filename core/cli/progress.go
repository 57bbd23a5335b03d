package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"

	"syncgateway/core/engine"
)

// display shows on standard error how far a run is. Write is for what else is to be
// read there meanwhile. Take is called by one goroutine at a time, Write by any.
type display interface {
	io.Writer
	take(engine.Progress)
	end() // nothing of what changes is left on the screen
}

// progress is what the client tells how far runs are; nil where nobody wants to know.
func (c *call) progress() func(engine.Progress) {
	if c.shown = c.newDisplay(); c.shown == nil {
		return nil
	}
	return c.shown.take
}

func (c *call) newDisplay() display {
	if c.quiet {
		return nil
	}
	if c.json {
		return &events{w: c.errOut}
	}
	if f, ok := c.errOut.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return &screen{w: c.errOut}
	}
	return &lines{w: c.errOut}
}

// endProgress ends what changes on the screen, so that a result can be printed.
func (c *call) endProgress() {
	if c.shown != nil {
		c.shown.end()
	}
}

// aside is standard error for what is written while a run is shown there.
type aside struct{ c *call }

// Write implements io.Writer.
func (a aside) Write(b []byte) (int, error) {
	if a.c.shown != nil {
		return a.c.shown.Write(b)
	}
	return a.c.errOut.Write(b)
}

// stages are what the stages do, in words. %s is the endpoint.
var stages = map[string]string{
	engine.StageRecover:    "asking how an interrupted run ended",
	engine.StageRead:       "reading %s",
	engine.StageMirror:     "comparing %s with how it was",
	engine.StageDoubt:      "asking %s for what its listing lacks",
	engine.StageEvaluate:   "evaluating",
	engine.StageSecondLook: "asking about who would lose something",
	engine.StageJudge:      "checking the plan against the limits",
	engine.StageApply:      "changing %s",
	engine.StageRecord:     "noting the result",
	engine.StageReadBack:   "reading leavers again in %s",
}

// doing is the stage in words; a stage of a later gateway keeps its name.
func doing(p *engine.Progress) string {
	text, ok := stages[p.Stage]
	if !ok {
		return strings.TrimSpace(p.Stage + " " + p.Of)
	}
	if strings.Contains(text, "%s") {
		return fmt.Sprintf(text, p.Of)
	}
	return text
}

// counted is how many of how many, how fast, and how long the rest will take; or what
// is waited for.
func counted(p *engine.Progress) string {
	var parts []string
	switch {
	case p.Unit == "":
	case p.Total > 0:
		parts = append(parts, fmt.Sprintf("%d of %d %s", p.Done, p.Total, p.Unit))
	default:
		parts = append(parts, fmt.Sprintf("%d %s", p.Done, p.Unit))
	}
	if p.Waiting != "" {
		return strings.Join(append(parts, "waiting"+until(p.Until)+": "+p.Waiting), ", ")
	}
	if rate := p.Rate(); rate >= 10 {
		parts = append(parts, fmt.Sprintf("%.0f/s", rate))
	} else if rate > 0 {
		parts = append(parts, fmt.Sprintf("%.1f/s", rate))
	}
	if left := p.Left(); left > 0 {
		parts = append(parts, max(time.Second, left.Round(time.Second)).String()+" left")
	}
	return strings.Join(parts, ", ")
}

// phrase is all of it.
func phrase(p *engine.Progress) string {
	if text := counted(p); text != "" {
		return doing(p) + ": " + text
	}
	return doing(p)
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf(" until %s", t.Local().Format("15:04:05"))
}

// Lines are for what no terminal shows: a log. A run that is quickly done says nothing;
// a longer one its stages, every so often how far they are, and at once why it waits.
const (
	linesAfter = 3 * time.Second
	linesEvery = 10 * time.Second
)

type lines struct {
	mu    sync.Mutex
	w     io.Writer
	began time.Time // the run
	said  time.Time
	last  engine.Progress
}

// Write implements display.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func (l *lines) take(p engine.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.Run != l.last.Run {
		l.began, l.said, l.last = p.At, time.Time{}, engine.Progress{}
	}
	stage := doing(&p) != doing(&l.last) || l.said.IsZero()
	waits := p.Waiting != "" && p.Waiting != l.last.Waiting
	l.last = p
	if p.Stage == engine.StageEnded || !waits && (p.At.Sub(l.began) < linesAfter || !stage && p.At.Sub(l.said) < linesEvery) {
		return
	}
	l.said = p.At
	fmt.Fprintln(l.w, p.Sync+": "+phrase(&p))
}

func (l *lines) end() {}
