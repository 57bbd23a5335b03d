package ingress

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// pool keeps connections to a plugin's socket for the next request. The goroutine that
// serves a request writes to and reads from its connection itself; nobody watches those
// that are idle.
type pool struct {
	socket string
	most   int // that are kept

	mu     sync.Mutex
	idle   []*upstream // the one used last is last
	closed bool
}

// upstream is one connection to a plugin, used by one request at a time.
type upstream struct {
	net.Conn
	read   *bufio.Reader
	write  *bufio.Writer
	left   int64     // bytes that may be read, of a head that should end
	until  time.Time // its deadline
	used   bool      // for a request before
	parked time.Time
}

const (
	dialTime  = 5 * time.Second
	idleTime  = time.Minute
	headBytes = 1 << 20 // of an answer
)

var errHead = errors.New("the head of the answer is too large")

// Read implements io.Reader.
func (u *upstream) Read(p []byte) (int, error) {
	if u.left <= 0 {
		return 0, errHead
	}
	n, err := u.Conn.Read(p)
	u.left -= int64(n)
	return n, err
}

// within gives what follows on the connection so much time, and up to a tenth more: a
// deadline that is far enough ahead is left alone.
func (u *upstream) within(d time.Duration, now time.Time) {
	if u.until.Before(now.Add(d)) {
		u.until = now.Add(d + d/10)
		_ = u.SetDeadline(u.until) // of a connection that broke: the next use shows it
	}
}

// take returns a connection, one that was used before unless fresh.
func (p *pool) take(now time.Time, fresh bool) (*upstream, error) {
	p.mu.Lock()
	for !fresh && len(p.idle) > 0 {
		u := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if now.Sub(u.parked) < idleTime {
			p.mu.Unlock()
			return u, nil
		}
		_ = u.Close()
	}
	p.mu.Unlock()
	conn, err := net.DialTimeout("unix", p.socket, dialTime)
	if err != nil {
		return nil, err
	}
	u := &upstream{Conn: conn, write: bufio.NewWriterSize(conn, 4<<10)}
	u.read = bufio.NewReaderSize(u, 4<<10)
	return u, nil
}

// keep puts a connection back that is between two requests.
func (p *pool) keep(u *upstream, now time.Time) {
	u.used, u.parked = true, now
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) > 0 && now.Sub(p.idle[0].parked) > idleTime {
		_ = p.idle[0].Close()
		p.idle = append(p.idle[:0], p.idle[1:]...)
	}
	if p.closed || len(p.idle) >= p.most {
		_ = u.Close()
		return
	}
	p.idle = append(p.idle, u)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, u := range p.idle {
		_ = u.Close()
	}
	p.idle = nil
}

// alive reports whether the plugin has left an idle connection open, and silent.
func (u *upstream) alive() bool {
	raw, err := u.Conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	waiting := false
	err = raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		waiting = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && waiting
}
