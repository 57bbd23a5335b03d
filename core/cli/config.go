package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"syncgateway/core/config"
	"syncgateway/core/diag"
	"syncgateway/core/gateway"
)

func validateCommand(c *call) func(context.Context) error {
	return func(ctx context.Context) error {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		plugins, err := gateway.OpenPlugins(cfg, c.logger(cfg), c.version)
		if err != nil {
			return err
		}
		defer plugins.Close()
		if err := plugins.Verify(); err != nil {
			return err
		}
		ds := gateway.Validate(ctx, cfg, plugins)
		if ds.HasErrors() {
			return ds
		}
		if c.json {
			c.diagnostics(ds)
			return nil
		}
		c.diagnostics(ds)
		fmt.Fprintf(c.out, "%s is right: %s, %s, %s.\n", cfg.Filename, count(len(cfg.Sources), "source"), count(len(cfg.Targets), "target"), count(len(cfg.Syncs), "sync"))
		return nil
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func fmtCommand(c *call) func(context.Context) error {
	check := c.flags.Bool("check", false, "change nothing; exit 1 when a file would change")
	return func(context.Context) error {
		files := c.flags.Args()
		if len(files) == 0 {
			files = []string{c.config}
		}
		changed := false
		for _, f := range files {
			was, err := formatFile(f, !*check)
			if err != nil {
				return err
			}
			if was {
				changed = true
				fmt.Fprintln(c.out, f)
			}
		}
		if *check && changed {
			return exit{code: exitFailed}
		}
		return nil
	}
}

// formatFile reports whether the file was not in the usual layout.
func formatFile(path string, write bool) (bool, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return false, exit{exitUsage, "Error: " + err.Error()}
	}
	if _, ds := hclsyntax.ParseConfig(src, path, hcl.InitialPos); ds.HasErrors() {
		return false, diag.FromHCL("config.syntax", ds)
	}
	out := config.Format(src)
	if bytes.Equal(src, out) || !write {
		return !bytes.Equal(src, out), nil
	}
	return true, replaceFile(path, out)
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, content []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(content))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return os.Rename(tmp, path)
}

func referenceCommand(c *call) func(context.Context) error {
	return func(context.Context) error {
		_, err := c.out.Write(config.Reference())
		return err
	}
}

func versionCommand(c *call) func(context.Context) error {
	return func(context.Context) error {
		fmt.Fprintln(c.out, "gateway "+c.version)
		return nil
	}
}
