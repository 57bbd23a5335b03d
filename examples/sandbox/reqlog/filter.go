package reqlog

import (
	"context"
	"sync"

	"syncgateway/examples/sandbox/internal/glob"
)

// Filter selects entries; its zero value selects all of them.
type Filter struct {
	After   int64  // only entries with a higher number
	Server  string // okta, api or site
	Method  string
	Path    string // glob: * is one segment, ** any number of them
	Op      string // only entries with an effect of this operation
	Effects bool   // only entries that changed something
}

func (f Filter) selects(e Entry) bool {
	switch {
	case e.Seq <= f.After,
		f.Server != "" && f.Server != e.Server,
		f.Method != "" && f.Method != e.Method,
		f.Effects && len(e.Effects) == 0,
		f.Path != "" && !glob.Match(f.Path, e.Path):
		return false
	}
	return f.Op == "" || hasOp(e.Effects, f.Op)
}

func hasOp(effects []Effect, op string) bool {
	for _, e := range effects {
		if e.Op == op {
			return true
		}
	}
	return false
}

// Record gathers the effects of one request while it is served. Log.NewRecord makes it.
type Record struct {
	log     *Log
	mu      sync.Mutex
	effects []Effect
}

// Add notes a change and numbers it, so it is to be called while the lock is held under which the change was made. It
// may be called on a nil Record, which drops it.
func (r *Record) Add(e Effect) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e.N = r.log.effects.Add(1)
	r.effects = append(r.effects, e)
}

// Effects returns what was noted so far.
func (r *Record) Effects() []Effect {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Effect(nil), r.effects...)
}

type recordKey struct{}

// WithRecord returns a context that carries the record.
func WithRecord(ctx context.Context, r *Record) context.Context {
	return context.WithValue(ctx, recordKey{}, r)
}

// FromContext returns the request's record, or nil outside a logged request.
func FromContext(ctx context.Context) *Record {
	r, _ := ctx.Value(recordKey{}).(*Record)
	return r
}
