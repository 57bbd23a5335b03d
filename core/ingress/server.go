package ingress

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// Server makes the HTTP server of a front door: TLS where files is not nil, and
// connections that cost no more than the limits allow. handler gets what is not below
// Prefix too, which it routes to the door itself.
func Server(handler http.Handler, limits Limits, files *Certificate) *http.Server {
	l := limits.withDefaults()
	s := &http.Server{Handler: handler, ReadHeaderTimeout: l.HeaderTime, ReadTimeout: l.BodyTime, WriteTimeout: l.BodyTime + l.AnswerTime,
		IdleTimeout: 2 * l.AnswerTime, MaxHeaderBytes: l.HeaderBytes}
	if files != nil {
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get, NextProtos: []string{"h2", "http/1.1"}}
	}
	return s
}

// Limit makes a listener that keeps to the limits of connections. One too many is
// closed at once, so that those who are served go on being served.
func Limit(l net.Listener, limits Limits) net.Listener {
	limits = limits.withDefaults()
	return &limited{Listener: l, most: limits.Connections, each: limits.PerAddress, by: map[string]int{}}
}

type limited struct {
	net.Listener
	most, each int

	mu   sync.Mutex
	open int
	by   map[string]int
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := c.RemoteAddr().String()
		if host, _, err := net.SplitHostPort(address); err == nil {
			address = host
		}
		if l.admit(address) {
			return &limitedConn{Conn: c, release: sync.OnceFunc(func() { l.release(address) })}, nil
		}
		_ = c.Close()
	}
}

func (l *limited) admit(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.most || l.by[address] >= l.each {
		return false
	}
	l.open++
	l.by[address]++
	return true
}

func (l *limited) release(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.by[address]--; l.by[address] == 0 {
		delete(l.by, address)
	}
}

type limitedConn struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
