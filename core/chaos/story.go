package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
	"syncgateway/core/engine"
	"syncgateway/core/plan"
	"syncgateway/core/store"
)

// live is the whole story of a seed: a first sync, some days on which things happen and
// go wrong, and the time after, in which everything must come right.
func (l *lane) live(ctx context.Context, dir string) error {
	l.tell("theme %d, %d people, %d groups, page %d, totals %t, rules %+v", l.theme, len(l.world.Company.People), len(l.world.Company.Groups),
		l.world.PageSize, l.world.Totals, l.rules)
	if _, err := l.run(ctx, want{Options: engine.Options{Mode: engine.ModeFull, Apply: true}}); err != nil {
		return fmt.Errorf("the first run: %w", err)
	}
	l.world.Evening()
	for day := range l.days {
		l.clock = l.clock.Add(time.Duration(12+l.history.IntN(24)) * time.Hour)
		l.happen(day)
		if err := l.day(ctx, dir, day); err != nil {
			return err
		}
		l.world.Evening()
	}
	if err := l.force(ctx, dir); err != nil {
		return err
	}
	return l.settle(ctx)
}

// happen is what the day brings for the company and by an administrator's hand.
func (l *lane) happen(day int) {
	l.world.Do(func() {
		switch l.theme {
		case slowBleed:
			l.leavers(2)
		case fewLeft:
			l.leavers(len(l.world.Company.People)/2 + 1)
		case sameAgain:
		case abandoned:
			l.abandon()
		case behindTimes:
			for range 4 {
				l.tell("day %d: %s", day, l.world.Company.Happen(l.history, "id-reused", "delete", "join", "nest", "address", "rename", "case", "group-gone"))
			}
		default:
			for range 1 + l.history.IntN(6) {
				what := l.world.Company.Happen(l.history)
				l.tell("day %d: %s", day, what)
				switch what {
				case "case":
					l.result.Fired[caseFlip]++
				case "id-reused":
					l.result.Fired[idReused]++
				}
			}
		}
		for range l.hands.IntN(3) {
			l.byHand()
		}
	})
	if l.theme == anything && l.history.IntN(5) == 0 {
		l.edit(l.edition())
		if !l.rules.Annex {
			l.retarget()
		}
	}
}

// retarget moves faults that wait at a source which is no longer part of the sync to the
// one that is: there they will be met.
func (l *lane) retarget() {
	for _, f := range l.world.Armed() {
		if f.System == "annex" && f.Fired == 0 {
			l.world.Do(func() { f.System, f.Page = "corp", 0 })
		}
	}
}

// leavers makes n entitled people leave for real.
func (l *lane) leavers(n int) (gone []*company.Person) {
	c := l.world.Company
	for _, p := range c.Everybody() {
		if len(gone) < n && l.rules.Entitled(c, p) && !slices.Contains(l.rules.Protect, p.Email) {
			c.Change(p, func(p *company.Person) { p.Active = false })
			gone = append(gone, p)
		}
	}
	l.tell("%d people leave", len(gone))
	return gone
}

// abandon ends a group that the gateway made, after an administrator has put somebody into
// it whom no rule puts there.
func (l *lane) abandon() {
	app, c := l.world.App, l.world.Company
	for _, g := range c.AllGroups() {
		made := app.Called(l.rules.Target(g))
		if len(made) != 1 || !l.oracle.groups[made[0].ID] || g.Name == c.Staff[g.Source] {
			continue
		}
		for _, p := range c.Everybody() {
			if a := app.With(p.Email); len(a) == 1 && a[0].Active && !app.Members[made[0].ID][a[0].ID] {
				app.SetMember(made[0], a[0], true, true)
				break
			}
		}
		c.Dissolve(g)
		l.tell("%s is dissolved", g.Name)
		return
	}
}

// edition is an edit of the configuration.
func (l *lane) edition() func(*company.Rules) {
	switch l.history.IntN(6) {
	case 0:
		return func(r *company.Rules) {
			r.Include = []string{company.IncludeAll, company.IncludeStaff, company.IncludeInternal}[l.history.IntN(3)]
		}
	case 1:
		return func(r *company.Rules) { r.TeamsOnly = !r.TeamsOnly }
	case 2:
		return func(r *company.Rules) { r.Annex = l.world.Company.Named("annex-staff") != nil && !r.Annex }
	case 3:
		return func(r *company.Rules) { r.Deactivate, r.Delete, r.RemoveMember = count(1), count(1), count(3) }
	case 4:
		return func(r *company.Rules) { r.DeletePeople = !r.DeletePeople }
	}
	return wide
}

