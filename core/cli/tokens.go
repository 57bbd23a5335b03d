package cli

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"syncgateway/core/api"
)

func tokensCommand(c *call) func(context.Context) error {
	name := c.flags.String("name", "", "create: what to call the token; its id when not set")
	lasts := c.flags.Duration("lasts", 0, "create: how long it is accepted, such as 2160h; for ever when not set")
	readOnly := c.flags.Bool("read-only", false, "create: it may read and not write")
	return func(ctx context.Context) error {
		args, err := c.args(1, 3, "create SOURCE | list [SOURCE] | revoke SOURCE TOKEN")
		if err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			switch {
			case args[0] == "create" && len(args) == 2:
				q := api.TokenRequest{Source: args[1], Name: *name, Who: who()}
				if *lasts != 0 {
					q.Lasts = lasts.String()
				}
				if *readOnly {
					q.Scope = "read-only"
				}
				return c.createToken(ctx, client, q)
			case args[0] == "list" && len(args) <= 2:
				return c.listTokens(ctx, client, append(args, "")[1])
			case args[0] == "revoke" && len(args) == 3:
				return c.revokeToken(ctx, client, api.TokenRequest{Source: args[1], Revoke: args[2], Who: who()})
			}
			return exit{exitUsage, "usage: gateway tokens create SOURCE | list [SOURCE] | revoke SOURCE TOKEN"}
		})
	}
}

func (c *call) createToken(ctx context.Context, client *api.Client, q api.TokenRequest) error {
	a, err := client.Token(ctx, q)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(a)
	}
	c.text("%s\n", a.Text)
	ends := "It does not end by itself."
	if !a.Token.Expires.IsZero() {
		ends = "It ends on " + a.Token.Expires.Format(time.DateOnly) + "."
	}
	fmt.Fprintf(c.errOut, "Token %s of %s, for clients that push to %s. This is the only time it is shown. %s\n", a.Token.Name, a.Token.Source, a.URL, ends)
	return nil
}

func (c *call) listTokens(ctx context.Context, client *api.Client, source string) error {
	all, err := client.Tokens(ctx, source)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(all)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSOURCE\tNAME\tSCOPE\tCREATED\tENDS\tLAST USED\tSTATE")
	for _, t := range all {
		state := "in use"
		switch {
		case !t.Revoked.IsZero():
			state = "revoked"
		case !t.InUse:
			state = "ended"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Source, t.Name, t.Scope, day(t.Created), day(t.Expires), day(t.LastUsed), state)
	}
	return w.Flush()
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.DateOnly)
}

func (c *call) revokeToken(ctx context.Context, client *api.Client, q api.TokenRequest) error {
	a, err := client.Token(ctx, q)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(a)
	}
	c.text("Token %s of %s is not accepted any more.\n", a.Token.Name, a.Token.Source)
	return nil
}
