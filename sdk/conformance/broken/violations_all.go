package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/httpx"
)

// ofDescribe changes what Describe answers.
func ofDescribe(change func(*pb.DescribeResponse)) *violation {
	return &violation{unary: func(_ any, ask func() (any, error)) (any, error) {
		out, err := ask()
		if d, ok := out.(*pb.DescribeResponse); ok {
			change(d)
		}
		return out, err
	}}
}

// deaf leaves out complaints about the configuration.
func deaf(code string) *violation {
	return &violation{unary: func(_ any, ask func() (any, error)) (any, error) {
		out, err := ask()
		if c, ok := out.(*pb.ConfigureResponse); ok {
			c.Diagnostics = slices.DeleteFunc(c.Diagnostics, func(d *pb.Diagnostic) bool { return d.GetCode() == code })
		}
		return out, err
	}}
}

// ofSteps changes what Check sends.
func ofSteps(bend func(m *pb.CheckResponse, send func(any) error) error) *violation {
	return &violation{stream: func() *bent {
		return &bent{sends: func(m any, send func(any) error) error {
			if step, ok := m.(*pb.CheckResponse); ok {
				return bend(step, send)
			}
			return send(m)
		}}
	}}
}

// slowOnce sleeps at the first description.
func slowOnce() *violation {
	var asked atomic.Bool
	return ofDescribe(func(*pb.DescribeResponse) {
		if !asked.Swap(true) {
			time.Sleep(3 * time.Second)
		}
	})
}

// curious asks the system when it is described.
func curious() *violation {
	var api atomic.Pointer[httpx.Client]
	v := ofDescribe(func(*pb.DescribeResponse) {
		if a := api.Load(); a != nil {
			_ = a.Get(context.Background(), "/me", nil, nil)
		}
	})
	v.configured = func(a *httpx.Client, _ config) { api.Store(a) }
	return v
}

// read takes the body of an answer and puts it back.
func read(resp *http.Response) (string, error) {
	data, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(strings.NewReader(string(data)))
	return string(data), err
}

// overHTTP changes how the system is asked.
func overHTTP(trip func(next http.RoundTripper, r *http.Request) (*http.Response, error)) *violation {
	return &violation{transport: func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) { return trip(next, r) })
	}}
}

// dying ends the process over a lookup of nothing.
func dying(m any, ask func() (any, error)) (any, error) {
	if q, ok := m.(*pb.LookupRequest); ok && q.GetBy() == nil {
		crash("a lookup of nothing")
	}
	return ask()
}

// crash panics where nothing recovers.
func crash(text string) {
	go panic(text)
	select {}
}

var ofAll = map[string]*violation{
	"all.starts":        ofDescribe(func(d *pb.DescribeResponse) { d.Type = "Acme Corp!" }),
	"all.describe-same": ofDescribe(func(d *pb.DescribeResponse) { d.Limits = time.Now().String() }),
	"all.describe-fast": slowOnce(), "all.describe-offline": curious(),
	"all.documented":     ofDescribe(func(d *pb.DescribeResponse) { d.Config.Root.Fields[2].Doc = " " }),
	"all.secrets-marked": ofDescribe(func(d *pb.DescribeResponse) { d.Config.Root.Fields[1].Sensitive = false }),
	"all.config-unknown": deaf("config.unknown_setting"), "all.config-missing": deaf("config.missing_setting"),
	"all.config-type": deaf("config.type"), "all.config-value": deaf("config.value"),
	"all.config-offline": {configured: func(a *httpx.Client, _ config) { _ = a.Get(context.Background(), "/me", nil, nil) }},
	"all.check-passes": ofSteps(func(m *pb.CheckResponse, send func(any) error) error {
		if err := send(m); err != nil || m.GetOutcome() != pb.CheckResponse_OUTCOME_PASSED {
			return err
		}
		return send(m)
	}),
	"all.check-names-step": ofSteps(func(m *pb.CheckResponse, send func(any) error) error {
		return send(&pb.CheckResponse{Step: m.GetStep(), Outcome: pb.CheckResponse_OUTCOME_PASSED})
	}),
	"all.cancel": overHTTP(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		return next.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
	}),
	"all.panic": overHTTP(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			if body, _ := read(resp); body == "[[]]" {
				crash("the answer has nothing in it")
			}
		}
		return resp, err
	}),
	"all.malformed":    {unary: dying, stream: dyingOver},
	"all.parent-death": {orphan: true},
	"all.secrets-hidden": {configured: func(_ *httpx.Client, c config) {
		fmt.Fprintf(os.Stderr, "signing in with %s\n", c.Token)
	}},
}

// dyingOver ends the process over an empty batch or a cursor that makes no sense.
func dyingOver() *bent {
	return &bent{received: func(m any) {
		switch q := m.(type) {
		case *pb.ReadUsersRequest:
			if strings.HasPrefix(string(q.GetCursor().GetResume()), "\xff") {
				crash("a cursor that makes no sense")
			}
		case *pb.ApplyRequest:
			if len(q.GetOperations()) == 0 {
				crash("an empty batch")
			}
		}
	}}
}
