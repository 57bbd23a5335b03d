package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"time"

	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
)

// round lets something happen in the company and something go wrong, kills the host or a
// plugin in the middle of a sync, and lets the gateway come to rest.
func (b *block) round(ctx context.Context, seed uint64) error {
	rng := stream(seed, 6)
	if rng.IntN(8) == 0 {
		b.oracle.rules.DeleteGroups = !b.oracle.rules.DeleteGroups
		b.result.Fired[configEdit]++
		if err := b.configure(); err != nil {
			return err
		}
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
	args := []string{"apply"}
	if rng.IntN(2) == 0 {
		args = append(args, "-full")
	}
	wait, victim := time.Duration(rng.Int64N(int64(b.length))), rng.IntN(3)
	if _, err := b.run(ctx, b.command(ctx, args...), func(cmd *exec.Cmd) remote.Kind { return b.strike(cmd, wait, victim) }); err != nil {
		return err
	}
	if _, err := b.run(ctx, b.command(ctx, "apply", "-full"), nil); err != nil {
		return err
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
	}
	for _, m := range enact(before, c) {
		if err := b.sb.mutate(ctx, m); err != nil {
			return fmt.Errorf("%+v: %w", m, err)
		}
	}
	return nil
}

// mishaps are faults that the next full run is sure to meet.
func mishaps(rng *rand.Rand) []rule {
	out := []rule{{ID: "slow", Kind: "slow", Server: "api", Method: "POST", Delay: 5 + rng.IntN(15)}}
	listing := []string{"/api/v1/users", "/api/v1/groups"}[rng.IntN(2)]
	switch rng.IntN(12) {
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
	case 9:
		out = append(out, rule{ID: "f", Kind: "clock_skew", Server: "okta", Skew: rng.IntN(7200) - 3600})
	}
	return out
}

// strike kills the host or a plugin after a while, and tells which.
func (b *block) strike(cmd *exec.Cmd, wait time.Duration, victim int) remote.Kind {
	time.Sleep(wait) // the moment is what is tried
	switch victim {
	case 1:
		if end(child(cmd.Process.Pid, "gateway-okta")) {
			return remote.PluginCrash
		}
	case 2:
		if end(child(cmd.Process.Pid, "gateway-jira-cloud")) {
			return remote.PluginCrash
		}
	}
	if running(cmd.Process.Pid) && end(cmd.Process.Pid) {
		return hostKill
	}
	return ""
}

// rest finds out whether every fault has happened, ends them, and lets the gateway run
// until it has nothing to do.
func (b *block) rest(ctx context.Context) error {
	faults, err := b.sb.faults(ctx)
	if err != nil {
		return err
	}
	for _, f := range faults {
		if f.Fired == 0 {
			b.oracle.fail("the fault never happened: %+v", f)
		}
	}
	if err := b.sb.ask(ctx, http.MethodDelete, "faults", nil, nil); err != nil {
		return err
	}
	for range attempts {
		began := time.Now()
		from := len(b.world.App.Log)
		code, err := b.run(ctx, b.command(ctx, "apply", "-full", "-believe", "source.okta.corp", "-believe", "target.jira-cloud.acme"), nil)
		if err != nil {
			return err
		}
		if b.length = time.Since(began); code == 0 && len(b.world.App.Log) == from {
			b.oracle.settled()
			return nil
		}
	}
	b.oracle.fail("in the end: the gateway does not come to rest")
	return nil
}
