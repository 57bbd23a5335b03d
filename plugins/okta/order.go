package okta

import (
	"context"
	"sync"
)

// inOrder reads something about every item, at most n at a time, and hands it to take
// in the order of the items. The first error of take ends it; nothing runs on after it
// returned.
func inOrder[T, R any](ctx context.Context, n int, items []T, read func(context.Context, T) (R, error), take func(T, R, error) error) error {
	type result struct {
		value R
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	slots := make([]chan result, len(items))
	start := func(i int) {
		if i >= len(items) {
			return
		}
		slots[i] = make(chan result, 1)
		running.Go(func() {
			value, err := read(ctx, items[i])
			slots[i] <- result{value, err}
		})
	}
	for i := range min(n, len(items)) {
		start(i)
	}
	for i := range items {
		got := <-slots[i]
		slots[i] = nil
		start(i + n)
		if err := take(items[i], got.value, got.err); err != nil {
			return err
		}
	}
	return ctx.Err()
}
