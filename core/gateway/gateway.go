// Package gateway puts one gateway together (configuration, store, plugins, engine),
// and takes it apart again. The daemon and a command without one are the same thing
// here; which requests come in is the business of api and cli.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/audit"
	"syncgateway/core/config"
	"syncgateway/core/diag"
	"syncgateway/core/engine"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
	"syncgateway/core/store"
	"syncgateway/core/store/sqlite"
	"syncgateway/core/token"
)

// Options say how to open a gateway.
type Options struct {
	Log     hclog.Logger
	Version string
}

// Gateway is one open gateway. Close it.
type Gateway struct {
	Config  *config.Config
	Store   store.Store
	cache   func(ctx context.Context, kilobytes int) error // of the store's writer
	Plugins *Plugins
	Engine  *engine.Engine
	Redact  *diag.Redactor
	Audit   *audit.Log
	Tokens  *token.Book
	Log     hclog.Logger
	Version string

	watch    sync.Mutex
	watchers map[int]func(engine.Progress)
	watched  int
	running  map[string]engine.Progress // by sync
}

// Open opens the data directory (store.ErrInUse when another gateway has it) and
// prepares the plugin host. No plugin is started before it is needed.
func Open(ctx context.Context, cfg *config.Config, o Options) (*Gateway, error) {
	plugins, err := OpenPlugins(cfg, o.Log, o.Version)
	if err != nil {
		return nil, err
	}
	st, err := sqlite.Open(ctx, cfg.Gateway.DataDir)
	if err != nil {
		plugins.Close()
		return nil, err
	}
	g := &Gateway{Config: cfg, Store: st, cache: st.Cache, Plugins: plugins, Redact: diag.NewRedactor(cfg.Secrets()...), Log: o.Log, Version: o.Version}
	g.Audit = &audit.Log{Redact: g.Redact, Now: time.Now}
	g.Tokens = &token.Book{Store: st, Now: time.Now, Record: g.recordToken}
	plugins.directories = newDirectories(st)
	g.Engine = &engine.Engine{Store: st, Config: cfg, Connectors: plugins, Log: o.Log, Now: time.Now, Progress: g.tell, Version: o.Version, Redact: g.Redact,
		Audit: g.Audit, Pushed: plugins.pushedTo}
	if err := audit.Reconcile(ctx, st, g.Audit); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// Close ends the plugins and releases the data directory.
func (g *Gateway) Close() error {
	g.Plugins.Close()
	g.Plugins.directories.close()
	return g.Store.Close()
}

// Plugins starts the plugin of a block when it is first needed. It is safe for concurrent use; different blocks start side by side.
type Plugins struct {
	cfg         *config.Config
	host        *pluginhost.Host
	directories *directories // nil while no data directory is open

	mu      sync.Mutex
	running map[string]*instance
	pushed  map[string]bool // by type, of those that were described
}

type instance struct {
	mu sync.Mutex
	p  *pluginhost.Plugin
}

// OpenPlugins reads the lock file and prepares the host.
func OpenPlugins(cfg *config.Config, log hclog.Logger, version string) (*Plugins, error) {
	lock, err := Lock(cfg)
	if err != nil {
		return nil, err
	}
	env := map[string][]string{}
	for _, p := range cfg.Plugins {
		env[p.Type] = p.Env
	}
	host := pluginhost.New(pluginhost.Options{PluginDir: cfg.Gateway.PluginDir, Lock: lock, Logger: log,
		StateDir: filepath.Join(cfg.Gateway.DataDir, "plugins"), Env: env, Version: version})
	return &Plugins{cfg: cfg, host: host, running: map[string]*instance{}, pushed: map[string]bool{}}, nil
}

// Lock reads the lock file, with what the configuration demands of a plugin.
func Lock(cfg *config.Config) (*pluginhost.Lock, error) {
	lock, err := pluginhost.LoadLock(cfg.Gateway.LockFile)
	if err != nil {
		return nil, err
	}
	lock.Conformant = cfg.Gateway.RequireConformance
	return lock, nil
}

// Close ends every plugin.
func (ps *Plugins) Close() { ps.host.Close() }

// Verify finds plugins that are installed, but are not what the lock file says. One
// that is not installed is a fault of the configuration, which Validate finds.
func (ps *Plugins) Verify() error {
	lock, err := Lock(ps.cfg)
	if err != nil {
		return err
	}
	for _, typ := range ps.cfg.PluginTypes() {
		_, err := lock.Verify(typ, pluginhost.Binary(ps.cfg.Gateway.PluginDir, typ))
		var locked *pluginhost.LockError
		if err != nil && !(errors.As(err, &locked) && locked.Got == "") {
			return err
		}
	}
	return nil
}

// Describe returns a plugin's description of itself.
func (ps *Plugins) Describe(ctx context.Context, typ string) (*schema.Plugin, error) {
	return ps.host.Describe(ctx, typ)
}

// pushedTo reports whether clients push to the plugins of a type. One that cannot be
// described cannot be read either.
func (ps *Plugins) pushedTo(typ string) bool {
	ps.mu.Lock()
	pushed, known := ps.pushed[typ]
	ps.mu.Unlock()
	if known {
		return pushed
	}
	d, err := ps.Describe(context.Background(), typ)
	if err != nil {
		return false
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.pushed[typ] = d.Has(schema.Listener)
	return ps.pushed[typ]
}

// Get implements engine.Connectors. What is pushed is read from its directory.
func (ps *Plugins) Get(ctx context.Context, ref string) (engine.Connector, error) {
	p, err := ps.Plugin(ctx, ref)
	if err != nil {
		return nil, err
	}
	if !p.Description().Has(schema.Listener) {
		return p, nil
	}
	d, err := ps.directories.open(ctx, ref)
	if err != nil {
		return nil, err
	}
	return newPushed(p, d), nil
}

// Plugin returns the running plugin of a block, starting it if need be. Errors in the
// block are diag.Diagnostics.
func (ps *Plugins) Plugin(ctx context.Context, ref string) (*pluginhost.Plugin, error) {
	block := ps.cfg.Connector(ref)
	if block == nil {
		return nil, fmt.Errorf("there is no %s in the configuration", ref)
	}
	ps.mu.Lock()
	in := ps.running[ref]
	if in == nil {
		in = &instance{}
		ps.running[ref] = in
	}
	ps.mu.Unlock()
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.p != nil {
		return in.p, nil // the host starts it again when it crashes
	}
	p, err := ps.start(ctx, block)
	if err != nil {
		return nil, err
	}
	in.p = p
	return p, nil
}

func (ps *Plugins) start(ctx context.Context, block *config.Connector) (*pluginhost.Plugin, error) {
	if block.Host.CheckTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, block.Host.CheckTimeout)
		defer cancel()
	}
	description, err := ps.host.Describe(ctx, block.Type)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", block.Ref(), err)
	}
	input, sensitive, diags := ps.cfg.PluginInput(block, description)
	if diags.HasErrors() {
		return nil, diags
	}
	p, err := ps.host.Start(ctx, pluginhost.Instance{Address: block.Ref(), Type: block.Type, Config: input, Sensitive: sensitive})
	if err == nil {
		return p, nil
	}
	var refused *pluginhost.Misconfigured
	if errors.As(err, &refused) {
		return nil, ps.cfg.Resolve(block, refused.Diagnostics)
	}
	return nil, fmt.Errorf("%s: %w", block.Ref(), err)
}

