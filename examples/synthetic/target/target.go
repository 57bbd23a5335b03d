// Package target is a synthetic target: an account store in memory that takes as long
// for each call as it is told to. It stands in for a perfect remote system in
// benchmarks; it is no example of how to write a connector.
package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"syncgateway/examples/synthetic/crowd"
	"syncgateway/sdk"
	"syncgateway/sdk/schema"
)

// About describes the plugin.
func About(version string) sdk.About {
	return sdk.About{
		Type: "synthetic-target", Version: version, Summary: "Accounts in memory, for benchmarks.",
		Config: schema.Of(
			schema.Int("in_flight").Default(8).Min(1).Doc("Operations of one batch that are carried out side by side."),
			schema.Int("users").Default(0).Min(0).Doc("Accounts that are there from the beginning, as the synthetic source has people."),
			schema.Int("groups").Default(0).Min(0).Doc("Groups that are there from the beginning."),
			schema.Int("per_user").Default(0).Min(0).Doc("Groups each account is in."),
			schema.String("control").Doc("A JSON file {\"latency\":\"20ms\",\"rate\":500}: how long a call takes, and how many are allowed in a second."),
		),
		Kinds: []sdk.Kind{
			{Name: "user", Shape: sdk.UserShape,
				Attributes: []sdk.KindAttribute{{Name: "username", Writable: true}, {Name: "email", Writable: true},
					{Name: "display_name", Writable: true}, {Name: "department", Writable: true}},
				Operations: []sdk.OperationKind{sdk.CreateUser, sdk.UpdateUser, sdk.ActivateUser, sdk.DeactivateUser, sdk.DeleteUser}},
			{Name: "group", Shape: sdk.GroupShape, CaseInsensitiveNames: true,
				Operations: []sdk.OperationKind{sdk.CreateGroup, sdk.DeleteGroup, sdk.AddMember, sdk.RemoveMember}},
		},
		Capabilities: sdk.Capabilities{MaxBatch: 1000, Concurrency: 2},
	}
}

// Config is the plugin's block.
type Config struct {
	crowd.Size
	InFlight int    `json:"in_flight"`
	Control  string `json:"control"`
}

// Control is the content of the control file.
type Control struct {
	Latency sdk.Duration `json:"latency"`
	Rate    float64      `json:"rate"` // calls a second; 0: as many as come
}

// Target is the connector.
type Target struct {
	c     Config
	calls atomic.Int64 // a remote system would have got
	pace  Pace
	mu    sync.Mutex
	held  accounts
}

// Configure implements sdk.Target.
func (t *Target) Configure(_ context.Context, c Config) error {
	t.c, t.held = c, provisioned(c.Size)
	return nil
}

// Check implements sdk.Target.
func (t *Target) Check(_ context.Context, steps sdk.Steps) {
	steps.Run("read the control file", func() error { _, err := t.control(); return err })
	steps.Run("remote calls", func() error { steps.Detailf("%d", t.calls.Load()); return nil })
}

func (t *Target) control() (c Control, err error) {
	if t.c.Control == "" {
		return c, nil
	}
	b, err := os.ReadFile(t.c.Control)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the control file: %w", err)
	}
	return c, json.Unmarshal(b, &c)
}

// pageSize is how many records a remote system would give in a call.
const pageSize = 500

func (t *Target) listed(n int) { t.calls.Add(int64(max(1, (n+pageSize-1)/pageSize))) }

// Apply implements sdk.BatchApplier: in_flight operations at a time, each as slow as
// it is told to be. Those that make something come first.
func (t *Target) Apply(_ context.Context, ops []sdk.Operation, results *sdk.ResultWriter) error {
	c, err := t.control()
	if err != nil {
		return err
	}
	var making, rest []sdk.Operation
	for _, op := range ops {
		if op.Kind == sdk.CreateUser || op.Kind == sdk.CreateGroup {
			making = append(making, op)
		} else {
			rest = append(rest, op)
		}
	}
	t.side(making, c, results)
	t.side(rest, c, results)
	return nil
}

// side carries operations out side by side.
func (t *Target) side(ops []sdk.Operation, c Control, results *sdk.ResultWriter) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(t.c.InFlight, len(ops)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(ops); i = int(next.Add(1)) - 1 {
				t.one(ops[i], c, results)
			}
		})
	}
	wg.Wait()
}

func (t *Target) one(op sdk.Operation, c Control, results *sdk.ResultWriter) {
	op, refused, ok := results.Ready(op)
	if !ok {
		results.Done(op.ID, refused)
		return
	}
	t.calls.Add(1)
	if c.Rate > 0 {
		time.Sleep(time.Until(t.pace.Slot(c.Rate)))
	}
	if c.Latency > 0 {
		time.Sleep(time.Duration(c.Latency)) // the pretended remote call
	}
	t.mu.Lock()
	r := t.held.carryOut(op)
	t.mu.Unlock()
	results.Done(op.ID, r)
}

// Pace gives calls their times, evenly. It is safe for concurrent use.
type Pace struct {
	mu   sync.Mutex
	next time.Time
}

// Slot is when the next call is allowed.
func (p *Pace) Slot(rate float64) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.next.Before(now) {
		p.next = now
	}
	slot := p.next
	p.next = slot.Add(time.Duration(float64(time.Second) / rate))
	return slot
}

var _ sdk.BatchApplier = (*Target)(nil)
