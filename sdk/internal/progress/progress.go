// Package progress carries, in a context, where to say that a remote system asked
// for patience. The SDK puts it there, the HTTP client speaks to it.
package progress

import (
	"context"
	"time"
)

// Func is told why work stands still, and until when.
type Func func(reason string, until time.Time)

type key struct{}

// With returns a context whose Waiting goes to f.
func With(ctx context.Context, f Func) context.Context { return context.WithValue(ctx, key{}, f) }

// Waiting tells whoever listens in ctx, if anyone.
func Waiting(ctx context.Context, reason string, until time.Time) {
	if f, ok := ctx.Value(key{}).(Func); ok {
		f(reason, until)
	}
}
