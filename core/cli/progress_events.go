package cli

import (
	"encoding/json"
	"io"
	"math"
	"sync"
	"time"

	"syncgateway/core/engine"
)

// eventsEvery is how often an event tells of the same stage again.
const eventsEvery = time.Second

// events are for programs: a line of JSON for every stage, pause and second.
type events struct {
	mu   sync.Mutex
	w    io.Writer
	last engine.Progress
}

// progressEvent is such a line; docs/operations.md has its fields.
type progressEvent struct {
	Type string `json:"type"` // "progress"
	engine.Progress
	Rate float64 `json:"rate,omitempty"`         // of Unit, in a second
	Left float64 `json:"left_seconds,omitempty"` // at that rate
}

// Write implements display.
func (e *events) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.w.Write(b)
}

func (e *events) take(p engine.Progress) {
	e.mu.Lock()
	defer e.mu.Unlock()
	same := p.Run == e.last.Run && p.Stage == e.last.Stage && p.Of == e.last.Of && p.Unit == e.last.Unit && p.Waiting == e.last.Waiting
	if same && p.At.Sub(e.last.At) < eventsEvery && p.Done != p.Total {
		return
	}
	e.last = p
	line := progressEvent{Type: "progress", Progress: p, Rate: tenth(p.Rate()), Left: tenth(p.Left().Seconds())}
	_ = json.NewEncoder(e.w).Encode(line) // the reader may be gone
}

func tenth(x float64) float64 { return math.Round(x*10) / 10 }

func (e *events) end() {}
