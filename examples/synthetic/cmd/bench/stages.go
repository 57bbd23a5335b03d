package main

import "time"

// stages follows a run: when it applied, how much, and what that took of the gateway's
// CPU.
type stages struct {
	anew         bool      // peaks of memory are counted from the beginning of applying
	began, ended time.Time // of applying
	before, used float64   // CPU seconds of the gateway
	done, total  int
}

// The names that the gateway gives to stages.
const (
	stageApply  = "apply"
	stageRecord = "record"
)

// take is what to do with each word of progress.
func (s *stages) take(d *daemon) func(*progress) error {
	return func(p *progress) error {
		switch {
		case p.Stage == stageApply:
			s.done, s.total = p.Done, max(s.total, p.Total)
			if !s.began.IsZero() {
				return nil
			}
		case p.Stage != stageRecord || s.began.IsZero() || !s.ended.IsZero():
			return nil
		}
		cpu, err := processUsage("gateway", d.pids["gateway"], s.anew && p.Stage == stageApply)
		if p.Stage == stageApply {
			s.began, s.before = p.At, cpu.CPU
			return err
		}
		s.ended, s.used, s.done = p.At, cpu.CPU-s.before, s.total
		return err
	}
}

// applied is how long the target was being changed.
func (s *stages) applied() float64 { return s.ended.Sub(s.began).Seconds() }

// perOperation notes what an operation cost the gateway.
func (s *stages) perOperation(r *Row) {
	if r.Operations = s.total; s.total > 0 {
		r.PerOp = s.used * 1e6 / float64(s.total)
	}
}
