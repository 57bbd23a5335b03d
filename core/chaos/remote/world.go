package remote

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"syncgateway/core/chaos/company"
)

// World is everything outside the gateway: the company at its sources, now and on the
// days before, and the application.
type World struct {
	Company  *company.Company
	App      *App
	PageSize int
	Totals   bool // listings tell how many records there are
	// Kill ends the plugin of a system; it is called while a request of it waits.
	Kill func(system string)

	mu     sync.Mutex
	past   []*company.Company
	faults []*Fault
	open   int           // requests under way
	idle   chan struct{} // closed when none is
}

// NewWorld is a world with an application that has nothing.
func NewWorld(c *company.Company, pageSize int, totals bool) *World {
	return &World{Company: c, App: newApp(), PageSize: pageSize, Totals: totals}
}

// Quiet returns when every request that was begun has been dealt with.
func (w *World) Quiet() {
	w.mu.Lock()
	idle := w.idle
	w.mu.Unlock()
	if idle != nil {
		<-idle
	}
}

func (w *World) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open++; w.open == 1 {
		w.idle = make(chan struct{})
	}
}

func (w *World) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open--; w.open == 0 {
		close(w.idle)
		w.idle = nil
	}
}

// Do runs f while no request is served.
func (w *World) Do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// Evening remembers the company as it is, for replicas that are behind.
func (w *World) Evening() { w.past = append(w.past, w.Company.Clone()) }

// Behind is the company lag evenings ago, nil when it was not there yet.
func (w *World) Behind(lag int) *company.Company {
	if lag < 1 || lag > len(w.past) {
		return nil
	}
	return w.past[len(w.past)-lag]
}

// Arm makes faults happen.
func (w *World) Arm(faults ...*Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, faults...)
}

// Disarm takes away the faults for which f holds.
func (w *World) Disarm(f func(*Fault) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = slices.DeleteFunc(w.faults, f)
}

// Armed lists the faults.
func (w *World) Armed() []*Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.faults)
}

// Server serves one world after the other at the same address.
type Server struct {
	URL  string
	http *http.Server
	mu   sync.Mutex
	now  *World
}

// Serve listens on loopback.
func Serve() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{URL: "http://" + l.Addr().String()}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(l) }()
	return s, nil
}

// Show makes the server show another world.
func (s *Server) Show(w *World) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = w
}

// Close ends it.
func (s *Server) Close() error { return s.http.Close() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	w := s.now
	s.mu.Unlock()
	if w == nil {
		http.NotFound(rw, r)
		return
	}
	w.ServeHTTP(rw, r)
}
