package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	pb "syncgateway/proto/gateway/plugin/v1"
)

func listenChecks() []check {
	const needs = needConfig | needRemote | needClient
	on := func(f func(context.Context, *host) error) func(context.Context, *bench) error {
		return func(ctx context.Context, b *bench) error {
			h, err := b.listen(ctx)
			if err != nil {
				return err
			}
			defer h.close()
			return f(ctx, h)
		}
	}
	return []check{
		{id: "listener.commit-first", role: roleListener, needs: needs, title: "A client is told of success after the directory has committed, and not before",
			look: "the answer to the client: it waits for the reply of the directory, and says no when that does", run: on(commitFirst)},
		{id: "listener.host-away", role: roleListener, needs: needs, title: "While the gateway is away a client gets 503 with Retry-After",
			look: "a directory call that fails with UNAVAILABLE: the client must come again, and know when", run: on(hostAway)},
		{id: "listener.bad-token", role: roleListener, needs: needs, title: "A bad token is answered with 401, in a time that tells nothing",
			look: "how the token is compared: all of it, whatever differs (in Go, subtle.ConstantTimeCompare of hashes)", run: on(badToken)},
		{id: "listener.size-cap", role: roleListener, needs: needs, title: "A body without end is refused",
			look: "a limit on the body, before it is read (in Go, http.MaxBytesReader)", run: on(sizeCap)},
		{id: "listener.depth-cap", role: roleListener, needs: needs, title: "JSON ten thousand levels deep is refused",
			look: "a limit on the depth, before anything recurses into it", run: on(depthCap)},
		{id: "listener.same-twice", role: roleListener, needs: needs, title: "The same request twice makes nothing twice",
			look: "what makes a user the same: the name or the id that the client gives", run: on(sameTwice)},
		{id: "listener.drain", role: roleListener, needs: needs, slow: true, title: "Draining finishes what is open, takes nothing new, and ends",
			look: "the end of the context of Listen: stop accepting, answer what is open, return", run: on(drains)},
	}
}

// commitFirst holds the directory's reply, and later refuses.
func commitFirst(ctx context.Context, h *host) error {
	arrived, release := h.hold()
	defer release()
	answered := make(chan response, 1)
	n := h.number()
	go func() { answered <- h.ask(ctx, h.requests.Create, n, nil) }()
	select {
	case <-arrived:
	case r := <-answered:
		return fmt.Errorf("a request to create a user is answered with %s before the directory was asked to", r)
	case <-ctx.Done():
		return ctx.Err()
	}
	timer := time.NewTimer(2 * settle)
	defer timer.Stop()
	select {
	case r := <-answered:
		return fmt.Errorf("the client is answered with %s before the directory has committed", r)
	case <-timer.C:
	}
	release()
	if r := <-answered; !r.success() {
		return fmt.Errorf("the directory has committed, and the client is answered with %s", r)
	}
	if h.users() != 1 {
		return fmt.Errorf("one user was created, and the directory has %d", h.users())
	}
	h.refuse(refuse(pb.Failure_REASON_UNAVAILABLE, ""))
	if r := h.create(ctx, nil); r.success() {
		return fmt.Errorf("the directory refuses, and the client is answered with %s", r)
	}
	return nil
}

func hostAway(ctx context.Context, h *host) error {
	if err := h.works(ctx); err != nil {
		return err
	}
	h.refuse(refuse(pb.Failure_REASON_UNAVAILABLE, ""))
	for name, r := range map[string]response{"to create a user": h.create(ctx, nil), "to read": h.ask(ctx, h.requests.Read, 1, nil)} {
		switch {
		case r.err != nil:
			return fmt.Errorf("a request %s is not answered: %w", name, r.err)
		case r.success(): // which listener.commit-first judges
		case r.status != http.StatusServiceUnavailable:
			return fmt.Errorf("a request %s is answered with %d, not 503", name, r.status)
		case r.retryAfter == "":
			return fmt.Errorf("a request %s is answered with 503 without Retry-After", name)
		}
	}
	h.refuse(nil)
	return h.works(ctx)
}

// How often each of two bad tokens is tried, and from which difference on the time
// tells something, of the fastest answers to each: those are what a busy machine
// disturbs least.
const (
	tries    = 60
	tellTale = time.Millisecond
)

