package jiracloud_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/reqlog"
	jiracloud "syncgateway/plugins/jira-cloud"
	"syncgateway/sdk"
	"syncgateway/sdk/sdktest"
)

// clock is a clock for the connector and the stand-ins alike: sleeping moves it on.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 2, 3, 9, 0, 12, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), c.slept+d
	return ctx.Err()
}

// bench is a sandbox with a connector opened on it.
type bench struct {
	*sandbox.Sandbox
	t     *testing.T
	in    *sdktest.Instance
	clock *clock
	ops   int
}

func open(t *testing.T, o sandbox.Options, change ...func(map[string]any)) *bench {
	t.Helper()
	b := &bench{t: t, clock: newClock()}
	o.Seed, o.WithoutOAuth, o.Now = 1, true, b.clock.Now
	if o.People == 0 {
		o.People = 60
	}
	sb, err := sandbox.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	b.Sandbox = sb
	t.Cleanup(func() { b.honoured(b.Log.Entries(reqlog.Filter{})) })
	b.in = b.reopen(change...)
	return b
}

func (b *bench) config(change ...func(map[string]any)) map[string]any {
	env := b.Env()
	config := map[string]any{
		"site": env["JIRA_SITE_URL"], "org_id": env["ATLASSIAN_ORG_ID"], "api_key": env["ATLASSIAN_ORG_KEY"],
		"email": env["JIRA_EMAIL"], "api_token": env["JIRA_API_TOKEN"], "admin_url": env["ATLASSIAN_API_URL"],
	}
	for _, f := range jiracloud.About("test").Config.Fields {
		if _, given := config[f.Name]; !given && f.Default != nil {
			config[f.Name] = f.Default
		}
	}
	for _, c := range change {
		c(config)
	}
	return config
}

func (b *bench) plugin() (*sdk.Plugin, error) {
	return sdk.TargetPlugin(jiracloud.About("test"), &jiracloud.Target{Clock: b.clock})
}

func (b *bench) reopen(change ...func(map[string]any)) *sdktest.Instance {
	b.t.Helper()
	return sdktest.Open(b.t, b.config(change...), b.plugin)
}

func with(name string, value any) func(map[string]any) {
	return func(c map[string]any) { c[name] = value }
}

func (b *bench) read(req sdk.StateRequest) *sdktest.Read {
	b.t.Helper()
	r, err := b.in.State(b.t.Context(), req)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// apply carries out operations, which get ids in their order: "1", "2".
func (b *bench) apply(ops ...sdk.Operation) []sdk.Result {
	b.t.Helper()
	for i := range ops {
		if ops[i].ID == "" {
			b.ops++
			ops[i].ID = "op" + string(rune('a'+b.ops/26%26)) + string(rune('a'+b.ops%26))
		}
	}
	got, err := b.in.Apply(b.t.Context(), ops...)
	if err != nil {
		b.t.Fatal(err)
	}
	out := make([]sdk.Result, len(ops))
	for i, op := range ops {
		r, ok := got[op.ID]
		if !ok {
			b.t.Fatalf("no result for operation %d", i)
		}
		out[i] = r
	}
	return out
}

func (b *bench) want(r sdk.Result, o sdk.Outcome) sdk.Result {
	b.t.Helper()
	if r.Outcome != o {
		b.t.Fatalf("outcome %d, want %d (%v)", r.Outcome, o, r.Failure)
	}
	return r
}

func (b *bench) refused(r sdk.Result, why sdk.Reason, text string) {
	b.t.Helper()
	if r.Outcome != sdk.OutcomeFailed || r.Failure.Reason != why || !strings.Contains(r.Failure.Error(), text) {
		b.t.Errorf("outcome %d (%v), want a failure by %s with %q", r.Outcome, r.Failure, why, text)
	}
}

func (b *bench) effects() []string {
	var out []string
	for _, e := range b.Log.Effects(reqlog.Filter{}) {
		e.Detail = ""
		out = append(out, strings.ToLower(e.String()))
	}
	slices.Sort(out)
	return out
}

// changed reports what changed since the log was forgotten, and forgets it.
func (b *bench) changed(want ...string) {
	b.t.Helper()
	for i := range want {
		want[i] = strings.ToLower(want[i])
	}
	slices.Sort(want)
	if got := b.effects(); !slices.Equal(got, want) {
		b.t.Errorf("effects:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	b.honoured(b.Log.Entries(reqlog.Filter{}))
	b.Log.Reset()
}

func (b *bench) fault(r fault.Rule) func() {
	b.t.Helper()
	id, err := b.Faults.Add(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return func() {
		b.t.Helper()
		if b.Faults.Fired(id) == 0 {
			b.t.Errorf("the fault %s never fired", r.Kind)
		}
	}
}

func (b *bench) id(email string) string {
	b.t.Helper()
	u, ok := b.Atlassian.User(email)
	if !ok {
		b.t.Fatalf("no account %s", email)
	}
	return u.ID
}

func (b *bench) group(name string) string {
	b.t.Helper()
	g, ok := b.Atlassian.Group(name)
	if !ok {
		b.t.Fatalf("no group %s", name)
	}
	return g.ID
}

func (b *bench) create(id, email string) sdk.Operation {
	return sdk.Operation{ID: id, Kind: sdk.CreateUser, User: sdk.User{Email: email, DisplayName: "New Person", Active: true}}
}

func (b *bench) joins(create, group string) sdk.Operation {
	return sdk.Operation{Kind: sdk.AddMember, After: []string{create}, Member: sdk.Member{GroupID: b.group(group), UserOperation: create}}
}

func (b *bench) member(k sdk.OperationKind, group, email string) sdk.Operation {
	return sdk.Operation{Kind: k, Member: sdk.Member{GroupID: b.group(group), UserID: b.id(email)}}
}

func (b *bench) account(k sdk.OperationKind, email string) sdk.Operation {
	return sdk.Operation{Kind: k, User: sdk.User{ID: b.id(email), Email: email}}
}
