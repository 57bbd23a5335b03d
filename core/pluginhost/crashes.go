package pluginhost

import "time"

// A plugin that crashes is started again, later each time; one that crashes
// quarantineAfter times within crashWindow is not.
const (
	quarantineAfter = 5
	crashWindow     = 10 * time.Minute
	firstBackoff    = 500 * time.Millisecond
	mostBackoff     = time.Minute
)

// crashes are a plugin's recent crashes.
type crashes struct{ at []time.Time }

// add counts a crash. It returns how long to wait before the next start, or that
// there is to be none.
func (c *crashes) add(now time.Time) (wait time.Duration, quarantined bool) {
	recent := c.at[:0]
	for _, t := range c.at {
		if now.Sub(t) < crashWindow {
			recent = append(recent, t)
		}
	}
	c.at = append(recent, now)
	if len(c.at) >= quarantineAfter {
		return 0, true
	}
	return min(firstBackoff<<(2*(len(c.at)-1)), mostBackoff), false
}

// since counts the crashes that still matter.
func (c *crashes) since(now time.Time) int {
	n := 0
	for _, t := range c.at {
		if now.Sub(t) < crashWindow {
			n++
		}
	}
	return n
}
