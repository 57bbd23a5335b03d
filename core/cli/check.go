package cli

import (
	"context"
	"fmt"

	"syncgateway/core/api"
)

func checkCommand(c *call) func(context.Context) error {
	return func(ctx context.Context) error {
		return c.with(ctx, func(client *api.Client) error {
			var steps []api.CheckStep
			last := ""
			client.Step = func(s api.CheckStep) {
				steps = append(steps, s)
				if s.Name != last {
					c.text("%s\n", s.Name)
					last = s.Name
				}
				c.checkStep(s)
			}
			a, err := client.Check(ctx, api.CheckRequest{Names: c.flags.Args()})
			if err != nil {
				return err
			}
			if c.json {
				if err := c.printJSON(struct {
					*api.CheckAnswer
					Steps []api.CheckStep `json:"steps"`
				}{a, steps}); err != nil {
					return err
				}
			}
			c.text("%d passed, %d failed, %d skipped\n", a.Passed, a.Failed, a.Skipped)
			if a.Failed > 0 {
				return exit{code: exitFailed}
			}
			return nil
		})
	}
}

var checkMarks = map[string]string{"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}

func (c *call) checkStep(s api.CheckStep) {
	line := fmt.Sprintf("  %s  %s", checkMarks[s.Outcome], s.Step)
	if s.Detail != "" {
		line += ": " + s.Detail
	}
	c.text("%s\n", line)
	for _, v := range s.Diagnostics {
		c.text("%s\n", v)
	}
}
