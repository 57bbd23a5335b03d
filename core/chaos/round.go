package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
)

// restartEvery is after how many rounds the gateway is started again in any case.
const restartEvery = 3

// round lets something happen in the company and something go wrong, kills the host or a
// plugin in the middle of a sync, and lets the gateway come to rest.
func (b *block) round(ctx context.Context, seed uint64) error {
	rng := stream(seed, 6)
	if rng.IntN(8) == 0 {
		b.oracle.rules.DeleteGroups = !b.oracle.rules.DeleteGroups
		b.result.Fired[configEdit]++
		b.stop() // it is started again with the new one
		if err := b.configure(); err != nil {
			return err
		}
	}
	if seed%restartEvery == 0 { // fewer crashes than a plugin is quarantined for
		b.stop()
	}
	if err := b.happen(ctx, rng); err != nil {
		return err
	}
	rules := mishaps(rng)
	for i := range rules {
		if err := b.sb.ask(ctx, http.MethodPost, "faults", rules[i], nil); err != nil {
			return err
		}
		b.tell("armed: %+v", rules[i])
	}
	first := full
	if rng.IntN(2) == 0 {
		first.Mode = ""
	}
	wait, victim := time.Duration(rng.Int64N(int64(b.length))), rng.IntN(3)
	if _, err := b.run(ctx, first, func(pid int, ended <-chan struct{}) remote.Kind { return strike(pid, ended, wait, victim) }); err != nil {
		return err
	}
	for range attempts { // a plugin that is still dead when this begins makes it fail before it meets the faults
		if _, err := b.run(ctx, full, nil); err != nil {
			return err
		}
		waiting, err := b.unmet(ctx)
		if err != nil || len(waiting) == 0 {
			break
		}
	}
	return b.rest(ctx)
}

// happen changes the company, and the sandbox's Okta with it. Somebody joins in every
// round, so that there is something to apply. Okta has no groups in groups, gives no id
// twice, and the target cannot change addresses.
func (b *block) happen(ctx context.Context, rng *rand.Rand) error {
	before := b.world.Company.Clone()
	for range 1 + rng.IntN(4) {
		what := b.world.Company.Happen(rng, "nest", "id-reused", "address")
		b.tell("%s", what)
		if what == "case" {
			b.result.Fired[caseFlip]++
		}
	}
	c := b.world.Company
	p := c.Hire(0, "", "engineering")
	for _, g := range c.AllGroups() {
		if g.Name == staffGroup || rng.IntN(6) == 0 {
			c.Member(g, p, true)
		}
	}
	for _, p := range c.Everybody() {
		if before.People[p.UID] == nil {
			c.Change(p, func(x *company.Person) { x.Username = x.Email })
		}
		if b.closed(p) && p.Active && !before.People[p.UID].Active {
			c.Change(p, func(x *company.Person) { x.Active = false })
		}
	}
	for _, m := range enact(before, c) {
		if err := b.sb.mutate(ctx, m); err != nil {
			return fmt.Errorf("%+v: %w", m, err)
		}
	}
	return nil
}

// closed tells of people whose account is deactivated as a whole, which no site can give
// back: they do not come back here.
func (b *block) closed(p *company.Person) bool {
	for _, a := range b.world.App.With(p.Email) {
		if b.oracle.foreign[a.ID] {
			return true
		}
	}
	return false
}

// mishaps are faults that the next full run is sure to meet.
func mishaps(rng *rand.Rand) []rule {
	out := []rule{{ID: "slow", Kind: "slow", Server: "api", Method: "POST", Delay: 5 + rng.IntN(15)}}
	listing := []string{"/api/v1/users", "/api/v1/groups"}[rng.IntN(2)]
	switch rng.IntN(14) {
	case 0:
		out = append(out, rule{ID: "f", Kind: "status", Status: 503, Server: "okta", Method: "GET", Path: listing, Count: 1})
	case 1:
		out = append(out, rule{ID: "f", Kind: "status", Status: 429, Server: "okta", Method: "GET", Path: listing, Count: 1})
	case 2, 3, 4:
		kind := []string{"empty_list", "half", "drop_page", "duplicate_page", "repeat_cursor"}[rng.IntN(5)]
		out = append(out, rule{ID: "f", Kind: kind, Server: "okta", Method: "GET", Path: listing})
	case 5:
		out = append(out, rule{ID: "f", Kind: []string{"lost_role", "lost_scope"}[rng.IntN(2)], Server: "okta"})
	case 6:
		out = append(out, rule{ID: "f", Kind: []string{"cut_body", "truncated_json", "html"}[rng.IntN(3)], Server: "okta", Method: "GET", Path: listing, Count: 1})
	case 7, 8:
		out = append(out, rule{ID: "f", Kind: []string{"lost_response", "drop_request"}[rng.IntN(2)], Server: "api", Method: "POST", Path: "/admin/**", Skip: rng.IntN(2), Count: 1})
	case 10, 11: // a few memberships are lost without a word
		out = append(out, rule{ID: "f", Kind: []string{"half", "empty_list", "drop_page"}[rng.IntN(3)], Server: "okta", Method: "GET",
			Path: "/api/v1/groups/*/users", Skip: rng.IntN(5), Count: 1})
	case 9:
		out = append(out, rule{ID: "f", Kind: "clock_skew", Server: "okta", Skew: rng.IntN(7200) - 3600})
	}
	return out
}

// strike kills the host or a plugin after a while, unless the run has ended by then, and
// tells which.
func strike(pid int, ended <-chan struct{}, wait time.Duration, victim int) remote.Kind {
	select {
	case <-time.After(wait): // the moment is what is tried
	case <-ended:
		return ""
	}
	if victim > 0 {
		if end(child(pid, []string{"gateway-okta", "gateway-jira-cloud"}[victim-1])) {
			return remote.PluginCrash
		}
	}
	if end(pid) {
		return hostKill
	}
	return ""
}

// unmet are the faults that have not happened yet.
func (b *block) unmet(ctx context.Context) ([]rule, error) {
	all, err := b.sb.faults(ctx)
	return slices.DeleteFunc(all, func(f rule) bool { return f.Fired > 0 }), err
}

// rest finds out whether every fault has happened, ends them, and lets the gateway run
// until it has nothing to do.
func (b *block) rest(ctx context.Context) error {
	waiting, err := b.unmet(ctx)
	if err != nil {
		return err
	}
	for _, f := range waiting {
		b.oracle.fail("the fault never happened: %+v", f)
	}
	if err := b.sb.ask(ctx, http.MethodDelete, "faults", nil, nil); err != nil {
		return err
	}
	again := full
	again.Believe = []string{"source.okta.corp", "target.jira-cloud.acme"}
	for range attempts {
		began, from := time.Now(), len(b.world.App.Log)
		done, err := b.run(ctx, again, nil)
		if err != nil {
			return err
		}
		if b.length = time.Since(began); done && len(b.world.App.Log) == from {
			b.oracle.settled()
			return nil
		}
	}
	b.oracle.fail("in the end: the gateway does not come to rest")
	return nil
}
