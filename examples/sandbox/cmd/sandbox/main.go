// Command sandbox runs the pretend company of package sandbox until it is told to end.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"syncgateway/examples/sandbox"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// run serves until a signal comes or, if asked to, stdin ends.
func run(args []string, stdin io.Reader, stdout io.Writer) (err error) {
	var o sandbox.Options
	flag := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flag.Uint64Var(&o.Seed, "seed", 1, "everything follows from this number")
	flag.IntVar(&o.People, "people", 500, "people in Okta")
	flag.IntVar(&o.Groups, "groups", 60, "groups in Okta")
	flag.Float64Var(&o.Memberships, "memberships", 5, "average number of groups per person")
	flag.Float64Var(&o.Existing, "existing", 0.2, "share of people who have an Atlassian account")
	flag.IntVar(&o.Seats, "seats", 0, "Jira seats; 0: half as many again as people")
	flag.StringVar(&o.Limits, "limits", "open", "rate limits: open or vendor")
	flag.DurationVar(&o.Lag, "lag", 0, "how late searches see a change")
	flag.IntVar(&o.Ports.Okta, "port-okta", 0, "port of the Okta org; 0: a free one")
	flag.IntVar(&o.Ports.API, "port-api", 0, "port that stands for api.atlassian.com")
	flag.IntVar(&o.Ports.Site, "port-site", 0, "port of the Jira site")
	flag.IntVar(&o.Ports.Control, "port-control", 0, "port of the control API")
	flag.BoolVar(&o.WithoutOAuth, "without-oauth", false, "no service app, whose key takes a while to make")
	addrFile := flag.String("addr-file", "", "write addresses and credentials here as KEY=VALUE lines")
	logFile := flag.String("log", "", "append every request here as a JSON line")
	withStdin := flag.Bool("exit-with-stdin", false, "end when standard input closes")
	if err := flag.Parse(args); err != nil {
		return err
	}
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}

	if *logFile != "" {
		f, err := os.OpenFile(*logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open the request log: %w", err)
		}
		defer f.Close()
		o.LogTo = f
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, os.Interrupt)
	sb, err := sandbox.Start(o)
	if err != nil {
		return err
	}
	defer func() {
		if closing := sb.Close(); err == nil {
			err = closing
		}
	}()
	if err := announce(sb, *addrFile, stdout); err != nil {
		return err
	}
	closed := make(chan struct{})
	if *withStdin {
		go func() {
			io.Copy(io.Discard, stdin)
			close(closed)
		}()
	}
	select {
	case <-end:
	case <-closed:
	}
	return nil
}

// announce writes the address file, or the addresses alone to standard output.
func announce(sb *sandbox.Sandbox, path string, stdout io.Writer) error {
	fmt.Fprintf(stdout, "okta %s\napi %s\nsite %s\ncontrol %s\n", sb.OktaURL, sb.APIURL, sb.SiteURL, sb.ControlURL)
	if path == "" {
		return nil
	}
	key, err := sb.PrivateKeyPEM()
	if err != nil {
		return err
	}
	if key == nil {
		return replace(path, []byte(sandbox.EnvLines(sb.Env())))
	}
	keyPath, err := filepath.Abs(path + ".okta-key.pem")
	if err != nil {
		return fmt.Errorf("place the key file: %w", err)
	}
	if err := replace(keyPath, key); err != nil {
		return err
	}
	env := sb.Env()
	env["OKTA_PRIVATE_KEY_FILE"] = keyPath
	return replace(path, []byte(sandbox.EnvLines(env)))
}

// replace writes a file that readers see whole or not at all.
func replace(path string, content []byte) error {
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
