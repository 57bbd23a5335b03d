package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"syncgateway/core/api"
)

func auditCommand(c *call) func(context.Context) error {
	since := c.flags.String("since", "", "export: entries since this `time` (2026-01-31, 2026-01-31T08:00:00Z) or this long ago (72h)")
	from := c.flags.Int64("from", 0, "verify: begin with this `entry`")
	var marks stringList
	c.flags.Var(&marks, "mark", "verify: a `SEQ:HASH` that an earlier verification printed (may be repeated)")
	return func(ctx context.Context) error {
		args, err := c.args(1, 1, "verify | export")
		if err != nil {
			return err
		}
		switch args[0] {
		case "verify":
			return c.with(ctx, func(client *api.Client) error { return c.verifyAudit(ctx, client, *from, marks) })
		case "export":
			at, err := c.since(*since)
			if err != nil {
				return err
			}
			return c.with(ctx, func(client *api.Client) error {
				return client.ExportAudit(ctx, at, func(line json.RawMessage) error {
					_, err := fmt.Fprintf(c.out, "%s\n", line)
					return err
				})
			})
		}
		return exit{exitUsage, "usage: gateway audit [flags] verify | export"}
	}
}

func (c *call) verifyAudit(ctx context.Context, client *api.Client, from int64, marks []string) error {
	v, err := client.VerifyAudit(ctx, from, marks)
	if err != nil {
		return err
	}
	if c.json {
		err = c.printJSON(v)
	}
	for _, p := range v.Problems {
		c.text("BROKEN at %d: %s\n", p.Seq, p.Text)
	}
	if err == nil && !v.Whole() {
		return exit{code: exitFailed}
	}
	if v.Entries == 0 {
		c.text("The audit record is empty.\n")
		return err
	}
	c.text("The audit record is whole: %s from %s to %s.\nIts newest entry is %s\nKeep that somewhere else; `gateway audit verify -mark SEQ:HASH` then shows whether the record was written anew.\n",
		count(v.Entries, "event"), v.First.Local().Format(timeLayout), v.Last.Local().Format(timeLayout), v.Head)
	return err
}

// since reads a date, a time or how long ago; the zero time for nothing.
func (c *call) since(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return time.Now().Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, exit{exitUsage, fmt.Sprintf("-since %s: a time like 2026-01-31 or 2026-01-31T08:00:00Z, or a duration like 72h", text)}
}
