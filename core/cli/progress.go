package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"syncgateway/core/engine"
)

// progress shows how far a run is: on a terminal one line that changes, elsewhere
// nothing but waiting, which explains a silence.
func (c *call) progress() func(engine.Progress) {
	if c.quiet || c.json {
		return nil
	}
	f, ok := c.errOut.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return func(p engine.Progress) {
			if p.Waiting != "" {
				fmt.Fprintf(c.errOut, "%s: waiting: %s%s\n", strings.TrimSpace(p.Stage+" "+p.Of), p.Waiting, until(p.Until))
			}
		}
	}
	var last time.Time
	return func(p engine.Progress) {
		const often = 100 * time.Millisecond
		if p.Waiting == "" && time.Since(last) < often {
			return
		}
		last = time.Now()
		line := fmt.Sprintf("%s: %d", strings.TrimSpace(p.Stage+" "+p.Of), p.Done)
		if p.Total > 0 {
			line += fmt.Sprintf(" of %d", p.Total)
		}
		if p.Waiting != "" {
			line += ", waiting: " + p.Waiting + until(p.Until)
		}
		fmt.Fprintf(c.errOut, "\r%-78.78s", line)
	}
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf(" until %s", t.Local().Format("15:04:05"))
}

// endProgress clears the line.
func (c *call) endProgress() {
	if f, ok := c.errOut.(*os.File); ok && !c.quiet && !c.json && isatty.IsTerminal(f.Fd()) {
		fmt.Fprintf(c.errOut, "\r%-78s\r", "")
	}
}
