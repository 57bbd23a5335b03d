package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
)

func pluginsCommand(c *call) func(context.Context) error {
	return func(ctx context.Context) error {
		args, err := c.args(1, -1, "list | lock [TYPE ...] | describe TYPE | docs [TYPE ...]")
		if err != nil {
			return err
		}
		if _, err := c.load(); err != nil {
			return err
		}
		switch args[0] {
		case "list":
			return c.listPlugins()
		case "lock":
			return c.lockPlugins(ctx, args[1:])
		case "describe":
			if len(args) != 2 {
				return exit{exitUsage, "usage: gateway plugins describe TYPE"}
			}
			return c.describePlugin(ctx, args[1])
		case "docs":
			return c.pluginDocs(ctx, args[1:])
		}
		return exit{exitUsage, fmt.Sprintf("there is no `gateway plugins %s`: list, lock, describe and docs there are", args[0])}
	}
}

// listPlugins shows which plugins there are, and whether they may run.
func (c *call) listPlugins() error {
	lock, err := pluginhost.LoadLock(c.cfg.Gateway.LockFile)
	if err != nil {
		return err
	}
	types, err := pluginhost.Installed(c.cfg.Gateway.PluginDir)
	if err != nil {
		return err
	}
	type row struct {
		Type    string `json:"type"`
		Version string `json:"version,omitempty"`
		State   string `json:"state"`
	}
	rows := make([]row, len(types))
	for i, t := range types {
		rows[i] = row{Type: t, Version: lock.Plugins[t].Version, State: "locked"}
		if _, err := lock.Verify(t, pluginhost.Binary(c.cfg.Gateway.PluginDir, t)); err != nil {
			if rows[i].State = "changed since it was locked"; rows[i].Version == "" {
				rows[i].State = "not locked"
			}
		}
	}
	if c.json {
		return c.printJSON(rows)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TYPE\tVERSION\tSTATE")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Type, r.Version, r.State)
	}
	return w.Flush()
}

func (c *call) lockPlugins(ctx context.Context, types []string) error {
	changes, err := pluginhost.LockPlugins(ctx, c.cfg.Gateway.PluginDir, c.cfg.Gateway.LockFile, types,
		pluginhost.Options{Logger: c.logger(c.cfg), Version: c.version})
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(changes)
	}
	for _, x := range changes {
		switch x.Old {
		case x.New:
			c.text("%s %s: unchanged\n", x.Type, x.Version)
		case "":
			c.text("%s %s: locked, %s\n", x.Type, x.Version, x.New)
		default:
			c.text("%s %s: %s replaces %s\n", x.Type, x.Version, x.New, x.Old)
		}
	}
	return nil
}

// describe runs f with what each of the plugins says of itself; none named means all
// that are installed.
func (c *call) describe(ctx context.Context, types []string, f func(*schema.Plugin) error) error {
	lock, err := pluginhost.LoadLock(c.cfg.Gateway.LockFile)
	if err != nil {
		return err
	}
	if len(types) == 0 {
		if types, err = pluginhost.Installed(c.cfg.Gateway.PluginDir); err != nil {
			return err
		}
	}
	host := pluginhost.New(pluginhost.Options{PluginDir: c.cfg.Gateway.PluginDir, Lock: lock, Logger: c.logger(c.cfg), Version: c.version})
	defer host.Close()
	for _, t := range types {
		p, err := host.Describe(ctx, t)
		if err != nil {
			return err
		}
		if err := f(p); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) describePlugin(ctx context.Context, typ string) error {
	return c.describe(ctx, []string{typ}, func(p *schema.Plugin) error {
		if c.json {
			return c.printJSON(p)
		}
		c.text("%s %s\n\n%s", p.Type, p.Version, p.Docs())
		return nil
	})
}

// pluginDocs writes a page per plugin into docs/connectors.
func (c *call) pluginDocs(ctx context.Context, types []string) error {
	dir := filepath.Join(c.cfg.Dir, "docs", "connectors")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return c.describe(ctx, types, func(p *schema.Plugin) error {
		path := filepath.Join(dir, strings.ToLower(p.Type)+".md")
		c.text("%s\n", path)
		return os.WriteFile(path, p.Docs(), 0o644)
	})
}
