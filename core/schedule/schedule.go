// Package schedule decides when a sync runs: at intervals or by the clock, and when
// something happened (an event of a source, a login). One sync runs once at a time, and
// what happens during a run leads to one more, not to many. It does not know what a
// run is.
package schedule

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

// Trigger says why a sync runs.
type Trigger string

// The triggers.
const (
	Clock Trigger = "schedule"
	Event Trigger = "event"
	Login Trigger = "login"
)

// Entry is one sync's schedule. Every and Cron both empty: only on triggers.
type Entry struct {
	Name  string
	Every time.Duration
	Cron  string // five fields, or @hourly and the like
}

// Schedule runs entries until its context ends.
type Schedule struct {
	run     func(ctx context.Context, name string, t Trigger)
	entries map[string]*entry
}

type entry struct {
	Entry
	times cron.Schedule // nil without a clock
	wake  chan Trigger  // holds one: more of them mean the same run

	mu   sync.Mutex
	next time.Time
}

// New prepares the entries. run is called in the entry's own goroutine. An error names
// the entry whose cron expression is wrong.
func New(entries []Entry, run func(ctx context.Context, name string, t Trigger)) (*Schedule, error) {
	s := &Schedule{run: run, entries: map[string]*entry{}}
	for _, x := range entries {
		e := &entry{Entry: x, wake: make(chan Trigger, 1)}
		switch {
		case x.Cron != "":
			times, err := cron.ParseStandard(x.Cron)
			if err != nil {
				return nil, fmt.Errorf("schedule of sync %q: %w", x.Name, err)
			}
			e.times = times
		case x.Every > 0:
			e.times = every(x.Every)
		}
		s.entries[x.Name] = e
	}
	return s, nil
}

// every is a schedule of a fixed distance; cron's own rounds to seconds.
type every time.Duration

// Next implements cron.Schedule.
func (d every) Next(t time.Time) time.Time { return t.Add(time.Duration(d)) }

// Run blocks until ctx ends and every run has returned.
func (s *Schedule) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, e := range s.entries {
		wg.Go(func() { s.loop(ctx, e) })
	}
	wg.Wait()
}

// Wake asks for a run of the named sync as soon as it is free. It never blocks; a run
// that is already asked for is not asked for twice.
func (s *Schedule) Wake(name string, t Trigger) {
	if e := s.entries[name]; e != nil {
		select {
		case e.wake <- t:
		default:
		}
	}
}

// Next is when the named sync runs by the clock; zero without a schedule.
func (s *Schedule) Next(name string) time.Time {
	e := s.entries[name]
	if e == nil {
		return time.Time{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.next
}

// loop runs one entry. A daemon starts with a run: nobody knows how long it was down.
func (s *Schedule) loop(ctx context.Context, e *entry) {
	if e.times != nil {
		s.once(ctx, e, Clock)
	}
	for ctx.Err() == nil {
		timer := e.timer()
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case t := <-e.wake:
			timer.Stop()
			s.once(ctx, e, t)
		case <-timer.C:
			s.once(ctx, e, Clock)
		}
	}
}

func (s *Schedule) once(ctx context.Context, e *entry, t Trigger) {
	if ctx.Err() == nil {
		s.run(ctx, e.Name, t)
	}
}

// timer fires at the next time by the clock, or never.
func (e *entry) timer() *time.Timer {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.times == nil {
		t := time.NewTimer(time.Hour)
		t.Stop()
		return t
	}
	now := time.Now()
	e.next = e.times.Next(now)
	return time.NewTimer(e.next.Sub(now))
}
