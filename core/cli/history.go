package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"syncgateway/core/api"
	"syncgateway/core/engine"
	"syncgateway/core/identity"
	"syncgateway/core/store"
)

const timeLayout = "2006-01-02 15:04:05"

func statusCommand(c *call) func(context.Context) error {
	outcome := c.flags.String("people", "", "list the people with this `outcome` and why: disputed, invalid, failed, leaving, …")
	sync := c.flags.String("sync", "", "with -people: only of this `sync`")
	limit := c.flags.Int("limit", 1000, "with -people: how many")
	return func(ctx context.Context) error {
		return c.with(ctx, func(client *api.Client) error {
			if *outcome != "" {
				return c.people(ctx, client, *sync, strings.ReplaceAll(*outcome, " ", "_"), *limit)
			}
			a, err := client.Status(ctx)
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(a)
			}
			state := "no daemon runs"
			if a.Daemon {
				state = "the daemon runs"
			}
			c.text("gateway %s, %s, %s\n", a.Version, a.Config, state)
			for _, s := range a.Syncs {
				c.syncStatus(s)
			}
			for _, w := range a.Warnings {
				c.text("\nwarning: %s\n", w)
			}
			return nil
		})
	}
}

// people lists people by outcome, with the reason.
func (c *call) people(ctx context.Context, client *api.Client, sync, outcome string, limit int) error {
	byName := map[string][]store.Person{}
	for _, name := range c.syncs(sync) {
		people, err := client.People(ctx, name, outcome, limit)
		if err != nil {
			return err
		}
		byName[name] = people
		c.text("sync %s: %s %s\n", name, peopleCount(len(people)), strings.ReplaceAll(outcome, "_", " "))
		for _, p := range people {
			c.text("  %s: %s\n", p.Label, p.Detail)
		}
	}
	if c.json {
		return c.printJSON(byName)
	}
	return nil
}

func peopleCount(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

func (c *call) syncStatus(s api.SyncStatus) {
	c.text("\nsync %s: %s → %s\n", s.Name, strings.Join(s.From, ", "), s.To)
	if s.Now != nil {
		c.text("  run %s is under way: %s\n", s.Now.Run, phrase(s.Now))
	}
	if s.Last != nil {
		c.text("  last run %s (%s, %s) at %s: %s\n", s.Last.ID, s.Last.Mode, s.Last.State, s.Last.Started.Local().Format(timeLayout), s.Last.Summary)
	} else {
		c.text("  has not run yet\n")
	}
	if p := s.Paused; p != nil {
		c.text("  PAUSED since %s: nothing is applied. %sgateway resume %s\n", p.Since.Local().Format(timeLayout), sentence(p.Reason), s.Name)
	}
	if !s.Next.IsZero() {
		c.text("  next run at %s\n", s.Next.Local().Format(timeLayout))
	}
	for _, outcome := range slices.Sorted(maps.Keys(s.Outcomes)) {
		c.text("  %6d %s\n", s.Outcomes[outcome], strings.ReplaceAll(outcome, "_", " "))
	}
	if h := s.Held; h != nil {
		c.text("  HELD: a plan waits for an approval: %s\n", h.Release)
		if len(h.Approvals) > 0 {
			c.text("    approved so far by %s\n", strings.Join(h.Approvals, ", "))
		}
	}
	c.showDrift(s.Drift, "  ")
	for _, b := range s.Budgets {
		if b.Used > 0 {
			c.text("  %d of %d %s in %s used\n", b.Used, b.Limit, strings.ReplaceAll(b.Action, "_", " "), b.Window)
		}
	}
	const most = 20
	for i, l := range s.Leaving {
		if i == most {
			c.text("  … and %d more are leaving (gateway status -people leaving)\n", len(s.Leaving)-most)
			break
		}
		c.text("  leaving at %s: %s (%s; since %s)\n", l.Due.Local().Format(timeLayout), l.Person, l.Reason, l.Since.Local().Format(timeLayout))
	}
}

func runsCommand(c *call) func(context.Context) error {
	sync := c.flags.String("sync", "", "only runs of this `sync`")
	limit := c.flags.Int("limit", 20, "how many")
	return func(ctx context.Context) error {
		return c.with(ctx, func(client *api.Client) error {
			runs, err := client.Runs(ctx, *sync, *limit)
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(runs)
			}
			w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "RUN\tSYNC\tMODE\tSTATE\tSTARTED\tTOOK\tSUMMARY")
			for _, r := range runs {
				took := ""
				if !r.Ended.IsZero() {
					took = r.Ended.Sub(r.Started).Round(time.Millisecond).String()
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Sync, r.Mode, r.State, r.Started.Local().Format(timeLayout), took, shortened(r.Summary))
			}
			return w.Flush()
		})
	}
}

// shortened fits a summary into a table; show has it whole.
func shortened(s string) string { return identity.Visible(s, 60) }

func showCommand(c *call) func(context.Context) error {
	all := c.flags.Bool("all", false, "show every operation")
	return func(ctx context.Context) error {
		args, err := c.args(0, 1, "[RUN]")
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			a, err := client.Show(ctx, strings.Join(args, ""))
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(a)
			}
			c.text("run %s of sync %s: %s, %s, started %s by %s\n%s\n", a.Run.ID, a.Run.Sync, a.Run.Mode, a.Run.State,
				a.Run.Started.Local().Format(timeLayout), a.Run.Trigger, a.Run.Summary)
			var report engine.Report
			if err := json.Unmarshal(a.Report, &report); err == nil { // there is none while it runs
				c.showDrift(report.Drift, "")
			}
			c.operations(a.Operations, *all)
			return nil
		})
	}
}

func (c *call) operations(ops []engine.OperationView, all bool) {
	const sample = 40
	for i, op := range ops {
		if !all && i == sample {
			c.text("  … and %d more (-all shows them)\n", len(ops)-sample)
			return
		}
		c.text("  %-13s %s", op.State, op.Step)
		if op.Answer != "" {
			c.text("  [%s]", op.Answer)
		}
		c.text("\n")
	}
}

func lookupCommand(c *call) func(context.Context) error {
	return func(ctx context.Context) error {
		args, err := c.args(1, 1, "USER")
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			as, err := client.Lookup(ctx, args[0])
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(as)
			}
			for _, a := range as {
				c.lookup(a)
			}
			return nil
		})
	}
}

func (c *call) lookup(a api.LookupAnswer) {
	switch {
	case a.Problem != "":
		c.text("%s: %s\n", a.Endpoint, a.Problem)
	case !a.Found:
		c.text("%s: has nobody of that e-mail, username or id\n", a.Endpoint)
	default:
		state := "active"
		if !a.Active {
			state = "inactive"
		}
		c.text("%s: %s, %s <%s>, id %s, %s\n", a.Endpoint, a.Name, a.Username, a.Email, a.ID, state)
		c.text("  groups: %s\n", strings.Join(a.Groups, ", "))
	}
}
