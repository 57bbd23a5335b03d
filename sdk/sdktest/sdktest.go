// Package sdktest drives a connector inside a test, through the SDK's own runtime but
// without a process: quick tests of what a connector reads and does. It does not
// replace the conformance kit, which tests the binary.
package sdktest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"syncgateway/sdk"
	"syncgateway/sdk/internal/wire"
	"syncgateway/sdk/record"
)

// Instance is a configured connector.
type Instance struct{ p *sdk.Plugin }

// Open configures a connector; config is written as JSON. What Configure complains of
// fails the test.
//
//	in := sdktest.Open(t, config, func() (*sdk.Plugin, error) { return sdk.SourcePlugin(about, &acme{}) })
func Open(t testing.TB, config any, makes func() (*sdk.Plugin, error)) *Instance {
	t.Helper()
	in, problems := Configure(t, config, makes)
	if problems.Failed() {
		t.Fatalf("configure: %v", problems)
	}
	return in
}

// Configure is Open for tests of what Configure complains of.
func Configure(t testing.TB, config any, makes func() (*sdk.Plugin, error)) (*Instance, sdk.Problems) {
	t.Helper()
	p, err := makes()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return &Instance{p}, p.Configure(t.Context(), record.ConfigureRequest{Instance: "test", JSON: data, StateDir: t.TempDir()})
}

// Check runs the steps.
func (in *Instance) Check(ctx context.Context) ([]record.CheckStep, error) {
	var steps []record.CheckStep
	err := in.p.Check(ctx, func(s record.CheckStep) error { steps = append(steps, s); return nil })
	return steps, err
}

// Read is what a read sent. At most one of Complete, Failure and Reset is set.
type Read struct {
	Users          []sdk.User
	Groups         []sdk.Group
	Members        map[string][]string // user ids by group
	Children       map[string][]string
	Removed        []string
	RemovedMembers map[string][]string
	Replaced       []string
	Protected      []sdk.Protected
	Quotas         []sdk.Quota
	Notices        []record.Notice
	Waits          []string
	Checkpoints    [][]byte
	UserPages      []record.UserPage // as they went over the wire
	GroupPages     []record.GroupPage
	Complete       *record.Complete
	Failure        *sdk.Failure
	Reset          string
}

// Users reads users from a source.
func (in *Instance) Users(ctx context.Context, req sdk.ReadRequest) (*Read, error) {
	r := newRead()
	return r, in.p.Source.ReadUsers(ctx, req, r.sink())
}

// Groups reads groups from a source.
func (in *Instance) Groups(ctx context.Context, req sdk.ReadRequest) (*Read, error) {
	r := newRead()
	return r, in.p.Source.ReadGroups(ctx, req, r.sink())
}

// Lookup asks a source for one record.
func (in *Instance) Lookup(ctx context.Context, req sdk.LookupRequest) (sdk.Found, error) {
	return in.p.Source.Lookup(ctx, req)
}

// State reads a target.
func (in *Instance) State(ctx context.Context, req sdk.StateRequest) (*Read, error) {
	r := newRead()
	return r, in.p.Target.ReadState(ctx, req, r.sink())
}

// Apply carries out operations and returns the results by operation id.
func (in *Instance) Apply(ctx context.Context, ops ...sdk.Operation) (map[string]sdk.Result, error) {
	sink := results{}
	err := in.p.Target.Apply(ctx, "test", ops, sink)
	return sink, err
}

// GroupUsage asks a target where groups are used.
func (in *Instance) GroupUsage(ctx context.Context, groupIDs ...string) (sdk.GroupUsage, error) {
	return in.p.Target.GroupUsage(ctx, groupIDs)
}

type results map[string]sdk.Result

func (r results) Result(x sdk.Result) error           { r[x.OperationID] = x; return nil }
func (results) Waiting(string, time.Time) error       { return nil }
func (r *Read) sink() *sink                           { return &sink{r} }
func add(m map[string][]string, k string, v []string) { m[k] = append(m[k], v...) }

func newRead() *Read {
	return &Read{Members: map[string][]string{}, Children: map[string][]string{}, RemovedMembers: map[string][]string{}}
}

type sink struct{ r *Read }

var _ interface {
	wire.UserSink
	wire.GroupSink
	wire.StateSink
} = (*sink)(nil)

func (s *sink) Users(p record.UserPage) error {
	s.r.Users, s.r.Removed = append(s.r.Users, p.Users...), append(s.r.Removed, p.Removed...)
	s.r.UserPages = append(s.r.UserPages, record.UserPage{Users: slices.Clone(p.Users), Removed: slices.Clone(p.Removed)})
	return nil
}

func (s *sink) Groups(p record.GroupPage) error {
	s.r.Groups, s.r.Removed = append(s.r.Groups, p.Groups...), append(s.r.Removed, p.Removed...)
	s.r.Replaced = append(s.r.Replaced, p.Replace...)
	s.r.GroupPages = append(s.r.GroupPages, record.GroupPage{Groups: slices.Clone(p.Groups), Members: slices.Clone(p.Members),
		Removed: slices.Clone(p.Removed), RemovedMembers: slices.Clone(p.RemovedMembers), Replace: slices.Clone(p.Replace)})
	for _, m := range p.RemovedMembers {
		add(s.r.RemovedMembers, m.GroupID, slices.Concat(m.UserIDs, m.ChildIDs))
	}
	return s.members(p.Members)
}

func (s *sink) State(p record.StatePage) error {
	s.r.Users, s.r.Groups = append(s.r.Users, p.Users...), append(s.r.Groups, p.Groups...)
	s.r.Protected, s.r.Quotas = append(s.r.Protected, p.Protected...), append(s.r.Quotas, p.Quotas...)
	return s.members(p.Members)
}

func (s *sink) members(list []record.Members) error {
	for _, m := range list {
		add(s.r.Members, m.GroupID, m.UserIDs)
		add(s.r.Children, m.GroupID, m.ChildIDs)
	}
	return nil
}

func (s *sink) Checkpoint(resume []byte) error {
	s.r.Checkpoints = append(s.r.Checkpoints, slices.Clone(resume))
	return nil
}

func (s *sink) Notice(n record.Notice) error { s.r.Notices = append(s.r.Notices, n); return nil }
func (s *sink) Waiting(reason string, _ time.Time) error {
	s.r.Waits = append(s.r.Waits, reason)
	return nil
}
func (s *sink) Complete(c record.Complete) error { s.r.Complete = &c; return nil }
func (s *sink) Failure(f *record.Failure) error  { s.r.Failure = f; return nil }
func (s *sink) Reset(reason string) error        { s.r.Reset = reason; return nil }
