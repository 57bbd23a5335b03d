package httpx

import (
	"context"
	"time"
)

// Clock is where a client takes the time from.
type Clock interface {
	Now() time.Time
	// Sleep waits, and returns the context's error when it ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

// WithClock replaces the clock, and the jitter of retries by none, for tests.
func WithClock(clock Clock) Option {
	return func(c *Client) { c.clock, c.jitter = clock, func() float64 { return 1 } }
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
