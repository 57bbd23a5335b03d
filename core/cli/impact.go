package cli

import (
	"context"
	"fmt"
	"strings"

	"syncgateway/core/api"
	"syncgateway/core/config"
	"syncgateway/core/engine"
)

func impactCommand(c *call) func(context.Context) error {
	sync := c.flags.String("sync", "", "only this `sync`; all that both files have when not given")
	all := c.flags.Bool("all", false, "show everybody")
	detailed := c.flags.Bool("detailed-exitcode", false, "exit 0 when nothing is different, 2 when something is")
	return func(ctx context.Context) error {
		args, err := c.args(2, 2, "OLD.hcl NEW.hcl")
		if err != nil {
			return err
		}
		old, err := c.loadFile(args[0])
		if err != nil {
			return err
		}
		now, err := c.loadFile(args[1])
		if err != nil {
			return err
		}
		names := shared(old, now, *sync)
		if len(names) == 0 {
			return exit{exitUsage, fmt.Sprintf("%s and %s have no sync in common", args[0], args[1])}
		}
		return c.with(ctx, func(client *api.Client) error {
			different, answers := false, []*engine.Comparison{}
			for _, name := range names {
				a, err := client.Impact(ctx, api.ImpactRequest{Sync: name, Old: old.Keep(name), New: now.Keep(name)})
				if err != nil {
					return err
				}
				answers = append(answers, a)
				different = different || len(a.Lost)+len(a.Gained)+len(a.Spared)+len(a.Missed) > 0
				c.impact(a, *all)
			}
			if c.json {
				if err := c.printJSON(answers); err != nil {
					return err
				}
			}
			if *detailed && different {
				return exit{code: exitUsage}
			}
			return nil
		})
	}
}

// loadFile reads a configuration that is not the one of this gateway.
func (c *call) loadFile(path string) (*config.Config, error) {
	cfg, ds := config.Load(path)
	if ds.HasErrors() {
		c.cfg = cfg // whose lines are shown
		return nil, ds
	}
	return cfg, nil
}

// shared are the syncs that both configurations have.
func shared(old, now *config.Config, only string) []string {
	var out []string
	for _, s := range now.Syncs {
		if old.Sync(s.Name) != nil && (only == "" || s.Name == only) {
			out = append(out, s.Name)
		}
	}
	return out
}

func (c *call) impact(a *engine.Comparison, all bool) {
	c.text("sync %s, by what was read last, without any time of grace:\n", a.Sync)
	for _, x := range a.Changes {
		c.text("  changed: %s (%s)\n", x.Setting, x.Where())
		if x.Before != "" || x.After != "" {
			c.text("      was %s\n      is  %s\n", written(x.Before), written(x.After))
		}
	}
	if len(a.Changes) == 0 {
		c.text("  nothing that decides who gets what was changed\n")
	}
	for _, part := range []struct {
		title, mark string
		effects     []engine.Effect
	}{
		{"The new configuration would take away:", "-", a.Lost}, {"It would give:", "+", a.Gained},
		{"It would no longer take away:", "+", a.Spared}, {"It would no longer give:", "-", a.Missed},
	} {
		if len(part.effects) > 0 {
			c.text("\n%s\n", part.title)
		}
		for i := range part.effects {
			c.effect(part.mark, &part.effects[i], all)
		}
	}
	if len(a.Lost)+len(a.Gained)+len(a.Spared)+len(a.Missed) == 0 {
		c.text("\nNobody would gain or lose anything.\n")
	}
	for _, n := range a.Notes {
		c.text("  note: %s\n", n)
	}
}

func written(text string) string {
	if text == "" {
		return "not written"
	}
	return text
}

func (c *call) effect(mark string, x *engine.Effect, all bool) {
	const most = 10
	c.text("  %s %s", mark, x.Title())
	if len(x.Causes) > 0 {
		c.text("  [%s]", strings.Join(x.Causes, ", "))
	}
	names, more := x.Names, 0
	if !all && len(names) > most+1 {
		names, more = names[:most], len(names)-most
	}
	c.text("\n      %s\n", strings.Join(names, ", "))
	if more > 0 {
		c.text("      … and %d more (-all shows them)\n", more)
	}
}
