// Command sandbox runs the pretend company of package sandbox until it is told to end.
package main

import (
	"bufio"
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
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	var o sandbox.Options
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
	addrFile := flag.String("addr-file", "", "write addresses and credentials here as KEY=VALUE lines")
	logFile := flag.String("log", "", "append every request here as a JSON line")
	withStdin := flag.Bool("exit-with-stdin", false, "end when standard input closes")
	flag.Parse()

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
	if err := announce(sb, *addrFile); err != nil {
		return err
	}
	closed := make(chan struct{})
	if *withStdin {
		go func() {
			io.Copy(io.Discard, bufio.NewReader(os.Stdin))
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
func announce(sb *sandbox.Sandbox, path string) error {
	fmt.Printf("okta %s\napi %s\nsite %s\ncontrol %s\n", sb.OktaURL, sb.APIURL, sb.SiteURL, sb.ControlURL)
	if path == "" {
		return nil
	}
	key, err := sb.PrivateKeyPEM()
	if err != nil {
		return err
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
