// Command demo shows the gateway at work on a pretend company: it starts the sandbox on
// loopback, types the commands a user would type against gateway.hcl, and prints them
// with their real output. It checks as it goes, by exit codes and by what the sandbox
// itself says, and fails when something is not as it tells. It knows the gateway by
// its command line alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "`directory` of the gateway, the sandbox and plugins/")
	flag.StringVar(&o.config, "config", "gateway.hcl", "the configuration `file` to run")
	flag.StringVar(&o.readme, "readme", "", "also put an abridged transcript between the markers of this `file`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct{ bin, config, readme string }

// run tells the story, and leaves nothing behind: no process, no file.
func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "gateway-demo")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c, err := startCompany(ctx, filepath.Join(o.bin, "sandbox"), dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	s := &stage{
		screen: newScreen(os.Stdout), company: c, program: filepath.Join(o.bin, "gateway"),
		env: append(os.Environ(), append(c.env, "GATEWAY_DATA_DIR="+filepath.Join(dir, "data"), "GATEWAY_CONFIG="+o.config)...),
		dir: filepath.Join(dir, "data"),
	}
	if err := tell(ctx, s); err != nil {
		return err
	}
	if o.readme != "" {
		return s.screen.insert(o.readme)
	}
	return nil
}
