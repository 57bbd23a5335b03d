package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"syncgateway/core/audit"
	"syncgateway/core/config"
	"syncgateway/core/directory"
	"syncgateway/core/ingress"
	"syncgateway/core/pluginhost"
	"syncgateway/core/schema"
	"syncgateway/core/store"
	"syncgateway/core/token"
)

// directories are the push directories of a gateway, by the addresses of their sources.
type directories struct {
	store   store.Store
	commits *directory.Committer

	mu      sync.Mutex
	known   map[string]*directory.Directory
	changed map[string]func()
}

func newDirectories(st store.Store) *directories {
	return &directories{store: st, commits: directory.NewCommitter(st), known: map[string]*directory.Directory{}, changed: map[string]func(){}}
}

func (ds *directories) close() { ds.commits.Close() }

// open returns the directory of a source.
func (ds *directories) open(ctx context.Context, ref string) (*directory.Directory, error) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if d := ds.known[ref]; d != nil {
		return d, nil
	}
	var ep store.EndpointID
	err := ds.store.Update(ctx, func(tx store.Tx) (err error) {
		ep, err = tx.Endpoint(ref)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open the directory of %s: %w", ref, err)
	}
	d := directory.Open(ds.store, ep, ds.commits, time.Now, func() { ds.tell(ref) })
	ds.known[ref] = d
	return d, nil
}

// watch has f called when something in the directory of a source changed.
func (ds *directories) watch(ref string, f func()) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.changed[ref] = f
}

func (ds *directories) tell(ref string) {
	ds.mu.Lock()
	f := ds.changed[ref]
	ds.mu.Unlock()
	if f != nil {
		f()
	}
}

// pushed is a source whose people were pushed: the plugin says what it is, the
// directory is what is read.
type pushed struct {
	*pluginhost.Plugin
	from        *directory.Directory
	description schema.Plugin
}

func newPushed(p *pluginhost.Plugin, d *directory.Directory) *pushed {
	x := &pushed{Plugin: p, from: d, description: *p.Description()}
	x.description.Capabilities.Delta, x.description.Capabilities.Lookup = true, true
	return x
}

// Description is the plugin's, with what the directory can.
func (x *pushed) Description() *schema.Plugin { return &x.description }

// ReadUsers reads the directory.
func (x *pushed) ReadUsers(ctx context.Context, o pluginhost.ReadOptions, sink pluginhost.UserSink) (pluginhost.End, error) {
	return x.from.ReadUsers(ctx, o, sink)
}

// ReadGroups reads the directory.
func (x *pushed) ReadGroups(ctx context.Context, o pluginhost.ReadOptions, sink pluginhost.GroupSink) (pluginhost.End, error) {
	return x.from.ReadGroups(ctx, o, sink)
}

// Lookup asks the directory.
func (x *pushed) Lookup(ctx context.Context, by pluginhost.LookupBy) (pluginhost.Found, error) {
	return x.from.Lookup(ctx, by)
}

// Listener is one source block that clients push to.
type Listener struct {
	Block     *config.Connector
	Socket    string // where its plugin listens
	PublicURL string // what clients know it by, without a trailing slash
}

// Listeners are the source blocks that clients push to. Their plugins are described,
// not started.
func (g *Gateway) Listeners(ctx context.Context) ([]Listener, error) {
	var out []Listener
	seen := map[string]string{}
	for _, block := range g.Config.Sources {
		d, err := g.Plugins.Describe(ctx, block.Type)
		if err != nil {
			return nil, err
		}
		if !d.Has(schema.Listener) {
			continue
		}
		if other := seen[block.Name]; other != "" {
			return nil, fmt.Errorf("%s and %s would both be pushed to at %s%s: give one another name", other, block.Ref(), ingress.Prefix, block.Name)
		}
		seen[block.Name] = block.Ref()
		base := g.Config.Gateway.PublicURL
		if base == "" {
			base = g.Config.Gateway.BaseURL()
		}
		out = append(out, Listener{Block: block, PublicURL: base + ingress.Prefix + block.Name,
			Socket: filepath.Join(g.socketDir(), block.Name+".sock")})
	}
	return out, nil
}

// longestSocket is what every system allows for the path of a unix socket.
const longestSocket = 90

// socketDir is where the sockets of listeners are: below the data directory, unless
// that makes their paths too long.
func (g *Gateway) socketDir() string {
	dir, err := filepath.Abs(filepath.Join(g.Config.Gateway.DataDir, "in"))
	if err != nil || len(dir) > longestSocket {
		return filepath.Join(os.TempDir(), fmt.Sprintf("gateway-in-%d", os.Getpid()))
	}
	return dir
}