// byHand is what an administrator of the application does on their own.
func (l *lane) byHand() {
	app := l.world.App
	var accounts []*remote.Account
	for _, p := range l.world.Company.Everybody() {
		if found := app.With(p.Email); len(found) == 1 && found[0].Active && found[0].Protected == "" {
			accounts = append(accounts, found[0])
		}
	}
	var groups []*remote.Group
	for _, g := range l.world.Company.AllGroups() {
		groups = append(groups, app.Called(l.rules.Target(g))...)
	}
	if len(accounts) == 0 || len(groups) == 0 {
		return
	}
	a, g := accounts[l.hands.IntN(len(accounts))], groups[l.hands.IntN(len(groups))]
	n := l.hands.IntN(10)
	l.tell("by hand: %d %s %s", n, a.ID, g.Name)
	switch {
	case n < 5:
		app.SetMember(g, a, true, true)
	case n < 6:
		app.SetMember(g, a, false, true)
	case n < 8:
		l.scribble(a)
	case n < 9:
		app.Update(a, true, "deactivate_user", func(a *remote.Account) { a.Active = false })
	default:
		app.Delete(a, true)
	}
}

func (l *lane) scribble(a *remote.Account) {
	l.world.App.Update(a, true, "update_user", func(a *remote.Account) { a.Name += " (hand)" })
}

// day lets the gateway run through what goes wrong today.
func (l *lane) day(ctx context.Context, dir string, day int) error {
	switch l.theme {
	case sameAgain:
		return l.twice(ctx)
	case oldPlan:
		return l.planned(ctx)
	case behindTimes:
		return l.forgetful(ctx)
	}
	for _, f := range l.plan(day) {
		l.world.Arm(f)
		l.tell("armed: %+v", *f)
	}
	l.skew = 0
	if l.theme == anything && l.faults.IntN(10) == 0 {
		l.skew = time.Duration(l.faults.IntN(11)-5) * time.Hour
		l.result.Fired[clockSkew]++
	}
	if l.theme == deaths || l.theme == anything && l.faults.IntN(5) == 0 {
		l.die = &death{commit: 4 + l.faults.IntN(18), before: l.faults.IntN(2) == 0}
	}
	for n := range 1 + l.runs.IntN(2) {
		mode := engine.ModeFull
		if n > 0 && l.theme == lostScope || l.runs.IntN(2) == 0 && l.theme != lostScope || l.theme == deaths || l.theme == abandoned {
			mode = engine.ModeDelta
		}
		if err := l.attempt(ctx, dir, mode); err != nil {
			return err
		}
	}
	if l.theme != deaths || l.faults.IntN(2) == 0 {
		return l.recover(ctx)
	}
	return nil
}

// recover ends the faults that have happened. Who was hidden is shown again before the
// next fault hides others: two such losses that overlap in a few people could not be
// told from these people leaving.
func (l *lane) recover(ctx context.Context) error {
	hidden := false
	l.world.Disarm(func(f *remote.Fault) bool {
		hidden = hidden || f.Kind == remote.HiddenScope
		return f.Fired > 0
	})
	if !hidden {
		return nil
	}
	kept, die := l.world.Armed(), l.die
	l.world.Disarm(func(*remote.Fault) bool { return true })
	l.die = nil
	_, err := l.run(ctx, want{Options: engine.Options{Mode: engine.ModeFull, Apply: true, Believe: []string{refs["corp"], refs["annex"]}}})
	l.world.Arm(kept...)
	l.die = die
	if err != nil {
		return fmt.Errorf("a run in which nothing goes wrong: %w", err)
	}
	return nil
}

// attempt runs once and, sometimes, releases what was held; whoever is asked to does so
// only when the truth is behind every step.
func (l *lane) attempt(ctx context.Context, dir string, mode string) error {
	o := engine.Options{Mode: mode, Apply: true, Believe: l.believed()}
	report, err := l.run(ctx, want{Options: o})
	if l.die != nil && l.die.fired > 0 {
		l.die = nil
		if err := l.reopen(ctx, dir); err != nil {
			return err
		}
	}
	if err == nil && (l.forcing || l.runs.IntN(3) == 0) && l.release(ctx, report) {
		report, _ = l.run(ctx, want{Options: o, approved: true})
		if report != nil && report.Approved == "" {
			l.tell("the release was void")
		}
	}
	return nil
}

// believed are the reads that may shrink: all of them, where only lookups and operations
// still wait for something to happen to, and the listings are true.
func (l *lane) believed() []string {
	if !l.forcing || slices.ContainsFunc(unreached(l.world), func(f *remote.Fault) bool { return f.What != "lookup" && f.What != "operations" }) {
		return nil
	}
	return []string{refs["corp"], refs["annex"], refs["app"]}
}

