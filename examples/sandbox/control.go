package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"syncgateway/examples/sandbox/atlassian"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/okta"
	"syncgateway/examples/sandbox/reqlog"
)

// quiet drops what net/http writes about connections that faults cut.
var quiet = log.New(io.Discard, "", 0)

// control is the HTTP API for scripts and for tests in another process. It has no credential: it is on loopback and
// everything behind it is invented.
func (s *Sandbox) control() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /_control/health", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	m.HandleFunc("GET /_control/env", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, EnvLines(s.Env())) })
	m.HandleFunc("GET /_control/state", s.controlState)
	m.HandleFunc("GET /_control/state/okta/users/{key}", one(s.Okta.User))
	m.HandleFunc("GET /_control/state/okta/groups/{key}", one(s.Okta.Group))
	m.HandleFunc("GET /_control/state/atlassian/users/{key}", one(s.Atlassian.User))
	m.HandleFunc("GET /_control/state/atlassian/groups/{key}", one(s.Atlassian.Group))
	m.HandleFunc("GET /_control/log", s.controlLog)
	m.HandleFunc("DELETE /_control/log", func(w http.ResponseWriter, r *http.Request) { s.Log.Reset(); done(w) })
	m.HandleFunc("GET /_control/faults", func(w http.ResponseWriter, r *http.Request) { reply(w, http.StatusOK, s.Faults.List()) })
	m.HandleFunc("POST /_control/faults", s.controlAddFault)
	m.HandleFunc("DELETE /_control/faults", func(w http.ResponseWriter, r *http.Request) { s.Faults.Clear(); done(w) })
	m.HandleFunc("DELETE /_control/faults/{id}", s.controlRemoveFault)
	m.HandleFunc("GET /_control/scenario", func(w http.ResponseWriter, r *http.Request) { reply(w, http.StatusOK, company.Day) })
	m.HandleFunc("POST /_control/scenario/{step}", func(w http.ResponseWriter, r *http.Request) {
		outcome(w, s.Run(r.PathValue("step")))
	})
	m.HandleFunc("POST /_control/mutate", posted(s.Okta.Apply))
	m.HandleFunc("POST /_control/atlassian", posted(s.Atlassian.Apply))
	m.HandleFunc("POST /_control/settings", posted(s.configure))
	return m
}

// EnvLines writes variables as sorted KEY=VALUE lines.
func EnvLines(env map[string]string) string {
	out := ""
	for _, k := range slices.Sorted(maps.Keys(env)) {
		out += k + "=" + env[k] + "\n"
	}
	return out
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.Encode(v)
}

func done(w http.ResponseWriter) { reply(w, http.StatusOK, map[string]bool{"ok": true}) }

func outcome(w http.ResponseWriter, err error) {
	if err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	done(w)
}

// one answers a lookup by the path's last part.
func one[T any](find func(string) (T, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, ok := find(r.PathValue("key"))
		if !ok {
			reply(w, http.StatusNotFound, map[string]string{"error": "there is no " + r.PathValue("key")})
			return
		}
		reply(w, http.StatusOK, v)
	}
}

// posted applies a JSON body; unknown fields are refused, since a typing slip in a test must not pass for success.
func posted[T any](apply func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var v T
		if err := strictJSON(r, &v); err != nil {
			outcome(w, err)
			return
		}
		outcome(w, apply(v))
	}
}

func strictJSON(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the request body: %w", err)
	}
	return nil
}

func (s *Sandbox) controlState(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, map[string]any{
		"okta": map[string]any{"users": s.Okta.Users(), "groups": s.Okta.Groups()},
		"atlassian": map[string]any{
			"users": s.Atlassian.Users(), "groups": s.Atlassian.Groups(), "seats": s.Atlassian.Licences(),
		},
	})
}

func (s *Sandbox) controlLog(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f := reqlog.Filter{
		Server: q.Get("server"), Method: q.Get("method"), Path: q.Get("path"), Op: q.Get("op"), Effects: q.Get("effects") == "1",
	}
	if after := q.Get("after"); after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil {
			outcome(w, fmt.Errorf("after: %w", err))
			return
		}
		f.After = n
	}
	reply(w, http.StatusOK, s.Log.Entries(f))
}

func (s *Sandbox) controlAddFault(w http.ResponseWriter, r *http.Request) {
	var rule fault.Rule
	if err := strictJSON(r, &rule); err != nil {
		outcome(w, err)
		return
	}
	id, err := s.Faults.Add(rule)
	if err != nil {
		outcome(w, err)
		return
	}
	reply(w, http.StatusCreated, map[string]string{"id": id})
}

func (s *Sandbox) controlRemoveFault(w http.ResponseWriter, r *http.Request) {
	if !s.Faults.Remove(r.PathValue("id")) {
		reply(w, http.StatusNotFound, map[string]string{"error": "there is no fault " + r.PathValue("id")})
		return
	}
	done(w)
}

// Settings change how the stand-ins behave; absent ones stay as they are.
type Settings struct {
	LagMS                  *int                `json:"lag_ms"`
	Limits                 *string             `json:"limits"`
	ResetWithoutRetryAfter bool                `json:"reset_without_retry_after"` // with limits
	OktaRole               *okta.Role          `json:"okta_role"`
	OktaScopes             *[]string           `json:"okta_scopes"`
	OktaRevoke             bool                `json:"okta_revoke_tokens"`
	VagueConflicts         *bool               `json:"vague_conflicts"`
	SiteRole               *atlassian.SiteRole `json:"site_role"`
}

func (s *Sandbox) configure(c Settings) error {
	if c.ResetWithoutRetryAfter && c.Limits == nil {
		return fmt.Errorf("reset_without_retry_after goes with limits")
	}
	if c.LagMS != nil {
		lag := time.Duration(*c.LagMS) * time.Millisecond
		s.Okta.SetLag(lag)
		s.Atlassian.SetLag(lag)
	}
	if c.Limits != nil {
		s.Okta.SetLimits(*c.Limits)
		s.Atlassian.SetLimits(*c.Limits, c.ResetWithoutRetryAfter)
	}
	if c.OktaRole != nil {
		s.Okta.SetRole(*c.OktaRole)
	}
	if c.OktaScopes != nil {
		s.Okta.SetScopes(*c.OktaScopes)
	}
	if c.OktaRevoke {
		s.Okta.RevokeTokens()
	}
	if c.VagueConflicts != nil {
		s.Atlassian.SetVagueConflicts(*c.VagueConflicts)
	}
	if c.SiteRole != nil {
		s.Atlassian.SetSiteRole(*c.SiteRole)
	}
	return nil
}
