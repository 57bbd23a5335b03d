package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncgateway/core/audit"
	"syncgateway/core/config"
	"syncgateway/core/identity"
	"syncgateway/core/plan"
	"syncgateway/core/selector"
	"syncgateway/core/store"
)

// approvals are those of one plan that can be used now.
type approvals struct {
	given []store.Approval
	only  []selector.Selector // of each
	need  int                 // different people it takes
}

func (r *run) approvals(tx store.Reader, digest string) (approvals, error) {
	as := approvals{need: max(r.sync.Limits.Approvers, 1)}
	all, err := tx.Approvals(digest)
	if err != nil {
		return as, err
	}
	for _, a := range all {
		if a.UsedBy != "" || !r.began.Before(a.Expires) {
			continue
		}
		only, err := selector.Parse(a.Only)
		if err != nil {
			return as, fmt.Errorf("the approval of %s by %s: %w", plan.ShortDigest(digest), identity.Visible(a.Who, 80), err)
		}
		as.given, as.only = append(as.given, a), append(as.only, only)
	}
	return as, nil
}

// names are the people who approved, each once.
func (as *approvals) names() []string {
	var out []string
	for _, a := range as.given {
		if !slices.Contains(out, a.Who) {
			out = append(out, a.Who)
		}
	}
	return out
}

// enough reports whether anything can be released at all.
func (as *approvals) enough() bool { return len(as.names()) >= as.need }

// covers reports whether as many people as it takes chose the step.
func (as *approvals) covers(s *plan.Head) bool {
	var who []string
	for i, a := range as.given {
		if as.only[i].Matches(s) && !slices.Contains(who, a.Who) {
			who = append(who, a.Who)
		}
	}
	return len(who) >= as.need
}

// release returns the part of a plan that may be applied: all of one that is not held,
// else what was approved, and what is not held by itself where that may go on.
func (r *run) release(tx store.Tx, p *plan.Plan, digest string) (*plan.Plan, error) {
	v := r.report.Verdict
	if !v.Hold() && len(r.unasked) == 0 {
		return p, nil
	}
	if !v.Hold() {
		return p.Where(func(s *plan.Head) bool { return !s.Class.Destructive() || !r.unasked[s.P] }), nil
	}
	as, err := r.approvals(tx, digest)
	if err != nil {
		return nil, err
	}
	r.report.Approvers, r.report.Approvals = as.need, as.names()
	additions := as.enough() || r.sync.Limits.OnTrip == config.TripHoldRemovals
	approved := 0
	out := p.Where(func(s *plan.Head) bool {
		if s.Class.Destructive() && r.unasked[s.P] {
			return false
		}
		if as.covers(s) {
			approved++
			return true
		}
		return additions && !v.Holds(s)
	})
	out = whole(p, out)
	r.report.Waiting = p.Steps.Len() - out.Steps.Len()
	r.commands(digest)
	if approved == 0 {
		return out, nil
	}
	r.report.Approved = strings.Join(as.names(), ", ")
	if !r.o.Apply {
		return out, nil
	}
	return out, r.use(tx, as)
}

// use uses up approvals. The run is on record as approved before anything is applied:
// what it does is not counted against later budgets, even if it is interrupted.
func (r *run) use(tx store.Tx, as approvals) error {
	for _, a := range as.given {
		a.UsedBy = r.rec.ID
		if err := r.record(tx, audit.Released, releasedEntry{Digest: a.Digest, By: a.Who, Only: a.Only}); err != nil {
			return err
		}
		if err := tx.PutApproval(a); err != nil {
			return err
		}
	}
	r.rec.Approved = r.report.Approved
	return tx.PutRun(r.rec)
}

// whole leaves out of a part of a plan the groups that would be deleted or retired although
// somebody whom the plan takes out of them first is still in them.
func whole(p, part *plan.Plan) *plan.Plan {
	if part.Steps.Len() == p.Steps.Len() {
		return part
	}
	left := map[string]int{} // members by group, those who are deleted under ""
	count := func(steps *plan.Steps, by int) {
		for s, n := range steps.Kinds() {
			switch s.Class {
			case plan.RemoveMember:
				left[s.Group.Name] += by * n
			case plan.DeleteUser:
				left[""] += by * n
			}
		}
	}
	count(&p.Steps, 1)
	count(&part.Steps, -1)
	return part.Where(func(s *plan.Head) bool {
		return !endsGroup(s.Class) || left[s.Group.Name]+left[""] == 0
	})
}

// endsGroup tells the classes that are about a group which nothing makes any more.
func endsGroup(c plan.Class) bool { return c == plan.DeleteGroup || c == plan.RetireGroup }

// commands completes every reason to hold with the command that releases it.
func (r *run) commands(digest string) {
	trips := r.report.Verdict.Trips
	for i := range trips {
		trips[i].Release = ApproveCommand(digest, trips[i].Only)
	}
	r.report.Release = ApproveCommand(digest, nil)
}

// ApproveCommand is the command that releases a plan, or the part of it that the
// selectors choose.
func ApproveCommand(digest string, only []string) string {
	var b strings.Builder
	b.WriteString("gateway approve " + plan.ShortDigest(digest))
	for _, o := range only {
		b.WriteString(" -only " + shellQuote(o))
	}
	return b.String()
}

// shellQuote makes one word of a shell's command line.
func shellQuote(s string) string {
	plainChar := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("=,._@/:+-", c)
	}
	if s != "" && !strings.ContainsFunc(s, func(c rune) bool { return !plainChar(c) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// approvedBut returns the digest of the sync's latest plan when that, without what a
// second look has saved since, is this plan: whoever approved it approved more. Else
// it is the plan's own digest.
func (r *run) approvedBut(tx store.Reader, p *plan.Plan, spared map[string]bool) (string, error) {
	own := p.Digest()
	if len(spared) == 0 {
		return own, nil
	}
	last, err := tx.LatestPlan(r.sync.Name)
	if errors.Is(err, store.ErrNotFound) || err == nil && (last.Digest == own || last.Verdict != verdictHold) {
		return own, nil
	}
	if err != nil {
		return "", err
	}
	more, err := plan.Decode(last.Body)
	if err != nil {
		return "", fmt.Errorf("the plan %s: %w", plan.ShortDigest(last.Digest), err)
	}
	less := more.Where(func(s *plan.Head) bool {
		return !(s.Class.Destructive() && spared[s.Person]) && s.Class != plan.DeleteGroup
	})
	if less.Digest() != own {
		return own, nil
	}
	return last.Digest, nil
}
