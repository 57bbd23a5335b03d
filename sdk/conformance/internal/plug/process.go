package plug

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// process runs the binary for go-plugin, as the gateway does: a process group of its
// own, no standard input, a unix socket only. What it writes is listened to.
type process struct {
	cmd            *exec.Cmd
	said           *Heard
	stdout, stderr *os.File
	exited         chan struct{}

	mu     sync.Mutex
	killed bool
}

// drainTime is how long the pipes of a process that has ended may stay open.
const drainTime = time.Second

func newProcess(b *Binary, said *Heard) *process {
	cmd := exec.Command(b.Path, b.Args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return &process{cmd: cmd, said: said, exited: make(chan struct{})}
}

// Start starts the process.
func (p *process) Start(context.Context) error {
	out, outWriter, err := os.Pipe()
	if err != nil {
		return err
	}
	errs, errWriter, err := os.Pipe()
	if err != nil {
		return errors.Join(err, out.Close(), outWriter.Close())
	}
	p.stdout, p.stderr, p.cmd.Stdout, p.cmd.Stderr = out, errs, outWriter, errWriter
	err = p.cmd.Start()
	_, _ = outWriter.Close(), errWriter.Close()
	if err != nil {
		_, _ = out.Close(), errs.Close()
		close(p.exited)
		return err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is nothing to us
		p.killGroup()
		close(p.exited)
		time.AfterFunc(drainTime, func() { _, _ = p.stdout.Close(), p.stderr.Close() })
	}()
	return nil
}

// Wait waits for the end.
func (p *process) Wait(context.Context) error {
	<-p.exited
	return nil
}

// Kill ends the process and what it has started.
func (p *process) Kill(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	select {
	case <-p.exited: // its number may be another's by now
	default:
		p.killGroup()
	}
	return nil
}

func (p *process) killGroup() {
	if p.cmd.Process != nil {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
}

// Stdout is where the handshake comes from.
func (p *process) Stdout() io.ReadCloser {
	return overheard{p.stdout, p.said.Writer("standard output")}
}

// Stderr is where the log comes from.
func (p *process) Stderr() io.ReadCloser { return p.stderr }

type overheard struct {
	*os.File
	to io.Writer
}

// Read reads, and passes on what was read.
func (o overheard) Read(b []byte) (int, error) {
	n, err := o.File.Read(b)
	_, _ = o.to.Write(b[:n])
	return n, err
}

// Name is the binary's.
func (p *process) Name() string { return filepath.Base(p.cmd.Path) }

// ID is the process id.
func (p *process) ID() string {
	if p.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Diagnose has nothing to add.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost refuses what the gateway refuses.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" {
		return "", "", fmt.Errorf("it serves on %s, and the gateway takes unix sockets only", network)
	}
	return network, address, nil
}

// HostToPlugin changes nothing.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
