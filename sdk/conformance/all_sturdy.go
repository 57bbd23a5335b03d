package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"syncgateway/sdk/conformance/internal/plug"
	"syncgateway/sdk/conformance/internal/proxy"
)

func sturdyChecks() []check {
	return []check{
		{id: "all.cancel", role: roleAll, title: "A call that is cancelled ends within two seconds", needs: needConfig | needProxy,
			look: "requests made without the context of the call", run: cancelled},
		{id: "all.panic", role: roleAll, title: "A handler that stumbles over a nonsensical answer leaves the process serving", needs: needConfig | needProxy,
			look: "the panic in the log: recover in every handler, and in every goroutine of one", run: nonsense},
		{id: "all.malformed", role: roleAll, title: "Malformed requests do not kill the process", needs: needConfig,
			look: "the panic in the log: every field of a request may be empty, huge or nonsense", run: malformed},
		{id: "all.parent-death", role: roleAll, title: "Ends within five seconds of the gateway's death", slow: true,
			look: "a process whose parent changes (getppid) has lost its gateway and must exit", run: parentDeath},
		{id: "all.secrets-hidden", role: roleAll, title: "Secrets of the configuration appear nowhere", needs: needConfig, last: true,
			look: "the place named: a remote system may repeat in an error what was sent to it", run: secretsHidden},
	}
}

// call is something to ask of a connector.
type call struct {
	name string
	make func(context.Context, *plug.Session) error
}

// calls are what the connector can be asked, with the first of them a read of all it
// has.
func (b *bench) calls() []call {
	var out []call
	for _, role := range b.run.report.Roles {
		if role == roleSource || role == roleTarget {
			for _, k := range kindsOf(role) {
				out = append(out, call{"the read of " + string(k), func(ctx context.Context, s *plug.Session) error { return read(ctx, s, k, request{}).status }})
			}
		}
	}
	return append(out, call{"Check", func(ctx context.Context, s *plug.Session) error { _, err := checked(ctx, s); return err }})
}

// The time that a call may go on after it was cancelled, and what a busy machine adds.
const (
	cancelTime  = 2 * time.Second
	cancelSlack = 2 * time.Second
)

func cancelled(ctx context.Context, b *bench) error {
	s, err := b.connector(ctx)
	if err != nil {
		return err
	}
	tried := 0
	for _, c := range b.calls() {
		fault := b.misbehave(&proxy.Fault{Kind: proxy.Hold})
		limited, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- c.make(limited, s) }()
		select {
		case <-fault.Noticed():
			tried++
		case err := <-ended: // it asks nobody
			cancel()
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			continue
		case <-ctx.Done():
			cancel()
			return ctx.Err()
		}
		cancel()
		<-ended
		timer := time.NewTimer(cancelTime + cancelSlack)
		select {
		case <-fault.Dropped():
			timer.Stop()
		case <-timer.C:
			return fmt.Errorf("%s was cancelled, and its request to the remote system went on for more than %s", c.name, cancelTime)
		}
	}
	if tried == 0 {
		return Skip("no call asks the remote system anything")
	}
	return nil
}

// nonsenses are answers that are JSON and mean nothing.
var nonsenses = []string{`null`, `[]`, `{}`, `[null]`, `[[]]`, `"kit"`, `[1,"x",{}]`, `{"data":null}`, `{"data":[null],"links":{"next":7}}`, `{"data":{}}`}

// nonsenseTime is how long a connector may think about one of them.
const nonsenseTime = 3 * time.Second

func nonsense(ctx context.Context, b *bench) error {
	s, err := b.fresh(ctx)
	if err != nil {
		return err
	}
	said := 0
	for _, body := range nonsenses {
		fault := b.misbehave(&proxy.Fault{Kind: proxy.Say, Body: body})
		for _, c := range b.calls() {
			limited, cancel := context.WithTimeout(ctx, nonsenseTime)
			_ = c.make(limited, s) // it may fail as it likes
			cancel()
			if !s.Alive(ctx) {
				return fmt.Errorf("%s, with %s for an answer, ended the process", c.name, body)
			}
		}
		said += fault.Fired()
	}
	b.calm()
	if said == 0 {
		return Skip("no call asks the remote system anything")
	}
	return b.serves(ctx, s)
}

// serves is an error unless the connector still does its work.
func (b *bench) serves(ctx context.Context, s *plug.Session) error {
	for _, c := range b.calls() {
		if err := c.make(ctx, s); err != nil {
			return fmt.Errorf("after that, %s: %w", c.name, err)
		}
	}
	return nil
}

func secretsHidden(ctx context.Context, b *bench) error {
	s, err := b.fresh(ctx)
	if err != nil {
		return err
	}
	if b.run.heard.Secrets() == 0 {
		return Skip("the configuration has no secret of at least eight characters")
	}
	if b.front != nil {
		for _, status := range []int{http.StatusBadRequest, http.StatusForbidden} {
			b.misbehave(&proxy.Fault{Kind: proxy.Echo, Status: status})
			for _, c := range b.calls() {
				limited, cancel := context.WithTimeout(ctx, nonsenseTime)
				_ = c.make(limited, s) // it is what it says that counts
				cancel()
			}
		}
	}
	b.end() // what it has logged is read to the end
	if leaks := b.run.heard.Leaks(); len(leaks) > 0 {
		return errors.New("heard in " + some(leaks))
	}
	b.sawf("%d values listened for", b.run.heard.Secrets())
	return nil
}
