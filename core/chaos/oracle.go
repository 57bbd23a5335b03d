package chaos

import (
	"fmt"
	"strings"
	"time"

	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
)

// oracle knows the true history, and judges what the application says was done to it.
// It is told of every run what was true, what the rules were and what went wrong; it
// never looks at what the gateway says.
type oracle struct {
	world *remote.World
	rules company.Rules

	emails   map[string]int     // whose every address ever was, folded
	owner    map[string]int     // UID by account
	live     map[string]bool    // accounts that are there
	foreign  map[string]bool    // accounts that nobody's are, or that several have the address of
	ours     map[[2]string]bool // memberships the gateway made: group, account
	ended    map[[2]string]bool // memberships of ours that were ended by hand, which the gateway may not have seen
	groups   map[string]bool    // groups the gateway made
	entitled map[int]bool       // who was entitled in any run
	since    map[int]time.Time  // since when somebody who was is not
	done     map[string][]timed // destructive effects, for windows
	edited   map[string]bool    // accounts an administrator changed since a plan was written
	unclean  time.Time          // the last run in which something went wrong
	seen     int                // effects judged
	judged   int
	wrong    []string
}

type timed struct {
	at time.Time
	n  int
}

func newOracle(w *remote.World, rules company.Rules) *oracle {
	return &oracle{world: w, rules: rules, emails: map[string]int{}, owner: map[string]int{}, live: map[string]bool{}, foreign: map[string]bool{},
		ours: map[[2]string]bool{}, ended: map[[2]string]bool{}, groups: map[string]bool{}, entitled: map[int]bool{}, since: map[int]time.Time{}, done: map[string][]timed{},
		edited: map[string]bool{}}
}

func (o *oracle) fail(format string, args ...any) {
	o.wrong = append(o.wrong, fmt.Sprintf(format, args...))
}

func fold(s string) string { return strings.ToLower(s) }

// circumstances are what was true of one run.
type circumstances struct {
	now      time.Time // as the gateway saw it
	approved bool      // its plan had been released
	file     bool      // it applied a plan file
	broken   string    // a fault that broke a source's listing
	blind    string    // a fault that broke the application's listing
	clean    bool      // nothing went wrong, and all was done
	full     bool      // everything was read
}

// before takes note of the truth that a run is about to meet.
func (o *oracle) before(now time.Time) {
	c := o.world.Company
	for _, p := range c.People {
		o.emails[fold(p.Email)] = p.UID
		if o.rules.Entitled(c, p) {
			o.entitled[p.UID] = true
		}
	}
	for uid := range o.entitled {
		if _, away := o.since[uid]; !away && !o.rules.Entitled(c, c.People[uid]) {
			o.since[uid] = now
		}
	}
}

// after judges what a run did.
func (o *oracle) after(x circumstances) {
	counts, lost := map[string]int{}, map[string]int{}
	log := o.world.App.Log
	for ; o.seen < len(log); o.seen++ {
		e := &log[o.seen]
		if e.Hand {
			o.hand(e)
			continue
		}
		o.judged++
		counts[e.Op]++
		if e.Op == "remove_member" {
			lost[e.Group.ID]++
		}
		if why := o.effect(e, &x); why != "" {
			o.fail("%s: %s", e, why)
		}
		if x.blind != "" {
			o.fail("%s: although the application could not be read (%s)", e, x.blind)
		}
	}
	o.limits(counts, lost, &x)
	for op, n := range counts {
		if x.approved { // what somebody released does not count in a window
			break
		}
		o.done[op] = append(o.done[op], timed{x.now, n})
	}
	if !x.clean {
		o.unclean = x.now
		return
	}
	if x.full {
		clear(o.ended)
	}
	for _, p := range o.world.Company.People {
		if found := o.world.App.With(p.Email); len(found) == 1 && o.owner[found[0].ID] == 0 && o.rules.Entitled(o.world.Company, p) {
			o.owner[found[0].ID] = p.UID // adopted
		}
	}
	for uid := range o.since {
		if o.rules.Entitled(o.world.Company, o.world.Company.People[uid]) {
			delete(o.since, uid)
		}
	}
}

// hand takes note of what an administrator did.
func (o *oracle) hand(e *remote.Effect) {
	switch e.Op {
	case "create_user":
		o.live[e.Account.ID] = true
	case "delete_user":
		delete(o.live, e.Account.ID)
	case "remove_member":
		m := [2]string{e.Group.ID, e.Account.ID}
		o.ended[m] = o.ended[m] || o.ours[m]
		delete(o.ours, m)
	case "add_member": // put back before anybody looked: to the gateway it never ended
		m := [2]string{e.Group.ID, e.Account.ID}
		o.ours[m] = o.ours[m] || o.ended[m]
	}
}

// effect judges one change. It returns what is wrong with it, and keeps the books.
func (o *oracle) effect(e *remote.Effect, x *circumstances) string {
	a := &e.Account
	if o.foreign[a.ID] {
		return "the account is nobody's of ours"
	}
	switch e.Op {
	case "create_user":
		return o.created(a)
	case "create_group":
		o.groups[e.Group.ID] = true
		if n := len(o.world.App.Called(e.Group.Name)); n > 1 {
			return "there is a second group of that name"
		}
	case "update_user":
		if uid := o.emails[fold(a.Email)]; uid != 0 && fold(a.Email) != fold(e.Before.Email) {
			o.owner[a.ID] = uid
		}
		if x.file && o.edited[a.ID] {
			return "the account was changed by hand after the plan was made"
		}
	case "add_member":
		o.ours[[2]string{e.Group.ID, a.ID}] = true
	case "deactivate_user", "delete_user":
		if e.Op == "delete_user" {
			delete(o.live, a.ID)
		}
		return o.first(o.broken(x), o.mayLeave(a, x.now))
	case "remove_member":
		why := o.first(o.broken(x), o.mayRemove(&e.Group, a))
		delete(o.ours, [2]string{e.Group.ID, a.ID})
		return why
	case "delete_group":
		return o.first(o.broken(x), o.mayDelete(&e.Group, e.Members))
	}
	return ""
}

