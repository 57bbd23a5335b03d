package httpx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"syncgateway/sdk/internal/progress"
	"syncgateway/sdk/internal/redact"
	"syncgateway/sdk/record"
)

// Request is one call. Path is below the base URL, or an absolute URL on its host.
// Body is sent as JSON, except that url.Values are sent as a form and []byte as they
// are. Out is what the JSON of the answer is decoded into: nil does not look at it,
// *[]byte takes it as it is. Repeatable says that making the request twice does no
// more than making it once, although its method does not promise that.
type Request struct {
	Method     string
	Path       string
	Query      url.Values
	Header     http.Header
	Body       any
	Out        any
	Repeatable bool
	Route      string // the limit it counts against; empty: by the client's Route
}

// Response is what is left of an answer when its body is decoded. Next is the link to
// the next page, where a Link header names one.
type Response struct {
	Status    int
	Header    http.Header
	RequestID string
	Next      string
}

// Get asks for path and decodes the answer's JSON into out, unless that is nil.
func (c *Client) Get(ctx context.Context, path string, query url.Values, out any) error {
	_, err := c.Do(ctx, Request{Method: http.MethodGet, Path: path, Query: query, Out: out})
	return err
}

// Post sends body as JSON and decodes the answer into out, unless that is nil.
func (c *Client) Post(ctx context.Context, path string, body, out any) error {
	_, err := c.Do(ctx, Request{Method: http.MethodPost, Path: path, Body: body, Out: out})
	return err
}

// Put is Post with PUT.
func (c *Client) Put(ctx context.Context, path string, body, out any) error {
	_, err := c.Do(ctx, Request{Method: http.MethodPut, Path: path, Body: body, Out: out})
	return err
}

// Patch is Post with PATCH.
func (c *Client) Patch(ctx context.Context, path string, body, out any) error {
	_, err := c.Do(ctx, Request{Method: http.MethodPatch, Path: path, Body: body, Out: out})
	return err
}

// Delete deletes what is at path.
func (c *Client) Delete(ctx context.Context, path string, query url.Values) error {
	_, err := c.Do(ctx, Request{Method: http.MethodDelete, Path: path, Query: query})
	return err
}

// Do makes a call, with the waiting and repeating it needs. Its error is a Failure
// with the reason of the status, or the context's.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	if c.err != nil {
		return nil, c.err
	}
	u, err := c.resolve(r.Path, r.Query)
	if err != nil {
		return nil, err
	}
	body, kind, err := encode(r.Body)
	if err != nil {
		return nil, err
	}
	if r.Route == "" {
		r.Route = c.route(r.Method, u.Path)
	}
	call := &call{client: c, request: r, url: u, body: body, contentType: kind, deadline: c.clock.Now().Add(c.maxWait)}
	return call.run(ctx)
}

func encode(body any) (data []byte, contentType string, err error) {
	switch b := body.(type) {
	case nil:
		return nil, "", nil
	case []byte:
		return b, "", nil
	case url.Values:
		return []byte(b.Encode()), "application/x-www-form-urlencoded", nil
	}
	if data, err = json.Marshal(body); err != nil {
		return nil, "", record.Fail(record.ReasonInvalid, "write the request as JSON: %w", err)
	}
	return data, "application/json", nil
}

type call struct {
	client      *Client
	request     Request
	url         *url.URL
	body        []byte
	contentType string
	deadline    time.Time
	renewed     bool
}

// attemptError is a failed attempt, and what may follow it.
type attemptError struct {
	failure  *record.Failure
	harmless bool // nothing can have been done: any request may be made again
	repeat   bool // another attempt may help, where making it twice is allowed
	renew    bool // a new credential may help
}

func (e *attemptError) Error() string { return e.failure.Error() }

func (c *call) run(ctx context.Context) (*Response, error) {
	for attempt := 1; ; attempt++ {
		if err := c.turn(ctx); err != nil {
			return nil, err
		}
		resp, err := c.once(ctx)
		if err == nil {
			return resp, nil
		}
		var failed *attemptError
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.As(err, &failed) {
			return nil, err
		}
		if failed.renew && !c.renewed {
			c.renewed = true
			continue
		}
		if !c.again(failed, attempt) {
			return nil, failed.failure
		}
		if err := c.pause(ctx, failed.failure, attempt); err != nil {
			return nil, err
		}
	}
}

