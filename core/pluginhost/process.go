package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// drainTime is how long the pipes of a process that has ended may stay open: a child
// it left behind may hold them.
const drainTime = time.Second

// process runs a plugin binary for go-plugin. It differs from go-plugin's own runner:
// the process dies with the host, gets no standard input and a process group of its
// own, serves on a unix socket only, and its end is noticed even when its pipes stay
// open.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr *os.File
	handshake      handshake
	exited         chan struct{} // closed when it has ended
	err            error         // then: how
	drained        chan struct{} // closed when its log has been read to the end

	mu     sync.Mutex
	killed bool
}

var errKilled = errors.New("it was ended before it was ready")

func newProcess(binary string) *process {
	cmd := exec.Command(binary)
	cmd.SysProcAttr = processAttributes()
	return &process{cmd: cmd, exited: make(chan struct{}), drained: make(chan struct{})}
}

// Start starts the process.
func (p *process) Start(context.Context) error {
	started := make(chan error)
	// A goroutine of its own: the caller may have locked its thread, and the process
	// would die with that thread.
	go func() { started <- p.start() }()
	return <-started
}

func (p *process) start() error {
	out, outWriter, err := os.Pipe()
	if err != nil {
		return err
	}
	errs, errWriter, err := os.Pipe()
	if err != nil {
		return errors.Join(err, out.Close(), outWriter.Close())
	}
	p.stdout, p.stderr, p.cmd.Stdout, p.cmd.Stderr = out, errs, outWriter, errWriter
	p.mu.Lock()
	if err = errKilled; !p.killed {
		err = p.cmd.Start()
	}
	p.mu.Unlock()
	_, _ = outWriter.Close(), errWriter.Close()
	if err != nil {
		_, _ = out.Close(), errs.Close()
		p.err = err
		close(p.exited)
		close(p.drained)
		return err
	}
	go p.wait()
	return nil
}

func (p *process) wait() {
	p.err = p.cmd.Wait()
	p.killGroup() // what it has started goes with it
	close(p.exited)
	time.AfterFunc(drainTime, func() { _, _ = p.stdout.Close(), p.stderr.Close() })
}

// Wait waits for the end.
func (p *process) Wait(context.Context) error {
	<-p.exited
	return p.err
}

// Kill ends the process and what it has started.
func (p *process) Kill(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.cmd.Process == nil {
		return nil
	}
	select {
	case <-p.exited:
		return nil // its number may be another's by now
	default:
	}
	p.killGroup()
	return nil
}

func (p *process) killGroup() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// Stdout is where the handshake comes from.
func (p *process) Stdout() io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(&chopped{r: p.stdout}, &p.handshake), p.stdout}
}

// Stderr is where the log comes from.
func (p *process) Stderr() io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{&untilEnd{p.stderr, p.drained}, p.stderr}
}

// untilEnd closes ended at the first error of its reader, which is its end.
type untilEnd struct {
	r     io.Reader
	ended chan struct{}
}

// Read reads.
func (u *untilEnd) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	if err != nil {
		select {
		case <-u.ended:
		default:
			close(u.ended)
		}
	}
	return n, err
}

// gone waits until the process has ended and its log is read, or for the given time,
// and reports whether it has ended.
func (p *process) gone(patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		return false
	}
	select {
	case <-p.drained:
	case <-timer.C:
	}
	return true
}

// Name is the binary's.
func (p *process) Name() string { return filepath.Base(p.cmd.Path) }

// ID is the process id.
func (p *process) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose has nothing to add: the error that go-plugin makes is replaced.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost refuses anything but a unix socket: a hostile plugin must not make the
// host connect to an address in the network.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" {
		return "", "", fmt.Errorf("it serves on %s, and only unix sockets are accepted", network)
	}
	return network, address, nil
}

// HostToPlugin changes nothing.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// longestLine is how long a line on a plugin's standard output may be: go-plugin's
// scanner gives up at 64 KiB, and would let the plugin block for ever.
const longestLine = 32 << 10

// chopped breaks lines that are too long.
type chopped struct {
	r    io.Reader
	line int
}

// Read reads, putting a line end where a line is too long.
func (c *chopped) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	for i := range b[:n] {
		c.line++
		if b[i] == '\n' {
			c.line = 0
		} else if c.line >= longestLine {
			b[i], c.line = '\n', 0
		}
	}
	return n, err
}

// handshake keeps the first line of what is written to it.
type handshake struct {
	mu   sync.Mutex
	line strings.Builder
	done bool
}

// Write takes what belongs to the first line.
func (h *handshake) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done {
		return len(b), nil
	}
	first, _, ended := strings.Cut(string(b), "\n")
	h.line.WriteString(first)
	h.done = ended
	return len(b), nil
}

// text is the line so far.
func (h *handshake) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.line.String()
}

// certificateMin is the length from which go-plugin takes the sixth part for one.
const certificateMin = 50

// secure reports whether the plugin has offered a certificate for mutual TLS.
func (h *handshake) secure() bool {
	parts := strings.Split(strings.TrimSpace(h.text()), "|")
	return len(parts) >= 6 && len(parts[5]) > certificateMin
}

// ending is how the process ended, once it has.
func (p *process) ending() string {
	select {
	case <-p.exited:
	default:
		return "it is still running"
	}
	if p.cmd.ProcessState == nil {
		return p.err.Error()
	}
	return p.cmd.ProcessState.String()
}
