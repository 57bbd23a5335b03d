package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
)

// pluginVerb is one of the things `gateway plugins` does.
type pluginVerb struct {
	name, args  string
	least, most int  // arguments; most -1: any number
	config      bool // needs gateway.hcl
	do          func(ctx context.Context, args []string) error
}

func pluginsCommand(c *call) func(context.Context) error {
	f := registerPluginFlags(c)
	verbs := []pluginVerb{
		{"list", "", 0, 0, true, func(context.Context, []string) error { return c.listPlugins() }},
		{"lock", "[TYPE ...]", 0, -1, true, c.lockPlugins},
		{"describe", "TYPE", 1, 1, true, func(ctx context.Context, args []string) error { return c.describePlugin(ctx, args[0]) }},
		{"docs", "[TYPE ...]", 0, -1, true, c.pluginDocs},
		{"new", "TYPE", 1, 1, false, func(_ context.Context, args []string) error { return c.newPlugin(args[0], f) }},
		{"test", "BINARY|TYPE", 1, 1, false, func(ctx context.Context, args []string) error { return c.testPlugin(ctx, args[0], f) }},
		{"contract", "", 0, 0, false, func(context.Context, []string) error { return c.printContract() }},
	}
	return func(ctx context.Context) error {
		args, err := c.args(1, -1, pluginVerbs)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(verbs, func(v pluginVerb) bool { return v.name == args[0] })
		if i < 0 {
			return exit{exitUsage, fmt.Sprintf("there is no `gateway plugins %s`: %s", args[0], pluginVerbs)}
		}
		v, rest := verbs[i], args[1:]
		if len(rest) < v.least || v.most >= 0 && len(rest) > v.most {
			return exit{exitUsage, strings.TrimSpace(fmt.Sprintf("usage: gateway plugins %s %s", v.name, v.args))}
		}
		if v.config {
			if _, err := c.load(); err != nil {
				return err
			}
		}
		return v.do(ctx, rest)
	}
}

const pluginVerbs = "list | lock [TYPE ...] | describe TYPE | docs [TYPE ...] | new TYPE | test BINARY | contract"

// pluginFlags are the flags of single verbs.
type pluginFlags struct {
	sdk, report, lock, only string
	record                  bool
}

func registerPluginFlags(c *call) *pluginFlags {
	f := &pluginFlags{}
	c.flags.StringVar(&f.sdk, "sdk", "", "new: `folder` of the Sync Gateway's source, for the SDK; found by itself inside it")
	c.flags.StringVar(&f.report, "report", "", "test: write the report as JSON to this `file` as well")
	c.flags.BoolVar(&f.record, "record", false, "test: when everything passed, record it in the lock file")
	c.flags.StringVar(&f.lock, "lock", "gateway.lock.hcl", "test: the lock `file` that -record writes into")
	c.flags.StringVar(&f.only, "only", "", "test: only the checks that this `pattern` names, such as source.lookup-*")
	return f
}

// printContract writes the contract's descriptors to standard output.
func (c *call) printContract() error {
	data, err := pluginhost.Contract()
	if err != nil {
		return err
	}
	_, err = c.out.Write(data)
	return err
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
		Passed  string `json:"conformance,omitempty"` // version of the kit
	}
	rows := make([]row, len(types))
	for i, t := range types {
		rows[i] = row{Type: t, Version: lock.Plugins[t].Version, State: "locked", Passed: lock.Plugins[t].Conformance[pluginhost.Platform]}
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
	fmt.Fprintln(w, "TYPE\tVERSION\tSTATE\tCONFORMANCE")
	for _, r := range rows {
		passed := "not recorded"
		if r.Passed != "" {
			passed = "passed kit " + r.Passed
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Type, r.Version, r.State, passed)
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
