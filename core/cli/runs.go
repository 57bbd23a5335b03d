package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"syncgateway/core/api"
	"syncgateway/core/guard"
	"syncgateway/core/plan"
)

// runFlags are the flags that plan and apply share.
type runFlags struct {
	sync    string
	full    bool
	delta   bool
	user    string
	all     bool
	again   bool
	believe stringList
}

type stringList []string

// String implements flag.Value.
func (l *stringList) String() string { return fmt.Sprint([]string(*l)) }

// Set implements flag.Value.
func (l *stringList) Set(s string) error { *l = append(*l, s); return nil }

func (c *call) runFlags() *runFlags {
	f := &runFlags{}
	c.flags.StringVar(&f.sync, "sync", "", "the `sync` to run; all of them when not given")
	c.flags.BoolVar(&f.full, "full", false, "read everything")
	c.flags.BoolVar(&f.delta, "delta", false, "read what changed, where the source can tell")
	c.flags.StringVar(&f.user, "user", "", "only this `person`, by e-mail, username or id")
	c.flags.BoolVar(&f.all, "all", false, "show every step")
	c.flags.BoolVar(&f.again, "everyone", false, "look at everybody again, not only at those for whom something changed")
	c.flags.Var(&f.believe, "believe", "believe, this once, that the `source` really lost that many (may be repeated)")
	return f
}

func (f *runFlags) request(sync string, apply bool) (api.RunRequest, error) {
	q := api.RunRequest{Sync: sync, User: f.user, Apply: apply, Believe: f.believe, Everyone: f.again, Who: who()}
	switch {
	case f.full && f.delta:
		return q, exit{exitUsage, "-full and -delta exclude each other"}
	case f.full:
		q.Mode = "full"
	case f.delta:
		q.Mode = "delta"
	}
	return q, nil
}

// who is the person at the keyboard, for the record.
func who() string { return api.UserName(os.Getuid()) }

func planCommand(c *call) func(context.Context) error {
	f := c.runFlags()
	out := c.flags.String("out", "", "write the plan to this `file`, for apply")
	detailed := c.flags.Bool("detailed-exitcode", false, "exit 0 for an empty plan, 2 for one with steps")
	return func(ctx context.Context) error {
		return c.with(ctx, func(client *api.Client) error {
			steps, held, doubt := 0, false, false
			for _, name := range c.syncs(f.sync) {
				q, err := f.request(name, false)
				if err != nil {
					return err
				}
				a, err := client.Run(ctx, q)
				c.endProgress()
				if err != nil {
					return c.failedRun(err)
				}
				p, err := c.showRun(a, f.all)
				if err != nil {
					return err
				}
				steps, held, doubt = steps+p.Steps.Len(), held || a.Held, doubt || len(a.Report.Doubts()) > 0
				if *out != "" {
					if err := c.writePlan(*out, p); err != nil {
						return err
					}
				}
			}
			switch {
			case *detailed && steps > 0:
				return exit{code: exitUsage}
			case *detailed:
				return nil
			case held:
				return exit{code: exitHeld}
			case doubt:
				return exit{code: exitFailed}
			}
			return nil
		})
	}
}

func applyCommand(c *call) func(context.Context) error {
	f := c.runFlags()
	return func(ctx context.Context) error {
		args, err := c.args(0, 1, "[PLANFILE]")
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			if len(args) == 1 {
				return c.applyFile(ctx, client, args[0])
			}
			var ends []error
			for _, name := range c.syncs(f.sync) {
				q, err := f.request(name, true)
				if err != nil {
					return err
				}
				a, err := client.Run(ctx, q)
				c.endProgress()
				if err != nil {
					return c.failedRun(err)
				}
				if _, err := c.showRun(a, f.all); err != nil {
					return err
				}
				ends = append(ends, c.ended(a))
			}
			return worst(ends)
		})
	}
}

func (c *call) applyFile(ctx context.Context, client *api.Client, path string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return exit{exitUsage, "Error: " + err.Error()}
	}
	if _, err := plan.Decode(body); err != nil {
		return exit{exitUsage, fmt.Sprintf("Error: %s: %v", path, err)}
	}
	a, err := client.Run(ctx, api.RunRequest{Plan: body, Who: who()})
	c.endProgress()
	if err != nil {
		return c.failedRun(err)
	}
	c.showResult(a)
	c.showPaused(a)
	return c.ended(a)
}

// ended is the exit of a run that applied.
func (c *call) ended(a *api.RunAnswer) error {
	switch {
	case a.Report.Apply != nil && !a.Report.Apply.Done():
		return exit{code: exitFailed}
	case a.Held, a.Report.Paused != nil && a.Report.Apply == nil:
		return exit{code: exitHeld}
	case len(a.Report.Doubts()) > 0:
		return exit{code: exitFailed}
	}
	return nil
}

// worst is the failure that matters most among the ends of several runs.
func worst(ends []error) error {
	var out error
	for _, err := range ends {
		var e exit
		if errors.As(err, &e) && (out == nil || e.code == exitFailed) {
			out = e
		}
	}
	return out
}

