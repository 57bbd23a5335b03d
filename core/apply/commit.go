package apply

import (
	"context"

	"syncgateway/core/store"
)

// committer writes what several callers have to say in one transaction: whoever comes
// while a commit runs is in the next one. There is no timer, so nobody waits for
// company.
type committer struct {
	st   store.Store
	jobs chan job
	done chan struct{}
}

type job struct {
	write func(store.Tx) error
	reply chan error
}

func newCommitter(st store.Store) *committer {
	c := &committer{st: st, jobs: make(chan job, 64), done: make(chan struct{})}
	go c.loop()
	return c
}

func (c *committer) close() {
	close(c.jobs)
	<-c.done
}

// do runs write in a transaction and returns when it is durable. One that fails takes
// the others of its transaction with it, which are then tried one by one.
func (c *committer) do(ctx context.Context, write func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := job{write, make(chan error, 1)}
	c.jobs <- j
	return <-j.reply
}

func (c *committer) loop() {
	defer close(c.done)
	for first := range c.jobs {
		batch := []job{first}
		for more := true; more; {
			select {
			case j, ok := <-c.jobs:
				if more = ok; ok {
					batch = append(batch, j)
				}
			default:
				more = false
			}
		}
		c.commit(batch)
	}
}

func (c *committer) commit(batch []job) {
	err := c.st.Update(context.Background(), func(tx store.Tx) error {
		for _, j := range batch {
			if err := j.write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && len(batch) > 1 {
		for _, j := range batch {
			c.commit([]job{j})
		}
		return
	}
	for _, j := range batch {
		j.reply <- err
	}
}