// again decides whether another attempt is allowed and worth it. A limited request is
// made again until the call's time is up, whatever the number of attempts.
func (c *call) again(e *attemptError, attempt int) bool {
	if e.failure.Reason == record.ReasonRateLimited {
		return true
	}
	return attempt < c.client.attempts && (e.harmless || e.repeat && c.repeatable())
}

func (c *call) repeatable() bool {
	switch c.request.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return true
	}
	return c.request.Repeatable
}

// turn waits until the route's limit has room for the request.
func (c *call) turn(ctx context.Context) error {
	for {
		now := c.client.clock.Now()
		wait := c.client.limits.take(c.request.Route, now)
		if wait <= 0 {
			return ctx.Err()
		}
		limited := &record.Failure{Reason: record.ReasonRateLimited, RetryAfter: wait,
			Message: "the limit of " + c.url.Host + " for this kind of request is used up"}
		if err := c.sleep(ctx, wait, limited); err != nil {
			return err
		}
	}
}

// The delays between attempts: doubled each time, with jitter of up to half.
const (
	firstDelay = 500 * time.Millisecond
	mostDelay  = 30 * time.Second
)

func (c *call) pause(ctx context.Context, f *record.Failure, attempt int) error {
	delay := min(firstDelay<<min(attempt-1, 10), mostDelay)
	delay = delay/2 + time.Duration(c.client.jitter()*float64(delay/2))
	return c.sleep(ctx, max(delay, f.RetryAfter), f)
}

// noticeable is the wait from which on it is worth telling.
const noticeable = time.Second

// sleep waits, unless that would take the call past its deadline: then it fails.
func (c *call) sleep(ctx context.Context, wait time.Duration, why *record.Failure) error {
	until := c.client.clock.Now().Add(wait)
	if until.After(c.deadline) {
		return why
	}
	if wait >= noticeable {
		progress.Waiting(ctx, why.Message, until)
	}
	return c.client.clock.Sleep(ctx, wait)
}

// once makes one attempt.
func (c *call) once(ctx context.Context) (*Response, error) {
	limited, cancel := context.WithTimeout(ctx, c.client.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, c.request.Method, c.url.String(), bytes.NewReader(c.body))
	if err != nil {
		c.client.limits.giveBack(c.request.Route)
		return nil, record.Fail(record.ReasonInvalid, "the request cannot be made")
	}
	req.Header = c.header()
	if c.client.auth != nil {
		if err := c.client.auth.authorize(ctx, req); err != nil {
			c.client.limits.giveBack(c.request.Route)
			return nil, err
		}
	}
	resp, err := c.client.http.Do(req)
	now := c.client.clock.Now()
	if err != nil {
		c.client.limits.giveBack(c.request.Route)
		return nil, c.transportError(err)
	}
	defer resp.Body.Close()
	c.client.limits.learn(c.request.Route, resp.StatusCode, resp.Header, now)
	return c.answer(req, resp, now)
}

func (c *call) header() http.Header {
	h := c.client.header.Clone()
	if c.request.Out != nil {
		h.Set("Accept", "application/json")
	}
	if c.contentType != "" {
		h.Set("Content-Type", c.contentType)
	}
	for name, values := range c.request.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	return h
}

// name is how errors call the request: without its query, which may hold anything.
func (c *call) name() string {
	return redact.Text(c.request.Method + " " + c.url.Scheme + "://" + c.url.Host + c.url.EscapedPath())
}

// transportError is what a request without an answer ends in. A connection that was
// never made is harmless.
func (c *call) transportError(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its text would repeat the URL with its query
	}
	text := redact.Text(err.Error())
	if errors.Is(err, context.DeadlineExceeded) {
		text = "no answer within " + c.client.timeout.String()
	}
	return &attemptError{failure: &record.Failure{Reason: record.ReasonUnavailable, Message: c.name() + ": " + text, Cause: err},
		repeat: true, harmless: neverSent(err)}
}
