package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"syncgateway/core/identity"
	"syncgateway/core/pluginhost/internal/convert"
	"syncgateway/core/schema"
	pb "syncgateway/proto/gateway/plugin/v1"
)

// The handshake, which is part of the contract.
var handshakeConfig = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "SYNC_GATEWAY_PLUGIN", MagicCookieValue: "1"}

// largestMessage is what a plugin may send in one message. Pages stay far below.
const largestMessage = 4 << 20

// ahead is how many bytes a plugin may send while the host is busy with what it has: a
// few pages, so that both work at once.
const ahead = 1 << 20

// session is one running process of a plugin, verified and described.
type session struct {
	client      *plugin.Client
	proc        *process
	conn        *grpc.ClientConn
	description *schema.Plugin
	socketDir   string
	up          atomic.Bool // it has answered: it can be asked to go
	once        sync.Once
}

// connection hands out the connection that go-plugin has made.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer is the plugin's side, which is not here.
func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host serves nothing")
}

// GRPCClient returns the connection.
func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// launch verifies a binary and runs it until it has said what it is. register is
// called before the process starts, with what ends it.
func (h *Host) launch(ctx context.Context, typ string, log *logIntake, register func(closer) error) (*session, error) {
	if !convert.ValidType(typ) {
		return nil, fmt.Errorf("%q is not a plugin type", typ)
	}
	binary, err := filepath.Abs(Binary(h.o.PluginDir, typ))
	if err != nil {
		return nil, err
	}
	sum, err := h.verify(typ)
	if err != nil {
		return nil, err
	}
	s := h.session(typ, binary, log)
	if err := register(s); err != nil {
		return nil, err
	}
	started, cancel := context.WithTimeout(ctx, h.o.StartTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- h.connect(started, s, typ, sum) }()
	select {
	case err = <-done:
	case <-started.Done():
		_ = s.proc.Kill(context.Background()) // which makes connect return
		<-done
		err = started.Err()
	}
	if err == nil {
		s.up.Store(true)
		return s, nil
	}
	err = h.reason(ctx, s, err)
	s.Close()
	h.forget(s)
	return nil, err
}

func (h *Host) session(typ, binary string, log *logIntake) *session {
	s := &session{proc: newProcess(binary)}
	s.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshakeConfig,
		Plugins:          plugin.PluginSet{"gateway": connection{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     h.o.StartTimeout,
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, socketDir string) (runner.Runner, error) {
			s.socketDir = socketDir
			s.proc.cmd.Env = append(environment(h.o.Env[typ]), cmd.Env...)
			return s.proc, nil
		},
		// At any other level go-plugin parses the log itself, and panics on what it
		// does not expect.
		Logger:     hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
		Stderr:     log.writer(),
		SyncStdout: log.writer(),
		SyncStderr: log.writer(),
		GRPCDialOptions: []grpc.DialOption{grpc.WithInitialWindowSize(ahead), grpc.WithInitialConnWindowSize(2 * ahead), grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(largestMessage), grpc.MaxCallSendMsgSize(largestMessage))},
	})
	return s
}

// connect starts the process, shakes hands, pings and asks for the description. The
// ping is needed: a plugin without mutual TLS looks fine until its first call.
func (h *Host) connect(ctx context.Context, s *session, typ, sum string) error {
	protocol, err := s.client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("gateway")
	if err != nil {
		return err
	}
	s.conn = raw.(*grpc.ClientConn)
	if _, err := grpc_health_v1.NewHealthClient(s.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName}); err != nil {
		return fmt.Errorf("it does not answer: %w", err)
	}
	if s.description = h.description(sum); s.description != nil {
		return nil
	}
	return h.describe(ctx, s, typ, sum)
}

func (h *Host) describe(ctx context.Context, s *session, typ, sum string) error {
	m, err := pb.NewPluginServiceClient(s.conn).Describe(ctx, &pb.DescribeRequest{HostVersion: h.o.Version})
	if err != nil {
		return fmt.Errorf("it does not describe itself: %w", err)
	}
	d, err := convert.Description(m)
	if err != nil {
		return err
	}
	if d.Type != typ {
		return fmt.Errorf("it says that it is the plugin %q", d.Type)
	}
	h.mu.Lock()
	h.known[sum] = d
	h.mu.Unlock()
	s.description = d
	return nil
}

// reason says in our words why a plugin could not be started.
func (h *Host) reason(ctx context.Context, s *session, err error) error {
	said := s.proc.handshake.text()
	lost := status.Code(err) == codes.Unavailable // a call was made, and the connection is not there
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("it was not ready within %s", h.o.StartTimeout)
	case said == "" && s.proc.gone(drainTime):
		return fmt.Errorf("it exited at once (%s); is it a plugin for this machine?", s.proc.ending())
	case said != "" && strings.Count(said, "|") < 3:
		return fmt.Errorf("it wrote %q where the handshake was due; is it a plugin?", identity.Visible(said, 100))
	case lost && !s.proc.handshake.secure():
		return errors.New("it offers no mutual TLS, without which nothing is sent to it")
	case lost && s.proc.gone(drainTime):
		return fmt.Errorf("it ended while it was being started (%s)", s.proc.ending())
	}
	return err
}

// Close ends the process: it is asked to go, and made to after two seconds.
func (s *session) Close() {
	s.once.Do(func() {
		if !s.up.Load() {
			_ = s.proc.Kill(context.Background()) // it cannot be asked
		}
		s.client.Kill()
		if s.socketDir != "" {
			_ = os.RemoveAll(s.socketDir) // go-plugin leaves it when the process never ran
		}
	})
}
