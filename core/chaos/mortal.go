package chaos

import (
	"context"
	"errors"
	"sync"

	"syncgateway/core/engine"
	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// errKilled is what everything ends in once the host is dead.
var errKilled = errors.New("the host was killed")

// life is a host that dies at one of its commits: what is durable then is what a
// SIGKILL leaves, and nothing is asked of a plugin any more. Real kills are the business
// of the processes half.
type life struct {
	store.Store
	engine.Connectors
	cancel context.CancelFunc

	mu     sync.Mutex
	left   int  // commits until it dies; 0: it does not
	before bool // the commit is lost, though what it tells of has happened
	dead   bool
}

func (l *life) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

// step counts a commit. It is true when this is the one to die at.
func (l *life) step() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left--
	if l.left == 0 {
		l.dead = true
	}
	return l.dead
}

// Update implements store.Store.
func (l *life) Update(ctx context.Context, f func(store.Tx) error) error {
	if l.over() {
		return errKilled
	}
	dies := l.step()
	if dies {
		defer l.cancel()
		if l.before {
			return errKilled
		}
	}
	err := l.Store.Update(ctx, f)
	if dies {
		return errKilled
	}
	return err
}

// View implements store.Store.
func (l *life) View(ctx context.Context, f func(store.Reader) error) error {
	if l.over() {
		return errKilled
	}
	return l.Store.View(ctx, f)
}

// Views implements store.Store.
func (l *life) Views(ctx context.Context, f func(a, b store.Reader) error) error {
	if l.over() {
		return errKilled
	}
	return l.Store.Views(ctx, f)
}

// Get implements engine.Connectors.
func (l *life) Get(ctx context.Context, ref string) (engine.Connector, error) {
	c, err := l.Connectors.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return mortal{c, l}, nil
}

// mortal is a connector of a host that may be dead.
type mortal struct {
	engine.Connector
	life *life
}

// Apply implements engine.Connector.
func (m mortal) Apply(ctx context.Context, run string, ops []pluginhost.Operation, result func(pluginhost.Result)) error {
	if m.life.over() {
		return errKilled
	}
	return m.Connector.Apply(ctx, run, ops, result)
}
