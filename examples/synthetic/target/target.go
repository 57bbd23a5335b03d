// Package target is a synthetic target: an account store in memory that takes as long
// for each call as it is told to. It stands in for a perfect remote system in
// benchmarks; it is no example of how to write a connector.
package target

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"syncgateway/sdk"
	"syncgateway/sdk/schema"
)

// About describes the plugin.
func About(version string) sdk.About {
	return sdk.About{
		Type: "synthetic-target", Version: version, Summary: "Accounts in memory, for benchmarks.",
		Config: schema.Of(
			schema.Duration("latency").Default(time.Duration(0)).Doc("How long each operation takes."),
			schema.Int("in_flight").Default(8).Min(1).Doc("Operations carried out side by side."),
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
	Latency  sdk.Duration `json:"latency"`
	InFlight int          `json:"in_flight"`
}

// Target is the connector.
type Target struct {
	c       Config
	mu      sync.Mutex
	users   map[string]sdk.User
	groups  map[string]sdk.Group
	byName  map[string]string
	members map[string]map[string]bool // by group
}

// Configure implements sdk.Target.
func (t *Target) Configure(_ context.Context, c Config) error {
	t.c = c
	t.users, t.groups, t.byName = map[string]sdk.User{}, map[string]sdk.Group{}, map[string]string{}
	t.members = map[string]map[string]bool{}
	return nil
}

// Check implements sdk.Target.
func (t *Target) Check(_ context.Context, steps sdk.Steps) {
	steps.Run("answer", func() error { return nil })
}

// ReadState implements sdk.Target.
func (t *Target) ReadState(_ context.Context, req sdk.StateRequest, w *sdk.StateWriter) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if req.Targeted() {
		return t.readSome(req, w)
	}
	for _, id := range slices.Sorted(maps.Keys(t.users)) {
		if err := w.AddUsers(t.users[id]); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(t.groups)) {
		if err := w.AddGroups(t.groups[id]); err != nil {
			return err
		}
		if ms := slices.Sorted(maps.Keys(t.members[id])); len(ms) > 0 {
			if err := w.AddMembers(id, ms...); err != nil {
				return err
			}
		}
	}
	return w.Complete(nil)
}

func (t *Target) readSome(req sdk.StateRequest, w *sdk.StateWriter) error {
	for id, u := range t.users {
		if !slices.Contains(req.UserIDs, id) && !slices.Contains(req.Emails, u.Email) {
			continue
		}
		if err := w.AddUsers(u); err != nil {
			return err
		}
		for g, ms := range t.members {
			if ms[id] {
				if err := w.AddMembers(g, id); err != nil {
					return err
				}
			}
		}
	}
	for id, g := range t.groups {
		if slices.Contains(req.GroupIDs, id) || slices.Contains(req.GroupNames, g.Name) {
			if err := w.AddGroups(g); err != nil {
				return err
			}
		}
	}
	return w.Complete(nil)
}

// Apply implements sdk.BatchApplier: in_flight operations at a time, each as slow as
// it is told to be. Those that make something come first.
func (t *Target) Apply(_ context.Context, ops []sdk.Operation, results *sdk.ResultWriter) error {
	var making, rest []sdk.Operation
	for _, op := range ops {
		if op.Kind == sdk.CreateUser || op.Kind == sdk.CreateGroup {
			making = append(making, op)
		} else {
			rest = append(rest, op)
		}
	}
	t.side(making, results)
	t.side(rest, results)
	return nil
}

func (t *Target) side(ops []sdk.Operation, results *sdk.ResultWriter) {
	work := make(chan sdk.Operation)
	var wg sync.WaitGroup
	for range min(t.c.InFlight, len(ops)) {
		wg.Go(func() {
			for op := range work {
				t.one(op, results)
			}
		})
	}
	for _, op := range ops {
		work <- op
	}
	close(work)
	wg.Wait()
}

func (t *Target) one(op sdk.Operation, results *sdk.ResultWriter) {
	op, refused, ok := results.Ready(op)
	if !ok {
		results.Done(op.ID, refused)
		return
	}
	if d := time.Duration(t.c.Latency); d > 0 {
		time.Sleep(d) // the pretended remote call
	}
	t.mu.Lock()
	r := t.carryOut(op)
	t.mu.Unlock()
	results.Done(op.ID, r)
}

func (t *Target) carryOut(op sdk.Operation) sdk.Result {
	switch op.Kind {
	case sdk.CreateUser:
		u := op.User
		u.ID = fmt.Sprintf("a%08d", len(t.users))
		t.users[u.ID] = u
		return sdk.Applied(u.ID)
	case sdk.CreateGroup:
		if id, ok := t.byName[op.Group.Name]; ok {
			return sdk.Already(id)
		}
		g := sdk.Group{ID: fmt.Sprintf("t%06d", len(t.groups)), Name: op.Group.Name}
		t.groups[g.ID], t.byName[g.Name], t.members[g.ID] = g, g.ID, map[string]bool{}
		return sdk.Applied(g.ID)
	case sdk.AddMember, sdk.RemoveMember:
		return t.membership(op)
	}
	return t.change(op)
}

func (t *Target) membership(op sdk.Operation) sdk.Result {
	set := t.members[op.Member.GroupID]
	if set == nil {
		return sdk.Failed(sdk.NotFound("there is no group %s", op.Member.GroupID))
	}
	if set[op.Member.UserID] == (op.Kind == sdk.AddMember) {
		return sdk.Already("")
	}
	if op.Kind == sdk.AddMember {
		set[op.Member.UserID] = true
	} else {
		delete(set, op.Member.UserID)
	}
	return sdk.Applied("")
}

func (t *Target) change(op sdk.Operation) sdk.Result {
	u, ok := t.users[op.User.ID]
	if !ok {
		return sdk.Failed(sdk.NotFound("there is no account %s", op.User.ID))
	}
	switch op.Kind {
	case sdk.UpdateUser:
		for _, name := range op.Changed {
			update(&u, &op.User, name)
		}
	case sdk.ActivateUser, sdk.DeactivateUser:
		u.Active = op.Kind == sdk.ActivateUser
	case sdk.DeleteUser:
		delete(t.users, u.ID)
		for _, ms := range t.members {
			delete(ms, u.ID)
		}
		return sdk.Applied("")
	default:
		return sdk.Failed(sdk.Unsupported("%s is not possible here", op.Kind))
	}
	t.users[u.ID] = u
	return sdk.Applied("")
}

func update(u, from *sdk.User, name string) {
	switch name {
	case "username":
		u.Username = from.Username
	case "email":
		u.Email = from.Email
	case "display_name":
		u.DisplayName = from.DisplayName
	case "attributes.department":
		u.Attributes = slices.Clone(u.Attributes)
		u.Attributes.Set("department", from.Attributes.Get("department")...)
	}
}

var _ sdk.BatchApplier = (*Target)(nil)
