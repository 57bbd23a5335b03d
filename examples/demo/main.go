// Command demo shows the gateway at work on a pretend company: it starts the sandbox on
// loopback, types the commands a user would type against a configuration, and prints
// them with their real output. It checks as it goes, by exit codes and by what the
// sandbox itself says, and fails when something is not as it tells. It knows the
// gateway by its command line and its public address alone.
//
// There are two stories: in "pull" the gateway reads an Okta org, in "push" identity
// providers push to it.
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

// stories are what the demo can tell, by name.
var stories = map[string]func(context.Context, *stage) error{"pull": tell, "push": tellPushes}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "`directory` of the gateway, the sandbox and plugins/")
	flag.StringVar(&o.config, "config", "gateway.hcl", "the configuration `file` to run")
	flag.StringVar(&o.readme, "readme", "", "also put an abridged transcript between the markers of this `file`")
	flag.StringVar(&o.story, "story", "pull", "pull or push")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct{ bin, config, readme, story string }

// run tells the story, and leaves nothing behind: no process, no file.
func run(ctx context.Context, o options) (err error) {
	story := stories[o.story]
	if story == nil {
		return fmt.Errorf("there is no story %q: pull or push", o.story)
	}
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
	listen, err := freeAddress()
	if err != nil {
		return err
	}
	s := &stage{
		screen: newScreen(os.Stdout), company: c, program: filepath.Join(o.bin, "gateway"), dir: filepath.Join(dir, "data"), public: "http://" + listen,
		env: append(os.Environ(), append(c.env, "GATEWAY_DATA_DIR="+filepath.Join(dir, "data"), "GATEWAY_CONFIG="+o.config, "GATEWAY_LISTEN="+listen)...),
	}
	if err := story(ctx, s); err != nil {
		return err
	}
	if o.readme != "" {
		return s.screen.insert(o.readme)
	}
	return nil
}
