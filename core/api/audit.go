package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"syncgateway/core/audit"
	"syncgateway/core/store"
)

var errCutExport = errors.New("the export broke off: see the log of the gateway")

// VerifyAudit checks the audit record from an entry on, against itself, its anchor and
// marks ("SEQ:HASH") that were kept elsewhere.
func (s *Service) VerifyAudit(ctx context.Context, from int64, marks []string) (*audit.Verdict, error) {
	parsed := make([]audit.Mark, len(marks))
	for i, m := range marks {
		var err error
		if parsed[i], err = audit.ParseMark(m); err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: err.Error()}
		}
	}
	v, err := audit.Verify(ctx, s.Gateway.Store, from, parsed...)
	if err != nil {
		return nil, s.fault(err)
	}
	return v, nil
}

func (s *Service) verifyAudit(r *http.Request, _ struct{}) (*audit.Verdict, error) {
	from, err := number(r, "from")
	if err != nil {
		return nil, err
	}
	return s.VerifyAudit(r.Context(), from, r.URL.Query()["mark"])
}

func number(r *http.Request, name string) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: name + " must be a number"}
	}
	return n, nil
}

func moment(r *http.Request, name string) (time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, &Error{Status: http.StatusBadRequest, Code: CodeUsage, Message: name + " must be a time as in 2026-01-31T08:00:00Z"}
	}
	return t, nil
}

// exportAudit answers with the record as JSON lines, and with nothing after what it
// could not read: a last line {"end":true} tells that it is all.
func (s *Service) exportAudit(w http.ResponseWriter, r *http.Request) {
	since, err := moment(r, "since")
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	err = s.Gateway.Store.View(r.Context(), func(v store.Reader) error {
		return audit.Export(v, since, func(e audit.Entry) error { return enc.Encode(e) })
	})
	if err != nil {
		s.Gateway.Log.Error("the audit record could not be exported whole", "error", s.Gateway.Redact.String(err.Error()))
		return
	}
	_ = enc.Encode(map[string]bool{"end": true}) // the client may be gone
}

// VerifyAudit checks the audit record.
func (c *Client) VerifyAudit(ctx context.Context, from int64, marks []string) (*audit.Verdict, error) {
	var a audit.Verdict
	q := url.Values{"from": {strconv.FormatInt(from, 10)}, "mark": marks}
	return &a, c.call(ctx, http.MethodGet, "/v1/audit/verify?"+q.Encode(), nil, &a)
}

// ExportAudit calls f for every entry of the audit record since a time.
func (c *Client) ExportAudit(ctx context.Context, since time.Time, f func(json.RawMessage) error) error {
	q := url.Values{}
	if !since.IsZero() {
		q.Set("since", since.Format(time.RFC3339))
	}
	resp, err := c.send(ctx, http.MethodGet, "/v1/audit?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return problem(resp)
	}
	dec := json.NewDecoder(resp.Body)
	for {
		var line json.RawMessage
		if err := dec.Decode(&line); err != nil {
			return errCutExport
		}
		var end struct {
			End bool `json:"end"`
		}
		if err := json.Unmarshal(line, &end); err == nil && end.End {
			return nil
		}
		if err := f(line); err != nil {
			return err
		}
	}
}
