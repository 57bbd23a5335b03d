// Package sandbox runs a pretend company on loopback: an Okta org, an Atlassian organisation with a Jira site, faults on
// demand, a request log to be used as an oracle, and a control API for scripts.
//
// It imports nothing of the gateway, so that what it proves about the gateway is independent of it. README.md describes
// its addresses, control API and faults.
package sandbox

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"syncgateway/examples/sandbox/atlassian"
	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/fault"
	"syncgateway/examples/sandbox/internal/front"
	"syncgateway/examples/sandbox/internal/seeded"
	"syncgateway/examples/sandbox/okta"
	"syncgateway/examples/sandbox/reqlog"
)

// Names of the listeners, in the request log and in fault rules.
const (
	Okta = "okta"
	API  = "api"
	Site = "site"
)

// KeyID is the kid of the service apps' key.
const KeyID = "sandbox-key"

const maxInFlight = 75

// Options configures a Sandbox; the zero value is a company of 500 on free ports.
type Options struct {
	Seed         uint64
	People       int
	Groups       int
	Memberships  float64 // average number of groups per person
	Existing     float64 // share of people with an Atlassian account at the start; default 0.2, negative: the named ones only
	Seats        int
	Limits       string        // "open" (default) or "vendor"
	Lag          time.Duration // how late searches see a change
	Ports        Ports
	LogTo        io.Writer // JSON lines, nil = none
	Now          func() time.Time
	WithoutOAuth bool // saves making a key where no test signs in as a service app
}

// Ports on 127.0.0.1; 0 picks a free one.
type Ports struct{ Okta, API, Site, Control int }

// Sandbox is a running company.
type Sandbox struct {
	Company   *company.Company
	Okta      *okta.Org
	Atlassian *atlassian.Org
	Log       *reqlog.Log
	Faults    *fault.Set

	OktaURL, APIURL, SiteURL, ControlURL string

	clientID, dpopClientID string
	key                    *rsa.PrivateKey
	servers                []*http.Server
	done                   sync.WaitGroup
}

// Start brings the company up; when it returns, all listeners accept connections. Close ends it.
func Start(o Options) (*Sandbox, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sandbox{
		Company: company.Generate(company.Options{Seed: o.Seed, People: o.People, Groups: o.Groups, Memberships: o.Memberships}),
		Log:     reqlog.New(o.LogTo), Faults: &fault.Set{},
	}
	listeners, err := listen(o.Ports)
	if err != nil {
		return nil, err
	}
	url := func(i int) string { return "http://" + listeners[i].Addr().String() }
	s.OktaURL, s.APIURL, s.SiteURL, s.ControlURL = url(0), url(1), url(2), url(3)+"/_control"
	s.Okta = okta.New(s.Company, okta.Options{Seed: o.Seed, BaseURL: s.OktaURL, Now: o.Now, Limits: o.Limits, Lag: o.Lag})
	s.Atlassian = atlassian.New(s.Company, atlassian.Options{
		Seed: o.Seed, APIURL: s.APIURL, SiteURL: s.SiteURL, Now: o.Now, Limits: o.Limits, Lag: o.Lag, Seats: o.Seats, Existing: o.Existing,
	})
	if err := s.addServiceApps(o); err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return nil, err
	}
	fronted := func(name string, h http.Handler, fail func(http.ResponseWriter, *http.Request, int, int)) *front.Front {
		return &front.Front{Server: name, Log: s.Log, Faults: s.Faults, Now: o.Now, Handler: h, Error: fail}
	}
	oktaFront := fronted(Okta, s.Okta, s.Okta.Fail)
	oktaFront.MaxInFlight, oktaFront.Busy = maxInFlight, func(w http.ResponseWriter) { s.Okta.TooMany(w, true) }
	for i, h := range []http.Handler{
		oktaFront, fronted(API, s.Atlassian.APIHandler(), s.Atlassian.FailAPI),
		fronted(Site, s.Atlassian.SiteHandler(), s.Atlassian.FailSite), s.control(),
	} {
		s.serve(listeners[i], h)
	}
	return s, nil
}

func listen(p Ports) ([]net.Listener, error) {
	var out []net.Listener
	for _, port := range []int{p.Okta, p.API, p.Site, p.Control} {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			for _, open := range out {
				open.Close()
			}
			return nil, fmt.Errorf("listen on loopback port %d: %w", port, err)
		}
		out = append(out, l)
	}
	return out, nil
}

func (s *Sandbox) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet}
	s.servers = append(s.servers, server)
	s.done.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic("sandbox: serve: " + err.Error())
		}
	})
}

func (s *Sandbox) addServiceApps(o Options) error {
	ids := seeded.New(o.Seed, "service-apps")
	s.clientID, s.dpopClientID = ids.Text("0oa", 17), ids.Text("0oa", 17)
	if o.WithoutOAuth {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make the service app's key: %w", err)
	}
	s.key = key
	for _, app := range []okta.ServiceApp{{ClientID: s.clientID}, {ClientID: s.dpopClientID, RequireDPoP: true}} {
		app.Keys = map[string]crypto.PublicKey{KeyID: &key.PublicKey}
		app.Scopes, app.Role = okta.AllReadScopes(), okta.ReadOnlyAdmin
		s.Okta.AddServiceApp(app)
	}
	return nil
}

// PrivateKeyPEM is the service apps' private key (PKCS #8), nil with WithoutOAuth.
func (s *Sandbox) PrivateKeyPEM() ([]byte, error) {
	if s.key == nil {
		return nil, nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		return nil, fmt.Errorf("encode the service app's key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// Env gives addresses and credentials as environment variables.
func (s *Sandbox) Env() map[string]string {
	a := s.Atlassian
	return map[string]string{
		"OKTA_ORG_URL": s.OktaURL, "OKTA_API_TOKEN": s.Okta.Token(), "OKTA_APP_ID": s.Okta.AppID(),
		"OKTA_CLIENT_ID": s.clientID, "OKTA_DPOP_CLIENT_ID": s.dpopClientID, "OKTA_KEY_ID": KeyID,
		"ATLASSIAN_API_URL": s.APIURL, "ATLASSIAN_ADMIN_URL": s.APIURL + "/admin",
		"ATLASSIAN_ORG_ID": a.OrgID, "ATLASSIAN_DIRECTORY_ID": a.DirectoryID,
		"ATLASSIAN_ORG_KEY": a.OrgKey, "ATLASSIAN_SCOPED_ORG_KEY": a.ScopedOrgKey,
		"JIRA_SITE_URL": s.SiteURL, "JIRA_CLOUD_ID": a.CloudID, "JIRA_EMAIL": a.Email,
		"JIRA_API_TOKEN": a.Token, "JIRA_SCOPED_TOKEN": a.ScopedToken, "SANDBOX_CONTROL": s.ControlURL,
	}
}

// Run applies a step of the day, or all of them for company.DayStep, to the Okta org.
func (s *Sandbox) Run(step string) error {
	steps, err := company.Steps(step)
	if err != nil {
		return err
	}
	for _, st := range steps {
		for _, m := range st.Mutations {
			if err := s.Okta.Apply(m); err != nil {
				return fmt.Errorf("step %s: %w", st.Name, err)
			}
		}
	}
	return nil
}

// Close ends all listeners and connections and waits for their handlers.
func (s *Sandbox) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var errs []error
	for _, server := range s.servers {
		if server.Shutdown(ctx) != nil {
			errs = append(errs, server.Close())
		}
	}
	s.done.Wait()
	return errors.Join(append(errs, s.Log.Err())...)
}
