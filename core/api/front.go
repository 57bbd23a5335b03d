package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"syncgateway/core/config"
	"syncgateway/core/gateway"
	"syncgateway/core/ingress"
	"syncgateway/core/schedule"
)

// front is what faces a network: health and metrics, and the front door of what is
// pushed.
type front struct {
	server    *server
	door      *ingress.Door
	listeners []gateway.Listener
	address   string
}

// openFront listens on the configured address; nil when there is none. Nothing is
// served before the server runs.
func (s *Service) openFront(ctx context.Context) (*front, error) {
	g := &s.Gateway.Config.Gateway
	if g.Listen == "" {
		return nil, nil
	}
	limits := ingress.Limits{}
	log := s.Gateway.Log.Named("ingress")
	var files *ingress.Certificate
	if g.Certificate != "" {
		var err error
		if files, err = ingress.LoadCertificate(g.Certificate, g.Key, log); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", g.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", g.Listen, err)
	}
	g.Listen = l.Addr().String() // as it is: the port may have been 0
	f := &front{address: g.Listen}
	if f.listeners, err = s.Gateway.Listeners(ctx); err != nil {
		_ = l.Close()
		return nil, err
	}
	f.door = ingress.New(s.Gateway.Routes(f.listeners), limits, log, time.Now)
	public := s.Public()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, ingress.Prefix) {
			f.door.ServeHTTP(w, r)
			return
		}
		public.ServeHTTP(w, r)
	})
	f.server = &server{l: ingress.Limit(l, limits), http: ingress.Server(handler, limits, files), tls: files != nil}
	return f, nil
}

// settle is how long a push waits for the next: clients write person by person, and one
// run takes many.
const settle = 300 * time.Millisecond

// pushed wakes the syncs that read a source to which something was pushed, soon.
func (s *Service) pushed(ref string) {
	s.settling.Lock()
	defer s.settling.Unlock()
	if s.waiting == nil {
		s.waiting = map[string]bool{}
	}
	if s.waiting[ref] {
		return
	}
	s.waiting[ref] = true
	time.AfterFunc(settle, func() {
		s.settling.Lock()
		s.waiting[ref] = false
		s.settling.Unlock()
		for _, c := range s.Gateway.Config.Syncs {
			if c.Schedule.OnEvent && slices.ContainsFunc(c.From, func(x *config.Connector) bool { return x.Ref() == ref }) {
				s.Schedule.Wake(c.Name, schedule.Event)
			}
		}
	})
}

// flushEvery is how often it is written down when tokens were used last.
const flushEvery = time.Minute

func (s *Service) flushTokens(ctx context.Context) error {
	warned := map[string]int{}
	for {
		if err := s.warnOfTokens(ctx, warned); err != nil && ctx.Err() == nil { // it flushes too
			s.Gateway.Log.Error("tokens could not be looked at", "error", err)
		}
		select {
		case <-ctx.Done():
			return s.Gateway.Tokens.Flush(context.WithoutCancel(ctx))
		case <-time.After(flushEvery):
		}
	}
}
