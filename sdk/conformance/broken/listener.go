package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"strings"

	"syncgateway/sdk"
	"syncgateway/sdk/schema"
)

// listener is pushed to by clients of a small protocol: POST /users makes one, GET
// /users/LOGIN shows one.
type listener struct {
	*violation
	token string
}

// pushed is the block of the listener.
type pushed struct {
	Token string `json:"token"`
}

func listenerAbout() sdk.About {
	return sdk.About{Type: "acme-listener", Version: "1.0.0", Summary: "Pushes of the invented Acme system.", Config: schema.Of(
		schema.Secret("token").Required().Doc("Token that clients show."), schema.String("realm").Default("acme").OneOf("acme").Doc("Name in challenges."))}
}

// Configure keeps the settings.
func (l *listener) Configure(_ context.Context, c pushed) error {
	l.token = c.Token
	return nil
}

// Check has nothing to try but itself.
func (l *listener) Check(_ context.Context, steps sdk.Steps) {
	steps.Run("token is set", func() error { return nil })
}

// Listen serves the protocol.
func (l *listener) Listen(ctx context.Context, d sdk.Directory, socket net.Listener, _ string) error {
	m := http.NewServeMux()
	m.HandleFunc("POST /users", func(w http.ResponseWriter, r *http.Request) { l.post(w, r, d) })
	m.HandleFunc("GET /users/{login}", func(w http.ResponseWriter, r *http.Request) {
		e, err := d.Get(r.Context(), "user", r.PathValue("login"))
		l.answer(w, http.StatusOK, e, err)
	})
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.admits(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="acme"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		m.ServeHTTP(w, r)
	})
	if l.abrupt {
		server := &http.Server{Handler: guarded}
		defer context.AfterFunc(ctx, func() { _ = server.Close() })()
		_ = server.Serve(socket)
		return nil
	}
	return sdk.ServeHTTP(ctx, socket, guarded)
}

func (l *listener) admits(token string) bool {
	if l.compare != nil {
		return l.compare(token, l.token)
	}
	given, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(l.token))
	return subtle.ConstantTimeCompare(given[:], want[:]) == 1
}

// mostBody is the largest request.
const mostBody = 1 << 20

func (l *listener) post(w http.ResponseWriter, r *http.Request, d sdk.Directory) {
	if !l.gluttonous {
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
	}
	u, err := l.decode(r)
	if err != nil || u.Login == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id := u.Login
	if l.identity != nil {
		id = l.identity(u.Login)
	}
	e := sdk.Entry{User: &sdk.User{ID: id, Username: u.Login, DisplayName: u.Name, Active: true}}
	if l.eager {
		w.WriteHeader(http.StatusCreated)
		w.(http.Flusher).Flush()
		_, _ = d.Put(r.Context(), e, "")
		return
	}
	kept, err := d.Put(r.Context(), e, "")
	l.answer(w, http.StatusCreated, kept, err)
}

type account struct{ Login, Name string }

func (l *listener) decode(r *http.Request) (account, error) {
	if l.lenient != nil {
		return l.lenient(r)
	}
	var u account
	err := json.NewDecoder(r.Body).Decode(&u)
	return u, err
}

func (l *listener) answer(w http.ResponseWriter, status int, e sdk.Entry, err error) {
	switch {
	case err == nil:
		w.Header().Set("ETag", e.Version)
	case sdk.Is(err, sdk.ReasonNotFound):
		status = http.StatusNotFound
	case sdk.Is(err, sdk.ReasonConflict):
		status = http.StatusConflict
	default:
		if status = http.StatusServiceUnavailable; !l.curt {
			w.Header().Set("Retry-After", "5")
		}
	}
	w.WriteHeader(status)
}
