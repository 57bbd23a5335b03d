package cli

import (
	"context"
	"errors"
	"fmt"

	"syncgateway/core/api"
	"syncgateway/core/gateway"
)

func serveCommand(c *call) func(context.Context) error {
	return func(ctx context.Context) error {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		g, err := gateway.Open(ctx, cfg, gateway.Options{Log: c.logger(cfg), Version: c.version})
		if err != nil {
			return err
		}
		if err := g.Plugins.Verify(); err != nil {
			return errors.Join(err, g.Close())
		}
		if ds := gateway.Validate(ctx, cfg, g.Plugins); ds.HasErrors() {
			return errors.Join(ds, g.Close())
		}
		err = api.Serve(ctx, &api.Service{Gateway: g}, func(socket, listen string) {
			fmt.Fprintf(c.out, "The gateway serves its API on %s", socket)
			if listen != "" {
				fmt.Fprintf(c.out, ", health and metrics on http://%s", listen)
			}
			fmt.Fprintln(c.out, ".")
		})
		return errors.Join(err, g.Close())
	}
}
