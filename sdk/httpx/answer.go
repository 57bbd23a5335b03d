package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"syncgateway/sdk/internal/redact"
	"syncgateway/sdk/record"
)

// Refusal is an answer with an error status, for a decoder to fill in: Code and
// Message are what the vendor calls it. Reason is set by the status and may be
// changed where the vendor means something else by it.
type Refusal struct {
	Status  int
	Header  http.Header
	Body    []byte
	Code    string
	Message string
	Reason  record.Reason
}

// JSON decodes the body into v and reports whether that went well.
func (r *Refusal) JSON(v any) bool { return json.Unmarshal(r.Body, v) == nil }

func reasonOf(status int) record.Reason {
	switch status {
	case http.StatusUnauthorized:
		return record.ReasonAuthentication
	case http.StatusPaymentRequired:
		return record.ReasonQuota
	case http.StatusForbidden:
		return record.ReasonPermission
	case http.StatusNotFound, http.StatusGone:
		return record.ReasonNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return record.ReasonConflict
	case http.StatusTooManyRequests:
		return record.ReasonRateLimited
	case http.StatusNotImplemented, http.StatusMethodNotAllowed:
		return record.ReasonUnsupported
	case http.StatusRequestTimeout:
		return record.ReasonUnavailable
	}
	if status >= 400 && status < 500 {
		return record.ReasonInvalid
	}
	return record.ReasonUnavailable
}

// errorBody is how much of an error's body is read.
const errorBody = 64 << 10

func (c *call) answer(req *http.Request, resp *http.Response, now time.Time) (*Response, error) {
	out := &Response{Status: resp.StatusCode, Header: resp.Header, RequestID: requestID(resp.Header)}
	if resp.StatusCode >= 300 {
		return nil, c.refused(req, resp, out.RequestID, now)
	}
	body, err := c.read(resp)
	if err != nil {
		return nil, err
	}
	if err := c.decodeInto(body, resp, out.RequestID); err != nil {
		return nil, err
	}
	out.Next = nextLink(resp)
	return out, nil
}

func (c *call) refused(req *http.Request, resp *http.Response, id string, now time.Time) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, errorBody)) // half an explanation is better than none
	refusal := &Refusal{Status: resp.StatusCode, Header: resp.Header, Body: body, Reason: reasonOf(resp.StatusCode)}
	if !isHTML(resp.Header, body) {
		c.client.decode(refusal)
	}
	text := fmt.Sprintf("%s: %s", c.name(), strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))))
	if refusal.Message != "" {
		text += ": " + oneLine(refusal.Message)
	}
	f := &record.Failure{Reason: refusal.Reason, Message: redact.Text(text), RemoteCode: redact.Text(oneLine(refusal.Code)), RequestID: id}
	if wait, ok := retryAfter(resp.Header, now); ok {
		f.RetryAfter = wait
	} else if refusal.Reason == record.ReasonRateLimited {
		if l, ok := announced(resp.Header, now); ok {
			f.RetryAfter = max(l.reset.Sub(now), 0)
		}
	}
	renew := resp.StatusCode == http.StatusUnauthorized && c.client.auth != nil && c.client.auth.refused(req)
	return &attemptError{failure: f, renew: renew,
		repeat: refusal.Reason == record.ReasonUnavailable}
}

// longest is how much of a vendor's text goes into a message.
const longest = 500

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}

func (c *call) read(resp *http.Response) ([]byte, error) {
	most := c.client.maxBody
	var body bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= most {
		body.Grow(int(n) + bytes.MinRead)
	}
	n, err := body.ReadFrom(io.LimitReader(resp.Body, most+1))
	if n > most || resp.ContentLength > most {
		return nil, record.Fail(record.ReasonUnavailable, "%s: the answer is larger than %d MiB and was not read", c.name(), most>>20)
	}
	if err != nil {
		return nil, &attemptError{failure: record.Fail(record.ReasonUnavailable, "%s: the answer broke off after %d bytes", c.name(), n),
			repeat: true}
	}
	return body.Bytes(), nil
}

func (c *call) decodeInto(body []byte, resp *http.Response, id string) error {
	fail := func(format string, args ...any) *record.Failure {
		f := record.Fail(record.ReasonUnavailable, "%s: %s", c.name(), fmt.Sprintf(format, args...))
		f.RequestID = id
		return f
	}
	if raw, ok := c.request.Out.(*[]byte); ok {
		*raw = body
		return nil
	}
	if isHTML(resp.Header, body) {
		return fail("%d with a web page instead of JSON: a sign-in page, a proxy, or not the address of the API", resp.StatusCode)
	}
	if c.request.Out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	err := json.Unmarshal(body, c.request.Out)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(body)):
		return &attemptError{failure: fail("the JSON of the answer broke off after %d bytes", len(body)), repeat: true}
	case errors.As(err, &kind):
		return fail("the answer is not what it should be: %s in the field %q", kind.Value, kind.Field)
	}
	return fail("the answer is not JSON")
}

func isHTML(h http.Header, body []byte) bool {
	return strings.Contains(strings.ToLower(h.Get("Content-Type")), "html") ||
		bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n\ufeff"), []byte("<"))
}

// neverSent reports whether no byte of a request can have left.
func neverSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

var requestIDs = []string{"X-Okta-Request-Id", "Atl-Traceid", "X-Arequestid", "Request-Id", "X-Request-Id", "X-Correlation-Id", "X-Trace-Id"}

func requestID(h http.Header) string {
	for _, name := range requestIDs {
		if id := h.Get(name); id != "" {
			return oneLine(id)
		}
	}
	return ""
}

// DecodeCommon reads the fields that most vendors use for their errors.
func DecodeCommon(r *Refusal) {
	var body struct {
		Code, ErrorCode, ErrorSummary, Message, Detail, Title string
		ErrorDescription                                      string `json:"error_description"`
		Error                                                 any
		ErrorMessages                                         []string
	}
	_ = json.Unmarshal(r.Body, &body) // what fits is read even where something else does not
	r.Code = firstOf(body.ErrorCode, body.Code)
	short, _ := body.Error.(string)
	if nested, ok := body.Error.(map[string]any); ok {
		code, _ := nested["code"].(string)
		r.Code = firstOf(r.Code, code)
		short, _ = nested["message"].(string)
	}
	if body.ErrorDescription != "" {
		r.Code = firstOf(r.Code, short)
	}
	r.Message = firstOf(body.ErrorSummary, body.ErrorDescription, body.Message, strings.Join(body.ErrorMessages, "; "), body.Detail,
		short, body.Title)
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
