package engine

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"syncgateway/plugins/scim/engine/value"
)

// The headers by which the gateway's front door vouches for a caller it has
// authenticated. It takes them from requests that come from outside.
const (
	// CallerHeader names the credential.
	CallerHeader = "Gateway-Caller"
	// AccessHeader is "read" for a credential that may not change anything.
	AccessHeader = "Gateway-Access"
)

// bodyTime is how long a client may take to send its body.
const bodyTime = time.Minute

type body = value.Object

// ServeHTTP answers one request.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{engine: e, ctx: r.Context(), method: r.Method, face: &face{base: e.BaseURL + "/v2"}}
	out, err := c.answer(w, r)
	if err != nil {
		out = c.refusal(w, asError(err))
	}
	h := w.Header()
	if out.location != "" {
		h.Set("Location", out.location)
	}
	if out.version != "" {
		h.Set("ETag", out.version)
	}
	if out.allow != "" {
		h.Set("Allow", out.allow)
	}
	h.Set("Cache-Control", "no-store")
	if out.body != nil {
		h.Set("Content-Type", c.face.media())
		h.Set("Content-Length", strconv.Itoa(len(out.body)))
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // the client has gone
}

// refusal makes the answer of an error.
func (c *call) refusal(w http.ResponseWriter, err *Error) *reply {
	if err.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="SCIM"`)
	}
	if err.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((err.RetryAfter+time.Second-1)/time.Second)))
	}
	out := message(err.Status, err.object(c.face))
	out.allow = err.Allow
	return out
}

// answer looks at the credential before anything else.
func (c *call) answer(w http.ResponseWriter, r *http.Request) (*reply, error) {
	routed := c.route(r)
	if !c.engine.authentic(r.Header) {
		return nil, refuse(http.StatusUnauthorized, "The bearer token is missing or not valid.")
	}
	if routed != nil {
		return nil, routed
	}
	if c.face.v1 && r.Method == http.MethodPost {
		if method := r.Header.Get("X-HTTP-Method-Override"); method != "" {
			c.method = strings.ToUpper(method)
		}
	}
	if r.Header.Get(AccessHeader) == "read" && c.writes() {
		return nil, refuse(http.StatusForbidden, "This credential may only read.")
	}
	if !acceptable(r.Header) {
		return nil, refuse(http.StatusNotAcceptable, "Answers are JSON; the Accept header excludes it.")
	}
	c.ifMatch, c.ifNone = r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	values, err := parameters(r.URL.RawQuery)
	if err == nil {
		err = c.readParameters(values)
	}
	if err != nil {
		return nil, err
	}
	if err := c.readBody(w, r); err != nil {
		return nil, err
	}
	return c.serve()
}

// authentic compares the digest of the token in constant time.
func (e *Engine) authentic(h http.Header) bool {
	if h.Get(CallerHeader) != "" {
		return true
	}
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return e.Token != "" && strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], e.token[:]) == 1
}

// route parts the path: what the public address has before the version, the version,
// and segments. Without a version the latest is meant (RFC 7644 section 3.13).
func (c *call) route(r *http.Request) error {
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, c.engine.path); ok && (rest == "" || rest[0] == '/') {
		path = rest
	}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if segments[0] == "" {
		segments = nil
	}
	if len(segments) > 0 && isVersion(segments[0]) {
		switch segments[0] {
		case "v2":
		case "v1":
			c.face = &face{v1: true, base: c.engine.BaseURL + "/v1"}
		default:
			return bad(invalidVers, "SCIM %s is not served here; v2 and v1 are.", value.Visible(segments[0]))
		}
		segments = segments[1:]
	}
	for _, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil || plain == "" {
			return noEndpoint()
		}
		c.path = append(c.path, plain)
	}
	return c.suffix(r.Header)
}

// suffix takes the format off the last segment, which 1.1 allows there.
func (c *call) suffix(h http.Header) error {
	if !c.face.v1 || len(c.path) == 0 {
		return nil
	}
	last := &c.path[len(c.path)-1]
	if len(c.path) == 1 && strings.HasSuffix(*last, ".xml") {
		return refuse(http.StatusNotAcceptable, "Answers are JSON; XML is not served.")
	}
	if plain, ok := strings.CutSuffix(*last, ".json"); ok {
		*last = plain
		h.Del("Accept")
	}
	return nil
}

func isVersion(s string) bool {
	if len(s) < 2 || s[0] != 'v' && s[0] != 'V' {
		return false
	}
	_, err := strconv.ParseFloat(s[1:], 32)
	return err == nil
}

// writes reports whether the call may change something.
func (c *call) writes() bool {
	switch c.method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return len(c.path) == 0 || c.path[len(c.path)-1] != ".search"
}

// acceptable reports whether the client takes JSON.
func acceptable(h http.Header) bool {
	accept := strings.Join(h.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return true
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			media = strings.ToLower(strings.TrimSpace(part))
		}
		if q, err := strconv.ParseFloat(params["q"], 32); err == nil && q == 0 {
			continue
		}
		switch media {
		case mediaSCIM, mediaJSON, "application/*", "*/*", "*":
			return true
		}
	}
	return false
}

// readBody reads the body of a request that has one, within its limit.
func (c *call) readBody(w http.ResponseWriter, r *http.Request) error {
	switch c.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		return nil
	}
	if r.Header.Get("Content-Encoding") != "" && !strings.EqualFold(r.Header.Get("Content-Encoding"), "identity") {
		return refuse(http.StatusUnsupportedMediaType, "Request bodies must not be compressed.")
	}
	limit := c.engine.MaxBody
	if len(c.path) == 1 && c.path[0] == "Bulk" {
		limit = c.engine.MaxBulkBody
	}
	tooLarge := refuse(http.StatusRequestEntityTooLarge, "The request is larger than the limit of %d bytes.", limit)
	if r.ContentLength > limit {
		return tooLarge
	}
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(bodyTime)) // where there is no connection there is no deadline
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	_ = connection.SetReadDeadline(time.Time{})
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return tooLarge
	case err != nil:
		return bad(invalidSyntax, "The request body did not arrive whole.")
	}
	c.body = data
	return mediaOf(r.Header.Get("Content-Type"), len(data))
}

// mediaOf refuses a body that is not said to be JSON. Any charset is taken for UTF-8,
// which JSON is in.
func mediaOf(header string, size int) error {
	media, _, err := mime.ParseMediaType(header)
	if err != nil {
		media, _, _ = strings.Cut(strings.ToLower(header), ";")
	}
	switch strings.TrimSpace(media) {
	case mediaSCIM, mediaJSON:
		return nil
	case "":
		return nil
	}
	if size == 0 {
		return nil
	}
	return refuse(http.StatusUnsupportedMediaType, "The Content-Type must be %s or %s.", mediaSCIM, mediaJSON)
}
