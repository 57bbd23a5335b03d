package cli

import (
	"context"
	"fmt"
	"strings"

	"syncgateway/core/api"
	"syncgateway/core/plan"
)

func approveCommand(c *call) func(context.Context) error {
	reason := c.flags.String("reason", "", "why, for the record")
	var only stringList
	c.flags.Var(&only, "only", "release just the steps that this `selector` chooses, as group=eng-*, user=ada@example.org or\nclass=deactivate; with commas all must hold, repeated any (\"group=a,class=remove_member\")")
	return func(ctx context.Context) error {
		args, err := c.args(1, 1, "DIGEST")
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			a, err := client.Approve(ctx, api.ApproveRequest{Digest: args[0], Only: only, Who: who(), Reason: *reason})
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(a)
			}
			c.approved(a)
			return nil
		})
	}
}

func (c *call) approved(a *api.ApproveAnswer) {
	what := "Plan " + plan.ShortDigest(a.Digest) + " of sync " + a.Sync + " is"
	if len(a.Only) > 0 {
		what = fmt.Sprintf("%d of the %d steps of plan %s of sync %s are", a.Steps, a.Of, plan.ShortDigest(a.Digest), a.Sync)
	}
	until := a.Expires.Local().Format("2006-01-02 15:04")
	if a.Missing > 0 {
		c.text("%s approved by %s until %s. It takes %s more: gateway approve %s\n", what, strings.Join(a.Given, ", "), until,
			peopleCount(a.Missing), plan.ShortDigest(a.Digest))
		return
	}
	then := "gateway apply -sync " + a.Sync
	if a.Undoes != "" {
		then = "gateway undo -apply " + a.Undoes + " (with the flags it had)"
	}
	c.text("%s released, once, until %s. It is void if its inputs change.\nRun: %s\n", what, until, then)
}
