package sdk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"syncgateway/sdk/internal/wire"
)

// The handshake, which is part of the contract.
const (
	cookieKey       = "SYNC_GATEWAY_PLUGIN"
	cookieValue     = "1"
	protocolVersion = 1
)

// largestRequest is what the host may send in one message.
const largestRequest = 16 << 20

// parentEvery is how often a plugin looks whether its host is still there.
const parentEvery = time.Second

// gcPercent lets garbage grow to twice of what is in use. A connector makes records and
// forgets them: it is collected half as often, and hardly anything is in use.
const gcPercent = 200

// collectLess sets gcPercent, unless the author or GOGC chose something.
func collectLess() {
	const byDefault = 100
	if chosen := debug.SetGCPercent(gcPercent); chosen != byDefault {
		debug.SetGCPercent(chosen)
	}
}

// serve serves the plugin until the host ends it, and then ends the process.
func serve(p *Plugin, err error) {
	if os.Getenv(cookieKey) != cookieValue {
		fmt.Fprintln(stderr, "This is a Sync Gateway plugin. The gateway starts it: put it into the gateway's plugin_dir and run"+
			" \"gateway plugins lock\".")
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintf(stderr, "This plugin cannot be served: %v.\n", err)
		os.Exit(1)
	}
	if os.Getenv("PLUGIN_CLIENT_CERT") == "" {
		fmt.Fprintln(stderr, "This plugin serves a host with mutual TLS only, and the host offered no certificate.")
		os.Exit(1)
	}
	stop, err := profile(os.Getenv(profileKey), p.Describe.Type)
	if err != nil {
		fmt.Fprintf(stderr, "No profile can be written: %v.\n", err)
		os.Exit(1)
	}
	collectLess()
	captureLog()
	go leaveWithParent(os.Getppid(), os.Getppid, time.Tick(parentEvery), os.Exit)
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: protocolVersion, MagicCookieKey: cookieKey, MagicCookieValue: cookieValue},
		Plugins:         plugin.PluginSet{"gateway": &served{plugin: p}},
		Logger:          newLogger(hclog.Warn),
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			opts = append(append(opts, wire.Encoding()), wire.Recovering(stderr)...)
			return grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(largestRequest))...)
		},
	})
	if err := stop(); err != nil {
		fmt.Fprintf(stderr, "The profile is not whole: %v.\n", err)
	}
	os.Exit(0)
}

// leaveWithParent ends the process when its parent has died: a host that was killed
// could not say goodbye.
func leaveWithParent(parent int, now func() int, tick <-chan time.Time, exit func(int)) {
	for range tick {
		if now() != parent {
			exit(1)
			return
		}
	}
}

// served registers a plugin with go-plugin's server.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	plugin *Plugin
}

// GRPCServer registers the services of the contract.
func (s *served) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	wire.Register(server, s.plugin)
	return nil
}

// GRPCClient is the host's side, which is not here.
func (s *served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("the SDK does not call plugins")
}
