// Package httpx is the HTTP client for connectors. It knows what every vendor API has
// in common: credentials that must go to one host only, limits announced in headers,
// answers that are not what they should be, and listings that go on page by page. Its
// errors are Failures, without secrets. It is not a general HTTP library: bodies are
// read whole, up to a cap, and there is one base URL.
package httpx

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"syncgateway/sdk/record"
)

// Client talks to one host. It may be used by any number of goroutines.
type Client struct {
	base     *url.URL
	http     *http.Client
	auth     authorizer
	header   http.Header
	decode   func(*Refusal)
	maxBody  int64
	timeout  time.Duration
	attempts int
	maxWait  time.Duration
	limits   *limiter
	route    func(method, path string) string
	clock    Clock
	jitter   func() float64
	err      error
}

// Option changes what New makes.
type Option func(*Client)

// New makes a client for the base URL, which must be https:// unless its host is
// loopback. What is wrong with the URL or with an option is the error of every call,
// and of Err.
func New(base string, options ...Option) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	c := &Client{
		http:   &http.Client{Transport: transport},
		header: http.Header{"User-Agent": {"sync-gateway"}},
		decode: DecodeCommon, maxBody: 32 << 20, timeout: time.Minute, attempts: 5, maxWait: 10 * time.Minute,
		route: RouteByPath, clock: systemClock{}, jitter: rand.Float64,
		limits: newLimiter(),
	}
	c.http.CheckRedirect = c.redirect
	c.base, c.err = parseBase(base)
	for _, option := range options {
		option(c)
	}
	return c
}

// Err is what is wrong with the client's settings, nil when it is usable. It makes
// no request.
func (c *Client) Err() error { return c.err }

func parseBase(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, errors.New("the base URL cannot be read")
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return nil, fmt.Errorf("the base URL must start with https:// and a host, got %q", u.Redacted())
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("the base URL must start with https://, or the credential would be sent in the clear; http:// is for loopback only, got %q", u.Redacted())
	case u.User != nil:
		return nil, errors.New("the base URL must not hold a password")
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), ""
	u.RawQuery, u.Fragment = "", ""
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Header sends a header with every request.
func Header(name, value string) Option { return func(c *Client) { c.header.Set(name, value) } }

// UserAgent is what the client calls itself.
func UserAgent(name string) Option { return Header("User-Agent", name) }

// Errors sets how the vendor's error bodies are read; DecodeCommon is the default.
func Errors(decode func(*Refusal)) Option { return func(c *Client) { c.decode = decode } }

// MaxBody caps an answer's body, in bytes after decompression; 32 MiB by default.
func MaxBody(bytes int64) Option { return func(c *Client) { c.maxBody = bytes } }

// Timeout caps one attempt, a minute by default.
func Timeout(d time.Duration) Option { return func(c *Client) { c.timeout = d } }

// Attempts is how often a request is made altogether before its failure is believed;
// 5 by default. Only requests that may be repeated are.
func Attempts(n int) Option { return func(c *Client) { c.attempts = max(n, 1) } }

// MaxWait is how long one call may wait for limits and between attempts, ten minutes
// by default. What would take longer fails with ReasonRateLimited and the time left.
func MaxWait(d time.Duration) Option { return func(c *Client) { c.maxWait = d } }

// Route sets which limit a request counts against; RouteByPath is the default.
func Route(key func(method, path string) string) Option { return func(c *Client) { c.route = key } }

// Share is the part of an announced limit that this client uses, between 0 and 1; the
// rest is left to others. 1 by default.
func Share(part float64) Option {
	return func(c *Client) { c.limits.share = min(max(part, 0.01), 1) }
}

// Rate caps the requests of each route beforehand, for systems that do not announce
// their limits: so many a second, burst of them at once.
func Rate(perSecond float64, burst int) Option {
	return func(c *Client) {
		c.limits.every, c.limits.burst = time.Duration(float64(time.Second)/perSecond), max(burst, 1)
	}
}

// CAFile trusts the certificates in a PEM file, and no others. Empty changes nothing.
func CAFile(path string) Option {
	return func(c *Client) {
		if path == "" {
			return
		}
		pem, err := os.ReadFile(path)
		pool := x509.NewCertPool()
		if err == nil && !pool.AppendCertsFromPEM(pem) {
			err = errors.New("it holds no certificate in PEM form")
		}
		if err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("read the CA file: %w", err))
			return
		}
		TLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})(c)
	}
}

// TLS sets the TLS configuration, for client certificates and the like.
func TLS(config *tls.Config) Option {
	return func(c *Client) {
		if t, ok := c.http.Transport.(*http.Transport); ok {
			t.TLSClientConfig = config
		}
	}
}

// Transport replaces what makes the requests; proxies and TLS are then its business.
func Transport(t http.RoundTripper) Option { return func(c *Client) { c.http.Transport = t } }

// maxRedirects is how many redirects are followed.
const maxRedirects = 5

// redirect lets a request move on the same host only, and never turn into another.
func (c *Client) redirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) > maxRedirects:
		return errors.New("it redirects without end")
	case next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host:
		return fmt.Errorf("it redirects to %s://%s; the credential stays with its own host", next.URL.Scheme, next.URL.Host)
	case next.Method != first.Method:
		return fmt.Errorf("it redirects a %s, which would turn it into a %s", first.Method, next.Method)
	}
	return nil
}

// resolve makes the URL of a request. An absolute URL must stay on the base's host:
// links in answers are hostile input.
func (c *Client) resolve(path string, query url.Values) (*url.URL, error) {
	u, err := url.Parse(path)
	if err != nil {
		return nil, record.Fail(record.ReasonUnavailable, "the system gave a link that is not a URL")
	}
	switch {
	case u.Host != "" || u.Scheme != "":
		if u.Scheme != c.base.Scheme || !strings.EqualFold(u.Host, c.base.Host) || u.User != nil {
			return nil, record.Fail(record.ReasonUnavailable, "the system gave a link to %s://%s, which is not %s; it is not followed",
				u.Scheme, u.Host, c.base.Host)
		}
	default:
		raw := c.base.EscapedPath() + "/" + strings.TrimPrefix(u.EscapedPath(), "/")
		full := *c.base
		if full.Path, err = url.PathUnescape(raw); err != nil {
			return nil, record.Fail(record.ReasonInvalid, "the path of the request is not well formed")
		}
		full.RawPath, full.RawQuery = raw, u.RawQuery
		u = &full
	}
	if len(query) > 0 {
		merged := u.Query()
		for name, values := range query {
			merged[name] = values
		}
		u.RawQuery = merged.Encode()
	}
	u.Fragment = ""
	return u, nil
}