// release approves a held plan, when the truth justifies each of its steps.
func (l *lane) release(ctx context.Context, report *engine.Report) bool {
	if report == nil || !report.Verdict.Hold() || report.Approved != "" {
		return false
	}
	why := ""
	l.world.Do(func() { why = l.unjustified(report.Plan) })
	if why != "" {
		l.tell("not released: %s", why)
		return false
	}
	l.tell("released")
	now := l.clock.Add(l.skew)
	err := l.store.Update(ctx, func(tx store.Tx) error {
		return tx.PutApproval(store.Approval{Digest: report.Digest, Who: "the oracle", At: now, Expires: now.Add(24 * time.Hour)})
	})
	return err == nil
}

// unjustified names a step of a plan that takes something away without cause.
func (l *lane) unjustified(p *plan.Plan) string {
	app := l.world.App
	for st := range p.Steps.All() {
		why := ""
		switch st.Class {
		case plan.DeactivateUser, plan.DeleteUser:
			if a := app.Accounts[st.User.ID]; a != nil {
				why = l.oracle.mayLeave(a, l.clock.Add(l.skew))
			}
		case plan.RemoveMember:
			if a, g := app.Accounts[st.User.ID], app.Groups[st.Group.ID]; a != nil && g != nil {
				why = l.oracle.mayRemove(g, a)
			}
		case plan.DeleteGroup:
			if g := app.Groups[st.Group.ID]; g != nil {
				why = l.oracle.mayDelete(g, nil)
			}
		}
		if why != "" {
			return st.Line() + ": " + why
		}
	}
	return ""
}

// twice makes the same people leave, come back and leave again: the second plan is the
// first to the letter, and nobody has released it.
func (l *lane) twice(ctx context.Context) error {
	apply := engine.Options{Mode: engine.ModeFull, Apply: true}
	var gone []*company.Person
	l.world.Do(func() { gone = l.leavers(4) })
	report, err := l.run(ctx, want{Options: apply})
	if err != nil {
		return nil
	}
	if l.release(ctx, report) {
		_, _ = l.run(ctx, want{Options: apply, approved: true})
	}
	back := func(active bool) {
		l.world.Do(func() {
			for _, p := range gone {
				l.world.Company.Change(p, func(p *company.Person) { p.Active = active })
			}
		})
	}
	back(true)
	_, _ = l.run(ctx, want{Options: apply})
	back(false)
	_, _ = l.run(ctx, want{Options: apply})
	return nil
}

// forgetful lets the gateway see what changed today, and then a replica that is of
// yesterday: in it, who came back is away, and who moved is where they were.
func (l *lane) forgetful(ctx context.Context) error {
	_, _ = l.run(ctx, want{Options: engine.Options{Mode: engine.ModeDelta, Apply: true}})
	f := &remote.Fault{Kind: remote.Stale, System: "corp", What: []string{"users", "memberships", ""}[l.faults.IntN(3)], Lag: 1}
	l.world.Arm(f)
	l.tell("armed: %+v", *f)
	_, _ = l.run(ctx, want{Options: engine.Options{Mode: engine.ModeFull, Apply: true}})
	l.world.Disarm(func(f *remote.Fault) bool { return f.Fired > 0 })
	return nil
}

// planned makes a plan, lets somebody change by hand what it is about, and applies it.
func (l *lane) planned(ctx context.Context) error {
	report, err := l.run(ctx, want{Options: engine.Options{Mode: engine.ModeFull}})
	if err != nil {
		return nil
	}
	var file bytes.Buffer
	if err := report.Plan.Write(&file); err != nil {
		return err
	}
	p, err := plan.Read(&file)
	if err != nil {
		return fmt.Errorf("read back the plan: %w", err)
	}
	l.world.Do(func() {
		for st := range p.Steps.All() {
			if st.Class != plan.UpdateUser || l.hands.IntN(2) == 0 {
				continue
			}
			if a := l.world.App.Accounts[st.User.ID]; a != nil && slices.ContainsFunc(st.Changes, func(c plan.Change) bool { return c.Field == "display_name" }) {
				l.scribble(a)
				l.oracle.edited[a.ID] = true
			}
		}
	})
	_, err = l.run(ctx, want{Options: engine.Options{Apply: true, Exactly: p}})
	l.oracle.edited = map[string]bool{}
	if err != nil && !errors.Is(err, engine.ErrTargetUnread) {
		l.tell("the plan file: %v", err)
	}
	return nil
}
