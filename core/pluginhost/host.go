package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"syncgateway/core/diag"
	"syncgateway/core/schema"
)

// Options are the host's settings.
type Options struct {
	PluginDir    string
	Lock         *Lock // nil: nothing runs
	Logger       hclog.Logger
	StateDir     string              // each instance gets a directory of its own in it; empty: none does
	Env          map[string][]string // by plugin type: names of further environment variables it gets
	Now          func() time.Time
	Version      string        // the gateway's, which plugins are told
	StartTimeout time.Duration // until a plugin must be ready; 0: 20 seconds

	after func(time.Duration) <-chan time.Time // of restarts; tests replace it
}

// Host starts plugins and ends them. It is safe for concurrent use; plugins are
// started side by side.
type Host struct {
	o       Options
	mu      sync.Mutex
	closers map[closer]bool
	closed  bool
	known   map[string]*schema.Plugin // descriptions by the binary's hash
}

type closer interface{ Close() }

// New makes a host. It starts nothing.
func New(o Options) *Host {
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.after == nil {
		o.after = time.After
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 20 * time.Second
	}
	return &Host{o: o, closers: map[closer]bool{}, known: map[string]*schema.Plugin{}}
}

// Instance is one configured block.
type Instance struct {
	Address   string      // "source.okta.corp"
	Type      string      // "okta"
	Config    []byte      // JSON
	Sensitive []diag.Path // values in Config that must never be shown
}

var address = regexp.MustCompile(`^[a-z]+\.[a-z0-9-]+\.[A-Za-z0-9_-]+$`)

// Start verifies the plugin's binary, starts it, asks what it is and configures it.
// From then on it is watched, and started again when it crashes, until it or the host
// is closed; ctx is for the start alone. The error is a *LockError, a *Misconfigured,
// a *BrokenPlugin, or the context's.
func (h *Host) Start(ctx context.Context, in Instance) (*Plugin, error) {
	if !address.MatchString(in.Address) {
		return nil, fmt.Errorf("start a plugin: %q is not an address", in.Address)
	}
	p := newPlugin(h, in)
	if err := h.register(p); err != nil {
		return nil, err
	}
	if err := p.start(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close ends every plugin, side by side, and keeps new ones from starting.
func (h *Host) Close() {
	h.mu.Lock()
	h.closed = true
	all := h.closers
	h.closers = map[closer]bool{}
	h.mu.Unlock()
	var wg sync.WaitGroup
	for c := range all {
		wg.Go(c.Close)
	}
	wg.Wait()
}

func (h *Host) register(c closer) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	h.closers[c] = true
	return nil
}

func (h *Host) forget(c closer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.closers, c)
}

// Describe returns what a plugin says of itself. It runs the binary without
// configuring it, once for each version of the file.
func (h *Host) Describe(ctx context.Context, typ string) (*schema.Plugin, error) {
	if sum, err := h.verify(typ); err != nil {
		return nil, err
	} else if d := h.description(sum); d != nil {
		return d, nil
	}
	log := newLogIntake(h.o.Logger.Named(typ), nil, h.o.Now)
	s, err := h.launch(ctx, typ, log, h.register)
	if err != nil {
		return nil, h.explain(err, &BrokenPlugin{Type: typ, Doing: "describe"}, log)
	}
	s.Close()
	h.forget(s)
	return s.description, nil
}

func (h *Host) description(sum string) *schema.Plugin {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.known[sum]
}

// explain makes a BrokenPlugin of an error, unless it says that somebody else is at
// fault.
func (h *Host) explain(err error, b *BrokenPlugin, log *logIntake) error {
	var lock *LockError
	if errors.As(err, &lock) || errors.Is(err, context.Canceled) || errors.Is(err, ErrClosed) {
		return err
	}
	b.Err = err
	b.Log, b.Panic = log.last(true)
	return b
}

// stateDir makes the directory that is the instance's own.
func (h *Host) stateDir(in Instance) (string, error) {
	if h.o.StateDir == "" {
		return "", nil
	}
	dir, err := filepath.Abs(filepath.Join(h.o.StateDir, in.Address))
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("make the plugin's state directory: %w", err)
	}
	return dir, nil
}

func (h *Host) verify(typ string) (sum string, err error) {
	return h.o.Lock.Verify(typ, Binary(h.o.PluginDir, typ))
}
