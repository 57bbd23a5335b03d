package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk"
	"syncgateway/sdk/schema"
)

// The test binary is the connector when the handshake's cookie is set: a real
// process, as the host would start it.
func TestMain(m *testing.M) {
	if os.Getenv("SAMPLE_HOST") != "" {
		hostUntilKilled()
	}
	if os.Getenv("SYNC_GATEWAY_PLUGIN") == "" {
		os.Exit(m.Run())
	}
	about := sdk.About{Type: "sample", Version: "1.2.3", Summary: "A sample.", Config: schema.Of(
		schema.String("mode").Required().Default("plain"),
		schema.Secret("token").Required(), schema.Int("users").Default(3).Min(0),
		schema.Block("retry", schema.Duration("every").Default(time.Minute)).Repeated(0, 2).Label("which"))}
	switch os.Getenv("SAMPLE_ROLE") {
	case "target":
		sdk.ServeTarget(about, &sampleTarget{})
	case "listener":
		sdk.ServeListener(about, &sampleListener{})
	case "wrong":
		sdk.ServeSource(about, wrongSource{})
	}
	sdk.ServeSource(about, &sampleSource{})
}

// conn hands out go-plugin's connection.
type conn struct{ plugin.NetRPCUnsupportedPlugin }

func (conn) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }
func (conn) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }
func (l *lines) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

// start starts the connector. log ends it and returns what it has logged by then.
func start(t *testing.T, role string) (c *grpc.ClientConn, log func() string) {
	t.Helper()
	stderr := &lines{}
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{"SAMPLE_ROLE=" + role}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "SYNC_GATEWAY_PLUGIN", MagicCookieValue: "1"},
		Plugins:         plugin.PluginSet{"gateway": conn{}}, AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Cmd: cmd, AutoMTLS: true, SkipHostEnv: true, Stderr: stderr, Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
	})
	t.Cleanup(client.Kill)
	protocol, err := client.Client()
	if err != nil {
		t.Fatal(err, stderr)
	}
	raw, err := protocol.Dispense("gateway")
	if err != nil {
		t.Fatal(err)
	}
	return raw.(*grpc.ClientConn), func() string { client.Kill(); return stderr.String() }
}

const secret = "t0p-secret-token"