func (o *oracle) first(whys ...string) string {
	for _, why := range whys {
		if why != "" {
			return why
		}
	}
	return ""
}

func (o *oracle) broken(x *circumstances) string {
	if x.broken == "" || x.file {
		return ""
	}
	return "although a listing broke off (" + x.broken + ")"
}

func (o *oracle) created(a *remote.Account) string {
	uid := o.emails[fold(a.Email)]
	if uid == 0 {
		return "nobody ever had this address"
	}
	for id := range o.live {
		if o.owner[id] == uid || fold(o.addressOf(id)) == fold(a.Email) {
			return "they have the account " + id + " already"
		}
	}
	o.live[a.ID], o.owner[a.ID] = true, uid
	return ""
}

func (o *oracle) addressOf(id string) string {
	if a := o.world.App.Accounts[id]; a != nil {
		return a.Email
	}
	return ""
}

// person is whose an account is: 0 when nobody's.
func (o *oracle) person(id string) int {
	if uid := o.owner[id]; uid != 0 {
		return uid
	}
	return o.emails[fold(o.addressOf(id))]
}

// mayLeave tells why an account must not be deactivated or deleted.
func (o *oracle) mayLeave(a *remote.Account, now time.Time) string {
	uid := o.owner[a.ID]
	if uid == 0 {
		uid = o.emails[fold(a.Email)]
	}
	p := o.world.Company.People[uid]
	switch {
	case o.shielded(a):
		return "the account is protected"
	case uid == 0 || !o.entitled[uid] && o.owner[a.ID] == 0:
		return "the account never was the gateway's"
	case o.rules.Entitled(o.world.Company, p):
		return "they are active and entitled"
	}
	since, away := o.since[uid]
	if away && o.rules.Grace > 0 && o.unclean.Before(since) && now.Before(since.Add(o.rules.Grace)) {
		return fmt.Sprintf("they left %s ago, and have %s", now.Sub(since), o.rules.Grace)
	}
	return ""
}

func (o *oracle) shielded(a *remote.Account) bool {
	for _, name := range o.rules.Protect {
		if fold(name) == fold(a.Email) {
			return true
		}
	}
	return a.Protected != ""
}

// mayRemove tells why an account must not be taken out of a group.
func (o *oracle) mayRemove(g *remote.Group, a *remote.Account) string {
	uid := o.person(a.ID)
	p := o.world.Company.People[uid]
	switch {
	case o.shielded(a):
		return "the account is protected"
	case p != nil && o.rules.Wanted(o.world.Company, p)[fold(g.Name)]:
		return "they are in a group that makes it"
	case o.ours[[2]string{g.ID, a.ID}]:
		return ""
	case o.rules.KeepExisting:
		return "the gateway did not make this membership"
	case !o.rules.Managed(o.world.Company)[fold(g.Name)]:
		return "the group is not managed"
	}
	return ""
}

func (o *oracle) mayDelete(g *remote.Group, members []string) string {
	switch {
	case !o.groups[g.ID]:
		return "the gateway did not make the group"
	case o.rules.Managed(o.world.Company)[fold(g.Name)]:
		return "a source group makes it"
	case !o.rules.DeleteGroups:
		return "groups are kept"
	case len(members) > 0:
		return fmt.Sprintf("%d are in it", len(members))
	}
	return ""
}

// slack is by how much the oracle's count of people may differ from the gateway's,
// which knows of refused and undecided ones.
const slack = 3

// floor is the default of limits.floor.
const floor = 3

// limits finds a run that did more than it may without being released.
func (o *oracle) limits(counts, lost map[string]int, x *circumstances) {
	if x.approved {
		return
	}
	all := 0
	for _, l := range []struct {
		op    string
		limit company.Limit
	}{{"deactivate_user", o.rules.Deactivate}, {"delete_user", o.rules.Delete}, {"remove_member", o.rules.RemoveMember}, {"delete_group", o.rules.DeleteGroup}} {
		n := counts[l.op]
		if all += n; n == 0 {
			continue
		}
		for _, d := range o.done[l.op] {
			if l.limit.Per > 0 && d.at.After(x.now.Add(-l.limit.Per)) && !d.at.After(x.now) {
				n += d.n
			}
		}
		if l.limit.Count >= 0 && n > l.limit.Count {
			o.fail("%d × %s, the limit is %d and nobody released the plan", n, l.op, l.limit.Count)
		}
		if l.op != "delete_group" && l.limit.Percent >= 0 && !l.limit.PerGroup && n > floor && float64(n)*100 > l.limit.Percent*float64(len(o.live)+slack) {
			o.fail("%d × %s of %d accounts, the limit is %g %% and nobody released the plan", n, l.op, len(o.live), l.limit.Percent)
		}
	}
	if l := o.rules.RemoveMember; l.PerGroup && l.Percent >= 0 {
		for id, n := range lost {
			if size := len(o.world.App.Members[id]) + n + slack; n > floor && float64(n)*100 > l.Percent*float64(size) {
				o.fail("a group of %d lost %d, the limit is %g %% and nobody released the plan", size, n, l.Percent)
			}
		}
	}
	if pop := o.rules.Population(o.world.Company); all > 0 && pop+slack < o.rules.MinPopulation {
		o.fail("%d removals while only %d people are entitled, %d is the least", all, pop, o.rules.MinPopulation)
	}
}
