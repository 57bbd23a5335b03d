// Package cli is the gateway's command line: one file for each command. Text and JSON
// are two views of one value, which comes from api. It decides nothing about people.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/api"
	"syncgateway/core/config"
	"syncgateway/core/diag"
	"syncgateway/core/gateway"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// The exit codes. plan -detailed-exitcode uses 0, 1 and 2 as Terraform does.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // configuration or usage
	exitEnvironment = 3 // this machine: data directory, plugins, disk
	exitHeld        = 4 // the guard holds a plan
)

// command is one verb.
type command struct {
	name  string
	args  string // "[flags] USER"
	short string
	// run does it. Flags are registered on c.flags before, in setup.
	setup func(*call) func(context.Context) error
}

// commands in the order of the help text.
func commands() []command {
	return []command{
		{"validate", "", "find what is wrong with the configuration", validateCommand},
		{"fmt", "[FILE ...]", "write configuration files in the usual layout", fmtCommand},
		{"check", "[NAME ...]", "test the connections of sources and targets", checkCommand},
		{"plan", "", "read everything and show what would change", planCommand},
		{"apply", "[PLANFILE]", "plan and apply, or apply exactly a plan file", applyCommand},
		{"approve", "DIGEST", "release one held plan, once", approveCommand},
		{"undo", "RUN", "show the inverse of a run, or do it", undoCommand},
		{"pause", "SYNC", "let a sync plan, and apply nothing", pauseCommand},
		{"resume", "SYNC", "end a pause", resumeCommand},
		{"impact", "OLD.hcl NEW.hcl", "show what another configuration would change, without any run", impactCommand},
		{"trigger", "event | login USER", "tell the daemon that something happened", triggerCommand},
		{"serve", "", "run the daemon: schedules, triggers, API", serveCommand},
		{"status", "", "show the state of every sync", statusCommand},
		{"runs", "", "list runs", runsCommand},
		{"show", "[RUN]", "show one run in full", showCommand},
		{"explain", "[user] USER | group NAME", "say why somebody, or a group, has what it has", explainCommand},
		{"leavers", "", "show who left, and when their access was seen to have ended", leaversCommand},
		{"audit", "verify | export", "check or print the record of everything that was done", auditCommand},
		{"lookup", "USER", "ask every source about somebody now", lookupCommand},
		{"tokens", "create|list|revoke", "look after the tokens of sources that are pushed to", tokensCommand},
		{"plugins", pluginVerbs, "look after connector binaries", pluginsCommand},
		{"reference", "", "print the reference of gateway.hcl, in Markdown", referenceCommand},
		{"version", "", "print the version", versionCommand},
	}
}

// call is one invocation.
type call struct {
	version     string
	in          io.Reader
	out, errOut io.Writer
	flags       *flag.FlagSet
	config      string
	json        bool
	quiet       bool
	profile     string
	kit         Kit

	cfg   *config.Config
	shown display // nil while no run is shown
}

// exit ends a command with a code and, if not empty, a sentence.
type exit struct {
	code    int
	message string
}

// Error implements error.
func (e exit) Error() string { return e.message }

// Main runs the command line and returns its exit code. kit is what `plugins test`
// runs.
func Main(version string, kit Kit, args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := &call{version: version, kit: kit, in: in, out: out, errOut: errOut}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		c.usage(out)
		return exitDone
	}
	i := slices.IndexFunc(commands(), func(x command) bool { return x.name == args[0] })
	if i < 0 {
		fmt.Fprintf(errOut, "gateway: there is no command %q%s\nRun `gateway help` for the list.\n", args[0], suggestion(args[0]))
		return exitUsage
	}
	return c.run(ctx, commands()[i], args[1:])
}

func suggestion(name string) string {
	var names []string
	for _, x := range commands() {
		names = append(names, x.name)
	}
	return "." + diag.Suggest(name, names)
}

func (c *call) usage(w io.Writer) {
	fmt.Fprintf(w, "The Sync Gateway provisions people and groups into Atlassian products.\n\nUsage: gateway COMMAND [flags] [arguments]\n\n")
	for _, x := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", x.name, x.short)
	}
	fmt.Fprintf(w, "\nEvery command takes -config FILE (default gateway.hcl, or the variable GATEWAY_CONFIG).\n`gateway COMMAND -h` lists a command's flags.\n\n"+
		"Exit codes: 0 done, 1 failed, 2 configuration or usage, 3 environment, 4 held by the guard.\n")
}

func (c *call) run(ctx context.Context, x command, args []string) int {
	c.flags = flag.NewFlagSet(x.name, flag.ContinueOnError)
	c.flags.SetOutput(c.errOut)
	file := "gateway.hcl"
	if env := os.Getenv("GATEWAY_CONFIG"); env != "" {
		file = env
	}
	c.flags.StringVar(&c.config, "config", file, "configuration `file`")
	c.flags.BoolVar(&c.json, "json", false, "print JSON; progress as JSON lines on standard error")
	c.flags.BoolVar(&c.quiet, "quiet", false, "no progress")
	c.flags.StringVar(&c.profile, "profile", "", "write profiles of the gateway and its plugins into this `directory`")
	do := x.setup(c)
	c.flags.Usage = func() {
		fmt.Fprintf(c.errOut, "gateway %s: %s\n\nUsage: gateway %s [flags] %s\n\n", x.name, x.short, x.name, x.args)
		c.flags.PrintDefaults()
	}
	if err := c.flags.Parse(reorder(c.flags, args)); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitDone
		}
		return exitUsage
	}
	stop, err := startProfile(c.profile)
	if err != nil {
		return c.report(err)
	}
	return c.report(errors.Join(do(ctx), stop()))
}

