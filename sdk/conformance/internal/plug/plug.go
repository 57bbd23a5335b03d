// Package plug starts the binary of a connector as the gateway would, and gives the
// connection to it. It knows nothing of what a connector must do.
package plug

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// Handshake is the contract's.
var Handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "SYNC_GATEWAY_PLUGIN", MagicCookieValue: "1"}

// largestMessage is what the gateway takes in one message.
const largestMessage = 4 << 20

// Binary is a connector's binary. Env is beyond what the gateway passes on.
type Binary struct {
	Path string
	Args []string
	Env  []string // NAME=value
}

// passed are the variables that the gateway passes on.
var passed = []string{
	"PATH", "TZ", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
}

// Environment is what a process gets.
func (b *Binary) Environment() []string {
	var env []string
	for _, name := range passed {
		given := slices.ContainsFunc(b.Env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		if value, ok := os.LookupEnv(name); ok && !given {
			env = append(env, name+"="+value)
		}
	}
	return append(env, b.Env...)
}

// Sum is the SHA-256 of the binary, in hex.
func (b *Binary) Sum() (string, error) {
	f, err := os.Open(b.Path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the binary: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Session is one running process.
type Session struct {
	Conn   *grpc.ClientConn
	client *plugin.Client
	proc   *process
	socket string
	log    tail
	said   *Heard
	once   sync.Once
}

type connection struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer is the connector's side, which is not here.
func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the kit serves nothing")
}

// GRPCClient returns the connection.
func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// startTimeout is how long a process may take until it can be called.
const startTimeout = 15 * time.Second

// Start runs the binary, shakes hands and pings it.
func Start(ctx context.Context, b *Binary, said *Heard) (*Session, error) {
	s := &Session{proc: newProcess(b, said), said: said}
	s.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  Handshake,
		Plugins:          plugin.PluginSet{"gateway": connection{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true, SkipHostEnv: true, StartTimeout: startTimeout,
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, socketDir string) (runner.Runner, error) {
			s.socket = socketDir
			s.proc.cmd.Env = append(b.Environment(), cmd.Env...)
			return s.proc, nil
		},
		// At any other level go-plugin parses the log, and panics on what it does not
		// expect.
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
		Stderr: io.MultiWriter(said.Writer("log"), &s.log), SyncStdout: said.Writer("standard output"), SyncStderr: io.MultiWriter(said.Writer("log"), &s.log),
		GRPCDialOptions: append(said.options(), grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(largestMessage), grpc.MaxCallSendMsgSize(largestMessage))),
	})
	started, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.connect(started) }()
	var err error
	select {
	case err = <-done:
	case <-started.Done():
		_ = s.proc.Kill(ctx)
		<-done
		err = fmt.Errorf("it was not ready within %s", startTimeout)
	}
	if err != nil {
		_ = s.proc.Kill(ctx)
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Session) connect(ctx context.Context) error {
	protocol, err := s.client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("gateway")
	if err != nil {
		return err
	}
	s.Conn = raw.(*grpc.ClientConn)
	if _, err := grpc_health_v1.NewHealthClient(s.Conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName}); err != nil {
		return fmt.Errorf("it does not answer the first call, which goes over mutual TLS: %w", err)
	}
	return nil
}

// Alive reports whether the process has not ended and answers.
func (s *Session) Alive(ctx context.Context) bool {
	select {
	case <-s.proc.exited:
		return false
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(s.Conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	return err == nil
}

// Log is the end of what the process has logged, without secrets.
func (s *Session) Log() string { return s.said.Hide(s.log.String()) }

// closeTimeout is how long a process may take to answer that it will end.
const closeTimeout = 3 * time.Second

// Close ends the process: it is asked to go, and made to after two seconds.
func (s *Session) Close() {
	s.once.Do(func() {
		force := time.AfterFunc(closeTimeout, func() { _ = s.proc.Kill(context.Background()) })
		defer force.Stop()
		s.client.Kill()
		if s.socket != "" {
			_ = os.RemoveAll(s.socket)
		}
	})
}
