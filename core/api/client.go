package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"syncgateway/core/engine"
	"syncgateway/core/store"
)

// Client calls the API, of a daemon or of a Service in this process.
type Client struct {
	http *http.Client
	// Progress and Step are told what a streamed answer says on the way; may be nil.
	Progress func(engine.Progress)
	Step     func(CheckStep)
}

// Dial is a client of the daemon behind a unix socket; ok is false when none answers.
func Dial(ctx context.Context, socket string) (c *Client, ok bool) {
	c = &Client{http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
	}}}
	return c, c.call(ctx, http.MethodGet, "/healthz", nil, nil) == nil
}

// Local is a client of handlers in this process.
func Local(h http.Handler) *Client { return &Client{http: &http.Client{Transport: inProcess{h}}} }

// inProcess is a transport that calls a handler, and passes its answer on as it is
// written.
type inProcess struct{ h http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	pr, pw := io.Pipe()
	w := &pipeWriter{header: http.Header{}, body: pw, started: make(chan struct{})}
	server := r.Clone(r.Context())
	if server.Body == nil {
		server.Body = http.NoBody
	}
	go func() {
		t.h.ServeHTTP(w, server)
		w.WriteHeader(http.StatusOK)
		pw.Close()
	}()
	<-w.started
	return &http.Response{StatusCode: w.status, Header: w.header, Body: pr, Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

type pipeWriter struct {
	header  http.Header
	body    *io.PipeWriter
	status  int
	started chan struct{}
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		close(w.started)
	}
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// call sends q and decodes the answer into a.
func (c *Client) call(ctx context.Context, method, path string, q, a any) error {
	resp, err := c.send(ctx, method, path, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return problem(resp)
	}
	if a == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(a)
}

func (c *Client) send(ctx context.Context, method, path string, q any) (*http.Response, error) {
	var body io.Reader
	if q != nil {
		b, err := json.Marshal(q)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://gateway"+path, body)
	if err != nil {
		return nil, err
	}
	return c.http.Do(req)
}

func problem(resp *http.Response) error {
	e := &Error{Status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(e); err != nil {
		return fmt.Errorf("the gateway answered %s", resp.Status)
	}
	return e
}

// stream sends q and follows the answer to its end.
func (c *Client) stream(ctx context.Context, path string, q, a any) error {
	resp, err := c.send(ctx, http.MethodPost, path, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return problem(resp)
	}
	dec := json.NewDecoder(resp.Body)
	for {
		var ev event
		if err := dec.Decode(&ev); errors.Is(err, io.EOF) {
			return errors.New("the gateway ended before it answered")
		} else if err != nil {
			return err
		}
		switch {
		case ev.Error != nil:
			return ev.Error
		case ev.Result != nil:
			return json.Unmarshal(ev.Result, a)
		case ev.Step != nil && c.Step != nil:
			c.Step(*ev.Step)
		case ev.Progress != nil && c.Progress != nil:
			c.Progress(*ev.Progress)
		}
	}
}

// Run runs a sync.
func (c *Client) Run(ctx context.Context, q RunRequest) (*RunAnswer, error) {
	var a RunAnswer
	return &a, c.stream(ctx, "/v1/runs", q, &a)
}

// Check tests connections; Client.Step is told every step.
func (c *Client) Check(ctx context.Context, q CheckRequest) (*CheckAnswer, error) {
	var a CheckAnswer
	return &a, c.stream(ctx, "/v1/checks", q, &a)
}

// Approve releases one plan.
func (c *Client) Approve(ctx context.Context, q ApproveRequest) (*ApproveAnswer, error) {
	var a ApproveAnswer
	return &a, c.call(ctx, http.MethodPost, "/v1/approvals", q, &a)
}

// Trigger says that something happened.
func (c *Client) Trigger(ctx context.Context, q TriggerRequest) error {
	return c.call(ctx, http.MethodPost, "/v1/triggers", q, nil)
}

// Status tells the state of everything.
func (c *Client) Status(ctx context.Context) (*StatusAnswer, error) {
	var a StatusAnswer
	return &a, c.call(ctx, http.MethodGet, "/v1/status", nil, &a)
}

// Runs lists runs, newest first.
func (c *Client) Runs(ctx context.Context, sync string, limit int) ([]store.Run, error) {
	var a []store.Run
	q := url.Values{"sync": {sync}, "limit": {strconv.Itoa(limit)}}
	return a, c.call(ctx, http.MethodGet, "/v1/runs?"+q.Encode(), nil, &a)
}

// Show tells one run in full; the newest for an empty id.
func (c *Client) Show(ctx context.Context, id string) (*ShowAnswer, error) {
	var a ShowAnswer
	if id == "" {
		id = "latest"
	}
	return &a, c.call(ctx, http.MethodGet, "/v1/runs/"+url.PathEscape(id), nil, &a)
}

// People lists the people of a sync with an outcome.
func (c *Client) People(ctx context.Context, sync, outcome string, limit int) ([]store.Person, error) {
	var a []store.Person
	q := url.Values{"sync": {sync}, "outcome": {outcome}, "limit": {strconv.Itoa(limit)}}
	return a, c.call(ctx, http.MethodGet, "/v1/people?"+q.Encode(), nil, &a)
}

// Lookup asks every source about one person now.
func (c *Client) Lookup(ctx context.Context, user string) ([]LookupAnswer, error) {
	var a []LookupAnswer
	return a, c.call(ctx, http.MethodGet, "/v1/lookup?"+url.Values{"user": {user}}.Encode(), nil, &a)
}
