// Command misbehave is the plugin that the host's tests run: it breaks the contract in
// every way they need. How it starts depends on the name it is started by
// ("gateway-silent"), what it does later on the "mode" of its configuration. It is
// written without the SDK, which would not let it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "syncgateway/proto/gateway/plugin/v1"
)

var (
	name   = strings.TrimPrefix(filepath.Base(os.Args[0]), "gateway-")
	stderr = os.Stderr
)

func main() {
	version := uint(1)
	switch name {
	case "exits":
		fmt.Fprintln(stderr, "cannot find libfoo.so")
		os.Exit(3)
	case "silent":
		select {}
	case "garbage":
		fmt.Println("Hello, I am a web server listening on :8080")
		select {}
	case "network":
		fmt.Println("1|1|tcp|127.0.0.1:1|grpc|")
		select {}
	case "notls":
		_ = os.Unsetenv("PLUGIN_CLIENT_CERT")
	case "newer":
		version = 7
	case "dies":
		go func() {
			for os.Stdout == nil || os.Stdout.Name() == "/dev/stdout" { // until the handshake is said
				time.Sleep(time.Millisecond)
			}
			os.Exit(4)
		}()
	case "badlog":
		badLines()
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: version, MagicCookieKey: "SYNC_GATEWAY_PLUGIN", MagicCookieValue: "1"},
		Plugins:         plugin.PluginSet{"gateway": &served{}},
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(o, grpc.MaxSendMsgSize(64<<20))...)
		},
	})
}

// badLines are what a log reader may choke on.
func badLines() {
	fmt.Fprint(stderr, `{"@level":"info","@message":42}`+"\n", `{"@level":{},"@message":[],"@timestamp":7}`+"\n",
		`{"@message":null,"a":{"b":1}}`+"\n", "{\n", "null\n", "[]\n", "\x1b[31m\x00\xff\xfe\n", "\n",
		`{"@level":"warn","@message":"the last","n":`+strings.Repeat("9", 400)+"}\n")
	fmt.Fprintln(stderr, strings.Repeat("x", 300_000))
	fmt.Fprint(stderr, "no line end")
}

type served struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer registers everything: which role it has is said by Describe.
func (*served) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	o := &odd{drained: make(chan struct{}, 1)}
	pb.RegisterPluginServiceServer(s, o)
	pb.RegisterSourceServiceServer(s, o)
	pb.RegisterTargetServiceServer(s, o)
	pb.RegisterListenerServiceServer(s, o)
	return nil
}

// GRPCClient is the host's side.
func (*served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("not the host")
}

type config struct {
	Mode   string `json:"mode"`
	Secret string `json:"secret"`
	Users  int    `json:"users"`
}

type odd struct {
	pb.UnimplementedPluginServiceServer
	pb.UnimplementedSourceServiceServer
	pb.UnimplementedTargetServiceServer
	pb.UnimplementedListenerServiceServer
	config
	stateDir string
	drained  chan struct{}
}

func (o *odd) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	d := &pb.DescribeResponse{Type: name, Version: "0.0.1", Sdk: "none", Roles: []pb.Role{pb.Role_ROLE_SOURCE, pb.Role_ROLE_TARGET, pb.Role_ROLE_LISTENER},
		Capabilities: &pb.Capabilities{Delta: true, Lookup: true},
		Config: &pb.Schema{Root: &pb.Block{Fields: []*pb.Field{{Name: "mode", Type: pb.Type_TYPE_STRING},
			{Name: "secret", Type: pb.Type_TYPE_STRING, Sensitive: true}}}}}
	switch name {
	case "wrongtype":
		d.Type = "okta"
	case "environment":
		d.Summary = strings.Join(os.Environ(), "\n")
	case "badschema":
		d.Config.Root.Fields[0].Type = 99
	}
	return d, nil
}

func (o *odd) Configure(_ context.Context, m *pb.ConfigureRequest) (*pb.ConfigureResponse, error) {
	_ = json.Unmarshal(m.GetConfigJson(), &o.config)
	o.stateDir = m.GetStateDir()
	problem := &pb.Diagnostic{Severity: pb.Diagnostic_SEVERITY_ERROR, Code: "odd.refused", Summary: "not with " + o.Secret,
		Path: &pb.Path{Steps: []*pb.Step{{Step: &pb.Step_Name{Name: "mode"}}}}}
	switch o.Mode {
	case "refuse":
		return &pb.ConfigureResponse{Diagnostics: []*pb.Diagnostic{problem}}, nil
	case "warn":
		problem.Severity = pb.Diagnostic_SEVERITY_WARNING
		return &pb.ConfigureResponse{Diagnostics: []*pb.Diagnostic{problem}}, nil
	case "panic-configure":
		crash("while configuring " + o.Secret)
	case "leak":
		fmt.Fprintf(stderr, `{"@level":"info","@message":"connecting with %s","password":"%s","@timestamp":"x"}`+"\n", o.Secret, o.Secret)
		fmt.Fprintln(stderr, "plain "+o.Secret)
		fmt.Println("on stdout " + o.Secret)
	}
	return &pb.ConfigureResponse{}, nil
}

// awaitCue waits until the test has seen what was sent so far, and made a file.
func (o *odd) awaitCue() {
	for {
		if _, err := os.Stat(filepath.Join(o.stateDir, "cue")); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// crash panics where nothing recovers, and waits for the end.
func crash(text string) {
	go panic(text)
	select {}
}

func (o *odd) Check(_ *pb.CheckRequest, s pb.PluginService_CheckServer) error {
	return errors.Join(s.Send(&pb.CheckResponse{Step: "resolve", Outcome: 1, Detail: "as " + o.Secret}),
		s.Send(&pb.CheckResponse{Step: "authenticate", Outcome: 2, Diagnostics: []*pb.Diagnostic{{Summary: "refused"}}}))
}

func (o *odd) Lookup(_ context.Context, m *pb.LookupRequest) (*pb.LookupResponse, error) {
	switch id := m.GetId(); id {
	case "nobody":
		return &pb.LookupResponse{Result: &pb.LookupResponse_Failure{Failure: &pb.Failure{Reason: pb.Failure_REASON_NOT_FOUND, Message: "no " + o.Secret}}}, nil
	case "empty":
		return &pb.LookupResponse{}, nil
	case "other":
		return &pb.LookupResponse{Result: &pb.LookupResponse_Found{Found: &pb.Found{User: &pb.User{Id: "somebody else"}}}}, nil
	case "die":
		crash("asked to die, " + o.Secret)
	case "hang":
		select {}
	}
	return &pb.LookupResponse{Result: &pb.LookupResponse_Found{Found: &pb.Found{User: &pb.User{Id: m.GetId(), Active: true},
		Groups: []*pb.Group{{Id: "g"}}}}}, nil
}
