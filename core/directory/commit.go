package directory

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"syncgateway/core/pluginhost"
	"syncgateway/core/store"
)

// Committer commits writes of many callers together: while one transaction is being
// made durable the next writes gather, and share the one after it. There is one for
// each store.
type Committer struct {
	store store.Store
	queue chan *write
	done  chan struct{}
	close sync.Once
	quit  chan struct{}
}

// together is how many writes share a transaction at the most.
const together = 256

type write struct {
	ctx  context.Context
	f    func(store.Tx) error
	err  error
	done chan struct{}
}

// ErrClosed: the committer has been closed; nothing was written.
var ErrClosed = errors.New("the directory is closed")

// NewCommitter starts a committer. Close it before the store.
func NewCommitter(st store.Store) *Committer {
	c := &Committer{store: st, queue: make(chan *write, together), done: make(chan struct{}), quit: make(chan struct{})}
	go c.run()
	return c
}

// Do runs f in a transaction, which it may share with others, and returns nil when that
// is durable. f returns a *pluginhost.Failure as long as it has written nothing, or has
// undone it; of any other error the transaction ends. Who stops waiting does not learn
// what became of it.
func (c *Committer) Do(ctx context.Context, f func(store.Tx) error) error {
	w := &write{ctx: ctx, f: f, done: make(chan struct{})}
	select {
	case c.queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		return ErrClosed
	}
	select {
	case <-w.done:
		return w.err
	case <-c.done:
		select {
		case <-w.done:
			return w.err
		default:
			return ErrClosed
		}
	}
}

// Close commits what has been asked for and ends.
func (c *Committer) Close() {
	c.close.Do(func() { close(c.quit) })
	<-c.done
}

func (c *Committer) run() {
	defer close(c.done)
	for {
		select {
		case w := <-c.queue:
			c.commit(c.gather(w))
		case <-c.quit:
			for {
				select {
				case w := <-c.queue:
					c.commit(c.gather(w))
				default:
					return
				}
			}
		}
	}
}

// yields is how often those who can go on are let to before a transaction begins. What
// they are about to write shares it then, and a transaction costs as much as several
// writes.
const yields = 3

// gather takes what waits, and what comes without waiting for it: a window would only
// delay.
func (c *Committer) gather(first *write) []*write {
	batch := []*write{first}
	for yielded := 0; len(batch) < together; {
		select {
		case w := <-c.queue:
			batch = append(batch, w)
		default:
			if yielded == yields {
				return batch
			}
			yielded++
			runtime.Gosched()
		}
	}
	return batch
}

// commit makes a batch durable. An error of the store concerns all of it: nothing was
// kept, and everybody is told so.
func (c *Committer) commit(batch []*write) {
	err := c.store.Update(context.Background(), func(tx store.Tx) error {
		for _, w := range batch {
			if w.err = w.ctx.Err(); w.err != nil {
				continue
			}
			w.err = w.f(tx)
			var refused *pluginhost.Failure
			if w.err != nil && !errors.As(w.err, &refused) {
				return w.err
			}
		}
		return nil
	})
	for _, w := range batch {
		if err != nil {
			w.err = err
		}
		close(w.done)
	}
}
