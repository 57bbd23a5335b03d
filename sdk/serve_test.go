package sdk

import (
	"testing"
	"time"
)

func TestLeaveWithParent(t *testing.T) {
	parents := []int{7, 7, 1}
	tick := make(chan time.Time, len(parents)+1)
	for range cap(tick) {
		tick <- time.Time{}
	}
	asked, code := 0, -1
	leaveWithParent(7, func() int { asked++; return parents[asked-1] }, tick, func(c int) { code = c })
	if asked != 3 || code != 1 {
		t.Errorf("asked %d times, exit %d", asked, code)
	}
}
