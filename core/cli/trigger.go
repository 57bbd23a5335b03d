package cli

import (
	"context"

	"syncgateway/core/api"
)

func triggerCommand(c *call) func(context.Context) error {
	sync := c.flags.String("sync", "", "the `sync`; needed when there are several")
	return func(ctx context.Context) error {
		args, err := c.args(1, 2, "event | login USER")
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			name, err := c.oneSync(*sync)
			if err != nil {
				return err
			}
			q := api.TriggerRequest{Sync: name, On: args[0]}
			if len(args) == 2 {
				q.User = args[1]
			}
			return client.Trigger(ctx, q)
		})
	}
}
