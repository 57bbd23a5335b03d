package chaos

import (
	"context"
	"time"

	"syncgateway/core/chaos/remote"
	"syncgateway/core/engine"
)

// attempts is how often the gateway may run until it has come to rest, and how often a
// fault that has not happened yet is given something to happen to.
const attempts = 10

// force gives the faults that have not happened something to happen to.
func (l *lane) force(ctx context.Context, dir string) error {
	l.forcing = true
	for range attempts {
		waiting := unreached(l.world)
		if len(waiting) == 0 && l.die == nil {
			return nil
		}
		l.clock = l.clock.Add(time.Hour + l.rules.Grace)
		l.world.Do(func() {
			l.provoke()
			for _, f := range waiting { // the listing may have become shorter than when it was planned
				if f.What == "users" || f.What == "groups" || f.What == "memberships" {
					f.Page = min(f.Page, l.world.Pages(f.System, f.What)-1)
				}
			}
		})
		if l.die != nil { // earlier than planned, since there are no more commits than this
			l.die.commit = max(2, l.die.commit-3)
		}
		mode := engine.ModeFull
		l.world.Disarm(func(f *remote.Fault) bool { return f.Fired > 0 })
		if err := l.attempt(ctx, dir, mode); err != nil {
			return err
		}
	}
	for _, f := range unreached(l.world) {
		l.oracle.fail("the fault never happened: %+v", *f)
	}
	if l.die != nil {
		l.oracle.fail("the host was never killed: %+v", *l.die)
	}
	return nil
}

// provoke makes somebody join, and somebody who has an account disappear: there is
// something to apply, and somebody to ask about.
func (l *lane) provoke() {
	c := l.world.Company
	for _, p := range c.Everybody() {
		if a := l.world.App.With(p.Email); len(c.People) > 3 && p.Source == 0 && l.rules.Entitled(c, p) && len(a) == 1 && l.oracle.owner[a[0].ID] == p.UID && a[0].Active && !l.oracle.shielded(a[0]) {
			c.Delete(p)
			break
		}
	}
	p := c.Hire(0, "", "engineering")
	for _, g := range c.AllGroups() {
		if g.Source == 0 {
			c.Member(g, p, true)
		}
	}
	l.tell("provoked")
}

// settle ends all faults and lets the gateway run until it has nothing to do. What it
// holds is released where the truth justifies it, and reads that shrank are believed:
// they are true now.
func (l *lane) settle(ctx context.Context) error {
	l.world.Disarm(func(*remote.Fault) bool { return true })
	l.skew, l.die = 0, nil
	l.clock = l.clock.Add(6 * time.Hour)
	rest := engine.Options{Mode: engine.ModeFull, Apply: true, Everyone: true, Believe: []string{refs["corp"], refs["annex"], refs["app"]}}
	approved := false
	for n := range attempts {
		report, err := l.run(ctx, want{Options: rest, approved: approved})
		if err != nil {
			l.tell("settling: %v", err)
			approved = false
			continue
		}
		if report.Plan.Empty() && n > 0 && len(report.Doubts()) == 0 {
			l.oracle.settled()
			return nil
		}
		if approved = l.release(ctx, report); !approved {
			l.clock = l.clock.Add(l.rules.Grace)
		}
	}
	l.oracle.fail("in the end: the gateway does not come to rest")
	return nil
}
