package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"syncgateway/sdk"
	"syncgateway/sdk/conformance/internal/plug"
	"syncgateway/sdk/httpx"
	"syncgateway/sdk/internal/wire"
)

// violation is what one broken connector does differently. Unset parts are healthy.
type violation struct {
	start      func()                                            // before anything is served
	unary      func(m any, ask func() (any, error)) (any, error) // in the place of a call's handler
	stream     func() *bent                                      // for every stream
	transport  func(http.RoundTripper) http.RoundTripper         // to the system
	configured func(api *httpx.Client, c config)                 // at the end of Configure
	orphan     bool                                              // stays when its parent is gone
	fragile    bool                                              // a panic in a handler ends the process

	// Of the listener.
	eager      bool                                 // answers before the directory does
	curt       bool                                 // does not say when to come again
	gluttonous bool                                 // takes any body
	abrupt     bool                                 // drops what is open when it is drained
	compare    func(given, want string) bool        // instead of the comparison of tokens
	identity   func(login string) string            // makes the id of a user
	lenient    func(*http.Request) (account, error) // reads a user
}

// bent is what happens to the messages of one stream.
type bent struct {
	received func(m any)                             // changes what was asked
	sends    func(m any, send func(any) error) error // sends what it likes
	ended    func()                                  // when the handler has returned
}

// serve serves the plugin as the SDK does, with the violation in between.
func serve(p *sdk.Plugin, v *violation) {
	if v.start != nil {
		v.start()
	}
	if !v.orphan {
		go leaveWithParent()
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plug.Handshake,
		Plugins:         plugin.PluginSet{"gateway": &served{plugin: p}},
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			if o = append(o, wire.Encoding()); !v.fragile {
				o = append(o, wire.Recovering(os.Stderr)...)
			}
			return grpc.NewServer(append(o, grpc.MaxRecvMsgSize(16<<20), grpc.ChainUnaryInterceptor(v.bendUnary), grpc.ChainStreamInterceptor(v.bendStream))...)
		},
	})
}

func leaveWithParent() {
	for parent := os.Getppid(); os.Getppid() == parent; {
		time.Sleep(200 * time.Millisecond)
	}
	os.Exit(1)
}

func (v *violation) bendUnary(ctx context.Context, m any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
	if v.unary == nil {
		return h(ctx, m)
	}
	return v.unary(m, func() (any, error) { return h(ctx, m) })
}

func (v *violation) bendStream(srv any, s grpc.ServerStream, info *grpc.StreamServerInfo, h grpc.StreamHandler) error {
	if v.stream == nil {
		return h(srv, s)
	}
	b := v.stream()
	if b.ended != nil {
		defer b.ended()
	}
	return h(srv, &bentStream{s, b, info.FullMethod})
}

type bentStream struct {
	grpc.ServerStream
	bent   *bent
	method string
}

// RecvMsg receives, and changes what was asked.
func (b *bentStream) RecvMsg(m any) error {
	err := b.ServerStream.RecvMsg(m)
	if err == nil && b.bent.received != nil {
		b.bent.received(m)
	}
	return err
}

// SendMsg sends what the violation likes.
func (b *bentStream) SendMsg(m any) error {
	if b.bent.sends == nil {
		return b.ServerStream.SendMsg(m)
	}
	whole, err := wire.Whole(b.method, m)
	if err != nil {
		return err
	}
	return b.bent.sends(whole, b.ServerStream.SendMsg)
}

type served struct {
	plugin.NetRPCUnsupportedPlugin
	plugin *sdk.Plugin
}

// GRPCServer registers the services of the contract.
func (s *served) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	wire.Register(server, s.plugin)
	return nil
}

// GRPCClient is the host's side, which is not here.
func (s *served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("not the host")
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering replaces the body of an answer.
func answering(resp *http.Response, status int, body string) *http.Response {
	if resp.Body != nil {
		_ = resp.Body.Close()
	}
	resp.StatusCode, resp.Status = status, http.StatusText(status)
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	resp.Header = http.Header{"Content-Type": {"application/json"}}
	return resp
}
