package sdk

import (
	"context"
	"fmt"
	"slices"

	"syncgateway/sdk/record"
)

// Steps are the steps of a check: what an administrator sees after "test connection".
type Steps struct{ run *checkRun }

type checkRun struct {
	ctx    context.Context
	emit   func(record.CheckStep) error
	failed []string // failed or skipped, in order
	detail string
	err    error
}

// Run does one step and reports whether it passed. It is skipped when one of the
// steps it needs did not pass; without any named, it needs every step before it.
// The error of a step should say what to do. Returning a warning (Place.Warnf) lets
// the step pass with that message.
func (s Steps) Run(name string, step func() error, needs ...string) bool {
	r := s.run
	if r.err != nil || r.ctx.Err() != nil {
		return false
	}
	if r.blocked(needs) {
		r.failed = append(r.failed, name)
		r.err = r.emit(record.CheckStep{Name: name, Outcome: record.CheckSkipped})
		return false
	}
	r.detail = ""
	problems := record.AsProblems(step())
	out := record.CheckStep{Name: name, Outcome: record.CheckPassed, Problems: problems, Detail: r.detail}
	if problems.Failed() {
		out.Outcome = record.CheckFailed
		r.failed = append(r.failed, name)
	}
	r.err = r.emit(out)
	return out.Outcome == record.CheckPassed
}

// Detailf says what the running step saw: "500 users visible".
func (s Steps) Detailf(format string, args ...any) { s.run.detail = fmt.Sprintf(format, args...) }

func (r *checkRun) blocked(needs []string) bool {
	if len(needs) == 0 {
		return len(r.failed) > 0
	}
	return slices.ContainsFunc(needs, func(n string) bool { return slices.Contains(r.failed, n) })
}