func badToken(ctx context.Context, h *host) error {
	name := h.requests.Credential
	good := h.requests.Create.Header[name]
	if name == "" || good == "" {
		return Skip("the harness does not say which header holds the token")
	}
	scheme, token, ok := strings.Cut(good, " ")
	if !ok {
		scheme, token = "", good
	}
	with := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, strings.TrimSpace(scheme+" "+token)) }
	}
	early, late := "~"+token[1:], token[:len(token)-1]+"~"
	for what, edit := range map[string]func(*http.Request){
		"without a token": func(r *http.Request) { r.Header.Del(name) }, "with an empty token": with(""), "with another token": with("kit-wrong"),
		"with a token that differs at its start": with(early), "with a token that differs at its end": with(late),
		"with a part of the token": with(token[:len(token)/2]), "with a token that goes on": with(token + "x"),
	} {
		if r := h.create(ctx, edit); r.status != http.StatusUnauthorized {
			return fmt.Errorf("a request %s is answered with %s, not 401", what, r)
		}
	}
	if h.wrote() > 0 {
		return errors.New("a request with a bad token reached the directory")
	}
	if err := h.works(ctx); err != nil {
		return err
	}
	fastest := map[string]time.Duration{}
	for range tries {
		for _, token := range []string{early, late} {
			began := time.Now()
			h.ask(ctx, h.requests.Read, 1, with(token))
			if took := time.Since(began); fastest[token] == 0 || took < fastest[token] {
				fastest[token] = took
			}
		}
	}
	if differ := (fastest[late] - fastest[early]).Abs(); differ > tellTale && differ > min(fastest[late], fastest[early]) {
		return fmt.Errorf("a token that is wrong at its start is refused after %s, one that is wrong at its end after %s", fastest[early], fastest[late])
	}
	return nil
}

// endless is how much of a body is sent.
const endless = 64 << 20

// zeros is a string without end.
type zeros struct{}

// Read gives zeros.
func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

func sizeCap(ctx context.Context, h *host) error {
	before := h.wrote()
	r := h.create(ctx, func(q *http.Request) {
		old := q.Body
		q.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"kit":"`), io.LimitReader(zeros{}, endless), strings.NewReader(`",`), &afterBrace{r: old}))
		q.ContentLength = -1
	})
	switch {
	case r.err == nil && (r.status < 400 || r.status >= 500):
		return fmt.Errorf("a body of %d MiB is answered with %d", endless>>20, r.status)
	case h.wrote() > before:
		return fmt.Errorf("a body of %d MiB reached the directory", endless>>20)
	}
	return h.works(ctx)
}

// afterBrace leaves out the brace that opens an object.
type afterBrace struct {
	r    io.Reader
	seen bool
}

// Read reads what comes after the first byte.
func (a *afterBrace) Read(b []byte) (int, error) {
	if !a.seen {
		a.seen = true
		if _, err := io.ReadFull(a.r, make([]byte, 1)); err != nil {
			return 0, err
		}
	}
	return a.r.Read(b)
}

// deep is how many levels are sent.
const deep = 10_000

func depthCap(ctx context.Context, h *host) error {
	if !json.Valid([]byte(h.requests.Create.Body)) || !strings.HasPrefix(h.requests.Create.Body, "{") {
		return Skip("what the listener takes is not a JSON object")
	}
	q := h.requests.Create
	q.Body = `{"kit":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "," + q.Body[1:]
	before := h.wrote()
	r := h.ask(ctx, q, h.number(), nil)
	switch {
	case r.err != nil:
		return fmt.Errorf("JSON %d levels deep is not answered: %w", deep, r.err)
	case r.status < 400 || r.status >= 500:
		return fmt.Errorf("JSON %d levels deep is answered with %d", deep, r.status)
	case h.wrote() > before:
		return fmt.Errorf("JSON %d levels deep reached the directory", deep)
	}
	return h.works(ctx)
}

func sameTwice(ctx context.Context, h *host) error {
	n := h.number()
	first := h.ask(ctx, h.requests.Create, n, nil)
	if !first.success() {
		return fmt.Errorf("a good request to create a user is answered with %s", first)
	}
	second := h.ask(ctx, h.requests.Create, n, nil)
	switch {
	case second.err != nil || second.status >= 500:
		return fmt.Errorf("the same request again is answered with %s", second)
	case h.users() != 1:
		return fmt.Errorf("after the same request twice the directory has %d users", h.users())
	}
	return nil
}

// refuseTime is how long a listener may take to stop accepting.
const refuseTime = 5 * time.Second

func drains(ctx context.Context, h *host) error {
	arrived, release := h.hold()
	defer release()
	answered := make(chan response, 1)
	n := h.number()
	go func() { answered <- h.ask(ctx, h.requests.Create, n, nil) }()
	select {
	case <-arrived:
	case r := <-answered:
		return fmt.Errorf("a good request to create a user is answered with %s", r)
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := h.drain(); err != nil {
		return err
	}
	for until := time.Now().Add(refuseTime); ; {
		r := h.ask(ctx, h.requests.Read, 1, nil)
		if r.err != nil || r.status == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(until) {
			return fmt.Errorf("%s after it was told to drain, a new request is answered with %s", refuseTime, r)
		}
	}
	release()
	if r := <-answered; !r.success() {
		return fmt.Errorf("a request that was open when it was told to drain ended in %s", r)
	}
	timer := time.NewTimer(drainTime)
	defer timer.Stop()
	select {
	case err := <-h.ended:
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("after draining the stream ended badly: %w", err)
		}
		return nil
	case <-timer.C:
		return fmt.Errorf("nothing is open any more, and the stream has not ended after %s", drainTime)
	}
}
