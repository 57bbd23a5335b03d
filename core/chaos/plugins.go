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
	dir, url string
	lock     *pluginhost.Lock

	mu      sync.Mutex
	host    *pluginhost.Host
	running map[string]*pluginhost.Plugin
	killed  bool
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
	p := &plugins{dir: dir, url: url, lock: lock}
	p.fresh()
	return p, nil
}

func (p *plugins) fresh() {
	p.host = pluginhost.New(pluginhost.Options{PluginDir: p.dir, Lock: p.lock, StartTimeout: time.Minute})
	p.running, p.killed = map[string]*pluginhost.Plugin{}, false
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
		if pid := running.Status().PID; pid > 0 {
			p.killed = syscall.Kill(pid, syscall.SIGKILL) == nil
		}
	}
}

// renew starts over after a kill, as a gateway that is started again does.
func (p *plugins) renew() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		p.host.Close()
		p.fresh()
	}
}

func (p *plugins) close() { p.host.Close() }
