package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"syncgateway/core/config"
	"syncgateway/core/guard"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// SecondLook counts the questions to sources about people who would lose something.
type SecondLook struct {
	Questions int `json:"questions"` // accounts to ask about
	Asked     int `json:"asked"`
	Confirmed int `json:"confirmed"`
	Kept      int `json:"kept"`              // people whom an answer, or no answer, keeps
	Unable    int `json:"unable,omitempty"`  // of sources that cannot look up one person
	Waiting   int `json:"waiting,omitempty"` // not asked about before the plan is released
	Over      int `json:"over,omitempty"`    // not asked about in this run, and so not removed
}

// String is the second look in a line.
func (s SecondLook) String() string {
	text := fmt.Sprintf("%d of %d asked, %d confirmed, %d kept", s.Asked, s.Questions, s.Confirmed, s.Kept)
	for _, x := range []struct {
		n    int
		what string
	}{
		{s.Unable, "of a source that cannot look up one person"}, {s.Waiting, "asked about when the plan is released"},
		{s.Over, "left for the next run (limits.max_lookups)"},
	} {
		if x.n > 0 {
			text += fmt.Sprintf(", %d %s", x.n, x.what)
		}
	}
	return text
}

const (
	// asksAtOnce is how many people a source is asked about at a time.
	asksAtOnce = 8
	// mostMute is how many questions in a row may go without an answer before a source
	// is not asked any more.
	mostMute = 16
)

// look is a second look on its way.
type look struct {
	doubts []doubt
	next   int          // the first that is not asked about
	most   int          // questions this run may ask; Unlimited: no bound
	room   map[bool]int // how many more of those who leave, and of the others, would be let through
	spared map[store.ID]string
	wrong  map[string]bool // sources whose listing was contradicted
	mute   map[string]int  // questions in a row without an answer, by source
	counts SecondLook
}

// secondLook asks the sources directly about everybody who would lose something
// because a complete read lacked them or a membership of theirs. The step stands only
// when the source says the same when it is asked. The number of questions is bounded by
// limits.max_lookups, and by what the budgets would let pass: once more is confirmed the
// plan is held anyway, and those who were not asked about are when it is released. Who
// was not asked about is not removed.
func (r *run) secondLook(ctx context.Context, ev *evaluation) error {
	if len(ev.doubts) == 0 || r.rec.Mode == ModeUser { // a direct answer is a witness itself
		return nil
	}
	l, err := r.newLook(ctx, ev)
	if err != nil {
		return err
	}
	held := false
	for again := true; again; {
		if err := r.ask(ctx, ev, l); err != nil {
			return err
		}
		if err := r.reconsider(ctx, ev, l.spared); err != nil {
			return fmt.Errorf("look again at whom the sources were asked about: %w", err)
		}
		again = false
		if l.next < len(l.doubts) && l.asksMore() {
			if held, err = r.wouldHold(ctx, ev, l.spared); err != nil {
				return err
			}
			again = !held // what is left would be applied: they are asked about now
			l.room = map[bool]int{true: config.Unlimited, false: config.Unlimited}
		}
	}
	r.leaveOut(l, held)
	r.report.Kept = ev.spare(l.spared)
	l.counts.Kept = len(r.report.Kept) - l.counts.Over
	r.report.SecondLook = &l.counts
	if err := r.distrust(ctx, l.wrong); err != nil {
		return fmt.Errorf("note that a listing was wrong: %w", err)
	}
	return ctx.Err()
}

// newLook finds out how many may be asked about. What somebody approved is asked about
// whole: it is bounded by what they saw.
func (r *run) newLook(ctx context.Context, ev *evaluation) (*look, error) {
	l := &look{doubts: ev.doubts, most: r.sync.Limits.MaxLookups, spared: map[store.ID]string{}, wrong: map[string]bool{}, mute: map[string]int{},
		room: map[bool]int{true: config.Unlimited, false: config.Unlimited}}
	l.counts.Questions = len(l.doubts)
	slices.SortStableFunc(l.doubts, func(a, b doubt) int { return cmp.Or(rank(a.leaves)-rank(b.leaves), cmp.Compare(a.P, b.P)) })
	if r.releasing(ctx) {
		l.most = config.Unlimited
		return l, nil
	}
	leaving := guard.Deactivate
	if r.sync.Users.OnLeave == config.LeaveDelete {
		leaving = guard.Delete
	}
	err := r.Store.View(ctx, func(v store.Reader) error {
		in, err := r.guardInput(v, &plan.Plan{Steps: ev.steps})
		l.room[true], l.room[false] = guard.Room(in, leaving), guard.Room(in, guard.RemoveMember)
		return err
	})
	return l, err
}

