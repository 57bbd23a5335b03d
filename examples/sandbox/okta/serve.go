package okta

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"syncgateway/examples/sandbox/fault"
)

// ServeHTTP answers one request: credential, rate limit, permission, then the resource.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !o.limiter.admit(w, r.Method, r.URL.Path) {
		o.TooMany(w, false)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/oauth2/") {
		o.mux.ServeHTTP(w, r)
		return
	}
	who, refusal := o.authenticate(r)
	if refusal != nil {
		refusal(w)
		return
	}
	plan := fault.FromContext(r.Context())
	if plan.Is(fault.LostRole) {
		who.role = Limited
	}
	if !o.authorize(w, r, who) {
		return
	}
	if who.role == Limited {
		plan.Main.Kind = fault.LostRole
	}
	ctx := context.WithValue(fault.WithPlan(r.Context(), plan), principalKey{}, who)
	o.mux.ServeHTTP(w, r.WithContext(ctx))
}

func (o *Org) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("POST /oauth2/v1/token", o.serveToken)
	m.HandleFunc("GET /api/v1/users", o.listUsers)
	m.HandleFunc("GET /api/v1/users/{id}", o.getUser)
	m.HandleFunc("GET /api/v1/users/{id}/groups", o.userGroups)
	m.HandleFunc("GET /api/v1/groups", o.listGroups)
	m.HandleFunc("GET /api/v1/groups/{id}", o.getGroup)
	m.HandleFunc("GET /api/v1/groups/{id}/users", o.groupUsers)
	m.HandleFunc("GET /api/v1/groups/{id}/apps", o.groupApps)
	m.HandleFunc("GET /api/v1/apps", o.listApps)
	m.HandleFunc("GET /api/v1/apps/{id}", o.getApp)
	m.HandleFunc("GET /api/v1/apps/{id}/users", o.appUsers)
	m.HandleFunc("GET /api/v1/apps/{id}/users/{user}", o.getAppUser)
	m.HandleFunc("GET /api/v1/apps/{id}/groups", o.appGroups)
	m.HandleFunc("GET /api/v1/apps/{id}/groups/{group}", o.getAppGroup)
	m.HandleFunc("GET /api/v1/logs", o.listLogs)
	m.HandleFunc("GET /api/v1/org", o.getOrg)
	m.HandleFunc("GET /api/v1/meta/types/user", o.userTypes)
	m.HandleFunc("GET /api/v1/meta/schemas/user/{id}", o.userSchema)
	m.HandleFunc("/api/v1/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			o.fail(w, http.StatusMethodNotAllowed, "E0000022", "The endpoint does not support the provided HTTP method")
			return
		}
		o.notFound(w, r.URL.Path, "Resource")
	})
	return m
}

// scopes by path prefix, the longest first.
var scopes = []struct{ prefix, scope string }{
	{"/api/v1/meta/schemas", "okta.schemas.read"},
	{"/api/v1/meta/types", "okta.userTypes.read"},
	{"/api/v1/users", "okta.users.read"},
	{"/api/v1/groups", "okta.groups.read"},
	{"/api/v1/apps", "okta.apps.read"},
	{"/api/v1/logs", "okta.logs.read"},
	{"/api/v1/org", "okta.orgs.read"},
}

// lists are the paths on which a role that sees nothing still answers 200.
func isList(path string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return len(parts) == 3 && parts[2] != "org" || len(parts) == 5 && parts[2] != "meta"
}

func (o *Org) authorize(w http.ResponseWriter, r *http.Request, who principal) bool {
	for _, s := range scopes {
		if !strings.HasPrefix(r.URL.Path, s.prefix) {
			continue
		}
		if who.scopes != nil && !who.scopes[s.scope] {
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+s.scope+`"`)
			o.forbidden(w)
			return false
		}
		break
	}
	if who.role == NoRole || who.role == Limited && !isList(r.URL.Path) {
		o.forbidden(w)
		return false
	}
	return true
}

func (o *Org) forbidden(w http.ResponseWriter) {
	o.fail(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
}

func (o *Org) notFound(w http.ResponseWriter, id, kind string) {
	o.fail(w, http.StatusNotFound, "E0000007", "Not found: Resource not found: "+id+" ("+kind+")")
}

// fail writes Okta's error body.
func (o *Org) fail(w http.ResponseWriter, status int, code, summary string, causes ...string) {
	list := make([]map[string]string, 0, len(causes))
	for _, c := range causes {
		list = append(list, map[string]string{"errorSummary": c})
	}
	writeJSON(w, status, map[string]any{
		"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": o.errorID(), "errorCauses": list,
	})
}

func (o *Org) errorID() string {
	o.authMu.Lock()
	defer o.authMu.Unlock()
	return o.tokens.Text("oae", 22)
}

// Fail writes the answer Okta gives with this status, for injected faults. Okta sends no Retry-After.
func (o *Org) Fail(w http.ResponseWriter, _ *http.Request, status, _ int) {
	switch status {
	case http.StatusTooManyRequests:
		o.TooMany(w, false)
	case http.StatusUnauthorized:
		o.fail(w, status, "E0000011", "Invalid token provided")
	case http.StatusForbidden:
		o.forbidden(w)
	case http.StatusNotFound:
		o.fail(w, status, "E0000007", "Not found: Resource not found")
	case http.StatusBadRequest:
		o.fail(w, status, "E0000001", "Api validation failed")
	default:
		o.fail(w, status, "E0000009", "Internal Server Error")
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(mustJSON(v))
}

// mustJSON encodes what the stand-in made itself; a failure is a bug here.
func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("okta stand-in: encode answer: " + err.Error())
	}
	return raw
}