// Listen has the plugins of the listeners serve until ctx ends. changed is told of
// every source to which something was pushed, ready is called once when all serve. A
// plugin that breaks is started again by its host; meanwhile its clients are told to
// try again.
func (g *Gateway) Listen(ctx context.Context, listeners []Listener, changed func(ref string), ready func()) error {
	if len(listeners) == 0 {
		ready()
		return nil
	}
	defer runtime.KeepAlive(make([]byte, ballast))
	if err := g.cache(ctx, pages); err != nil {
		return fmt.Errorf("make room for what is pushed: %w", err)
	}
	var waiting sync.WaitGroup
	waiting.Add(len(listeners))
	go func() { waiting.Wait(); ready() }()
	if err := os.MkdirAll(g.socketDir(), 0o700); err != nil {
		return fmt.Errorf("make the folder of the listeners' sockets: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range listeners {
		p, err := g.Plugins.Plugin(ctx, l.Block.Ref())
		if err != nil {
			return err
		}
		d, err := g.Plugins.directories.open(ctx, l.Block.Ref())
		if err != nil {
			return err
		}
		g.Plugins.directories.watch(l.Block.Ref(), func() { changed(l.Block.Ref()) })
		first := sync.OnceFunc(waiting.Done)
		group.Go(func() error {
			defer first()
			return g.listen(ctx, l, p, d, first)
		})
	}
	return group.Wait()
}

// ballast is memory that is never touched, and so takes none. The collector counts it: it
// then collects when requests have left some tens of megabytes, not a few, which it would
// with as little in use as there mostly is.
const ballast = 32 << 20

// pages is how many kilobytes of the database the writer keeps at most while listeners run:
// pushes go to places all over a directory, each of them to others.
const pages = 64 << 10

// pause is how long a listener rests that could not be had serve.
const pause = 500 * time.Millisecond

func (g *Gateway) listen(ctx context.Context, l Listener, p *pluginhost.Plugin, d *directory.Directory, ready func()) error {
	log := g.Log.With("source", l.Block.Ref())
	for ctx.Err() == nil {
		if err := os.Remove(l.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: take its socket: %w", l.Block.Ref(), err)
		}
		serves := func() {
			log.Info("listens", "url", l.PublicURL)
			ready()
		}
		err := p.Listen(ctx, pluginhost.ListenOptions{Socket: l.Socket, PublicURL: l.PublicURL, Ready: serves}, d)
		if err == nil || errors.Is(err, pluginhost.ErrClosed) {
			return nil
		}
		log.Error("the listener broke off", "error", g.Redact.String(err.Error()))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

// Routes are what the front door needs to know of the listeners.
func (g *Gateway) Routes(listeners []Listener) []ingress.Route {
	var out []ingress.Route
	for _, l := range listeners {
		ref, issued := l.Block.Ref(), g.issued(l.Block)
		out = append(out, ingress.Route{Source: l.Block.Name, Socket: l.Socket, Authenticate: func(authorization string) ingress.Caller {
			if t, ok := g.Tokens.Accept(context.Background(), ref, authorization); ok {
				return ingress.Caller{OK: true, Name: t.Name, Scope: access(t.Scope)}
			}
			if name, ok := issued(authorization); ok {
				return ingress.Caller{OK: true, Name: name}
			}
			return ingress.Caller{Pass: true} // the plugin may know it
		}})
	}
	return out
}

// refusalsEvery is how often it is logged, at most, that a token of an issuer was
// refused.
const refusalsEvery = 10 * time.Second

// issued judges tokens that somebody else issues for a source.
func (g *Gateway) issued(block *config.Connector) func(authorization string) (name string, ok bool) {
	j := block.Host.JWT
	if j == nil {
		return func(string) (string, bool) { return "", false }
	}
	x := &token.Issued{Issuer: j.Issuer, Audience: j.Audience, Claims: j.Claims, Keys: token.NewKeys(j.Keys, time.Now), Now: time.Now}
	var mu sync.Mutex
	var said time.Time
	return func(authorization string) (string, bool) {
		name, err := x.Accept(context.Background(), authorization)
		if err == nil {
			return name, true
		}
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); !errors.Is(err, token.ErrUnknown) && now.Sub(said) > refusalsEvery {
			said = now
			g.Log.Warn("a token of the issuer was refused", "source", block.Ref(), "because", err)
		}
		return "", false
	}
}

// access is a token's scope as the front door passes it on.
func access(scope string) string {
	if scope == token.ReadOnly {
		return "read"
	}
	return ""
}

// tokenEntry is what the audit record says of a token.
type tokenEntry struct {
	Did    string `json:"did"`
	Source string `json:"source"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	Scope  string `json:"scope,omitempty"`
}

func (g *Gateway) recordToken(tx store.Tx, who, did string, t store.Token) error {
	return g.Audit.Append(tx, audit.Event{Kind: audit.Token, Who: who, Body: tokenEntry{did, t.Source, t.ID, t.Name, t.Scope}})
}
