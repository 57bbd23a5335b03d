package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"syncgateway/core/engine"
	"syncgateway/core/pluginhost"
)

// The plugins of the fast half.
const (
	sourceType = "httpdir-source"
	targetType = "httpdir-target"
)

// refs are the addresses of the blocks by system.
var refs = map[string]string{
	"corp": "source." + sourceType + ".corp", "annex": "source." + sourceType + ".annex", "app": "target." + targetType + ".app",
}

// plugins are real processes behind the real contract. They serve one seed after the
// other: what they know of the world is its address.
type plugins struct {
	url  string
	host *pluginhost.Host

	mu      sync.Mutex
	running map[string]*pluginhost.Plugin
	killed  []string // addresses of those that were killed
}

// startPlugins locks the binaries in dir and makes ready to start them.
func startPlugins(ctx context.Context, dir, state, url string) (*plugins, error) {
	path := filepath.Join(state, "gateway.lock.hcl")
	if _, err := pluginhost.LockPlugins(ctx, dir, path, []string{sourceType, targetType}, pluginhost.Options{}); err != nil {
		return nil, err
	}
	lock, err := pluginhost.LoadLock(path)
	if err != nil {
		return nil, err
	}
	return &plugins{url: url, running: map[string]*pluginhost.Plugin{},
		host: pluginhost.New(pluginhost.Options{PluginDir: dir, Lock: lock, StartTimeout: time.Minute})}, nil
}

// Get implements engine.Connectors.
func (p *plugins) Get(ctx context.Context, ref string) (engine.Connector, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if running := p.running[ref]; running != nil {
		return running, nil
	}
	for system, address := range refs {
		if address != ref {
			continue
		}
		typ := sourceType
		if system == "app" {
			typ = targetType
		}
		config, _ := json.Marshal(map[string]any{"url": p.url + "/" + system, "instant": true}) // plain data: cannot fail
		started, err := p.host.Start(ctx, pluginhost.Instance{Address: ref, Type: typ, Config: config})
		if err != nil {
			return nil, err
		}
		p.running[ref] = started
		return started, nil
	}
	return nil, fmt.Errorf("there is no %s", ref)
}

// kill kills the process behind a system.
func (p *plugins) kill(system string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if running := p.running[refs[system]]; running != nil {
		if pid := running.Status().PID; pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
			p.killed = append(p.killed, refs[system])
		}
	}
}

// renew gives up the plugins that were killed: they are started again when they are
// needed, as by a gateway that is started again, which has no crashes to wait for.
func (p *plugins) renew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ref := range p.killed {
		if running := p.running[ref]; running != nil {
			running.Close()
			delete(p.running, ref)
		}
	}
	p.killed = nil
}

func (p *plugins) close() { p.host.Close() }