// releasing tells whether somebody has approved a plan of this sync: then its removals
// are about to happen, and every one of them is asked about.
func (r *run) releasing(ctx context.Context) bool {
	ok := false
	_ = r.Store.View(ctx, func(v store.Reader) error {
		last, err := v.LatestPlan(r.sync.Name)
		if err != nil {
			return err
		}
		as, err := r.approvals(v, last.Digest)
		ok = as.enough()
		return err
	})
	return ok
}

// rank puts who would lose the account before who would lose memberships.
func rank(leaves bool) int {
	if leaves {
		return 0
	}
	return 1
}

// asksMore reports whether the run may still ask.
func (l *look) asksMore() bool { return l.most == config.Unlimited || l.counts.Asked < l.most }

// ask asks about those who are left, some at a time, until more is confirmed than would
// be let through, or enough was asked.
func (r *run) ask(ctx context.Context, ev *evaluation, l *look) error {
	confirmed := map[bool]int{}
	for ctx.Err() == nil {
		r.o.told.say(Progress{Stage: StageSecondLook, Unit: "people", Done: l.next, Total: len(l.doubts)})
		some := l.some(confirmed)
		if len(some) == 0 {
			break
		}
		for i, a := range r.answers(ctx, some) {
			l.take(some[i], a, confirmed)
			ev.saidOf(some[i].P, a.said)
		}
	}
	return ctx.Err()
}

// some are the next to ask about; none when that is enough.
func (l *look) some(confirmed map[bool]int) []doubt {
	var out []doubt
	for l.next < len(l.doubts) && len(out) < asksAtOnce && (l.most == config.Unlimited || l.counts.Asked+len(out) < l.most) {
		d := l.doubts[l.next]
		if room := l.room[d.leaves]; room != config.Unlimited && confirmed[d.leaves] > room {
			break
		}
		l.next++
		switch {
		case l.spared[d.P] != "":
			l.counts.Questions--
		case l.mute[d.Source] >= mostMute:
			l.spared[d.P] = fmt.Sprintf("%s gave no answer to the last %d questions, and was not asked about them", d.Source, mostMute)
		default:
			out = append(out, d)
		}
	}
	return out
}

// take counts one answer.
func (l *look) take(d doubt, a answer, confirmed map[bool]int) {
	if a.unable {
		l.counts.Unable++
	} else {
		l.counts.Asked++
	}
	switch {
	case a.keep != "":
		l.spared[d.P] = a.keep
	case a.unable:
		confirmed[d.leaves]++
	default:
		l.counts.Confirmed++
		confirmed[d.leaves]++
	}
	if l.mute[d.Source]++; !a.mute {
		l.mute[d.Source] = 0
	}
	if a.contradicts {
		l.wrong[d.Source] = true
	}
}

// answers asks about several accounts at a time.
func (r *run) answers(ctx context.Context, some []doubt) []answer {
	out := make([]answer, len(some))
	var g errgroup.Group
	for i, d := range some {
		g.Go(func() error {
			out[i] = r.witness(ctx, d)
			return nil
		})
	}
	_ = g.Wait() // what went wrong is a reason to keep somebody
	return out
}

// wouldHold tells whether what is left of the plan would be held.
func (r *run) wouldHold(ctx context.Context, ev *evaluation, spared map[store.ID]string) (held bool, err error) {
	p := &plan.Plan{Steps: ev.steps}
	p = p.Where(func(s *plan.Head) bool { return !s.Class.Destructive() || spared[s.P] == "" })
	err = r.Store.View(ctx, func(v store.Reader) error {
		in, err := r.guardInput(v, p)
		held = guard.Judge(in).Hold()
		return err
	})
	return held, err
}

// leaveOut decides about those who were not asked about: with a plan that is held they
// wait, and are never part of what is released in this run; else they stay.
func (r *run) leaveOut(l *look, held bool) {
	r.unasked = map[store.ID]bool{}
	for _, d := range l.doubts[l.next:] {
		switch {
		case l.spared[d.P] != "":
			l.counts.Questions--
		case held:
			r.unasked[d.P] = true
			l.counts.Waiting++
		default:
			l.spared[d.P] = fmt.Sprintf("not asked about yet: this run has asked %d times (limits.max_lookups)", l.counts.Asked)
			l.counts.Over++
		}
	}
}