// Warm starts the plugins of the blocks side by side, and returns the first error.
func (ps *Plugins) Warm(ctx context.Context, refs []string) error {
	errs := make([]error, len(refs))
	var wg sync.WaitGroup
	for i, ref := range refs {
		wg.Go(func() { _, errs[i] = ps.Plugin(ctx, ref) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Validate finds what is wrong with the configuration as far as that can be known
// without asking the remote systems.
func Validate(ctx context.Context, cfg *config.Config, ps *Plugins) diag.Diagnostics {
	return config.Validate(cfg, func(typ string) (*schema.Plugin, error) {
		p, err := ps.Describe(ctx, typ)
		var locked *pluginhost.LockError
		if errors.As(err, &locked) && locked.Got == "" {
			available, lerr := pluginhost.Installed(cfg.Gateway.PluginDir)
			return nil, errors.Join(&config.NoPluginError{Type: typ, Available: available}, lerr)
		}
		return p, err
	})
}

// Watch adds a listener to the progress of runs; call the function it returns to end
// that.
func (g *Gateway) Watch(f func(engine.Progress)) (stop func()) {
	g.watch.Lock()
	defer g.watch.Unlock()
	if g.watchers == nil {
		g.watchers = map[int]func(engine.Progress){}
	}
	g.watched++
	id := g.watched
	g.watchers[id] = f
	return func() {
		g.watch.Lock()
		defer g.watch.Unlock()
		delete(g.watchers, id)
	}
}

// Running is how far the run of a sync is, nil when none is under way.
func (g *Gateway) Running(sync string) *engine.Progress {
	g.watch.Lock()
	defer g.watch.Unlock()
	if p, ok := g.running[sync]; ok {
		return &p
	}
	return nil
}

func (g *Gateway) tell(p engine.Progress) {
	g.watch.Lock()
	defer g.watch.Unlock()
	if g.running == nil {
		g.running = map[string]engine.Progress{}
	}
	if g.running[p.Sync] = p; p.Stage == engine.StageEnded {
		delete(g.running, p.Sync)
	}
	for _, f := range g.watchers {
		f(p)
	}
}