// failedRun shows what a run that failed had to say before it did.
func (c *call) failedRun(err error) error {
	var a *api.Error
	if errors.As(err, &a) && a.Run != nil && !c.json {
		c.showReads(a.Run)
		c.showResult(a.Run)
	}
	return err
}

func (c *call) text(format string, args ...any) {
	if !c.json {
		fmt.Fprintf(c.out, format, args...)
	}
}

func (c *call) printJSON(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// showRun prints a run: what was read, the plan, the verdict, what was applied.
func (c *call) showRun(a *api.RunAnswer, all bool) (*plan.Plan, error) {
	p, err := plan.Decode(a.Plan)
	if err != nil {
		return nil, err
	}
	if c.json {
		return p, c.printRun(a, p)
	}
	c.showReads(a)
	if err := p.Text(c.out, plan.TextOptions{All: all}); err != nil {
		return nil, err
	}
	c.showUndo(a)
	c.showVerdict(a)
	c.showResult(a)
	if d := a.Report.Drift; d != nil && d.Late+d.Lost+d.Contradicted+d.Arrived > 0 {
		c.text("\n")
		c.showDrift(d, "")
	}
	c.showPaused(a)
	return p, nil
}

func (c *call) showReads(a *api.RunAnswer) {
	if a.Report.Settled > 0 {
		c.text("An earlier run was interrupted: asked the target about %s without an answer.\n", count(a.Report.Settled, "operation"))
	}
	for _, r := range a.Report.Reads {
		c.text("Read %s (%s): %s, %s, %s; %d changed, %d gone.\n", r.Endpoint, r.Mode, count(r.Users, "user"), count(r.Groups, "group"),
			count(r.Memberships, "membership"), r.Changed, r.Gone)
		for _, n := range r.Notices {
			c.text("  note: %s\n", n)
		}
	}
	for _, d := range a.Report.Doubts() {
		if strings.HasPrefix(d, "target.") {
			continue // the run failed for it, and its error says so
		}
		c.text("\nNobody is removed on the word of this read: %s.\n", d)
		c.text("  Additions and updates go on. Look at the source (gateway check), then run again.\n")
	}
	if look := a.Report.SecondLook; look != nil {
		c.text("Second look: %s.\n", look)
	}
	const most = 10
	if n := len(a.Report.Kept); n > 0 {
		c.text("\nFor what a listing lacked, somebody would have lost access. Asked directly, the source did not confirm it, so it stays: %s.\n", count(n, "account"))
	}
	for i, k := range a.Report.Kept {
		if i == most {
			c.text("  … and %d more were kept, all of whom `gateway show -json` lists\n", len(a.Report.Kept)-most)
			break
		}
		c.text("  kept %s\n", k)
	}
	c.text("\n")
}

func (c *call) showVerdict(a *api.RunAnswer) {
	r := &a.Report
	if !r.Verdict.Hold() {
		return
	}
	if r.Approved != "" && !a.Held {
		c.text("\nThis plan exceeds a limit; %s approved it.\n", r.Approved)
		return
	}
	c.text("\nHELD. This plan exceeds a limit, so %s for somebody to look:\n", waits(r.Waiting))
	var before guard.Trip
	several := slices.ContainsFunc(r.Verdict.Trips, func(t guard.Trip) bool { return !slices.Equal(t.Only, r.Verdict.Trips[0].Only) })
	for _, t := range r.Verdict.Trips {
		c.trip(&t, &before, several)
		before = t
	}
	if r.Approved != "" {
		c.text("%s approved a part of it, which is not held.\n", r.Approved)
	} else if len(r.Approvals) > 0 {
		c.text("It takes the approval of %d people; %s gave one.\n", r.Approvers, strings.Join(r.Approvals, ", "))
	}
	c.text("If it is right, release it, this once: %s\nthen run: %s\n", r.Release, applyLine(a))
}

// trip prints one limit that is exceeded: the steps, unless they are those of the trip
// before, and the command that releases just these.
func (c *call) trip(t, before *guard.Trip, several bool) {
	c.text("  %s [%s]\n", t.Message, t.Setting)
	if !slices.Equal(t.Worst, before.Worst) {
		for _, line := range t.Worst {
			c.text("      %s\n", line)
		}
		if more := t.Planned - len(t.Worst); more > 0 {
			c.text("      … and %d more (-all shows them)\n", more)
		}
	}
	if several && len(t.Only) > 0 && !slices.Equal(t.Only, before.Only) {
		c.text("    these alone: %s\n", t.Release)
	}
}

func waits(n int) string {
	if n == 1 {
		return "1 step waits"
	}
	return fmt.Sprintf("%d steps wait", n)
}

func (c *call) showResult(a *api.RunAnswer) {
	for _, d := range a.Report.Drifted {
		c.text("left out, it changed since the plan was made: %s\n", d)
	}
	if a.Report.Apply == nil {
		return
	}
	c.text("\nRun %s: %s.\n", a.Report.Run.ID, a.Report.Run.Summary)
	for _, f := range a.Report.Apply.Failures {
		c.text("  not done: %s: %s\n", f.Step, f.Reason)
	}
}
