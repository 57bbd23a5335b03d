package okta

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"syncgateway/examples/sandbox"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
	"syncgateway/sdk/sdktest"
)

// jumpClock is real time, except that sleeping jumps ahead.
type jumpClock struct {
	mu    sync.Mutex
	ahead time.Duration
	slept int
}

func (c *jumpClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *jumpClock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

func (c *jumpClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += max(d, 0)
	c.slept++
	return ctx.Err()
}

// org is a pretend org and the connector's view of it.
type org struct {
	*sandbox.Sandbox
	t     *testing.T
	clock *jumpClock
}

func startOrg(t *testing.T, o sandbox.Options) *org {
	t.Helper()
	clock := &jumpClock{}
	o.Now = clock.Now
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
	return &org{sb, t, clock}
}

// small is an org without service apps.
func small(t *testing.T) *org { return startOrg(t, sandbox.Options{Seed: 1, WithoutOAuth: true}) }

// open configures the connector; more goes over the org's address and token.
func (o *org) open(more map[string]any, options ...httpx.Option) *sdktest.Instance {
	o.t.Helper()
	config := map[string]any{"org_url": o.OktaURL, "api_token": o.Okta.Token()}
	maps.Copy(config, more)
	if config["oauth"] != nil {
		delete(config, "api_token")
	}
	return sdktest.Open(o.t, config, func() (*sdk.Plugin, error) { return sdk.SourcePlugin(About("test"), o.source(options...)) })
}

func (o *org) source(options ...httpx.Option) *Source {
	s := New()
	s.now, s.options = o.clock.Now, append([]httpx.Option{httpx.WithClock(o.clock)}, options...)
	return s
}

func (o *org) fault(r fault.Rule) string {
	o.t.Helper()
	r.Server = sandbox.Okta
	id, err := o.Faults.Add(r)
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

func (o *org) mutate(ms ...company.Mutation) {
	o.t.Helper()
	for _, m := range ms {
		if err := o.Okta.Apply(m); err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *org) id(login string) string {
	o.t.Helper()
	u, ok := o.Okta.User(login)
	if !ok {
		o.t.Fatalf("no %s", login)
	}
	return u.ID
}

func (o *org) group(name string) string {
	o.t.Helper()
	g, ok := o.Okta.Group(name)
	if !ok {
		o.t.Fatalf("no group %s", name)
	}
	return g.ID
}

func users(t *testing.T, in *sdktest.Instance, req sdk.ReadRequest) *sdktest.Read {
	t.Helper()
	r, err := in.Users(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func groups(t *testing.T, in *sdktest.Instance, req sdk.ReadRequest) *sdktest.Read {
	t.Helper()
	r, err := in.Groups(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// whole fails the test unless the read completed.
func completed(t *testing.T, r *sdktest.Read) *sdktest.Read {
	t.Helper()
	if r.Complete == nil {
		t.Fatalf("not complete: failure %v, reset %q", r.Failure, r.Reset)
	}
	return r
}

func userIn(r *sdktest.Read, id string) *sdk.User {
	for i := range r.Users {
		if r.Users[i].ID == id {
			return &r.Users[i]
		}
	}
	return nil
}

func userIDs(r *sdktest.Read) []string {
	ids := []string{}
	for _, u := range r.Users {
		ids = append(ids, u.ID)
	}
	slices.Sort(ids)
	return ids
}

func groupIDs(r *sdktest.Read) []string {
	ids := []string{}
	for _, g := range r.Groups {
		ids = append(ids, g.ID)
	}
	slices.Sort(ids)
	return ids
}

const (
	ada  = "ada.byron@harbour.example"
	emil = "emil.berg@harbour.example"
	otto = "otto.falk@harbour.example"
)