// reorder puts flags before arguments, so that both `explain -json USER` and
// `explain USER -json` work.
func reorder(fs *flag.FlagSet, args []string) []string {
	var flags, rest []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if len(a) < 2 || a[0] != '-' {
			rest = append(rest, a)
			continue
		}
		flags = append(flags, a)
		name := strings.TrimLeft(a, "-")
		f := fs.Lookup(name)
		if f == nil {
			continue
		}
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); (!ok || !b.IsBoolFlag()) && i+1 < len(args) {
			i++
			flags = append(flags, args[i])
		}
	}
	return append(append(flags, "--"), rest...)
}

// report prints an error in the way its kind asks for, and gives the exit code.
func (c *call) report(err error) int {
	var e exit
	var a *api.Error
	var ds diag.Diagnostics
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &e):
		if e.message != "" {
			fmt.Fprintln(c.errOut, e.message)
		}
		return e.code
	case errors.As(err, &ds):
		c.diagnostics(ds)
		return exitUsage
	case errors.As(err, &a):
		return c.reportAPI(a)
	}
	fmt.Fprintln(c.errOut, "Error: "+c.redact(err.Error()))
	if environment(err) {
		return exitEnvironment
	}
	return exitFailed
}

func environment(err error) bool {
	for _, x := range []error{store.ErrInUse, store.ErrNewer, store.ErrDamaged, store.ErrFull, os.ErrPermission, os.ErrNotExist} {
		if errors.Is(err, x) {
			return true
		}
	}
	var locked *pluginhost.LockError
	var broken *pluginhost.BrokenPlugin
	return errors.As(err, &locked) || errors.As(err, &broken)
}

func (c *call) reportAPI(a *api.Error) int {
	if len(a.Diagnostics) > 0 {
		for _, v := range a.Diagnostics {
			fmt.Fprintln(c.errOut, v)
		}
	} else {
		fmt.Fprintln(c.errOut, "Error: "+a.Message)
	}
	switch a.Code {
	case api.CodeUsage, api.CodeConfig:
		return exitUsage
	case api.CodeEnvironment:
		return exitEnvironment
	}
	return exitFailed
}

func (c *call) redact(s string) string {
	if c.cfg == nil {
		return s
	}
	return diag.NewRedactor(c.cfg.Secrets()...).String(s)
}

// diagnostics prints what is wrong with the configuration.
func (c *call) diagnostics(ds diag.Diagnostics) {
	var r diag.Renderer
	if c.cfg != nil {
		r = c.cfg.Renderer()
	}
	if c.json {
		_ = r.JSON(c.out, ds)
		return
	}
	_ = r.Text(c.errOut, ds)
}

// load reads the configuration; warnings are printed, errors returned.
func (c *call) load() (*config.Config, error) {
	cfg, ds := config.Load(c.config)
	c.cfg = cfg
	if ds.HasErrors() {
		return nil, ds
	}
	if len(ds) > 0 {
		c.diagnostics(ds)
	}
	return cfg, nil
}

// logger writes to standard error.
func (c *call) logger(cfg *config.Config) hclog.Logger {
	level := cfg.Gateway.LogLevel
	if !c.daemon() && level == "info" {
		level = "warn" // a command's own output is what its user wants to read
	}
	return hclog.New(&hclog.LoggerOptions{Name: "gateway", Level: hclog.LevelFromString(level),
		Output: redactingWriter{aside{c}, diag.NewRedactor(cfg.Secrets()...)}})
}

func (c *call) daemon() bool { return c.flags.Name() == "serve" }

type redactingWriter struct {
	w io.Writer
	r *diag.Redactor
}

// Write implements io.Writer.
func (w redactingWriter) Write(b []byte) (int, error) {
	if _, err := w.w.Write(w.r.Bytes(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// client returns a client of the running daemon, or of a gateway opened for this
// command. done must be called.
func (c *call) client(ctx context.Context) (client *api.Client, done func() error, err error) {
	cfg, err := c.load()
	if err != nil {
		return nil, nil, err
	}
	told := c.progress()
	if d, ok := api.Dial(ctx, cfg.Gateway.Socket); ok {
		d.Progress = told
		return d, func() error { return nil }, nil
	}
	g, err := gateway.Open(ctx, cfg, gateway.Options{Log: c.logger(cfg), Version: c.version})
	if err != nil {
		return nil, nil, err
	}
	local := api.Local((&api.Service{Gateway: g}).Handler())
	local.Progress = told
	return local, g.Close, nil
}

// with runs f with a client.
func (c *call) with(ctx context.Context, f func(*api.Client) error) error {
	client, done, err := c.client(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(client), done())
}

// oneSync is the sync to use: the one named, or the only one there is.
func (c *call) oneSync(name string) (string, error) {
	names := c.syncs(name)
	if name == "" && len(names) != 1 {
		return "", exit{exitUsage, fmt.Sprintf("there are %d syncs: name one with -sync (%s)", len(names), strings.Join(names, ", "))}
	}
	return names[0], nil
}

func (c *call) syncs(name string) []string {
	if name != "" {
		return []string{name}
	}
	var out []string
	for _, s := range c.cfg.Syncs {
		out = append(out, s.Name)
	}
	return out
}

// args checks the number of arguments.
func (c *call) args(least, most int, what string) ([]string, error) {
	n := c.flags.NArg()
	if n < least || most >= 0 && n > most {
		return nil, exit{exitUsage, fmt.Sprintf("usage: gateway %s [flags] %s", c.flags.Name(), what)}
	}
	return c.flags.Args(), nil
}
