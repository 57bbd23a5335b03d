package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"syncgateway/core/api"
	"syncgateway/core/engine"
	"syncgateway/core/identity"
)

func explainCommand(c *call) func(context.Context) error {
	sync := c.flags.String("sync", "", "the `sync`; needed when there are several")
	at := c.flags.String("at", "", "what this earlier `run` did to the person, and what their sources showed then")
	with := c.flags.String("with", "", "suppose this configuration `file`")
	as := c.flags.String("as", "", "suppose this of the person's record, `JSON`: {\"attributes\": {\"department\": \"X\"}}")
	usage := c.flags.Bool("usage", false, "group: ask the target where it is used")
	return func(ctx context.Context) error {
		args, err := c.args(1, 2, "[user] USER | group NAME")
		if err != nil {
			return err
		}
		q := api.ExplainRequest{At: *at, Usage: *usage}
		switch {
		case len(args) == 2 && args[0] == "group":
			q.Group = args[1]
		case len(args) == 1, args[0] == "user":
			q.User = args[len(args)-1]
		default:
			return exit{exitUsage, fmt.Sprintf("usage: gateway explain [flags] [user] USER | group NAME (not %q)", args[0])}
		}
		if err := supposed(&q, *with, *as); err != nil {
			return err
		}
		return c.with(ctx, func(client *api.Client) error {
			if q.Sync, err = c.oneSync(*sync); err != nil {
				return err
			}
			x, err := client.Explain(ctx, q)
			switch {
			case err != nil:
				return err
			case c.json:
				return c.printJSON(x)
			case x.Group != nil:
				c.explainedGroup(x.Group)
			case x.Past != nil:
				c.explainPast(x.Explanation, q.User)
			default:
				c.explain(x.Explanation)
			}
			return nil
		})
	}
}

// supposed reads what is to be supposed.
func supposed(q *api.ExplainRequest, with, as string) error {
	if with != "" {
		text, err := os.ReadFile(with)
		if err != nil {
			return exit{exitUsage, "Error: " + err.Error()}
		}
		q.Config, q.ConfigName = text, with
	}
	if as != "" {
		if !json.Valid([]byte(as)) {
			return exit{exitUsage, "-as takes JSON, like {\"active\": false}"}
		}
		q.As = []byte(as)
	}
	return nil
}

func (c *call) explain(x *engine.Explanation) {
	c.text("%s in sync %s: %s", title(x), x.Sync, strings.ReplaceAll(x.Outcome, "_", " "))
	if x.Detail != "" {
		c.text(" (%s)", x.Detail)
	}
	if x.If != "" {
		c.text("\nThis is what would be %s.", x.If)
	}
	c.text("\n\nSources\n")
	for _, s := range x.Sources {
		c.explainSource(s)
	}
	if len(x.Drift) > 0 {
		c.text("  drift: %s\n", differences(x.Drift))
	}
	c.explainOrigin(x)
	c.text("\nRules\n")
	for _, r := range x.Rules {
		c.text("  %s = %q", r.Rule, r.Value)
		if r.Err != "" {
			c.text("  error: %s", r.Err)
		}
		c.text("\n")
	}
	c.explainAccount(x)
	c.explainMatch(x.Match)
	c.text("\nGroups\n")
	for _, g := range x.Groups {
		c.explainGroup(g)
	}
	c.explainSteps(x)
}

// title is what a reader knows the person by; the key of someone who is known by
// nothing else.
func title(x *engine.Explanation) string {
	users := make([]identity.User, 0, len(x.Sources)+1)
	for _, s := range x.Sources {
		users = append(users, s.User)
	}
	if x.Account != nil {
		users = append(users, x.Account.User)
	}
	for _, u := range users {
		for _, name := range []string{u.Email, u.Username, u.DisplayName} {
			if name != "" {
				return identity.Visible(name, 120)
			}
		}
	}
	return x.Person
}

func (c *call) explainSource(s engine.SourceView) {
	state := "active"
	switch {
	case s.Gone:
		state = "gone"
	case !s.User.Active:
		state = "inactive"
	}
	who := strings.TrimSpace(fmt.Sprintf("%s <%s>", s.User.DisplayName, s.User.Email))
	c.text("  %s: %s, id %s, %s\n", s.Source, who, s.User.ID, state)
	if len(s.Groups) > 0 {
		c.text("    groups: %s\n", strings.Join(s.Groups, ", "))
	}
}

func (c *call) explainAccount(x *engine.Explanation) {
	c.text("\nAccount\n")
	if x.Account == nil {
		c.text("  none\n")
		return
	}
	u, state := x.Account.User, "active"
	switch {
	case x.Account.Gone:
		state = "gone"
	case !u.Active:
		state = "inactive"
	}
	c.text("  %s <%s>, id %s, %s; %s", u.DisplayName, u.Email, u.ID, state, x.Account.Origin)
	if x.Account.Run != "" {
		c.text(" in run %s", x.Account.Run)
	}
	c.text("\n")
}

func (c *call) explainGroup(g engine.GroupView) {
	state := "is not in it"
	switch {
	case g.There && g.Ours:
		state = "is in it, added by the gateway"
	case g.There:
		state = "is in it, not added by the gateway"
	}
	c.text("  %s: %s\n", g.Group, state)
	if g.Because != "" {
		c.text("    because %s", g.Because)
		if g.Rule != "" {
			c.text(" [%s]", g.Rule)
		}
		c.text("\n")
		c.path(g.Path)
	} else {
		c.text("    no rule wants it\n")
	}
	if g.Refused != "" {
		c.text("    left alone: %s\n", g.Refused)
	}
}

func (c *call) explainSteps(x *engine.Explanation) {
	c.text("\nA run now would\n")
	if len(x.Steps) == 0 {
		c.text("  change nothing\n")
	}
	for i := range x.Steps {
		s := &x.Steps[i]
		c.text("  %s, because %s", s.Line(), s.Reason)
		if s.Rule != "" {
			c.text(" [%s]", s.Rule)
		}
		c.text("\n")
	}
	c.text("\nHistory\n")
	if len(x.History) == 0 {
		c.text("  nothing was done yet\n")
	}
	c.history(x.History)
}

func (c *call) history(ops []engine.OperationView) {
	for _, h := range ops {
		c.text("  %s  run %s  %s: %s\n", h.At, h.Run, h.Step, h.State)
		c.text("    because %s", h.Reason)
		if h.Rule != "" {
			c.text(" [%s]", h.Rule)
		}
		c.text("\n    asked: %s", h.Request)
		if h.Answer != "" {
			c.text("; answered: %s", h.Answer)
		}
		c.text("\n")
	}
}