func configure(t *testing.T, c *grpc.ClientConn, mode string, users int) []*pb.Diagnostic {
	t.Helper()
	data, _ := json.Marshal(map[string]any{"mode": mode, "token": secret, "users": users})
	resp, err := pb.NewPluginServiceClient(c).Configure(t.Context(), &pb.ConfigureRequest{Instance: "source.sample.a", ConfigJson: data,
		Sensitive: []*pb.Path{{Steps: []*pb.Step{{Step: &pb.Step_Name{Name: "token"}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetDiagnostics()
}

func TestDescribeAndConfigure(t *testing.T) {
	c, _ := start(t, "source")
	d, err := pb.NewPluginServiceClient(c).Describe(t.Context(), &pb.DescribeRequest{})
	if err != nil || d.GetType() != "sample" || d.GetRoles()[0] != pb.Role_ROLE_SOURCE || d.GetCapabilities().GetLookup() {
		t.Fatal(d, err)
	}
	root := d.GetConfig().GetRoot()
	if f := root.GetFields(); len(f) != 3 || !f[1].GetSensitive() || f[2].GetDefault().GetNumberValue() != 3 || f[2].Max != nil {
		t.Error(root)
	}
	if b := root.GetBlocks()[0]; b.GetMaxItems() != 2 || b.GetLabel() != "which" || b.GetBody().GetFields()[0].GetDefault().GetStringValue() != "1m0s" {
		t.Error(b)
	}
	stream, err := pb.NewPluginServiceClient(c).Check(t.Context(), &pb.CheckRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("check before configure: %v", err)
	}
	ds := configure(t, c, "refused", 0)
	if len(ds) != 2 || ds[0].GetCode() != "sample.mode" || ds[0].GetDetail() != "Use plain." || ds[1].GetSeverity() != pb.Diagnostic_SEVERITY_WARNING {
		t.Fatal(ds)
	}
	if p := ds[1].GetPath().GetSteps(); len(p) != 3 || p[1].GetIndex() != 1 || p[2].GetName() != "every" {
		t.Error(p)
	}
	if strings.Contains(fmt.Sprint(ds), secret) {
		t.Error("the secret is in", ds)
	}
}

func TestCheckSteps(t *testing.T) {
	c, _ := start(t, "source")
	configure(t, c, "plain", 1)
	stream, err := pb.NewPluginServiceClient(c).Check(t.Context(), &pb.CheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		step, err := stream.Recv()
		if err != nil {
			break
		}
		got = append(got, fmt.Sprintf("%s %d %d %s", step.GetStep(), step.GetOutcome(), len(step.GetDiagnostics()), step.GetDetail()))
	}
	want := "authenticate 1 0 as (redacted)|users 2 1 |groups 1 0 |members 3 0 "
	if strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
}

func readUsers(t *testing.T, c *grpc.ClientConn, req *pb.ReadUsersRequest) (users []*pb.User, last *pb.ReadUsersResponse, err error) {
	t.Helper()
	stream, err := pb.NewSourceServiceClient(c).ReadUsers(t.Context(), req)
	for err == nil {
		var m *pb.ReadUsersResponse
		if m, err = stream.Recv(); err == nil {
			users, last = append(users, m.GetPage().GetUsers()...), m
		}
	}
	return users, last, err
}

func TestPagedRead(t *testing.T) {
	c, log := start(t, "source")
	for _, test := range []struct {
		mode  string
		users int
		sent  int
		end   func(*pb.ReadUsersResponse) bool
	}{
		{"plain", 1234, 1234, func(m *pb.ReadUsersResponse) bool {
			return m.GetComplete().GetCount() == 1234 && m.GetComplete().GetRemoteTotal() == 1234
		}},
		{"plain", 0, 0, func(m *pb.ReadUsersResponse) bool {
			return m.GetComplete() != nil && m.GetComplete().RemoteTotal != nil
		}},
		{"circle", 10, 10, func(m *pb.ReadUsersResponse) bool {
			return strings.Contains(m.GetFailure().GetMessage(), "repeated a page cursor")
		}},
		{"fails", 700, 500, func(m *pb.ReadUsersResponse) bool {
			f := m.GetFailure()
			return f.GetReason() == pb.Failure_REASON_RATE_LIMITED && f.GetRetryAfter().AsDuration() == time.Minute && !strings.Contains(f.GetMessage(), secret)
		}},
		{"panics", 1, 0, func(m *pb.ReadUsersResponse) bool { return m == nil }},
		{"plain", 2, 2, func(m *pb.ReadUsersResponse) bool { return m.GetComplete().GetCount() == 2 }}, // still alive
	} {
		configure(t, c, test.mode, test.users)
		users, last, err := readUsers(t, c, &pb.ReadUsersRequest{})
		if len(users) != test.sent || !test.end(last) {
			t.Errorf("%s: %d users, then %v, %v", test.mode, len(users), last, err)
		}
		if test.mode == "panics" && (status.Code(err) != codes.Internal || strings.Contains(err.Error(), secret)) {
			t.Errorf("panic: %v", err)
		}
		if len(users) > 0 && fmt.Sprint(users[0].GetAttributes()[0].GetName(), users[0].GetAttributes()[1].GetValues()) != "a[1]" {
			t.Errorf("attributes %v", users[0].GetAttributes())
		}
	}
	_, last, _ := readUsers(t, c, &pb.ReadUsersRequest{Cursor: &pb.Cursor{Delta: []byte("x")}})
	if last.GetReset_() == nil {
		t.Errorf("a delta read without delta ended in %v", last)
	}
	if text := log(); !strings.Contains(text, "panic: with (redacted)") || strings.Contains(text, secret) {
		t.Errorf("log: %s", text)
	}
}

func TestGroupsAreSplit(t *testing.T) {
	c, _ := start(t, "source")
	configure(t, c, "plain", 1)
	stream, err := pb.NewSourceServiceClient(c).ReadGroups(t.Context(), &pb.ReadGroupsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	members, messages, complete := map[string]int{}, 0, uint64(0)
	for {
		m, err := stream.Recv()
		if err != nil {
			break
		}
		messages++
		for _, x := range m.GetPage().GetMembers() {
			members[x.GetGroupId()] += len(x.GetUserIds()) + len(x.GetChildGroupIds())
		}
		complete = m.GetComplete().GetCount()
	}
	if members["g1"] != 30000 || members["g2"] != 1 || complete != 2 || messages < 5 {
		t.Errorf("%v in %d messages, complete with %d", members, messages, complete)
	}
}

func TestApply(t *testing.T) {
	c, log := start(t, "target")
	configure(t, c, "plain", 0)
	stream, err := pb.NewTargetServiceClient(c).Apply(t.Context(), &pb.ApplyRequest{RunId: "r", Operations: []*pb.Operation{
		{Id: "member", Member: &pb.Member{GroupOperation: "group", UserOperation: "user"}, After: []string{"user"}},
		{Id: "after-refused", After: []string{"refused"}},
		{Id: "refused"}, {Id: "panics"}, {Id: "group"}, {Id: "user"}, {Id: "lost", After: []string{"elsewhere"}},
		{Id: "x", After: []string{"y"}}, {Id: "y", After: []string{"x"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*pb.OperationResult{}
	for {
		m, err := stream.Recv()
		if err != nil {
			break
		}
		got[m.GetResult().GetOperationId()] = m.GetResult()
	}
	want := map[string]pb.OperationResult_Outcome{"member": 1, "after-refused": 4, "refused": 3, "panics": 3, "group": 1, "user": 1, "lost": 4, "x": 4, "y": 4}
	for id, outcome := range want {
		if got[id].GetOutcome() != outcome {
			t.Errorf("%s: %v", id, got[id])
		}
	}
	if len(got) != len(want) || got["member"].GetRemoteStatus() != "id-group/id-user" || got["refused"].GetRemoteStatus() != "409" {
		t.Error(got)
	}
	if text := log(); !strings.Contains(text, "panic: boom") {
		t.Errorf("log: %s", text)
	}
}

func TestReadState(t *testing.T) {
	c, _ := start(t, "target")
	configure(t, c, "plain", 0)
	stream, err := pb.NewTargetServiceClient(c).ReadState(t.Context(), &pb.ReadStateRequest{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Recv()
	if p := first.GetPage(); err != nil || len(p.GetUsers()) != 1 || len(p.GetGroups()) != 1 || len(p.GetMembers()) != 1 ||
		p.GetProtectedUsers()[0].GetReason() != "own account" || p.GetQuotas()[0].GetTotal() != 5 {
		t.Fatal(first, err)
	}
	if last, err := stream.Recv(); err != nil || last.GetComplete().GetCount() != 2 || last.GetComplete().GetRemoteTotal() != 2 {
		t.Error(last, err)
	}
}

func TestListener(t *testing.T) {
	c, _ := start(t, "listener")
	configure(t, c, "plain", 0)
	stream, err := pb.NewListenerServiceClient(c).Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir, _ := os.MkdirTemp("", "l")
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	_ = stream.Send(&pb.ListenRequest{Message: &pb.ListenRequest_Start{Start: &pb.ListenStart{Socket: socket, PublicUrl: "https://x/in/a"}}})
	if m, err := stream.Recv(); err != nil || m.GetReady() == nil {
		t.Fatal(m, err)
	}
	ended, busy := make(chan error, 1), make(chan struct{})
	go func() { ended <- directory(stream, busy) }()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	ask := func(method, id string) string {
		req, _ := http.NewRequestWithContext(t.Context(), method, "http://l/"+id, nil)
		resp, err := client.Do(req)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		body := make([]byte, 100)
		n, _ := resp.Body.Read(body)
		return strings.TrimSpace(fmt.Sprint(resp.StatusCode, " ", string(body[:n])))
	}
	if got := ask("GET", "ada"); got != "404" {
		t.Error(got)
	}
	if got := ask("POST", "ada"); got != "200 https://x/in/a/ada@v1" {
		t.Error(got)
	}
	slow := make(chan string)
	go func() { slow <- ask("POST", "slow") }()
	<-busy
	_ = stream.Send(&pb.ListenRequest{Message: &pb.ListenRequest_Drain{Drain: &pb.ListenDrain{Grace: durationpb.New(time.Minute)}}})
	if got := <-slow; got != "200 https://x/in/a/slow@v1" {
		t.Error(got)
	}
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// directory answers calls like the host, until the plugin ends the stream.
func directory(stream grpc.BidiStreamingClient[pb.ListenRequest, pb.ListenResponse], busy chan<- struct{}) error {
	kept := map[string]*pb.Entry{}
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		call := m.GetCall()
		if call.GetGet() == "started" {
			close(busy)
		}
		reply := &pb.DirectoryReply{CallId: call.GetCallId()}
		switch {
		case call.GetPut() != nil:
			e := call.GetPut()
			e.Version = "v1"
			kept[e.GetUser().GetId()] = e
			reply.Entries = []*pb.Entry{e}
		case kept[call.GetGet()] != nil:
			reply.Entries = []*pb.Entry{kept[call.GetGet()]}
		default:
			reply.Failure = &pb.Failure{Reason: pb.Failure_REASON_NOT_FOUND, Message: "no such entry"}
		}
		if err := stream.Send(&pb.ListenRequest{Message: &pb.ListenRequest_Reply{Reply: reply}}); err != nil {
			return err
		}
	}
}

func TestStartedByHand(t *testing.T) {
	for role, want := range map[string]string{"": "The gateway starts it", "wrong": "must have the signature"} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{"SAMPLE_ROLE=" + role, "SYNC_GATEWAY_PLUGIN=1"}
		if role == "" {
			cmd.Env = []string{"SYNC_GATEWAY_PLUGIN=0", "SAMPLE_ROLE=source"}
		}
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%q: %v %s", role, err, out)
		}
	}
}
