package chaos

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
	"syncgateway/core/config"
	"syncgateway/core/engine"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
)

// Result is what came of one seed.
type Result struct {
	Seed   uint64
	Wrong  []string // what the oracle found; empty when the gateway kept its promises
	Fired  map[remote.Kind]int
	Runs   int // of the gateway
	Judged int // effects that the oracle judged
	Took   time.Duration
	Story  []string // what happened, for whoever looks into a failure
}

// Fast runs seeds through the engine, the store and the plugin host in this process, and
// through real plugin processes. It is not safe for concurrent use: one a worker.
type Fast struct {
	dir     string
	server  *remote.Server
	plugins *plugins
}

// NewFast makes ready to run seeds with the plugins in pluginDir. scratch is a directory
// for databases, best in memory. Close it.
func NewFast(ctx context.Context, pluginDir, scratch string) (*Fast, error) {
	dir, err := os.MkdirTemp(scratch, "chaos")
	if err != nil {
		return nil, err
	}
	f := &Fast{dir: dir}
	if f.server, err = remote.Serve(); err == nil {
		f.plugins, err = startPlugins(ctx, pluginDir, dir, f.server.URL)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close ends the plugins and removes what was written.
func (f *Fast) Close() {
	if f.plugins != nil {
		f.plugins.close()
	}
	if f.server != nil {
		_ = f.server.Close()
	}
	_ = os.RemoveAll(f.dir)
}

// lane is one seed on its way.
type lane struct {
	*Fast
	*scenario
	oracle *oracle
	store  store.Store
	clock  time.Time
	skew   time.Duration
	result *Result
	die    *death
	config *config.Config // nil when the rules have changed

	forcing  bool // faults that have not happened are given something to happen to
	released bool // a release is out that no run has used yet
}

// death is when the host is to die.
type death struct {
	commit int
	before bool
	fired  int
}

// Run runs one seed to its end. The error is for what has nothing to do with the seed.
func (f *Fast) Run(ctx context.Context, seed uint64) (*Result, error) {
	began := time.Now()
	l := &lane{Fast: f, scenario: newScenario(seed), clock: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), result: &Result{Seed: seed, Fired: map[remote.Kind]int{}}}
	l.oracle = newOracle(l.world, l.rules)
	l.oracle.foreign = l.foreign()
	l.world.Kill = f.plugins.kill
	f.server.Show(l.world)
	dir := filepath.Join(f.dir, "data")
	defer os.RemoveAll(dir)
	if err := l.open(ctx, dir); err != nil {
		return nil, err
	}
	defer func() { _ = l.store.Close() }()
	err := l.live(ctx, dir)
	l.result.Wrong, l.result.Judged, l.result.Took = l.oracle.wrong, l.oracle.judged, time.Since(began)
	return l.result, err
}

func (l *lane) open(ctx context.Context, dir string) (err error) {
	l.store, err = sqlite.Open(ctx, dir)
	return err
}

func (l *lane) tell(format string, args ...any) {
	l.result.Story = append(l.result.Story, fmt.Sprintf(format, args...))
}

// configuration is gateway.hcl as the rules want it.
func (l *lane) configuration() (*config.Config, error) {
	if l.config != nil {
		return l.config, nil
	}
	text := ""
	for _, system := range slices.Sorted(maps.Keys(refs)) {
		if system == "annex" && !l.rules.Annex {
			continue
		}
		role, typ := "source", sourceType
		if system == "app" {
			role, typ = "target", targetType
		}
		text += fmt.Sprintf("%s %q %q {\n  url = \"%s/%s\"\n}\n", role, typ, system, l.server.URL, system)
	}
	cfg, diags := config.Parse([]byte(text+l.rules.Sync(sourceType, targetType)), "gateway.hcl", config.World{})
	if diags.HasErrors() {
		return nil, diags
	}
	l.config = cfg
	return cfg, nil
}

// engine is a gateway that has just been started.
func (l *lane) engine(life *life) (*engine.Engine, error) {
	cfg, err := l.configuration()
	if err != nil {
		return nil, err
	}
	return &engine.Engine{Store: life, Config: cfg, Connectors: life, Log: hclog.NewNullLogger(), Version: "chaos",
		Now: func() time.Time { return l.clock.Add(l.skew) }}, nil
}

// want is what a run is to be.
type want struct {
	engine.Options
	approved bool
}

// run lets the gateway run once, and the oracle judge what it did.
func (l *lane) run(ctx context.Context, w want) (*engine.Report, error) {
	l.plugins.renew()
	l.result.Runs++
	now := l.clock.Add(l.skew)
	fired, broke := map[*remote.Fault]int{}, map[*remote.Fault]int{}
	for _, f := range l.world.Armed() {
		fired[f], broke[f] = f.Fired, f.Broke
	}
	l.world.Do(func() { l.world.App.Run = l.result.Runs; l.oracle.before(now) })
	alive, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	life := &life{Store: l.store, Connectors: l.plugins, cancel: cancel}
	if l.die != nil && l.die.fired == 0 {
		life.left, life.before = l.die.commit, l.die.before
	}
	e, err := l.engine(life)
	if err != nil {
		return nil, err
	}
	report, err := e.Run(alive, "staff", w.Options)
	l.released = l.released || w.approved
	x := circumstances{now: now, approved: l.released, file: w.Exactly != nil, full: w.Mode == engine.ModeFull}
	x.clean = err == nil && w.Apply && w.Exactly == nil && report.Run.State == store.RunDone
	if err == nil {
		l.released = false
	}
	if life.dead {
		// The plugins of a host that is killed end with it, and what they had asked for
		// is carried out or not: then it can be judged.
		l.plugins.kill("app")
		l.plugins.renew()
		l.world.Quiet()
		l.die.fired++
		l.result.Fired[hostKill]++
		x.clean = false
	}
	l.recount(l.oracle.seen)
	for _, f := range l.world.Armed() {
		l.happened(f, f.Fired-fired[f], f.Broke-broke[f], &x)
	}
	l.world.Do(func() { l.oracle.after(x) })
	state := "killed"
	if report != nil {
		state = report.Run.State + ": " + report.Run.Summary
	}
	l.tell("run %d at %s %s%s apply=%t: %s %v", l.result.Runs, now.Format(time.DateTime), w.Mode, map[bool]string{true: " approved"}[w.approved], w.Apply, state, err)
	l.clock = l.clock.Add(time.Minute)
	return report, err
}

// recount tells the story of what a run did: the application's own record of it.
func (l *lane) recount(from int) {
	l.world.Do(func() {
		for _, e := range l.world.App.Log[from:] {
			if !e.Hand {
				l.tell("  %s", e)
			}
		}
	})
}

// happened takes note of a fault that happened in a run.
func (l *lane) happened(f *remote.Fault, fired, broke int, x *circumstances) {
	if fired == 0 {
		return
	}
	x.clean = false
	l.result.Fired[f.Kind] += fired
	l.tell("  %s, %s %s: %d times", f.Kind, f.System, f.What, fired)
	if broke == 0 || !f.Breaks() {
		return
	}
	if what := fmt.Sprintf("%s, %s %s", f.Kind, f.System, f.What); f.System == "app" {
		x.blind = what
	} else {
		x.broken = what
	}
}

// reopen is the start after the host died.
func (l *lane) reopen(ctx context.Context, dir string) error {
	if err := l.store.Close(); err != nil {
		return err
	}
	return l.open(ctx, dir)
}

// edit changes the configuration.
func (l *lane) edit(do func(*company.Rules)) {
	do(&l.rules)
	l.oracle.rules, l.config = l.rules, nil
	l.result.Fired[configEdit]++
	l.tell("configuration edited: %+v", l.rules)
}
