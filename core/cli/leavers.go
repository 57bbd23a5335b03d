package cli

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"syncgateway/core/api"
)

func leaversCommand(c *call) func(context.Context) error {
	sync := c.flags.String("sync", "", "only of this `sync`")
	since := c.flags.String("since", "", "seen since this `time` (2026-01-31, 2026-01-31T08:00:00Z) or this long ago (720h)")
	return func(ctx context.Context) error {
		if _, err := c.args(0, 0, ""); err != nil {
			return err
		}
		at, err := c.since(*since)
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			a, err := client.Leavers(ctx, *sync, at)
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(a)
			}
			return c.leavers(a)
		})
	}
}

func (c *call) leavers(a *api.LeaversAnswer) error {
	if len(a.Leavers) == 0 {
		c.text("Nobody who had an account has left.\n")
		return nil
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PERSON\tWHY\tSOURCE SAID\tSEEN\tTARGET ASKED\tCONFIRMED\tTOOK\tSTATE")
	for _, l := range a.Leavers {
		took := ""
		if l.State == "confirmed" {
			took = l.Took.Round(time.Second).String()
		}
		state := l.State
		if state != "confirmed" && !l.Tried.IsZero() {
			state += ", still active at " + clock(l.Tried)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Person, l.Reason, clock(l.Said), clock(l.Seen), clock(l.Asked), clock(l.Confirmed), took, state)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	c.text("\n%s open.", count(a.Open, "departure"))
	for _, x := range []struct {
		from string
		d    api.Delays
	}{{"the source said so", a.FromSource}, {"the gateway saw it", a.FromSeen}} {
		if x.d.Count > 0 {
			c.text(" From when %s (%d): half within %s, 95 %% within %s, all within %s.", x.from, x.d.Count, x.d.P50.Round(time.Second),
				x.d.P95.Round(time.Second), x.d.Max.Round(time.Second))
		}
	}
	c.text("\n")
	return nil
}

// clock is a time for a table, nothing for one that is not known.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(timeLayout)
}
