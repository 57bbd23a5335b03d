package cli

import (
	"context"
	"strings"

	"syncgateway/core/api"
)

func undoCommand(c *call) func(context.Context) error {
	var only stringList
	c.flags.Var(&only, "only", "only the steps of the run that the `selector` chooses: group=eng-*, user=ada@example.org, class=deactivate (may be repeated)")
	again := c.flags.Bool("irreversible", false, "make again what cannot be taken back, as far as that goes")
	apply := c.flags.Bool("apply", false, "do it; without, only show it")
	out := c.flags.String("out", "", "write the plan to this `file`, for apply")
	all := c.flags.Bool("all", false, "show every step")
	return func(ctx context.Context) error {
		args, err := c.args(1, 1, "RUN")
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			a, err := client.Run(ctx, api.RunRequest{Undo: args[0], Only: only, Irreversible: *again, Apply: *apply, Who: who()})
			c.endProgress()
			if err != nil {
				return c.failedRun(err)
			}
			p, err := c.showRun(a, *all)
			if err != nil {
				return err
			}
			if *out != "" {
				if err := c.writePlan(*out, p); err != nil {
					return err
				}
			}
			if !*apply && !a.Held && !p.Empty() {
				c.text("\nNothing was changed. Do it: %s\n", applyLine(a))
			}
			return c.ended(a)
		})
	}
}

// applyLine is the command that applies what a run has planned.
func applyLine(a *api.RunAnswer) string {
	u := a.Report.Undo
	if u == nil {
		return "gateway apply -sync " + a.Report.Run.Sync
	}
	line := "gateway undo -apply"
	for _, s := range u.Only {
		line += " -only '" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	if u.Irreversible {
		line += " -irreversible"
	}
	return line + " " + u.Run
}

// showUndo says what an undo leaves, and that the next run would do it again.
func (c *call) showUndo(a *api.RunAnswer) {
	u := a.Report.Undo
	if u == nil {
		return
	}
	const most = 20
	for i, line := range u.Left {
		if i == most {
			c.text("  … and %d more are left, all of which -json lists\n", len(u.Left)-most)
			break
		}
		c.text("left as it is: %s\n", line)
	}
}

// showPaused says that the sync waits for somebody.
func (c *call) showPaused(a *api.RunAnswer) {
	p := a.Report.Paused
	if p == nil {
		return
	}
	sync := a.Report.Run.Sync
	if p.Run != "" {
		c.text("\nSync %s is paused, because its next run would do again what was undone: run %s.\n"+
			"Correct the source or gateway.hcl, look at `gateway plan -sync %s`, then: gateway resume %s\n", sync, p.Run, sync, sync)
		return
	}
	c.text("\nSync %s is paused since %s: nothing is applied. %sThen: gateway resume %s\n", sync, p.Since.Local().Format(timeLayout), sentence(p.Reason), sync)
}

func sentence(reason string) string {
	if reason == "" {
		return ""
	}
	return reason + ". "
}

func pauseCommand(c *call) func(context.Context) error {
	reason := c.flags.String("reason", "", "why, for the record")
	return func(ctx context.Context) error {
		args, err := c.args(1, 1, "SYNC")
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			a, err := client.Pause(ctx, api.PauseRequest{Sync: args[0], Who: who(), Reason: *reason})
			if err == nil && c.json {
				err = c.printJSON(a)
			}
			if err == nil {
				c.text("Sync %s is paused: its runs plan, and apply nothing, until `gateway resume %s` or another configuration.\n", args[0], args[0])
			}
			return err
		})
	}
}

func resumeCommand(c *call) func(context.Context) error {
	return func(ctx context.Context) error {
		args, err := c.args(1, 1, "SYNC")
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			a, err := client.Pause(ctx, api.PauseRequest{Sync: args[0], Resume: true, Who: who()})
			switch {
			case err != nil:
				return err
			case c.json:
				return c.printJSON(a)
			case !a.Was:
				c.text("Sync %s was not paused.\n", args[0])
			default:
				c.text("Sync %s goes on with its next run.\n", args[0])
			}
			return nil
		})
	}
}
